"""The one call of a WSGI app (PEP 3333), on which client, browser session, recorder and benchmark stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from nbmicro.client.capture import Capture
from nbmicro.client.last_failure import let_go
from nbmicro.http.body import BODY_LIMIT, SPOOL_LIMIT, Body, BodyWriter
from nbmicro.http.content_coding import decoded_body
from nbmicro.http.headers import HeaderFields
from nbmicro.http.media_types import charset_of
from nbmicro.http.messages import ResponseRecord
from nbmicro.threads.deadline import Deadline, Expired
from nbmicro.web.environ import ERROR, HTTP_ERROR, REQUEST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

    from nbmicro.client.trace import Tracer

#: Chunks at which reading a stream stops, so that an endless one of small pieces ends soon.
CHUNK_LIMIT = 100_000

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


@lru_cache(maxsize=256)
def _read_status(status: str) -> tuple[int, str]:
    code, _, reason = status.partition(" ")
    return int(code) if code.isdigit() else 500, reason


class Call:
    """One call of a WSGI app, and what has come of it so far.

    Either :meth:`read` makes the call and reads the whole response, or :meth:`begin` makes it, iterating gives the
    pieces of the body as they come, and :meth:`close` ends it. What the app prints, logs and displays meanwhile is
    captured, and nothing besides.

    Parameters
    ----------
    app, environ:
        The application, and the environ that it is given.
    captured:
        The capture that is entered whenever the app runs.
    limit:
        Bytes of the body that are kept. :meth:`read` reads no further; who iterates gets the rest all the same.
    start_response:
        Of the server that asks, which is called as the app calls this one's.

    Attributes
    ----------
    environ:
        As the app left it; the keys are those of :mod:`nbmicro.web.environ`.
    status_line, headers:
        Of the response; empty as long as it has not begun.
    set_cookies:
        The values of its Set-Cookie, known after :meth:`response`.
    error:
        What the app raised, or the error of its deadline.
    is_late:
        Whether it was stopped by its deadline.
    truncated:
        Whether the body goes on after what was kept.
    seconds:
        How long the app took, as :meth:`read` measured it.
    """

    # What most calls leave as it is costs nothing here.
    status_line = ""
    error: BaseException | None = None
    is_late = truncated = False
    seconds = 0.0
    _iterable: Iterable[bytes] | None = None
    _iterator: Iterator[bytes] | None = None
    _writer: BodyWriter | None = None
    _count = _size = 0

    def __init__(
        self,
        app: WSGIApplication,
        environ: dict[str, Any],
        captured: Capture,
        limit: int = BODY_LIMIT,
        start_response: StartResponse | None = None,
    ) -> None:
        self.app = app
        self.environ = environ
        self.captured = captured
        self.headers: list[tuple[str, str]] = []
        self.set_cookies: list[str] = []
        self._limit = limit
        self._server = start_response
        self._chunks: list[bytes] = []

    # -- the whole response at once ------------------------------------------------------------------------------

    def read(self, timeout: float | None, too_late: Callable[[], BaseException], tracer: Tracer | None = None) -> None:
        """Call the app, read its response and close it.

        What the app raises becomes :attr:`error`. A KeyboardInterrupt passes through, and so does the deadline of a
        request around this one.

        Parameters
        ----------
        timeout:
            Seconds that it may take; None for ever.
        too_late:
            Makes the error of an app that took longer.
        tracer:
            Entered around the call.
        """
        deadline = Deadline(timeout)
        begin = perf_counter()
        with self.captured:
            try:
                with deadline:
                    begin = perf_counter()
                    if tracer is None:
                        self._read()
                    else:
                        with tracer:
                            self._read()
                    self.seconds = perf_counter() - begin
                return
            except Expired as expired:
                deadline.close()
                if not deadline.expired:
                    raise
                self.error, self.is_late = too_late().with_traceback(expired.__traceback__), True
            except (Exception, SystemExit) as error:
                self.error = error
            self.seconds = perf_counter() - begin
            self.truncated = self.begun

    def _read(self) -> None:
        environ = self.environ
        iterable = self.app(environ, self._start)
        try:
            headless = environ["REQUEST_METHOD"] == "HEAD"
            for count, chunk in enumerate(iterable, 1):
                if not self.status_line:
                    raise RuntimeError("The application sent its body before it called start_response.")
                if headless:
                    return
                if chunk and (not self._keep(chunk) or count >= CHUNK_LIMIT):
                    self.truncated = True
                    return
            if not self.status_line:
                raise RuntimeError("The application ended without calling start_response.")
        finally:
            close: Callable[[], object] | None = getattr(iterable, "close", None)
            if close is not None:
                close()

    # -- piece by piece ------------------------------------------------------------------------------------------

    def begin(self, timeout: float | None = None, too_late: Callable[[], BaseException] | None = None) -> None:
        """Call the app, which must return within ``timeout``; whatever it raises passes through."""
        deadline = Deadline(timeout)
        try:
            with self.captured, deadline:
                self._iterable = self.app(self.environ, self._start)
                self._iterator = iter(self._iterable)
        except BaseException as error:
            deadline.close()
            self.error = error
            if too_late is None or not isinstance(error, Expired) or not deadline.expired:
                raise
            self.error, self.is_late = too_late().with_traceback(error.__traceback__), True
            raise self.error from None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._iterator is None:
            raise StopIteration
        # The capture is entered for each step alone: a server may read the next one in another context.
        try:
            with self.captured:
                chunk = next(self._iterator)
        except StopIteration:
            raise
        except BaseException as error:
            self.error, self.truncated = error, self.begun
            raise
        if chunk:
            self._keep(chunk)
        return chunk

    def close(self) -> None:
        """Close the app's iterable, as a server must; again is nothing."""
        iterable, self._iterable, self._iterator = self._iterable, None, None
        close: Callable[[], object] | None = getattr(iterable, "close", None)
        if close is not None:
            with self.captured:
                close()

    # -- what has come -------------------------------------------------------------------------------------------

    def failures(self) -> list[BaseException]:
        """What failed in the app, whether that became the response or passed through; what it logged as failed too."""
        environ = self.environ
        errors = [self.error, environ.get(ERROR), environ.get(HTTP_ERROR), *self.captured.logged_errors]
        return [error for error in errors if error is not None]

    def let_go(self) -> None:
        """The call has ended, and nobody will ask what failed in it."""
        self.environ.pop(REQUEST, None)  # which has this environ
        for error in self.failures():
            let_go(error)

    @property
    def begun(self) -> bool:
        """Whether a server would have sent the status line already: headers are set and a byte of the body came."""
        return self._size > 0

    @property
    def status(self) -> int:
        """The status code; 500 as long as the response has not begun."""
        return _read_status(self.status_line)[0]

    @property
    def reason(self) -> str:
        """The reason phrase, as the app gave it."""
        return _read_status(self.status_line)[1]

    def response(self) -> ResponseRecord:
        """The response as far as it came; the body says whether it was cut. To be asked for once."""
        if not self.status_line or (self.error is not None and not self.begun):
            return ResponseRecord(500, "INTERNAL SERVER ERROR")
        code, reason = _read_status(self.status_line)
        content_type = coding = None
        streamed = self._count > 1
        for name, value in self.headers:
            key = name.lower()
            if key == "content-type":
                content_type = value
            elif key == "content-encoding":
                coding = value if coding is None else f"{coding}, {value}"
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
        if coding is not None:
            body = decoded_body(body, coding, self._limit)
        return ResponseRecord.of(code, reason, HeaderFields(self.headers), body)

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        if self._server is not None:
            # The server checks what an app may do, and when.
            self.status_line, self.headers = status, list(headers)
            write = self._server(status, headers, exc_info) if exc_info else self._server(status, headers)
            return lambda data: (self._keep(data), write(data))
        if exc_info is not None:
            if self.begun and exc_info[1] is not None:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self.status_line:
            raise RuntimeError("The application called start_response twice.")
        self.status_line, self.headers = status, list(headers)
        return self._keep

    def _keep(self, chunk: bytes) -> bool:
        """Keep a piece of the body; false when the limit cut it."""
        if self.truncated:
            return False
        self._count += 1
        self._size += len(chunk)
        if self._writer is None:
            if self._size <= SPOOL_LIMIT and self._size <= self._limit:
                self._chunks.append(chunk)
                return True
            self._writer = BodyWriter(limit=self._limit)
            for earlier in self._chunks:
                self._writer.write(earlier)
            self._chunks = []
        kept = self._writer.write(chunk)
        self.truncated = not kept
        return kept
