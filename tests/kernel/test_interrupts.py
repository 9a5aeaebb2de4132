"""An interrupt stops a request wherever it waits, the cell says where it was, and the kernel goes on as before."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmicro.testing.kernel import RealKernel, Reply

pytestmark = pytest.mark.kernel

OWN_LOOPS = sys.version_info < (3, 14)


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        real.check("import asyncio, signal, threading, time\nended = []", cell_id="import")
        yield real


def interrupted(kernel: RealKernel, began: Path, handler: str, ask: str) -> Reply:
    """Declare a handler, send it a request, and interrupt once the handler has begun (it makes a file)."""
    body = handler.replace("BEGUN", f"open({str(began)!r}, 'w').close()")
    kernel.check(f"%%route /slow\n{body}", cell_id="route")
    pending = kernel.send(ask, cell_id="ask")
    deadline = time.monotonic() + 30
    while not began.exists():
        assert time.monotonic() < deadline, "the handler did not begin"
        time.sleep(0.02)
    kernel.interrupt()
    reply = pending.result()
    assert kernel.check("%http /none", cell_id="again").text.startswith("GET /none → 404")
    return reply


@pytest.mark.parametrize(
    ("handler", "place"),
    [
        # In one line, or with a choice of lines: the interrupt may come while the one that says BEGUN is still at work.
        ("BEGUN; time.sleep(60)\n'x'", r"GET /slow, line 2, in slow"),
        ("BEGUN\nwhile True: pass\n'x'", r"GET /slow, line [23], in slow"),
        ("for _ in range(200):\n    BEGUN\n    time.sleep(0.3)\n    yield '.'", r"GET /slow, line [2-5], in slow"),
        ("BEGUN; threading.Event().wait(60)\n'x'", r"GET /slow, line 2, in slow"),
        # From Python 3.14 on a handler cannot begin a loop of its own in a cell.
        *([("BEGUN; asyncio.run(asyncio.sleep(60))\n'x'", r"GET /slow, line 2, in slow")] if OWN_LOOPS else []),
        ("BEGUN\nawait asyncio.sleep(60)\n'x'", ""),
        ("for _ in range(200):\n    BEGUN\n    await asyncio.sleep(0.3)\n    yield '.'", ""),
    ],
    ids=["sleep", "busy", "stream", "lock", *(["own loop"] if OWN_LOOPS else []), "async", "async stream"],
)
def test_a_request_is_stopped_and_says_where_it_was(
    kernel: RealKernel, tmp_path: Path, handler: str, place: str
) -> None:
    error = interrupted(kernel, tmp_path / "began", handler, "%http /slow").error
    assert error is not None
    assert error.traceback.startswith("KeyboardInterrupt: the request was stopped.")
    assert re.search(place, error.traceback)


@pytest.mark.parametrize("ask", ["%http /slow", "client.get('/slow')"])
def test_a_request_of_a_cell_that_awaits_is_stopped_too(kernel: RealKernel, tmp_path: Path, ask: str) -> None:
    error = interrupted(
        kernel, tmp_path / "began", "BEGUN; time.sleep(60)\n'x'", f"await asyncio.sleep(0)\nanswer = {ask}"
    ).error
    assert error is not None
    assert error.name == "KeyboardInterrupt"
    assert "time.sleep(60)" in error.traceback


def test_an_async_handler_that_is_stopped_comes_to_its_end(kernel: RealKernel, tmp_path: Path) -> None:
    handler = "BEGUN\ntry:\n    await asyncio.sleep(60)\nfinally:\n    ended.append('ended')\n'x'"
    interrupted(kernel, tmp_path / "began", handler, "%http /slow")
    assert kernel.check("ended", cell_id="look").text == "['ended']"
    threads = kernel.check("print([one.name for one in threading.enumerate()])", cell_id="look").stdout
    assert "nbmicro" not in threads


def test_the_later_requests_of_a_stopped_cell_are_not_sent(kernel: RealKernel, tmp_path: Path) -> None:
    reply = interrupted(
        kernel, tmp_path / "began", "BEGUN\ntime.sleep(60)\n'x'", "%%http\nGET /none\n###\nGET /slow\n###\nGET /none"
    )
    assert reply.text.count("GET /none → 404") == 1


def test_the_kernels_own_handling_of_interrupts_comes_back(kernel: RealKernel) -> None:
    kernel.check("await asyncio.sleep(0)", cell_id="async")
    assert kernel.check("signal.getsignal(signal.SIGINT) is signal.default_int_handler", cell_id="look").text == "True"
