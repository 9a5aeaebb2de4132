"""A web server in a thread, which leaves nothing behind when it is stopped."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import sys
import threading
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from nbmicro.errors import ServeError
from nbmicro.server.address import host_in_url, is_loopback, is_proxied, network_host, server_names
from nbmicro.server.host_check import HostCheck, known_secrets
from nbmicro.server.limits import Limits
from nbmicro.server.ports import bind
from nbmicro.threads.workers import new_thread

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from nbmicro.server.listener import Listener


_running: weakref.WeakSet[BackgroundServer] = weakref.WeakSet()
_fork_guard = threading.Lock()
_fork_guarded = False


class BackgroundServer:
    """waitress in a thread of its own.

    Parameters
    ----------
    app:
        The WSGI application (PEP 3333).
    host:
        The address to bind; loopback unless asked otherwise, see :attr:`warning`.
    port:
        The TCP port. None means 5000, or the next free one.
    allow_hosts:
        Host names to answer to besides loopback and the bound one; ``*`` for all.
    allow_origins:
        Origins whose pages may send forms here, besides the app's own; ``*`` for all.
    limits:
        What clients may ask for.
    environ:
        The environment that says whether a proxy stands in front, ``os.environ`` if None.
    servers:
        The records of the running Jupyter servers: their tokens are kept from handlers, their host names answered to.
    command:
        What the user typed, for the hints of errors.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        allow_hosts: Collection[str] = (),
        allow_origins: Collection[str] = (),
        limits: Limits | None = None,
        environ: Mapping[str, str] | None = None,
        servers: Collection[Mapping[str, object]] = (),
        command: str = "%serve",
    ) -> None:
        environ = os.environ if environ is None else environ
        self.host = host
        self.command = command
        self.limits = limits or Limits()
        self._asked_port = port
        self._app = HostCheck(
            app,
            # Jupyter's proxy passes on the name under which Jupyter is reached.
            hosts={*allow_hosts, *server_names(servers)},
            origins=allow_origins,
            bound=host,
            check_host=not (is_proxied(environ) and is_loopback(host)),
            secrets=known_secrets(environ, servers),
            command=command,
        )
        self._port = 0
        self._sockets: dict[int, Any] = {}
        self._reserved: socket.socket | None = None
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether it is answering."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the first start."""
        return self._port

    @property
    def url(self) -> str:
        """Where this machine reaches it: ``http://127.0.0.1:5000/``. For the user's browser see ``browser_url``."""
        return f"http://{host_in_url(self.host)}:{self._port}/"

    @property
    def threads(self) -> tuple[threading.Thread, ...]:
        """Its threads that are alive: the one that listens and those that run handlers."""
        listener = self._listener
        workers = listener.task_dispatcher.running if listener is not None else []
        return tuple(thread for thread in (self._thread, *workers) if thread is not None and thread.is_alive())

    @property
    def warning(self) -> str | None:
        """What a user must know who binds another address than loopback; None where there is nothing to warn of."""
        if is_loopback(self.host):
            return None
        return (
            f"Others open it at http://{host_in_url(network_host(self.host))}:{self._port}/. Everyone who reaches this "
            "machine there can call the app, and its handlers run with all of your rights. Without --host only this "
            "machine can."
        )

    def replace(self, app: WSGIApplication) -> None:
        """Serve another app from the next request on; the socket stays open and no request is lost."""
        self._app.app = app

    def reserve(self) -> BackgroundServer:
        """Take the port without answering yet: who connects waits for :meth:`start`. Raises as that does."""
        with self._lock:
            if self._reserved is None and not self.running:
                self._reserved = self._listen()
                self._port = self._reserved.getsockname()[1]
                _guard_forks()
                _running.add(self)
        return self

    def start(self) -> BackgroundServer:
        """Listen and answer; nothing happens if it already does.

        Raises
        ------
        PortTaken
            The port was asked for by number and someone has it; says who, and what would do.
        ServeError
            The address cannot be bound, or this Python can have no server.
        """
        with self._lock:
            if self.running:
                return self
            sock, self._reserved = self._reserved or self._listen(), None
            # Not before: loading nbmicro in a notebook should not wait for waitress.
            from nbmicro.server.listener import make_listener

            self._port = sock.getsockname()[1]
            self._sockets = {}
            name = self.host if self.host not in ("", "0.0.0.0", "::") else "localhost"
            self._listener = make_listener(self._app, sock, self._sockets, self.limits, name)
            self._thread = new_thread(f"server-{self._port}", self._listener.run)
            _guard_forks()
            _running.add(self)
            atexit.register(self._stop_at_exit)
            self._thread.start()
        return self

    def stop(self, *, timeout: float = 5.0) -> bool:
        """Free the port at once, let requests in flight finish, end all threads; nothing happens if it is stopped.

        Parameters
        ----------
        timeout:
            Seconds to wait for handlers that are still running.

        Returns
        -------
        bool
            True if no thread is left. False if a handler has not come to its end: Python cannot end it from outside;
            its thread goes when it returns, and its client is already cut off.
        """
        with self._lock:
            if self._reserved is not None:
                self._reserved.close()
                self._reserved = None
            listener, thread = self._listener, self._thread
            if listener is None or thread is None:
                return True
            atexit.unregister(self._stop_at_exit)
            _running.discard(self)
            deadline = time.monotonic() + timeout
            workers = listener.task_dispatcher
            self._in_loop(listener, thread, lambda: _close_listening(listener))
            if any(worker.is_alive() for worker in workers.running):
                workers.shutdown(cancel_pending=True, timeout=timeout)
            self._in_loop(listener, thread, lambda: _close_answered(listener))
            # What is answered is still to be sent, to clients that read it.
            flushed = time.monotonic() + 1.0
            while listener.active_channels and thread.is_alive() and time.monotonic() < flushed:
                time.sleep(0.01)
            self._in_loop(listener, thread, lambda: _close_all(listener))
            thread.join(2.0)
            for worker in workers.running:
                worker.join(max(0.1, deadline - time.monotonic()))
            left = self.threads
            self._listener = self._thread = None
            return not left

    def __repr__(self) -> str:
        return f"<BackgroundServer {self.url if self.running else 'stopped'}>"

    def _listen(self) -> socket.socket:
        if sys.platform == "emscripten":
            raise ServeError(
                "Python in the browser has no sockets and no threads, so no server can run here.",
                hint="The app answers without one:  %http /   or   %browse /",
            )
        served = {server.port for server in list(_running) if server.running}
        return bind(self.host, self._asked_port, command=self.command, served=served)

    @staticmethod
    def _in_loop(listener: Listener, thread: threading.Thread, step: Callable[[], None]) -> None:
        """Run a step in the listening thread, which alone may close what it polls; within two seconds or not at all."""
        if not thread.is_alive():
            step()
            return
        done = threading.Event()

        def run() -> None:
            try:
                step()
            finally:
                done.set()

        listener.trigger.pull_trigger(run)
        done.wait(2.0)

    def _stop_at_exit(self) -> None:
        self.stop(timeout=1.0)

    def _forget(self) -> None:
        """In a forked child: let go of the parent's sockets, which are not the child's to answer on."""
        for entry in [*self._sockets.values(), self._reserved]:
            with contextlib.suppress(OSError):
                if entry is not None:
                    getattr(entry, "socket", entry).close()
        self._reserved = None
        atexit.unregister(self._stop_at_exit)
        self._listener = self._thread = None
        self._lock = threading.Lock()


def _close_listening(listener: Listener) -> None:
    # Not listener.close(): that closes the trigger too, which the next steps of the stop still need.
    listener.accepting = False
    listener.del_channel()
    listener.socket.close()


def _close_answered(listener: Listener) -> None:
    for channel in list(listener.active_channels.values()):
        if channel.total_outbufs_len:
            channel.close_when_flushed = True
        else:
            channel.handle_close()


def _close_all(listener: Listener) -> None:
    for channel in list(listener.active_channels.values()):
        channel.handle_close()
    listener.trigger.close()


def _guard_forks() -> None:
    """Once per process: a child made by ``fork`` without ``exec`` would keep the port busy, and never answer."""
    global _fork_guarded
    with _fork_guard:
        if not _fork_guarded and hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_forget_all)
            _fork_guarded = True


def _forget_all() -> None:
    for server in list(_running):
        server._forget()
    _running.clear()
