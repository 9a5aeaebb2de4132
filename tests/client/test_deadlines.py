"""Every request has a deadline that interrupts code wherever it waits, and leaves no thread behind."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nbmicro.client.client import Client
from nbmicro.errors import DeadlineExceeded
from nbmicro.exchange.exchange import Exchange
from nbmicro.threads.deadline import Deadline, Expired, _clock, _Watcher, release
from tests.support.apps import answering, calling


def _sleeping(environ: dict[str, Any]) -> str:
    time.sleep(60)
    return "late"


def _in_thread(client: Client, **options: Any) -> Exchange:
    found: list[Exchange] = []
    thread = threading.Thread(target=lambda: found.append(client.get("/", **options)))
    thread.start()
    thread.join(30)
    return found[0]


def test_a_handler_that_blocks_is_interrupted_and_the_exchange_says_where() -> None:
    begin = time.monotonic()
    exchange = Client(calling(_sleeping)).get("/slow", timeout=0.5)
    assert time.monotonic() - begin < 30
    assert exchange.status == 500
    assert isinstance(exchange.exception, DeadlineExceeded)
    assert exchange.error is not None
    assert (exchange.error.type, exchange.error.frames[-1].source) == ("DeadlineExceeded", "time.sleep(60)")
    assert exchange.error.message == "GET /slow did not answer within 0.5 s and was stopped."


def test_a_handler_that_catches_every_exception_is_interrupted_too() -> None:
    def stubborn(environ: dict[str, Any]) -> str:
        for _ in range(100):
            try:
                time.sleep(60)
            except Exception:
                continue
        return "late"

    assert Client(calling(stubborn)).get("/", timeout=0.1).status == 500


def test_a_handler_that_swallows_the_interruption_is_interrupted_again() -> None:
    tries = []

    def swallowing(environ: dict[str, Any]) -> str:
        try:
            time.sleep(60)
        except BaseException:
            tries.append(1)
        time.sleep(60)
        return "late"

    begin = time.monotonic()
    assert Client(calling(swallowing)).get("/", timeout=0.5).status == 500
    assert tries == [1]
    assert time.monotonic() - begin < 30


def test_in_another_thread_python_code_is_interrupted() -> None:
    def busy(environ: dict[str, Any]) -> str:
        for _ in itertools.count():
            time.sleep(0.01)
        return "never"

    exchange = _in_thread(Client(calling(busy)), timeout=0.1)
    assert isinstance(exchange.exception, DeadlineExceeded)


def test_no_thread_and_no_alarm_is_left() -> None:
    before = threading.active_count()
    Client(calling(_sleeping)).get("/", timeout=0.05)
    _in_thread(Client(answering("x")), timeout=5)
    assert threading.active_count() == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_signal_handler_that_was_there_comes_back_on_release() -> None:
    Client(answering("x")).get("/")
    release()
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_an_alarm_of_somebody_else_still_rings_for_them() -> None:
    rung: list[int] = []
    release()
    before = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.15)
        exchange = Client(calling(lambda environ: time.sleep(0.4) or "x")).get("/", timeout=30)
        assert (exchange.status, rung) == (200, [signal.SIGALRM])
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        assert Client(calling(_sleeping)).get("/", timeout=0.05).status == 500
        deadline = time.monotonic() + 10
        while len(rung) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(rung) == 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_of_nested_deadlines_the_earlier_one_rings() -> None:
    inner = Client(calling(_sleeping))

    def asking(environ: dict[str, Any]) -> str:
        return f"the inner one: {inner.get('/', timeout=0.1).status}"

    assert Client(calling(asking)).get("/", timeout=30).text == "the inner one: 500"


def test_the_deadline_of_an_outer_request_passes_through_an_inner_one() -> None:
    inner = Client(calling(_sleeping))
    exchange = Client(calling(lambda environ: inner.get("/", timeout=60).text)).get("/outer", timeout=0.1)
    assert exchange.error is not None
    assert exchange.error.message.startswith("GET /outer did not answer")
    assert len(inner.history) == 0


def test_a_stream_that_is_still_open_at_its_deadline_is_shown_as_far_as_it_came() -> None:
    closed: list[bool] = []

    def ticking(environ: dict[str, Any]) -> Iterator[bytes]:
        def stream() -> Iterator[bytes]:
            try:
                while True:
                    yield b"tick\n"
                    time.sleep(0.02)
            finally:
                closed.append(True)

        return stream()

    exchange = Client(calling(ticking)).get("/", timeout=0.5)
    assert (exchange.status, exchange.error) == (200, None)
    assert exchange.text.startswith("tick\ntick\n")
    assert exchange.response.body.truncated
    assert exchange.notes == ("The stream was still open after 0.5 s; this is what came until then.",)
    assert closed == [True]


def test_an_interrupt_of_the_kernel_stops_the_request_and_passes_through() -> None:
    closed: list[bool] = []

    def interrupted(environ: dict[str, Any]) -> Iterator[bytes]:
        def stream() -> Iterator[bytes]:
            try:
                yield b"first"
                raise KeyboardInterrupt
            finally:
                closed.append(True)

        return stream()

    client = Client(calling(interrupted))
    with pytest.raises(KeyboardInterrupt):
        client.get("/")
    assert (closed, len(client.history)) == ([True], 0)


def test_a_deadline_may_be_none() -> None:
    assert Client(answering("x")).get("/", timeout=None).status == 200


def test_a_block_without_a_wait_is_left_in_peace() -> None:
    with Deadline(0.5) as deadline:
        pass
    time.sleep(0.6)
    assert not deadline.expired
    with pytest.raises(Expired), Deadline(0.02):
        time.sleep(5)


def test_a_deadline_in_another_thread_leaves_the_interpreter_as_it_was() -> None:
    """An interruption that is taken back leaves a flag set in Python 3.11, with which a profiled call never ends."""

    def just_in_time(environ: dict[str, Any]) -> str:
        deadline = time.monotonic() + 0.05
        while time.monotonic() < deadline:
            pass
        return "done"

    client = Client(calling(just_in_time))
    for _ in range(10):
        _in_thread(client, timeout=0.05)
    calls: list[str] = []
    sys.setprofile(lambda frame, event, argument: calls.append(event))
    try:
        answering("x")
    finally:
        sys.setprofile(None)
    assert "call" in calls
    assert "nbmicro-deadline" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("in_main", [True, False], ids=["main thread", "other thread"])
def test_a_deadline_that_passes_while_it_is_set_is_over(monkeypatch: pytest.MonkeyPatch, in_main: bool) -> None:
    """On a slow machine; left alone it would ring on, in whatever runs in its thread next."""
    rung: list[bool] = []

    def slowly(begin: Callable[..., Any], *arguments: Any) -> Any:
        begun = begin(*arguments)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            pass
        return begun

    def enter() -> None:
        deadline = Deadline(0.05)
        try:
            with deadline:
                pass
        except Expired:
            rung.append(deadline.expired)

    thread = threading.Thread(target=enter)
    begin, start = _clock.begin, _Watcher.start
    monkeypatch.setattr(_clock, "begin", lambda deadline: slowly(begin, deadline))
    monkeypatch.setattr(_Watcher, "start", lambda watcher: slowly(start, watcher))
    if in_main:
        enter()
    else:
        thread.start()
        thread.join(30)
    assert rung == [True]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert "nbmicro-deadline" not in {one.name for one in threading.enumerate()}


def test_a_deadline_may_be_closed_twice() -> None:
    with Deadline(30) as deadline:
        deadline.close()
    deadline.close()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
