"""What failed last: its frames, with all that they hold, are a debugger's until the next request begins.

A cursor in a frame of a handler that raised keeps its database locked, as an open file keeps its file.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import FrameType

#: What failed since the last request began, in whichever thread.
last_failures: list[BaseException] = []

#: Called with each exception that is let go; a host sets it, which may have given the frames to a debugger.
on_let_go: list[Callable[[BaseException], None]] = []

_RESUMED = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR
_debuggers = 0


def let_go_of_failures() -> None:
    """Let go of what failed last: a request begins. While a debugger is open, nothing is."""
    if _debuggers:
        return
    while last_failures:
        try:
            error = last_failures.pop()
        except IndexError:  # another thread's request
            return
        let_go(error)
        for told in on_let_go:
            told(error)


def let_go(error: BaseException) -> None:
    """Part an exception, its causes and parts from their frames, and empty those: a frame may hold itself."""
    with warnings.catch_warnings():
        # Of a coroutine that was not awaited the failure told already; here the warning would be another request's.
        warnings.simplefilter("ignore", RuntimeWarning)
        _part(error)


def _part(error: BaseException) -> None:
    left = [error]
    seen: set[int] = set()
    while left:
        error = left.pop()
        if id(error) in seen:
            continue
        seen.add(id(error))
        trace, error.__traceback__ = error.__traceback__, None
        while trace is not None:
            _empty(trace.tb_frame, seen)
            trace = trace.tb_next
        parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        left += [other for other in (error.__cause__, error.__context__, *parts) if other is not None]


def _empty(frame: FrameType | None, seen: set[int]) -> None:
    """Empty a frame and those that called it, as far as they have come to their end."""
    while frame is not None and id(frame) not in seen:
        seen.add(id(frame))
        # What can go on is not ours to end: a coroutine may have caught the exception, and live.
        if not frame.f_code.co_flags & _RESUMED:
            try:
                frame.clear()
                # Before Python 3.13 whoever looked at them has left a copy of the names, which this empties too.
                _ = frame.f_locals
            except RuntimeError:  # it still runs, and with it all that called it
                return
        frame = frame.f_back


@contextmanager
def debugging() -> Iterator[None]:
    """Keep the frames of what failed while somebody looks at them."""
    global _debuggers
    _debuggers += 1
    try:
        yield
    finally:
        _debuggers -= 1
