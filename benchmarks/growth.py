"""What a kernel holds as a notebook goes on: after cells that run, exchanges, and cells that are edited."""

from __future__ import annotations

import json
from time import perf_counter

from benchmarks.report import table
from nbmicro.testing.kernel import RealKernel

__all__ = ["measure"]

APP = """\
@app.get("/page/<int:number>")
def page(number):
    print("asked for", number)
    return {"number": number, "text": "x" * 2000}

@app.get("/large")
def large():
    return b"0123456789abcde\\n" * 75_000

@app.get("/boom/<int:number>")
def boom(number):
    held = bytearray(100_000)
    return {"number": number / 0}
"""
SIZE = """\
import ctypes, gc, json, os, psutil, threading
gc.collect()
ctypes.CDLL(None).malloc_trim(0)
process = psutil.Process()
print(json.dumps([process.memory_info().rss / 2**20, process.num_fds(), threading.active_count()]))
"""
#: Of a round: cells that run, and exchanges; one of its cells is edited.
RUNS, EXCHANGES = 7, 17


def _round(kernel: RealKernel, number: int) -> float:
    """Run a round of cells; the milliseconds of its `%http` cells, each."""
    kernel.check(f"%%route /edited\n'{number}'", cell_id="edited")
    begin = perf_counter()
    for asked in range(3):
        kernel.check(f"%http /page/{asked}", cell_id=f"ask {asked}")
    took = perf_counter() - begin
    kernel.check("%http /large", cell_id="large")
    kernel.check(f"%http /boom/{number}", cell_id="boom")
    loop = f"for n in range(12):\n    client.get(f'/page/{{n}}?{number}', announce=False)"
    kernel.check(loop, cell_id="loop")
    return took / 3 * 1000


def measure(quick: bool = False) -> str:
    """The table; all rounds are 2,100 runs of cells, 5,100 exchanges and 300 edits."""
    marks = (10, 20, 40) if quick else (10, 50, 100, 200, 300)
    rows = []
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro", cell_id="load")
        kernel.check(APP, cell_id="app")
        done = 0
        for mark in marks:
            times = sorted(_round(kernel, number) for number in range(done, mark))
            done = mark
            memory, files, threads = json.loads(kernel.check(SIZE, cell_id="size").stdout)
            runs, exchanges = mark * RUNS, mark * EXCHANGES
            cell = f"{times[len(times) // 2]:.1f}"
            rows.append([f"{runs:,}", f"{exchanges:,}", str(mark), f"{memory:.1f}", str(files), str(threads), cell])
    heads = ["cells run", "exchanges", "edits", "MB", "open files", "threads", "ms of a cell"]
    note = "MB of the kernel's resident memory; of the time of a %http cell the median since the row above."
    return table("A notebook that goes on", heads, rows, note)
