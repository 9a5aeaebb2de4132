"""Requests in other tools' words say what they are, and the cell that sends the same is given."""

from __future__ import annotations

import json

import pytest

from nbmicro.errors import RequestError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.runner.run import run_script
from tests.support.commands import run_command
from tests.support.echo_app import echo_client

CHROME_FETCH = """\
fetch("http://localhost:5000/x?a=1", {
  "headers": {"content-type": "application/json", "x-a": "b"},
  "body": "{\\"name\\":\\"Ada\\"}",
  "method": "POST"
});
"""
CHROME_POWERSHELL = """\
Invoke-WebRequest -UseBasicParsing -Uri "http://localhost:5000/x?a=1" `
-Method "POST" `
-Headers @{
"x-a"="b"
  "accept"="*/*"
} `
-ContentType "application/json" `
-Body "{`"name`":`"Ada`"}"
"""
JSON_FETCH = """\
await fetch('/x?a=1', {
  method: 'POST',
  headers: {'x-a': 'b'},
  body: JSON.stringify({"name": "Ada"}),
})
"""
WGET = """wget --header='Content-Type: application/json' --post-data='{"name":"Ada"}' localhost:5000/x?a=1"""


def given_by(text: str, line: str = "") -> str:
    """The cell of the hint."""
    with pytest.raises(RequestError) as caught:
        parse_script(line, text)
    hint = caught.value.hint or ""
    assert hint.startswith("Here it is")
    return hint.removeprefix("Here it is").strip()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (CHROME_FETCH, "JavaScript"),
        (CHROME_POWERSHELL, "PowerShell"),
        (JSON_FETCH, "JavaScript"),
        (WGET, "wget"),
    ],
)
def test_the_cell_that_is_given_sends_the_request(text: str, what: str) -> None:
    """Method, path, headers and body, below `%%http` and on its line."""
    with pytest.raises(RequestError, match=what):
        parse_script("", text)
    first, _, rest = text.partition("\n")
    cell = given_by(text)
    assert given_by(rest, first) == cell
    assert cell.startswith("%%http\n")
    (exchange,) = run_script(parse_script("", cell.removeprefix("%%http\n")), echo_client(), {})
    asked = exchange.json
    assert (asked["method"], asked["path"], asked["query"]) == ("POST", "/x", {"a": ["1"]})
    assert json.loads(asked["body"]) == {"name": "Ada"}
    assert asked["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("http POST localhost:5000/x name=Ada", "%http POST localhost:5000/x name=Ada"),
        ("https -f localhost/x a=b", "%http -f localhost/x a=b"),
        ("$ http :5000/x", "%http :5000/x"),
        ("wget http://localhost:5000/x?a=1", "%http /x?a=1"),
    ],
)
def test_one_line_is_given_where_one_does(text: str, line: str) -> None:
    assert given_by(text) == line
    with pytest.raises(RequestError) as caught:
        parse_line(text)
    assert caught.value.hint == f"Here it is  {line}"
    assert run_command(parse_line(line.removeprefix("%http ")), echo_client(), {}).json["path"] == "/x"


@pytest.mark.parametrize("words", ["sudo", "time", "TOKEN=abc", "env A=b"])
def test_words_in_front_of_curl_are_named(words: str) -> None:
    with pytest.raises(RequestError, match=f"`{words}` stands in front of curl"):
        parse_script("", f"{words} curl http://localhost:5000/x")


@pytest.mark.parametrize("line", ["--curl curl", "curl", "$ curl", "curl.exe"])
def test_a_command_may_begin_on_the_line_of_the_magic(line: str) -> None:
    """Over several lines; `--curl` may be left out."""
    script = parse_script(f"{line} -X PUT http://localhost:5000/x \\", "  -H 'X-A: b' \\\n  -d a=1\n\nHTTP 200\n")
    (exchange,) = run_script(script, echo_client(), {})
    assert (exchange.json["method"], exchange.json["headers"]["x-a"], exchange.json["form"]) == (
        "PUT",
        "b",
        {"a": ["1"]},
    )
    assert [check.ok for check in exchange.checks] == [True]


def test_a_line_that_is_a_command_needs_no_option() -> None:
    assert run_command(parse_line("curl -d a=1 http://localhost:5000/x"), echo_client(), {}).json["form"] == {
        "a": ["1"]
    }
