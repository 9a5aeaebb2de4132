"""From a call of an app to its exchange, and the recording of a served app from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from time import perf_counter
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException

from nbmicro.client.capture import Capture
from nbmicro.client.last_failure import last_failures, let_go_of_failures
from nbmicro.client.transport import Call
from nbmicro.diagnosis.error_records import error_record
from nbmicro.diagnosis.plain_braces import LIMIT, NAME_IN_BRACES, unfilled
from nbmicro.diagnosis.user_code import FrameLabels
from nbmicro.exchange.exchange import Exchange, History
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.http.wsgi import request_of
from nbmicro.web.environ import ERROR, HTTP_ERROR, NOTES, RECORDED, REQUEST, ROUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from nbmicro.web.route_info import RouteInfo

#: Bytes of a request and of a response that are kept.
RECORDED_LIMIT = 256 * 1024


def exchange_of(
    call: Call,
    request: RequestRecord,
    response: ResponseRecord,
    known: dict[str, Any],
    routes: Callable[[], Sequence[RouteInfo]] | None = None,
) -> Exchange:
    """The exchange of a call.

    Parameters
    ----------
    call:
        The call, as far as it has come.
    request, response:
        The request that was sent, and the response that came.
    known:
        Other fields of the exchange; the dictionary becomes the exchange's own.
    routes:
        Gives the table of routes, asked only where a hint needs it.
    """
    environ, captured, error = call.environ, call.captured, call.error
    # No circle is left behind: the request has its environ.
    rule = getattr(environ.pop(REQUEST, None), "url_rule", None)
    if rule is not None:
        known["rule"], known["endpoint"] = rule.rule, rule.endpoint
    elif ROUTE in environ:
        known["rule"], known["endpoint"] = environ[ROUTE]
    if NOTES in environ:
        known["notes"] = (*environ[NOTES], *known.get("notes", ()))
    if response.body.coding is not None and response.body.note:
        known["notes"] = (*known.get("notes", ()), response.body.note)
    if error is None:
        error = environ.get(ERROR)
    if response.status >= 500 and error is None and captured.logged_errors:
        # An app of another framework answers with a 500 and logs the exception.
        error = captured.logged_errors[-1]
    if response.status == 200 and error is None and routes is not None and "rule" in known:
        note = _unfilled(response.body.start(LIMIT), known, routes)
        if note is not None:
            known["notes"] = (*known.get("notes", ()), note)
    if error is not None:
        known["exception"] = error
        known["error"] = error_record(error, captured.frame_labels, somewhere=True)
    elif 400 <= response.status < 500:
        refusal = environ.get(HTTP_ERROR)
        if isinstance(refusal, HTTPException):
            known["exception"], known["refusal"] = refusal, error_record(refusal, captured.frame_labels)
    if error is not None or HTTP_ERROR in environ or captured.logged_errors:
        last_failures.extend(call.failures())
    if not captured.is_empty:
        known["output"], known["logs"] = captured.output, captured.logs(without=error)
        known["unkept_log_lines"] = captured.unkept_log_lines
    exchange = Exchange.of(request, response, known)
    if routes is not None and (response.status in {400, 401, 403, 404, 405, 415} or isinstance(error, KeyError)):
        from nbmicro.diagnosis.response_hints import response_hint

        return exchange.with_hint(response_hint(exchange, routes()))
    return exchange


def _unfilled(body: bytes, known: dict[str, Any], routes: Callable[[], Sequence[RouteInfo]]) -> str | None:
    """The note on braces that were meant as an f-string's, by the handler that answered."""
    if b"{" not in body or NAME_IN_BRACES.search(body) is None:
        return None
    answered = known.get("rule"), known.get("endpoint")
    handler = next((route.handler for route in routes() if (route.rule, route.endpoint) == answered), None)
    return unfilled(body, handler)


def routes_of(app: Any) -> tuple[RouteInfo, ...]:
    """The app's table of routes, for a hint; what makes it is loaded with the first one."""
    from nbmicro.web.route_info import routes_of as listed

    try:
        return listed(app)
    except Exception:  # another framework's app may not list them; its response is not lost for that
        return ()


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
    """

    def __init__(
        self,
        app: WSGIApplication,
        history: History,
        *,
        on_exchange: Callable[[Exchange], None] | None = None,
        frame_labels: FrameLabels | None = None,
        secret_names: Set[str] = frozenset(),
    ) -> None:
        self.app = app
        self.history = history
        self.on_exchange = on_exchange
        self.frame_labels = frame_labels
        self.secret_names = secret_names

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the app does; the exchange is noted when the response has been read or given up."""
        if environ.get(RECORDED):
            return self.app(environ, start_response)
        recording = Recording(
            self.app,
            environ,
            self.history,
            frame_labels=self.frame_labels,
            secret_names=self.secret_names,
            origin="server",
            start_response=start_response,
        )
        recording.on_exchange = self.on_exchange
        recording.begin()
        return recording


class Recording(Call):
    """A call whose exchange is noted when it is closed, or when the app has raised before it answered.

    Parameters
    ----------
    app, environ, start_response:
        As for a :class:`~nbmicro.client.transport.Call`.
    history, frame_labels, secret_names:
        As for a client.
    origin:
        The origin of the exchange.
    routes:
        Gives the table of routes, asked only where a hint needs it.

    Attributes
    ----------
    notes:
        More notes for the exchange.
    exchange:
        The exchange, once it is noted.
    on_exchange:
        Called with it then.
    """

    def __init__(
        self,
        app: WSGIApplication,
        environ: dict[str, Any],
        history: History,
        *,
        frame_labels: FrameLabels | None,
        secret_names: Set[str],
        origin: str,
        start_response: StartResponse | None = None,
        routes: Callable[[], Sequence[RouteInfo]] | None = None,
    ) -> None:
        super().__init__(app, environ, Capture(frame_labels), RECORDED_LIMIT, start_response)
        self._input = environ["wsgi.input"] = _CopiedInput(environ["wsgi.input"])
        environ[RECORDED] = True
        self._history = history
        self._secret_names = secret_names
        self._origin = origin
        self._routes = routes
        self._begin = perf_counter()
        self.notes: list[str] = []
        self.exchange: Exchange | None = None
        self.on_exchange: Callable[[Exchange], None] | None = None

    def begin(self, timeout: float | None = None, too_late: Callable[[], BaseException] | None = None) -> None:
        if last_failures:
            let_go_of_failures()
        try:
            super().begin(timeout, too_late)
        except BaseException:
            self._note()
            raise

    def close(self) -> None:
        """Close the app's iterable, and note the exchange; again is nothing."""
        try:
            super().close()
        finally:
            self._note()

    def _note(self) -> None:
        if self.exchange is not None:
            return
        known = {
            "notes": tuple(self.notes),
            "duration": perf_counter() - self._begin,
            "origin": self._origin,
            "secret_names": self._secret_names,
        }
        request = request_of(self.environ, self._input.copy)
        self.exchange = exchange_of(self, request, self.response(), known, self._routes)
        self._history.add(self.exchange)
        if self.on_exchange is not None:
            self.on_exchange(self.exchange)


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
        # Werkzeug calls this one, and the stream's own would pass by the copy.
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
