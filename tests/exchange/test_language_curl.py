"""A curl command line as a request: what is understood, and what is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbmicro.errors import RequestError
from nbmicro.exchange.items import parse_line
from nbmicro.exchange.run import run_line, run_script
from nbmicro.exchange.script import parse_script
from tests.exchange.echo_app import echo_client


def said(curl: str, folder: Path | None = None, **names: object) -> Any:
    """What the app was asked by a curl line."""
    quoted = curl.replace('"', '\\"')
    return run_line(parse_line(f'--curl "{quoted}"'), echo_client(), names, folder=folder).json


def test_a_url_alone_is_a_get() -> None:
    """With or without the word curl, the scheme, and quotes."""
    for curl in ("curl http://localhost:5000/x", "localhost:5000/x", "curl 'http://127.0.0.1/x'", "curl /x"):
        assert (said(curl)["method"], said(curl)["path"]) == ("GET", "/x")


def test_a_line_copied_from_a_browser_is_understood() -> None:
    """Method, headers, cookies, JSON data, and the options that change nothing in process."""
    asked = said(
        "curl 'http://localhost:5000/x?a=1' -X 'PUT' -H 'Content-Type: application/json' -H 'X-Empty;' -b 'a=b' "
        """--data-raw '{"name": "Ada"}' --compressed --insecure -sS"""
    )
    assert (asked["method"], asked["query"]) == ("PUT", {"a": ["1"]})
    assert json.loads(asked["body"]) == {"name": "Ada"}
    assert (asked["headers"]["cookie"], asked["headers"]["x-empty"]) == ("a=b", "")


def test_data_are_a_form_as_curl_sends_them() -> None:
    """-d joins with &, --data-urlencode encodes, -G makes a query of them."""
    assert said("curl /x -d a=1 -d 'b=c d'")["form"] == {"a": ["1"], "b": ["c d"]}
    assert said("curl /x --data-urlencode 'q=a&b c'")["form"] == {"q": ["a&b c"]}
    asked = said("curl -G /x -d a=1 --data-urlencode 'q=a&b'")
    assert (asked["method"], asked["query"]) == ("GET", {"a": ["1"], "q": ["a&b"]})


def test_json_is_json() -> None:
    """--json names the type, and what is accepted."""
    asked = said("""curl /x --json '{"a": 1}'""")
    assert (asked["method"], asked["body"], asked["headers"]["content-type"]) == (
        "POST",
        '{"a": 1}',
        "application/json",
    )
    assert asked["headers"]["accept"] == "application/json"


def test_forms_and_files_are_multipart(tmp_path: Path) -> None:
    """-F sends fields and files, -d @file the content of a file."""
    (tmp_path / "a.png").write_text("pixels")
    asked = said("curl /x -F name=Ada -F 'photo=@a.png;type=image/gif'", tmp_path)
    assert (asked["form"], asked["files"]) == ({"name": ["Ada"]}, {"photo": ["a.png", "image/gif", "pixels"]})
    assert said("curl /x -H 'Content-Type: text/plain' --data-binary @a.png", tmp_path)["body"] == "pixels"


def test_the_other_options_have_their_meaning() -> None:
    """-u, -A, -e, -I, joined values, --option=value, -m and -L."""
    asked = said("curl -uada:secret -A agent -e http://localhost/ --header='X-A: 1' --url /x")
    assert asked["headers"]["authorization"] == "Basic YWRhOnNlY3JldA=="
    assert (asked["headers"]["user-agent"], asked["headers"]["referer"]) == ("agent", "http://localhost/")
    assert asked["headers"]["x-a"] == "1"
    parsed = parse_line("--curl 'curl -sLI -m 2 /x' -q")
    assert (parsed.method, parsed.options.follow, parsed.options.timeout, parsed.options.quiet) == (
        "HEAD",
        True,
        2.0,
        True,
    )


def test_blanks_are_filled() -> None:
    """`{{ }}` means the same as on any line."""
    assert said("curl /x/{{uid}} -H 'X-A: {{ token }}'", uid="a/b", token="t")["path"] == "/x/a/b"


def test_a_cell_may_begin_with_a_curl_line() -> None:
    """`%%http --curl '…'` has checks below it."""
    script = parse_script("--curl 'curl -d a=1 /x'", '# @name sent\nHTTP 200\n[Asserts]\njson["form"]["a"] == ["1"]\n')
    (exchange,) = run_script(script, echo_client(), {})
    assert [result.ok for result in exchange.checks] == [True, True]


@pytest.mark.parametrize(
    ("curl", "message"),
    [
        ("curl", "has no URL"),
        ("curl /x --proxy http://p", "curl's --proxy is not understood"),
        ("curl /x -o out", "curl's -o is not understood"),
        ("curl /x /y", "`/y` is a second URL"),
        ("curl https://api.example.com/x", "is not this app"),
        ("curl api.example.com/x", "is not this app"),
        ("curl /x -H", "--header needs a value"),
        ("curl /x -H nonsense", "`nonsense` is not a header"),
        ("curl /x -d a=1 -F b=2", "both -d and -F"),
        ("curl /x -b cookies.txt", "names a cookie file"),
        ("curl /x -m soon", "is no number of seconds"),
        ("curl 'http://localhost/x", "cannot be read"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(curl: str, message: str) -> None:
    """Nothing of a curl line is passed over in silence that would change the request."""
    with pytest.raises(RequestError) as caught:
        said(curl)
    assert message in caught.value.message
    assert caught.value.line == 1


def test_nothing_stands_beside_a_curl_line() -> None:
    """Items beside --curl are refused."""
    with pytest.raises(RequestError, match="`a=1` stands beside --curl"):
        parse_line("--curl 'curl /x' a=1")
