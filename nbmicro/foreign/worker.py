"""A thread in which no event loop runs: the place of apps that may not be called from a cell's thread."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from nbmicro.foreign.interruption import GRACE, Stopped, stop_threads, trace_of_stack
from nbmicro.foreign.watching import Watch

T = TypeVar("T")


def loop_is_running() -> bool:
    """Whether an event loop runs in this thread, as it does in every cell of a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def wait_for(event: threading.Event) -> None:
    """Wait as long as it takes, so that an alarm, an interrupt or another thread's exception can end it."""
    # The system may hand a signal to any thread; one that waits without end would not wake for it.
    while not event.wait(0.05):
        continue


class _Job:
    """One piece of work, and what came of it."""

    def __init__(self, function: Callable[[], Any], context: contextvars.Context) -> None:
        self.function = function
        self.context = context
        self.watch = Watch()
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = threading.Event()

    def run(self) -> None:
        try:
            with self.watch.here():
                self.result = self.context.run(self.function)
        except BaseException as error:  # handed to the caller
            self.error = error
        finally:
            self.done.set()


class Worker:
    """A thread that does what it is given, one thing at a time, until it is ended or interrupted.

    The thread begins with the first piece of work. After an interruption it takes no more: see :attr:`retired`.
    """

    def __init__(self) -> None:
        #: Whether it takes no more work.
        self.retired = False
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, function: Callable[[], T], context: contextvars.Context | None = None) -> T:
        """Call ``function`` in the thread, and give what it gives or raise what it raises.

        It sees ``context``, or a copy of the caller's context variables.

        An interrupt or a deadline here stops it there. What raised here then has the traceback of where it was there.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=_work, args=(self._jobs,), name="nbmicro-app", daemon=True)
            self._thread.start()
        job = _Job(function, contextvars.copy_context() if context is None else context)
        self._jobs.put(job)
        try:
            wait_for(job.done)
        except BaseException as stop:
            self.retired = True
            self._jobs.put(None)
            ident = self._thread.ident
            trace = trace_of_stack(ident)
            if ident is not None and not job.done.is_set():
                stop_threads([ident])
                job.done.wait(GRACE)
            raise stop.with_traceback(trace) from None
        if job.error is not None:
            try:
                raise job.error
            finally:
                job.error = None  # else the error's traceback and the job would hold each other
        result: T = job.result
        return result

    def end(self) -> None:
        """Let the thread end when it has done what it does now; a thread at rest ends at once."""
        self.retired = True
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join(GRACE)


def _work(jobs: queue.SimpleQueue[_Job | None]) -> None:
    try:
        while (job := jobs.get()) is not None:
            job.run()
            # What the work left behind should not wait here for the next.
            del job
    except Stopped:
        # It came just after the work had ended.
        return
