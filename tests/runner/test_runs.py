"""Running: what is sent, what becomes a name, which checks hold, and what is said when they do not."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any

import pytest

from nbmicro.client.client import Client
from nbmicro.errors import CheckFailed, RequestError
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import CheckResult
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script, read_file
from nbmicro.runner.checks import raise_for_checks
from nbmicro.runner.run import run_script
from tests.support.apps import answering
from tests.support.commands import run_command
from tests.support.echo_app import echo_client

CREATE = """\
# @name create
POST /users
Content-Type: application/json

{"name": {{ name }}}

HTTP 201
Location: /users/1
[Captures]
uid: json["id"]
[Asserts]
json["name"] == "Ada"     # keep the capital
"""


def run(body: str, line: str = "", **names: object) -> list[Exchange]:
    return run_script(parse_script(line, body), echo_client(), names)


def check(expression: str, target: str = "/text", **names: object) -> CheckResult:
    """The result of one check."""
    (exchange,) = run(f"GET {target}\n[Asserts]\n{expression}\n", **names)
    (result,) = exchange.checks
    return result


def failure(body: str, **names: object) -> str:
    exchanges = run(body, **names)
    with pytest.raises(CheckFailed) as caught:
        raise_for_checks(exchanges)
    return str(caught.value)


def test_a_line_is_sent_and_its_exchange_comes_back() -> None:
    """Items become JSON, headers, query; the exchange is in the client's history and was announced."""
    client = echo_client()
    shown: list[tuple[Exchange, tuple[str, ...] | None]] = []
    parsed = parse_line("PUT /x name=Ada age:=36 X-Token:abc page==2 --show headers")
    exchange = run_command(parsed, client, {}, announce=lambda exchange, parts: shown.append((exchange, parts)))
    assert exchange.json["method"] == "PUT"
    assert json.loads(exchange.json["body"]) == {"name": "Ada", "age": 36}
    assert exchange.json["headers"]["x-token"] == "abc"
    assert exchange.json["query"] == {"page": ["2"]}
    assert shown == [(exchange, ("headers",))]
    assert list(client.history) == [exchange]


def test_a_quiet_line_is_not_announced() -> None:
    """`-q` and a final `;` send all the same."""
    client = echo_client()
    client.on_exchange = lambda exchange: pytest.fail("announced")
    assert run_command(parse_line("/x;"), client, {}).status == 200
    assert len(client.history) == 1


def test_without_an_announcer_the_client_hears_of_it() -> None:
    """The client's own on_exchange is told, once, of the exchange with its checks."""
    client = echo_client()
    heard: list[Exchange] = []
    client.on_exchange = heard.append
    exchange = run_command(parse_line("/x --expect 200"), client, {})
    assert heard == [exchange]
    assert [result.ok for result in exchange.checks] == [True]


def test_options_of_a_line_reach_the_request() -> None:
    """-a, -F, -f, --reset."""
    client = echo_client()
    assert (
        run_command(parse_line("/x -a ada:secret"), client, {}).json["headers"]["authorization"]
        == "Basic YWRhOnNlY3JldA=="
    )
    assert run_command(parse_line("/go"), client, {}).status == 303
    assert run_command(parse_line("/go -F"), client, {}).json["path"] == "/there"
    assert run_command(parse_line("/x -f a=1 b=2"), client, {}).json["form"] == {"a": ["1"], "b": ["2"]}
    run_command(parse_line("/text"), client, {})
    assert run_command(parse_line("/x"), client, {}).json["headers"]["cookie"] == "theme=dark"
    assert "cookie" not in run_command(parse_line("/x --reset"), client, {}).json["headers"]


def test_a_lone_reset_empties_the_jar_and_sends_nothing() -> None:
    """`%http --reset` has no exchange."""
    client = echo_client()
    run_command(parse_line("/text"), client, {})
    assert run_command(parse_line("--reset"), client, {}) is None
    assert (len(client.cookies), len(client.history)) == (0, 1)


def test_files_are_sent(tmp_path: Path) -> None:
    """photo@a.png makes the form multipart; =@ and :=@ read a file's content."""
    (tmp_path / "a.png").write_text("pixels")
    (tmp_path / "bio.txt").write_text("born 1815")
    (tmp_path / "t.json").write_text('["x"]')
    client = echo_client()
    sent = run_command(parse_line("/x photo@a.png name=Ada"), client, {}, folder=tmp_path).json
    assert sent["files"] == {"photo": ["a.png", "image/png", "pixels"]}
    assert sent["form"] == {"name": ["Ada"]}
    typed = run_command(parse_line("/x 'photo@a.png;type=text/plain'"), client, {}, folder=tmp_path).json
    assert typed["files"] == {"photo": ["a.png", "text/plain", "pixels"]}
    read = run_command(parse_line("/x bio=@bio.txt tags:=@t.json"), client, {}, folder=tmp_path).json
    assert json.loads(read["body"]) == {"bio": "born 1815", "tags": ["x"]}
    with pytest.raises(RequestError, match=r"line 1, column 15: the file .*no\.txt cannot be read: No such file"):
        run_command(parse_line("/x bio=@no.txt"), client, {}, folder=tmp_path)


def test_bodies_of_cells_may_be_files(tmp_path: Path) -> None:
    """`<` sends the bytes, `<@` fills the blanks; [Multipart] and a multipart body by hand name files as well."""
    (tmp_path / "a.json").write_text('{"a": "{{ n }}"}')
    client = echo_client()

    def sent(body: str) -> Any:
        return run_script(parse_script("", body), client, {"n": 5}, folder=tmp_path)[0].json

    plain = sent("POST /x\n\n< ./a.json\n")
    assert (plain["body"], plain["headers"]["content-type"]) == ('{"a": "{{ n }}"}', "application/json")
    assert sent("POST /x\n\n<@ ./a.json\n")["body"] == '{"a": "5"}'
    multipart = sent("POST /x\n[Multipart]\nname: {{ n }}\nfile: file,a.json; text/plain\n")
    assert multipart["files"] == {"file": ["a.json", "text/plain", '{"a": "{{ n }}"}']}
    assert multipart["form"] == {"name": ["5"]}
    by_hand = (
        "POST /x\nContent-Type: multipart/form-data; boundary=b\n\n--b\nContent-Disposition: form-data; "
        'name="f"; filename="a.json"\n\n< ./a.json\n--b--\n'
    )
    assert sent(by_hand)["files"]["f"][2] == '{"a": "{{ n }}"}'


def test_a_multipart_form_needs_no_file() -> None:
    """[Multipart] is multipart without files as well, and a Content-Type without a boundary gets one."""
    (exchange,) = run("POST /x\nContent-Type: multipart/form-data\n[Multipart]\na: 1\n")
    assert exchange.json["form"] == {"a": ["1"]}
    assert exchange.json["headers"]["content-type"].startswith("multipart/form-data; boundary=")


def test_basic_credentials_are_encoded_as_rest_client_does() -> None:
    """`Basic ada:secret` and `Basic ada secret` become Base64; what is Base64 already stays."""
    for value in ("Basic ada:secret", "Basic ada secret", "basic ada:secret", "Basic YWRhOnNlY3JldA=="):
        assert run(f"GET /x\nAuthorization: {value}\n")[0].json["headers"]["authorization"] == "Basic YWRhOnNlY3JldA=="


def test_the_type_of_a_body_follows_from_its_looks() -> None:
    """JSON and text get their type; one that is written wins, an empty one takes it away."""
    assert run("POST /x\n\n[1]\n")[0].json["headers"]["content-type"] == "application/json"
    assert run("POST /x\n\nHello\n")[0].json["headers"]["content-type"] == "text/plain; charset=utf-8"
    assert run("POST /x\n```\n[1]\n```\n")[0].json["headers"]["content-type"] == "application/json"
    assert run("POST /x\nContent-Type: text/csv\n\n[1]\n")[0].json["headers"]["content-type"] == "text/csv"
    bare = run_command(parse_line("/x a=1 Content-Type:"), echo_client(), {}).json
    assert "content-type" not in bare["headers"]


def test_a_body_that_is_broken_json_is_refused_unless_its_type_is_written() -> None:
    """The place of the fault is named; with a Content-Type it is sent as it is."""
    with pytest.raises(RequestError, match=r"line 5, column 8: the body is not JSON.*\n.*Content-Type") as caught:
        run('POST /x\n\n{\n  "a": Ada}\n')
    assert (caught.value.line, caught.value.column) == (5, 8)
    with pytest.raises(RequestError, match="line 5, column 12: the body is not JSON: a comma stands behind the last"):
        run('POST /x\n\n{\n  "name": 1,\n}\n')
    assert run("POST /x\nContent-Type: application/json\n\n{broken\n")[0].json["body"] == "{broken"


def test_a_cell_runs_in_order_and_captures_feed_the_next() -> None:
    """The second request uses what the first one answered, and both are names of the notebook afterwards."""
    names: dict[str, object] = {"name": "Ada"}
    script = parse_script("", CREATE + "###\nGET /users/{{ uid }}\n")
    create, show = run_script(script, echo_client(), names)
    assert show.json["path"] == "/users/1"
    assert names["uid"] == 1
    assert names["create"] is create
    assert (create.name, create.captures) == ("create", {"uid": 1})
    assert create.response.json == create.json
    assert [(result.text, result.ok) for result in create.checks] == [
        ("HTTP 201", True),
        ("Location", True),
        ('json["name"] == "Ada"', True),
    ]
    raise_for_checks([create, show])


def test_a_failed_check_is_reported_with_line_and_sides() -> None:
    """The text of a failure: request, how many of how many, line, check, what came, what was expected, its comment."""
    assert failure(CREATE, name="ada") == (
        "create, POST /users: 1 of 3 checks failed\n"
        "    line 13   json[\"name\"] == \"Ada\"     got 'ada', expected 'Ada'     # keep the capital"
    )


def test_a_failed_check_stops_the_cell() -> None:
    """What stands behind it builds on it, and is not sent; what was captured is bound all the same."""
    names: dict[str, object] = {"name": "ada"}
    client = echo_client()
    exchanges = run_script(parse_script("", CREATE + "###\nGET /x\n"), client, names)
    assert (len(exchanges), len(client.history), names["uid"]) == (1, 1, 1)
    with pytest.raises(CheckFailed, match="1 request behind it was not sent"):
        raise_for_checks(exchanges, unsent=1)


def test_exchanges_are_announced_complete_and_before_a_later_error() -> None:
    """Each is shown with its checks as soon as it is done, also when a later request cannot be made."""
    shown: list[str] = []
    cell = "# @show headers\nGET /x\nHTTP 200\n###\nGET /y/{{ {}['a'] }}\n"
    with pytest.raises(RequestError):
        run_script(
            parse_script("", cell),
            echo_client(),
            {},
            announce=lambda exchange, parts: shown.append(f"{exchange.request.target} {parts} {len(exchange.checks)}"),
        )
    assert shown == ["/x ('headers',) 1"]


def test_a_status_that_differs_fails() -> None:
    """`HTTP 201` and --expect are checks; `HTTP *` is none."""
    assert failure("GET /text\nHTTP 404\n") == (
        "GET /text: 1 of 1 check failed\n    line 3   HTTP 404     got 200, expected 404"
    )
    exchange = run_command(parse_line("/text --expect 201"), echo_client(), {})
    with pytest.raises(CheckFailed, match=r"line 1   --expect 201     got 200, expected 201"):
        raise_for_checks(exchange)
    assert run("GET /text\nHTTP *\n")[0].checks == ()
    (by_option,) = run("GET /text\n", "--expect 201")
    assert [(result.text, result.ok) for result in by_option.checks] == [("--expect 201", False)]


def test_expected_headers_are_checks() -> None:
    """Equal, whatever the name's case; a Content-Type fits with or without parameters; a missing one is said."""
    cell = "GET /text\nHTTP 200\nx-token: {{ token }}\nContent-Type: text/plain\nX-No: 1\n"
    (exchange,) = run(cell, token="abc")
    assert [result.ok for result in exchange.checks] == [True, True, True, False]
    assert exchange.checks[3].actual == "no such header"
    (other,) = run("GET /text\nHTTP 200\nX-Token: abd\nContent-Type: text/plain; charset=latin1\n")
    assert [(result.text, result.expected, result.actual) for result in other.checks if not result.ok] == [
        ("X-Token", "'abd'", "'abc'"),
        ("Content-Type", "'text/plain; charset=latin1'", "'text/plain; charset=utf-8'"),
    ]


def test_an_expected_body_is_a_check() -> None:
    """JSON is compared as JSON, text as text (a last line end apart), with blanks filled."""
    users = 'POST /users\n\n{"name": "Ada"}\n\nHTTP 201\n\n'
    assert run(users + '{"name": {{ n }},\n "id": {{ uid }}}\n[Captures]\nuid: json["id"]\n', n="Ada")[0].checks[1].ok
    assert not run(users + '{"id": 2}\n')[0].checks[1].ok
    assert run("GET /text\nHTTP 200\n\nHello, {{ n }}!\n", n="Ada")[0].checks[1].ok
    assert run("GET /text\nHTTP 200\n\n```\nHello\n```\n")[0].checks[1] == CheckResult(
        "body", False, 5, "'Hello'", "'Hello, Ada!\\n'"
    )


@pytest.mark.parametrize(
    ("expression", "expected", "actual"),
    [
        ("status == 201", "201", "200"),
        ("201 == status", "201", "200"),
        ("status != 200", "!= 200", "200"),
        ("status > 200", "> 200", "200"),
        ("300 < status", "> 300", "200"),
        ("100 < status < 200", "< 200", "200"),
        ("status in (201, 204)", "one of (201, 204)", "200"),
        ("'Eve' in text", "'Eve' in it", "'Hello, Ada!\\n'"),
        ("'Ada' not in text", "'Ada' not in it", "'Hello, Ada!\\n'"),
        ("headers['X-Token'] == 'abd'", "'abd'", "'abc'"),
        ("len(cookies) == 2", "2", "1"),
        ("response.status == 200 and text == ''", "''", "'Hello, Ada!\\n'"),
        ("not text", "something false", "'Hello, Ada!\\n'"),
        ("text.startswith('Bye')", "something true", "False"),
        ("json is not None", "is not None", "None"),
        ("json['id'] == 1", None, "text/plain, which is not JSON"),
        ("headers['X-No'] == 1", None, "KeyError: 'X-No'"),
        ("status == wanted", "404", "200"),
        ("thing == 1", "1", "<thing>"),
        ("response.hurl.header('X-No').exists()", None, "nothing"),
        ("not response.hurl.header('X-Token').exists()", None, "'abc'"),
        ("response.hurl.header('X-Token').starts_with('b')", None, "'abc'"),
        ("response.hurl.header('X-Token') == 'b'", "'b'", "'abc'"),
        ("response.hurl.header('X-Token').count() == 1", None, "TypeError: how many they are was asked of 'abc'"),
        ("not response.hurl.header('X-Token').includes('b')", None, "TypeError: an element was asked of 'abc'"),
    ],
)
def test_a_failed_comparison_shows_both_sides(expression: str, expected: str | None, actual: str) -> None:
    """The written-out side is the expected one, whichever side it stands on; an exception is what came."""

    class Thing:
        def __repr__(self) -> str:
            return "<thing>"

    result = check(expression, wanted=404, thing=Thing())
    assert (result.ok, result.expected, result.actual) == (False, expected, actual)


def test_sides_are_evaluated_once() -> None:
    """A check that counts its calls counts one."""
    calls: list[int] = []

    def count() -> int:
        calls.append(1)
        return len(calls)

    assert check("1 <= count() <= 1", count=count).ok
    assert calls == [1]


def test_the_answers_names_win_over_the_notebooks() -> None:
    """A notebook that has imported json or has a variable `status` still checks the answer."""
    (exchange,) = run(
        'POST /users\n\n{}\n\n[Asserts]\njson["id"] == 1\nstatus == 201\ntext\n', json=json, status=5, text=""
    )
    assert [result.ok for result in exchange.checks] == [True, True, True]


def test_checks_see_captures_and_the_requests_own_name() -> None:
    """What this request captured can be checked at once."""
    cell = (
        '# @name made\nPOST /users\n\n{}\n\n[Captures]\nuid: json["id"]\n[Asserts]\nuid == 1\nmade.json["id"] == uid\n'
    )
    (exchange,) = run(cell)
    assert [result.ok for result in exchange.checks] == [True, True]


def test_a_value_in_a_message_has_no_address_and_an_end() -> None:
    """Same input, same output: no memory address, and never more than a line or two."""
    result = check("thing == 1", thing=object())
    assert result.actual == "<object object>"
    long = check("text * 1000 == ''")
    assert len(long.actual or "") == 200


def test_a_failed_check_shows_no_secret() -> None:
    """The values of cookies and credentials stay out of what is shown, also inside longer texts."""
    cell = (
        "GET /text\n[Options]\nuser: ada:opensesame\n[Asserts]\ncookies['theme'] == 'light'\n"
        "response.request.headers == 1\nheaders['Set-Cookie'] == ''\n"
    )
    (exchange,) = run(cell)
    shown = " ".join(f"{result.actual} {result.expected}" for result in exchange.checks)
    assert [result.ok for result in exchange.checks] == [False, False, False]
    assert exchange.checks[0].actual == "'•••'"
    assert "dark" not in shown
    assert "YWRhOm9wZW5zZXNhbWU=" not in shown


def test_an_unknown_name_in_a_check_or_capture_lists_those_there_are() -> None:
    """The answer's names, and the near ones of the notebook and of the captures, with the line."""
    answer = "The response's names are: cookies headers json response status text"
    assert failure("GET /text\n[Asserts]\nstatuz == 200\n") == (
        "GET /text: 1 of 1 check failed\n"
        f"    line 4   statuz == 200     got NameError: there is no `statuz`. Did you mean `status`? {answer}"
    )
    hurls = "Write  text == wantd  "
    assert check("body == wantd", wanted=1, open=open).actual == f"NameError: there is no `body`. {hurls} {answer}"
    assert check("1 == wantd", wanted=1).actual == (f"NameError: there is no `wantd`. Did you mean `wanted`? {answer}")
    captured = "GET /text\n[Captures]\nfirst: status\nuid: frst\n"
    assert f"line 5   uid: frst     got NameError: there is no `frst`. Did you mean `first`? {answer}" in failure(
        captured
    )
    assert check("(lambda: missing_inside())()").actual == f"NameError: there is no `missing_inside`. {answer}"


def test_a_capture_that_fails_is_a_failed_check() -> None:
    """It says what came, and the name keeps what it had."""
    names: dict[str, object] = {"uid": 7}
    exchanges = run_script(parse_script("", 'GET /text\n[Captures]\nuid: headers["X-No"]\n'), echo_client(), names)
    assert exchanges[0].checks == (CheckResult('uid: headers["X-No"]', False, 4, None, "KeyError: 'X-No'", None),)
    assert names["uid"] == 7


@pytest.mark.parametrize(
    ("body", "name", "value", "line", "message"),
    [
        ("# @name json\nGET /x\n", "json", json, 2, "`# @name json`: `json` is a module"),
        ("GET /x\n[Captures]\nuid: 1\n", "uid", len, 4, "the capture `uid`: `uid` is a function"),
        ("GET /x\n[Captures]\nuid: 1\n", "uid", Path, 4, "`uid` is a class"),
        ("@host = x\nGET /x\n", "host", types.SimpleNamespace, 2, "`@host`: `host` is a class"),
    ],
)
def test_names_that_must_not_be_overwritten_are_refused_before_sending(
    body: str, name: str, value: object, line: int, message: str
) -> None:
    """A module, function or class keeps its name; the message says what it is, and another name."""
    client = echo_client()
    with pytest.raises(RequestError, match="does not overwrite it") as caught:
        run_script(parse_script("", body), client, {name: value})
    assert message in caught.value.message
    assert caught.value.hint == f"Choose another name, such as  {name}_answer"
    assert (caught.value.line, len(client.history)) == (line, 0)


@pytest.mark.parametrize(
    ("body", "name", "line"),
    [
        ("# @name list\nGET /x\n", "list", 2),
        ("GET /x\n[Captures]\nid: 1\n", "id", 4),
        ("GET /x\n[Captures]\nprint: 1\n", "print", 4),
        ("@type = x\nGET /x\n", "type", 2),
    ],
)
def test_a_name_of_pythons_own_is_not_overwritten(body: str, name: str, line: int) -> None:
    """Later cells would lose the function; a name that the notebook has given a value itself may be used again."""
    client = echo_client()
    with pytest.raises(RequestError, match=f"`{name}` is a (function|class) of Python's own") as caught:
        run_script(parse_script("", body), client, {})
    assert (caught.value.line, len(client.history)) == (line, 0)
    names: dict[str, object] = {name: 5}
    run_script(parse_script("", body), client, names)
    assert names[name] != 5


def test_a_file_may_call_values_as_python_calls_its_functions(tmp_path: Path) -> None:
    """As files of other tools do; they are the file's alone, and the notebook keeps Python's."""
    file = tmp_path / "api.http"
    file.write_text("@id = 7\n# @name list\nGET /x?id={{id}}\n\n###\nGET /y/{{list.response.body.$.path}}\n")
    names: dict[str, object] = {}
    exchanges = run_script(read_file(file), echo_client(), names)
    assert [exchange.request.target for exchange in exchanges] == ["/x?id=7", "/y/%2Fx"]
    assert names == {}
    run_script(read_file(file), echo_client(), owned := {"id": 1, "list": None})
    assert owned["id"] == "7"


def test_the_host_says_what_is_protected() -> None:
    """`protected` is asked with the name and the value it has."""
    names: dict[str, object] = {"uid": 7, "made": 1}
    script = parse_script("", "# @name made\nGET /x\n[Captures]\nuid: 1\n")
    with pytest.raises(RequestError, match="`uid` is an int"):
        run_script(script, echo_client(), names, protected=lambda name, value: (name, value) == ("uid", 7))


def test_a_request_may_send_without_the_jar() -> None:
    """Under # @no-cookie-jar no cookie goes and none is kept."""
    client = echo_client()
    run_command(parse_line("/text"), client, {})
    cell = "# @no-cookie-jar\nGET /x\n###\nGET /x\n"
    without, with_jar = run_script(parse_script("", cell), client, {})
    assert "cookie" not in without.json["headers"]
    assert with_jar.json["headers"]["cookie"] == "theme=dark"


def test_redirects_follow_the_cell_and_the_request() -> None:
    """-F follows, # @no-redirect does not, [Options] location does."""
    assert [one.status for one in run("GET /go\n###\n# @no-redirect\nGET /go\n", "-F")] == [200, 303]
    assert run("GET /go\n[Options]\nlocation: true\n")[0].status == 200


def test_items_of_the_magic_line_and_checks_below() -> None:
    """`%%http POST /users name=Ada` with a status line is a whole test."""
    (exchange,) = run('HTTP 201\n[Asserts]\njson["name"] == "Ada"\n', "POST /users name=Ada")
    assert [result.ok for result in exchange.checks] == [True, True]


def test_a_file_of_requests_runs(tmp_path: Path) -> None:
    """`%http --file api.http` sends its requests, and its errors name the file and its own lines."""
    (tmp_path / "body.json").write_text('{"name": "Ada"}')
    (tmp_path / "api.http").write_text(
        "# @name made\nPOST /users\n\n< ./body.json\n\nHTTP 201\n###\nGET /x/{{ uid }}\n"
    )
    client, names = echo_client(), {"uid": 5}
    exchanges = run_command(parse_line("--file api.http -q"), client, names, folder=tmp_path)
    assert isinstance(exchanges, list)
    assert [one.request.target for one in exchanges] == ["/users", "/x/5"]
    with pytest.raises(RequestError, match=r"^api\.http, line 8, column 8: \{\{ uid \}\}: the notebook has no `uid`"):
        run_script(read_file(tmp_path / "api.http"), client, {})
    with pytest.raises(RequestError, match=r"the file .*no\.http cannot be read"):
        read_file(tmp_path / "no.http")


def test_the_names_that_a_cell_gives_are_known() -> None:
    """captured_names is what the notebook keeps for the next error."""
    assert parse_script("", CREATE + "###\nGET /y\n[Captures]\nn: 1\n").names == {
        "create": "create",
        "uid": "create",
        "n": "GET /y",
    }


@pytest.mark.parametrize(
    ("body", "ok"),
    [
        ("Hello", True),
        ("Hello\n", True),
        ("Hello\r\n", True),
        ("Hello\n\n", False),
        ("Hello ", False),
        (" Hello", False),
        ("\nHello", False),
        ("Hello\n ", False),
        ("hello", False),
        ("Hello!", False),
        ("", False),
    ],
)
def test_an_expected_text_is_equal_but_for_one_line_end(body: str, ok: bool) -> None:
    client = Client(answering(body))
    for expected in ("Hello\n", "```\nHello\n```\n"):
        (exchange,) = run_script(parse_script("", f"GET /\nHTTP 200\n\n{expected}"), client, {})
        assert exchange.checks[-1].ok is ok, (body, expected)


def test_a_request_that_is_stopped_gives_the_cookies_back() -> None:
    """Of one that sends without the jar: the next one sends them again."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/stops":
            raise KeyboardInterrupt
        start_response("200 OK", [("Set-Cookie", "kept=1; Path=/")])
        return [environ.get("HTTP_COOKIE", "").encode()]

    client = Client(app)
    client.get("/")
    jar = client.cookies
    with pytest.raises(KeyboardInterrupt):
        run_script(parse_script("", "# @no-cookie-jar\nGET /stops\n"), client, {})
    assert client.cookies is jar
    assert client.get("/").text == "kept=1"
