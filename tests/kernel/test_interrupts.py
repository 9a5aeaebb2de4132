"""An interrupt stops a request wherever it waits, the cell says where it was, and the kernel goes on as before."""

from __future__ import annotations

import os
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nbmicro.errors import DeadlineExceeded
from nbmicro.testing.kernel import RealKernel, Reply

pytestmark = pytest.mark.kernel

#: Interrupts at the edges of cells that one run of the tests tries.
EDGES = int(os.environ.get("NBMICRO_INTERRUPTS", "12"))
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


PAGES = """
from nbmicro import Blueprint
pages = Blueprint("pages", "pages")
@pages.route("/page")
def page(): return {number!r}
@app.route("/start")
def start(): return {number!r}
app.register_blueprint(pages)
"""
VISITOR = """
import contextvars, threading
def visited(path):
    answers = []
    ask = lambda: answers.append(contextvars.Context().run(app.test_client().get, path).get_data(as_text=True))
    thread = threading.Thread(target=ask)
    thread.start(); thread.join()
    return answers[0]
"""


def test_interrupts_at_the_edges_of_cells_leave_no_half_state() -> None:
    """Of a cell that declares, one that asks and one that serves, wherever the interrupt comes."""
    chance = random.Random(20)
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro", cell_id="load")
        kernel.check(VISITOR, cell_id="visitor")
        cells = {"pages": PAGES.format(number="0"), "ask": "%http /start", "serve": "%serve"}
        for cell_id, text in cells.items():
            kernel.check(text, cell_id=cell_id)
        for number in map(str, range(1, EDGES + 1)):
            cell_id = chance.choice(list(cells))
            pending = kernel.send(
                PAGES.format(number=number) if cell_id == "pages" else cells[cell_id], cell_id=cell_id
            )
            time.sleep(chance.uniform(0, 0.02))
            kernel.interrupt()
            with suppress(DeadlineExceeded):  # it came in ipykernel's own code, which then answers nothing
                pending.result(5)
            shown = kernel.check("a, b = client.get('/start').text, client.get('/page').text", cell_id="look")
            shown = kernel.check("{a, b, visited('/start'), visited('/page')}", cell_id="compare")
            assert shown.text.count("'") == 2, f"{number}: {shown.text}"
            kernel.check(f"@app.route('/later')\ndef later(): return {number!r}", cell_id="later")
            assert kernel.check("visited('/later')", cell_id="look").text == repr(number)
        kernel.check("%serve --stop", cell_id="stop")
        assert kernel.check("%serve --stop", cell_id="stop").stdout.startswith("No server is running.")
        alive = "print([one.name for one in threading.enumerate() if one.name.startswith('nbmicro-')])"
        assert kernel.check(alive, cell_id="look").stdout == "[]\n"
