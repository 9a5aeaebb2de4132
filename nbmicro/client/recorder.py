"""From what happened in one call of an app to its exchange, and the recording of a served app from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.exceptions import HTTPException

from nbmicro.client.capture import Capture
from nbmicro.diagnosis.error_records import error_record
from nbmicro.diagnosis.user_code import FrameLabels
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.history import History
from nbmicro.http.body import Body, BodyWriter
from nbmicro.http.headers import HeaderFields
from nbmicro.http.media_types import charset_of
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.web.environ import ERROR, NOTES, RECORDED, REFUSAL, REQUEST, ROUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from nbmicro.web.route_info import RouteInfo


#: Bytes of a request and of a response that the recorder of a server keeps.
RECORDED_LIMIT = 256 * 1024


def assemble(
    request: RequestRecord,
    response: ResponseRecord,
    environ: dict[str, Any],
    captured: Capture,
    fault: BaseException | None,
    known: dict[str, Any],
    *,
    routes: Callable[[], Sequence[RouteInfo]] | None = None,
    frame_labels: FrameLabels | None = None,
) -> Exchange:
    """Make the exchange of one call.

    Parameters
    ----------
    environ:
        As the app left it; the keys are those of :mod:`nbmicro.web.environ`.
    fault:
        The exception that left the app.
    routes:
        Gives the table of routes, asked only where a hint needs it.
    known:
        Other fields of the exchange; the dictionary becomes the exchange's own.
    """
    wrapped = environ.get(REQUEST)
    rule = getattr(wrapped, "url_rule", None)
    if rule is not None:
        known["rule"], known["endpoint"] = rule.rule, rule.endpoint
    elif ROUTE in environ:
        known["rule"], known["endpoint"] = environ[ROUTE]
    told = environ.get(NOTES)
    if told:
        known["notes"] = (*told, *known.get("notes", ()))
    error = fault or environ.get(ERROR)
    if response.status >= 500 and error is None and captured.logged_errors:
        # An app that is not ours answers 500 and logs the exception.
        error = captured.logged_errors[-1]
    if error is not None:
        known["exception"], known["error"] = error, error_record(error, frame_labels, somewhere=True)
    elif 400 <= response.status < 500:
        refusal = environ.get(REFUSAL)
        if isinstance(refusal, HTTPException):
            known["exception"], known["refusal"] = refusal, error_record(refusal, frame_labels)
    if captured:
        known["output"], known["logs"] = captured.output, captured.logs(without=error)
        known["unkept_log_lines"] = captured.unkept_log_lines
    exchange = Exchange.of(request, response, known)
    if routes is not None and (response.status in {400, 403, 404, 405, 415} or isinstance(error, KeyError)):
        from nbmicro.diagnosis.response_hints import response_hint

        return exchange.with_hint(response_hint(exchange, routes()))
    return exchange


class Recorder:
    """A WSGI middleware that notes what a server's app answers, and changes nothing of it.

    Parameters
    ----------
    app:
        The application.
    history:
        Where exchanges go, with the origin ``server``.
    on_exchange:
        Called with each of them, in the server's thread.
    frame_labels, secret_names:
        As for a client.
    origin:
        Who asks.
    routes:
        Gives the table of routes, asked only where a hint needs it.
    """

    def __init__(
        self,
        app: WSGIApplication,
        history: History,
        *,
        on_exchange: Callable[[Exchange], None] | None = None,
        frame_labels: FrameLabels | None = None,
        secret_names: frozenset[str] = frozenset(),
        origin: str = "server",
        routes: Callable[[], Sequence[RouteInfo]] | None = None,
    ) -> None:
        self.app = app
        self.history = history
        self.on_exchange = on_exchange
        self.frame_labels = frame_labels
        self.secret_names = secret_names
        self.origin = origin
        self.routes = routes

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the app does; the exchange is noted when the response has been read or given up."""
        return _Recording(self, environ).answer(start_response)


class _Recording:
    """One call of a recorded app: the iterable that the server reads, which keeps a copy of what passes."""

    def __init__(self, recorder: Recorder, environ: WSGIEnvironment) -> None:
        self._recorder = recorder
        self._environ = environ
        self._captured = Capture(recorder.frame_labels)
        self._input = _CopiedInput(environ["wsgi.input"])
        self._writer = BodyWriter(limit=RECORDED_LIMIT)
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._fault: BaseException | None = None
        self._cut = self._done = False
        self._iterable: Iterable[bytes] = ()
        self._iterator: Iterator[bytes] = iter(())
        self._begin = perf_counter()

    def answer(self, start_response: StartResponse) -> Iterable[bytes]:
        environ = self._environ
        if environ.get(RECORDED):
            return self._recorder.app(environ, start_response)
        environ[RECORDED] = True
        environ["wsgi.input"] = self._input

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
            self._status, self._headers = status, list(headers)
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        try:
            with self._captured:
                self._iterable = self._recorder.app(environ, start)
                self._iterator = iter(self._iterable)
        except BaseException as error:
            self._fault = error
            self._finish()
            raise
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        # The capture is entered for each step alone: the server may read the next one in another context.
        try:
            with self._captured:
                chunk = next(self._iterator)
        except StopIteration:
            raise
        except BaseException as error:
            self._fault = error
            raise
        if not self._cut:
            self._cut = not self._writer.write(chunk)
        return chunk

    def close(self) -> None:
        """Close the app's iterable, as a server must (PEP 3333), and note the exchange."""
        try:
            close: Callable[[], object] | None = getattr(self._iterable, "close", None)
            if close is not None:
                with self._captured:
                    close()
        finally:
            self._finish()

    def _finish(self) -> None:
        if self._done:
            return
        self._done = True
        recorder, environ = self._recorder, self._environ
        code, _, reason = self._status.partition(" ")
        fields = HeaderFields(self._headers)
        body: Body = self._writer.finish(charset=charset_of(fields.get("Content-Type")), truncated=self._cut)
        exchange = assemble(
            _request_of(environ, self._input.copy),
            ResponseRecord(int(code), reason, fields, body) if code else ResponseRecord(500, "INTERNAL SERVER ERROR"),
            environ,
            self._captured,
            self._fault,
            {
                "duration": perf_counter() - self._begin,
                "origin": recorder.origin,
                "secret_names": recorder.secret_names,
            },
            routes=recorder.routes,
            frame_labels=recorder.frame_labels,
        )
        recorder.history.add(exchange)
        if recorder.on_exchange is not None:
            recorder.on_exchange(exchange)


class _CopiedInput:
    """A ``wsgi.input`` that keeps the start of what is read from it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._kept = bytearray()

    @property
    def copy(self) -> bytes:
        return bytes(self._kept)

    def read(self, *size: int) -> bytes:
        return self._keep(self._stream.read(*size))

    def readinto(self, buffer: bytearray | memoryview) -> int:
        # Werkzeug asks for this one, and it would pass by the copy.
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readline(self, *size: int) -> bytes:
        return self._keep(self._stream.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        return [self._keep(line) for line in self._stream.readlines(*hint)]

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            yield self._keep(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _keep(self, data: bytes) -> bytes:
        if len(self._kept) < RECORDED_LIMIT:
            self._kept += data[: RECORDED_LIMIT - len(self._kept)]
        return data


def _request_of(environ: WSGIEnvironment, body: bytes) -> RequestRecord:
    path = quote(environ.get("PATH_INFO", "/").encode("latin-1"), safe="/:@!$&'()*+,;=~")
    query = environ.get("QUERY_STRING", "")
    headers = [
        ("-".join(part.capitalize() for part in key.removeprefix("HTTP_").split("_")), str(value))
        for key, value in environ.items()
        if key.startswith("HTTP_") or (key == "CONTENT_TYPE" and value)
    ]
    target = (path or "/") + (f"?{query}" if query else "")
    return RequestRecord(environ.get("REQUEST_METHOD", "GET"), target, HeaderFields(headers), body)
