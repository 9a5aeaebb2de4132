"""What may stand as METHOD and URL: recognising them among words, and the refusal of origins that are not the app."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from nbmicro.errors import RequestError
from nbmicro.http.build import is_loopback
from nbmicro.http.methods import METHODS
from nbmicro.language.template import Template

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BARE_LOOPBACK = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])?:\d+(?=[/?]|\Z)|localhost(?=[/?]|\Z)", re.I)


def is_url(text: str) -> bool:
    """Whether a word is meant as a URL: a path, an origin, ``localhost:5000/x``, ``:5000/x``, or a leading blank."""
    return text.startswith(("/", "?", "{{")) or bool(_ORIGIN.match(text) or _BARE_LOOPBACK.match(text))


def loopback_url(text: str) -> str:
    """The URL with the scheme that ``localhost:5000/x`` and ``:5000/x`` leave out."""
    found = _BARE_LOOPBACK.match(text)
    if not found:
        return text
    return f"http://localhost{text}" if text.startswith(":") else f"http://{text}"


def is_loopback_url(url: str) -> bool:
    """Whether a URL with an origin means this machine, and so the app."""
    try:
        parts = urlsplit(url)
        return parts.scheme.lower() in {"http", "https"} and is_loopback(parts.hostname or "")
    except ValueError:
        return False


def check_origin(url: str, line: int | None = None, column: int | None = None) -> None:
    """Raise RequestError if the URL has an origin and it is not this machine's loopback."""
    if not _ORIGIN.match(url):
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise RequestError(f"`{url}` is not a URL: {error}.", line=line, column=column) from None
    if parts.scheme.lower() in {"ws", "wss"}:
        raise RequestError(
            f"{url} is a WebSocket, and %http speaks HTTP only.",
            hint="Try it with the test client of the app's framework.",
            line=line,
            column=column,
        )
    if parts.scheme.lower() not in {"http", "https"} or (host and not is_loopback(host)):
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        raise RequestError(
            f"{url} is not this app; %http speaks to the app in the notebook.",
            hint=f"Send the path:  %http {path}",
            line=line,
            column=column,
        )
    if parts.username is not None:
        raise RequestError(
            "a name and password stand in the URL.",
            hint="Write the path, and  -a USER:PASS",
            line=line,
            column=column,
        )


def check_url(url: Template, magic: str = "%http") -> None:
    """Refuse what is wrong with a URL whatever its blanks give: another origin, or a path without its slash."""
    source = loopback_url(url.source)
    head = source.partition("{{")[0]
    if not source:
        raise RequestError("the URL is empty.", hint=f"Write  {magic} /", line=url.line, column=url.column)
    if _ORIGIN.match(head):
        authority = head.partition("://")[2]
        if re.search(r"[/?#]", authority) or url.is_literal:
            check_origin(source, url.line, url.column)
    elif head and not head.startswith(("/", "?")):
        joined = re.match(r"([A-Z]+)(/.*)", url.source, re.DOTALL)
        if joined and joined[1] in METHODS:
            raise RequestError(
                f"`{url.source}`: a space stands between the method and the path.",
                hint=f"Try:  {magic} {joined[1]} {joined[2]}",
                line=url.line,
                column=url.column,
            )
        raise RequestError(
            f"`{url.source}` is not a path: a path begins with a slash.",
            hint=f"Try:  {magic} /{url.source}",
            line=url.line,
            column=url.column,
        )
