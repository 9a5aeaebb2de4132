"""Coroutines called from plain code, with and without a running loop."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from nbmicro import App, g, request, session
from nbmicro.web.asyncs import iterate, run_async

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def plainly(call: Callable[[], Any]) -> Any:
    """The call as a script makes it."""
    return call()


def under_a_loop(call: Callable[[], Any]) -> Any:
    """The call as a notebook's cell makes it: in a thread whose event loop is running."""

    async def cell() -> Any:
        result = call()
        return result, variable.get()

    result, value = asyncio.run(cell())
    variable.set(value)
    return result


def in_a_thread(call: Callable[[], Any]) -> Any:
    """The call as a server's worker thread makes it."""
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append((call(), variable.get(), None))
        except BaseException as error:
            outcome.append((None, "unset", error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    result, value, error = outcome[0]
    variable.set(value)
    if error is not None:
        raise error
    return result


everywhere = pytest.mark.parametrize("place", [plainly, under_a_loop, in_a_thread])
Place = Callable[[Callable[[], Any]], Any]


def async_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("nbmicro-async")]


@everywhere
def test_a_result_comes_back(place: Place) -> None:
    """The result of the coroutine is the result of the call, arguments passed on."""

    async def add(a: int, *, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    assert place(lambda: run_async(add)(1, b=2)) == 3
    assert run_async(add).__name__ == "add"
    assert async_threads() == []


@everywhere
def test_an_exception_comes_back(place: Place) -> None:
    """What the coroutine raises, the call raises; StopIteration becomes a RuntimeError as in any coroutine."""

    async def fail(error: BaseException) -> None:
        raise error

    with pytest.raises(ZeroDivisionError, match="oh"):
        place(lambda: run_async(fail)(ZeroDivisionError("oh")))
    with pytest.raises(RuntimeError, match="StopIteration"):
        place(lambda: run_async(fail)(StopIteration()))
    assert async_threads() == []


@everywhere
def test_context_variables_go_in_and_come_back(place: Place) -> None:
    """The coroutine sees the caller's context variables; what it sets in them stays set."""

    async def read_and_set() -> str:
        before = variable.get()
        variable.set("from inside")
        return before

    def call() -> Any:
        variable.set("from outside")
        return run_async(read_and_set)()

    token = variable.set("unset")
    try:
        assert place(call) == "from outside"
        assert variable.get() == "from inside"
    finally:
        variable.reset(token)


@everywhere
def test_tasks_left_behind_are_cancelled(place: Place) -> None:
    """When the function has returned, its tasks end, and the loop is closed."""
    ended = []
    kept: list[Any] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    async def start() -> None:
        kept.append(asyncio.create_task(linger()))
        kept.append(asyncio.get_running_loop())
        await asyncio.sleep(0)

    place(run_async(start))
    assert ended == ["cancelled"]
    assert kept[1].is_closed()


@everywhere
def test_each_call_has_its_own_loop(place: Place) -> None:
    """Two calls never share a loop, also when one is made inside the other."""
    loops = []

    async def inner() -> None:
        loops.append(asyncio.get_running_loop())

    async def outer() -> None:
        loops.append(asyncio.get_running_loop())
        run_async(inner)()

    place(run_async(outer))
    assert len(set(map(id, loops))) == len(loops) == 2


def test_the_threads_own_loop_is_left_alone() -> None:
    """A loop that somebody set for this thread, and is not running, is still set afterwards."""

    async def nothing() -> None:
        pass

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        run_async(nothing)()
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_an_interrupt_cancels_the_coroutine_under_a_running_loop() -> None:
    """KeyboardInterrupt while a cell waits for an async handler ends the handler, and is raised."""
    ended = threading.Event()
    begun = threading.Event()

    async def slow() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    def interrupt() -> None:
        begun.wait(10)
        signal.raise_signal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else (
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        )

    async def cell() -> None:
        # As in a kernel, SIGINT raises in the code of the cell.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=interrupt).start()
        run_async(slow)()

    before = signal.getsignal(signal.SIGINT)
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(cell())
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.is_set()
    assert time.monotonic() - started < 10


@everywhere
def test_handlers_and_hooks_may_be_async(place: Place) -> None:
    """Handlers, before, after and teardown functions, error handlers and processors may be coroutines anywhere."""
    app = App("shop")
    app.secret_key = "k"
    torn = []

    @app.before_request
    async def before() -> None:
        g.seen = [request.path]

    @app.after_request
    async def after(response: Any) -> Any:
        response.headers["X-Seen"] = ",".join(g.seen)
        return response

    @app.teardown_request
    async def teardown(error: Any) -> None:
        torn.append(error)

    @app.errorhandler(ZeroDivisionError)
    async def failed(error: Any) -> Any:
        return "failed", 500

    @app.get("/ok")
    async def ok() -> str:
        await asyncio.sleep(0)
        g.seen.append("handler")
        session["n"] = 1
        return "ok"

    @app.get("/error")
    async def error() -> str:
        raise ZeroDivisionError

    client = app.test_client()
    response = place(lambda: client.get("/ok"))
    assert (response.text, response.headers["X-Seen"]) == ("ok", "/ok,handler")
    assert client.get_cookie("session") is not None
    assert place(lambda: client.get("/error")).text == "failed"
    assert torn == [None, None]


@everywhere
def test_an_async_generator_is_read_step_by_step(place: Place) -> None:
    """iterate gives the items as they come, in one loop, and ends its thread with the last of them."""
    loops = set()

    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            loops.add(id(asyncio.get_running_loop()))
            await asyncio.sleep(0)
            yield number

    assert place(lambda: list(iterate(numbers()))) == [0, 1, 2]
    assert len(loops) == 1
    assert async_threads() == []


def test_an_async_generator_that_is_closed_cleans_up() -> None:
    """Closing the iterator runs the generator's finally and ends its thread; so does an exception in it."""
    ended = []

    async def numbers(fail: bool) -> AsyncIterator[int]:
        try:
            yield 1
            if fail:
                raise ZeroDivisionError
            yield 2
        finally:
            await asyncio.sleep(0)
            ended.append("ended")

    items = iterate(numbers(False))
    assert next(items) == 1
    items.close()
    items.close()
    assert ended == ["ended"]
    assert list(items) == []
    failing = iterate(numbers(True))
    assert next(failing) == 1
    with pytest.raises(ZeroDivisionError):
        next(failing)
    assert ended == ["ended", "ended"]
    assert async_threads() == []


def test_an_async_generator_that_is_forgotten_leaves_no_thread() -> None:
    """Dropping the iterator ends its thread."""

    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    items = iterate(numbers())
    next(items)
    thread = next(thread for thread in threading.enumerate() if thread.name.startswith("nbmicro-async"))
    del items
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="a thread's running task cannot be hidden there")
@everywhere
def test_a_plain_handler_sees_no_loop_and_may_run_one(place: Place) -> None:
    """As when it is served; hooks too, an async handler that it asks, and with the loop as it was afterwards."""
    app = App("shop", static_folder=None)
    seen: list[Any] = []

    async def work() -> str:
        await asyncio.sleep(0)
        return f"done in {'its own' if asyncio.get_running_loop() not in seen else 'that'} loop"

    app.before_request(lambda: seen.append(asyncio._get_running_loop()))

    @app.get("/plain")
    def plain() -> str:
        return asyncio.run(work())

    @app.get("/async")
    async def awaiting() -> str:
        return app.test_client().get("/plain").text

    @app.get("/stream")
    def stream() -> Iterator[str]:
        yield asyncio.run(work())

    @app.get("/broken")
    def broken() -> str:
        asyncio.run(work())
        raise KeyboardInterrupt

    def ask() -> list[str]:
        before = asyncio._get_running_loop()
        client = app.test_client()
        texts = [client.get(path).text for path in ("/plain", "/async", "/stream")]
        with pytest.raises(KeyboardInterrupt):
            client.get("/broken")
        assert asyncio._get_running_loop() is before
        return texts

    assert place(ask) == ["done in its own loop"] * 3
    assert seen == [None] * 5
