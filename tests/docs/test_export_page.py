"""The page on the export: its cells give its module and its tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "export.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def test_the_cells_of_the_page_become_its_module_and_its_tests(tmp_path: Path) -> None:
    """The command of the page writes just these texts, and the tests pass."""
    cells = [{"cell_type": "markdown", "metadata": {}, "source": ["# A shop"]}]
    cells += [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": text.rstrip("\n").splitlines(keepends=True)}
        for text in blocks("ipython")
    ]
    (tmp_path / "app.ipynb").write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    words = re.findall(r"`nbmicro (export [^`]+)`", PAGE.read_text())[0].split()
    for command in (["nbmicro", *words], ["pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"]):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert [(tmp_path / name).read_text() for name in ("shop.py", "test_shop.py")] == blocks("python")
    assert "2 passed" in done.stdout
