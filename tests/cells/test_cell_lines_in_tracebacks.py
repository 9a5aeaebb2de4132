"""Tracebacks and warnings speak of the cell by what it declares, and of its lines as the editor counts them."""

from __future__ import annotations

import linecache
import traceback
import warnings

import pytest

from nbmicro.cells.notebook_cell import cell_filename, remember_source
from nbmicro.cells.route_cell import build_handler, parse_route_cell
from nbmicro.errors import CellError
from tests.cells.building import Build


def last_frame(handler: object) -> traceback.FrameSummary:
    with pytest.raises(ZeroDivisionError) as caught:
        handler()  # type: ignore[operator]
    return traceback.extract_tb(caught.value.__traceback__)[-1]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("x = 1\n\nx / 0", "boom"),
        ("x = '''\n'''\nx = [\n  1 / 0,\n]\nx", "boom"),
        ("# comment\ndef late():\n    return 1 / 0\nlate()", "late"),
        ("import os\n\ndef page():\n    return 1 / 0", "page"),
        ("@deco\n\ndef page():\n    return (\n        1 / 0\n    )", "page"),
    ],
)
def test_a_frame_shows_the_cells_own_line(build: Build, body: str, name: str) -> None:
    frame = last_frame(build("/boom", body, {"deco": lambda function: function}))
    line = 2 + next(number for number, text in enumerate(body.split("\n")) if "/ 0" in text)
    assert (frame.filename, frame.lineno, frame.name) == ("<GET /boom>", line, name)
    assert frame.line == body.split("\n")[line - 2].strip()


def test_linecache_holds_the_whole_cell_and_keeps_it(build: Build) -> None:
    build("POST /kept", "x = 1\nx")
    linecache.checkcache()
    assert linecache.getlines("<POST /kept>") == ["%%route POST /kept\n", "x = 1\n", "x\n"]


def test_a_cell_that_is_rejected_leaves_the_text_of_the_one_that_serves(build: Build) -> None:
    handler = build("/served", "1 / 0")
    with pytest.raises(CellError):
        build("/served", "x = 1\nx = ")
    assert last_frame(handler).line == "1 / 0"


def test_the_text_of_a_handler_that_answers_again_can_be_put_back(build: Build) -> None:
    handler = build("/again", "1 / 0")
    cell = parse_route_cell("/again", "1 / 0")
    build("/again", "2")
    remember_source(cell.filename, cell.source)
    assert last_frame(handler).line == "1 / 0"
    assert cell.filename == cell_filename("GET /again")


def test_a_warning_of_python_points_at_the_cells_own_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        build_handler(parse_route_cell("/warned", "x = 1\nif x is 'a':\n    return 1\nx"), {})
    assert [(warning.filename, warning.lineno) for warning in caught] == [("<GET /warned>", 3)]
    assert caught[0].category is SyntaxWarning


def test_the_handler_itself_stands_on_the_route_line(build: Build) -> None:
    assert build("/x", "\n\n1").__code__.co_firstlineno == 1
