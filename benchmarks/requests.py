"""Requests as a WSGI server would hand them over, and how an app's answer is taken in."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Answer", "Asked", "ask", "consume"]

App = Callable[..., Any]


@dataclass(frozen=True)
class Asked:
    """A request that is sent again and again.

    Parameters
    ----------
    path, method, query, body, content_type, cookie:
        Of the request; the path is decoded.
    """

    path: str
    method: str = "GET"
    query: str = ""
    body: bytes = b""
    content_type: str = ""
    cookie: str = ""

    def environ(self) -> dict[str, Any]:
        """A new environ of it, as a server on this machine makes one."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "HTTP_USER_AGENT": "benchmark",
            "HTTP_ACCEPT": "*/*",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if self.body:
            environ["CONTENT_LENGTH"] = str(len(self.body))
            environ["CONTENT_TYPE"] = self.content_type
        if self.cookie:
            environ["HTTP_COOKIE"] = self.cookie
        return environ

    def environs(self, count: int) -> list[dict[str, Any]]:
        """So many of them, made in advance."""
        return [self.environ() for _ in range(count)]


@dataclass(frozen=True)
class Answer:
    """What an app answered: the status line, the headers, the body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def ask(app: App, asked: Asked) -> Answer:
    """Ask once, and keep the answer."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        begun.append((status, headers))
        return lambda data: None

    chunks = app(asked.environ(), start)
    body = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    return Answer(*begun[-1], body)


def _start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
    return _write


def _write(data: bytes) -> None:
    """Where an app of the old kind would write its body."""


def consume(app: App) -> Callable[[dict[str, Any]], None]:
    """What asks ``app`` with an environ, reads its answer to the end and closes it."""

    def work(environ: dict[str, Any]) -> None:
        chunks = app(environ, _start)
        for _ in chunks:
            pass
        close = getattr(chunks, "close", None)
        if close is not None:
            close()

    return work
