"""A browser's side of HTTP: requests whose answers are read as they come, with cookies and redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag

from nbmicro.client.recorder import Recorder
from nbmicro.diagnosis.user_code import FrameLabels
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.history import History
from nbmicro.http.build import clean_target
from nbmicro.http.cookies import CookieJar
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.http.redirects import REDIRECT_LIMIT, REDIRECTS, Chain, next_request
from nbmicro.http.wsgi import make_environ
from nbmicro.threads.deadline import Deadline, Expired

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


#: Bytes of what belongs to a page that is drawn without a browser.
FETCH_LIMIT = 128 * 1024


class Visitor:
    """Somebody who looks at the pages of an app in this process, without a socket.

    Parameters
    ----------
    app:
        Gives the application, asked at each request.
    history:
        Where its exchanges go, when their answers were read or given up.
    frame_labels, secret_names:
        As for a client.
    origin:
        Who asks, as the exchanges say it.
    default_headers:
        Gives headers for requests that have none of that name.
    """

    def __init__(
        self,
        app: Callable[[], WSGIApplication],
        history: History,
        *,
        frame_labels: FrameLabels | None = None,
        secret_names: frozenset[str] = frozenset(),
        origin: str = "browse",
        default_headers: Callable[[], Iterable[tuple[str, str]]] | None = None,
    ) -> None:
        self.app = app
        self.history = history
        self.frame_labels = frame_labels
        self.secret_names = secret_names
        self.origin = origin
        self.default_headers = default_headers
        self.cookies = CookieJar()

    def visit(self, request: RequestRecord, *, follow: bool = True, timeout: float | None = 30.0) -> Visit:
        """Send a request; the visit has the status and headers, and gives the body when it is iterated.

        Parameters
        ----------
        follow:
            Whether redirects within the app are followed (RFC 9110, section 15.4).
        timeout:
            Seconds until the app must have begun to answer, redirects included; a stream may then last.

        Raises what an app raises that has no page for its errors; the exchange is in the history all the same.
        """
        request = RequestRecord(request.method, request.target, _without_cookie(request.headers), request.body)
        chain, fragment = Chain(request, timeout), ""
        while True:
            visit = Visit(self, request, chain)
            location = visit.headers.get("Location")
            if not follow or visit.status not in REDIRECTS or not location:
                break
            following = next_request(request, visit.status, location)
            if following is None:
                visit.leads_to = location
                break
            if chain.redirects >= REDIRECT_LIMIT:
                visit.notes.append(chain.endless())
                break
            visit.close()
            chain.add(following)
            fragment = urldefrag(location).fragment or fragment
            request = following
        visit.redirected, visit.fragment = chain.redirects > 0, fragment
        return visit

    def fetch(self, target: str) -> ResponseRecord | None:
        """Get something that belongs to a page (a style sheet, an image) without a trace of it; None when it fails."""
        unseen = Visitor(self.app, History(1), default_headers=self.default_headers)
        unseen.cookies = self.cookies
        try:
            visit = unseen.visit(RequestRecord("GET", clean_target(target)), timeout=5.0)
            visit.read(FETCH_LIMIT)
        except Exception:  # whatever a foreign app raises; the page stands without it
            return None
        return visit.exchange.response if visit.exchange is not None and visit.status == 200 else None

    def page_cookies(self, path: str) -> str:
        """What a script of the page at ``path`` may read of the jar (``document.cookie``)."""
        return self.cookies.header("localhost", path, for_script=True)

    def set_page_cookie(self, line: str, path: str) -> None:
        """Keep what a script of the page at ``path`` sets; it can neither set nor replace an HttpOnly cookie."""
        self.cookies.take([line], "localhost", path, from_script=True)


class Visit:
    """One request and its answer, as far as it was read; iterating gives the pieces of the body as they come.

    It must be closed; that notes its exchange.

    Attributes
    ----------
    status, reason, headers:
        Of the answer.
    target, fragment, redirected:
        The path and query that answered, what a redirect said behind ``#``, and whether there was one.
    leads_to:
        The address on another site that a redirect led to, which was not followed.
    notes:
        What is to be said of it besides.
    exchange:
        The exchange, known when the visit was closed.
    """

    def __init__(self, visitor: Visitor, request: RequestRecord, chain: Chain) -> None:
        self.request = request
        self.target = request.target
        self.fragment = ""
        self.redirected = False
        self.leads_to: str | None = None
        self.notes: list[str] = []
        self.exchange: Exchange | None = None
        self.status, self.reason = 500, "INTERNAL SERVER ERROR"
        self.headers = HeaderFields()
        self._first: list[bytes] = []
        app = visitor.app()
        recorder = Recorder(
            _in_time(app, request, chain),
            visitor.history,
            on_exchange=self._take,
            frame_labels=visitor.frame_labels,
            secret_names=visitor.secret_names,
            origin=visitor.origin,
            routes=lambda: _routes(app),
        )
        environ = make_environ(_complete(request, visitor))
        #: What the app was given; with its marks when the visit has ended.
        self.environ = environ
        self._iterable = recorder(environ, self._start)
        self._iterator = iter(self._iterable)
        try:
            self._read_first()
        except BaseException:
            self.close()
            raise
        visitor.cookies.take(self.headers.getlist("Set-Cookie"), "localhost", request.path)

    def _read_first(self) -> None:
        """An app may call start_response as late as with the first piece of its body."""
        while not self.headers and not self._first:
            piece = next(self._iterator, None)
            if piece is None:
                return
            self._first = [piece] if piece else []

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
        code, _, self.reason = status.partition(" ")
        self.status = int(code) if code.isdigit() else 500
        self.headers = HeaderFields(headers)
        return self._first.append

    def _take(self, exchange: Exchange) -> None:
        self.exchange = exchange.with_notes(*self.notes) if self.notes else exchange

    def __iter__(self) -> Iterator[bytes]:
        yield from self._first
        if self.request.method != "HEAD":
            yield from self._iterator

    def read(self, limit: int) -> tuple[bytes, bool]:
        """The body up to ``limit`` bytes, and whether it was cut there. The visit is closed then."""
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in self:
                size += len(piece)
                pieces.append(piece)
                if size > limit:
                    break
        finally:
            self.close()
        return b"".join(pieces)[:limit], size > limit

    def close(self) -> None:
        """Read no more; the app's iterable is closed and the exchange noted."""
        close: Callable[[], object] | None = getattr(self._iterable, "close", None)
        if close is not None:
            close()


def _in_time(app: WSGIApplication, request: RequestRecord, chain: Chain) -> WSGIApplication:
    """The app, which must answer in time."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        deadline = Deadline(chain.left)
        try:
            with deadline:
                return app(environ, start_response)
        except Expired as expired:
            deadline.close()
            if not deadline.expired:
                raise
            raise chain.too_late(request).with_traceback(expired.__traceback__) from None

    return answer


def _complete(request: RequestRecord, visitor: Visitor) -> RequestRecord:
    """The request as the app gets it: with the headers that go without saying, and the jar's cookies."""
    given = visitor.default_headers() if visitor.default_headers is not None else ()
    more = [field for field in given if request.headers.get(field[0]) is None]
    kept = visitor.cookies.header("localhost", request.path)
    if kept:
        more.append(("Cookie", kept))
    return RequestRecord(request.method, request.target, HeaderFields((*request.headers, *more)), request.body)


def _without_cookie(headers: HeaderFields) -> HeaderFields:
    return HeaderFields(field for field in headers if field[0].lower() != "cookie")


def _routes(app: Any) -> Any:
    from nbmicro.web.route_info import routes_of

    with suppress(Exception):
        return routes_of(app)
    return ()
