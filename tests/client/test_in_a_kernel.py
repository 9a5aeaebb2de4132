"""In a real kernel: a request that blocks ends at its deadline or at an interrupt, and the kernel goes on as before."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel

APP = """\
import asyncio, logging, signal, sys, threading, time, warnings
from nbmicro.client.client import Client

def app(environ, start_response):
    print("asked", environ["PATH_INFO"])
    if environ["PATH_INFO"] == "/slow":
        time.sleep(60)
    if environ["PATH_INFO"] == "/boom":
        warnings.warn("careful")
        1 / 0
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

client = Client(app)
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as real:
        real.check(APP)
        yield real


def test_a_handler_that_sleeps_is_interrupted_at_its_deadline(kernel: RealKernel) -> None:
    begin = time.monotonic()
    reply = kernel.check("exchange = client.get('/slow', timeout=0.3)\nprint(exchange.error.type, exchange.status)")
    assert time.monotonic() - begin < 20
    assert reply.stdout == "DeadlineExceeded 500\n"


def test_a_request_of_an_async_cell_has_a_deadline_too(kernel: RealKernel) -> None:
    reply = kernel.check("await asyncio.sleep(0)\nprint(client.get('/slow', timeout=0.3).error.type)")
    assert reply.stdout == "DeadlineExceeded\n"


def test_an_interrupt_stops_the_request_and_the_next_one_works(kernel: RealKernel) -> None:
    pending = kernel.send(
        "stdout = sys.stdout\n"
        "def telling(environ, start_response):\n"
        "    print('asked', file=stdout, flush=True)\n"
        "    return app(environ, start_response)\n"
        "Client(telling).get('/slow', timeout=50)"
    )
    pending.wait_for_output("asked")
    kernel.interrupt()
    reply = pending.result()
    assert reply.error is not None
    assert reply.error.name == "KeyboardInterrupt"
    assert kernel.check("print(client.get('/').text)").stdout == "hello\n"


def test_nothing_is_left_in_the_kernel(kernel: RealKernel) -> None:
    said = kernel.check(
        "before = threading.active_count(), type(sys.stdout).__name__, list(logging.root.handlers)\n"
        "client.get('/slow', timeout=0.1)\n"
        "after = threading.active_count(), type(sys.stdout).__name__, list(logging.root.handlers)\n"
        "print(before == after, signal.getitimer(signal.ITIMER_REAL), before[1])"
    )
    assert said.stdout == "True (0.0, 0.0) OutStream\n"


def test_an_exchange_shows_itself_without_a_process_id_or_a_path(kernel: RealKernel) -> None:
    (output,) = kernel.check("client.get('/boom')").outputs
    assert output.text == (
        "GET /boom → 500 INTERNAL SERVER ERROR\n"
        "a cell, line 10, in app\n"
        "   10 │ 1 / 0\n"
        "ZeroDivisionError: division by zero\n"
        "printed │ asked /boom\n"
        " stderr │ a cell, line 9: UserWarning: careful"
    )
    assert "ipykernel" not in output.html


def test_the_same_request_shows_the_same_the_second_time(kernel: RealKernel) -> None:
    first, second = (kernel.check("client.get('/boom')").outputs[0].data for _ in range(2))
    assert first == second
