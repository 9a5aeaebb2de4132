"""The lesson on Flask's extensions: its cells run again, and it is served."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmicro.testing.kernel import RealKernel
from start import ROOT

LESSON = ROOT / "notebooks" / "10-flask-extensions.ipynb"
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads(LESSON.read_text("utf-8"))["cells"]
    if cell["cell_type"] == "code" and cell["source"] and cell["id"] != "load"
}
SAID = "nbmicro stands in for Flask: `import flask` gives nbmicro, not the Flask installed here.\n"
SERVED = """
import re, sys, nbmicro
client = nbmicro.load(sys.argv[1]).test_client()
def send(path, **fields):
    token = re.search(r'name="csrf_token" .*value="(.+?)"', client.get(path).text)[1]
    return client.post(path, data={"csrf_token": token, **fields}).headers["Location"]
ada = {"name": "Ada", "password": "countess"}
if sys.argv[2] == "first":
    print(send("/join", **ada))
print(send("/sign-in", **ada), send("/notes/new", text="kept"), client.get("/notes").text.count("kept"))
"""


@pytest.fixture(params=[True, False], ids=["cell ids", "no cell ids"])
def kernel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealKernel]:
    with RealKernel(cwd=tmp_path, cell_ids=request.param) as kernel:
        kernel.check("%load_ext nbmicro", cell_id="load")
        yield kernel


def shown_by_all(kernel: RealKernel) -> dict[str, str]:
    return {name: kernel.check(source, cell_id=name).shown for name, source in CELLS.items()}


@pytest.mark.kernel
def test_all_its_cells_run_again_and_show_the_same(kernel: RealKernel) -> None:
    first = shown_by_all(kernel)
    assert first.pop("stand-in") == SAID
    again = shown_by_all(kernel)
    assert again.pop("stand-in") == "", "it is said once"
    assert again == first


@pytest.mark.kernel
def test_each_cell_that_declares_runs_again_alone(kernel: RealKernel) -> None:
    """The models are others then, the database is the same, and all goes on."""
    before = shown_by_all(kernel)
    names = list(CELLS)
    for name in names[names.index("models") : names.index("request-guest")]:
        expected = "['Grace', 'Ada']\n" if name == "by-hand" else before[name]
        assert kernel.check(CELLS[name], cell_id=name).shown == expected
    assert kernel.check(CELLS["check-visit"], cell_id="check-visit").shown.count("✓ HTTP 302") == 3
    assert kernel.check(CELLS["stored"], cell_id="stored").shown.count("Ada: ") == 2


@pytest.mark.kernel
def test_the_database_is_connected_again_by_its_cell_alone(kernel: RealKernel) -> None:
    shown_by_all(kernel)
    for _ in range(2):
        kernel.check(CELLS["database"], cell_id="database")


def test_it_is_served_and_keeps_its_members(tmp_path: Path) -> None:
    notebook = tmp_path / LESSON.name
    notebook.write_bytes(LESSON.read_bytes())
    for life, answers in (("first", "/sign-in\n/notes /notes 1\n"), ("second", "/notes /notes 2\n")):
        run = subprocess.run(
            [sys.executable, "-c", SERVED, str(notebook), life],
            cwd=ROOT,
            env={**os.environ, "CLUB_KEY": "kept"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert (run.returncode, run.stdout) == (0, answers), run.stderr
    assert (tmp_path / "instance" / "club.db").is_file()


def test_no_token_is_stored_in_it() -> None:
    """Values that are signed anew in each run."""
    assert re.findall(r"[\w-]{20,}\.[\w-]{6}\.[\w-]{27}", LESSON.read_text("utf-8")) == []
