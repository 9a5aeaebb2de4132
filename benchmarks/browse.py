"""Many pages through ``%browse`` in a real JupyterLab: what stays in the memory of the kernel and of the page."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from playwright.sync_api import sync_playwright

from benchmarks.report import table
from start import find_browser
from tests.browser.lab import Lab
from tests.browser.server import LabServer

__all__ = ["measure"]

CELLS = (
    "%load_ext nbmicro",
    "%%static page.css\nbody { background: url('dot.svg'); color: teal }",
    '%%static dot.svg\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h4v4z"/></svg>',
    "%%static page.js\nfetch('/api').then(answer => answer.json())\n"
    "  .then(({ n }) => { document.title = `page ${here} ${n}`; });",
    "%%route /api\n{'n': 'done'}",
    """%%route /page/<int:n>
rows = "".join(f"<tr><td>{n}</td><td>{row}</td></tr>" for row in range(200))
f'''<link rel=stylesheet href=/static/page.css><img src=/static/dot.svg><table>{rows}</table>
<script>const here = {n}; new EventSource('/events')</script><script src=/static/page.js></script>'''""",
    """import threading
ended = threading.Event()
@app.route("/events")
def events():
    def go():
        while not ended.wait(0.05):
            yield "data: x\\n\\n"
    return Response(go(), mimetype="text/event-stream")""",
    """import os, gc
def state():
    gc.collect()
    lines = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
    print(int(lines["VmRSS"].split()[0]) // 1024, threading.active_count())""",
    "%browse /page/0",
)
_GO = """async n => {
  const field = document.querySelector('.nbmicro-browse-address');
  field.value = `/page/${n}`;
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
  const title = document.querySelector('.nbmicro-browse-title');
  const end = Date.now() + 30000;
  while (title.textContent !== `page ${n} done`) {
    if (Date.now() > end) throw new Error(`page ${n} did not come`);
    await new Promise(next => setTimeout(next, 2));
  }
}"""


def measure(*, quick: bool = False) -> str:
    """The table: what is kept after so many pages."""
    marks = (0, 20, 100) if quick else (0, 100, 250, 500, 750, 1000)
    rows = []
    with TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch, "notebooks")
        folder.mkdir()
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in CELLS])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / "pages.ipynb")
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        with LabServer(folder, Path(scratch, "lab")) as server:
            lab = Lab(browser, server)
            lab.open("pages.ipynb")
            lab.run_all()
            asking = lab.append("state()")
            session = lab.page.context.new_cdp_session(lab.page)
            begin, last = time.perf_counter(), 0
            for mark in marks:
                for number in range(last + 1, mark + 1):
                    lab.page.evaluate(_GO, number)
                last = mark
                spent = time.perf_counter() - begin
                rows.append([str(mark), *_state(lab, asking, session), f"{spent / mark * 1000:.0f}" if mark else "–"])
                begin = time.perf_counter() - spent
            lab.close()
        browser.close()
    return table(
        "browse: pages through one %browse, one after the other",
        ("pages", "kernel RSS, MB", "its threads", "JS heap, MB", "documents", "DOM nodes", "ms a page"),
        rows,
        "After a collection of garbage on both sides. Each page has a style sheet, a picture, a script, a fetch and an "
        "event stream that is open when it is left.",
    )


def _state(lab: Lab, asking: int, session: Any) -> list[str]:
    memory, threads = lab.run(asking).text.split()
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    counters = session.send("Memory.getDOMCounters")
    heap = session.send("Runtime.getHeapUsage")["usedSize"] / 1024 / 1024
    return [memory, threads, f"{heap:.1f}", str(counters["documents"]), str(counters["nodes"])]
