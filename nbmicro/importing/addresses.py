"""The URLs of request lines as a notebook's app is asked: no origin, no password, no value that must not be encoded."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from nbmicro.http.build import is_loopback

PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}")
# In the place of a secret address, whose path may be what is secret of it, as that of a web hook is.
SOMEWHERE = "secret.invalid"
_METHOD = re.compile(r"\s*(?:[A-Za-z-]+[ \t]+)?")
_URL = re.compile(r"(?:\{\{.*?\}\}|\S)*")
_AUTHORITY = re.compile(r"(?P<scheme>https?)://(?P<authority>(?:\{\{.*?\}\}|[^/?#\s])*)", re.IGNORECASE)
_USER = re.compile(r"(?P<scheme>https?://)?(?P<user>(?:\{\{.*?\}\}|[^/?#\s@{}])*)@(?!\Z)", re.IGNORECASE)
# What nbmicro encodes by itself.
_PAIR = re.compile(r"(?:\{\{.*?\}\}|[^\s:{}])+:(?:\{\{.*?\}\}|[^\s{}])+")
# `api.example.org/users`, `shop:8080`: a host without its scheme; `users.json` and `v1.0/users` are none.
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?/|[\w.-]+:\d+(?:[/?]|\Z)", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BEFORE_PATH = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#&]*")
_PORT = re.compile(r":(?:\d*|\{\{[^{}]*\}\})\Z")
# What means something else where it is percent-encoded, as the value of a placeholder is.
_MEANS_MORE = re.compile(r"[/?#&=+%]")


@dataclass(frozen=True, slots=True)
class AppAddress:
    """A request line that asks the app; ``credentials`` stood in the URL, ``left_out`` is what the notes call the rest.

    ``left_out`` is None where nothing but the credentials was left out.
    """

    text: str
    left_out: str | None
    credentials: str | None


def app_address(line: str, values: Mapping[str, str]) -> AppAddress | None:
    """The request line without its origin and password; None where it asks the app as it stands, or nobody knows.

    ``values`` are those of the variables, secret addresses as ``SOMEWHERE``.
    """
    start = _METHOD.match(line)
    begin = start.end() if start else 0
    found = _URL.match(line, begin)
    written = found[0] if found else ""
    stop = begin + len(written)
    # A value may hold what would end the authority: what stands before an `@` is taken as it is written.
    user = _USER.match(written)
    url = (user["scheme"] or "") + written[user.end() :] if user else written
    pieces = list(_pieces(url, values))
    whole = "".join(value for _, value in pieces)
    scheme = ""
    if not _SCHEME.match(whole):
        if not (url.startswith("{{") or _HOST.match(url)) or whole.startswith(("{{", "/", "?")):
            return None
        scheme = "http://"
    origin = _AUTHORITY.match(scheme + whole)
    if origin is None:
        return None
    given, at, host = origin["authority"].rpartition("@")
    has_user = bool(user or at)
    if not _is_known(host) or (not has_user and _is_this_machine(host)):
        return None
    credentials = _credentials(user["user"] if user else given) if has_user else None
    if has_user and credentials is None:
        return None
    path = _from(pieces, origin.end() - len(scheme))
    if not "".join(value for _, value in _pieces(path, values)).startswith("/"):
        path = f"/{path}"
    shown = f"{origin['scheme']}://{host}"
    if SOMEWHERE in host:
        shown = f"the value of `{pieces[0][0].strip('{} ')}`"
    return AppAddress(f"{line[:begin]}{path}{line[stop:]}", None if _is_this_machine(host) else shown, credentials)


def with_plain_values(line: str, values: Mapping[str, str]) -> str:
    """A line of a URL with those values in place that mean something else once they are encoded.

    Other tools put values into a URL as they are: ``a/b`` is two segments, ``x=1&y=2`` two parameters. Before the path
    begins a value stands as it is here too.
    """
    start = _METHOD.match(line)
    written, seen = line[: start.end()] if start else "", ""
    for text, value in _pieces(line[len(written) :], values):
        if text != value and _MEANS_MORE.search(value) and not _BEFORE_PATH.fullmatch(seen):
            text = re.sub(r"\s", "%20", value)
        written += text
        seen += value
    return written


def _pieces(url: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The parts of a URL as they are written, each with its value; what is not known stands for itself."""
    position = 0
    for found in PLACEHOLDER.finditer(url):
        if found.start() > position:
            yield url[position : found.start()], url[position : found.start()]
        yield found[0], values.get(found[1].strip(), found[0])
        position = found.end()
    if position < len(url):
        yield url[position:], url[position:]


def _from(pieces: list[tuple[str, str]], start: int) -> str:
    """What is written from a place in the values on; a value that has begun before it is filled."""
    position = 0
    for index, (text, value) in enumerate(pieces):
        if position + len(value) > start:
            cut = start - position
            return (value[cut:] if cut else text) + "".join(text for text, _ in pieces[index + 1 :])
        position += len(value)
    return ""


def _is_known(host: str) -> bool:
    """Whether anything of a host is known beside placeholders."""
    return PLACEHOLDER.sub("", _PORT.sub("", host)) != ""


def _is_this_machine(host: str) -> bool:
    return is_loopback(_PORT.sub("", host).strip("[]"))


def _credentials(user: str) -> str | None:
    """A name and password out of a URL as ``Basic`` takes them (RFC 7617); None where only a request can encode them.

    Percent signs count outside placeholders.
    """
    text = "".join(part if part.startswith("{{") else unquote(part) for part, _ in _pieces(user, {}))
    if SOMEWHERE in text:
        return None
    if _PAIR.fullmatch(text):
        return text
    if "{{" in text:
        return None
    return base64.b64encode((text if ":" in text else f"{text}:").encode()).decode("ascii")
