"""Coroutines called from code that is not one."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from nbmicro.errors import DeadlineExceeded
from nbmicro.threads.pyodide import complete_in_browser, has_threads
from nbmicro.threads.workers import LoopThread, loop_is_running

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 5.0
"""How many seconds an interrupted or closed coroutine has to come to its end."""


_hiding = threading.local()


def _no_loop() -> asyncio.AbstractEventLoop | None:
    return None


# A browser's Python waits by its running loop; from Python 3.14 on a thread has its running task beside its loop.
running_loop: Callable[[], asyncio.AbstractEventLoop | None] = (
    asyncio._get_running_loop if has_threads() and sys.version_info < (3, 14) else _no_loop
)
"""The event loop that runs in this thread and can be hidden; None without one."""


def outside_loop(loop: asyncio.AbstractEventLoop, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a plain function as a server does, in whose threads no event loop runs.

    A cell's loop waits for the cell to end, so nothing can go on in it meanwhile; a function that sees it could only
    be rejected (``asyncio.run``, and libraries that look for a loop), or would work in a notebook alone. ``loop`` is
    what :func:`running_loop` gave.
    """
    depth = getattr(_hiding, "depth", 0)
    try:
        # Within the `try`: an interrupt may come behind every call.
        _hiding.depth = depth + 1
        asyncio._set_running_loop(None)
        return call(*args, **kwargs)
    finally:
        asyncio._set_running_loop(loop)
        _hiding.depth = depth


class outside_loop_stream(Iterator[bytes]):
    """The pieces of a body, each asked for outside the event loop that runs then, if one does."""

    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = body
        self._pieces = iter(body)

    def __next__(self) -> bytes:
        loop = running_loop()
        return next(self._pieces) if loop is None else outside_loop(loop, next, self._pieces)

    def close(self) -> None:
        """Close the body (PEP 3333)."""
        close: Callable[[], object] | None = getattr(self._body, "close", None)
        loop = running_loop()
        if close is not None:
            close() if loop is None else outside_loop(loop, close)


def run_async(func: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """A plain function that runs an async one to its end and returns its result.

    Each call has an event loop of its own, in this thread if no loop runs here, else in a worker thread. Context
    variables pass in and come back. Tasks that are left when the function returns are cancelled. An interrupt
    (KeyboardInterrupt) cancels the function.
    """

    @wraps(func)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        async def main() -> T:
            return await func(*args, **kwargs)

        return _complete(main())

    return call


def _complete(coroutine: Coroutine[Any, Any, T]) -> T:
    context = contextvars.copy_context()
    try:
        if not has_threads():
            return complete_in_browser(coroutine, context)
        if not getattr(_hiding, "depth", 0) and not loop_is_running():
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                return runner.run(coroutine, context=context)
        # A loop runs in this thread, hidden or not: the coroutine gets a thread of its own.
        thread = LoopThread("async", patience=PATIENCE)
        try:
            return thread.run(coroutine, context)
        finally:
            thread.close()
    finally:
        _take_over(context)


def _take_over(context: contextvars.Context) -> None:
    """Set here what the coroutine set in its context, as if it had been called plainly."""
    here = contextvars.copy_context()
    for variable, value in context.items():
        if variable not in here or here[variable] is not value:
            variable.set(value)


class iterate(Iterator[T]):
    """The items of an async generator, one by one, for code that is not a coroutine.

    The generator has an event loop in a thread of its own, from the first item until it ends or is closed. Each step
    sees the context variables of whoever asks for the item.
    """

    def __init__(self, items: AsyncIterator[T]) -> None:
        self._items = items
        self._thread: LoopThread | None = None
        self._ended = False

    def __next__(self) -> T:
        if self._ended:
            raise StopIteration
        try:
            if not has_threads():
                return _complete(_awaited(anext(self._items)))
            if self._thread is None:
                self._thread = LoopThread("async", patience=PATIENCE)
            return self._thread.run(_awaited(anext(self._items)))
        except StopAsyncIteration:
            self.close()
            raise StopIteration from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the generator, its tasks and its thread."""
        if self._ended:
            return
        self._ended = True
        close = getattr(self._items, "aclose", None)
        if self._thread is None:
            if close is not None and not has_threads():
                _complete(_awaited(close()))
            return
        try:
            if close is not None:
                closing = self._thread.begin(_awaited(close()))
                if not closing.done.wait(PATIENCE):
                    raise DeadlineExceeded(
                        f"An async generator did not end within {PATIENCE:g} seconds of being closed."
                    )
                closing.result()
        finally:
            self._thread.close()


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable
