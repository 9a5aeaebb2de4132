"""A method that nobody knows: neither HTTP nor the app.

What lives here: whether such a request may be sent, and its refusal. What must not: which methods a route may declare.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from nbmicro.errors import RequestError
from nbmicro.exchange.address import METHODS
from nbmicro.exchange.hints import routes_of
from nbmicro.exchange.template import Template

__all__ = ["REGISTERED_METHODS", "check_method"]

# fmt: off
REGISTERED_METHODS = METHODS | {
    "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "LABEL", "LINK", "LOCK", "MERGE",
    "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH", "PRI", "PROPFIND",
    "PROPPATCH", "PURGE", "QUERY", "REBIND", "REPORT", "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK",
    "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
}
# fmt: on
"""IANA's registry of HTTP methods (RFC 9110, section 16.1), and PURGE, which caches take."""


def check_method(method: str, url: Template, app: Any, *, line: int | None, column: int | None) -> None:
    """Refuse a method that is not registered and that no route of the app declares.

    Where the app does not tell what its routes answer, only a method near one of the usual ones is refused.

    Parameters
    ----------
    method, url:
        What is to be sent, and where.
    app:
        Who would answer.
    line, column:
        Where the method stands.

    Raises
    ------
    RequestError
        With the method that was meant, if there is a near one.
    """
    routes = routes_of(app)
    if any(method in route.methods for route in routes):
        return
    meant = get_close_matches(method, METHODS, n=1, cutoff=0.65)
    tells = bool(routes) and all(route.methods for route in routes)
    if not tells and not meant:
        return
    said = "and no route of the app declares it" if tells else "and it is nearly one"
    raise RequestError(
        f"{method} is no method of HTTP, {said}. Nothing was sent.",
        hint=(f"Did you mean  {meant[0]} {url.source}\n" if meant else "")
        + f'To send it all the same:  client.open("{method}", "{url.source}")',
        line=line,
        column=column,
    )
