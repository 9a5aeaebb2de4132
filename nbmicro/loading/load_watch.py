"""A load that is watched: where it runs on for long that is said, and it is stopped when it has become needless."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType

#: Seconds after which it is said that a load is still running.
PATIENCE = 3.0
#: Seconds after which code that swallowed the interruption is interrupted again.
AGAIN = 1.0
_LOOK = 0.25
#: SIGUSR1 ends even a call that blocks; Windows has no such signal, and is interrupted between two bytecodes.
_SIGNAL = getattr(signal, "SIGUSR1", signal.SIGINT)


class Overtaken(BaseException):
    """Raised in code that is loaded for nobody any more. No `except Exception` of a cell stops it."""


class LoadWatch:
    """A context manager for a block of the main thread that loads a target.

    The block is left with :class:`Overtaken` as soon as the load is needless; that may be when it is done already.

    Parameters
    ----------
    path:
        The notebook or Python file; None for a module by its name.
    name:
        The target, as people know it.
    is_needless:
        Whether nobody wants what is loaded any more; asked four times a second, in another thread.
    tell:
        Called once, after three seconds, with a sentence that names cell and line.
    """

    def __init__(
        self, path: Path | None, name: str, *, is_needless: Callable[[], bool], tell: Callable[[str], None]
    ) -> None:
        self._path = path
        self._name = name
        self._is_needless = is_needless
        self._tell = tell
        self._ident = threading.get_ident()
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._asked = False

    def __enter__(self) -> LoadWatch:
        self._handler = signal.signal(_SIGNAL, self._ring)
        threading.Thread(target=self._watch, name="nbmicro-load-watch", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            with self._lock:
                self._done.set()
            for _ in range(100):
                pass  # Each turn is a place where an interruption that was sent before comes through.
        finally:
            signal.signal(_SIGNAL, self._handler)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise Overtaken
        if callable(self._handler):
            self._handler(number, frame)

    def _watch(self) -> None:
        began = time.monotonic()
        told = False
        wait = _LOOK
        while not self._done.wait(wait):
            wait = _LOOK
            if not told and time.monotonic() - began >= PATIENCE:
                told = True
                self._tell(
                    f"{self._place()}: it is still running. The app from before serves; the next save takes over."
                )
            if self._is_needless():
                self._interrupt()
                wait = AGAIN

    def _interrupt(self) -> None:
        with self._lock:
            if self._done.is_set():
                return
            self._asked = True
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(self._ident, _SIGNAL)
            else:
                _thread.interrupt_main(_SIGNAL)

    def _place(self) -> str:
        """The cell and its line, or the module's, in which the main thread is."""
        frame = sys._current_frames().get(self._ident)
        place = self._name
        while frame is not None:
            name, line = frame.f_code.co_filename, frame.f_lineno
            if self._path is not None and name.startswith(f"<{self._path.name}, cell "):
                place = f"{name[1:-1]}, line {line}"
            elif self._path is not None and name == str(self._path):
                place = f"{self._path.name}, line {line}"
            frame = frame.f_back
        return place
