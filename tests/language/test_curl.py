"""A curl command line as a request: what is understood, and what is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbmicro.errors import RequestError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.runner.run import run_script
from tests.support.commands import run_command
from tests.support.echo_app import echo_client


def said(curl: str, folder: Path | None = None, **names: object) -> Any:
    """What the app was asked by a curl line."""
    quoted = curl.replace('"', '\\"')
    return run_command(parse_line(f'--curl "{quoted}"'), echo_client(), names, folder=folder).json


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
    script = parse_line("--curl 'curl -sLI -m 2 /x' -q")
    assert script.requests[0].method == "HEAD"
    assert (script.options.follow, script.options.timeout, script.options.quiet) == (True, 2.0, True)


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
        ("curl /x -Z", "curl's -Z is not understood"),
        ("curl /x | jq .", "`|` belongs to the shell"),
        ("curl /x -X 'a b'", "`a b` is no method"),
        ("curl /x -d @-", "reads what a shell hands over"),
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
    """Nothing of a curl line is skipped in silence that would change the request."""
    with pytest.raises(RequestError) as caught:
        said(curl)
    assert message in caught.value.message
    assert caught.value.line == 1


def test_nothing_stands_beside_a_curl_line() -> None:
    """Items beside --curl are refused."""
    with pytest.raises(RequestError, match="`a=1` stands beside --curl"):
        parse_line("--curl 'curl /x' a=1")


CHROME = """\
curl 'http://localhost:5000/x?a=1' \\
  -H 'Accept: */*' \\
  -H 'Accept-Language: en-US,en;q=0.9' \\
  -b 'session=abc; theme=dark' \\
  -H 'Content-Type: application/json' \\
  -H 'Origin: http://localhost:5000' \\
  -H 'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"' \\
  --data-raw $'{"name":"it\\'s \\u0041da\\u0021"}' \\
  --insecure
"""
CHROME_ON_WINDOWS = """\
curl ^"http://localhost:5000/x?a=1^&b=2^" ^
  -H ^"Content-Type: application/json^" ^
  -b ^"session=abc^" ^
  --data-raw ^"^{^\\^"name^\\^":^\\^"Ada^\\^"^}^"
"""
FIREFOX = """\
curl 'http://localhost:5000/x' \\
  -X POST \\
  -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0)' \\
  -H 'Content-Type: multipart/form-data; boundary=----geckoformboundary1' \\
  --data-binary $'------geckoformboundary1\\r\\nContent-Disposition: form-data; \
name="a"\\r\\n\\r\\nb\\r\\n------geckoformboundary1--\\r\\n'
"""


def asked_by_cell(cell: str, line: str = "") -> Any:
    """What the app was asked by the one request of a cell."""
    (exchange,) = run_script(parse_script(line, cell), echo_client(), {})
    return exchange.json


def test_what_chrome_copies_for_bash_may_be_pasted_into_a_cell() -> None:
    """Over several lines, with ANSI-C quotes, cookies and the browser's own headers."""
    asked = asked_by_cell(CHROME)
    assert (asked["method"], asked["query"]) == ("POST", {"a": ["1"]})
    assert json.loads(asked["body"]) == {"name": "it's Ada!"}
    assert asked["headers"]["cookie"] == "session=abc; theme=dark"
    assert asked["headers"]["sec-ch-ua"] == '"Chromium";v="130", "Not?A_Brand";v="99"'


def test_what_chrome_copies_for_windows_may_be_pasted_into_a_cell() -> None:
    """Carets quote, and continue lines."""
    asked = asked_by_cell(CHROME_ON_WINDOWS)
    assert (asked["method"], asked["query"]) == ("POST", {"a": ["1"], "b": ["2"]})
    assert json.loads(asked["body"]) == {"name": "Ada"}


def test_what_firefox_copies_may_be_pasted_into_a_cell() -> None:
    """A multipart body keeps its line ends."""
    asked = asked_by_cell(FIREFOX)
    assert (asked["method"], asked["form"]) == ("POST", {"a": ["b"]})


@pytest.mark.parametrize(
    ("line", "cell"),
    [
        ("", CHROME),
        ("--curl", CHROME),
        ("--curl", f"# from the browser\n{CHROME}"),
        (f"--curl {CHROME.partition(chr(10))[0]}", CHROME.partition("\n")[2]),
    ],
)
def test_a_command_stands_in_a_cell_with_checks_below(line: str, cell: str) -> None:
    """Alone, below `%%http --curl`, or begun on that line; names, checks and further requests as elsewhere."""
    script = parse_script(
        line, f'{cell}\nHTTP 200\n[Asserts]\njson["query"]["a"] == ["1"]\n###\ncurl localhost:5000/y\n'
    )
    first, second = run_script(script, echo_client(), {})
    assert [check.ok for check in first.checks] == [True, True]
    assert second.json["path"] == "/y"


def test_a_command_needs_no_quotes_around_it_in_a_line() -> None:
    """`--curl curl …`: everything behind it is the command, its own quotes included; a final ; is quiet."""
    script = parse_line("""--expect 200 --curl curl -u 'ada:x y' 'http://localhost:5000/x y' -d "it's";""")
    (request,) = script.requests
    assert (request.method, script.options.expect, script.options.quiet) == ("POST", 200, True)
    assert script.options.auth is not None
    assert script.options.auth.source == "ada:x y"
    assert request.body is not None
    assert request.body.content.source == "it's"


@pytest.mark.parametrize(
    ("line", "cell", "place"),
    [
        ("", "curl 'http://localhost/x' \\\n  -H 'A: {{ 1 + }}'\n", (3, 10)),
        ("", "GET /a\n\n###\ncurl /x \\\n --nope\n", (6, 2)),
        ("--curl curl /x --nope", "", (1, 23)),
        ("--curl 'curl /x --nope'", "", (1, 24)),
        ("--curl", "", (1, 8)),
        ("", "curl /x -d 'a\n\nHTTP 200\n", (2, 12)),
        ("", "curl /x -F 'a=<b.txt;encoder=8bit'\n", (2, 13)),
        ("", 'curl /x \\\n -d "a=$TOKEN"\n', (3, 8)),
        ("", "curl /x \\\n -d a=1|jq\n", (3, 8)),
    ],
)
def test_an_error_in_a_command_names_its_place(line: str, cell: str, place: tuple[int, int]) -> None:
    """Line and column in the cell, also behind quotes and on later lines."""
    with pytest.raises(RequestError) as caught:
        parse_script(line, cell)
    assert (caught.value.line, caught.value.column) == place


def test_options_that_cross_networks_or_write_files_change_nothing() -> None:
    """-o, -w, --connect-timeout and the like are skipped with their values."""
    asked = said("curl -o out.json -w '%{http_code}' --connect-timeout 5 --retry 3 -c jar.txt /x --oauth2-bearer tok")
    assert (asked["method"], asked["headers"]["authorization"]) == ("GET", "Bearer tok")


def test_a_file_is_uploaded_as_curl_does(tmp_path: Path) -> None:
    """-T puts the file's content."""
    (tmp_path / "a.txt").write_text("content")
    asked = said("curl -T a.txt /x", tmp_path)
    assert (asked["method"], asked["body"]) == ("PUT", "content")


def test_the_query_may_be_given_apart() -> None:
    """--url-query encodes and joins."""
    assert said("curl '/x?a=1' --url-query 'q=b c'")["query"] == {"a": ["1"], "q": ["b c"]}
