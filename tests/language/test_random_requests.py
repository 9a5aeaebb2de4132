"""Seventy thousand random requests: each is read, or refused with a place that lies in its cell."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from nbmicro.errors import RequestError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from tests.language.test_properties import CELL_LINES, LINE_PIECES
from tests.support.mutation import outside, random_texts
from tests.support.request_printing import print_line, print_script

LINES = [
    "/users",
    "GET /users/{{ uid }} page==2 X-Token:abc",
    "POST /users name=Ada age:=36 tags:='[1, 2]'",
    "-f POST /login user=ada password={{ secret }} --expect 303",
    "PUT /x photo@a.png bio=@b.txt t:=@t.json",
    "/x?a=1 -a ada:secret -F -q --show headers,body --timeout 5",
    "http://localhost:5000/x q='a b' n=O'Brien # why",
    "--curl 'curl -X POST localhost:5000/x -d a=1'",
    "--expect 201 --curl curl 'http://localhost/x' -H 'A: b' --json '{}'",
    "--file api.http --reset",
    '/x o:={"a": {"b": [1, "c d"]}} "q=a \\" b";',
]
CELLS = [
    (
        "\n"
        "# @name create\n"
        "POST /users\n"
        "Content-Type: application/json\n"
        "\n"
        '{"name": {{ name }}}\n'
        "\n"
        "HTTP 201\n"
        "Location: /users/1\n"
        "[Captures]\n"
        'uid: json["id"]\n'
        "[Asserts]\n"
        'json["name"] == name  # keep it\n'
        "###\n"
        "GET /users/{{ uid }}\n"
    ),
    ("POST /users name=Ada -F\nHTTP 201\n[Asserts]\nstatus == 201\n"),
    (
        "\n"
        "@host = localhost:5000\n"
        "\n"
        "### A list\n"
        "GET http://{{host}}/x\n"
        "    ?a=1\n"
        "    &b={{ c }} HTTP/1.1\n"
        "X-A: 1\n"
        "// note\n"
        "X-B: {{$guid}}\n"
        "\n"
        "###\n"
        "DELETE {{host}}/x/1\n"
    ),
    ("\nPOST /x\n[Query]\npage: 2\n[Form]\nname: Ada\n[Options]\nlocation: true\nmax-time: 5s\nuser: a:b\nHTTP *\n"),
    ('\nPOST /x\n[Multipart]\nname: Ada\nphoto: file,./a.png; image/png\nHTTP/1.1 200\nX: y\n\n{"a": [1, {{ b }}]}\n'),
    ("\nPOST /x\nContent-Type: text/plain\n\n```json\n###\nHTTP 200\n{{ x }}\n```\nHTTP 200\n\n````\ntext\n````\n"),
    (
        "\n"
        "GET /a\n"
        "HTTP 200\n"
        "[Asserts]\n"
        "json == {\n"
        '  "a": 1,\n'
        "}  # all\n"
        "(status ==\n"
        " 200)\n"
        "\n"
        "# @show headers\n"
        "POST /b\n"
        "< ./a.json\n"
    ),
    (
        "\n"
        "curl 'http://localhost:5000/x' \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        '  --data-raw $\'{"a": "it\\\'s"}\' \\\n'
        "  -u ada:x -L\n"
        "\n"
        "HTTP 200\n"
        "###\n"
        'curl ^"http://localhost/x^" ^\n'
        '  -F ^"a=b^"\n'
    ),
    ("--curl\ncurl -G /x --data-urlencode 'q=a b' -b 'c=d' -m 5\nHTTP 200\n[Captures]\nq: json[\"q\"]\n"),
    ("\nPOST /f\nContent-Type: application/x-www-form-urlencoded\n\na={{ b }}\n&c=d\n\nHTTP 200\n\na body\nof text\n"),
]
PIECES = [
    *LINE_PIECES,
    *CELL_LINES,
    "curl /x",
    "-d 'a",
    "$'\\x41",
    '^"',
    " \\",
    "--curl",
    "{{ {'a': {'b': 1}} }}",
    "lambda: {{",
    'xpath "//a" exists',
    "body matches /a/",
    "<@latin1 a",
    ">> a.json",
    "file,a;",
    "hex,00;",
    "Authorization: Digest a b",
]


@pytest.fixture(autouse=True)
def _python_may_warn() -> Iterator[None]:
    """Random Python is often worth a SyntaxWarning, which is not at issue here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def is_read(parse: Callable[[], object], cell: str) -> bool:
    """Whether the parser reads the cell; if not, its error names a line of it, and a column of that line."""
    refusal = None
    try:
        parse()
    except RequestError as error:
        refusal = error
    if refusal is not None:
        # The name of a class of its own would be shown to the user.
        assert type(refusal) is RequestError
        assert outside(refusal, cell) is None
    return refusal is None


@pytest.mark.parametrize("seed", range(4))
def test_a_random_line_is_read_or_refused_in_its_place(seed: int) -> None:
    """5,000 lines a seed, some of which are right."""
    read = 0
    for text in random_texts(seed, 5_000, LINES, PIECES):
        line = text.replace("\n", " ").replace("\r", " ")
        read += is_read(partial(parse_line, line), f"%http {line}")
    assert 500 < read < 4_500


@pytest.mark.parametrize("seed", range(5))
def test_a_random_cell_is_read_or_refused_in_its_place(seed: int) -> None:
    """10,000 cells a seed, some of which are right; the first line of each stands behind %%http."""
    read = 0
    for text in random_texts(seed, 10_000, CELLS, PIECES):
        line, body = [*re.split("\r\n|\r|\n", text, maxsplit=1), ""][:2]
        read += is_read(partial(parse_script, line, body), f"%%http {text}")
    assert 1_000 < read < 9_000


def test_a_random_request_that_is_read_is_printed_so_that_it_reads_the_same() -> None:
    """10,000 lines and cells, of which some are right: parse, print, parse is the identity."""
    scripts, lines = [], []
    for text in random_texts(7, 5_000, CELLS, PIECES):
        line, body = [*re.split("\r\n|\r|\n", text, maxsplit=1), ""][:2]
        with suppress(RequestError):
            scripts.append(parse_script(line, body))
    for text in random_texts(7, 5_000, LINES, PIECES):
        with suppress(RequestError):
            lines.append(parse_line(text.replace("\n", " ").replace("\r", " ")))
    assert min(len(scripts), len(lines)) > 1_000
    for script in scripts:
        assert parse_script(*print_script(script)) == script
    for parsed in lines:
        written = all(request.body is None for request in parsed.requests)
        assert not written or parse_line(print_line(parsed)) == parsed
