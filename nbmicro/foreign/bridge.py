"""An ASGI app as a WSGI app: a2wsgi, with the event loop, the lifespan and the ends that it leaves to others."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from types import FrameType, TracebackType
from typing import Any

from werkzeug.http import HTTP_STATUS_CODES

from nbmicro.errors import DeadlineExceeded, LoadError
from nbmicro.foreign import known
from nbmicro.threads.interrupts import GRACE, Stopped
from nbmicro.threads.pyodide import has_threads
from nbmicro.threads.workers import InterruptibleEvent, LoopCall, LoopThread, Watch
from nbmicro.web.environ import ERROR, RESPONSE

#: Seconds that an app has for its startup, and for its shutdown.
STARTUP_LIMIT = 60.0
SHUTDOWN_LIMIT = 5.0


class Bridge:
    """A WSGI app that asks an ASGI app, in an event loop of its own thread.

    The loop begins, and the app starts up, with :meth:`start` or the first request.

    Parameters
    ----------
    app:
        The ASGI 3 application.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self._thread: LoopThread | None = None
        self._lifespan: LoopCall[None] | None = None
        self._stop: asyncio.Event | None = None
        self._started: Future[None] = Future()
        self._lock = threading.Lock()
        self._state: dict[str, Any] = {}
        self._responder: Any = None

    def start(self) -> None:
        """Begin the loop and let the app start up (ASGI's lifespan protocol); again is nothing.

        Raises
        ------
        LoadError
            a2wsgi is not installed.
        Exception
            What the app's startup raised.
        """
        with self._lock:
            if self._thread is None:
                if not has_threads():
                    raise LoadError("an ASGI app needs a thread, and Python in a browser has none.")
                self._responder = _responder()
                self._thread = LoopThread("asgi")
                self._lifespan = self._thread.begin(self._run_lifespan())
            thread = self._thread
        try:
            self._started.result(STARTUP_LIMIT)
        except Exception as error:
            if not self._started.done():
                raise DeadlineExceeded(f"The app's startup was not complete after {STARTUP_LIMIT:g} s.") from error
            thread.close()
            raise

    def close(self) -> None:
        """Let the app shut down, and end the loop and its thread."""
        with self._lock:
            thread, self._thread = self._thread, None
            lifespan, stop = self._lifespan, self._stop
            self._started = Future()
        if thread is None or lifespan is None:
            return
        if stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                thread.loop.call_soon_threadsafe(stop.set)
            lifespan.done.wait(SHUTDOWN_LIMIT + GRACE)
        thread.close()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer as the ASGI app does (PEP 3333)."""
        self.start()
        return _Response(self, environ, start_response)

    def _ask(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """The response as a2wsgi brings it from the loop, waited for so that it can be interrupted in every thread."""
        thread = self._thread
        if thread is None:
            raise LoadError("the app was closed.")
        responder = self._responder(self._respond, thread.loop)
        responder.sync_event, responder.asgi_done = _Messages(), InterruptibleEvent()
        responder.execute_in_loop = thread.run
        chunks: Iterator[bytes] = responder(environ, start_response)
        return chunks

    # -- in the loop's thread ------------------------------------------------------------------------------------

    async def _run_lifespan(self) -> None:
        """From the app's startup to its shutdown."""
        self._stop = asyncio.Event()
        events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        task = asyncio.ensure_future(self.app(scope, events.get, messages.put))
        await events.put({"type": "lifespan.startup"})
        message = await _first(task, messages)
        failed = message is not None and message["type"] == "lifespan.startup.failed"
        if failed:
            await asyncio.wait([task], timeout=GRACE)
            error = task.exception() if task.done() and not task.cancelled() else None
            text = str((message or {}).get("message", "")).strip().rpartition("\n")[2]
            self._started.set_exception(error or LoadError(f"the app's startup failed: {text}"))
            return
        self._started.set_result(None)
        await self._stop.wait()
        if message is None:
            # It knows no lifespan, as the specification allows; what it raised at being called is no error.
            if task.done() and not task.cancelled():
                task.exception()
            return
        await events.put({"type": "lifespan.shutdown"})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_first(task, messages), SHUTDOWN_LIMIT)

    async def _respond(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """One request; whatever becomes of it, a2wsgi hears of its end."""
        response: _Response = scope["wsgi_environ"][RESPONSE]
        scope["state"] = dict(self._state)
        complete = False

        async def note_end(message: dict[str, Any]) -> None:
            nonlocal complete
            complete = complete or (message["type"] == "http.response.body" and not message.get("more_body"))
            await send(message)

        response.task = asyncio.current_task()
        try:
            async with _watched(response.watch):
                response.coroutine = self.app(scope, receive, note_end)
                await response.coroutine
        except asyncio.CancelledError:
            # a2wsgi would wait for ever for a task that was cancelled.
            raise Stopped from None
        except Exception as error:
            # Starlette sends its page first, and raises then.
            if not complete:
                raise
            response.environ[ERROR] = error
        finally:
            response.coroutine = None
            for adapter in known.ADAPTERS:
                adapter.note_scope(scope, response.environ)
        if not complete:
            raise RuntimeError("The ASGI app returned before its response was complete.")


class _Response:
    """The response of one request, as it comes: the iterable of PEP 3333."""

    def __init__(self, bridge: Bridge, environ: dict[str, Any], start_response: Any) -> None:
        self.environ = environ
        self.watch = Watch()
        self.task: asyncio.Task[Any] | None = None
        self.coroutine: Any = None
        self._bridge = bridge
        self._context = contextvars.copy_context()
        self._context.run(_current.set, self)
        environ[RESPONSE] = self
        _make_readable(environ)
        # A header without a value that Latin-1 has cannot come; a2wsgi reads the rest of the environ.
        self._chunks: Iterator[bytes] = self._context.run(bridge._ask, environ, self._starting(start_response))
        self._over = False

    def _starting(self, start_response: Any) -> Callable[..., Any]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if exc_info is not None:
                # a2wsgi makes a page of its own of an exception; who called the app makes a better one.
                raise exc_info[1].with_traceback(exc_info[2])
            return start_response(_status_line(status), headers)

        return start

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return self._context.run(next, self._chunks)
        except Exception:  # StopIteration among them
            self._over = True
            raise
        except BaseException as stop:
            trace = self._stop()
            if isinstance(stop, Stopped):
                raise
            raise stop.with_traceback(trace) from None

    def close(self) -> None:
        """End the request's task where the response is not read to its end."""
        if not self._over:
            self._stop()
        self.environ.pop(RESPONSE, None)

    def _stop(self) -> TracebackType | None:
        """Cancel the task, wherever it is, and say where that was."""
        self._over = True
        thread = self._bridge._thread
        return thread.stop(self, _threads_of(self)) if thread is not None and self.task is not None else None


# Marks the contexts of one request, wherever they are entered.
_current: contextvars.ContextVar[_Response] = contextvars.ContextVar("nbmicro_response")


def _threads_of(response: _Response) -> list[int]:
    """The threads that work for a request in a pool: those that run a function in one of its contexts."""
    idents = []
    for ident, innermost in list(sys._current_frames().items()):
        frame: FrameType | None = innermost
        while frame is not None:
            # anyio, asyncio.to_thread and asgiref all keep the context in a local of that name.
            context: Any = None
            if "context" in frame.f_code.co_varnames:
                context = frame.f_locals.get("context")
            if isinstance(context, contextvars.Context) and context.get(_current) is response:
                idents.append(ident)
                break
            frame = frame.f_back
    return idents


@asynccontextmanager
async def _watched(watch: Watch) -> AsyncIterator[None]:
    """Watch what this event loop's thread does, and the thread of AnyIO's pool that is the next to be used.

    A plain function that handles requests in an async framework runs there, and the pool keeps its threads. It gives
    work to the one that was used last.
    """
    if not watch:
        yield
        return
    pool = sys.modules.get("anyio.to_thread")
    if pool is not None:
        await pool.run_sync(watch.begin)
    watch.begin()
    try:
        yield
    finally:
        watch.end()
        if pool is not None:
            await pool.run_sync(watch.end)


def _status_line(status: str) -> str:
    """The status with Werkzeug's reason: ASGI has none, and the standard library's depends on Python's version."""
    code = status.partition(" ")[0]
    reason = HTTP_STATUS_CODES.get(int(code)) if code.isdecimal() else None
    return f"{code} {reason}" if reason else status


def _make_readable(environ: dict[str, Any]) -> None:
    """Let a path that is no UTF-8 be one, as ASGI's servers do: ASGI has paths as text, and a2wsgi wants them valid."""
    for name in ("SCRIPT_NAME", "PATH_INFO"):
        path = environ.get(name, "")
        if not path.isascii():
            environ[name] = path.encode("latin-1").decode("utf-8", "replace").encode().decode("latin-1")


async def _first(task: asyncio.Future[Any], messages: asyncio.Queue[dict[str, Any]]) -> dict[str, Any] | None:
    """The next message of a lifespan, or None where the app ended without one."""
    getting = asyncio.ensure_future(messages.get())
    await asyncio.wait([task, getting], return_when=asyncio.FIRST_COMPLETED)
    if getting.done():
        return getting.result()
    getting.cancel()
    return None


class _Messages:
    """The hand-over of messages from the app to who reads its response, one at a time."""

    def __init__(self) -> None:
        self._there = InterruptibleEvent()
        self._message: Any = None

    def set(self, message: Any) -> None:
        self._message = message
        self._there.set()

    def wait(self) -> Any:
        self._there.wait()
        self._there.clear()
        message, self._message = self._message, None
        return message


def _responder() -> Any:
    try:
        from a2wsgi import asgi
    except ImportError:
        raise LoadError(
            "an ASGI app is asked by way of a2wsgi, which is not installed.",
            hint="Install it, then restart the kernel:  %pip install 'nbmicro[asgi]'",
        ) from None
    return asgi.ASGIResponder
