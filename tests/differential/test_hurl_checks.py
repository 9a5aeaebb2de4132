"""Hurl's checks keep their meaning when a file is imported, or are refused by their line: one that holds and one that
fails of each query and predicate, as Hurl's manual has them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.nbmicro_sends import Outcome, by_import

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Answer:
    """What the app answers."""

    body: bytes
    media_type: str

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        headers = [
            ("Content-Type", self.media_type),
            ("X-One", "one"),
            ("X-Num", "12"),
            ("X-Empty", ""),
            ("X-List", "a,b,c"),
            ("Vary", "Accept"),
            ("Vary", "Cookie"),
            ("Set-Cookie", "sid=abc; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax"
             "; Expires=Wed, 13 Jan 2021 22:23:01 GMT"),
            ("Set-Cookie", "theme=dark"),
        ]  # fmt: skip
        start_response("201 Created", headers)
        return [self.body]


_JSON = {
    "id": 7,
    "zero": 0,
    "one": 1,
    "below": -3,
    "price": 1.5,
    "whole": 2.0,
    "name": "Ada",
    "empty": "",
    "yes": True,
    "no": False,
    "none": None,
    "list": [1, 2, 3],
    "words": ["a", "b"],
    "void": [],
    "user": {"name": "Ada", "tags": ["x"]},
    "nothing": {},
    "objs": [{"k": 1}, {"k": 2}],
    "date": "2024-05-01T10:00:00Z",
    "digits": "42",
    "pi": "3.14",
    "a.b": 1,
    "csv": "x,y",
    "quote": 'say "hi"',
    "tab": "a\tb",
    "accent": "é",
    "hash": "#1",
    "path": "C:\\new",
    "braces": "{x}",
    "apostrophe": "it's",
    "slashes": "a/b",
    "html": "a > b",
    "base64": "YWJj",
}
ANSWERS = {
    "json": Answer(json.dumps(_JSON, ensure_ascii=False).encode(), "application/json"),
    "list": Answer(b'[{"id": 1}, {"id": 2}]', "application/json"),
    "text": Answer(b"Hello 2024-05-01!\nbye\n", "text/plain; charset=utf-8"),
    "bytes": Answer(b"\xef\xbb\xbfabc", "application/octet-stream"),
    "empty": Answer(b"", "text/plain"),
    "html": Answer(b"<html><body><h1>Hi</h1><p>a</p><p>b</p></body></html>", "text/html"),
}


@dataclass(frozen=True)
class Row:
    """A check: the response it is asked of, its text, whether it holds, and whether nbmicro refuses it at import."""

    answer: str
    text: str
    holds: bool
    is_refused: bool = False

    @property
    def name(self) -> str:
        return f"{self.answer}: {self.text}"


def read_rows() -> list[Row]:
    rows: list[Row] = []
    answer = ""
    for line in (HERE / "hurl_checks.txt").read_text("utf-8").splitlines():
        if line.startswith("==="):
            answer = line[3:].strip()
        elif found := re.match(r"(r?)([+-]) (.*)", line):
            rows.append(Row(answer, found[3], found[2] == "+", found[1] == "r"))
        else:
            assert not line or line.startswith("#"), line
    return rows


ROWS = read_rows()

#: Checks without a query: what stands behind the request, and whether it holds.
IMPLICIT: dict[str, Row] = {
    "status": Row("text", "HTTP 201", True),
    "status_other": Row("text", "HTTP 200", False),
    "status_any": Row("text", "HTTP *", True),
    "version": Row("text", "HTTP/1.1 201", True),
    "version_other": Row("text", "HTTP/2 201", False),
    "header": Row("text", "HTTP 201\nX-One: one", True),
    "header_other": Row("text", "HTTP 201\nX-One: two", False),
    "header_part": Row("text", "HTTP 201\nX-One: on", False),
    "header_missing": Row("text", "HTTP 201\nX-None: a", False),
    "header_one_of_two": Row("text", "HTTP 201\nVary: Cookie", True),
    "header_both_of_two": Row("text", "HTTP 201\nVary: Accept\nVary: Cookie", True),
    "header_both_one_wrong": Row("text", "HTTP 201\nVary: Accept\nVary: Origin", False),
    "header_media_type": Row("text", "HTTP 201\nContent-Type: text/plain; charset=utf-8", True),
    "header_media_type_without_charset": Row("text", "HTTP 201\nContent-Type: text/plain", False),
    "header_cookie": Row("text", "HTTP 201\nSet-Cookie: theme=dark", True),
    "header_cookie_other": Row("text", "HTTP 201\nSet-Cookie: theme=light", False),
    "body_fence": Row("text", "HTTP 201\n```\nHello 2024-05-01!\nbye\n```", True),
    "body_fence_other": Row("text", "HTTP 201\n```\nHello\n```", False),
    "body_line": Row("bytes", "HTTP 201\n`x`", False, True),
    "body_json": Row("list", 'HTTP 201\n[{"id": 1}, {"id": 2}]', True),
    "body_json_other": Row("list", 'HTTP 201\n[{"id": 1}]', False),
    "body_json_type": Row("list", 'HTTP 201\n[{"id": true}, {"id": 2}]', False),
    "body_json_text": Row("list", 'HTTP 201\n[{"id": "1"}, {"id": 2}]', False),
    "body_xml": Row("html", "HTTP 201\n<html><body><h1>Hi</h1><p>a</p><p>b</p></body></html>", True, True),
    "body_xml_other": Row("html", "HTTP 201\n<html><body><h1>Ho</h1></body></html>", False, True),
    "body_file": Row("text", "HTTP 201\nfile,hello.txt;", True),
    "body_file_other": Row("text", "HTTP 201\nfile,other.txt;", False),
    "body_base64": Row("bytes", "HTTP 201\nbase64,77u/YWJj;", True),
    "body_base64_other": Row("bytes", "HTTP 201\nbase64,YWJj;", False),
    "body_hex": Row("bytes", "HTTP 201\nhex,efbbbf616263;", True),
    "body_hex_other": Row("bytes", "HTTP 201\nhex,616263;", False),
    "two_checks_first_fails": Row("text", 'HTTP 201\n[Asserts]\nbody == "x"\nstatus == 201', False),
    "two_checks_last_fails": Row("text", 'HTTP 201\n[Asserts]\nstatus == 201\nbody == "x"', False),
    "captured_in_check": Row("json", 'HTTP 201\n[Captures]\nwho: jsonpath "$.name"\n[Asserts]\n'
                             'jsonpath "$.user.name" == "{{who}}"', True),
    "captured_in_check_other": Row("json", 'HTTP 201\n[Captures]\nwho: jsonpath "$.csv"\n[Asserts]\n'
                                   'jsonpath "$.user.name" == "{{who}}"', False),
    "captured_number_in_check": Row("json", 'HTTP 201\n[Captures]\nn: jsonpath "$.id"\n[Asserts]\n'
                                    'jsonpath "$.id" == {{n}}', True),
    "captured_variable": Row(
        "json", 'HTTP 201\n[Captures]\nn: jsonpath "$.id"\n[Asserts]\nvariable "n" == 7', True, True
    ),
    "captured_variable_other": Row(
        "json", 'HTTP 201\n[Captures]\nn: jsonpath "$.id"\n[Asserts]\nvariable "n" == 8', False, True
    ),
    "capture_of_nothing": Row("json", 'HTTP 201\n[Captures]\nn: jsonpath "$.missing"', False),
}  # fmt: skip

#: Captures, and the value that the variable has then; None where nbmicro refuses it.
CAPTURES: dict[str, tuple[str, object]] = {
    'x: jsonpath "$.id"': ("json", 7),
    'x: jsonpath "$.name"': ("json", "Ada"),
    'x: jsonpath "$.list"': ("json", [1, 2, 3]),
    'x: jsonpath "$.list[1]"': ("json", 2),
    'x: jsonpath "$.list[-1]"': ("json", 3),
    'x: jsonpath "$.list" count': ("json", 3),
    'x: jsonpath "$.list" nth 0': ("json", 1),
    'x: jsonpath "$.digits" toInt': ("json", 42),
    'x: header "X-One"': ("json", "one"),
    'x: header "x-num" toInt': ("json", 12),
    'x: cookie "sid"': ("json", "abc"),
    'x: cookie "sid[Path]"': ("json", "/"),
    "x: status": ("json", 201),
    "x: body": ("text", "Hello 2024-05-01!\nbye\n"),
    "x: regex /(\\d{4})/": ("text", "2024"),
    'x: regex "(\\\\d{4})-(\\\\d{2})"': ("text", "2024"),
    "x: bytes": ("bytes", b"\xef\xbb\xbfabc"),
    "x: url": ("text", "http://localhost:5000/x"),
    'x: header "Vary"': ("json", ["Accept", "Cookie"]),
    'x: jsonpath "$.name" replace "A" "E"': ("json", None),
}


def _all(answer: str, checks: str, text: str) -> dict[str, str]:
    return {f"{answer}: {check.strip()}": text for check in checks.strip().splitlines()}


#: What has another verdict today. When one of them is right, or refused, its test fails until it is taken out of here.
KNOWN_DIFFERENCES: dict[str, str] = {
    **_all(
        "json",
        """
        version == "1.1"
        url == "http://localhost:5000/x"
        ip == "127.0.0.1"
        """,
        "no name of a check: it fails whatever comes",
    ),
    **_all(
        "json",
        """
        header "X-None" not == "x"
        header "X-None" not contains "x"
        cookie "none" not == "x"
        jsonpath "$.missing" not == "x"
        jsonpath "$.missing" not > 1
        jsonpath "$.missing" not contains "x"
        jsonpath "$.missing" not isInteger
        """,
        "where there is no value, `not` in front of a predicate fails too",
    ),
    **_all(
        "json",
        """
        header "Vary" count == 2
        header "Vary" includes "Cookie"
        header "Vary" nth 0 == "Accept"
        header "Vary" nth 1 == "Cookie"
        header "Vary" == "Accept"
        header "Vary" isCollection
        """,
        "of a header that comes twice the first value counts",
    ),
    **_all(
        "json",
        """
        header "X-One" count == 3
        jsonpath "$.name" count == 3
        jsonpath "$.user" count == 2
        """,
        "`count` counts what is no list",
    ),
    **_all(
        "json",
        """
        cookie "sid[Value]" == "abc"
        cookie "sid[Path]" == "/"
        cookie "sid[Path]" exists
        cookie "sid[Secure]" exists
        cookie "sid[Secure]" not exists
        cookie "sid[HttpOnly]" exists
        cookie "sid[SameSite]" == "Lax"
        cookie "sid[Max-Age]" == 60
        cookie "sid[Expires]" exists
        """,
        "an attribute of a cookie is looked for as a cookie of that name",
    ),
    **_all(
        "json",
        """
        jsonpath "$.yes" == 1
        jsonpath "$.yes" != 1
        jsonpath "$.no" == 0
        jsonpath "$.zero" == false
        jsonpath "$.one" == true
        jsonpath "$.one" != true
        jsonpath "$.yes" > 0
        jsonpath "$.yes" >= 1
        jsonpath "$.list" includes true
        jsonpath "$.yes" isInteger
        jsonpath "$.yes" not isInteger
        jsonpath "$.yes" isNumber
        """,
        "true and false are numbers",
    ),
    **_all(
        "json",
        """
        jsonpath "$.name" includes "A"
        jsonpath "$.user" includes "name"
        """,
        "`includes` looks into what is no list",
    ),
    **_all(
        "json",
        """
        jsonpath "$.list[0]" exists
        jsonpath "$.list[0]" not exists
        jsonpath "$.missing.deep" not exists
        jsonpath "$.missing[0]" not exists
        jsonpath "$.objs[9].k" not exists
        """,
        "`exists` looks for an index as a value, and fails where the way there is missing",
    ),
    'json: jsonpath "$.yes" toString == "true"': "true is written True",
    **_all(
        "text",
        """
        regex /(zzz)/ not exists
        regex /^(bye)/ not exists
        regex /(zzz)/ not == "zzz"
        """,
        "a pattern that does not match fails whatever is asked of it",
    ),
    **_all(
        "text",
        r"""
        regex /(\d{4})/ == "2024"
        regex /(\d{4})/ == "2025"
        regex /(\d{4})/ exists
        regex /(\d{4})/ not exists
        regex /\d{4}/ == "2024"
        regex /(\d{4})/ startsWith "20"
        regex /(\d{4})/ toInt == 2024
        """,
        "the pattern is written with escapes that Python has not, and warns of",
    ),
    "version_other": "the version of the status line is not looked at",
    "header_media_type_without_charset": "a media type is compared without its parameters",
    "body_json_type": "true is the number 1",
    "body_file": "the text `file,…;` is expected",
    'x: cookie "sid[Path]"': "an attribute of a cookie is looked for as a cookie of that name",
    "x: body": "no name of a capture: it fails",
    "x: url": "no name of a capture: it fails",
    "x: bytes": "becomes Python's type of that name",
    **dict.fromkeys(
        ("x: regex /(\\d{4})/", 'x: regex "(\\\\d{4})-(\\\\d{2})"'),
        "the module re is not imported for a capture",
    ),
    'x: header "Vary"': "of a header that comes twice the first value counts",
}


def imported(row: Row, folder: Path) -> Outcome:
    """The outcome of a file whose request has the check."""
    text = row.text if row.text.startswith("HTTP") else f"HTTP *\n[Asserts]\n{row.text}"
    path = folder / "checks.hurl"
    path.write_text(f"GET http://localhost:5000/x\n\n{text}\n", "utf-8")
    return by_import(path, ANSWERS[row.answer])


def judged(row: Row, outcome: Outcome) -> str | None:
    """What is wrong with the outcome of a check; None if nothing is."""
    if outcome.error is not None:
        return outcome.error
    if row.is_refused or outcome.refusal is not None:
        is_named = outcome.refusal is not None and outcome.line is not None
        return None if is_named and row.is_refused else f"refused: {outcome.refusal}"
    if not outcome.checks and not row.text.startswith("HTTP *"):
        return "there is no check in the notebook"
    holds = all(outcome.checks)
    return None if holds is row.holds else f"it {'holds' if holds else 'fails'} in the notebook"


def _shown(name: str, found: str | None) -> None:
    if name in KNOWN_DIFFERENCES:
        assert found is not None, f"no longer so, take it out of KNOWN_DIFFERENCES: {KNOWN_DIFFERENCES[name]}"
    else:
        assert found is None


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_check_has_the_verdict_that_hurl_gives(row: Row, tmp_path: Path) -> None:
    _shown(row.name, judged(row, imported(row, tmp_path)))


@pytest.mark.parametrize("name", IMPLICIT)
def test_what_stands_behind_the_request_has_the_verdict_that_hurl_gives(name: str, tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_bytes(ANSWERS["text"].body)
    (tmp_path / "other.txt").write_bytes(b"other")
    _shown(name, judged(IMPLICIT[name], imported(IMPLICIT[name], tmp_path)))


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_capture_has_the_value_that_hurl_gives(capture: str, tmp_path: Path) -> None:
    answer, value = CAPTURES[capture]
    path = tmp_path / "captures.hurl"
    path.write_text(f"GET http://localhost:5000/x\n\nHTTP *\n[Captures]\n{capture}\n", "utf-8")
    outcome = by_import(path, ANSWERS[answer])
    if value is None or outcome.refusal is not None or outcome.error is not None:
        is_so = value is None and outcome.refusal is not None and outcome.line is not None
        found: str | None = None if is_so else f"refused: {outcome.refusal}{outcome.error}"
    else:
        is_so = "x" in outcome.names and outcome.names["x"] == value and type(outcome.names["x"]) is type(value)
        found = None if is_so else f"{value!r} expected, {outcome.names.get('x')!r} came"
    _shown(capture, found)
