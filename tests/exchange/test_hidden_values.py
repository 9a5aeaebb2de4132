"""A hidden value is shown nowhere, whatever it looks like and wherever a request carries it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

import nbmicro
from nbmicro.client.bench import measure
from nbmicro.client.client import Client
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import CheckResult
from nbmicro.exchange.secret_values import is_hidden, members, parts, written
from nbmicro.exchange.secrets import redacted, redacted_fields, redacted_request
from nbmicro.http.headers import MASK, SECRET_HEADERS
from nbmicro.http.messages import RequestRecord
from nbmicro.runner.checks import shown
from tests.exchange.test_secrets import WAYS, telling
from tests.support.apps import answering

NAMES = ("userToken", "API_KEY", "X-Mine", "contraseña")
#: What a value may look like, and what of it must be found nowhere. The first ones go into a header too.
VALUES = {
    "s3cr3t-value": "s3cr3t-value",
    "8135": "8135",
    "q7Zx9": "q7Zx9",
    "a%2Fb%20c5b7d": "c5b7d",
    "sp aced/and/slashed-5b7d": "5b7d",
    "x=9f3d&y;z,91ab": "91ab",
    "sp aced/'\"%é-5b7d91c0": "5b7d91c0",
    "-----BEGIN KEY-----\nMIIabcdefgh\n-----END KEY 77zz99": "7zz9",
    "a\\b\tc9f3d2e": "9f3d2e",
    "<b>&amp; 'q' é\\u00e9 4411cc": "4411cc",
}
HEADER_VALUES = list(VALUES)[:5]


def _basic(user: str, password: str, encoding: str = "utf-8") -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode(encoding)).decode()}"}


#: How a request carries a value in its headers.
IN_HEADERS: dict[str, Callable[[Client, str], Exchange]] = {
    "a header": lambda client, value: client.get("/page", headers={"x-mINE": value}),
    "a header of a field's name": lambda client, value: client.get("/page", headers={"usertoken": value}),
    "a bearer": lambda client, value: client.get("/page", headers={"Authorization": f"Bearer {value}"}),
    "a digest": lambda client, value: client.get(
        "/page", headers={"Authorization": f'Digest username="ada", response="{value}"'}
    ),
    "a signature": lambda client, value: client.get(
        "/page", headers={"Authorization": f'AWS4-HMAC-SHA256 Credential=A/1, Signature="{value}"'}
    ),
    "a hidden cookie": lambda client, value: client.get("/page", headers={"Cookie": f"a=b; USERTOKEN={value}"}),
    "a quoted cookie": lambda client, value: client.get("/page", headers={"Cookie": f'usertoken="{value}"; a=b'}),
    "a link": lambda client, value: client.get(
        "/page", headers={"X-Original-Url": f"/page?a=b&userToken={quote(value)}"}
    ),
    **{
        f"the usual header {name}": lambda client, value, name=name: client.get("/page", headers={name: value})  # type: ignore[misc]
        for name in (
            *("X-Goog-Api-Key", "apikey", "PRIVATE-TOKEN", "X-Vault-Token", "Ocp-Apim-Subscription-Key"),
            *("X-CSRF-Token", "X-CSRFToken", "X-XSRF-Token", "X-RapidAPI-Key", "X-Amz-Security-Token"),
        )
    },
}
#: How a request carries it elsewhere: any text.
ELSEWHERE: dict[str, Callable[[Client, str], Exchange]] = {
    "a query": lambda client, value: client.get("/page", query={"USERTOKEN": value}),
    "a query as typed": lambda client, value: client.get(
        f"/page?userToken={re.sub('%..', lambda code: code[0].lower(), quote(value))}&a=b"
    ),
    "a nested query": lambda client, value: client.get("/page", query={"user[userToken]": value}),
    "a form": lambda client, value: client.post("/page", data={"userToken": value, "a": "b"}),
    "a nested form": lambda client, value: client.post("/page", data={"user[api_key][]": value, "a": "b"}),
    "a dotted form": lambda client, value: client.post("/page", data={"user.api_key": value, "a": "b"}),
    "a form in Spanish": lambda client, value: client.post("/page", data={"CONTRASEÑA": value, "a": "b"}),
    "multipart": lambda client, value: client.post("/page", data={"userToken": value, "a": "b"}, files={"f": b"1"}),
    "nested multipart": lambda client, value: client.post("/page", data={"u[userToken]": value}, files={"f": b"1"}),
    "multipart in Spanish": lambda client, value: client.post("/page", data={"Contraseña": value}, files={"f": b"1"}),
    "a file": lambda client, value: client.post("/page", files={"userToken": value.encode()}),
    "JSON": lambda client, value: client.post("/page", json={"userToken": value, "a": "b"}),
    "nested JSON": lambda client, value: client.post("/page", json={"a": [{"usertoken": {"v": [value]}}]}),
    "JSON in Spanish": lambda client, value: client.post("/page", json={"CONTRASEÑA": value}),
    "JSON of another type": lambda client, value: client.post(
        "/page", data=json.dumps({"api_key": value}), headers={"Content-Type": "application/vnd.api+json"}
    ),
    "a key twice": lambda client, value: client.post(
        "/page", data=f'{{"api_key" : {json.dumps(value)}, "API_KEY":{json.dumps(value)}}}'
    ),
    "lines of JSON": lambda client, value: client.post(
        "/page", data=f'it"s\n{{"a": 1}}\n{json.dumps({"API_KEY": value})}\n', headers={"Content-Type": "text/plain"}
    ),
    "XML": lambda client, value: client.post(
        "/page",
        data=f"<a><s:userToken x='1'>{nbmicro.escape(value)}</s:userToken></a>",
        headers={"Content-Type": "application/xml"},
    ),
    "basic auth's password": lambda client, value: client.get("/page", headers=_basic("ada", value)),
    "basic auth's user": lambda client, value: client.get("/page", headers=_basic(value, "")),
    "basic auth in Latin-1": lambda client, value: client.get("/page", headers=_basic("är", value, "latin-1")),
    "basic auth unpadded": lambda client, value: client.get(
        "/page", headers={"Authorization": _basic("ada", value)["Authorization"].rstrip("=")}
    ),
}


def _leaks(send: Callable[[Client, str], Exchange], value: str, mark: str) -> list[str]:
    """The ways on which the mark is shown of an exchange that repeats the value wherever it can."""
    client = Client(_repeating(value), secret_names=NAMES)
    exchange = send(client, value)
    check = CheckResult(f"text == {value!r}", False, 3, shown(f"{value} came"), shown(value), f"comment {value}")
    exchange = replace(exchange, hint=f"hint {value}").with_checks([check], name="asked")
    leaks = [way for way in WAYS if mark in repr(WAYS[way](exchange))]
    return [*leaks, *(["bench"] if mark in measure(client, exchange.request, 1).request else [])]


def _repeating(value: str) -> Callable[..., list[bytes]]:
    told = telling(value, "500 X", [])

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        # As Python, JSON and HTML write it, one in another too.
        print(repr(value), json.dumps({"a": value}), repr(json.dumps(value)), nbmicro.escape(value), value.encode())
        return told(environ, start_response)

    return app


@pytest.mark.parametrize("place", [*IN_HEADERS, *ELSEWHERE])
def test_a_hidden_value_is_shown_on_no_way_wherever_it_is_carried(place: str) -> None:
    values = HEADER_VALUES if place in IN_HEADERS else VALUES
    send = IN_HEADERS.get(place) or ELSEWHERE[place]
    leaks = {value: found for value in values if (found := _leaks(send, value, VALUES[value]))}
    assert leaks == {}


def test_a_picture_that_is_text_and_json_that_is_displayed_are_masked() -> None:
    from nbmicro.client.capture import current_capture

    app = nbmicro.App("shop")

    @app.get("/")
    def index() -> str:
        token = nbmicro.request.args["token"]
        capture = current_capture.get()
        assert capture is not None
        capture.display(
            {
                "text/html": f"<b>{token}</b>",
                "image/svg+xml": f"<svg><title>{token}</title></svg>",
                "application/json": {"a": [token, 1]},
                "image/png": "iVBORw0KGgo=",
            }
        )
        return "x"

    exchange = Client(app, secret_names=["token"]).get("/?token=s3cr3t-value")
    assert "s3cr3t-value" not in repr(exchange.output)
    shown_all = repr(exchange.output)
    assert "<title>•••</title>" in shown_all
    assert "{'a': ['•••', 1]}" in shown_all
    assert "iVBORw0KGgo=" in shown_all


def test_a_short_value_is_masked_as_a_word_and_in_no_other() -> None:
    app = nbmicro.App("shop")

    @app.get("/")
    def index() -> str:
        print("pin 8135, not 81356 nor x8135; 12")
        return "x"

    client = Client(app, secret_names=["pin", "id"])
    assert "pin •••, not 81356 nor x8135; 12" in client.get("/?pin=8135&id=12").mime_bundle()["text/plain"]


def test_what_a_cookie_says_in_a_short_word_is_no_secret_unless_it_is_hidden() -> None:
    app = nbmicro.App("shop")

    @app.get("/")
    def index() -> str:
        print("the dark side")
        return "x"

    client = Client(app)
    asked = client.get("/", headers={"Cookie": "theme=dark"})
    assert "the dark side" in asked.mime_bundle()["text/plain"]
    client.hide("THEME")
    assert "the ••• side" in asked.mime_bundle()["text/plain"]


def test_a_users_name_is_shown_where_it_is_short_and_has_a_password() -> None:
    app = nbmicro.App("shop")

    @app.get("/")
    def index() -> str:
        auth = nbmicro.request.authorization
        assert auth is not None
        print("hello", auth.username, auth.password)
        return "x"

    shown_text = Client(app).get("/", headers=_basic("ada", "pw-1234")).mime_bundle()["text/plain"]
    assert "hello ada •••" in shown_text


def test_a_literal_of_json_hides_no_word() -> None:
    client = Client(telling("x", "200 OK", []), secret_names=["token"])
    exchange = client.post("/", json={"token": [None, True, {"a": False}], "b": 1})
    exchange = exchange.with_notes("null True None False true false")
    assert "null True None False true false" in exchange.mime_bundle()["text/plain"]
    assert '{"token": "•••", "b": 1}' in exchange.as_http()


def test_what_is_hidden_late_is_hidden_of_what_was_shown_before() -> None:
    client = Client(telling("s3cr3t-value", "500 X", [("X-Mine", "s3cr3t-value")]))
    asked = client.get("/?token=s3cr3t-value", headers={"X-Mine": "s3cr3t-value"})
    assert "s3cr3t-value" in repr((asked.error, asked.output, asked.request.headers, asked.headers))
    client.hide("X-Mine")
    assert "s3cr3t-value" not in repr((asked.error, asked.output, asked.request, asked.headers))
    assert asked.headers["X-Mine"] == "s3cr3t-value"


def test_a_browser_and_a_server_that_run_know_what_is_hidden_later() -> None:
    client = Client(answering("x"))
    browser = Client(answering("x"), secret_names=client.secret_names)
    asked = browser.get("/?token=s3cr3t-value")
    client.hide("Token")
    assert "s3cr3t-value" not in repr(asked) + repr(browser.get("/?token=s3cr3t-value"))


def test_a_message_keeps_its_words_behind_a_hidden_name() -> None:
    assert redacted_fields("token: a text is needed, token=x", {"token"}) == "token: a text is needed, token=•••"


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS))
def test_a_usual_header_hides_itself(name: str) -> None:
    request = RequestRecord("GET", "/", [(name.title(), "s3cr3t-value")])  # type: ignore[arg-type]
    assert "s3cr3t-value" not in repr(redacted_request(request, frozenset()).headers)
    assert "s3cr3t-value" not in repr(Client(answering("x")).send(request).headers)


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("password", True),
        ("PassWord", True),
        ("user[password]", True),
        ("user[password][]", True),
        ("user.password", True),
        ("a.key", True),
        ("key", False),
        ("passwords", False),
        ("my-password", False),
        ("", False),
    ],
)
def test_which_names_are_hidden(name: str, hidden: bool) -> None:
    assert is_hidden(name, {"password", "a.key"}) is hidden


def test_members_are_found_in_text_that_is_no_json() -> None:
    names = {"token"}
    assert members('{"token": "a', names) == ('{"token": "•••"', ["a"])
    assert members('{"token": "two words, three', names) == ('{"token": "•••"', ["two words, three"])
    assert members('"token": "two\nlines", 1', names) == ('"token": "•••", 1', ["two\nlines"])
    assert members('{"token":', names) == ('{"token":', [""])
    assert members('{"token": a, "b": "token"}', names) == ('{"token": "•••", "b": "token"}', ["a"])
    assert members('it"s {"b": {"token": {"x": [1, "y"]}}}', names)[0] == 'it"s {"b": {"token": "•••"}}'
    assert members(r'{"tok\u0065n": 12}', names) == (r'{"tok\u0065n": "•••"}', ["12"])
    assert members(r'{"tok\x": 12, "token": 1}', names) == (r'{"tok\x": 12, "token": "•••"}', ["1"])


def test_a_part_ends_at_its_boundary_alone() -> None:
    text = (
        '--b\r\nContent-Disposition: form-data; filename="a"; name="token"\r\nX: y\r\n\r\none\r\n--two\r\n'
        "--b\r\ncontent-disposition: form-data; name=token\r\n\r\nthree\r\n"
        '--b\r\nContent-Disposition: form-data; name="other"\r\n\r\ntoken\r\n'
        '--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nfour\r\n--b--\r\n'
    )
    masked, secrets = parts(text, {"token"})
    assert secrets == ["one\r\n--two", "three", "four"]
    assert masked == text.replace("one\r\n--two", MASK).replace("three", MASK).replace("four", MASK)
    assert parts("", {"token"}) == ("", [])


def test_other_texts_say_a_value_by_its_name() -> None:
    names = {"token", "pin"}
    assert written("a=b token=x&pin='1 2'#c", names) == ("a=b token=•••&pin=•••#c", ["x", "1 2"])
    assert written("TOKEN: x, u[token]=y; u%5Btoken%5D=z", names)[0] == "TOKEN: •••, u[token]=•••; u%5Btoken%5D=•••"
    assert written("<token><![CDATA[<x>]]></token>", names) == ("<token>•••</token>", ["<![CDATA[<x>]]>", "<x>"])
    assert written("<token>x</token><pin a='b'>1</pin><pins>2</pins>", names)[1] == ["x", "1"]
    assert written("my-token=x tokens=y", names) == ("my-token=x tokens=y", [])


@pytest.mark.parametrize("value", ["s3cr3t-value", "sp aced/'\"%é", "a\\b\tc9f3", "<b>&'\"\\é"])
def test_a_mask_stands_for_the_value_and_for_no_character_more_or_less(value: str) -> None:
    """As Python, JSON, HTML and a URL write it, one in another too."""
    ways: list[Callable[[str], str]] = [
        str,
        repr,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: str(nbmicro.escape(text)),
        quote,
        lambda text: quote(text, safe=""),
        quote_plus,
        lambda text: repr(text.encode()),
        lambda text: repr({"a": text, "b": "'"}),
        lambda text: repr([json.dumps(text), "'"]),
        lambda text: repr(json.dumps({"a": text}).encode()),
    ]
    client = Client(answering("x"), secret_names=["token"])
    asked = client.post("/", json={"token": value})
    for way in ways:
        note = redacted(replace(asked, notes=(f"<{way(value)}>",))).notes[0]
        # Around it stands what the same way writes around another text; which quotes these are depends on the text.
        assert re.sub(r"[\\\\]*['\"]", "'", note) == re.sub(r"[\\\\]*['\"]", "'", f"<{way('_')}>").replace("_", MASK)


def test_a_header_without_a_secret_is_compared_as_it_is() -> None:
    client = Client(answering("x", headers=[("X-Mine", "s3cr3t"), ("X-Echo", "plain text")]), secret_names=NAMES)
    checks = [CheckResult("a", False, 1, shown(text), shown(text)) for text in ("plain text", "text/html", "s3cr3t")]
    results = client.get("/").with_checks(checks).checks
    assert [result.actual for result in results] == ["'plain text'", "'text/html'", "'•••'"]


def test_the_body_of_a_redirect_is_data_where_its_location_has_no_secret() -> None:
    client = Client(answering("for s3cr3t-value", "302 FOUND", [("Location", "/next")]), secret_names=["token"])
    assert redacted(client.get("/?token=s3cr3t-value")).text == "for s3cr3t-value"
