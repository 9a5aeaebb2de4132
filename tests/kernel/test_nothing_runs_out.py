"""In a real kernel: the last 100 exchanges are kept and no more, whoever shows them; memory, files and threads stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = [pytest.mark.kernel, pytest.mark.skipif("not __import__('os').path.exists('/proc/self/fd')")]

SETUP = """\
import ctypes, gc, json, os, threading
from nbmicro.exchange.exchange import Exchange

def taken():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm") as file:
        memory = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    files = len(os.listdir("/proc/self/fd"))
    return json.dumps([memory, files, threading.active_count(), sum(type(one) is Exchange for one in gc.get_objects())])
"""
APP = """\
@app.get("/large")
def large():
    return b"0123456789abcde\\n" * 75_000

@app.post("/upload")
def upload():
    return str(len(request.data))

@app.get("/small/<int:number>")
def small(number):
    print("asked for", number)
    return {"number": number}

@app.get("/boom/<int:number>")
def boom(number):
    held = bytearray(200_000)
    return {"number": number / 0}
"""


class Taken(NamedTuple):
    """What a kernel holds."""

    memory: float
    files: int
    threads: int
    exchanges: int


def taken(kernel: RealKernel) -> Taken:
    return Taken(*json.loads(kernel.check("print(taken())", cell_id="taken", timeout=60).stdout))


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        real.check(SETUP, cell_id="setup")
        real.check(APP, cell_id="app")
        real.check("%http /large\n%http /small/1", cell_id="warm")
        real.check("%http /boom/1", cell_id="warm")
        yield real


def test_a_cell_that_is_edited_lets_go_of_what_it_showed(kernel: RealKernel) -> None:
    before = taken(kernel)
    for edit in range(6):
        kernel.check(f"for n in range(50):\n    client.get('/large?edit={edit}')", cell_id="edited", timeout=120)
    after = taken(kernel)
    assert after.files <= before.files + 5
    assert after.exchanges <= 110
    assert after.memory <= before.memory + 30


def test_the_values_of_cells_are_the_last_100_exchanges_too(kernel: RealKernel) -> None:
    for number in range(130):
        kernel.check(f"%http /small/{number}", cell_id="value")
    assert kernel.check("print(sum(type(one) is Exchange for one in Out.values()))", cell_id="out").stdout == "100\n"
    assert kernel.check("print(_.json, len(client.history))", cell_id="last").stdout == "{'number': 129} 100\n"
    assert taken(kernel).exchanges <= 210
    script = "%%http\n" + "\n###\n".join(f"GET /small/{number}" for number in range(130))
    kernel.check(script, cell_id="script", timeout=60)
    assert kernel.check("print(sum(type(one) is Exchange for one in Out.values()))", cell_id="out").stdout == "0\n"
    assert kernel.check("print(len(_), _[0].json)", cell_id="last").stdout == "130 {'number': 0}\n"


def test_a_request_with_a_large_body_is_kept_on_disk(kernel: RealKernel) -> None:
    before = taken(kernel)
    cell = "for n in range(30):\n    client.post('/upload', data=bytes([n]) * 4_000_000, announce=False)"
    kernel.check(cell, cell_id="uploads", timeout=60)
    after = taken(kernel)
    assert after.memory <= before.memory + 40
    assert after.files <= before.files + 5
    sent = "sent = client.history[-1].request\nprint(len(sent.body), sent.body[:1], client.history[-1].replay().text)"
    assert kernel.check(sent, cell_id="sent").stdout == "4000000 b'\\x1d' 4000000\n"


def test_failed_exchanges_hold_nothing_but_themselves(kernel: RealKernel) -> None:
    kernel.check("client.history.clear()", cell_id="clear")
    before = taken(kernel)
    kernel.check("for n in range(100):\n    client.get(f'/boom/{n}', announce=False)", cell_id="fail", timeout=60)
    after = taken(kernel)
    assert after.memory <= before.memory + 8


def test_more_large_answers_than_a_process_may_have_files(kernel: RealKernel) -> None:
    limit = "resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))"
    kernel.check(f"import resource\n{limit}", cell_id="limit")
    kept = "kept = [client.get('/large', announce=False) for _ in range(300)]\nprint(len(kept[7].body), len(kept))"
    assert kernel.check(kept, cell_id="kept", timeout=120).stdout == "1200000 300\n"
    assert kernel.check("del kept\nimport colorsys; print('imported')", cell_id="import").stdout == "imported\n"


def test_runs_requests_and_edits_leave_the_kernel_as_it_was(kernel: RealKernel) -> None:
    def round_of(number: int) -> None:
        kernel.check(f"%%route /edited\n'{number}'", cell_id="route")
        kernel.check(f"%http /edited?{number}\n%http /small/{number}", cell_id="ask")
        kernel.check(f"for n in range(10):\n    client.get(f'/small/{{n}}?{number}', announce=False)", cell_id="loop")

    many = "for n in range(1000):\n    app.add_url_rule(f'/many/{n}', f'many{n}', lambda: 'x')"
    kernel.check(many, cell_id="many")
    for number in range(20):
        round_of(number)
    before = taken(kernel)
    for number in range(20, 120):
        round_of(number)
    after = taken(kernel)
    # IPython's own history opens files now and then.
    assert after.files <= before.files + 3
    assert after.threads <= before.threads
    assert after.exchanges <= 210
    assert after.memory <= before.memory + 8
    # Of a thousand routes each edited run would keep one more.
    tables = "print(sum(type(one).__name__ == 'Table' for one in gc.get_objects()))"
    assert int(kernel.check(f"gc.collect(); {tables}", cell_id="tables").stdout) <= 4
