"""One call of a WSGI application (PEP 3333), without a socket."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote_to_bytes

from nbmicro.http.body import BODY_LIMIT, SPOOL_LIMIT, Body, BodyWriter
from nbmicro.http.headers import HeaderFields
from nbmicro.http.media_types import charset_of
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.http.methods import BODY_METHODS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


#: Chunks at which reading a stream stops, so that an endless one of small pieces ends soon.
CHUNK_LIMIT = 100_000

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

_BASE: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "localhost",
    "HTTP_USER_AGENT": "nbmicro",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def make_environ(request: RequestRecord, errors: Any = None) -> dict[str, Any]:
    """The environ of a request as it would come to ``http://localhost/`` from this machine.

    ``errors`` becomes ``wsgi.errors``.
    """
    path, _, query = request.target.partition("?")
    environ = _BASE.copy()
    environ["REQUEST_METHOD"] = request.method
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
    environ["QUERY_STRING"] = query
    environ["REQUEST_URI"] = request.target
    environ["wsgi.input"] = BytesIO(request.body)
    environ["wsgi.errors"] = sys.stderr if errors is None else errors
    if request.body:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    elif request.method in BODY_METHODS:
        environ["CONTENT_LENGTH"] = "0"
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        if key == "CONTENT_LENGTH":
            continue
        if key != "CONTENT_TYPE":
            key = "HTTP_" + key
        text = _wire(value)
        # Of a header that comes several times WSGI has one value; Host cannot come twice.
        if key in environ and key not in _BASE:
            text = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{text}"
        environ[key] = text
    return environ


def _wire(value: str) -> str:
    """A header's value as WSGI wants it: bytes as Latin-1; what Latin-1 lacks travels as UTF-8."""
    if value.isascii():
        return value
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode().decode("latin-1")
    return value


@lru_cache(maxsize=256)
def _read_status(status: str) -> tuple[int, str]:
    code, _, reason = status.partition(" ")
    return int(code) if code.isdigit() else 500, reason


class Answer:
    """What an application answers to one call, as far as it has come.

    After :meth:`read` was left, by its end or by an exception, :meth:`response` gives what there is.

    Parameters
    ----------
    limit:
        Bytes of the body that are read; the application's iterator is closed at the limit.
    """

    __slots__ = ("_chunks", "_count", "_limit", "_writer", "headers", "set_cookies", "size", "status", "truncated")

    def __init__(self, limit: int = BODY_LIMIT) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        #: The values of Set-Cookie, known after :meth:`response`.
        self.set_cookies: list[str] = []
        self.size = 0
        self.truncated = False
        self._chunks: list[bytes] = []
        self._count = 0
        self._limit = limit
        self._writer: BodyWriter | None = None

    def read(self, app: WSGIApplication, environ: dict[str, Any]) -> None:
        """Call the application and read its body; whatever it raises passes through, its iterator closed."""
        iterable = app(environ, self._start)
        try:
            self._read(iterable, environ["REQUEST_METHOD"] == "HEAD")
        finally:
            close: Callable[[], object] | None = getattr(iterable, "close", None)
            if close is not None:
                close()

    def response(self) -> ResponseRecord:
        """The response as far as it came; the body says whether it was cut."""
        code, reason = _read_status(self.status)
        content_type = None
        streamed = self._count > 1
        for name, value in self.headers:
            key = name.lower()
            if key == "content-type":
                content_type = value
            elif key == "content-length":
                streamed = False
            elif key == "set-cookie":
                self.set_cookies.append(value)
        charset = charset_of(content_type)
        if self._writer is not None:
            body = self._writer.finish(charset=charset, truncated=self.truncated)
        else:
            chunks = self._chunks
            content = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            body = Body(content, charset=charset, truncated=self.truncated)
        if streamed:
            body.chunks = self._count
        return ResponseRecord.of(code, reason, HeaderFields(self.headers), body)

    @property
    def begun(self) -> bool:
        """Whether a server would have sent the status line already: headers are set and a byte of the body came."""
        return self.size > 0

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        if exc_info is not None:
            if self.begun and exc_info[1] is not None:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self.status:
            raise RuntimeError("The application called start_response twice.")
        self.status, self.headers = status, list(headers)
        return self._keep

    def _read(self, iterable: Iterable[bytes], headless: bool) -> None:
        for count, chunk in enumerate(iterable, 1):
            if not self.status:
                raise RuntimeError("The application sent its body before it called start_response.")
            if headless:
                return
            if chunk and (not self._keep(chunk) or count >= CHUNK_LIMIT):
                self.truncated = True
                return
        if not self.status:
            raise RuntimeError("The application ended without calling start_response.")

    def _keep(self, chunk: bytes) -> bool:
        self._count += 1
        self.size += len(chunk)
        if self._writer is None:
            if self.size <= SPOOL_LIMIT and self.size <= self._limit:
                self._chunks.append(chunk)
                return True
            self._writer = BodyWriter(limit=self._limit)
            for earlier in self._chunks:
                self._writer.write(earlier)
            self._chunks = []
        kept = self._writer.write(chunk)
        self.truncated = self.truncated or not kept
        return kept
