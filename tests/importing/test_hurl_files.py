"""What Hurl expects of a response stands in the notebook with the same meaning, or is named by its line."""

from __future__ import annotations

from typing import Any

import pytest

from nbmicro.importing.environments import GivenValue
from nbmicro.importing.import_file import ImportedFile, import_file

REQUEST = "GET http://localhost:5000/x\n"


def import_hurl(text: str, **more: Any) -> ImportedFile:
    return import_file(text, is_hurl=True, **more)


def taken(text: str) -> tuple[str, ImportedFile]:
    """The text of the only request, from its status line on, and the file."""
    file = import_hurl(f"{REQUEST}{text}")
    (request,) = file.requests
    return request.text.removeprefix(REQUEST), file


def test_a_header_whose_parameters_would_be_ignored_becomes_a_check() -> None:
    text, file = taken("HTTP 200\nContent-Type: text/html\nX-A: 1\n[Asserts]\nstatus == 200\n")
    assert text == 'HTTP 200\nX-A: 1\n[Asserts]\nheaders["Content-Type"] == "text/html"\nstatus == 200'
    assert [note.line for note in file.notes] == [3]


@pytest.mark.parametrize(
    "line", ["Content-Type: application/json", "Content-Type: text/html; charset=utf-8", "Content-Type: {{ type }}"]
)
def test_a_header_that_is_compared_whole_stays(line: str) -> None:
    """JSON has no parameters that mean something."""
    assert taken(f"HTTP 200\n{line}\n")[0] == f"HTTP 200\n{line}"


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("hex,00ff;", 'response.body == bytes.fromhex("00ff")'),
        ("base64,AP8=;", 'response.body == bytes.fromhex("00ff")'),
        ("hex,\n00\nff;", 'response.body == bytes.fromhex("00ff")'),
        ("`a\\\\b`", 'text == "a\\\\b"'),
        ("```a```", 'text == "a"'),
        ("`{{who}}!`", 'text == f"{who}!"'),
    ],
)
def test_a_body_of_bytes_or_of_one_line_becomes_a_check(body: str, check: str) -> None:
    """It is compared as bytes, and to the last line break."""
    for before in ("", "X-A: 1\n", "X-A: 1\n\n"):
        assert taken(f"HTTP 200\n{before}{body}\n")[0].split("\n")[-2:] == ["[Asserts]", check]


def test_a_body_of_xml_is_put_into_fences() -> None:
    text, _ = taken("HTTP 200\n<a>\n\n  <b/>\n</a>\n\n# next\nGET http://localhost:5000/y\n".partition("GET")[0])
    assert text == "HTTP 200\n\n```\n<a>\n\n  <b/>\n</a>\n```\n\n# next"


def test_the_checks_of_one_response_do_not_reach_the_next() -> None:
    file = import_hurl(
        f"{REQUEST}HTTP 200\nContent-Type: text/css\n\n# second\n{REQUEST}HTTP 201\n[Asserts]\nstatus > 1\n"
    )
    first, second = file.requests
    assert first.text.endswith('HTTP 200\n[Asserts]\nheaders["Content-Type"] == "text/css"')
    assert second.text.endswith(f"{REQUEST}HTTP 201\n[Asserts]\nstatus > 1")


@pytest.mark.parametrize("version", ["HTTP/2", "HTTP/1.0", "HTTP/3"])
def test_a_version_is_named_as_not_checked_and_the_status_is(version: str) -> None:
    text, file = taken(f"{version} 201\n[Asserts]\nstatus > 1\n")
    assert text == "HTTP 201\n[Asserts]\nstatus > 1"
    assert [(note.line, note.kept) for note in file.notes] == [(2, (f"{version} 201",))]


def test_what_stands_in_a_body_is_no_check() -> None:
    """The last line break is part of it."""
    body = '[Asserts]\nversion == "1.1"\nHTTP/2 200\n'
    text, file = taken(f"HTTP 200\n```\n{body}```\n")
    assert text == f"HTTP 200\n```\n{body}\n```"
    assert file.notes == ()


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("```\na\nb\n```", "```\na\nb\n\n```"),
        ("```\na\nb```", "```\na\nb\n```"),
        ("```\n```", "```\n```"),
        ("```json\n[1]\n``` # all", "```json\n[1]\n\n```"),
        ("```a```", "```\na\n```"),
        ("``````", "```\n\n```"),
        ("`a {{who}} \\#1\\n`", "```\na {{who}} #1\n\n```"),
        ("<a>\n <b/>\n</a>", "\n```xml\n<a>\n <b/>\n</a>\n```"),
        ("base64,YW\nJj;", "\n{{ __import__('base64').b64decode('YWJj') }}"),
    ],
)
def test_a_body_is_sent_as_hurl_sends_it(body: str, written: str) -> None:
    """In fences the last line break is sent; the other kinds need none to be read."""
    file = import_hurl(f"POST http://localhost:5000/x\n{body}\nHTTP 200\n")
    lines = file.requests[0].text.split("\n")
    assert [line for line in lines if line][:1] == ["POST http://localhost:5000/x"]
    assert "\n".join(lines[1:]).removesuffix("\n").removesuffix("HTTP 200").removesuffix("\n").rstrip(
        "\n"
    ) == written.rstrip("\n")


def test_a_request_that_hurl_does_not_send_is_left_out() -> None:
    text = (
        f'# first\n{REQUEST}[Options]\nskip: true\nHTTP/2 200\n[Asserts]\nversion == "2"\n\n# second\n'
        "GET http://localhost:5000/y\n[Options]\nskip: false\nHTTP 200\n"
    )
    file = import_hurl(text)
    left_out, sent = file.requests
    assert (left_out.line, left_out.text) == (2, "")
    assert sent.text == "# second\nGET http://localhost:5000/y\n[Options]\nHTTP 200"
    first, _ = file.notes
    assert first.kept == tuple(text.split("\n")[1:7])
    assert "skip: true" in first.text


def test_options_that_change_the_request_are_taken_over() -> None:
    text, _ = taken("X-A: 1\n[Options]\nheader: X-B: 2\nlocation-trusted: true\nHTTP/* 200\n")
    assert text == "X-B: 2\nX-A: 1\n[Options]\nlocation: true\nHTTP 200"


def test_a_value_over_several_lines_is_a_text() -> None:
    text, _ = taken('HTTP 200\n[Asserts]\nbody == ```\na "b"\nc\n``` # all\nstatus > 1\n')
    assert text == 'HTTP 200\n[Asserts]\ntext == "a \\"b\\"\\nc\\n"  # all\nstatus > 1'


def test_python_among_the_checks_stays() -> None:
    checks = "[Asserts]\nurl == address\nbody == wanted\nversion\nlen(json) == (\n  1 +\n  2)\nstatus == 200  # fine"
    assert taken(f"HTTP 200\n{checks}\n")[0] == f"HTTP 200\n{checks}"


@pytest.mark.parametrize(
    "text", ['version == "1.1"', 'ip == "127.0.0.1"', "rawbytes == hex,00;", 'url == "http://a.example/b"']
)
def test_a_query_that_a_response_has_no_value_for_is_taken_out_with_its_reason(text: str) -> None:
    """Python would read it, with a name that nothing gives."""
    file = import_hurl(f"{REQUEST}HTTP 200\n[Asserts]\n{text}\nstatus > 1\n")
    assert file.requests[0].text.endswith("[Asserts]\nstatus > 1")
    ((line, kept, hint),) = [(note.line, note.kept, note.hint) for note in file.notes]
    assert (line, kept) == (4, (text,))
    assert hint


def test_names_that_a_check_reads_are_given_a_value() -> None:
    """By the environment, or by the reader: the placeholder that named them is gone."""
    text = f'{REQUEST}HTTP 200\n[Asserts]\njsonpath "$.a" == "{{{{who}}}}"\njsonpath "$.b" == {{{{count}}}}\n'
    file = import_hurl(text, environment={"who": GivenValue("Ada", "dev.json", is_secret=False)})
    assert list(file.given) == ["who"]
    assert file.unknown == (("count", 5),)


def test_modules_that_a_check_or_capture_needs_are_imported() -> None:
    file = import_hurl(f"{REQUEST}HTTP 200\n[Captures]\nsum: sha256\n[Asserts]\nbody matches /a/\n")
    assert file.modules == ("hashlib", "re")
