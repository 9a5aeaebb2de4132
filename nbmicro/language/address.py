"""What may stand as METHOD and URL: recognising them among words, reading a request line, rejecting other origins."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from nbmicro.errors import Placed, RequestError
from nbmicro.http.build import is_loopback
from nbmicro.http.methods import METHODS, is_method
from nbmicro.language.lines import HEADER, STATUS, VERSION, Line
from nbmicro.language.template import Template, placeholder_end

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BARE_LOOPBACK = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])?:\d+(?=[/?]|\Z)|localhost(?=[/?]|\Z)", re.I)
# `name=Ada`, `age:=36`, `page==2`, `photo@a.png`: HTTPie's items.
ITEM = re.compile(r"[\w.-]+(?::=@?|=@|==?|@)\S")


def is_url(text: str) -> bool:
    """Whether a word is meant as a URL: a path, an origin, ``localhost:5000/x``, ``:5000/x``, or one in ``{{ }}``."""
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


def check_origin(url: str, place: Placed) -> None:
    """Raise RequestError if a URL, which stands at ``place``, has an origin that is not this machine's loopback."""
    if not _ORIGIN.match(url):
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise RequestError.at(place, f"`{url}` is not a URL: {error}.") from None
    if parts.scheme.lower() in {"ws", "wss"}:
        hint = "Try it with the test client of the app's framework."
        raise RequestError.at(place, f"{url} is a WebSocket, and %http speaks HTTP only.", hint)
    if parts.scheme.lower() not in {"http", "https"} or (host and not is_loopback(host)):
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        message = f"{url} is not this app; %http speaks to the app in the notebook."
        raise RequestError.at(place, message, f"Send the path:  %http {path}", code="other-origin")
    if parts.username is not None:
        message, hint = "a name and password stand in the URL.", "Write the path, and  -a USER:PASS"
        raise RequestError.at(place, message, hint, code="password-in-url")


def check_url(url: Template, magic: str = "%http") -> None:
    """Reject what is wrong with a URL whatever its placeholders give: another origin, or a path without its slash."""
    source = loopback_url(url.source)
    head = source.partition("{{")[0]
    if not source:
        raise RequestError.at(url, "the URL is empty.", fix=f"{magic} /")
    if _ORIGIN.match(head):
        authority = head.partition("://")[2]
        if re.search(r"[/?#]", authority) or url.is_literal:
            check_origin(source, url)
    elif head and not head.startswith(("/", "?")):
        joined = re.match(r"([A-Z]+)(/.*)", url.source, re.DOTALL)
        if joined and joined[1] in METHODS:
            message, fix = "`: a space stands between the method and the path.", f"{magic} {joined[1]} {joined[2]}"
        else:
            message, fix = "` is not a path: a path begins with a slash.", f"{magic} /{url.source}"
        raise RequestError.at(url, f"`{url.source}{message}", f"Try:  {fix}", code="no-path", fix=fix)


_NOT_HTTP = frozenset(
    ("WEBSOCKET", "WS", "WSS", "GRPC", "SSE", "EVENTSOURCE", "MQTT", "MQTTS", "AMQP", "AMQPS", "RSOCKET"),
)


def check_method(method: str, place: Placed) -> None:
    """Reject what other tools write in the place of a method, to send another body or speak another protocol."""
    if method == "GRAPHQL":
        hint = 'Write POST, and the body  {"query": "{ users { name } }"}'
        raise RequestError.at(place, f"{method} is no method: a GraphQL query is sent as the JSON that it is.", hint)
    if method in _NOT_HTTP:
        hint = "Try it with the test client of the app's framework."
        raise RequestError.at(place, f"{method} is no method, and %http speaks HTTP only.", hint)


def read_request_line(line: Line) -> tuple[str, Template]:
    """The method and URL of a request line; the method is GET where it is left out.

    Raises
    ------
    RequestError
        The line is no request line.
    """
    text = line.text.rstrip()
    version = VERSION.search(text)
    stop = version.start() if version else len(text)
    start = len(text) - len(text.lstrip())
    first = re.compile(r"\S+").match(text, start, stop)
    method = "GET"
    if first and is_method(first[0]) and not is_url(first[0]):
        method = first[0].upper()
        check_method(method, line)
        behind = text[first.end() : stop]
        start = first.end() + len(behind) - len(behind.lstrip())
        if not first[0].isupper() and not is_url(text[start:stop]) and method not in METHODS:
            raise RequestError.at(line, f"`{text.strip()}` is no request line.", fix="GET /users")
    if start >= stop:
        raise RequestError.at(line, "the URL is missing.", fix=f"{method} /users")
    if STATUS.match(text):
        raise RequestError.at(line, f"`{text}` has no request above it.", "Write the request line first:  GET /users")
    url = line.template(start, stop)
    space = _space_in_url(text[start:stop])
    if space >= 0:
        if method == "GET" and not is_url(text[start:stop]):
            raise RequestError.at(line, f"`{text.strip()}` is no request line.", fix="GET /users")
        behind = text[start + space : stop]
        rest = behind.strip()
        hint, fix = _behind_url(method, text[start:stop], rest)
        raise RequestError(
            f"`{rest}` stands behind the URL.",
            hint=hint,
            code="behind-url",
            fix=fix,
            line=line.line,
            column=start + space + 1 + len(behind) - len(behind.lstrip()),
        )
    check_url(url)
    return method, url


def _behind_url(method: str, text: str, rest: str) -> tuple[str, str | None]:
    """What to write for words behind a URL, which are ``rest`` of its ``text``, and the whole line if it is known."""
    for status in (rest, f"HTTP {rest}"):
        if STATUS.match(status):
            return f"The status that is expected stands on a line of its own, below the request:  {status}", None
    if any(ITEM.match(word) or word.startswith("-") or HEADER.match(word) for word in rest.split()):
        return (
            f"Items and options belong to the magic's own line:  %%http {method} {text}\nIn a URL a space is %20.",
            None,
        )
    url = text.rstrip().removesuffix(rest).rstrip()
    fix = f"{method} {'%20'.join([url, *rest.split()])}"
    if re.match(r"\{(?!\{)|\[", rest):
        return f"The body stands below an empty line:\n{method} {url}\n\n{rest}", fix
    return f"In a URL a space is %20:  {fix}", fix


def _space_in_url(text: str) -> int:
    """Where the first space outside placeholders is; -1 if there is none."""
    position = 0
    while position < len(text):
        if text.startswith("{{", position):
            end = placeholder_end(text, position + 2)
            position = end + 2 if end >= 0 else position + 2
        elif text[position].isspace():
            return position
        else:
            position += 1
    return -1


def read_continuation(line: Line, start: int, stop: int) -> Template:
    """What a line that begins with ``?`` or ``&`` adds to the URL."""
    version = VERSION.search(line.text[:stop])
    stop = version.start() if version else stop
    space = _space_in_url(line.text[start:stop])
    if space >= 0:
        message = f"`{line.text[start + space : stop].strip()}` stands behind the URL."
        raise RequestError(message, hint="In a URL a space is %20.", line=line.line, column=start + space + 2)
    return line.template(start, stop)
