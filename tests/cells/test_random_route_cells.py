"""Thirty thousand random route cells: each is read, or rejected with a place that lies in its cell."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import pytest

from nbmicro.cells.input_transformer import transform_cell
from nbmicro.cells.route_cell import parse_route_cell
from nbmicro.errors import CellError, NbmicroError
from tests.cells.test_random_text import BODY_LINES, LINE_WORDS
from tests.support.mutation import outside, random_texts

CELLS = [
    "/hello/<name>\ndef hello(name):\n    return f\"Hello, {name}!\"\n",
    "POST /users --try name=Ada age:=36\nuser = {\"id\": 7, **request.get_json()}\nuser, 201\n",
    "GET,POST /x/<int:n> --name other\nglobal hits\nhits += n\nif hits > 3:\n    abort(404)\nreturn {\"hits\": hits}\n",
    "/stream\nfor line in range(3):\n    yield f\"{line}\\n\"\n",
    "/slow\nimport asyncio\nawait asyncio.sleep(0)\n[x async for x in rows()]\n",
    "/doc\n\"\"\"Says what it does.\"\"\"\nwith open(\"a\") as file:\n    text = file.read()\ntext;\n",
    "\"/a b\" --try GET /a%20b\n# a comment\nimport os\nasync def page():\n    return os.name\n",
    "/match/<path:p>\nmatch p:\n    case \"a\":\n        return 1\nraise ValueError(p)\n",
]  # fmt: skip
PIECES = [*LINE_WORDS, *BODY_LINES, "%%route /y", "--try POST /x a=1", "<int(min=1):n>", "\\\n", "    ", "\t", "'''"]


@pytest.fixture(autouse=True)
def _python_may_warn() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("seed", range(3))
def test_a_random_route_cell_is_read_or_rejected_in_its_place(seed: int) -> None:
    """10,000 cells a seed, some of which are right, first tidied as a kernel and the loader do."""
    read = 0
    for text in random_texts(seed, 10_000, CELLS, PIECES):
        cell = f"%%route {text}"
        rejection = None
        try:
            tidied = transform_cell(cell)
            line, body = [*re.split("\r\n|\r|\n", tidied.removeprefix("%%route"), maxsplit=1), ""][:2]
            parse_route_cell(line.strip(), body)
            read += 1
        except NbmicroError as error:
            rejection = error
        if rejection is not None:
            assert isinstance(rejection, CellError), repr(cell)
            assert outside(rejection, cell) is None
    assert 1_000 < read < 9_000
