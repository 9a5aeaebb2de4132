"""What an exchange prints of its request is that request: read and sent again it is the same, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nbmicro.client.client import Client
from nbmicro.http.messages import RequestRecord
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.runner.build import assemble_request
from nbmicro.runner.fill import Scope
from tests.support.apps import answering

steady = settings(derandomize=True, max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TYPES = [
    None, "text/plain", "application/json", "application/problem+json", "application/x-www-form-urlencoded",
    "application/octet-stream", "text/csv; charset=latin-1", "multipart/form-data; boundary=b",
    "text/markdown", "text/css",
]  # fmt: skip
LINES = [
    "", " ", "a=1&b=2", "&c", '{"a": 1}', "[1,", "}", "{{ x }}", "{{", "}}", "###", "HTTP 200", "[Asserts]", "# c",
    "```",
    "< ./a.json", "<@ x", "GET /x", "@a = 1", "X: y", "é",
    "// c", "/* c */", "/*", "*/", "### c", " ###", "?? status == 200", "Accept: a", "query {", "a= b",
    "--b", "--b--", "Content-Disposition: form-data", "\r",
    "> {%",
    "curl /x", "'", '"', "\\", "^", "$a",
]  # fmt: skip
texts = st.one_of(
    st.lists(st.sampled_from(LINES), max_size=6).map("\n".join),
    st.lists(st.sampled_from(LINES), max_size=6).map("\r\n".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
bodies = st.one_of(texts.map(str.encode), st.binary(max_size=20))
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.strip)
headers = st.lists(st.tuples(st.sampled_from(["X-A", "X-B", "Accept"]), values), max_size=3)
targets = st.sampled_from(["/", "/x?a=1", "/a%20b?c=%C3%A9", "/users/1?q=%7B%7B", "/$a", "/x?$top=1&a=b%26c"])


def sent(method: str, target: str, fields: list[tuple[str, str]], body: bytes) -> RequestRecord:
    return RequestRecord(method, target, fields, body)  # type: ignore[arg-type]


def replayed(text: str) -> RequestRecord:
    (request,) = parse_script("", text).requests
    return assemble_request(request, request.options, Scope({}, folder=Path()))


@steady
@given(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), targets, headers, st.sampled_from(TYPES), bodies)
@example("POST", "/", [], None, b"\xff\x00")
@example("POST", "/", [], "application/json", b'{"a": "{{"}')
@example("POST", "/", [], "multipart/form-data; boundary=b", b"--b\r\nX: y\r\n\r\nhi\r\n--b--\r\n")
@example("POST", "/", [], "application/x-www-form-urlencoded", b"a=1\n&b=2 ")
def test_the_printed_cell_sends_the_same_bytes(
    method: str, target: str, fields: list[tuple[str, str]], media_type: str | None, body: bytes
) -> None:
    """Method, target, headers in their order, and the body."""
    fields = [*fields, ("Content-Type", media_type)] if media_type is not None else fields
    exchange = Client(answering("x")).send(sent(method, target, fields, body))
    assert replayed(exchange.as_http(secrets=True)) == exchange.request


@steady
@given(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), targets, headers, st.sampled_from(TYPES), texts)
@example("POST", "/", [], "application/json", '{"it\'s": "\\n"}')
def test_the_printed_curl_command_sends_the_same_bytes(
    method: str, target: str, fields: list[tuple[str, str]], media_type: str | None, text: str
) -> None:
    """`as_curl()` pasted behind --curl is the request again; so it is in a cell."""
    text = text.replace("{{", "{").replace("\0", "")
    fields = [*fields, ("Content-Type", media_type)] if media_type is not None and text else fields
    exchange = Client(answering("x")).send(sent(method, target, fields, text.encode()))
    command = exchange.as_curl(secrets=True)
    cell = parse_script("", command).requests[0]
    again = assemble_request(cell, cell.options, Scope({}, folder=Path()))
    assert (again.method, again.target, again.body) == (method, exchange.request.target, text.encode())
    assert sorted(again.headers) == sorted(exchange.request.headers)
    line = " ".join(command.split(" \\\n  "))
    if "\n" not in line:
        script = parse_line(f"--curl {line}")
        assert assemble_request(script.requests[0], script.options, Scope({}, folder=Path())).body == text.encode()


def test_a_handler_sees_the_same_request_again() -> None:
    """A form with a file, whose boundary and line ends are part of the body."""
    client = Client(answering("x"))
    first = client.post("/x", data={"a": "1"}, files={"f": ("a.txt", b"one\ntwo", "text/plain")})
    assert replayed(first.as_http()) == first.request
    second = client.post("/x", json={"a": [1, "{{"]})
    assert json.loads(replayed(second.as_http()).body) == {"a": [1, "{{"]}


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"a\rb", b"}}'\"{{"])
def test_bytes_stand_in_the_cell_as_a_python_literal(content: bytes) -> None:
    """`{{ b'\\x89PNG' }}` is sent as it is."""
    exchange = Client(answering("x")).post("/", data=content, headers={"Content-Type": "image/png"})
    assert replayed(exchange.as_http()).body == content
