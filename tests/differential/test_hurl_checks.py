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
            ("Set-Cookie", 'quoted="q"'),
            ("Set-Cookie", "sid=second; Domain=example.com"),
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
    "flags": [True, False],
    "day": "2024-05-01",
    "no_month": "2024-13-01T10:00:00Z",
    "leap": "1990-12-31T23:59:60Z",
    "uuid": "01cc0f54-8885-4a1d-9121-ae5d316a33c5",
    "split_uuid": "01cc-0f5488854a1d9121ae5d316a33c5",
    "v4": "192.0.2.1",
    "v6": "2001:db8::1",
    "line": "one\n",
    "price_text": "$1.50",
    "spaced": " 42",
    "encoded": "a%20b+%C3%A9",
    "escaped": "a &gt; b &#233;",
    "inner": '{"a": [1, 2]}',
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
    "version_other": Row("text", "HTTP/2 201", False, True),
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
    "body_fence_without_its_line_break": Row("text", "HTTP 201\n```\nHello 2024-05-01!\nbye```", True),
    "body_fence_with_a_line_break_more": Row("text", "HTTP 201\n```\nHello 2024-05-01!\nbye\n\n```", False),
    "body_fence_on_one_line": Row("empty", "HTTP 201\n``````", True),
    "body_fence_on_one_line_other": Row("text", "HTTP 201\n```Hello```", False),
    "value_over_lines": Row("text", "HTTP 201\n[Asserts]\nbody == ```\nHello 2024-05-01!\nbye\n``` # all", True),
    "value_over_lines_other": Row("text", "HTTP 201\n[Asserts]\nbody == ```\nHello 2024-05-01!\nbye```", False),
    "body_line": Row("bytes", "HTTP 201\n`x`", False),
    "body_json": Row("list", 'HTTP 201\n[{"id": 1}, {"id": 2}]', True),
    "body_json_other": Row("list", 'HTTP 201\n[{"id": 1}]', False),
    "body_json_type": Row("list", 'HTTP 201\n[{"id": true}, {"id": 2}]', False),
    "body_json_text": Row("list", 'HTTP 201\n[{"id": "1"}, {"id": 2}]', False),
    "body_behind_the_checks": Row("list", 'HTTP 201\n[Asserts]\nstatus == 201\n[\n{"id": 1},\n{"id": 2}]', True),
    "body_behind_the_checks_other": Row("list", 'HTTP 201\n[Asserts]\nstatus == 201\n[{"id": 1}]', False),
    "fence_behind_the_checks": Row(
        "text", "HTTP 201\n[Asserts]\nstatus == 201\n\n```\nHello 2024-05-01!\nbye\n```", True
    ),
    "fence_behind_the_checks_other": Row("text", "HTTP 201\n[Asserts]\nstatus == 201\n\n```\nHello\n```", False),
    "bytes_behind_the_captures": Row("text", "HTTP 201\n[Captures]\nx: status\nhex,00;", False),
    "body_xml": Row("html", "HTTP 201\n<html><body><h1>Hi</h1><p>a</p><p>b</p></body></html>", True),
    "body_xml_other": Row("html", "HTTP 201\n<html><body><h1>Ho</h1></body></html>", False),
    "body_file": Row("text", "HTTP 201\nfile,hello.txt;", True, True),
    "body_file_other": Row("text", "HTTP 201\nfile,other.txt;", False, True),
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
    "x: url": ("text", None),
    'x: header "Vary"': ("json", ["Accept", "Cookie"]),
    'x: jsonpath "$.name" replace "A" "E"': ("json", "Eda"),
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


#: What Hurl's manual (Asserting Response, Filters) has, and nbmicro too.
QUERIES = "status header cookie body bytes jsonpath regex sha256 md5 duration"
PREDICATES = (
    "== != > >= < <= startsWith endsWith contains includes matches exists isEmpty isInteger isFloat isNumber isBoolean "
    "isString isCollection isList isObject isDate isIsoDate isUuid isIpv4 isIpv6 equals notEquals greaterThan "
    "greaterThanOrEquals lessThan lessThanOrEquals"
)
FILTERS = (
    "count first last nth split replace regex jsonpath toInt toFloat toString toHex base64Decode base64Encode "
    "urlEncode urlDecode htmlEscape htmlUnescape"
)
#: What it has, and nbmicro has not: each is rejected.
REJECTED = (
    "version url ip xpath variable certificate redirects rawbytes decode charsetDecode utf8Decode utf8Encode "
    "base64UrlSafeDecode base64UrlSafeEncode toDate format dateFormat daysAfterNow daysBeforeNow replaceRegex "
    "urlQueryParam location"
)


@pytest.mark.parametrize("name", f"{QUERIES} {PREDICATES} {FILTERS}".split())
def test_of_each_query_predicate_and_filter_one_check_holds_and_one_fails(name: str) -> None:
    verdicts = {row.holds for row in ROWS if name in _words(row) and not row.is_refused}
    assert verdicts == {True, False}


@pytest.mark.parametrize("name", REJECTED.split())
def test_what_nbmicro_has_not_is_rejected_wherever_it_stands(name: str) -> None:
    rows = [row for row in ROWS if name in _words(row)]
    assert rows
    assert all(row.is_refused for row in rows)


def _words(row: Row) -> set[str]:
    """The words and operators of a check outside its texts and patterns."""
    return set(re.sub(r'"(?:[^"\\]|\\.)*"|`[^`]*`| /(?:[^/\\]|\\.)*/|#.*', " ", row.text).split())


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_check_has_the_verdict_that_hurl_gives(row: Row, tmp_path: Path) -> None:
    assert judged(row, imported(row, tmp_path)) is None


@pytest.mark.parametrize("name", IMPLICIT)
def test_what_stands_behind_the_request_has_the_verdict_that_hurl_gives(name: str, tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_bytes(ANSWERS["text"].body)
    (tmp_path / "other.txt").write_bytes(b"other")
    assert judged(IMPLICIT[name], imported(IMPLICIT[name], tmp_path)) is None


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_capture_has_the_value_that_hurl_gives(capture: str, tmp_path: Path) -> None:
    answer, value = CAPTURES[capture]
    path = tmp_path / "captures.hurl"
    path.write_text(f"GET http://localhost:5000/x\n\nHTTP *\n[Captures]\n{capture}\n", "utf-8")
    outcome = by_import(path, ANSWERS[answer])
    assert outcome.error is None
    if value is None:
        assert outcome.refusal is not None
        assert outcome.line is not None
        return
    assert outcome.refusal is None
    assert outcome.names["x"] == value
    assert type(outcome.names["x"]) is type(value)
