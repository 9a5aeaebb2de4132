"""An exchange as plain text: complete, short, and the same in every run."""

from __future__ import annotations

import pytest

import nbmicro
from nbmicro.client.client import Client
from nbmicro.errors import OptionError
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import SHOW_PARTS, CheckResult, ErrorRecord, Frame, LogLine, OutputPart, TraceStep
from nbmicro.http.body import Body
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.render.summary import RenderOptions
from tests.support.apps import made, render_text


def _text(exchange: Exchange, show: str = "") -> str:
    return render_text(exchange, RenderOptions.parse(show))


def test_a_page_of_text_is_a_status_line_and_the_text() -> None:
    assert _text(made("Hello, Ada!", target="/hello/Ada")) == "GET /hello/Ada → 200 OK · text/html\nHello, Ada!"


def test_checks_stand_in_a_line_with_what_was_captured() -> None:
    exchange = made(
        '{"id":1,"name":"Ada"}',
        method="POST",
        target="/users",
        status=201,
        reason="CREATED",
        media_type="application/json",
        headers=[("Location", "/users/1")],
    ).with_checks(
        [CheckResult("HTTP 201", True), CheckResult("Location", True), CheckResult('json["name"] == name', True)],
        captures={"uid": 1},
    )
    assert (
        _text(exchange)
        == """\
POST /users → 201 CREATED · application/json
Location: /users/1
{
  "id": 1,
  "name": "Ada"
}
✓ HTTP 201  ✓ Location  ✓ json["name"] == name     uid = 1"""
    )


def test_a_failed_check_says_what_came_and_what_was_expected() -> None:
    failed = CheckResult('json["name"] == name', False, 9, "'Ada'", "'ada'", "keep the capital")
    exchange = made("x").with_checks([CheckResult("HTTP 200", True), failed])
    line = """✗ line 9   json["name"] == name     got 'ada', expected 'Ada'     # keep the capital"""
    assert _text(exchange).splitlines()[-2:] == ["✓ HTTP 200", line]
    assert _text(exchange, "headers").splitlines()[-1] == line


def test_many_checks_take_several_lines() -> None:
    exchange = made("").with_checks([CheckResult(f"json[{number}] == 1", True) for number in range(20)])
    lines = _text(exchange).splitlines()[1:]
    assert len(lines) > 1
    assert max(map(len, lines)) <= 120


def test_prints_and_log_records_follow_the_body() -> None:
    exchange = made(
        "x",
        output=(
            OutputPart("stdout", "one\ntwo\n"),
            OutputPart("stderr", "three\n"),
            OutputPart("display", "", {"a/b": 1}),
        ),
        logs=(LogLine("WARNING", "shop", "careful"),),
    )
    assert _text(exchange).splitlines()[1:] == [
        "x",
        "printed │ one",
        "        │ two",
        " stderr │ three",
        "display │ (a/b)",
        "    log │ WARNING shop: careful",
    ]


def test_an_error_is_its_frames_and_its_message_in_place_of_the_stock_page() -> None:
    error = ErrorRecord(
        "ZeroDivisionError",
        "division by zero",
        (Frame("GET /boom", 3, "boom", "return total([])"), Frame("hello.html", 2, "", "{{ x }}")),
        hint="Write this.",
        cause=ErrorRecord("KeyError", "'a'"),
    )
    app = nbmicro.App("shop")
    app.add_url_rule("/boom", view_func=lambda: str(1 // 0))
    page = Client(app).get("/boom").text
    exchange = made(page, target="/boom", status=500, reason="INTERNAL SERVER ERROR", error=error)
    assert (
        _text(exchange)
        == """\
GET /boom → 500 INTERNAL SERVER ERROR · text/html
GET /boom, line 3, in boom
    3 │ return total([])
hello.html, line 2
    2 │ {{ x }}
ZeroDivisionError: division by zero
It came from:
KeyError: 'a'
Write this."""
    )
    own = made("Oh no!", status=500, reason="INTERNAL SERVER ERROR", error=error)
    assert _text(own).splitlines()[1] == "Oh no!"


def test_a_redirect_that_was_not_followed_says_how_to() -> None:
    exchange = made("", status=303, reason="SEE OTHER", headers=[("Location", "/next")])
    assert _text(exchange) == "GET / → 303 SEE OTHER · text/html · not followed: -F\nLocation: /next"


def test_redirects_that_were_followed_are_a_line_each() -> None:
    hop = made("", method="POST", target="/login", status=302, reason="FOUND", headers=[("Location", "/")])
    assert _text(made("Hi", history=(hop,))).splitlines() == [
        "POST /login → 302 FOUND · text/html",
        "GET / → 200 OK · text/html",
        "Hi",
    ]


def test_a_long_body_is_cut_and_says_how_much_more_there_is() -> None:
    lines = _text(made("".join(f"line {number}\n" for number in range(152)), media_type="text/plain")).splitlines()
    assert (len(lines), lines[40], lines[41]) == (42, "line 39", "… 112 more lines (1.2 KB)")


def test_one_line_more_than_the_limit_is_shown_and_not_announced() -> None:
    lines = _text(made("x\n" * 41, media_type="text/plain")).splitlines()
    assert lines[1:] == ["x"] * 41


def test_a_very_long_line_is_cut() -> None:
    assert _text(made("x" * 5000)).endswith("x … 4,000 more characters")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("[]", "[]"),
        ('{"a":{},"b":[[],1]}', '{\n  "a": {},\n  "b": [\n    [],\n    1\n  ]\n}'),
        ('{"b":1,"a":1.10,"b":1e5}', '{\n  "b": 1,\n  "a": 1.10,\n  "b": 1e5\n}'),
        ('"Z\\u00fcrich \\u001b"', '"Zürich \\u001b"'),
        ("{oops", "{oops"),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_json_is_laid_out_and_says_what_was_sent(sent: str, shown: str) -> None:
    assert _text(made(sent, media_type="application/json")).partition("\n")[2] == shown


def test_bytes_are_a_table_and_an_image_is_named() -> None:
    assert _text(made(b"\x00AB\xff", media_type="application/octet-stream")).splitlines()[1:] == [
        "000000  00 41 42 ff                                       .AB.",
        "(application/octet-stream, 4 bytes)",
    ]
    assert _text(made(b"\x89PNG", media_type="image/png")).splitlines()[1:] == ["(image/png, 4 bytes)"]


def test_a_body_without_a_type_is_text_when_it_reads_as_text() -> None:
    assert _text(made("héllo", media_type="")) == "GET / → 200 OK\nhéllo"
    assert "00 01" in _text(made(b"\0\1", media_type=""))


def test_no_body_is_no_line() -> None:
    assert _text(made("", status=204, reason="NO CONTENT", media_type="")) == "GET / → 204 NO CONTENT"


def test_values_that_change_from_run_to_run_are_not_shown() -> None:
    names = ["Date", "Last-Modified", "ETag", "Expires"]
    exchange = made("x", headers=[(name, "volatile") for name in names], duration=1.25)
    assert "volatile" not in _text(exchange)
    shown = _text(exchange, "headers")
    assert "volatile" not in shown
    assert [f"{name}: …" for name in names] == shown.splitlines()[2:6]
    assert "1,250.0 ms" not in shown
    assert "1,250.0 ms" in _text(exchange, "time")


def test_the_same_exchange_gives_the_same_text_in_every_run() -> None:
    app = nbmicro.App("shop")
    app.secret_key = "k"

    @app.post("/")
    def index() -> str:
        print(object.__doc__)
        nbmicro.session["x"] = 1
        return "x"

    texts = {_text(Client(app).post("/", files={"a": b"1"}), "request headers body checks") for _ in range(3)}
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("show", "present", "absent"),
    [
        ("request", ["POST /x", "X-A: 1", "name=Ada"], ["Hello", "Content-Type: text/html"]),
        ("headers", ["Content-Type: text/html"], ["Hello", "X-A"]),
        ("headers,body", ["Content-Type: text/html", "Hello"], ["X-A"]),
        ("curl", ["curl http://127.0.0.1:5000/x"], ["Hello"]),
        ("trace", ["trace │   match      0.10 ms  /x → x", "trace │ WSGI call", "trace │ response"], ["Hello"]),
        ("all", ["POST /x", "curl", "Hello", "match", "12.0 ms", "✓ HTTP 200"], []),
        ("checks", ["✓ HTTP 200"], ["Hello"]),
    ],
)
def test_show_selects_parts(show: str, present: list[str], absent: list[str]) -> None:
    exchange = made(
        "Hello",
        method="POST",
        target="/x",
        request_headers=[("X-A", "1"), ("Content-Type", "application/x-www-form-urlencoded")],
        request_body=b"name=Ada",
        duration=0.012,
        trace=(TraceStep("match", "/x → x", 0, 0.0001),),
    ).with_checks([CheckResult("HTTP 200", True)])
    text = _text(exchange, show)
    assert all(part in text for part in present)
    assert not [part for part in absent if part in text]
    assert "→ 200 OK" in text


def test_none_shows_nothing_at_all() -> None:
    exchange = made("Hello")
    assert (_text(exchange, "none"), exchange.mime_bundle(RenderOptions.parse("none"))) == ("", {})


def test_a_part_that_there_is_not_is_an_error_that_names_the_parts() -> None:
    with pytest.raises(OptionError, match=r"`header` is no part.*`headers` is") as caught:
        RenderOptions.parse("header")
    assert caught.value.hint == f"The parts: {' '.join(SHOW_PARTS)}"


def test_control_characters_of_a_body_do_not_reach_the_terminal() -> None:
    hostile = "a\x1b]52;c;evil\x07b\x1b[2Jc\rd\u202e\x9b31m"
    exchange = made(hostile, media_type="text/plain", output=(OutputPart("stdout", hostile),))
    assert not set(_text(exchange)) & set("\x1b\x07\r\u202e\x9b")


def test_a_header_with_a_line_break_stays_one_line() -> None:
    text = _text(made("x", headers=[("Location", "/\nGET /fake → 200 OK")]))
    assert text.splitlines()[1] == "Location: /␊GET /fake → 200 OK"


def test_a_spooled_body_is_shown_by_its_start_alone() -> None:
    writer_text = "line\n" * 500_000
    exchange = Exchange(
        RequestRecord("GET", "/"),
        ResponseRecord(200, "OK", made(media_type="text/plain").headers, Body(writer_text.encode())),
    )
    last = _text(exchange).splitlines()[-1]
    assert last.startswith("… more than")
    assert last.endswith("more lines (2.4 MB)")
