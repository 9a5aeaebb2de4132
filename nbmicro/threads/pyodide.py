"""What stands in the place of threads and alarms in a browser's Python (Pyodide), which has neither."""

from __future__ import annotations

import asyncio
import contextvars
import math
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from nbmicro.threads.interrupts import AGAIN

T = TypeVar("T")

#: Seconds between two looks that are too few, and the most jumps between two looks.
QUICK, SELDOM = 0.005, 256

# The coroutines that calls wait for now, each with the context variables of its call.
_waiting: list[tuple[contextvars.Context, asyncio.Task[Any]]] = []


def has_threads() -> bool:
    """Whether a thread can be started here."""
    return sys.platform != "emscripten"


def take_turns(steps: Iterator[float]) -> None:
    """Take the steps of ``steps`` in turns of the event loop; each says how many seconds it waits for the next one."""
    # As in a thread, what the cell that runs has set is not seen.
    context = contextvars.Context()
    asyncio.get_running_loop().call_soon(_take_turn, steps, context, context=context)


def _take_turn(steps: Iterator[float], context: contextvars.Context) -> None:
    wait = next(steps, None)
    if wait is not None:
        asyncio.get_running_loop().call_later(wait, _take_turn, steps, context, context=context)


def complete_in_browser(coroutine: Coroutine[Any, Any, T], context: contextvars.Context) -> T:
    """Run a coroutine to its end in ``context``, although the one loop runs already and there is no other thread.

    A browser whose WebAssembly can switch stacks (JSPI) lets the loop go on meanwhile. Without it the coroutine is
    stepped through here, which is enough as long as it waits for nothing but other coroutines.
    """
    from pyodide.ffi import can_run_sync, run_sync  # type: ignore[import-not-found]

    if can_run_sync():
        task = asyncio.get_running_loop().create_task(coroutine, context=context)
        entry = (context, task)
        _waiting.append(entry)
        try:
            succeeded, outcome = run_sync(outcome_of(task))
        finally:
            _waiting.remove(entry)
        if not succeeded:
            raise outcome
        return outcome  # type: ignore[no-any-return]
    try:
        while context.run(coroutine.send, None) is None:  # `await asyncio.sleep(0)` asks for nothing but a turn
            pass
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError(
        "This async handler waits for something outside it, and this browser cannot wait for it in a plain call: "
        "its WebAssembly does not switch stacks (JSPI). Chromium 137 and later can."
    )


async def outcome_of(awaitable: Awaitable[T]) -> tuple[bool, Any]:
    """How it ends, as a value: an exception that passes through the browser, or ends a loop, does not come out as it
    was."""
    try:
        return True, await awaitable
    except BaseException as error:  # raised where the outcome is waited for
        return False, error


class InBrowser:
    """A deadline that begins with it and lasts until :meth:`close`.

    It reaches the code that sees the context variables of whoever made it, and no other that the event loop runs
    meanwhile. A single call into C, as of ``time.sleep``, comes to its own end.

    Parameters
    ----------
    due:
        When it passes, on the clock ``time.monotonic``.
    ring:
        Called when it has passed; gives what is raised then.
    """

    def __init__(self, due: float, ring: Callable[[], BaseException]) -> None:
        self.due = due
        self._ring = ring
        self._cancelled = False
        self._outer = _here.get()
        _here.set((*self._outer, self))
        _watch.begin()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._timer: asyncio.TimerHandle | None = None
        else:
            # In a context of its own, which no deadline reaches.
            length, nobodys = max(0.0, due - time.monotonic()), contextvars.Context()
            self._timer = loop.call_later(length, self._cancel_waiting, context=nobodys)

    def close(self) -> None:
        """Ring no more."""
        self.due = math.inf
        _here.set(self._outer)
        _watch.end()
        if self._timer is not None:
            self._timer.cancel()

    def was_cancelled(self, error: BaseException | None) -> bool:
        """Whether this error is the end of a coroutine that was waited for when the deadline passed."""
        return self._cancelled and isinstance(error, asyncio.CancelledError)

    def look(self, now: float) -> None:
        """Raise what the deadline raises, if it has passed."""
        if self.due <= now:
            self.due = now + AGAIN
            raise self._ring()

    def _cancel_waiting(self) -> None:
        for context, task in tuple(_waiting):
            if self in context.get(_here, ()):
                self._cancelled, self.due = True, time.monotonic() + AGAIN
                self._ring()
                task.cancel()


_here: contextvars.ContextVar[tuple[InBrowser, ...]] = contextvars.ContextVar("nbmicro_deadlines", default=())


class _Watch:
    """Looks at the clock whenever Python jumps, as it does at each turn of a loop, as long as a deadline runs.

    Switching that on and off costs more than a request. So it stays on until the cell that runs has ended, and the
    event loop has the turn.
    """

    def __init__(self) -> None:
        #: Jumps until the next look: a look costs as much as many turns of a small loop.
        self.left = 1
        self._each = 1
        self._looked = 0.0
        self._running = 0
        self._tool: int | None = None
        self._is_on = False

    def begin(self) -> None:
        self._running += 1
        if not self._is_on and sys.version_info >= (3, 12):
            self._switch_on(sys.monitoring)

    def end(self) -> None:
        self._running -= 1
        if self._running or not self._is_on:
            return
        try:
            asyncio.get_running_loop().call_soon(self._switch_off)
        except RuntimeError:
            self._switch_off()

    def look(self) -> None:
        """Raise what a deadline of the code that runs here raises, if one has passed."""
        now = time.monotonic()
        self._each = min(2 * self._each, SELDOM) if now - self._looked < QUICK else 1
        self._looked, self.left = now, self._each
        for deadline in _here.get():
            deadline.look(now)

    def _switch_on(self, monitoring: Any) -> None:
        if self._tool is None:
            # The numbers that no tool has been given (sys.monitoring's documentation).
            self._tool = next((number for number in (4, 3) if monitoring.get_tool(number) is None), None)
            if self._tool is None:
                return
            monitoring.use_tool_id(self._tool, "nbmicro")
            monitoring.register_callback(self._tool, monitoring.events.JUMP, _jumped)
        monitoring.set_events(self._tool, monitoring.events.JUMP)
        self._is_on = True

    def _switch_off(self) -> None:
        if self._is_on and not self._running and sys.version_info >= (3, 12):
            sys.monitoring.set_events(self._tool, 0)
            self._is_on = False


def _jumped(code: object, offset: int, destination: int, /) -> None:
    _watch.left -= 1
    if _watch.left <= 0:
        _watch.look()


_watch = _Watch()
