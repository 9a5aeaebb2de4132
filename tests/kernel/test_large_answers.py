"""A response of any size: the cell answers, the kernel's memory and the notebook stay small, what is cut is said."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel, Reply

APP = '''
import gc, os, time
from nbmicro import Response

closed = []

def streaming(name, chunks, media_type="text/plain", **headers):
    def body():
        try:
            yield from chunks()
        finally:
            closed.append(name)
    return Response(body(), mimetype=media_type, headers=headers)

def endless(make, pause=0):
    def chunks():
        number = 0
        while True:
            number += 1
            yield make(number)
            if pause:
                time.sleep(pause)
    return chunks

def large():
    for _ in range(200):
        yield b"0123456789abcde\\n" * 65536

def numbers():
    yield b"["
    for _ in range(200):
        yield b"1234567890," * 95325

def breaks():
    yield "one\\n"
    yield "two\\n"
    raise ValueError("the source is gone")

line = lambda number: f"line {number}\\n"
event = lambda number: f"id: {number}\\ndata: {{}}\\n\\n"
app.add_url_rule("/large", "large", lambda: streaming("large", large))
app.add_url_rule("/said", "said", lambda: streaming("said", large, **{"Content-Length": str(200 * 1024 * 1024)}))
app.add_url_rule("/bytes", "bytes_", lambda: streaming("bytes", large, "application/octet-stream"))
app.add_url_rule("/page", "page", lambda: streaming("page", lambda: (b"<p>" + one for one in large()), "text/html"))
app.add_url_rule("/json", "json_", lambda: streaming("json", numbers, "application/json"))
app.add_url_rule("/endless", "endless_", lambda: streaming("endless", endless(line)))
app.add_url_rule("/blocks", "blocks", lambda: streaming("blocks", endless(lambda number: b"x" * 65536)))
app.add_url_rule("/slow", "slow", lambda: streaming("slow", endless(line, 0.05)))
app.add_url_rule("/sleeps", "sleeps", lambda: streaming("sleeps", endless(line, 3600)))
app.add_url_rule("/events", "events", lambda: streaming("events", endless(event, 0.05), "text/event-stream"))
app.add_url_rule("/breaks", "breaks", lambda: streaming("breaks", breaks))
app.add_url_rule("/lines", "lines", lambda: streaming("lines", lambda: (line(number) for number in range(3))))

def memory():
    """Megabytes of memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20

def spooled():
    """Megabytes of the files without a name on disk that this process has open: they are gone when they are closed."""
    links = [f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd")]
    files = [one for one in links if os.path.islink(one) and os.readlink(one).endswith(" (deleted)")]
    return sum(os.stat(one).st_size for one in files) // 2**20
'''


@pytest.fixture(scope="module")
def streams() -> Iterator[RealKernel]:
    """A kernel whose app sends large and endless bodies; the clean-up code of each notes that it ran."""
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro", cell_id="load")
        kernel.check(APP, cell_id="app")
        kernel.check("%http /lines", cell_id="first")
        kernel.check("before = memory(); closed.clear()", cell_id="before")
        yield kernel


def _asked(kernel: RealKernel, line: str) -> Reply:
    return kernel.check(f"%http {line}", cell_id="ask", timeout=60)


def _value(kernel: RealKernel, expression: str) -> str:
    return kernel.check(expression, cell_id="value").text


def _size(reply: Reply) -> int:
    return sum(len(str(value)) for output in reply.outputs for value in output.data.values())


@pytest.mark.parametrize("path", ["/large", "/said", "/bytes", "/page", "/json"])
def test_a_body_of_200_mb_is_cut_in_a_cell_that_answers(streams: RealKernel, path: str) -> None:
    reply = _asked(streams, path)
    assert "200 OK" in reply.text
    assert "more than 32.0 MB" in reply.text
    assert _size(reply) < 120_000
    assert _value(streams, "closed[-1]") == repr(path[1:])
    assert int(_value(streams, "memory() - before")) < 100


def test_many_large_bodies_are_kept_on_disk_and_go_with_their_exchanges(streams: RealKernel) -> None:
    # IPython keeps the last values of cells in names of its own.
    kept = int(streams.check("client.history.clear(); gc.collect(); print(spooled())", cell_id="clear").stdout)
    streams.check("for _ in range(6): client.get('/large', announce=False)", cell_id="many", timeout=60)
    assert streams.check("print(spooled(), len(client.history))", cell_id="look").stdout == f"{kept + 6 * 32} 6\n"
    assert int(_value(streams, "memory() - before")) < 100
    streams.check("client.history.clear(); gc.collect()", cell_id="clear")
    # A file of up to 64 MB may be shared with one that is kept.
    assert kept <= int(streams.check("print(spooled())", cell_id="look").stdout) <= kept + 64


def test_a_large_body_goes_when_its_cell_is_run_again(streams: RealKernel) -> None:
    streams.check("import weakref; seen = weakref.WeakSet()", cell_id="weak")
    for _ in range(6):
        streams.check("answer = %http /large\nseen.add(answer)", cell_id="again", timeout=60)
        streams.check("None", cell_id="other")
    streams.check("client.history.clear(); gc.collect()", cell_id="clear")
    assert streams.check("print(len(seen))", cell_id="look").stdout == "1\n"


@pytest.mark.parametrize("path", ["/endless", "/blocks"])
def test_an_endless_stream_that_never_waits_is_cut_by_its_size(streams: RealKernel, path: str) -> None:
    reply = _asked(streams, f"{path} --timeout 20")
    assert re.search(r"… more|more than [\d,]+ more lines", reply.text)
    assert _value(streams, "closed[-1]") == repr(path[1:])
    assert int(_value(streams, "memory() - before")) < 100


@pytest.mark.parametrize("path", ["/slow", "/sleeps", "/events"])
def test_an_endless_stream_that_waits_is_ended_by_the_deadline_and_shows_what_came(
    streams: RealKernel, path: str
) -> None:
    reply = _asked(streams, f"{path} --timeout 0.4")
    assert "Note: The stream was still open after 0.4 s; this is what came until then." in reply.text
    assert ("line 1" if path != "/events" else "id: 1") in reply.text
    assert _value(streams, "closed[-1]") == repr(path[1:])


def test_a_stream_that_raises_shows_what_came_and_why_it_broke_off(streams: RealKernel) -> None:
    reply = _asked(streams, "/breaks")
    assert reply.text.splitlines()[:3] == ["GET /breaks → 200 OK · text/plain · streamed", "one", "two"]
    assert "ValueError: the source is gone" in reply.text
    assert "Note: The response broke off here." in reply.text
    assert _value(streams, "closed[-1]") == "'breaks'"


def test_a_stream_says_in_how_many_chunks_it_came(streams: RealKernel) -> None:
    assert _asked(streams, "/lines").text.splitlines()[0] == "GET /lines → 200 OK · text/plain · 3 chunks"


def test_the_kernel_still_answers(streams: RealKernel) -> None:
    streams.check("%%route /ok\n'ok'", cell_id="ok")
    assert _asked(streams, "/ok").text == "GET /ok → 200 OK · text/html\nok"
