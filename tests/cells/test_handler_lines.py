"""An error of a handler finds the handler's own last line, and the hint of a name that was assigned."""

from __future__ import annotations

import functools
import linecache
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from nbmicro.cells.handler_lines import last_line, return_lines
from tests.cells.building import Build


def plain_cell(source: str, name: str, filename: str = "<a plain cell>") -> Callable[..., Any]:
    """A function as a plain cell defines it: its text is in linecache."""
    source = textwrap.dedent(source).strip() + "\n"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"functools": functools}
    exec(compile(source, filename, "exec"), namespace)
    found: Callable[..., Any] = namespace[name]
    return found


@pytest.mark.parametrize(
    ("body", "line", "source", "kind", "hint"),
    [
        (
            "if False:\n    return 1",
            2,
            "if False:",
            "an `if` without an `else`",
            "Add a last line with the return value.",
        ),
        ("x = []\nx.append(1)", 3, "x.append(1)", "a call, and it gave None", "Add a last line with the return value."),
        (
            "print('hi')",
            2,
            "print('hi')",
            "a call of print, which shows its text and returns nothing",
            "Write `return 'hi'`.",
        ),
        ("None", 2, "None", "an expression, and its value was None", "Add a last line"),
        ("if 0:\n    raise OSError\nx = 1", 4, "x = 1", "an assignment", "Add the line `x`, or write `return x`."),
    ],
)
def test_the_last_line_of_a_body(build: Build, body: str, line: int, source: str, kind: str, hint: str) -> None:
    found = last_line(build("/x", body))
    assert found is not None
    assert (found.line, found.source, found.kind) == (line, source, kind)
    assert hint in found.hint


@pytest.mark.parametrize(
    ("body", "line", "kind", "hint"),
    [
        ("def f():\n    x = 1", 3, "an assignment", "Add the line `return x`."),
        ("def f():\n    'hello'", 3, "an expression, which a function does not return by itself", "`return 'hello'`"),
        ("import os\n@deco\ndef f():\n    print(1)", 5, "a call of print", "Write `return` and the text"),
        ("def f():\n    return", 3, "a `return` without a value", "Write the value behind it"),
        ("def f():\n    return g()", 3, "a `return`, and what stands behind it was None", "Return a value"),
        ("async def f():\n    for x in 'a':\n        pass", 3, "a loop", "Add a last line `return …` with the value"),
    ],
)
def test_the_last_line_of_a_function_cell(build: Build, body: str, line: int, kind: str, hint: str) -> None:
    def deco(function: Callable[..., object]) -> Callable[..., object]:
        return functools.wraps(function)(lambda *values: function(*values))

    found = last_line(build("/x", body, {"deco": deco}))
    assert found is not None
    assert found.line == line
    assert found.kind.startswith(kind)
    assert hint in found.hint


def test_what_it_is_and_why_that_is_no_reply_make_a_sentence(build: Build) -> None:
    found = last_line(build("/hello/<name>", "if name:\n    return 1\ngreeting = f'Hello {name}'\ndel name"))
    assert found is not None
    assert f"Its last line is {found.explained}" == "Its last line is a `del`, and only a value is a return value"
    assert found.excerpt == "    5 │ del name"
    printed = last_line(build("/x", "print(1)"))
    assert printed is not None
    assert printed.explained == printed.kind


def test_the_last_line_of_a_function_from_a_plain_cell() -> None:
    source = """
        def deco(function):
            @functools.wraps(function)
            def wrapped(*values):
                return function(*values)
            return wrapped

        @deco
        def page():
            total = 1

        class View:
            def __call__(self):
                seen = 1
            def method(self):
                other = 1

        view = View()
        part = functools.partial(page, 1)
        bound = view.method
        short = lambda: None
    """
    lines = {
        name: found.line if (found := last_line(plain_cell(source, name))) else None
        for name in ("page", "view", "part", "bound", "short")
    }
    assert lines == {"page": 9, "view": 13, "part": 9, "bound": 15, "short": 20}


@pytest.mark.parametrize("handler", [len, object(), functools.partial(len)])
def test_a_handler_without_lines_has_no_last_one(handler: Any) -> None:
    assert last_line(handler) is None


def test_a_function_whose_text_is_gone_has_no_last_line() -> None:
    handler = plain_cell("def page():\n    x = 1", "page", "<gone>")
    del linecache.cache["<gone>"]
    assert last_line(handler) is None


# --- where a handler replies ---


def replies(handler: Callable[..., Any]) -> list[tuple[int, str]]:
    return [(one.line, one.source) for one in return_lines(handler)]


def test_a_body_replies_with_its_last_expression_and_its_returns(build: Build) -> None:
    handler = build("/x", "if request:\n    return 1\ndef inner():\n    return 2\n3")
    assert replies(handler) == [(3, "return 1"), (6, "3")]


def test_a_function_replies_with_its_returns_alone(build: Build) -> None:
    assert replies(build("/x", "def page():\n    5\n    return {1}")) == [(4, "return {1}")]
    assert replies(plain_cell("page = lambda: 5", "page")) == [(1, "page = lambda: 5")]


def test_a_function_whose_text_is_gone_has_no_lines_of_replies() -> None:
    handler = plain_cell("def page():\n    return 1", "page", "<gone>")
    del linecache.cache["<gone>"]
    assert replies(handler) == []
    assert return_lines(len) == ()
