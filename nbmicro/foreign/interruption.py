"""Stopping code that runs in another thread, and saying where it was."""

from __future__ import annotations

import contextlib
import contextvars
import ctypes
import sys
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Any

from nbmicro.diagnosis.user_code import is_users

#: Seconds that stopped code has to come to its end before it is left behind; less than a deadline waits to ring again.
GRACE = 0.5


class Stopped(BaseException):
    """Raised in the code of a request that nobody waits for any more. No `except Exception` of a handler stops it."""


#: What marks the contexts of one request, wherever they are entered.
current_ticket: contextvars.ContextVar[object] = contextvars.ContextVar("nbmicro_ticket")


def stop_threads(idents: Iterable[int]) -> None:
    """Raise :class:`Stopped` in threads, between two of their bytecodes."""
    for ident in idents:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(Stopped))


def threads_of(ticket: object) -> list[int]:
    """The threads that work for a request in a pool: those that run a function in one of its contexts."""
    found = []
    for ident, innermost in list(sys._current_frames().items()):
        frame: FrameType | None = innermost
        while frame is not None:
            # anyio, asyncio.to_thread and asgiref all keep the context in a local of that name.
            context: Any = None
            if "context" in frame.f_code.co_varnames:
                context = frame.f_locals.get("context")
            if isinstance(context, contextvars.Context) and context.get(current_ticket) is ticket:
                found.append(ident)
                break
            frame = frame.f_back
    return found


def trace_of_stack(ident: int | None) -> TracebackType | None:
    """Where a thread is now, as a traceback, outermost frame first; None for a thread that is gone."""
    frames: list[FrameType] = []
    frame = sys._current_frames().get(ident) if ident is not None else None
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    # What waits inside a library is the library's; the last frame of the user's own is where it is.
    while frames and not is_users(frames[0].f_code.co_filename):
        frames.pop(0)
    return _traceback(frames)


def trace_of_task(coroutine: Any) -> TracebackType | None:
    """Where a coroutine waits, through all that it awaits, as a traceback."""
    frames: list[FrameType] = []
    while coroutine is not None:
        frame = next((one for name in ("cr_frame", "gi_frame", "ag_frame") if (one := _part(coroutine, name))), None)
        if frame is not None:
            frames.insert(0, frame)
        coroutine = next(
            (one for name in ("cr_await", "gi_yieldfrom", "ag_await") if (one := _part(coroutine, name))), None
        )
    return _traceback(frames)


def _part(coroutine: Any, name: str) -> Any:
    with contextlib.suppress(Exception):
        return getattr(coroutine, name, None)


def _traceback(frames: list[FrameType]) -> TracebackType | None:
    trace = None
    for frame in frames:
        trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
    return trace
