"""Runs the programs on Flask, then on nbmicro in its place, and holds each test of the second run to the first.

``--on=flask`` writes down how each test ended and what each request of it was answered; ``--on=nbmicro`` compares.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Generator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import werkzeug.test

import nbmicro
from tests.extensions.answers import mask, told
from tests.extensions.differences import KNOWN_DIFFERENCES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# Where the answers of Flask are kept between the two runs, a file for each process that asked.
JOURNALS = Path(sys.prefix) / "flasks-answers"
JOURNAL = pytest.StashKey[dict[str, Any]]()
ANSWERS = pytest.StashKey[list[Any]]()
INSTALL = "import nbmicro; nbmicro.install_as_flask()\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--on", choices=["flask", "nbmicro"], help="what `import flask` gives")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "varying: the bodies differ from run to run; only their status is compared")
    on = config.getoption("on", None)
    if on is None:
        return
    if on == "nbmicro":
        nbmicro.install_as_flask()
    journal: dict[str, Any] = {}
    if on == "nbmicro":
        for file in JOURNALS.glob("*.json"):
            journal |= json.loads(file.read_text("utf-8"))
    elif "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(JOURNALS, ignore_errors=True)
    config.stash[JOURNAL] = journal


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the known differences; an entry that names no test is an error where all were collected."""
    if config.getoption("on", None) == "nbmicro":
        for item in items:
            for entry, reason in KNOWN_DIFFERENCES.items():
                if covers(entry, name_of(item)):
                    item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        unknown = {key for key in KNOWN_DIFFERENCES if not any(covers(key, name_of(item)) for item in items)}
        if unknown and {item.path for item in items} >= set((HERE / "programs").glob("*.py")):
            raise pytest.UsageError(f"Known differences that are no tests: {', '.join(sorted(unknown))}")


def covers(entry: str, name: str) -> bool:
    """Whether an entry of the known differences means this test: its name, or its beginning and ``*``."""
    return name.startswith(entry[:-1]) if entry.endswith("*") else name == entry


def name_of(item: pytest.Item) -> str:
    """``smorest::test_x[1]``, the name of a test in the journal and among the known differences."""
    return f"{item.path.stem}::{item.nodeid.partition('::')[2]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run a test while each answer to a test client is written down, then compare them with Flask's."""
    __tracebackhide__ = True
    answers = item.stash[ANSWERS] = []
    bodies = item.get_closest_marker("varying") is None
    open_ = werkzeug.test.Client.open

    def open_and_note(client: werkzeug.test.Client, *args: Any, **kwargs: Any) -> Any:
        response = open_(client, *args, **kwargs)
        answers.append(told(response, bodies))
        return response

    werkzeug.test.Client.open = open_and_note
    try:
        result = yield
    finally:
        werkzeug.test.Client.open = open_
    journal = item.config.stash[JOURNAL]
    if item.config.getoption("on") == "flask":
        journal[name_of(item)] = answers
    else:
        assert name_of(item) in journal, "Flask passes this test as well (run --on=flask first)"
        expected = journal[name_of(item)]
        if answers != expected:
            pytest.fail(difference(expected, answers), pytrace=False)
    return result


def difference(on_flask: Any, here: Any, path: str = "answer") -> str:
    """Where two lists of answers part."""
    if isinstance(on_flask, list) and isinstance(here, list):
        for number, (one, other) in enumerate(zip_longest(on_flask, here)):
            if one != other:
                return difference(one, other, f"{path}[{number}]")
    return f"{path}\nFlask:   {on_flask}\nnbmicro: {here}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("on", None) == "flask":
        JOURNALS.mkdir(exist_ok=True)
        file = JOURNALS / f"{os.environ.get('PYTEST_XDIST_WORKER', 'all')}.json"
        file.write_text(json.dumps(session.config.stash[JOURNAL]), "utf-8")


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[Any], None]:
    """Writes a value down (anything JSON can say): it is the same on both sides."""
    return lambda value: request.node.stash[ANSWERS].append(json.loads(json.dumps(value, default=str)))


@pytest.fixture
def ran(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Runs a program in a process of its own, on the same side; what it printed, once it ended well."""

    def run(source: str) -> str:
        first = INSTALL if request.config.getoption("on") == "nbmicro" else ""
        printed = run_program(first + textwrap.dedent(source))
        request.node.stash[ANSWERS].append(mask(printed))
        return printed

    return run


def run_program(source: str) -> str:
    """What a program printed that ran in a process of its own, in an empty folder, and ended well."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(source, "utf-8")
        command = [sys.executable, str(program)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Notebook:
    """A file of cells, one of them followed by what it was changed to, and of the requests that are asked.

    Parameters
    ----------
    file:
        The cells are divided by ``# %%``; ``# %% changed`` and ``# %% asked`` begin the two that are no cells.
    """

    def __init__(self, file: Path) -> None:
        self.cells: list[str] = []
        for title, text in re.findall(r"^# %%(.*)\n((?:(?!# %%).*\n)*)", file.read_text("utf-8"), re.MULTILINE):
            if title == " changed":
                self.changed = (len(self.cells) - 1, text)
            elif title.startswith(" asked"):
                asked, with_body = text.strip(), title != " asked: status"
                self.ask = (
                    f"import sys, json; sys.path.append({str(ROOT)!r}); from tests.extensions.answers import ask\n"
                    f"print(json.dumps(ask(app, {asked!r}, {with_body})))"
                )
            else:
                self.cells.append(text)

    def as_program(self, changed: bool) -> str:
        """The cells as a module, and the requests at its end."""
        cells = list(self.cells)
        if changed:
            number, text = self.changed
            cells[number] = text
        return "\n".join([*cells, self.ask])


@pytest.fixture
def notebook_answers(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Writes down what a notebook answers, and what it answers once a cell was changed.

    On Flask, two modules are run. On nbmicro, one kernel runs the cells twice, then the changed cell.
    """

    def run(file: Path) -> None:
        notebook = Notebook(file)
        answers = request.node.stash[ANSWERS]
        if request.config.getoption("on") == "flask":
            program = "\n".join(
                f"exec({notebook.as_program(changed)!r}, {{'__name__': '__main__'}})" for changed in (False, True)
            )
            answers.extend(json.loads(line) for line in run_program(program).splitlines())
            return
        from nbmicro.testing.kernel import RealKernel

        with RealKernel() as kernel:
            kernel.check(f"%load_ext nbmicro\n{INSTALL}")
            for _ in range(2):
                for number, cell in enumerate(notebook.cells):
                    kernel.check(cell, cell_id=f"cell-{number}")
            answers.append(json.loads(kernel.check(notebook.ask).stdout))
            number, cell = notebook.changed
            kernel.check(cell, cell_id=f"cell-{number}")
            answers.append(json.loads(kernel.check(notebook.ask).stdout))

    return run
