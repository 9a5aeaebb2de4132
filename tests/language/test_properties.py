"""Promises that hold for any text: the parsers never break, and what is printed parses to the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbmicro.errors import RequestError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_file, parse_script
from nbmicro.language.syntax import Script
from nbmicro.render.request import body_lines
from nbmicro.runner.fill import Scope
from tests.support.request_printing import print_cell, print_line, print_script

steady = settings(
    derandomize=True,
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

LINE_PIECES = [
    "GET", "post", "/users", "/users/1", "/x?a=1", "http://localhost:5000/x", "https://api.example.com/x",
    "{{ uid }}", "{{uid}}", "{{ d['a b'] }}", "{{ {'a': {'b': 1}} }}", "{{", "}}", "name=Ada",
    "name='Ada Lovelace'", 'q="a b"', "age:=36", "tags:=[1, 2]", 'o:={"a": {"b": "c d"}}', "X-Token:abc",
    "X-Empty;", "page==2", "photo@a.png", "bio=@b.txt", "t:=@t.json", "O'Brien", "'", '"', "\\", "\\:", "#", " # c",
    ";", "-f", "-F", "-q", "-fF", "--expect", "201", "--show", "headers,body", "--timeout", "5", "--reset",
    "--file", "a.http", "-a", "ada:x", "-h", "--help", "--curl", "--nope", "a\\=b=c", "é=ü", "=", ":", "@", "-",
    "--", "{", "[", "$guid", "{{$guid}}", "{{$randomInt 1 5}}", "a.b{{ x }}=1",
]  # fmt: skip

CELL_LINES = [
    "GET /users", "POST /users HTTP/1.1", "/users", "post /x", "GET /users/{{ uid }}", "    ?page=2",
    "    &size={{ n }}", "GET http://localhost:5000/x", "{{host}}/x", "###", "### Create it", "####", "# a comment",
    "// another", "/* c", "*/", "/* d */", "  /path", "?? status == 200", "{{ n }}: 1", "  X-A: 1",
    "# @name create", "# @name 1x", "# @show headers body", "# @no-redirect", "# @no-cookie-jar",
    "# @prompt x", "# @timeout 5", "@host = a{{ b }}", "@x-y = 1", "Content-Type: application/json",
    "X-Token: {{ token }}", "X:", "", '{"name": {{ name }}}', "{", "}", '  "a": "b }",', "[1, 2]", "[true]",
    "plain text", "name=Ada&x={{ y }}", "< ./file.json", "<@ ./f.txt", "<html>", "```", "```json", "````",
    "HTTP 201", "HTTP/1.1 200", "HTTP *", "HTTP 200 OK", "Location: /users/1", "[Query]", "[Form]", "[Multipart]",
    "[Captures]", "[Asserts]", "[Options]", "[Cookies]", "[asserts]", "page: 2", "photo: file,./a.png; image/png",
    "photo: file,a.png;", "location: true", "timeout: 5s", "user: a:b", "cookies: false", 'uid: json["id"]',
    "uid: (1,", 'uid: jsonpath "$.id"', "status == 200  # fine", 'json["name"] == name', "assert status", "(1 +",
    "2)", "# c", 'jsonpath "$.x" == 1', "> {%", "%}", "{{ a", "b }}", '"""', "xxxxx", "\t", "{{ {'a': 1} }}",
    "é: ü", "\x00", "lambda: 0",
]  # fmt: skip

any_line = st.one_of(
    st.lists(st.sampled_from(LINE_PIECES), max_size=8).map(" ".join),
    st.lists(st.sampled_from(LINE_PIECES), max_size=8).map("".join),
    st.text(max_size=40),
    st.text(alphabet="GET/{}'\" =:@;#-\\a\n", max_size=30),
)
any_cell = st.one_of(
    st.lists(st.sampled_from(CELL_LINES), max_size=14).map("\n".join),
    st.lists(st.sampled_from(CELL_LINES), max_size=10).map(lambda lines: "GET /x\n" + "\n".join(lines)),
    st.text(max_size=60),
    st.text(alphabet="GET /{}[]\"'#`\n:<", max_size=50),
)


def some_of(*lines: str) -> st.SearchStrategy[list[str]]:
    """Some of the lines, in their order."""
    return st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)).map(
        lambda chosen: [line for line, kept in zip(lines, chosen, strict=True) if kept]
    )


likely_request = st.tuples(
    some_of("### Title", "# @name create", "@host = http://localhost:5000", "@t = {{ a }}x", "# @show headers"),
    st.sampled_from(["GET /users", "POST {{host}}/x?a={{ b }} HTTP/1.1", "/x", "delete /users/{{ uid }}"]),
    some_of("  ?q=1", "  &r={{ s }}", "Content-Type: text/plain", "# note", "X-Token: {{ t }}", "# @no-redirect"),
    some_of("[Query]", "a: {{ b }}", "[Form]", "c:d: e", "[Options]", "location: true", "timeout: 0.5"),
    st.sampled_from(
        [
            "", "plain\n\ntext {{ x }}\n", '{"a": {{ b }},\n "c": [1, "}"]}', "```json\n###\nHTTP 200\n\n```",
            "< ./a.json", "[1]", "[broken", "{ not json } x", "# heading\ntext", "````\n```\n[Asserts]\n```\n````",
            "a=b\n&c={{ d }}",
        ]
    ),
    some_of("HTTP 201", "Location: /users/{{ uid }}", "# note", "X: y"),
    st.sampled_from(["", "{\n}", "expected\ntext", "```\n\n###\n```"]),
    some_of("[Captures]", 'uid: json["id"]', "n: (1,", "  2)  # two", "[Asserts]", "status == 200  # fine",
            "text == (", '"a")'),
)  # fmt: skip


def written(parts: tuple[list[str], str, list[str], list[str], str, list[str], str, list[str]]) -> str:
    """The parts of a request as lines, each body behind an empty line."""
    before, line, headers, sections, body, answer, expected, checks = parts
    return "\n".join([*before, line, *headers, *sections, "", body, *answer, "", expected, *checks])


likely_cell = st.lists(likely_request.map(written), min_size=1, max_size=3).map("\n###\n".join)


def outcome(parse: Callable[[], object]) -> object:
    """What a parser gives: a record, or the error by which it refuses."""
    try:
        return parse()
    except RequestError as error:
        return error


def check_refusal(refusal: RequestError) -> None:
    """An error says what is wrong and names a line."""
    assert refusal.message
    assert refusal.line is not None
    assert refusal.line >= 1
    assert refusal.column is None or refusal.column >= 1


@steady
@given(any_line)
def test_any_line_is_read_or_refused_with_its_place(text: str) -> None:
    """Whatever stands behind %http is a request or a RequestError that names a line."""
    result = outcome(lambda: parse_line(text))
    if isinstance(result, RequestError):
        check_refusal(result)


@steady
@given(any_line, any_cell)
def test_any_cell_is_read_or_refused_with_its_place(line: str, body: str) -> None:
    """Whatever stands in a %%http cell is a script or a RequestError that names a line of the cell."""
    result = outcome(lambda: parse_script(line, body))
    if isinstance(result, RequestError):
        check_refusal(result)


@steady
@given(any_cell)
def test_the_line_of_an_error_is_a_line_of_the_cell(body: str) -> None:
    """An error in a cell never points below it or above it."""
    result = outcome(lambda: parse_script("", body))
    if isinstance(result, RequestError):
        lines = body.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 2
        assert result.line in range(1, lines + 1)


@steady
@given(any_line)
def test_a_printed_line_parses_to_the_same(text: str) -> None:
    """print_line and parse_line undo each other."""
    parsed = outcome(lambda: parse_line(text))
    if not isinstance(parsed, Script):
        return
    if any(request.body is not None for request in parsed.requests):
        with pytest.raises(ValueError, match="not a line"):
            print_line(parsed)
        return
    assert parse_line(print_line(parsed)) == parsed


@steady
@given(st.one_of(st.just(""), any_line), st.one_of(likely_cell, any_cell))
def test_a_printed_cell_parses_to_the_same(line: str, body: str) -> None:
    """print_script and parse_script undo each other, and print_cell is both parts."""
    parsed = outcome(lambda: parse_script(line, body))
    if not isinstance(parsed, Script):
        return
    printed = print_script(parsed)
    assert parse_script(*printed) == parsed
    head, _, rest = print_cell(parsed).partition("\n")
    assert parse_script(head.removeprefix("%%http").strip(), rest) == parsed


@steady
@given(st.one_of(likely_cell, any_cell))
def test_a_printed_file_parses_to_the_same(body: str) -> None:
    """What a file says is kept when it is written again, with its lines counted from 1."""
    parsed = outcome(lambda: parse_file(body, "api.http"))
    if isinstance(parsed, RequestError):
        assert parsed.where == "api.http"
    elif isinstance(parsed, Script):
        assert parse_file(print_script(parsed)[1], "api.http") == parsed


@steady
@given(
    st.one_of(any_cell, st.text(alphabet='a\n {}[]`#</*@="HTP 20', max_size=40)),
    st.sampled_from(["text/plain", "", "application/json", "text/markdown", "text/css"]),
)
def test_a_printed_body_is_read_as_that_text(text: str, content_type: str) -> None:
    """body_lines fences whatever would end the body, or be read as anything but text."""
    text = text.replace("\r", "")
    lines = body_lines(text, content_type)
    (request,) = parse_script("", "\n".join(["POST /", f"Content-Type: {content_type}", "", *lines])).requests
    assert request.body is not None
    scope = Scope({}, folder=Path())
    assert scope.text(request.body.content) == text
