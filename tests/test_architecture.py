"""The house stands as docs/architecture.md draws it: imports, side effects of importing, names and sizes of files."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from start import ROOT

PACKAGE = ROOT / "nbmicro"
MODULES = sorted(PACKAGE.rglob("*.py"))
ABOVE = ("nbmicro.notebook", "nbmicro.testing")

# What a machine without Jupyter does not have.
BLOCKED = (
    "IPython",
    "anywidget",
    "ipykernel",
    "ipywidgets",
    "jupyter",
    "nbclient",
    "nbconvert",
    "nbformat",
    "traitlets",
)
BLOCK = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0].startswith({BLOCKED!r}):
            raise ModuleNotFoundError(f'{{name}} is blocked in this test', name=name)
sys.meta_path.insert(0, Blocked())
"""


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python(code: str, *options: str) -> str:
    """The output of `code` run by a new Python at the root of the project."""
    run = subprocess.run(
        [sys.executable, *options, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_import_law_holds() -> None:
    """Downward only, no circles, one door to IPython; every module has been given its place."""
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False, env=os.environ
    )
    assert run.returncode == 0, run.stdout


def test_everything_below_the_notebook_imports_without_jupyter() -> None:
    names = [name for file in MODULES if not (name := name_of(file)).startswith(ABOVE)]
    assert "nbmicro.web" in names
    python(f"{BLOCK}\nimport importlib\nfor name in {names!r}: importlib.import_module(name)", "-W", "error")


def test_the_blocking_of_jupyter_blocks() -> None:
    """The test above can fail: IPython cannot be imported there."""
    with pytest.raises(AssertionError, match="IPython is blocked"):
        python(f"{BLOCK}\nimport IPython")


def test_importing_nbmicro_starts_nothing() -> None:
    """No thread, no socket, no process, no file written: importing is free of effects (Pyodide has none of them)."""
    shown = python(
        "import json, sys, threading\n"
        "seen = []\n"
        "events = ('socket.', 'subprocess.', 'os.fork', 'os.exec', 'os.posix_spawn', '_thread.start', 'tempfile.')\n"
        "sys.addaudithook(lambda event, args: seen.append(event) if event.startswith(events) else None)\n"
        "import nbmicro\n"
        "print(json.dumps([sorted(set(seen)), threading.active_count()]))"
    )
    # socket.gethostname and its like only ask; socket.__new__ makes one.
    effects, threads = json.loads(shown)
    assert [event for event in effects if event != "socket.gethostname"] == []
    assert threads == 1


def test_importing_nbmicro_leaves_the_notebook_alone() -> None:
    """A served app pays for no IPython and no widgets."""
    loaded = python("import sys, nbmicro; print(*sys.modules)").split()
    assert [name for name in loaded if name.split(".")[0] in BLOCKED or name.startswith("jupyter")] == []


def test_the_widgets_wait_for_their_first_use() -> None:
    loaded = python("import sys, nbmicro.notebook; print(*sys.modules)").split()
    assert "ipywidgets" not in loaded
    assert "anywidget" not in loaded


@pytest.mark.parametrize("package", sorted(PACKAGE.glob("*/__init__.py")), ids=name_of)
def test_a_package_says_what_must_not_be_in_it(package: Path) -> None:
    """Once for all its files."""
    assert "must not" in (ast.get_docstring(ast.parse(package.read_text("utf-8"))) or "").lower()


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_a_module_says_what_lives_in_it(file: Path) -> None:
    source = file.read_text("utf-8")
    assert ast.get_docstring(ast.parse(source)), "A module begins with a sentence that says what it is."
    assert file.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}, "Name it by a noun of the domain."
    assert source.count("\n") <= 500, "A file this long is two."


def test_one_function_guesses_a_misspelt_word() -> None:
    users = [name_of(file) for file in MODULES if "difflib" in file.read_text("utf-8")]
    assert users == ["nbmicro.printable"], "Call nbmicro.printable.did_you_mean."


def test_the_wheel_has_all_that_the_tree_has(tmp_path: Path) -> None:
    """Scripts, styles and configuration files travel with the package, and py.typed too."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stderr
    packed = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    files = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    missing = {name for name in files if "__pycache__" not in name} - packed
    assert missing == set()
    assert "nbmicro/py.typed" in packed
