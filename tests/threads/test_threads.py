"""Every thread of nbmicro's is begun in one place, has a name, sees its caller's context, and ends when stopped."""

from __future__ import annotations

import ast
import asyncio
import contextvars
import signal
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from nbmicro.foreign.app import ForeignApp
from nbmicro.threads.deadline import Deadline, Expired
from nbmicro.threads.interrupts import Interruptible, Stopped, interrupt
from nbmicro.threads.workers import LoopThread, Ticker, Worker, work_beside
from nbmicro.web.asyncs import iterate, run_async
from start import ROOT

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

BEGINS = {"Thread", "Timer", "ThreadPoolExecutor", "start_new_thread", "to_thread", "run_in_executor"}
INTERRUPTS = {"PyThreadState_SetAsyncExc", "setitimer", "alarm", "pthread_kill", "interrupt_main", "raise_signal"}


def called(name: set[str]) -> Iterator[str]:
    """Where something of this name is called, outside the package of threads."""
    for file in sorted((ROOT / "nbmicro").rglob("*.py")):
        if file.parent.name == "threads":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in name:
                yield f"{file.relative_to(ROOT)}:{node.lineno}"


def test_threads_are_begun_and_interrupted_in_one_package() -> None:
    assert list(called(BEGINS | INTERRUPTS)) == []


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("nbmicro-")]


def all_ended(seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while ours() and time.monotonic() < end:
        time.sleep(0.01)
    return not ours()


class Seen:
    """What code in another thread saw there, and whether it came to its end."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.values: list[str] = []
        self.begun = threading.Event()
        self.ended = threading.Event()

    def look(self) -> None:
        self.threads.append(threading.current_thread())
        self.values.append(variable.get())
        self.begun.set()

    def spin(self) -> None:
        self.look()
        try:
            while True:
                time.sleep(0.001)
        finally:
            self.ended.set()

    async def spin_in_loop(self) -> None:
        self.spin()

    async def wait_in_loop(self) -> None:
        self.look()
        try:
            await asyncio.sleep(60)
        finally:
            self.ended.set()

    async def items(self, work: Callable[[], Any]) -> AsyncIterator[bytes]:
        await work()
        yield b""

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await (self.spin_in_loop() if scope["path"] == "/spin" else self.wait_in_loop())


def under_a_loop(call: Callable[[], Any]) -> None:
    async def cell() -> None:
        call()

    asyncio.run(cell())


def asked(app: Any, path: str) -> None:
    foreign = ForeignApp(app)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "x", "SERVER_PORT": "80"}
    environ |= {"wsgi.url_scheme": "http", "wsgi.input": None, "SERVER_PROTOCOL": "HTTP/1.1"}
    try:
        list(foreign(environ, lambda *arguments: None))
    finally:
        foreign.close()


WAITS: dict[str, Callable[[Seen], Any]] = {
    "worker": lambda seen: Worker().run(seen.spin),
    "loop, busy": lambda seen: LoopThread("test").run(seen.spin_in_loop()),
    "loop, waiting": lambda seen: LoopThread("test").run(seen.wait_in_loop()),
    "async handler, busy": lambda seen: under_a_loop(run_async(seen.spin_in_loop)),
    "async handler, waiting": lambda seen: under_a_loop(run_async(seen.wait_in_loop)),
    "async generator, busy": lambda seen: list(iterate(seen.items(seen.spin_in_loop))),
    "async generator, waiting": lambda seen: list(iterate(seen.items(seen.wait_in_loop))),
    "foreign app": lambda seen: under_a_loop(lambda: asked(lambda environ, start: seen.spin(), "/")),
    "foreign async app, busy": lambda seen: asked(seen.asgi, "/spin"),
    "foreign async app, waiting": lambda seen: asked(seen.asgi, "/wait"),
}


# What an async generator waits for is not known from outside it.
SAY_NOTHING = {"async generator, waiting"}


@pytest.mark.parametrize("kind", WAITS)
@pytest.mark.parametrize("in_main", [True, False], ids=["from the main thread", "from another thread"])
def test_who_waits_for_a_thread_is_interrupted_and_the_thread_ends(kind: str, in_main: bool) -> None:
    """By a deadline in the thread that waits; what is raised says where the other one was."""
    seen, raised = Seen(), []

    def waiting() -> None:
        variable.set("the caller's")
        try:
            with Deadline(0.3):
                WAITS[kind](seen)
        except Expired as expired:
            raised.append([frame.name for frame in traceback.extract_tb(expired.__traceback__)])

    begin = time.monotonic()
    if in_main:
        contextvars.copy_context().run(waiting)
    else:
        thread = threading.Thread(target=waiting)
        thread.start()
        thread.join(30)
    assert time.monotonic() - begin < 20
    assert len(raised) == 1
    assert seen.ended.wait(10)
    assert seen.values == ["the caller's"]
    assert {thread.name.startswith("nbmicro-") and thread.daemon for thread in seen.threads} == {True}
    assert ({"spin", "wait_in_loop"} & set(raised[0])) or kind in SAY_NOTHING
    assert all_ended()


def test_a_profile_function_goes_along_to_a_worker_and_is_taken_away_again() -> None:
    calls: list[str] = []

    def handler() -> None:
        return None

    worker = Worker()
    worker.run(handler)
    sys.setprofile(lambda frame, event, argument: calls.append(frame.f_code.co_name))
    try:
        worker.run(handler)
    finally:
        sys.setprofile(None)
    assert "handler" in calls
    assert worker.run(sys.getprofile) is None
    worker.end()
    assert all_ended()


def test_an_interruption_that_comes_too_late_ends_no_loop() -> None:
    """It was meant for a task that had just ended; the next one runs."""

    async def number() -> int:
        return 1

    thread = LoopThread("test")
    interrupt([next(one.ident for one in ours())])
    assert thread.run(number()) == 1
    assert thread.run(number()) == 1
    thread.close()
    assert all_ended()


def test_a_loop_that_nobody_holds_ends_with_its_tasks() -> None:
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def leave() -> None:
        tasks.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)

    tasks: list[Any] = []
    LoopThread("test").run(leave())
    assert ended.wait(10)
    assert all_ended()


def test_a_ticker_looks_until_it_is_stopped() -> None:
    looks: list[int] = []
    ticker = Ticker("test", lambda: looks.append(1) or 0.001, 0.0)
    ticker.start()
    end = time.monotonic() + 10
    while len(looks) < 3 and time.monotonic() < end:
        time.sleep(0.001)
    ticker.stop()
    ticker.stop()
    count = len(looks)
    time.sleep(0.05)
    assert (len(looks), ours()) == (count, [])
    assert count >= 3


def test_work_beside_the_cells_is_taken_to_its_end() -> None:
    steps: list[str] = []

    def work() -> Iterator[float]:
        steps.append(threading.current_thread().name)
        yield 60.0
        steps.append("second")

    work_beside("test", work())
    assert all_ended()
    assert steps == ["nbmicro-test", "second"]


def test_without_threads_work_beside_the_cells_takes_turns_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a browser's Python; between its turns others have theirs, and the cell's context is not seen."""
    steps: list[str] = []

    def work() -> Iterator[float]:
        for number in range(2):
            steps.append(f"{variable.get()} {number}")
            yield 0.01

    async def cell() -> None:
        variable.set("the cell's")
        work_beside("test", work())
        assert steps == []
        await asyncio.sleep(0)
        steps.append("another's turn")
        await asyncio.sleep(0.2)

    monkeypatch.setattr(sys, "platform", "emscripten")
    asyncio.run(cell())
    assert steps == ["unset 0", "another's turn", "unset 1"]


def test_a_block_of_the_main_thread_is_ended_in_a_call_that_blocks() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    begin = time.monotonic()
    block = Interruptible(Stopped)
    timer = threading.Timer(0.1, block.interrupt)

    def blocks() -> None:
        with block:
            timer.start()
            time.sleep(60)

    with pytest.raises(Stopped):
        blocks()
    assert time.monotonic() - begin < 30
    block.interrupt()
    time.sleep(0.01)
    assert signal.getsignal(signal.SIGUSR1) == before
