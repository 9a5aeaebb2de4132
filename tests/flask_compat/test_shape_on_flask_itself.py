"""Our promises of Flask's shape hold for Flask itself, but for the differences that docs/differences.md names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.on_flask import OWN, PROMISES, TESTS, differences, run, written_for_flask


def names_in(name: str) -> set[str]:
    return set(re.findall(r"^(?:async )?def (test_\w+)", (TESTS / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_each_promise_holds_on_flask_but_for_the_named_differences(tmp_path: Path) -> None:
    """A test with a row in the page fails there, in all its cases; one without a row passes."""
    outcome = run(tmp_path, "-q", "--tb=short")
    assert outcome.returncode == 0, outcome.stdout[-20_000:] + outcome.stderr[-2_000:]
    failed = set(re.findall(r"^XFAIL .*::(test_\w+)", outcome.stdout, re.MULTILINE))
    assert failed == set(differences())
    passed = re.search(r"^(\d+) passed, \d+ xfailed", outcome.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) > 1200


def test_every_row_names_tests_that_run_on_flask() -> None:
    """Each in one file."""
    for test in differences():
        assert len([name for name in PROMISES if test in names_in(name)]) == 1, test


def test_every_file_that_needs_only_flasks_names_runs_there() -> None:
    """Or says why it promises nothing of Flask's shape."""
    for file in sorted((TESTS / "web").rglob("*.py")):
        name = file.relative_to(TESTS).as_posix()
        try:
            written_for_flask(file.read_text(encoding="utf-8"))
        except LookupError:
            assert name not in PROMISES, name
        else:
            assert name in PROMISES or name in OWN, (
                f"{name} needs only Flask's names: list it in tests/support/on_flask.py"
            )


@pytest.mark.parametrize("name", [name for name in PROMISES if name not in OWN])
def test_nothing_of_nbmicro_is_left(name: str) -> None:
    """The module for Flask imports Flask, and its lines stand where they stood."""
    source = (TESTS / name).read_text(encoding="utf-8")
    written = written_for_flask(source)
    assert not re.search(r"\b(from|import) nbmicro\b", written)
    ours, flasks = (
        [node.lineno for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
        for text in (source, written)
    )
    assert ours == flasks
