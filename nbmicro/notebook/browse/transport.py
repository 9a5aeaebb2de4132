"""The kernel's end of a browser in a cell: messages of its front end come in, pieces of answers go out."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from nbmicro.client.browser_session import BrowserSession, StreamedResponse
from nbmicro.errors import NbmicroError
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.secrets import Redaction, redacted, redacted_fields
from nbmicro.http.build import clean_target
from nbmicro.http.headers import HeaderFields
from nbmicro.http.media_types import EVENT_STREAM, media_type_of
from nbmicro.http.messages import RequestRecord
from nbmicro.http.methods import CLIENT_METHODS
from nbmicro.notebook.browse.shared import SHARED, shared_file
from nbmicro.notebook.browse.uses import Uses
from nbmicro.render.summary import error_text, hint_text
from nbmicro.threads.pyodide import has_threads
from nbmicro.threads.workers import work_beside

Send = Callable[[dict[str, Any], list[bytes]], None]

#: Requests that are answered at once, each in a thread; and requests that may wait for that.
RUNNING_LIMIT, WAITING_LIMIT = 12, 200
#: Bytes of a request's body, and of an answer's that is no event stream.
BODY_LIMIT = 32 * 1024 * 1024
#: Bodies that may be on their way in at once, and bytes of all that came and were not answered yet.
PARTS_LIMIT, BODIES_LIMIT = 16, 96 * 1024 * 1024
#: Bytes of a page.
PAGE_LIMIT = 8 * 1024 * 1024
#: Bytes of one message, messages that may be on their way unread, and seconds after which nobody reads any more.
PIECE, CREDIT, PATIENCE = 256 * 1024, 16, 120.0
#: Seconds between two looks whether a message was read, where nothing can wait for it.
TURN = 0.02
#: Headers that a page does not choose.
_LIKE_A_BROWSER = (("Accept", "text/html,application/xhtml+xml,image/*;q=0.9,*/*;q=0.8"),)
_OURS = frozenset({"cookie", "host", "content-length", "connection", "transfer-encoding"})


class BrowserRequests:
    """The requests of one browser in a cell.

    Parameters
    ----------
    session:
        Who sends them; its cookie jar is the browser's.
    send:
        Sends a message with its buffers to the front end; called from several threads.
    """

    def __init__(self, session: BrowserSession, send: Send) -> None:
        self.session = session
        self._first: tuple[str, StreamedResponse, bytes] | None = None
        self._send = send
        self._lock = threading.Lock()
        self._open: dict[str, _Running] = {}
        self._waiting: deque[_Running] = deque()
        self._parts: OrderedDict[str, bytearray] = OrderedDict()
        self._lost: OrderedDict[str, None] = OrderedDict()
        self._held = 0
        self._busy = 0
        self._closed = False
        self.uses = Uses(lambda: session.client.app, lambda page: self._tell({"kind": "changed", "page": page}))

    def open(self, path: str) -> Exchange | None:
        """Ask for the first page, in the calling thread, and keep it for the front end; its exchange."""
        request = RequestRecord("GET", clean_target(path), HeaderFields(_LIKE_A_BROWSER))
        try:
            response = self.session.send(request)
            body, cut = response.read_body(PAGE_LIMIT)
        except Exception:  # an app without a page for its errors; the exchange has what happened
            return _last(self.session, request.target)
        if not cut and media_type_of(response.fields.get("Content-Type")) != EVENT_STREAM:
            self._first = (request.target, response, body)
        return response.exchange

    def take(self, message: object, buffers: Sequence[Any] = ()) -> None:
        """Take a message of the front end; it returns at once, whatever the app does. Any thread may call it."""
        if not isinstance(message, Mapping):
            return
        kind, name = message.get("kind"), str(message.get("id", ""))
        if kind == "part":
            self._keep_part(name, bytes(buffers[0]) if buffers else b"")
        elif kind == "request":
            with self._lock:
                body = bytes(self._parts.pop(name, b""))
            if not self._begin(name, message, body):
                self._let_go(len(body))
        elif kind == "shared":
            self._send_shared(name, str(message.get("name", "")))
        elif kind == "cookie":
            self.session.set_page_cookie(str(message.get("text", ""))[:4096], str(message.get("path", "/")))
        elif kind in ("more", "cancel"):
            with self._lock:
                running = self._open.get(name)
            if running is not None:
                running.more() if kind == "more" else running.stop()

    def close(self) -> None:
        """Stop every request; what a handler does between two pieces of its answer comes to its own end."""
        with self._lock:
            self._closed = True
            self._parts.clear()
            running = list(self._open.values())
            self._waiting.clear()
        self.uses.close()
        for one in running:
            one.stop()

    @property
    def running(self) -> int:
        """Requests that are being answered now."""
        with self._lock:
            return self._busy

    @property
    def held(self) -> int:
        """Bytes of the bodies that came and were not answered yet."""
        with self._lock:
            return self._held

    def _keep_part(self, name: str, part: bytes) -> None:
        """Keep a part of a body whose request comes after its last one; what is too large is refused then.

        Of bodies that are too many together the oldest whose request has not come is forgotten, as one too large is.
        """
        with self._lock:
            body = self._parts.setdefault(name, bytearray())
            if len(body) <= BODY_LIMIT:
                body += part
                self._held += len(part)
            while self._parts and (len(self._parts) > PARTS_LIMIT or self._held > BODIES_LIMIT):
                lost, forgotten = self._parts.popitem(last=False)
                self._held -= len(forgotten)
                self._lost[lost] = None
                while len(self._lost) > WAITING_LIMIT:
                    self._lost.popitem(last=False)

    def _send_shared(self, name: str, file: str) -> None:
        """Send a file of Swagger UI or ReDoc that an installed package has; pages name it on another site."""
        data = shared_file(file)
        if data is not None:
            fields = HeaderFields([("Content-Type", SHARED[file])])
            self._tell({"id": name, **_head(200, "OK", fields, f"/{file}")})
            for start in range(0, len(data), PIECE):
                self._tell({"kind": "piece", "id": name}, data[start : start + PIECE])
        self._tell({"kind": "end", "id": name, "failed": None if data is not None else "No package has it."})

    def _let_go(self, size: int) -> None:
        with self._lock:
            self._held -= size

    # -- requests ------------------------------------------------------------------------------------------------

    def _begin(self, name: str, message: Mapping[str, Any], body: bytes) -> bool:
        """Begin a request, or let it wait; whether it is one that will be answered."""
        try:
            with self._lock:
                if name in self._lost:
                    del self._lost[name]
                    raise ValueError(f"Bodies of more than {BODIES_LIMIT} bytes are on their way at once.")
            running = _Running(name, _request(message, body), message)
        except (NbmicroError, ValueError, TypeError) as error:
            failed = redacted_fields(str(error), self.session.client.secret_names)
            self._tell({"kind": "end", "id": name, "failed": failed})
            return False
        with self._lock:
            if self._closed or name in self._open or not name:
                return False
            full = len(self._waiting) >= WAITING_LIMIT
            now = not full and self._busy < RUNNING_LIMIT
            if not full:
                self._open[name] = running
                self._busy += now
                if not now:
                    self._waiting.append(running)
        if full:
            self._tell({"kind": "end", "id": name, "failed": f"More than {WAITING_LIMIT} requests are waiting."})
        elif now:
            work_beside("browse", self._work(running))
        return not full

    def _work(self, running: _Running | None) -> Iterator[float]:
        while running is not None:
            try:
                if not running.stopped:
                    yield from self._answer(running)
            finally:
                with self._lock:
                    self._open.pop(running.name, None)
                    self._held -= running.size
                    running = self._waiting.popleft() if self._waiting else None
                    if running is None:
                        self._busy -= 1

    def _answer(self, running: _Running) -> Iterator[float]:
        message, failure, response = running.message, None, None
        page = str(message.get("page", ""))
        if message.get("navigation"):
            self.uses.begin(page)
        try:
            response, body = self._taken_first(running) or (None, None)
            if response is None:
                response = self.session.send(running.request, follow=message.get("redirect") != "manual")
            self._tell({"id": running.name, **self._head(response)})
            yield from self._send_body(running, response, response if body is None else (body,))
        except GeneratorExit:  # Python ends
            raise
        except BaseException as error:  # whatever an app raises, its SystemExit too; the exchange has it
            failure = f"{type(error).__name__}: {error}"
        finally:
            if response is not None:
                response.close()
        exchange = response.exchange if response is not None else _last(self.session, running.request.target)
        if exchange is not None:
            self.uses.note(page, exchange.rule, exchange.request.target, exchange.status)
        cookies = self.session.page_cookies(str(message.get("path") or running.request.path))
        known = (
            Redaction(self.session.client.secret_names, running.request) if exchange is None else Redaction.of(exchange)
        )
        failed = failure and known(failure)
        end = {"kind": "end", "id": running.name, "failed": failed, "cut": running.cut, "cookies": cookies}
        self._tell({**end, **beside_page(exchange)})

    def _taken_first(self, running: _Running) -> tuple[StreamedResponse, bytes] | None:
        """The page that stands below the cell, once, rather than ask the app for it twice."""
        with self._lock:
            first = self._first
            if first is None or not running.message.get("navigation"):
                return None
            self._first = None
        target, response, body = first
        return (response, body) if running.request.method == "GET" and running.request.target == target else None

    def _send_body(self, running: _Running, response: StreamedResponse, body: Iterable[bytes]) -> Iterator[float]:
        stream = media_type_of(response.fields.get("Content-Type")) == EVENT_STREAM
        whole = response.fields.get("Content-Length") is not None and not stream
        send = partial(self._tell, {"kind": "piece", "id": running.name})
        size = 0
        for piece in body:
            for start in range(0, len(piece), PIECE):
                running.put(piece[start : start + PIECE], send, at_once=not whole)
                yield from running.until_less_than(PIECE, send)
            size += len(piece)
            yield 0.0
            running.cut = size > BODY_LIMIT and not stream
            if running.stopped or running.cut:
                break
        yield from running.until_less_than(1, send)

    # -- messages ------------------------------------------------------------------------------------------------

    def _head(self, response: StreamedResponse) -> dict[str, Any]:
        said = _head(response.status, response.reason, response.fields, response.target)
        more = {"redirected": response.redirected, "fragment": response.fragment, "leads_to": response.leads_to}
        return {**said, **more, "notes": response.notes, "cookies": self.session.page_cookies(response.target)}

    def _tell(self, message: dict[str, Any], piece: bytes | None = None) -> None:
        if not self._closed:
            self._send(message, [] if piece is None else [piece])


class _Running:
    """One request while it is answered: how much of its answer may be sent, and whether it is still wanted."""

    def __init__(self, name: str, request: RequestRecord, message: Mapping[str, Any]) -> None:
        self.name = name
        self.request = request
        self.message = message
        self.size = len(request.body)
        self.stopped = False
        self.cut = False
        self._credit = CREDIT
        self._kept = bytearray()
        self._send: Callable[[bytes], None] | None = None
        self._ready = threading.Condition()

    def more(self) -> None:
        """A message was read: one more may be sent, and is, where something has come meanwhile."""
        with self._ready:
            self._credit = min(self._credit + 1, CREDIT)
            if self._send is not None:
                self._post(self._send)

    def stop(self) -> None:
        with self._ready:
            self.stopped = True
            self._ready.notify()

    def put(self, piece: bytes, send: Callable[[bytes], None], *, at_once: bool) -> None:
        """Send a piece, or keep it until a message may be sent.

        What is kept goes out with the next message that is read, so that an app that makes very many small pieces
        costs few messages, and no piece waits for the next one. Without ``at_once`` messages are full ones.
        """
        with self._ready:
            self._kept += piece
            if at_once:
                self._send = send
            if at_once or len(self._kept) >= PIECE:
                self._post(send)

    def until_less_than(self, room: int, send: Callable[[bytes], None]) -> Iterator[float]:
        """Come to an end once less than ``room`` bytes are kept, or nobody wants them any more."""
        end = time.monotonic() + PATIENCE
        while len(self._kept) >= room and not self.stopped:
            with self._ready:
                self._send = send
                self._post(send)
                if len(self._kept) < room:
                    return
                if has_threads() and not self._ready.wait(PATIENCE):
                    self.stopped = True
            if not has_threads():
                self.stopped = self.stopped or time.monotonic() > end
                yield TURN

    def _post(self, send: Callable[[bytes], None]) -> None:
        # Within the lock: what comes from two threads must not change places.
        if self._kept and not self.stopped and self._credit > 0:
            self._credit -= 1
            piece = bytes(self._kept[:PIECE])
            del self._kept[:PIECE]
            send(piece)
            self._ready.notify()


def _request(message: Mapping[str, Any], body: bytes) -> RequestRecord:
    """The request of a message. Raises ValueError or an error of ours for one that cannot be sent."""
    method = str(message.get("method", "GET")).upper()
    if method not in CLIENT_METHODS:
        raise ValueError(f"A page cannot send the method {method[:20]}.")
    if len(body) > BODY_LIMIT:
        raise ValueError(f"The body has {len(body)} bytes; {BODY_LIMIT} are the most.")
    pairs = [(str(name), str(value)) for name, value in message.get("headers") or ()]
    if any(set(name + value) & {"\r", "\n", "\0"} or not name for name, value in pairs):
        raise ValueError("A header has a line end in it.")
    fields = HeaderFields(pair for pair in pairs if pair[0].lower() not in _OURS)
    return RequestRecord(method, clean_target(str(message.get("target", "/"))), fields, body)


def _head(status: int, reason: str, headers: HeaderFields, target: str) -> dict[str, Any]:
    shown = [[name, value] for name, value in headers if name.lower() not in {"set-cookie", "set-cookie2"}]
    return {"kind": "head", "status": status, "reason": reason, "headers": shown, "target": target}


def beside_page(exchange: Exchange | None) -> dict[str, Any]:
    """What is shown of an exchange beside its page: the error with its lines, or the hint."""
    if exchange is None:
        return {}
    exchange = redacted(exchange)
    if exchange.error is not None:
        return {"error": error_text(exchange.error)}
    hint = hint_text(exchange)
    return {"hint": hint} if hint else {}


def _last(session: BrowserSession, target: str) -> Exchange | None:
    """The exchange of a request whose response never began to answer."""
    for exchange in reversed(list(session.client.history)):
        if exchange.origin == session.origin and exchange.request.target == target:
            return exchange
    return None
