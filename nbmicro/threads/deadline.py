"""The deadline of a request: code that blocks is interrupted, wherever it waits.

No thread outlives its deadline, and somebody else's alarm (pytest-timeout has one) still rings in time.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any

from nbmicro.threads.interrupts import AGAIN, handler_of, interrupt, let_come_through
from nbmicro.threads.pyodide import InBrowser, has_threads
from nbmicro.threads.workers import Ticker


class Expired(BaseException):
    """Raised inside the code whose deadline passed. No `except Exception` of a handler stops it."""

    def __init__(self, deadline: Deadline | None = None) -> None:
        self.deadline = deadline
        super().__init__("the deadline passed")


class Deadline:
    """A context manager whose block is left with :class:`Expired` once ``seconds`` have passed.

    Parameters
    ----------
    seconds:
        From entering the block; None means no deadline. Deadlines nest: the earlier one rings first.
    """

    __slots__ = ("_browser", "_watcher", "due", "expired", "seconds")

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.due = math.inf
        self.expired = False
        self._watcher: _Watcher | None = None
        self._browser: InBrowser | None = None

    def __enter__(self) -> Deadline:
        if self.seconds is not None:
            self.due = time.monotonic() + max(self.seconds, 0.001)
            if not has_threads():
                self._browser = InBrowser(self.due, self._ring)
                return self
            try:
                in_main = threading.current_thread() is threading.main_thread()
                if not (in_main and _clock.begin(self)):
                    self._watcher = _Watcher(self)
                    self._watcher.start()
            except BaseException:
                # It may pass before it is set, on a machine that is slow; then nobody else closes it.
                self.close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        in_browser = self._browser
        self.close()
        if in_browser is not None and in_browser.was_cancelled(error):
            raise Expired(self).with_traceback(traceback) from None

    def _ring(self) -> Expired:
        self.expired = True
        return Expired(self)

    def close(self) -> None:
        """Ring no more. Calling it again does no harm, and is right after :class:`Expired`: the interruption may have
        come in the middle of entering or leaving the block."""
        self.due = math.inf
        if self._browser is not None:
            self._browser.close()
            self._browser = None
        elif self._watcher is not None:
            self._watcher.stop()
            self._watcher = None
        elif self.seconds is not None:
            _clock.end(self)


def release() -> None:
    """Take the alarm's signal handler away again; the next deadline puts it back. For a host that unloads."""
    _clock.release()


def forget_deadlines() -> None:
    """Close every deadline of the main thread, for a host that knows that no code runs under one: an interrupt may have
    come just before it was closed. In another thread this is nothing."""
    if _clock.running and threading.current_thread() is threading.main_thread():
        _clock.forget()


class _Clock:
    """The main thread's alarm. Its handler stays in place between requests (two system calls less for each of them); an
    alarm of somebody else goes to the handler that was there before."""

    def __init__(self) -> None:
        self._running: list[Deadline] = []
        self._before: Any = None
        # Bound once, so that it is recognised by identity.
        self._handler = self._ring
        self._other_due = math.inf
        self._other_interval = 0.0
        self._had_handler = False

    def begin(self, deadline: Deadline) -> bool:
        """Set the alarm; false where there is none to set."""
        if not hasattr(signal, "setitimer"):
            return False
        if not self._running and not self._install():
            return False
        running = self._running
        running.append(deadline)
        now = time.monotonic()
        if len(running) > 1:
            self._arm(now)
            return True
        remaining, interval = signal.setitimer(signal.ITIMER_REAL, max(deadline.due - now, 0.0001))
        if remaining > 0:
            self._other_due, self._other_interval = now + remaining, interval
            self._arm(now)
        return True

    def end(self, deadline: Deadline) -> None:
        if deadline not in self._running:
            return
        self._running.remove(deadline)
        if self._running:
            self._arm(time.monotonic())
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self._had_handler:
            signal.signal(signal.SIGALRM, self._before)
            self._had_handler = False
        if self._other_due < math.inf:
            left = max(self._other_due - time.monotonic(), 0.001)
            self._other_due = math.inf
            signal.setitimer(signal.ITIMER_REAL, left, self._other_interval)

    @property
    def running(self) -> bool:
        """Whether there is a deadline."""
        return bool(self._running)

    def forget(self) -> None:
        for deadline in list(self._running):
            deadline.close()

    def release(self) -> None:
        if not self._running and hasattr(signal, "SIGALRM") and handler_of(signal.SIGALRM) is self._handler:
            signal.signal(signal.SIGALRM, self._before)

    def _install(self) -> bool:
        installed = handler_of(signal.SIGALRM)
        if installed is self._handler:
            return True
        if installed is None:
            # Somebody installed it from C; it could not be put back.
            return False
        self._before = installed
        self._had_handler = callable(installed)
        signal.signal(signal.SIGALRM, self._handler)
        return True

    def _arm(self, now: float) -> tuple[float, float]:
        due = min(min(deadline.due for deadline in self._running), self._other_due)
        return signal.setitimer(signal.ITIMER_REAL, max(due - now, 0.0001) if due < math.inf else 0)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        for deadline in self._running:
            if deadline.due <= now:
                deadline.expired = True
                deadline.due = now + AGAIN
                self._arm(now)
                raise Expired(deadline)
        is_anothers = not self._running or self._other_due <= now
        if self._running:
            if is_anothers:
                self._other_due = now + self._other_interval if self._other_interval else math.inf
            self._arm(now)
        if is_anothers:
            self._pass_on(number, frame)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if callable(self._before):
            self._before(number, frame)
        elif self._before != signal.SIG_IGN:
            # Without this handler the alarm would have ended the process.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


class _Watcher(Ticker):
    """Interrupts a thread that is not the main one, between two of its bytecodes."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._ident = threading.get_ident()
        super().__init__("deadline", self._ring, max(deadline.due - time.monotonic(), 0.0))

    def stop(self) -> None:
        """End the watcher's thread, and let an interruption that has not come through yet come through here.

        Python could take it back instead, but then (3.11) leaves its flag for such interruptions set for good: every
        call of the process gets slower, and one under a profiler never ends.
        """
        while True:
            try:
                super().stop()
                if self._deadline.expired:
                    let_come_through()
                return
            except Expired:
                continue

    def _ring(self) -> float:
        self._deadline.expired = True
        interrupt([self._ident], Expired)
        return AGAIN


_clock = _Clock()
