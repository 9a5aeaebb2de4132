"""Threads that do something for another one: a call, a coroutine, a look now and then, work beside the cells."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from nbmicro.threads.interrupts import GRACE, Stopped, interrupt, trace_of_coroutine, trace_of_thread
from nbmicro.threads.pyodide import has_threads, outcome_of, take_turns

T = TypeVar("T")


def new_thread(name: str, target: Callable[..., object], *arguments: object) -> threading.Thread:
    """A thread of nbmicro's, not begun yet: it is named as nbmicro's, and a process need not wait for it to end."""
    return threading.Thread(target=target, args=arguments, name=f"nbmicro-{name}", daemon=True)


def start_thread(name: str, target: Callable[..., object], *arguments: object) -> threading.Thread:
    """A thread of nbmicro's that has begun."""
    thread = new_thread(name, target, *arguments)
    thread.start()
    return thread


class InterruptibleEvent(threading.Event):
    """An event whose wait an alarm, an interrupt or another thread's exception can end."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set; as long as it takes where there is no timeout."""
        # In turns: the system may hand a signal to any thread, an interrupt does not end a wait that begins in the
        # moment after it, and an exception for this thread comes between two of its bytecodes alone.
        while not super().wait(0.05 if timeout is None else timeout):
            if timeout is not None:
                return False
        return True


def loop_is_running() -> bool:
    """Whether an event loop runs in this thread, as it does in every cell of a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def current_task() -> asyncio.Task[Any] | None:
    """The task of an event loop that runs here; None outside of one."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def shielded(do: Callable[[], T], undo: Callable[[], object]) -> T:
    """Do something to its end where no interrupt comes: in a thread of its own; as a call gives and raises.

    An interrupt here ends the wait alone. What was done is then undone there, in its turn; ``undo`` may be called more
    than once. Without threads, and in another thread than the main one, it is a plain call.
    """
    if not has_threads() or threading.current_thread() is not threading.main_thread():
        return do()
    done, left = InterruptibleEvent(), threading.Event()
    outcome: list[tuple[T | None, BaseException | None]] = []

    def work() -> None:
        try:
            outcome.append((do(), None))
        except BaseException as error:  # handed to who waits
            outcome.append((None, error))
        done.set()
        if left.is_set():
            undo()

    try:
        start_thread("shielded", work)
        done.wait()
    except BaseException:
        left.set()
        if done.is_set():
            start_thread("shielded", undo)
        raise
    value, error = outcome.pop()
    if error is not None:
        raise error
    return value  # type: ignore[return-value]


class Ticker:
    """A thread that calls a function again and again until it is stopped.

    Parameters
    ----------
    name:
        The thread's.
    look:
        Gives the seconds until its next call.
    first:
        Seconds until its first call.
    """

    def __init__(self, name: str, look: Callable[[], float], first: float) -> None:
        self._look = look
        self._first = first
        self._done = threading.Event()
        self._thread = new_thread(name, self._run)

    def start(self) -> None:
        """Begin. The first call may come before this returns."""
        self._thread.start()

    def stop(self) -> None:
        """Call no more, and wait for the thread's end; again is nothing."""
        self._done.set()
        # It may be stopped while it is being started.
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        wait = self._first
        while not self._done.wait(wait):
            wait = self._look()


def work_beside(name: str, steps: Iterator[float]) -> None:
    """Begin to take the steps of ``steps`` beside the cells, and return at once.

    Parameters
    ----------
    name:
        The thread's.
    steps:
        Each says how many seconds it would wait until the next one. In a thread it waits by itself, and there the
        number means nothing; without threads the messages of the front end come between two steps, and only there.
    """
    if has_threads():
        start_thread(name, _take_all, steps)
    else:
        take_turns(steps)


def _take_all(steps: Iterator[float]) -> None:
    for _ in steps:
        pass


class Watch:
    """The profile and trace functions of the thread that makes this; none where nobody watches."""

    def __init__(self) -> None:
        self._profile: Callable[..., Any] | None = sys.getprofile()
        trace: Callable[..., Any] | None = sys.gettrace()
        # A debugger's or a coverage tool's trace function belongs to its thread.
        watcher = getattr(self._profile, "__self__", None)
        self._trace = trace if watcher is not None and getattr(trace, "__self__", None) is watcher else None

    def __bool__(self) -> bool:
        return self._profile is not None

    def begin(self) -> None:
        """Watch what this thread does, until :meth:`end`."""
        if self._trace is not None:
            sys.settrace(self._trace)
        sys.setprofile(self._profile)

    def end(self) -> None:
        sys.setprofile(None)
        if self._trace is not None:
            sys.settrace(None)

    @contextmanager
    def here(self) -> Iterator[None]:
        """Watch what this thread does."""
        if not self:
            yield
            return
        self.begin()
        try:
            yield
        finally:
            self.end()


class _Call(Generic[T]):
    """A call in another thread, for the thread that waits for its result."""

    def __init__(self) -> None:
        self.done = InterruptibleEvent()
        self._outcome: tuple[bool, Any] = (False, Stopped())

    def end(self, succeeded: bool, value: Any) -> None:
        """Note the result, or the exception that comes in its place."""
        self._outcome = (succeeded, value)
        self.done.set()

    def stop(self) -> TracebackType | None:
        """Stop it there; gives where it was."""
        raise NotImplementedError

    def result(self) -> T:
        """Wait for the result, or raise what was raised there.

        An interrupt or a deadline here stops it there. What raised here then has the traceback of where it was there.
        """
        try:
            self.done.wait()
        except BaseException as stop:
            trace = self.stop()
            raise stop.with_traceback(trace) from None
        succeeded, value = self._outcome
        if succeeded:
            return value  # type: ignore[no-any-return]
        try:
            raise value
        finally:
            # Else the error's traceback and this would hold each other.
            del value
            self._outcome = (False, None)


class _Job(_Call[T]):
    """A function that a worker calls."""

    def __init__(self, worker: Worker, function: Callable[[], T], context: contextvars.Context) -> None:
        super().__init__()
        self._worker = worker
        self._function = function
        self._context = context
        self._watch = Watch()

    def run(self) -> None:
        try:
            with self._watch.here():
                result = self._context.run(self._function)
        except BaseException as error:  # handed to who waits
            self.end(False, error)
        else:
            self.end(True, result)

    def stop(self) -> TracebackType | None:
        ident = self._worker.retire()
        trace = trace_of_thread(ident)
        if not self.done.is_set():
            interrupt([ident])
            self.done.wait(GRACE)
        return trace


class Worker:
    """A thread that calls what it is given, one thing at a time, until it is ended or interrupted.

    The thread begins with the first call. After an interruption it takes no more: see :attr:`retired`.
    """

    def __init__(self) -> None:
        #: Whether it takes no more work.
        self.retired = False
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, function: Callable[[], T], context: contextvars.Context | None = None) -> T:
        """Call ``function`` in the thread, and give what it gives or raise what it raises.

        It sees ``context``, or a copy of the caller's context variables.
        """
        if self._thread is None:
            self._thread = start_thread("app", _work, self._jobs)
        job = _Job(self, function, contextvars.copy_context() if context is None else context)
        self._jobs.put(job)
        return job.result()

    def retire(self) -> int | None:
        """Let the thread end after what it does now; the thread's ident."""
        self.retired = True
        if self._thread is None:
            return None
        self._jobs.put(None)
        return self._thread.ident

    def end(self) -> None:
        """Let the thread end when it has done what it does now; a thread at rest ends at once."""
        self.retire()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(GRACE)


def _work(jobs: queue.SimpleQueue[_Job[Any] | None]) -> None:
    try:
        while (job := jobs.get()) is not None:
            job.run()
            # What the work left behind should not wait here for the next.
            del job
    except Stopped:
        # It came just after the work had ended.
        return


class LoopThread:
    """An event loop in a thread of its own, from now on until it is closed, or until nobody holds this any more.

    Parameters
    ----------
    name:
        The thread's.
    patience:
        Seconds that a coroutine has to come to its end when it is stopped.
    """

    def __init__(self, name: str, *, patience: float = GRACE) -> None:
        self.loop = asyncio.new_event_loop()
        self._patience = patience
        # The thread knows the loop alone, so that what nobody holds can go, and its thread with it.
        self._thread = start_thread(name, _run_loop, self.loop)

    def begin(self, coroutine: Coroutine[Any, Any, T], context: contextvars.Context | None = None) -> LoopCall[T]:
        """Begin a coroutine there, which sees ``context`` or a copy of the caller's context variables."""
        call = LoopCall(self, coroutine, contextvars.copy_context() if context is None else context)
        self.loop.call_soon_threadsafe(call.begin)
        return call

    def run(self, coroutine: Coroutine[Any, Any, T], context: contextvars.Context | None = None) -> T:
        """Run a coroutine there to its end; give what it gives or raise what it raises."""
        return self.begin(coroutine, context).result()

    def stop(self, call: _Stoppable, helpers: Sequence[int] = ()) -> TracebackType | None:
        """Cancel a task, wherever it is, wait for its end, and give where it was.

        Parameters
        ----------
        call:
            Holds the task, once it has begun, and the coroutine that it runs.
        helpers:
            Other threads that work for it just now.
        """
        if (call.task is not None and call.task.done()) or self.loop.is_closed():
            return None
        ended = threading.Event()
        trace = None
        with contextlib.suppress(RuntimeError):  # the loop ends just now
            working: list[int | None] = [*helpers]
            if not working and call.task is not None and asyncio.current_task(self.loop) is call.task:
                # Its own code keeps the loop busy.
                working = [self._thread.ident]
            trace = trace_of_thread(working[0]) if working else trace_of_coroutine(call.coroutine)
            self.loop.call_soon_threadsafe(_cancel, call, ended)
            interrupt(working)
        if not ended.wait(self._patience):
            self._patience = 0.0  # it has had its time
        return trace

    def close(self) -> None:
        """Cancel what runs there and end the thread; again is nothing."""
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self.loop.call_soon_threadsafe(self.loop.stop)
        if self._thread is not threading.current_thread():
            self._thread.join(self._patience)

    def __del__(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.loop.stop)


class _Stoppable(Protocol):
    task: asyncio.Task[Any] | None
    coroutine: Any


class LoopCall(_Call[T]):
    """A coroutine that the loop of another thread runs."""

    def __init__(self, thread: LoopThread, coroutine: Coroutine[Any, Any, T], context: contextvars.Context) -> None:
        super().__init__()
        self.task: asyncio.Task[tuple[bool, Any]] | None = None
        self.coroutine = coroutine
        self._thread = thread
        self._context = context

    def begin(self) -> None:
        self.task = asyncio.get_running_loop().create_task(outcome_of(self.coroutine), context=self._context)
        self.task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[tuple[bool, Any]]) -> None:
        # One that was cancelled before its first step has no outcome.
        self.end(*((False, asyncio.CancelledError()) if task.cancelled() else task.result()))

    def stop(self) -> TracebackType | None:
        return self._thread.stop(self)


def _cancel(call: _Stoppable, ended: threading.Event) -> None:
    if call.task is None or call.task.done():
        ended.set()
        return
    call.task.add_done_callback(lambda _: ended.set())
    call.task.cancel()


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        while True:
            try:
                loop.run_forever()
                break
            except Stopped:
                # It was meant for a task that had just ended.
                continue
    finally:
        with contextlib.suppress(Exception):
            loop.run_until_complete(_cancel_tasks())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()


async def _cancel_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
