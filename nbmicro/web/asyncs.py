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

P = ParamSpec("P")
T = TypeVar("T")

waiting: list[tuple[contextvars.Context, asyncio.Task[Any]]] = []
"""In a browser: the coroutines that calls wait for now, each with the context variables of its call."""

PATIENCE = 5.0
"""How many seconds an interrupted or closed coroutine has to come to its end."""


_hiding = threading.local()


def _no_loop() -> asyncio.AbstractEventLoop | None:
    return None


# A browser's Python waits by its running loop; from Python 3.14 on a thread has its running task beside its loop.
running_loop: Callable[[], asyncio.AbstractEventLoop | None] = (
    asyncio._get_running_loop if sys.platform != "emscripten" and sys.version_info < (3, 14) else _no_loop
)
"""The event loop that runs in this thread and can be hidden; None without one."""


def outside_loop(loop: asyncio.AbstractEventLoop, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a plain function as a server does, in whose threads no event loop runs.

    A cell's loop waits for the cell to end, so nothing can go on in it meanwhile; a function that sees it could only
    be refused (``asyncio.run``, and libraries that look for a loop), or would work in a notebook alone.

    Parameters
    ----------
    loop:
        What :func:`running_loop` gave.
    call, args, kwargs:
        The function and its arguments.
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
    """The pieces of a body, each asked for outside the event loop that runs then, if one does.

    Parameters
    ----------
    body:
        What a WSGI app answered.
    """

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

    Parameters
    ----------
    func:
        The async function.
    """

    @wraps(func)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        async def main() -> T:
            return await func(*args, **kwargs)

        return _complete(main())

    return call


def _complete(coroutine: Coroutine[Any, Any, T]) -> T:
    if sys.platform == "emscripten":
        return _complete_in_browser(coroutine)
    context = contextvars.copy_context()
    try:
        if _loop_is_running():
            return _complete_in_thread(coroutine, context)
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(coroutine, context=context)
    finally:
        _take_over(context)


def _loop_is_running() -> bool:
    """Whether a loop runs in this thread, hidden or not: then a coroutine gets a thread of its own."""
    if getattr(_hiding, "depth", 0):
        return True
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _take_over(context: contextvars.Context) -> None:
    """Set here what the coroutine set in its context, as if it had been called plainly."""
    here = contextvars.copy_context()
    for variable, value in context.items():
        if variable not in here or here[variable] is not value:
            variable.set(value)


def _complete_in_browser(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in Pyodide, whose one loop runs already and whose Python has no threads.

    A browser whose WebAssembly can switch stacks (JSPI) lets the loop go on meanwhile. Without it the coroutine is
    stepped through here, which is enough as long as it waits for nothing but other coroutines.
    """
    from pyodide.ffi import can_run_sync, run_sync  # type: ignore[import-not-found]

    if can_run_sync():
        context = contextvars.copy_context()
        task = asyncio.get_running_loop().create_task(coroutine, context=context)
        entry = (context, task)
        waiting.append(entry)
        try:
            succeeded, outcome = run_sync(_outcome(task))
        finally:
            waiting.remove(entry)
            _take_over(context)
        if not succeeded:
            raise outcome
        return outcome  # type: ignore[no-any-return]
    try:
        while coroutine.send(None) is None:  # `await asyncio.sleep(0)` asks for nothing but a turn
            pass
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError(
        "This async handler waits for something outside it, and this browser cannot wait for it in a plain call: "
        "its WebAssembly does not switch stacks (JSPI). Chromium 137 and later can."
    )


async def _outcome(task: asyncio.Task[Any]) -> tuple[bool, Any]:
    """How a task ends: an exception that went through the browser would not come out as it was."""
    try:
        return True, await task
    except BaseException as error:  # raised where the task is waited for
        return False, error


class _Worker:
    """A thread that runs one coroutine in a loop of its own."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], context: contextvars.Context) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = threading.Event()
        self._lock = threading.Lock()
        self._cancelled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._coroutine, self._context = coroutine, context
        self.thread = threading.Thread(target=self._run, name="nbmicro-async", daemon=True)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                self.result = runner.run(self._main(), context=self._context)
        except BaseException as error:  # handed to the caller
            self.error = error
        finally:
            self.done.set()

    async def _main(self) -> Any:
        with self._lock:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            if self._cancelled and self._task is not None:
                self._task.cancel()
        try:
            return await self._coroutine
        finally:
            with self._lock:
                self._loop = None

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)


def _complete_in_thread(coroutine: Coroutine[Any, Any, T], context: contextvars.Context) -> T:
    worker = _Worker(coroutine, context)
    try:
        worker.thread.start()
        _wait(worker.done)
    except BaseException:  # an interrupt
        worker.cancel()
        worker.done.wait(PATIENCE)
        raise
    worker.thread.join(PATIENCE)
    if worker.error is not None:
        try:
            raise worker.error
        finally:
            worker.error = None  # else the error's traceback and the worker would hold each other
    result: T = worker.result
    return result


def _wait(event: threading.Event) -> None:
    # In turns: an interrupt does not end a wait that begins in the moment after it, and on Windows no endless one.
    while not event.wait(0.2):
        continue


class iterate(Iterator[T]):
    """The items of an async generator, one by one, for code that is not a coroutine.

    The generator has an event loop in a thread of its own, from the first item until it ends or is closed. Each step
    sees the context variables of whoever asks for the item.

    Parameters
    ----------
    items:
        The async generator or iterator.
    """

    def __init__(self, items: AsyncIterator[T]) -> None:
        self._items = items
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ended = False

    def __next__(self) -> T:
        if self._ended:
            raise StopIteration
        try:
            item: T = self._step(anext(self._items))
        except StopAsyncIteration:
            self.close()
            raise StopIteration from None
        except BaseException:
            self.close()
            raise
        return item

    def _step(self, awaitable: Awaitable[Any], timeout: float | None = None) -> Any:
        async def step() -> Any:
            return await awaitable

        if sys.platform == "emscripten":
            return _complete_in_browser(step())
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            # The thread knows the loop alone, so that an iterator nobody holds can go, and its thread with it.
            self._thread = threading.Thread(target=_run_loop, args=(self._loop,), name="nbmicro-async", daemon=True)
            self._thread.start()
        # A result that is a StopAsyncIteration cannot be set on a future as it is; it comes back as an outcome.
        done = threading.Event()
        outcome: list[Any] = []

        async def keep() -> None:
            try:
                outcome.append((True, await step()))
            except BaseException as error:  # handed to the caller
                outcome.append((False, error))
            finally:
                done.set()

        future = asyncio.run_coroutine_threadsafe(keep(), self._loop)
        try:
            if timeout is None:
                _wait(done)
            elif not done.wait(timeout):
                raise DeadlineExceeded(f"An async generator did not end within {timeout:g} seconds of being closed.")
        except BaseException:
            future.cancel()
            raise
        succeeded, value = outcome[0]
        if succeeded:
            return value
        raise value

    def close(self) -> None:
        """End the generator, its tasks and its thread."""
        if self._ended:
            return
        self._ended = True
        loop, close = self._loop, getattr(self._items, "aclose", None)
        if loop is None:
            if close is not None and sys.platform == "emscripten":
                self._step(close())
            return
        try:
            if close is not None:
                self._step(close(), PATIENCE)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            if self._thread is not None and self._thread is not threading.current_thread():
                self._thread.join(PATIENCE)

    def __del__(self) -> None:
        loop = self._loop
        if not self._ended and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(loop.stop)


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(_cancel_tasks())
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


async def _cancel_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
