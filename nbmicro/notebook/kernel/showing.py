"""How an exchange is shown in this notebook: its MIME bundle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import ErrorRecord
from nbmicro.exchange.secrets import redacted
from nbmicro.http.body import Body
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.render.body import body_pane
from nbmicro.render.html import mime_bundle
from nbmicro.render.markup import joined
from nbmicro.render.options import RenderOptions
from nbmicro.render.page import seal_page
from nbmicro.render.page_text import page_lines
from nbmicro.render.summary import error_lines


def bundle_of(exchange: Exchange, parts: Any = None) -> dict[str, str]:
    """The bundle of an exchange.

    Parameters
    ----------
    exchange:
        The exchange.
    parts:
        What ``--show`` named; None for the default.
    """
    options = RenderOptions() if parts is None else RenderOptions.parse(parts)
    return mime_bundle(exchange, options)


def page_bundle(source: str, fetch: Callable[[str], ResponseRecord | None]) -> dict[str, str]:
    """The bundle of a page that no request asked for: a rendered template.

    Parameters
    ----------
    source:
        The page.
    fetch:
        Gets what belongs to the page from the app: style sheets, images.
    """
    response = ResponseRecord(
        200, "OK", HeaderFields([("Content-Type", "text/html; charset=utf-8")]), Body(source.encode())
    )
    page = Exchange(RequestRecord("GET", "/"), response, page=seal_page(source, fetch))
    drawn = joined(body_pane(page, RenderOptions()))
    return {"text/plain": "\n".join(page_lines(source)), "text/html": str(drawn)}


def exchange_of(response: Any, secret_names: frozenset[str]) -> Exchange:
    """The exchange of a response that Werkzeug's test client gave (an app's ``test_client()``), as far as it tells."""
    request = response.request
    reason = response.status.partition(" ")[2]
    fields = HeaderFields(list(response.headers))
    return Exchange(
        RequestRecord(request.method, request.full_path.removesuffix("?"), HeaderFields(list(request.headers))),
        ResponseRecord(response.status_code, reason, fields, Body(response.get_data())),
        secret_names=secret_names,
    )


def error_bundle(error: ErrorRecord) -> dict[str, str]:
    """The bundle of an exchange's error: its places and lines, as the exchange itself shows them."""
    error = redacted(error)
    told = [line for _, text in error_lines(error) for line in text.split("\n")]
    return {"text/plain": "\n".join([*told, *([error.hint] if error.hint else [])])}
