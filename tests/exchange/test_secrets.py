"""Secrets do not land in a notebook: not in a rendering, not in an export, unless they are asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

import nbmicro
from nbmicro.client.bench import measure
from nbmicro.client.capture import current_capture
from nbmicro.client.client import Client
from nbmicro.errors import CheckFailed, RequestError
from nbmicro.exchange import secrets
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import CheckResult, TraceStep
from nbmicro.exchange.secrets import KINDS, SHOWN, SecretKind, redacted
from nbmicro.http.headers import MASK
from nbmicro.notebook.browse.transport import beside_page
from nbmicro.render.exchange import list_exchanges
from nbmicro.render.summary import RenderOptions, error_text
from nbmicro.runner.checks import raise_for_checks, shown
from tests.support.apps import answering, made

SECRET = "s3cr3t-value"
#: One that is written otherwise in a URL, in JSON and in Python, and what stays of it in each.
ODD, MARK = "sp aced/'é\"-5b7d91c0", "5b7d91c0"


def _everything(exchange: Exchange) -> str:
    return "\n".join(
        [
            *exchange.mime_bundle().values(),
            *exchange.mime_bundle(RenderOptions.parse("all")).values(),
            exchange.as_curl(),
            exchange.as_http(),
            repr(exchange),
        ]
    )


def test_credentials_and_cookies_of_a_request_are_masked_everywhere() -> None:
    exchange = made(
        "x",
        request_headers=[
            ("Authorization", f"Bearer {SECRET}"),
            ("Proxy-Authorization", SECRET),
            ("Cookie", f"session={SECRET}; theme={SECRET}"),
        ],
    )
    text = _everything(exchange)
    assert SECRET not in text
    assert "Authorization: Bearer •••" in exchange.as_http()
    assert "Cookie: session=•••; theme=•••" in exchange.as_http()


def test_cookies_that_a_response_sets_are_masked_and_their_names_shown() -> None:
    exchange = made("x", headers=[("Set-Cookie", f"session={SECRET}; Expires=Mon, 01 Jan 2035 00:00:00 GMT; HttpOnly")])
    assert SECRET not in _everything(exchange)
    assert "2035" not in _everything(exchange)
    text = exchange.mime_bundle(RenderOptions.parse("headers"))["text/plain"]
    assert text.endswith("Set-Cookie: session=•••; Expires=…; HttpOnly")
    assert exchange.mime_bundle()["text/plain"].splitlines()[1] == "Set-Cookie: session"


@pytest.mark.parametrize("kind", ["header", "query", "form", "json", "multipart", "broken json"])
def test_configured_names_are_masked_wherever_a_request_has_them(kind: str) -> None:
    client = Client(answering("x"), secret_names=["X-Token", "password"])
    sent = {
        "header": lambda: client.get("/", headers={"x-TOKEN": SECRET}),
        "query": lambda: client.get("/", query={"Password": SECRET, "page": "2"}),
        "form": lambda: client.post("/", data={"password": SECRET, "user": "ada"}),
        "json": lambda: client.post("/", json={"user": "ada", "in": [{"password": SECRET}]}),
        "multipart": lambda: client.post("/", data={"password": SECRET}, files={"a": b"1"}),
        "broken json": lambda: client.post(
            "/", data=f'{{"password": "{SECRET}', headers={"Content-Type": "application/json"}
        ),
    }[kind]()
    assert SECRET not in _everything(sent)
    assert SECRET in sent.as_http(secrets=True) or kind == "header"
    assert SECRET in sent.as_curl(secrets=True)


def test_configured_names_of_a_response_and_of_captures_are_masked() -> None:
    client = Client(answering("x", headers=[("X-Token", SECRET)]), secret_names=["X-Token", "token"])
    exchange = client.get("/").with_checks([], captures={"token": SECRET, "uid": 1})
    assert SECRET not in _everything(exchange)
    assert "token = •••, uid = 1" in exchange.mime_bundle()["text/plain"]


def test_secrets_are_written_where_they_are_asked_for() -> None:
    exchange = made("x", request_headers=[("Authorization", f"Bearer {SECRET}")])
    assert f"Authorization: Bearer {SECRET}" in exchange.as_curl(secrets=True)
    assert f"Authorization: Bearer {SECRET}" in exchange.as_http(secrets=True)


def test_a_session_of_the_app_is_masked_in_the_next_request_too() -> None:
    app = nbmicro.App("shop")
    app.secret_key = "k"

    @app.get("/")
    def index() -> str:
        nbmicro.session["user"] = SECRET
        return "x"

    client = Client(app)
    value = client.get("/").cookies["session"]
    again = client.get("/")
    assert value in again.request.headers["Cookie"]
    assert value not in _everything(again)


# -- every kind of secret on every way out ---------------------------------------------------------------------------


def telling(secret: str, status: str, headers: Iterable[tuple[str, str]]) -> Callable[..., list[bytes]]:
    """An app that prints, displays, logs and notes a secret, and fails with it in every part of its exception."""

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        print("printed", secret)
        capture = current_capture.get()
        assert capture is not None
        capture.display({"text/plain": f"displayed {secret}", "image/png": "iVBORw0KGgo="})
        logging.getLogger("shop").warning("logged %s", secret)
        environ["nbmicro.notes"] = [f"noted {secret}"]
        try:
            try:
                raise KeyError(secret)
            except KeyError as cause:
                raise ExceptionGroup(f"raised {secret}", [ValueError(secret)]) from cause
        except ExceptionGroup as error:
            environ["nbmicro.error"] = error
        start_response(status, [("Content-Type", "text/html"), *headers])
        return [b"the answer"]

    return app


def _sent(secret: str, *, status: str = "500 X", answered: Iterable[tuple[str, str]] = (), **options: Any) -> Exchange:
    client = Client(telling(secret, status, answered), secret_names=["Token"])
    method = "POST" if options.keys() & {"data", "json", "files"} else "GET"
    return client.open(method, "/page", **options)


#: An exchange for each kind of secret.
EXAMPLES: dict[str, Callable[[str], Exchange]] = {
    "credentials": lambda secret: _sent(secret, headers={"Authorization": f"Bearer {secret}"}),
    "cookies": lambda secret: _sent(secret, headers={"Cookie": f"theme=dark; session={secret}"}),
    "set cookies": lambda secret: _sent(secret, answered=[("Set-Cookie", f"session={secret}; HttpOnly")]),
    "named cookies": lambda secret: _sent(secret, headers={"Cookie": f"theme=dark; token={secret}"}),
    "keys": lambda secret: _sent(secret, headers={"token": secret}),
    "addresses": lambda secret: _sent(
        secret, status="302 FOUND", answered=[("Location", f"https://example.org/?a=b&token={secret}#end")]
    ),
    "query": lambda secret: _sent(secret, query={"TOKEN": secret, "a": "b"}),
    "form": lambda secret: _sent(secret, data={"token": secret, "a": "b"}),
    "multipart": lambda secret: _sent(secret, data={"token": secret}, files={"file": b"1"}),
    "members": lambda secret: _sent(secret, json={"a": [{"token": {"inner": ["x", secret]}}]}),
    "texts": lambda secret: _sent(secret, data=f"<a><b:token>{secret}</b:token></a>"),
    "captures": lambda secret: replace(_sent(secret), captures={"token": secret}),
}
#: Those whose secret may be any text.
ANY_TEXT = ("query", "form", "multipart", "members", "captures")


def _complete(exchange: Exchange, secret: str) -> Exchange:
    """The exchange with what only a script, a trace and a hint add."""
    step = TraceStep("handler", f"label {secret}", note=f"note {secret}")
    check = CheckResult("text == 1", False, 3, shown(f"{secret} expected"), shown(secret), f"comment {secret}")
    held = CheckResult("json['x'] == 1", True, 4, shown(secret), shown(secret))
    return replace(exchange, trace=(step,), hint=f"hint {secret}").with_checks([check, held], name="asked")


def _failure(exchange: Exchange) -> str:
    with pytest.raises(CheckFailed) as failed:
        raise_for_checks(exchange)
    return str(failed.value)


#: Every way on which an exchange, or a part of it, is shown.
WAYS: dict[str, Callable[[Exchange], object]] = {
    "its bundle": lambda exchange: exchange.mime_bundle(),
    "its bundle with every part": lambda exchange: exchange.mime_bundle(RenderOptions.parse("all")),
    "the list": lambda exchange: list_exchanges([exchange], 1),
    "a curl command": lambda exchange: exchange.as_curl(),
    "a cell": lambda exchange: exchange.as_http(),
    "its repr": repr,
    "its request": lambda exchange: exchange.request,
    "its response": lambda exchange: exchange.response,
    "its headers": lambda exchange: (exchange.request.headers, exchange.headers),
    "its error": lambda exchange: exchange.error,
    "parts of its error": lambda exchange: exchange.error and (exchange.error.cause, exchange.error.parts),
    "its error as a cell's value": lambda exchange: exchange.error and error_text(exchange.error),
    "its output": lambda exchange: exchange.output,
    "its logs": lambda exchange: exchange.logs,
    "its checks": lambda exchange: exchange.checks,
    "its trace": lambda exchange: exchange.with_trace(exchange.trace).trace,
    "the failure of a cell": _failure,
    "beside a page in a browser": beside_page,
    "a redirect to it": lambda exchange: made("end", history=(exchange,)).mime_bundle(RenderOptions.parse("all")),
}


def test_every_kind_has_its_example() -> None:
    assert list(EXAMPLES) == [kind.name for kind in KINDS]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", EXAMPLES)
def test_no_kind_of_secret_leaves_on_any_way(kind: str, way: str) -> None:
    exchange = _complete(EXAMPLES[kind](SECRET), SECRET)
    assert SECRET not in repr(WAYS[way](exchange))
    if kind in ANY_TEXT:
        exchange = _complete(EXAMPLES[kind](ODD), ODD)
        assert MARK not in repr(WAYS[way](exchange))
    # What is no secret is shown.
    assert "page" in repr(exchange)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_exchange_keeps_what_was_sent_and_what_came(kind: str) -> None:
    """For checks, captures and a replay."""
    exchange = EXAMPLES[kind](SECRET)
    assert SECRET in exchange.printed
    assert exchange.error is not None
    assert SECRET in exchange.error.message
    request, captures = exchange.request, exchange.captures
    data = [request.target, request.text, *(value for _, value in (*request.headers, *exchange.headers)), str(captures)]
    assert SECRET in " ".join(data)
    assert SECRET in exchange.mime_bundle(RenderOptions(secrets=True))["text/plain"]


def test_a_new_kind_is_one_row_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed requests, say: with the row there is no way out for them."""
    kind = SecretKind("signatures", "header", lambda key, _: key == "x-signature", lambda text, _: (MASK, [text]))
    exchange = _complete(_sent(SECRET, headers={"X-Signature": SECRET}), SECRET)
    assert SECRET in exchange.as_http()
    monkeypatch.setattr(secrets, "KINDS", (kind, *KINDS))
    exchange = _complete(_sent(SECRET, headers={"X-Signature": SECRET}), SECRET)
    assert [way for way in WAYS if way != "its headers" and SECRET in repr(WAYS[way](exchange))] == []


@pytest.mark.parametrize("field", SHOWN)
def test_every_text_of_an_exchange_is_masked(field: str) -> None:
    """A field that is added to the record is, unless somebody says that it is data."""
    exchange = replace(EXAMPLES["keys"](SECRET), **{field: (f"a {SECRET}",)})
    assert getattr(redacted(exchange), field) == ("a •••",)


def test_data_is_none_of_the_texts() -> None:
    assert {"error", "refusal", "output", "logs", "checks", "trace", "notes", "hint", "name"} <= {*SHOWN}
    assert not {"request", "response", "page", "rule", "origin"} & {*SHOWN}


def test_a_secret_that_was_cut_is_masked_as_well() -> None:
    """A value in a failed check has 200 characters at most: less than many a token."""
    token = "".join(f"{number:04d}" for number in range(100))
    exchange = _sent(token, headers={"Authorization": f"Bearer {token}"})
    exchange = exchange.with_checks([CheckResult("x", False, 1, None, f"{shown(f'Bearer {token}')}, {shown('other')}")])
    assert exchange.checks[0].actual == "'•••…, 'other'"


def test_the_page_of_a_redirect_repeats_no_secret() -> None:
    app = nbmicro.App("shop")

    @app.get("/")
    def index() -> Any:
        return nbmicro.redirect(f"/next?a=b&token={SECRET}")

    client = Client(app, secret_names=["token"])
    assert SECRET not in _everything(client.get("/"))
    assert client.get("/").mime_bundle()["text/plain"] == (
        "GET / → 302 FOUND · text/html · not followed: -F\nLocation: /next?a=b&token=•••"
    )


def test_a_hint_names_no_secret_of_the_query_however_short() -> None:
    app = nbmicro.App("shop")

    @app.get("/")
    def index() -> str:
        return nbmicro.request.form["name"]

    exchange = Client(app, secret_names=["pin"]).get("/?pin=1234")
    assert "1234" in (exchange.hint or "")
    assert "1234" not in _everything(exchange)
    assert "/?pin=•••" in exchange.mime_bundle()["text/plain"]


def test_a_request_without_an_exchange_is_masked_too() -> None:
    """Measured, or such that it cannot be made."""
    client = Client(answering("x"), secret_names=["token"])
    request = client.get(f"/?token={SECRET}").request
    assert measure(client, request, 1).request == "GET /?token=•••"
    for options in ({}, {"headers": {"A": "b"}}):
        with pytest.raises(RequestError) as failed:
            client.get(f"x?a=b&token={SECRET}", **options)  # type: ignore[arg-type]
        assert str(failed.value).splitlines() == [
            "`x?a=b&token=•••` is not a path: a path begins with a slash.",
            "Send it to  /x?a=b&token=•••",
        ]


def test_a_word_of_ours_that_is_somebodys_secret_does_no_harm() -> None:
    exchange = _sent("stdout", headers={"Cookie": "a=stdout; b=handler; c=display"})
    shown_text = _complete(exchange, "x").mime_bundle(RenderOptions.parse("all"))["text/plain"]
    assert "printed │ printed •••" in shown_text
    assert "trace │   handler" in shown_text


def test_the_exception_itself_stays_the_apps_own() -> None:
    """It is what %debug opens, whatever kind of class it is."""

    @dataclass
    class Refused(Exception):
        token: str

    refused = Refused(SECRET)
    assert redacted(replace(EXAMPLES["keys"](SECRET), exception=refused)).exception is refused


def test_an_empty_secret_hides_no_empty_value() -> None:
    exchange = _sent("x", headers={"Cookie": "theme="}).with_checks([CheckResult("text == 1", False, 1, "1", "''")])
    assert exchange.checks[0].actual == "''"
