"""Interrupting code, in whichever thread it runs, and saying where it was."""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from types import FrameType, TracebackType
from typing import Any

#: Seconds that stopped code has to come to its end before it is left behind; less than a deadline waits to ring again.
GRACE = 0.5
#: Seconds after which code that swallowed the interruption is interrupted again.
AGAIN = 1.0
#: SIGUSR1 ends even a call that blocks; Windows has no such signal, and is interrupted between two bytecodes.
_SIGNAL = getattr(signal, "SIGUSR1", signal.SIGINT)

# signal.getsignal turns what it finds into an enum, at more than the cost of the whole rest of a deadline.
handler_of: Callable[[int], Any] = getattr(import_module("_signal"), "getsignal", signal.getsignal)


class Stopped(BaseException):
    """Raised in code that nobody waits for any more. No `except Exception` of a handler stops it."""


def interrupt(idents: Iterable[int | None], error: type[BaseException] = Stopped) -> None:
    """Raise an exception in threads, between two of their bytecodes."""
    # Not at the top: most processes never interrupt a thread.
    import ctypes

    for ident in idents:
        if ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(error))


def let_come_through() -> None:
    """Let an interruption of this thread that was sent, and has not come through yet, come through here."""
    for _ in range(100):
        pass  # Each turn is a place where it comes through.


class Interruptible:
    """A context manager for a block of the main thread that other threads can end, even in a call that blocks.

    Parameters
    ----------
    error:
        What :meth:`interrupt` raises in the block.
    """

    def __init__(self, error: type[BaseException]) -> None:
        self._error = error
        self._ident = threading.get_ident()
        self._lock = threading.Lock()
        self._ended = self._asked = False

    def __enter__(self) -> Interruptible:
        self._before = signal.signal(_SIGNAL, self._ring)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            with self._lock:
                self._ended = True
            let_come_through()
        finally:
            signal.signal(_SIGNAL, self._before)

    def interrupt(self) -> None:
        """End the block, from any thread; nothing happens if it has ended."""
        with self._lock:
            if self._ended:
                return
            self._asked = True
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(self._ident, _SIGNAL)
            else:
                _thread.interrupt_main(_SIGNAL)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise self._error
        if callable(self._before):
            self._before(number, frame)


class InterruptsThrough:
    """Lets Ctrl-C raise KeyboardInterrupt while ``wanted`` says so, whatever the event loop would make of it.

    While a cell that awaits runs, ipykernel makes an interrupt a message to the event loop, which a request holds up.
    """

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted
        self._before: Any = None
        # Bound once, so that it is recognised by identity.
        self._handler = self._interrupted

    def begin(self) -> None:
        """Begin; again is nothing."""
        before = handler_of(signal.SIGINT)
        if before is signal.default_int_handler or before is self._handler or not callable(before):
            return
        if threading.current_thread() is not threading.main_thread():
            return
        self._before = before
        signal.signal(signal.SIGINT, self._handler)

    def end(self) -> None:
        """Put back what was there; nothing happens where something else stands there, or in another thread."""
        if handler_of(signal.SIGINT) is self._handler and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, number: int, frame: Any) -> Any:
        if self._wanted():
            raise KeyboardInterrupt
        return self._before(number, frame)


class AllOrNothing:
    """A context manager whose changes stay all or not at all: an error or an interrupt in the block undoes them."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> AllOrNothing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            while self._undo:
                self._undo.pop()()

    def on_failure(self, undo: Callable[[], object]) -> None:
        """Say what undoes a change; before the change, and harmless where that has not come."""
        self._undo.append(undo)

    def change(self, owner: Any, name: str, value: object) -> None:
        """Set an attribute."""
        self.on_failure(partial(setattr, owner, name, getattr(owner, name)))
        setattr(owner, name, value)


# -- where code is ---------------------------------------------------------------------------------------------------


def trace_of_thread(ident: int | None) -> TracebackType | None:
    """Where a thread is now, as a traceback; None for a thread that is gone."""
    frames: list[FrameType] = []
    frame = sys._current_frames().get(ident) if ident is not None else None
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return _traceback(frames)


def trace_of_coroutine(coroutine: Any) -> TracebackType | None:
    """Where a coroutine waits, through all that it awaits, as a traceback."""
    frames: list[FrameType] = []
    while coroutine is not None:
        frame = _first_of(coroutine, "cr_frame", "gi_frame", "ag_frame")
        if frame is not None:
            frames.insert(0, frame)
        coroutine = _first_of(coroutine, "cr_await", "gi_yieldfrom", "ag_await")
    return _traceback(frames)


def _first_of(coroutine: Any, *names: str) -> Any:
    for name in names:
        with contextlib.suppress(Exception):
            if (part := getattr(coroutine, name, None)) is not None:
                return part
    return None


def _traceback(frames: Iterable[FrameType]) -> TracebackType | None:
    """A traceback of frames, the innermost of them first."""
    trace = None
    for frame in frames:
        trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
    return trace
