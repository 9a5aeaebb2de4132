"""A check that does not hold fails whatever runs the notebook, and says what came, what was expected, and its line."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from nbmicro.importing.notebook import NewCell, notebook_text

pytestmark = pytest.mark.kernel

APP = """\
@app.route("/users", methods=["POST"])
def create():
    return {"name": "ada"}, 200, {"Location": "/users/2"}
"""
# Each kind of check as a cell that fails, and the line by which it says so.
FAILING = {
    "asserts": (
        '%%http POST /users\n\n[Asserts]\nstatus == 200\njson["name"] == "Ada"  # keep the capital\n',
        "line 5   json[\"name\"] == \"Ada\"     got 'ada', expected 'Ada'     # keep the capital",
    ),
    "status": ("%%http\nPOST /users\n\nHTTP 201\n", "line 4   HTTP 201     got 200, expected 201"),
    "header": (
        "%%http\nPOST /users\n\nHTTP 200\nLocation: /users/1\n",
        "line 5   Location     got '/users/2', expected '/users/1'",
    ),
    "expect": ("%http POST /users --expect 201", "line 1   --expect 201     got 200, expected 201"),
}
PYTHON = [sys.executable, "-m"]
PYTEST = [*PYTHON, "pytest", "-q", "-p", "no:cacheprovider"]
EXECUTE = [sys.executable, "-c", "from nbclient.cli import main; main()", "--timeout=60"]
CONVERT = [*PYTHON, "nbconvert", "--to", "notebook", "--execute", "--stdout"]
RUNNERS = {
    "pytest --nbval": [*PYTEST, "--nbval", "--nbval-current-env", "all.ipynb"],
    "pytest --nbval-lax": [*PYTEST, "--nbval-lax", "--nbval-current-env", "all.ipynb"],
    "nbmicro test": [*PYTHON, "nbmicro", "test", "all.ipynb"],
    # These end with the first cell that fails, so each of them runs two kinds of check.
    "jupyter execute, asserts": [*EXECUTE, "asserts.ipynb"],
    "jupyter execute, status": [*EXECUTE, "status.ipynb"],
    "jupyter nbconvert, header": [*CONVERT, "header.ipynb"],
    "jupyter nbconvert, expect": [*CONVERT, "expect.ipynb"],
}


def notebook(*cells: str) -> str:
    return notebook_text(NewCell("code", cell) for cell in ("%load_ext nbmicro", APP, *cells))


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """Every runner, two at a time, in a folder with the notebooks."""
    folder = tmp_path_factory.mktemp("failing")
    cells = [cell for cell, _ in FAILING.values()]
    (folder / "all.ipynb").write_text(notebook(*cells, "%http POST /users --expect 200"))
    for kind, (cell, _) in FAILING.items():
        (folder / f"{kind}.ipynb").write_text(notebook(cell))
    environment = {**os.environ, "IPYTHONDIR": str(folder / "ipython"), "COLUMNS": "300"}
    waiting, running = list(RUNNERS.items()), dict[str, "subprocess.Popen[str]"]()
    found: dict[str, subprocess.CompletedProcess[str]] = {}
    deadline = time.monotonic() + 180
    while waiting or running:
        while waiting and len(running) < 2:
            name, command = waiting.pop(0)
            pipe = subprocess.PIPE
            running[name] = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True
            )
        name, process = next(iter(running.items()))
        try:
            said, _ = process.communicate(timeout=max(deadline - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            process.kill()
            said = f"{process.communicate()[0]}\nnot ended in time"
        del running[name]
        found[name] = subprocess.CompletedProcess(name, process.returncode, said)
    return found


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_failing_check_fails_the_run_and_says_why(
    runner: str, ended: dict[str, subprocess.CompletedProcess[str]]
) -> None:
    result = ended[runner]
    assert result.returncode not in (0, None), result.stdout
    kinds = [kind for kind in FAILING if kind in runner] or list(FAILING)
    for kind in kinds:
        assert FAILING[kind][1] in result.stdout, result.stdout
    assert "CheckFailed" in result.stdout


def test_the_cells_whose_checks_hold_pass(ended: dict[str, subprocess.CompletedProcess[str]]) -> None:
    """Loading, declaring, and the last request, whose --expect holds."""
    assert "4 failed, 3 passed" in ended["pytest --nbval-lax"].stdout
