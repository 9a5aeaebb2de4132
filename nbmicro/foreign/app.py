"""An app of another framework as a WSGI app for the client, the server and the loader."""

from __future__ import annotations

import atexit
import contextvars
import logging
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from nbmicro.errors import LoadError
from nbmicro.foreign import known
from nbmicro.foreign.adapter import Adapter
from nbmicro.foreign.bridge import Bridge
from nbmicro.threads.pyodide import has_threads
from nbmicro.threads.workers import Worker, loop_is_running
from nbmicro.web.environ import ERROR, ROUTE
from nbmicro.web.route_info import RouteInfo


class ForeignApp:
    """A Flask, Django, FastAPI, Bottle or any other WSGI or ASGI app.

    A WSGI app is called in the calling thread, or, where an event loop runs there as in a notebook's cell, in a worker
    thread that stays the same from request to request. An ASGI app has a loop in a thread of its own. Context variables
    go along, so that what a handler prints and logs is its exchange's; an interrupt and a deadline stop it.

    Parameters
    ----------
    app:
        The app.
    worker:
        The thread that it was loaded in, to answer there; one of its own where none is given.

    Raises nbmicro.errors.LoadError for an object that answers no requests.
    """

    def __init__(self, app: Any, worker: Worker | None = None) -> None:
        kind = known.kind_of(app)
        if kind is None:
            raise LoadError(f"{app!r} answers no requests: it is neither a WSGI nor an ASGI app.")
        self.app = app
        self.kind = kind
        self._bridge = Bridge(app) if kind.is_async else None
        self._worker = worker or Worker()
        self._served: Any = None
        self._busy = False
        self._lock = threading.Lock()
        _open.add(self)

    @property
    def core(self) -> Any:
        """The framework's own object, inside the middlewares around it."""
        return known.core_of(self.app)

    @property
    def adapter(self) -> Adapter:
        """What is known of its framework."""
        return known.adapter_of(self.core)

    @property
    def name(self) -> str:
        """What the framework calls it, else what it is."""
        return str(getattr(self.core, "name", None) or self.kind.spoken)

    def start(self) -> None:
        """Let an ASGI app start up; for others there is nothing to do. Raises what its startup raises."""
        if self._bridge is not None:
            self._bridge.start()

    def close(self) -> None:
        """Let an ASGI app shut down, and end the threads. A request afterwards begins them again."""
        if self._bridge is not None:
            self._bridge.close()
        self._worker.end()
        self._worker = Worker()

    def run(self, function: Callable[[], Any]) -> Any:
        """Call a function where the app's own code runs: in a thread without an event loop."""
        if not _needs_thread():
            return function()
        worker = self._take()
        try:
            return worker.run(function)
        finally:
            self._give_back(worker)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer as the app does (PEP 3333)."""
        for adapter in known.ADAPTERS:
            adapter.listen()
        _adopt_streams()
        errors = environ.get("wsgi.errors")
        if errors is not None:
            environ["wsgi.errors"] = _Errors(errors, environ)
        app = self._developed() if self._bridge is None else self._bridge
        worker = self._take() if self._bridge is None and _needs_thread() else None
        return _Response(self, app, environ, start_response, worker)

    def _developed(self) -> Any:
        """The app with what its framework's development server adds to it, found out once."""
        if self._served is None:
            self._served = self.adapter.developed(self.app)
        return self._served

    def look_back(self, environ: dict[str, Any]) -> None:
        """Note in the environ of a request that is over what the framework says of it: the exception, the route."""
        for adapter in known.ADAPTERS:
            adapter.look_back(environ)
        answered = self.adapter.answered_by(self.core, environ)
        if answered is not None:
            environ[ROUTE] = answered

    # -- what is known of it -------------------------------------------------------------------------------------

    def routes(self) -> tuple[RouteInfo, ...]:
        """Its routes; none where they cannot be read."""
        return self.run(lambda: tuple(self.adapter.routes(self.core) or ()))  # type: ignore[no-any-return]

    def matches(self, path: str) -> list[str] | None:
        """What would answer a path, a line for each; none where nothing does, None where it cannot be known."""
        path, _, query = path.partition("?")
        return self.run(lambda: self.adapter.matches(self.core, path, query))  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<{self.kind.spoken}>"

    # -- threads -------------------------------------------------------------------------------------------------

    def _take(self) -> Worker:
        """The standing worker, or another one while that is at work."""
        with self._lock:
            if self._busy:
                return Worker()
            if self._worker.retired:
                self._worker = Worker()
            self._busy = True
            return self._worker

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            if worker is self._worker:
                self._busy = False
                return
        worker.end()


def _needs_thread() -> bool:
    """Whether a WSGI app may not be called here; a browser's Python (Pyodide) has no threads to call it in."""
    return loop_is_running() and has_threads()


class _Response:
    """A response that is made and read in the calling thread, or in ``worker`` from the call to its end."""

    def __init__(
        self, owner: ForeignApp, app: Any, environ: dict[str, Any], start_response: Any, worker: Worker | None
    ) -> None:
        self._owner = owner
        self._environ = environ
        self._context = contextvars.copy_context()
        self._worker = worker
        self._closed = False
        self._iterator: Iterator[bytes] = iter(())
        self._close: Callable[[], Any] | None = None

        def call() -> None:
            chunks = app(environ, start_response)
            self._close = getattr(chunks, "close", None)
            self._iterator = iter(chunks)

        try:
            self._run(call)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        # Where no thread is between, the app's own iterator is read.
        return self if self._worker is not None else self._iterator

    def __next__(self) -> bytes:
        chunk: bytes | None = self._run(lambda: next(self._iterator, None))
        if chunk is None:
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Close the app's iterable where it was made, give the thread back, and note what the framework says."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._close is not None and not (self._worker is not None and self._worker.retired):
                self._run(self._close)
        finally:
            if self._worker is not None:
                self._owner._give_back(self._worker)
            self._owner.look_back(self._environ)

    def _run(self, function: Callable[[], Any]) -> Any:
        if self._worker is None:
            return function()
        if self._worker.retired:
            raise StopIteration
        return self._worker.run(function, self._context)


_open: weakref.WeakSet[ForeignApp] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A kernel that exits lets the apps shut down."""
    for app in list(_open):
        app.close()


def stop_listening() -> None:
    """Note no more what frameworks say of their requests, and give the stream handlers back what they wrote to."""
    for adapter in known.ADAPTERS:
        adapter.unlisten()
    while _adopted:
        handler, stream = _adopted.pop()
        handler.stream = stream


class _Errors:
    """A ``wsgi.errors`` that knows a traceback when it is written, and keeps it as the exception that it is of.

    Parameters
    ----------
    stream:
        Where all other text goes.
    environ:
        Of the request; an exception is noted there.
    """

    def __init__(self, stream: Any, environ: MutableMapping[str, Any]) -> None:
        self._stream = stream
        self._environ = environ

    def write(self, text: str) -> int:
        error = sys.exc_info()[1]
        if error is not None and "Traceback (most recent call last)" in text:
            self._environ[ERROR] = error
            return len(text)
        written: int = self._stream.write(text)
        return written

    def writelines(self, lines: list[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_adopted: list[tuple[Any, Any]] = []


def _adopt_streams() -> None:
    """Let logging's stream handlers write to what standard error is during a request, not to what it was before.

    Called while a request is captured; a handler that holds another stream is left alone.
    """
    stream = sys.stderr
    before = getattr(stream, "target", None)
    if before is None:
        return
    for logger in (logging.root, *list(logging.root.manager.loggerDict.values())):
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and handler.stream is before:
                _adopted.append((handler, before))
                handler.stream = stream


def as_wsgi(app: Any) -> Any:
    """An app as a WSGI server or client calls it: one that speaks ASGI behind its bridge, any other as it is."""
    kind = known.kind_of(app)
    return ForeignApp(app) if kind is not None and kind.is_async else app
