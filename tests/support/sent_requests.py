"""Requests as they came to a server: recorded from a socket or from a WSGI environ, and made comparable."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["Recorder", "Sent", "comparable", "difference", "recording_app", "response_to"]

DEADLINE = 20.0
#: What says how a message is framed or the connection kept; no app sees a meaning in it.
OF_THE_CONNECTION = {
    "connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-connection", "te",
    "transfer-encoding", "upgrade",
}  # fmt: skip
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_NOT_IN_URIS = re.compile(r"[^!#$&'()*+,/:;=?@A-Za-z0-9._~%-]|%(?![0-9A-F]{2})")
_BOUNDARY = re.compile(r'boundary=(?:"([^"]*)"|([^;\s]*))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it came: the target raw, the headers with small names, each once, as WSGI joins them."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def as_json(self) -> dict[str, Any]:
        """For a file: the body as Latin-1, so that each byte is one character."""
        return {
            "method": self.method,
            "target": self.target,
            "headers": dict(self.headers),
            "body": self.body.decode("latin-1"),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Sent:
        return cls(data["method"], data["target"], tuple(data["headers"].items()), data["body"].encode("latin-1"))


def response_to(method: str, target: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """What both recorders answer, so that a request that reads the answer before it finds the same."""
    path = target.partition("?")[0]
    headers = [("Content-Type", "application/json"), ("X-Token", "t-abc")]
    if path == "/go":
        return "302 Found", [("Location", "/there"), ("Content-Type", "text/plain")], b""
    if path == "/cookie":
        headers.append(("Set-Cookie", "theme=dark; Path=/"))
    body = {"id": 7, "token": "t-123", "user": {"name": "Ada"}, "items": [{"sku": "a1"}, {"sku": "b2"}]}
    return "200 OK", headers, b"" if method == "HEAD" else json.dumps(body).encode()


class Recorder:
    """A server on a free port of the loopback that keeps what it is sent, byte by byte."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._sent: list[Sent] = []
        self._thread = threading.Thread(target=self._serve, name="recorder", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def take(self) -> list[Sent]:
        """What came since the last call."""
        taken, self._sent = self._sent, []
        return taken

    def close(self) -> None:
        # A thread that waits in accept() is woken by a connection, not by the closing of its socket.
        self._closing = True
        with socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._thread.join(DEADLINE)
        self._socket.close()

    _closing = False

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._closing:
                connection.close()
                return
            connection.settimeout(DEADLINE)
            with connection, connection.makefile("rwb") as stream:
                try:
                    self._answer(stream)
                except (OSError, ValueError):
                    # A client that left; what it sent in whole is recorded.
                    continue

    def _answer(self, stream: Any) -> None:
        line = stream.readline()
        if not line:
            return
        method, _, rest = line.rstrip(b"\r\n").decode("latin-1").partition(" ")
        target = rest.rpartition(" ")[0]
        headers: list[tuple[str, str]] = []
        while (line := stream.readline().rstrip(b"\r\n")) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
        named = {name.lower(): value for name, value in headers}
        if "100-continue" in named.get("expect", ""):
            stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            stream.flush()
        if "chunked" in named.get("transfer-encoding", ""):
            body = b""
            while size := int(stream.readline().partition(b";")[0], 16):
                body += stream.read(size)
                stream.readline()
            stream.readline()
        else:
            body = stream.read(int(named.get("content-length") or 0))
        self._sent.append(Sent(method, target, _joined(headers), body))
        status, answered, content = response_to(method, target)
        head = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in answered)]
        head += [f"Content-Length: {len(content)}", "Connection: close", "", ""]
        stream.write("\r\n".join(head).encode("latin-1") + content)
        stream.flush()


def recording_app(sent: list[Sent]) -> Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]:
    """A WSGI app that appends each request to a list and answers as the recorder does."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        headers = [
            (key.removeprefix("HTTP_").replace("_", "-"), value)
            for key, value in environ.items()
            if key.startswith("HTTP_") or (key == "CONTENT_TYPE" and value)
        ]
        method, target = environ["REQUEST_METHOD"], environ["REQUEST_URI"]
        sent.append(Sent(method, target, _joined(headers), environ["wsgi.input"].read()))
        status, answered, content = response_to(method, target)
        start_response(status, answered)
        return [content]

    return app


def _joined(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Small names in order; of a header that comes several times one value, as a WSGI server makes it."""
    joined: dict[str, str] = {}
    for name, value in headers:
        # In a WSGI environ a hyphen and an underscore are one.
        key = name.lower().replace("_", "-")
        joint = "; " if key == "cookie" else ", "
        joined[key] = f"{joined[key]}{joint}{value}" if key in joined else value
    return tuple(sorted(joined.items()))


def comparable(sent: Sent, *, defaults: Iterable[tuple[str, str]] = ()) -> Sent:
    """A request without what the client adds by itself and without the name of a boundary.

    Parameters
    ----------
    defaults:
        Headers with the values (regular expressions) that are the client's own; they are left out.
    """
    own = {name: re.compile(pattern) for name, pattern in defaults}
    headers = {
        name: value
        for name, value in sent.headers
        if name not in OF_THE_CONNECTION and not (name in own and own[name].fullmatch(value))
    }
    if headers.get("content-type") == "":
        # To a WSGI app an empty type and none are alike (PEP 3333).
        del headers["content-type"]
    if "cookie" in headers:
        headers["cookie"] = re.sub(r";\s*", "; ", headers["cookie"])
    found = _BOUNDARY.search(headers.get("content-type", ""))
    body = sent.body
    if found:
        boundary = found[1] or found[2]
        headers["content-type"] = headers["content-type"].replace(boundary, "BOUNDARY")
        body = body.replace(boundary.encode("latin-1"), b"BOUNDARY")
        # Behind the last boundary comes nothing, be it a line break (RFC 2046).
        body = re.sub(rb"(?<=--)\s+\Z", b"", body)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        # Two ways to write a blank.
        body = body.replace(b"+", b"%20")
    return replace(sent, target=_canonical(sent.target), headers=tuple(sorted(headers.items())), body=body)


def _canonical(target: str) -> str:
    """The target as RFC 3986 writes it: what may not stand in a URI is percent-encoded, with capitals.

    Some clients send `|`, `"`, `[` or the bytes of UTF-8 as they are; every server reads both alike.
    """
    text = _ESCAPE.sub(lambda found: found[0].upper(), target)
    return _NOT_IN_URIS.sub(lambda found: f"%{ord(found[0]):02X}", text)


def difference(expected: list[Sent], came: list[Sent]) -> str | None:
    """The first thing that differs between two lists of comparable requests, for a person; None if nothing does."""
    if len(expected) != len(came):
        return f"{len(expected)} requests expected, {len(came)} came"
    for number, (one, other) in enumerate(zip(expected, came, strict=True), 1):
        for part in ("method", "target", "headers", "body"):
            wanted, found = getattr(one, part), getattr(other, part)
            if part == "headers":
                missing = dict(set(wanted) - set(found))
                wanted, found = missing, dict(set(found) - set(one.headers))
            if wanted != found:
                where = f"request {number}: " if len(expected) > 1 else ""
                return f"{where}{part}: {wanted!r} expected, {found!r} came"
    return None
