"""What a notebook's user waits for: a ``%http`` cell, and ``%load_ext``, in real kernels."""

from __future__ import annotations

import time
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.report import figure, table
from nbmicro.testing.kernel import RealKernel

__all__ = ["measure"]

DISPLAY = "display(HTML('<p>Hello, Ada!</p>'))"
CELLS = {
    "display(HTML(…)), to compare with": DISPLAY,
    "%http /hello/Ada": "%http /hello/Ada",
    "%http /json": "%http /json",
    "%http /page": "%http /page",
    "%%http with two checks": "%%http\nGET /json\n\nHTTP 200\n[Asserts]\njson['name'] == 'Ada'",
}
ROUTES = (
    "%%route /hello/<name>\nf'Hello, {name}!'",
    "%%route /json\n{'name': 'Ada', 'numbers': [1, 2, 3]}",
    "%%route /page\n'<!doctype html><title>Page</title><style>p { color: teal }</style>' + '<p>A paragraph.</p>' * 40",
)
LOADS = {
    "import flask": "import flask",
    "%load_ext nbmicro": "get_ipython().run_line_magic('load_ext', 'nbmicro')",
}
_TIMED = """
def _measured():
    import time
    begin, busy = time.perf_counter(), time.process_time()
    {code}
    return time.perf_counter() - begin, time.process_time() - busy
print('took', *_measured())
"""


def measure(quick: bool = False) -> str:
    """Both tables."""
    return f"{_cells(20 if quick else 200)}\n\n{_loads(2 if quick else 7)}"


def _cells(rounds: int) -> str:
    seconds: dict[str, list[float]] = {title: [] for title in CELLS}
    more: dict[str, list[float]] = {title: [] for title in CELLS}
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro\nfrom IPython.display import HTML, display")
        for number, code in enumerate(ROUTES):
            kernel.check(code, cell_id=f"route{number}")
        for warm in range(rounds // 10 + rounds):
            taken = {}
            for title, code in CELLS.items():
                begin = time.perf_counter()
                kernel.check(code, cell_id=title)
                taken[title] = time.perf_counter() - begin
            if warm < rounds // 10:
                continue
            base = next(iter(taken.values()))
            for title, value in taken.items():
                seconds[title].append(value)
                more[title].append(value - base)
    rows = []
    for title in CELLS:
        shown = [figure(value(seconds[title]) * 1e3) for value in (median, min)]
        aim = "" if CELLS[title] == DISPLAY else "≤ +1 ms"
        rows.append([title, *shown, f"{median(more[title]) * 1e3:+.2f}", aim])
    note = f"ms from sending the cell to its last message, as a front end sees it; medians of {rounds} rounds."
    return table("A cell in a kernel", ["cell", "median", "least", "more than display", "aim"], rows, note)


def _loads(rounds: int) -> str:
    walls: dict[str, list[float]] = {title: [] for title in LOADS}
    busies: dict[str, list[float]] = {title: [] for title in LOADS}
    with TemporaryDirectory(prefix="nbmicro-benchmark-") as bytecode:
        # Whatever the environment says, all start from compiled modules, as after an installation; the first round
        # compiles them.
        env = {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        for number in range(rounds + 1):
            for title, code in LOADS.items():
                with RealKernel(env=env) as kernel:
                    printed = kernel.check(_TIMED.format(code=code)).stdout
                if number:
                    wall, busy = printed.partition("took ")[2].split()
                    walls[title].append(float(wall))
                    busies[title].append(float(busy))
    columns = ((median, walls), (min, walls), (median, busies))
    rows = [[title, *(figure(value(kind[title]) * 1e3) for value, kind in columns)] for title in LOADS]
    note = f"ms in a kernel that has just started, a new one each time; {rounds} rounds. The aim: no more than Flask's."
    return table("Loading", ["cell", "median", "least", "CPU"], rows, note)
