"""Small WSGI applications for the tests of the client and of what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nbmicro.exchange.exchange import Exchange
from nbmicro.http.body import Body
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.render.summary import RenderOptions


def answering(
    body: bytes | str = b"",
    status: str = "200 OK",
    headers: Iterable[tuple[str, str]] = (),
    media_type: str = "text/html",
) -> Callable[..., list[bytes]]:
    """An app that answers everything the same."""
    content = body.encode() if isinstance(body, str) else body
    fields = [("Content-Type", f"{media_type}; charset=utf-8"), *headers]

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        start_response(status, fields)
        return [content]

    return app


def calling(function: Callable[[dict[str, Any]], Any]) -> Callable[..., Iterable[bytes]]:
    """An app that answers what the function of the environ gives: text, bytes, or an iterator that is streamed."""

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        given = function(environ)
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        if isinstance(given, str):
            return [given.encode()]
        return [given] if isinstance(given, bytes) else given

    return app


def made(
    body: bytes | str = b"",
    *,
    target: str = "/",
    method: str = "GET",
    status: int = 200,
    reason: str = "OK",
    media_type: str = "text/html",
    headers: Iterable[tuple[str, str]] = (),
    request_headers: Iterable[tuple[str, str]] = (),
    request_body: bytes = b"",
    **known: Any,
) -> Exchange:
    """An exchange that nobody sent."""
    fields = HeaderFields([*([("Content-Type", media_type)] if media_type else []), *headers])
    content = Body(body.encode("utf-8", "replace") if isinstance(body, str) else body)
    request = RequestRecord(method, target, HeaderFields(request_headers), request_body)
    return Exchange(request, ResponseRecord(status, reason, fields, content), **known)


def render_text(exchange: Exchange, options: RenderOptions | None = None) -> str:
    """What is shown of an exchange as text; empty when nothing is."""
    return str(exchange.mime_bundle(options).get("text/plain", ""))


def render_html(exchange: Exchange, options: RenderOptions | None = None) -> str:
    """What is shown of an exchange as HTML; empty when nothing is."""
    return str(exchange.mime_bundle(options).get("text/html", ""))
