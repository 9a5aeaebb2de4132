"""An UnboundLocalError of a handler shows the line that would change the notebook's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nbmicro.diagnosis.exception_hints import exception_hint
from tests.cells.building import Build


def hint(handler: Callable[..., Any]) -> str | None:
    with pytest.raises(UnboundLocalError) as caught:
        handler()
    return exception_hint(caught.value)


def test_a_name_of_the_notebook_that_a_body_assigns_needs_global(build: Build) -> None:
    assert hint(build("POST /count", "count = count + 1\ncount", {"count": 0})) == (
        "A name assigned in a %%route cell is the handler's own."
        " To change the notebook's `count`, begin the cell with `global count`."
    )


def test_a_deleted_name_is_the_handlers_own_too(build: Build) -> None:
    assert "`global hits`" in str(hint(build("/x", "del hits\n1", {"hits": 0})))


def test_in_a_function_the_function_begins_with_global(build: Build) -> None:
    assert hint(build("/x", "def page():\n    hits += 1\n    return hits", {"hits": 0})) == (
        "A name assigned in a function is the function's own."
        " To change the notebook's `hits`, begin the function `page` with `global hits`."
    )
    nested = "def more():\n    hits += 1\nmore()\n1"
    assert "begin the function `more` with `global hits`" in str(hint(build("/x", nested, {"hits": 0})))


def test_a_function_inside_a_body_changes_the_bodys_name_with_nonlocal(build: Build) -> None:
    body = "hits = 0\ndef more():\n    hits += 1\nmore()\nhits"
    assert hint(build("/x", body)) == "To change the handler's `hits`, begin the function `more` with `nonlocal hits`."


def test_a_name_of_pythons_own_is_named_otherwise(build: Build) -> None:
    assert "`list` is Python's own" in str(hint(build("/x", "list = list('ab')\nlist")))


def test_a_name_the_notebook_does_not_have_is_another_error(build: Build) -> None:
    assert hint(build("/x", "if 0:\n    total = 1\ntotal")) is None
