"""Secrets do not land in a notebook: not in a rendering, not in an export, unless they are asked for."""

from __future__ import annotations

import pytest

import nbmicro
from nbmicro.client.client import Client
from nbmicro.exchange.exchange import Exchange
from nbmicro.render.options import RenderOptions
from tests.support.apps import answering, made

SECRET = "s3cr3t-value"


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
