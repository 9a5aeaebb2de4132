"""%trace and %bench in a kernel: pictures of one request, and of many."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check("%%route /hello/<name>\nprint('said')\nf'Hello, {name}!'")
        kernel.check("import time\n@app.get('/slow')\ndef slow():\n    time.sleep(0.02)\n    return 'x'")
        yield kernel


def test_the_life_of_a_request_stands_below_its_status(kernel: RealKernel) -> None:
    lines = kernel.check("%trace /hello/Ada").text.splitlines()
    assert lines[0] == "GET /hello/Ada → 200 OK · text/html"
    steps = [line.split("│")[1].split()[0] for line in lines if line.startswith("  trace │")]
    assert steps == ["WSGI", "match", "handler", "return", "response"]
    assert any(re.search(r"2 │ +\d+\.\d\d ms +│ print\('said'\)", line) for line in lines)
    assert lines[-2:] == ["Hello, Ada!", "printed │ said"]


def test_it_takes_what_http_takes_and_gives_the_exchange(kernel: RealKernel) -> None:
    assert kernel.check("r = %trace /hello/Ada --expect 200\nr.status, len(r.trace) > 2").text.endswith("(200, True)")
    refused = kernel.run("%trace /hello/Ada --expect 201")
    assert refused.error is not None
    assert "got 200" in refused.error.value


def test_latencies_are_shown_once_and_beside_those_of_the_run_before(kernel: RealKernel) -> None:
    first = kernel.check("%bench /hello/Ada -n 50").text
    assert first.splitlines()[0] == "GET /hello/Ada: 50 requests: 50 × 200 OK"
    assert "before" not in first
    second = kernel.check("r = %bench /hello/Ada -n 60").text
    assert second.count("before") == 5
    assert kernel.check("r.count").text == "60"
    assert kernel.check("r").text.splitlines()[0] == "GET /hello/Ada: 60 requests: 60 × 200 OK"


def test_an_interrupt_stops_it_and_shows_what_was_measured(kernel: RealKernel) -> None:
    kernel.check("%bench /slow -n 1")
    running = kernel.send("%bench /slow -n 100000", cell_id="bench")
    running.wait_for_output("of 100,000")
    kernel.interrupt()
    reply = running.result()
    assert reply.error is None
    assert re.search(r"\d+ of 100,000 requests, then interrupted: \d+ × 200 OK", reply.text)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%bench / -n many", "`many` is none"),
        ("%bench / -n 0", "from 1 to 1,000,000"),
        ("%bench /hello/Ada -n 0", "%bench /hello/Ada -n 500"),
        ("%trace", "Write  %trace /"),
        ("%exchanges 0", "a number, 1 or more; `0` is none"),
        ("%bench", "%bench measures a request, and none is named."),
        ("%bench https://example.org/", "is not this app"),
    ],
)
def test_a_line_that_will_not_do_sends_nothing_and_says_what_would(kernel: RealKernel, line: str, said: str) -> None:
    error = kernel.run(line).error
    assert error is not None
    assert said in error.traceback
