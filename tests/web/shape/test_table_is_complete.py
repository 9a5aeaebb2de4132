"""docs/flask-shape.md names every promise of Flask's shape, and each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.on_flask import differences

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "flask-shape.md"

LINES = {
    "test_routing.py": "route|get post put delete patch|HEAD and OPTIONS|405|converters|slashes|raw Werkzeug|url_for"
    "|build errors|URL processors|hosts|prefix",
    "test_requests_and_responses.py": "request|JSON in|limits|debug aids|return values|helpers|files|override points",
    "test_contexts.py": "proxies|contexts|g|helpers",
    "test_templates.py": "render|lookup|context|escaping|extend",
    "test_static.py": "static",
    "test_sessions_and_flash.py": "session|rotation|custom|flash",
    "test_json.py": "provider",
    "test_errors.py": "handlers|unhandled",
    "test_hooks.py": "before_request|after_request|teardown|order guard",
    "test_signals.py": "signals",
    "test_blueprints.py": "blueprint",
    "test_views.py": "views",
    "test_config.py": "config",
    "test_resources.py": "resources",
    "test_cli.py": "finding|commands|options|run, shell, routes",
    "test_dev_server.py": "dev server",
    "test_logging.py": "logging",
    "test_testing.py": "test client|cli runner|EnvironBuilder",
    "test_async.py": "async",
    "test_streaming.py": "streaming",
    "test_deployment.py": "deployment",
    "test_extensions.py": "extensions",
    "test_shell.py": "shell",
}
"""The features of Flask's shape, by the file with their tests."""


def rows() -> dict[str, dict[str, list[str]]]:
    """The page's tables: file, feature, names of tests (with a dagger where one differs from Flask)."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if file := re.fullmatch(r"`tests/web/shape/(test_\w+\.py)`", line):
            table = found.setdefault(file[1], {})
        elif row := re.fullmatch(r"\| \*\*(.+?)\*\*: .+? \|(.*)\|", line):
            assert row[1] not in table, f"{row[1]} has two rows"
            table[row[1]] = re.findall(r"`test_\w+`†?", row[2])
    return found


def promises_in(file: Path) -> dict[str, str]:
    """The tests of a file with their docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    assert len({function.name for function in functions}) == len(functions), f"{file.name} has a name twice"
    return {function.name: ast.get_docstring(function) or "" for function in functions}


def test_every_file_of_promises_has_its_table() -> None:
    """And every table its file."""
    files = {file.name for file in HERE.glob("test_*.py")} - {Path(__file__).name}
    assert set(rows()) == files == set(LINES)


@pytest.mark.parametrize("file", LINES)
def test_every_feature_has_a_row_with_tests(file: str) -> None:
    """A feature without a test fails."""
    table = rows()[file]
    assert list(table) == LINES[file].split("|")
    assert all(table.values()), [feature for feature, tests in table.items() if not tests]


@pytest.mark.parametrize("file", LINES)
def test_every_test_is_in_a_row_and_every_row_names_tests_that_exist(file: str) -> None:
    """In the order of the file, each once, with a docstring that says the promise."""
    tests = promises_in(HERE / file)
    named = [name.strip("`†") for names in rows()[file].values() for name in names]
    assert named == list(tests)
    assert all(tests.values())


def test_what_differs_from_flask_is_marked_and_has_its_reason() -> None:
    """A test that says so has a dagger, and the page of differences names it."""
    rows_of_differences = differences()
    for file, table in rows().items():
        tests = promises_in(HERE / file)
        for name in (name for names in table.values() for name in names):
            plain = name.strip("`†")
            differs = bool(re.search(r"Differs on purpose|\bFlask 3\.1 |Flask overlooks", tests[plain]))
            assert name.endswith("†") is differs, plain
            assert differs is (plain in rows_of_differences), f"docs/differences.md says nothing of {plain}"
