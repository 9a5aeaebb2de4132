"""Runs the programs on Flask, then on nbmicro in its place, and holds each test of the second run to the first.

``--on=flask`` writes down how each test ended and what each request of it was answered; ``--on=nbmicro`` compares.
"""

from __future__ import annotations

import json
import os
import re
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
from tests.extensions.differences import KNOWN_DIFFERENCES

HERE = Path(__file__).parent
JOURNAL = pytest.StashKey[dict[str, Any]]()
ANSWERS = pytest.StashKey[list[Any]]()
INSTALL = "import nbmicro; nbmicro.install_as_flask()\n"

# What differs from one run to the next on one side already.
VARYING = (
    (re.compile(r"\b0x[0-9a-f]{6,}"), "0x…"),
    (re.compile(r"(session=)[\w.-]+"), r"\1…"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r'(state=|"sid":"|requestid: )[\w-]+'), r"\1…"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "DATE"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--on", choices=["flask", "nbmicro"], help="what `import flask` gives")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "varying: the bodies differ from run to run; only their status is compared")
    on = config.getoption("on", None)
    if on is None:
        return
    if on == "nbmicro":
        nbmicro.install_as_flask()
    file = journal_file()
    config.stash[JOURNAL] = json.loads(file.read_text("utf-8")) if on == "nbmicro" and file.is_file() else {}


def journal_file() -> Path:
    """Where the answers of Flask are kept between the two runs."""
    return Path(sys.prefix) / "flasks-answers.json"


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
        for number, (on_flask, here) in enumerate(zip_longest(expected, answers)):
            if on_flask != here:
                pytest.fail(f"answer {number}\nFlask:   {on_flask}\nnbmicro: {here}", pytrace=False)
    return result


def told(response: Any, with_body: bool) -> list[Any]:
    """An answer as it is compared: what was asked, its status, its headers in order of name, its body."""
    body = response.get_data().decode("utf-8", "replace") if with_body else ""
    headers = sorted(
        # The methods allowed come in the order of a set.
        f"{name}: {', '.join(sorted(value.split(', '))) if name == 'Allow' else value}"
        for name, value in response.headers
        if with_body or name != "Content-Length"
    )
    request = response.request
    return [f"{request.method} {request.path}", response.status, mask("\n".join(headers)), mask(body)]


def mask(text: str) -> str:
    for pattern, stands in VARYING:
        text = pattern.sub(stands, text)
    return text


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("on", None) == "flask":
        file = journal_file()
        known = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        file.write_text(json.dumps(known | session.config.stash[JOURNAL], indent=0, sort_keys=True), "utf-8")


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[Any], None]:
    """Writes a value down (anything JSON can say): it is the same on both sides."""
    return lambda value: request.node.stash[ANSWERS].append(json.loads(json.dumps(value, default=str)))


@pytest.fixture
def ran(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Runs a program in a process of its own, on the same side; what it printed, once it ended well."""

    def run(source: str, *arguments: str, **environ: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "program.py"
            first = INSTALL if request.config.getoption("on") == "nbmicro" else ""
            program.write_text(first + textwrap.dedent(source), "utf-8")
            done = subprocess.run(
                [sys.executable, str(program), *arguments],
                cwd=folder,
                env={**os.environ, **environ},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        assert done.returncode == 0, done.stdout + done.stderr
        request.node.stash[ANSWERS].append(mask(done.stdout))
        return done.stdout

    return run
