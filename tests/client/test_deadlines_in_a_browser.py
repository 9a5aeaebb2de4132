"""Where Python runs in the browser (Pyodide) a request has a deadline too, without an alarm and without a thread."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import time
import types
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from nbmicro.client.client import Client
from nbmicro.errors import DeadlineExceeded
from nbmicro.exchange.exchange import Exchange
from nbmicro.web.asyncs import run_async
from tests.support.apps import calling

has_monitoring = pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 brought sys.monitoring")


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An event loop that can run while it waits, as WebAssembly that switches stacks lets Pyodide's."""
    made: Any = asyncio.new_event_loop()

    def run_sync(coroutine: Coroutine[Any, Any, Any]) -> Any:
        task = made.create_task(coroutine)

        def turn() -> None:
            while not task.done():
                made._run_once()

        # The browser's waiting is no Python.
        contextvars.Context().run(turn)
        return task.result()

    ffi = types.ModuleType("pyodide.ffi")
    vars(ffi).update(can_run_sync=lambda: True, run_sync=run_sync)
    monkeypatch.setitem(sys.modules, "pyodide", types.ModuleType("pyodide"))
    monkeypatch.setitem(sys.modules, "pyodide.ffi", ffi)
    monkeypatch.setattr(sys, "platform", "emscripten")
    yield made
    made.close()


def asked(loop: Any, handler: Callable[..., Any], timeout: float) -> tuple[Exchange, float]:
    """The exchange of a request that is sent in the loop, and how many seconds it took."""
    found: list[Exchange] = []

    def ask() -> None:
        found.append(Client(calling(handler)).get("/slow", timeout=timeout))
        loop.call_soon(loop.stop)

    begin = time.monotonic()
    # Called by the loop and not by a task, inside which no other could run here.
    loop.call_soon(ask)
    loop.run_forever()
    return found[0], time.monotonic() - begin


def test_an_async_handler_that_waits_is_cancelled(loop: Any) -> None:
    ended = []

    async def waits() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)
        return "late"

    exchange, seconds = asked(loop, lambda environ: run_async(waits)(), 0.2)
    assert isinstance(exchange.exception, DeadlineExceeded)
    assert (ended, seconds < 30) == ([True], True)


def test_an_async_handler_in_time_is_left_alone(loop: Any) -> None:
    """It answers, its exceptions come out as they are, and what it set in its context stays set."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")

    async def sets() -> None:
        await asyncio.sleep(0.01)
        name.set("Ada")

    def handler(environ: dict[str, Any]) -> str:
        run_async(sets)()
        return name.get()

    exchange, _ = asked(loop, handler, 20)
    assert (exchange.status, exchange.text) == (200, "Ada")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError("no")

    exchange, _ = asked(loop, lambda environ: run_async(fails)(), 20)
    assert isinstance(exchange.exception, LookupError)


@has_monitoring
def test_a_handler_that_never_ends_its_loop_is_interrupted(loop: Any) -> None:
    """Also one that sleeps again and again, and that catches every exception."""

    def stubborn(environ: dict[str, Any]) -> str:
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                continue

    exchange, seconds = asked(loop, stubborn, 0.3)
    assert isinstance(exchange.exception, DeadlineExceeded)
    assert exchange.error is not None
    assert exchange.error.message == "GET /slow did not answer within 0.3 s and was stopped."
    assert seconds < 30


@has_monitoring
def test_other_code_that_runs_meanwhile_is_not_interrupted(loop: Any) -> None:
    """While a handler waits, the loop runs messages of widgets; the deadline is none of theirs."""
    turns = []

    def busy() -> None:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            turns.append(1)
        turns.append(2)

    async def waits() -> str:
        await asyncio.sleep(60)
        return "late"

    loop.call_soon(busy, context=contextvars.Context())
    exchange, _ = asked(loop, lambda environ: run_async(waits)(), 0.2)
    assert isinstance(exchange.exception, DeadlineExceeded)
    assert turns[-1] == 2
