"""The memory of a kernel over ten thousand exchanges: of cells, of the client, and of visitors of the server."""

from __future__ import annotations

import json

from benchmarks.report import table
from nbmicro.testing.kernel import RealKernel

__all__ = ["measure"]

#: What each round sends: 2 of 10 by cells (shown), 6 by the client, 2 by a visitor.
ROUND = """
import urllib.request
for number in range({count} // 10):
    for _ in range(2):
        get_ipython().run_line_magic("http", "/page/7 -q")
    for _ in range(6):
        client.get(f"/page/{{number}}", announce=False)
    for _ in range(2):
        urllib.request.urlopen(base + "page/3", timeout=30).read()
"""
SIZE = """
import gc, json, psutil
gc.collect()
print(json.dumps([psutil.Process().memory_info().rss / 2**20, len(client.history)]))
"""


def measure(quick: bool = False) -> str:
    """The table; every page is of 20 KB, with a print and a log record."""
    marks = (0, 200, 500, 1000) if quick else (0, 1000, 2500, 5000, 7500, 10_000)
    rows = []
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check(
            "%%route /page/<int:number>\nimport logging\nprint('said', number)\n"
            "logging.getLogger('page').warning('logged %s', number)\n'<p>' + 'x' * 20_000"
        )
        kernel.check("%serve --port 0")
        kernel.check("from nbmicro.notebook.extension import session as notebook\nbase = notebook().server.url")
        done = 0
        for mark in marks:
            if mark > done:
                kernel.check(ROUND.format(count=mark - done), timeout=900)
                done = mark
            memory, kept = json.loads(kernel.check(SIZE).stdout.splitlines()[-1])
            rows.append([f"{mark:,}", f"{memory:.0f}", str(kept)])
    note = "MB of the kernel's resident memory; the history keeps the last hundred exchanges."
    return table("Exchanges", ["exchanges", "MB", "kept"], rows, note)
