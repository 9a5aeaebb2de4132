"""A notebook that cannot be served: the error names file, cell and line, and says what would do."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from nbmicro.errors import LoadError
from nbmicro.loading.loader import load
from tests.support.notebook_files import ask_app

Notebook = Callable[..., Path]


def refused(path: Path | str) -> LoadError:
    with pytest.raises(LoadError) as caught:
        load(path)
    return caught.value


@pytest.mark.parametrize(
    ("cell", "line", "words"),
    [
        ("x = 1\n\ny = 1 / 0", 3, "ZeroDivisionError: division by zero"),
        ("def f():\n    raise KeyError('k')\nf()", 2, "KeyError: 'k'"),
        ("x = 1\nfor", 2, "    2 │ for"),
        ("x = 1\nreturn x", 2, "'return' outside function"),
        ("import sys\nsys.exit(3)", 2, "SystemExit: 3"),
        ("import no_such_module_at_all", 1, "no_such_module_at_all"),
        ("%%route /x\ny = 1", 2, "only a value is a return value"),
        ("%%route /x\n\ny = (", 3, ""),
        ("%%route x\n1", 1, "/x"),
        ("# about\nimport os\n%%route /x\n1", 3, "must be the first line"),
        ("%%route /x/<request>\n1", 1, "request"),
        ("%%template\n<h1>", 1, "name"),
        ("from nbmicro import no_such_name", 1, "no_such_name"),
    ],
)
def test_a_cell_that_fails_is_named_with_its_line(notebook: Notebook, cell: str, line: int, words: str) -> None:
    """Python's errors, wrong magics and exceptions name file, cell, first line and line."""
    error = refused(notebook("%load_ext nbmicro", cell))
    assert str(error).startswith("app.ipynb, cell 2 (")
    assert error.line == line, str(error)
    assert words in str(error)


def test_the_cell_in_an_error_is_shown_by_its_first_line(notebook: Notebook) -> None:
    """Numbers alone are hard to find in a notebook, so the first line stands beside it, shortened."""
    error = refused(notebook("%load_ext nbmicro", "\n\nx = " + "1 + " * 40 + "missing_name"))
    assert error.where is not None
    assert error.where.startswith("app.ipynb, cell 2 (x = 1 + 1 +")
    assert error.where.endswith("…)")
    assert "bound above" in str(error.hint)


def test_a_traceback_shows_the_cells_lines(notebook: Notebook) -> None:
    """The exception behind the error has frames with the cell's own text."""
    error = refused(notebook("%load_ext nbmicro", "def f():\n    return 1 / 0\nf()"))
    assert error.__cause__ is not None
    text = "".join(traceback.format_exception(error.__cause__))
    assert 'File "<app.ipynb, cell 2>", line 2, in f\n    return 1 / 0' in text


def test_a_failing_check_says_how_to_pass_it_over(notebook: Notebook) -> None:
    """An assertion over what a request did cannot hold where none was sent, and the error knows that."""
    error = refused(notebook("%load_ext nbmicro", "users = []", "n = len(users)\nassert n == 1"))
    assert error.line == 2
    assert "# nbmicro: skip" in str(error.hint)


@pytest.mark.parametrize(
    ("text", "words", "way_out"),
    [
        ("{", "not JSON", "Open it in JupyterLab"),
        ('{\n<<<<<<< HEAD\n"a": 1\n=======\n>>>>>>> other\n}', "not JSON", "merge conflict"),
        ('{"nbformat": 3, "worksheets": []}', "format 3", "jupyter nbconvert --to notebook --inplace app.ipynb"),
        ('{"nbformat": 4}', "not a notebook", "JupyterLab"),
        ("[]", "not a notebook", "JupyterLab"),
        ('{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "language is r", ""),
        ('{"nbformat": 4, "cells": [], "metadata": {}}', "makes no `app`", "%load_ext nbmicro"),
        ("\ufffe", "cannot be read", ""),
    ],
)
def test_a_file_that_is_no_served_notebook_says_so(
    tmp_path: Path, notebook: Notebook, text: str, words: str, way_out: str
) -> None:
    """Broken JSON, an old format, another language, no app: each has its text."""
    file = tmp_path / "app.ipynb"
    file.write_bytes(text.encode("utf-16") if text == "\ufffe" else text.encode())
    error = refused(file)
    assert words in error.message
    assert way_out in str(error.hint)


@pytest.mark.parametrize(("side", "value_of_side"), [("--ours", "main"), ("--theirs", "other")])
def test_the_advice_on_a_merge_conflict_works(
    tmp_path: Path, notebook: Notebook, side: str, value_of_side: str
) -> None:
    """The command of the hint, as it stands there, makes a notebook again of a file that git has left in conflict."""

    def git(*arguments: str) -> int:
        user = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        return subprocess.run(["git", *user, *arguments], cwd=tmp_path, capture_output=True, check=False).returncode

    if git("init", "--initial-branch", "main"):
        pytest.skip("no git on this machine")
    for switch, branch, value in (("-B", "main", "base"), ("-b", "other", "other"), ("-q", "main", "main")):
        git("checkout", switch, branch)
        file = notebook("%load_ext nbmicro", f"%%route /\n'{value}'")
        git("add", "app.ipynb")
        git("commit", "-m", value)
    assert git("merge", "other") != 0
    hint = str(refused(file).hint)
    command = re.findall(rf"git checkout {side} .*", hint)[0]
    assert git(*shlex.split(command)[1:]) == 0
    assert load(file).test_client().get("/").text == value_of_side


def test_a_missing_file_names_its_neighbours(notebook: Notebook) -> None:
    """A wrong name is often a near one."""
    path = notebook("x = 1", name="shop.ipynb")
    error = refused(path.with_name("shpo.ipynb"))
    assert "no file" in error.message
    assert "shop.ipynb" in str(error.hint)


def test_something_else_under_the_name_app_says_so(notebook: Notebook) -> None:
    """An app that is none is refused before it would answer every request with 500."""
    none = refused(notebook("app = 3"))
    assert "answers no requests" in none.message
    assert none.hint == "Name the app `app`; or load it by its own name:  app.ipynb:NAME"
    error = refused(notebook("app = print", "%%route /\n'x'"))
    assert "is a builtins.builtin_function_or_method" in error.message
    assert error.where == "app.ipynb, cell 2 (%%route /)"


def test_a_notebook_that_fails_leaves_the_one_before_serving(notebook: Notebook) -> None:
    """Loading again is a module of its own: the old app answers on, whether the new one loads or not."""
    old = load(notebook("%load_ext nbmicro", "%%route /\n'old'"))
    refused(notebook("%load_ext nbmicro", "%%route /\n'new'", "x = 1 / 0"))
    assert ask_app(old, "/") == (200, "old")
    new = load(notebook("%load_ext nbmicro", "%%route /\n'new'"))
    assert ask_app(old, "/") == (200, "old")
    assert ask_app(new, "/") == (200, "new")


def test_a_notebook_that_fails_leaves_no_module(notebook: Notebook) -> None:
    """What could not be loaded cannot be imported either."""
    refused(notebook("x = 1 / 0", name="broken.ipynb"))
    assert "nbmicro_notebook.broken" not in sys.modules
