"""The client that asks an app without a port: in the same thread, through WSGI itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from nbmicro.client.capture import Capture
from nbmicro.client.last_failure import last_failures, let_go_of_failures
from nbmicro.client.recorder import exchange_of, routes_of
from nbmicro.client.transport import Call
from nbmicro.diagnosis.user_code import FrameLabels
from nbmicro.errors import EndlessRequests, RequestError
from nbmicro.exchange.exchange import Exchange, History
from nbmicro.exchange.secrets import HiddenNames, guard, redacted_errors
from nbmicro.foreign.app import as_wsgi
from nbmicro.http.body import BODY_LIMIT
from nbmicro.http.build import UNSET, Auth, Data, Files, Headers, Query, bare_request, build_request, clean_target
from nbmicro.http.cookies import CookieJar
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.http.redirects import Chain, late
from nbmicro.http.wsgi import make_environ
from nbmicro.printable import one_line
from nbmicro.web.environ import RECORDED

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from nbmicro.client.trace import Tracer


def unsendable(status: int, headers: Iterable[tuple[str, str]]) -> list[str]:
    """Notes on what a server would fail on; none for a response that it can send.

    Parameters
    ----------
    status:
        The status code; RFC 9110, section 15, has three digits for it.
    headers:
        Names and values; PEP 3333 has Latin-1 for both.
    """
    notes = []
    if not 100 <= status <= 999:
        notes.append(f"A server cannot send the status {status}: it is a number of three digits.")
    for name, value in headers:
        if name.isascii() and value.isascii():
            continue
        strange = [character for character in f"{name}{value}" if ord(character) > 255]
        if strange:
            notes.append(
                f"A server cannot send the header {one_line(name, 60)}: {strange[0]!r} is not in Latin-1, "
                "the text of headers. Percent-encode its value: urllib.parse.quote(…)"
            )
    return notes


#: Seconds that an app has for a request unless a request names another deadline.
DEFAULT_TIMEOUT = 30.0
#: Requests that may stand inside one another, where handlers ask apps themselves.
NESTED_LIMIT = 5
_nested: ContextVar[int] = ContextVar("nbmicro_nested_requests", default=0)


class Options(TypedDict, total=False):
    """What every method of a client takes besides the target; see :meth:`Client.open`."""

    headers: Headers
    query: Query | None
    json: Any
    data: Data | None
    files: Files | None
    auth: Auth | None
    follow: bool
    timeout: float | None
    origin: str
    announce: bool
    trace: bool


class Client:
    """Sends requests to a WSGI app in the calling thread, as a browser on the same machine would.

    Parameters
    ----------
    app:
        The application, or a function without arguments that gives it at each request (a notebook's variable ``app``).
        One that speaks ASGI has a loop in a thread of its own.
    on_exchange:
        Called with every exchange that was sent; a host shows it.
    history:
        Where exchanges are kept; a history of its own when none is given.
    frame_labels:
        The host's names of files, by which a notebook's cells are called in tracebacks and warnings.
    secret_names:
        Names of headers, cookies and fields, besides the usual ones, whose values are never shown.
    body_limit:
        Bytes of a response that are read.
    """

    def __init__(
        self,
        app: WSGIApplication | Callable[[], WSGIApplication],
        *,
        on_exchange: Callable[[Exchange], None] | None = None,
        history: History | None = None,
        frame_labels: FrameLabels | None = None,
        secret_names: Iterable[str] = (),
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._app: Any = app
        self._gives_app = _gives_app(app)
        if not self._gives_app:
            self._app = as_wsgi(app)
        self.on_exchange = on_exchange
        self.history = History() if history is None else history
        self.frame_labels = frame_labels
        self.secret_names = HiddenNames.of(secret_names)
        self.body_limit = body_limit
        #: The cookies kept from request to request.
        self.cookies = CookieJar()
        #: Gives the headers that every request gets unless it brings its own; a host sets it.
        self.default_headers: Callable[[], Iterable[tuple[str, str]]] | None = None

    @property
    def app(self) -> WSGIApplication:
        """The app that the next request goes to."""
        app: WSGIApplication = self._app() if self._gives_app else self._app
        return app

    def open(
        self,
        method: str,
        target: str,
        *,
        headers: Headers = (),
        query: Query | None = None,
        json: Any = UNSET,
        data: Data | None = None,
        files: Files | None = None,
        auth: Auth | None = None,
        follow: bool = False,
        timeout: float | None = DEFAULT_TIMEOUT,
        origin: str = "cell",
        announce: bool = True,
        trace: bool = False,
    ) -> Exchange:
        """Build a request (see :func:`~nbmicro.http.build.build_request`) and send it.

        Parameters
        ----------
        follow:
            Whether redirects are followed; the exchanges on the way are in ``history``.
        timeout:
            Seconds, for a whole chain of redirects; None waits for ever.
        origin:
            Who sends it: ``cell``, ``client``, ``widget``.
        announce:
            Whether ``on_exchange`` is called.
        trace:
            Whether its steps are traced, for ``exchange.trace``; it slows the request down.
        """
        try:
            request = build_request(
                method, target, headers=headers, query=query, json=json, data=data, files=files, auth=auth
            )
        except RequestError:
            with redacted_errors(self.secret_names):
                raise
        return self.send(request, follow=follow, timeout=timeout, origin=origin, announce=announce, trace=trace)

    def get(self, target: str, **options: Unpack[Options]) -> Exchange:
        """Send a GET request."""
        # The most frequent request of all does not pay for parts that it has not.
        if options:
            return self.open("GET", target, **options)
        try:
            request = bare_request("GET", target)
        except RequestError:
            return self.open("GET", target)
        return self.send(request)

    def post(self, target: str, **options: Unpack[Options]) -> Exchange:
        """Send a POST request."""
        return self.open("POST", target, **options)

    def put(self, target: str, **options: Unpack[Options]) -> Exchange:
        """Send a PUT request."""
        return self.open("PUT", target, **options)

    def patch(self, target: str, **options: Unpack[Options]) -> Exchange:
        """Send a PATCH request."""
        return self.open("PATCH", target, **options)

    def delete(self, target: str, **options: Unpack[Options]) -> Exchange:
        """Send a DELETE request."""
        return self.open("DELETE", target, **options)

    def head(self, target: str, **options: Unpack[Options]) -> Exchange:
        """Send a HEAD request."""
        return self.open("HEAD", target, **options)

    def options(self, target: str, **options: Unpack[Options]) -> Exchange:
        """Send an OPTIONS request."""
        return self.open("OPTIONS", target, **options)

    def send(
        self,
        request: RequestRecord,
        *,
        follow: bool = False,
        keep_method: bool = False,
        timeout: float | None = DEFAULT_TIMEOUT,
        origin: str = "cell",
        announce: bool = True,
        trace: bool = False,
    ) -> Exchange:
        """Send a request record; the lowest level, on which the others stand.

        With ``keep_method`` redirects are followed with the method of the request, as curl does with ``-X``.

        An exception of the app, and a deadline that passed, become an exchange with the status 500 and an ``error``.
        A KeyboardInterrupt stops the request and passes through; so does, up to the outermost request, the
        EndlessRequests of a handler that asks for itself.
        """
        if follow:
            exchange = self._follow(request, Chain(request, timeout, keep_method=keep_method), origin, trace)
        else:
            exchange = self._exchange(request, timeout, origin, trace)
        self.history.add(exchange)
        if announce and self.on_exchange is not None:
            self.on_exchange(exchange)
        return exchange

    def fetch(self, target: str, *, timeout: float | None = 5.0) -> ResponseRecord | None:
        """Get something that belongs to a page (a style sheet, an image) without a trace of it; None when it fails."""
        try:
            following: RequestRecord | None = RequestRecord("GET", clean_target(target))
            chain = Chain(RequestRecord("GET", target), timeout)
            while following is not None:
                request = following
                call = self.call(self.prepared(request))
                call.read(chain.left, TimeoutError)
                response = call.response()
                call.let_go()
                following = chain.next(request, response.status, response.headers)
        except Exception:
            # A style sheet or an image of a page: without it the page is drawn all the same.
            return None
        is_whole = call.error is None and response.status == 200 and not response.body.is_undecoded
        return response if is_whole else None

    def call(self, request: RequestRecord) -> Call:
        """The call of the app with a request as it stands; it is not made yet."""
        captured = Capture(self.frame_labels)
        environ = make_environ(request, captured)
        environ[RECORDED] = True
        return Call(self.app, environ, captured, self.body_limit)

    def hide(self, *names: str) -> None:
        """Show the values of these headers, cookies and fields nowhere from now on: ``client.hide("X-Token")``."""
        self.secret_names |= HiddenNames.of(names)
        for exchange in self.history:
            guard(exchange)

    def reset(self) -> None:
        """Empty the cookie jar."""
        self.cookies.clear()

    def __repr__(self) -> str:
        return f"<Client of {getattr(self.app, 'name', None) or type(self.app).__name__}>"

    def _exchange(
        self,
        request: RequestRecord,
        timeout: float | None,
        origin: str,
        trace: bool,
        chain: Chain | None = None,
    ) -> Exchange:
        depth = _nested.get()
        if depth >= NESTED_LIMIT:
            raise _endless(request)
        if last_failures:
            let_go_of_failures()
        request, host = self._with_cookies(request)
        call = self.call(request)
        tracer = _tracer(call.app, self.frame_labels) if trace else None
        outer = _nested.set(depth + 1)
        try:
            if chain is None:
                call.read(timeout, lambda: late(request, timeout), tracer)
            else:
                call.read(chain.left, chain.too_late, tracer)
        except BaseException as stopped:
            last_failures.append(stopped)
            raise
        finally:
            _nested.reset(outer)
        notes: list[str] = []
        if call.error is not None and call.begun:
            if call.is_late:
                call.error = None
                notes.append(f"The stream was still open after {timeout:g} s; this is what came until then.")
            else:
                notes.append("The response broke off here.")
        response = call.response()
        notes += unsendable(response.status, call.headers)
        if call.set_cookies:
            self.cookies.take(call.set_cookies, host, request.path)
        exchange = exchange_of(
            call,
            request.kept(),
            response,
            {
                "notes": tuple(notes),
                "duration": call.seconds,
                "origin": origin,
                "secret_names": self.secret_names,
                "sender": self.send,
                "fetch": self.fetch,
            },
            lambda: routes_of(call.app),
        )
        if depth and isinstance(exchange.exception, EndlessRequests):
            # Only the outermost request shows it.
            raise exchange.exception.with_traceback(None) from None
        return exchange if tracer is None else tracer.added_to(exchange)

    def prepared(self, request: RequestRecord) -> RequestRecord:
        """The request as it would be sent: with the cookies of the jar and the headers that each one gets."""
        return self._with_cookies(request)[0]

    def _with_cookies(self, request: RequestRecord) -> tuple[RequestRecord, str]:
        """The request as it is sent, and the host that it goes to."""
        if self.default_headers is not None:
            more = [field for field in self.default_headers() if request.headers.get(field[0]) is None]
            headers = HeaderFields([*request.headers, *more])
            request = request.with_headers(headers)
        return self.cookies.added_to(request)

    def _follow(self, request: RequestRecord, chain: Chain, origin: str, trace: bool) -> Exchange:
        """Follow redirects as a browser does (RFC 9110, section 15.4): all but 307 and 308 turn into a GET."""
        before: list[Exchange] = []
        try:
            while True:
                exchange = self._exchange(request, chain.timeout, origin, trace, chain)
                following = chain.next(exchange.request, exchange.status, exchange.headers)
                if following is None:
                    break
                before.append(exchange)
                request = following
        except KeyboardInterrupt as stopped:
            if before:
                stopped.add_note(f"It had been redirected: {chain}")
            raise
        if chain.leads_to:
            exchange = exchange.with_notes(f"It leads away from this app, to {chain.leads_to}; not followed.")
        elif chain.is_endless:
            exchange = exchange.with_notes(chain.endless())
        # Each exchange stands there once: were each redirect to keep those before it, they would double with each one.
        return replace(exchange, history=tuple(before)) if before else exchange


def _tracer(app: Any, frame_labels: FrameLabels | None) -> Tracer:
    from nbmicro.client.trace import Tracer

    return Tracer(app, frame_labels)


def _gives_app(app: Any) -> bool:
    """Whether ``app`` is a function without arguments that gives the app, rather than the app itself."""
    try:
        signature = inspect.signature(app)
        signature.bind()
    except (TypeError, ValueError):
        return False
    try:
        signature.bind({}, None)
    except TypeError:
        return True
    return False


def _endless(request: RequestRecord) -> EndlessRequests:
    return EndlessRequests(
        f"{request.method} {request.path} was not sent: {NESTED_LIMIT} requests stand inside one another already.",
        hint="A handler that asks for its own page never ends. Call what both need as a function.",
    )
