"""Whatever stands in a cell, reading it gives an answer or a `CellError` with a line."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nbmicro.cells.cell_python import cell_names
from nbmicro.cells.input_transformer import transform_cell
from nbmicro.cells.ipython_syntax import cell_lines
from nbmicro.cells.notebook_cell import MagicCell, PlainCell, split_cell
from nbmicro.cells.route_cell import build_handler, parse_route_cell
from nbmicro.cells.route_line import parse_route_line
from nbmicro.errors import CellError

steady = settings(derandomize=True, max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

LINE_WORDS = [
    *("GET", "post", "GET,POST", "GET, PUT", "FOO", "get", "/", "/x", "/<a>", "/<int:id>", "/{a}", "/:a", "x", "<a>"),
    *(
        "<any(a, b):x>",
        "methods=['POST']",
        "methods=[",
        "--name",
        "--name=x",
        "--try",
        "--tyr",
        "-X",
        "#",
        '"',
        "'",
        "?",
    ),
    *(
        "/a b",
        "/<a>/<a>",
        "/<class>",
        "http://h/x",
        "->",
        "=",
        ",",
        "|",
        "[",
        ")",
        "ü",
        "\t",
        "\n",
        "--",
        "<",
        ">",
        "1",
    ),
]
BODY_LINES = [
    *(
        "x = 1",
        "x",
        "return x",
        "return",
        "yield x",
        "await x",
        "raise x",
        "global x",
        "nonlocal x",
        "def f(a):",
        "'''",
    ),
    *(
        "    return a",
        "    yield a",
        "if x:",
        "else:",
        "    'a'",
        "with x:",
        "!ls",
        "%time x",
        "x = !ls",
        "x?",
        "?x",
        "\\",
    ),
    *("class A:", "import os", "from os import *", "from __future__ import annotations", "@x", "async def g():", '"a"'),
    *(
        "%%route /y",
        "%%http GET /x",
        "# comment",
        "",
        "   ",
        "(",
        ")",
        "f'{x}'",
        "x; y;",
        "lambda: x",
        "del x",
        "{x!r}",
    ),
    *(
        "match x:",
        "    case 1:",
        "        return 1",
        "[y async for y in x]",
        "(yield)",
        "print(x)",
        "%http /x?",
        "\x00",
    ),
]
lines = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(LINE_WORDS), max_size=7).map(" ".join))
bodies = st.one_of(st.text(max_size=120), st.lists(st.sampled_from(BODY_LINES), max_size=8).map("\n".join))
magics = st.sampled_from(
    ["", "%%route /x\n", "%%http GET /x\n", "%%template a\n", "  %%route /x\n", "# c\n\n%%static a\n"]
)
cells = st.builds(lambda above, magic, body: above + magic + body, bodies, magics, bodies)


@pytest.fixture(autouse=True)
def _python_may_warn() -> Iterator[None]:
    """Random Python is often worth a SyntaxWarning, which is not at issue here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def answered(read: Callable[[], object], at_most: int) -> Any:
    rejected = None
    try:
        return read()
    except CellError as error:
        rejected = error
    assert rejected.line is not None
    assert 1 <= rejected.line <= at_most
    assert rejected.message
    return None


@steady
@given(lines)
@example('"')
@example("/<")
def test_a_route_line_is_read_or_rejected(line: str) -> None:
    answered(lambda: parse_route_line(line), 1)


@steady
@given(lines)
def test_a_line_shown_as_corrected_is_nearer_to_a_right_one(line: str) -> None:
    """Following the advice ends, within a few steps, in a line that is right or in one that is told without a line."""
    for _ in range(20):
        try:
            parse_route_line(line)
        except CellError as error:
            if not (error.hint or "").startswith("Try:  %%route"):
                return
            line = str(error.hint).splitlines()[0].removeprefix("Try:  %%route").strip()
        else:
            return
    pytest.fail(line)


@steady
@given(lines)
def test_the_endpoint_of_a_line_is_a_python_name(line: str) -> None:
    try:
        route = parse_route_line(line)
    except CellError:
        return
    assert route.default_endpoint.isidentifier()


@steady
@given(st.sampled_from(["/x", "/<a>", "POST /<int:a>/<b>"]), bodies)
@example("/x", "\ud800")
@example("/x", "(" * 300)
@example("/x", "-" * 5000 + "1")
@example("/x", "x\r\ny\ry")
@example("/x", "\x0cx = 1\n\x0c!ls")
def test_a_route_cell_is_read_or_rejected(line: str, body: str) -> None:
    cell = answered(lambda: parse_route_cell(line, body), body.count("\n") + body.count("\r") + 2)
    if cell is not None:
        assert cell.form == "function" or callable(build_handler(cell, {}))


@steady
@given(cells)
@example("%%http")
def test_tidying_a_cell_gives_a_cell_or_a_rejection(text: str) -> None:
    tidied = answered(lambda: transform_cell(text), text.count("\n") + 1)
    if tidied is not None:
        assert transform_cell(tidied) == tidied


@steady
@given(bodies)
def test_a_cell_without_our_magics_is_left_as_it_is(text: str) -> None:
    if not any(word in text for word in ("%%route", "%%http", "%%template", "%%static", "%http", "%trace", "%bench")):
        assert transform_cell(text) == text


@steady
@given(cells)
@example("%%")
@example("%%?")
@example("x = \\\n")
def test_every_cell_can_be_split_without_loss(text: str) -> None:
    cell = split_cell(text)
    assert cell.source == text
    if isinstance(cell, PlainCell):
        count = len(cell_lines(text))
        assert all(found.line >= 1 and found.line + found.lines - 1 <= count for found in cell.statements)
        assert len(cell_lines(cell.python)) == count
    else:
        assert isinstance(cell, MagicCell)
        assert text.count("\n") >= cell.body.count("\n")


@steady
@given(bodies)
def test_the_names_of_a_cell_are_found_or_it_is_rejected(text: str) -> None:
    answered(lambda: cell_names(split_cell(text)), text.count("\n") + text.count("\r") + 2)
