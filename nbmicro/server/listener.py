"""waitress as nbmicro runs it: within limits of size and number, and of the time a client may take.

It is imported when a server starts, not before.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import BadRequest

from nbmicro.server.limits import Limits
from nbmicro.server.ports import BACKLOG
from nbmicro.threads.workers import new_thread

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


# Which waitress takes for none, and a proxy in front need not.
_NO_CODING = re.compile(rb"\r\nTransfer-Encoding:[ \t,]*(?:\r\n|\Z)", re.IGNORECASE)
DRAIN_SECONDS = 5.0
#: Bytes that a handler may be ahead of its client; then it waits.
AHEAD = 1024 * 1024

logger = logging.getLogger("nbmicro.loading")
# How long the queue is at this moment is nothing a user can act on.
_queue_logger = logging.getLogger("nbmicro.loading.queue")
_queue_logger.addHandler(logging.NullHandler())
_queue_logger.propagate = False


class _TooSlow(BadRequest):  # type: ignore[misc]
    code = 408
    reason = "Request Timeout"


class _NoRoom(BadRequest):  # type: ignore[misc]
    # RFC 4918, section 11.5
    code = 507
    reason = "Insufficient Storage"


class _Request(WSGITask):  # type: ignore[misc]
    logger = logger


class _Rejection(ErrorTask):  # type: ignore[misc]
    logger = logger

    def execute(self) -> None:
        self.channel.rejected = True
        super().execute()


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Rejects what a proxy in front might read in another way: that is how requests are smuggled."""

    def parse_header(self, header_plus: bytes) -> None:
        if b"\r\n " in header_plus or b"\r\n\t" in header_plus:
            raise ParsingError("A header goes on in the next line, which nobody may do any more (RFC 9112, 5.2).")
        if _NO_CODING.search(header_plus):
            raise ParsingError("A Transfer-Encoding names a coding (RFC 9112, 6.1).")
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # which would end the connection without an answer
            raise ParsingError("The request's target or one of its numbers cannot be read.") from error
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("A request has a Transfer-Encoding or a Content-Length, never both (RFC 9112, 6.1).")
        if "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Only HTTP/1.1 has a Transfer-Encoding (RFC 9112, 6.1).")


class _Channel(HTTPChannel):  # type: ignore[misc]
    """One client's connection.

    It remembers when the request that is now arriving began. After a rejection it goes on reading for a while what the
    client still sends, and throws it away: closing at once would reset the connection, and the client would see that
    instead of the answer (RFC 9112, 9.6).
    """

    logger = logger
    parser_class = _Parser
    task_class = _Request
    error_task_class = _Rejection
    began = 0.0
    rejected = False
    drain_until: float | None = None
    quiet_since: float | None = None
    unread_since: float | None = None
    sent = 0
    sent_before = 0
    request: Any
    requests: list[Any]

    def readable(self) -> bool:
        return self.drain_until is not None or bool(super().readable())

    def writable(self) -> bool:
        return self.drain_until is None and bool(super().writable())

    def handle_read(self) -> None:
        if self.drain_until is None:
            super().handle_read()
        elif time.monotonic() > self.drain_until:
            self.handle_close()
        else:
            self.recv(65536)  # closes the channel itself when the client has

    def handle_write(self) -> None:
        if not (self.rejected and self.close_when_flushed):
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.will_close or not self.connected:
            self.handle_close()
        elif not self.total_outbufs_len:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
            self.drain_until = time.monotonic() + DRAIN_SECONDS

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent = int(super().send(data, do_close))
        self.sent += sent
        return sent

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.began = time.monotonic()
        try:
            return bool(super().received(data))
        except OSError as error:
            if self.request is None:
                raise
            # waitress writes a large body to a temporary file.
            logger.error("A request could not be taken in: %s", error)
            with self.requests_lock:
                self._reject(_NoRoom(f"the server has no room for the request: {error.strerror}"))
            return True

    def write_soon(self, data: Any) -> int:
        try:
            return int(super().write_soon(data))
        except OSError as error:
            # What waits to be read goes to a temporary file too. waitress would wait for its end, which never comes.
            logger.error("A response could not be kept until its client reads it: %s", error)
            self.will_close = True
            self.server.pull_trigger()
            raise ClientDisconnected from error

    def is_idle(self, cutoff: float, now: float) -> bool:
        """Whether nothing has been asked and nothing been waiting to be sent since ``cutoff``.

        What is seen once does not count: a handler that took long may be writing its answer in this very moment.
        """
        if self.requests or self.total_outbufs_len:
            self.quiet_since = None
            return False
        if self.quiet_since is None:
            self.quiet_since = now
        return bool(max(self.quiet_since, self.last_activity) < cutoff)

    @property
    def holds_thread(self) -> bool:
        """Whether a handler is kept from its end, since what it has answered so far waits to be read."""
        return bool(self.requests) and self.total_outbufs_len >= self.adj.outbuf_high_watermark

    def is_stalled(self, rate: int, patience: float, now: float) -> bool:
        """Whether the client has read less than ``rate`` bytes per second, for ``patience`` seconds, of what waits."""
        if not self.total_outbufs_len:
            self.unread_since = None
            return False
        if self.unread_since is None:
            self.unread_since, self.sent_before = now, self.sent
        if now - self.unread_since < patience:
            return False
        read = self.sent - self.sent_before
        self.unread_since, self.sent_before = now, self.sent
        return read < rate * patience

    def reject_if_slow(self, rate: int, patience: float, now: float) -> None:
        """Answer 408 where the headers take longer than ``patience``, or the body then comes at less than ``rate``."""
        with self.requests_lock:
            request = self.request
            if request is None or self.will_close:
                return
            if self.requests:
                # It waits behind another request of the same connection, which is not the client's doing.
                self.began = now
                return
            taken = now - self.began
            if not request.headers_finished:
                slow = taken > patience
            else:
                slow = request.body_bytes_received < rate * (taken - patience)
            if not slow:
                return
            self._reject(_TooSlow(f"the request took longer than {taken:.0f} seconds to arrive"))

    def _reject(self, error: Any) -> None:
        """Answer the request that is arriving with an error, behind those before it."""
        request, self.request = self.request, None
        request.error, request.completed = error, True
        self.requests.append(request)
        if len(self.requests) == 1:
            self.server.add_task(self)


class Workers(ThreadedTaskDispatcher):  # type: ignore[misc]
    """The threads that run handlers, kept so that their end can be waited for."""

    logger = logger
    queue_logger = _queue_logger

    def __init__(self) -> None:
        super().__init__()
        self.running: list[threading.Thread] = []

    def start_new_thread(self, target: Callable[[int], None], thread_no: int) -> None:
        self.running = [thread for thread in self.running if thread.is_alive()]
        thread = new_thread(f"worker-{thread_no}", target, thread_no)
        self.running.append(thread)
        thread.start()


class Listener(TcpWSGIServer):  # type: ignore[misc]
    """The listening socket and its connections, all of them watched once a second."""

    logger = logger
    channel_class = _Channel
    limits = Limits()

    def maintenance(self, now: float) -> None:
        limits = self.limits
        full = len(self.active_channels) >= limits.connections
        # Requests wait for a thread: then one that waits for a client is not left to it for long.
        waiting = bool(self.task_dispatcher.queue)
        idle = limits.idle_when_full if full else limits.idle
        head = min(limits.head_seconds, limits.idle_when_full) if full else limits.head_seconds
        moment = time.monotonic()
        # A thread whose client does not read is lost to others. Twice as many more, so that a crowd is soon met.
        held = sum(channel.holds_thread for channel in list(self.active_channels.values()))
        self.task_dispatcher.set_thread_count(limits.threads + 2 * held)
        for channel in list(self.active_channels.values()):
            if channel.drain_until is not None:
                if moment > channel.drain_until:
                    channel.handle_close()
            elif channel.request is not None:
                channel.reject_if_slow(limits.rate, head, moment)
            elif channel.is_idle(now - idle, now):
                channel.will_close = True
            elif channel.is_stalled(
                limits.rate, min(idle, limits.idle_when_full) if waiting and channel.holds_thread else idle, now
            ):
                # A handler may be waiting for it. Its socket takes nothing any more, so the loop would never close it.
                channel.will_close = True
                channel.handle_close()


def make_listener(
    app: WSGIApplication, sock: socket.socket, sockets: dict[int, Any], limits: Limits, name: str
) -> Listener:
    """Make waitress serve ``app`` on a socket that already listens; nothing is answered until its loop runs.
    ``sockets`` is the map that waitress keeps its sockets in: its loop ends when it is empty. ``name`` is the
    SERVER_NAME of requests that carry no Host."""
    settings = Adjustments(
        sockets=[sock],
        threads=limits.threads,
        backlog=BACKLOG,
        connection_limit=limits.connections + 2,  # the map also holds the listening socket and the trigger
        cleanup_interval=1,
        channel_timeout=int(limits.idle),
        outbuf_overflow=256 * 1024,
        outbuf_high_watermark=AHEAD,
        max_request_header_size=limits.headers,
        max_request_body_size=limits.body,
        asyncore_loop_timeout=1,
        asyncore_use_poll=True,  # select() fails on a descriptor of 1024 or more, which a busy kernel has
        log_socket_errors=False,
        clear_untrusted_proxy_headers=False,  # HostCheck and the app's ProxyFix decide about them
        ident="nbmicro",
        server_name=name,
    )
    workers = Workers()
    listener = Listener(
        app,
        sockets,
        _sock=sock,
        dispatcher=workers,
        adj=settings,
        sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
        bind_socket=False,
    )
    listener.limits = limits
    workers.set_thread_count(limits.threads)
    return listener
