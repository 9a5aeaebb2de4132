"""Every notebook that ``nbmicro import`` makes of the corpus of request files is an app that a fresh process loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from nbmicro.cli import main
from tests.differential.http_corpus import read_http_files, write_http_file

LOADING = """
import json, os, sys
import nbmicro

failed = {}
for path in json.loads(sys.stdin.read()):
    os.chdir(os.path.dirname(path))
    try:
        nbmicro.load(path)
    except BaseException as error:
        failed[path] = f"{type(error).__name__}: {error}"
print(json.dumps(failed))
"""


def test_each_is_loaded_in_a_fresh_process_or_the_reason_is_said(tmp_path: Path) -> None:
    """What is left out is printed with the file and its line; no other exit code than 0, 1 and 3 comes of it."""
    made: list[str] = []
    for name, file in read_http_files().items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "shop.py").write_text("from nbmicro import App\n\napp = App(__name__)\n")
        path = write_http_file(file, folder)
        result = CliRunner().invoke(main, ["import", str(path), "--app", "shop:app"])
        assert result.exception is None or isinstance(result.exception, SystemExit), name
        assert result.exit_code in {0, 1, 3}, name
        assert (f"{path.name}, line " in result.output) or result.exit_code == 0, name
        assert path.with_suffix(".ipynb").exists() == (result.exit_code != 1), name
        if result.exit_code != 1:
            made.append(str(path.with_suffix(".ipynb")))
    assert len(made) >= 230
    loaded = subprocess.run(
        [sys.executable, "-c", LOADING],
        input=json.dumps(made),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert json.loads(loaded.stdout.splitlines()[-1]) == {}, loaded.stderr
