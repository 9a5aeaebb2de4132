"""`%browse` in a kernel without a front end: what is shown to readers, and what is left when it ends."""

from __future__ import annotations

from nbmicro.testing.kernel import RealKernel
from tests.support.widgets import INSTANCES

HOME = "<h1>Home</h1><script>alert(1)</script>"
PAGE = "%%route /\nimport itertools\n'<h1>Home</h1><script>alert(1)</script>'"
FAST = """from fastapi import FastAPI
from fastapi.responses import HTMLResponse
shop = FastAPI()
@shop.get("/", response_class=HTMLResponse)
async def home():
    return "<h1>Fast</h1>"
"""
STATE = f"""import threading
{INSTANCES}print(len(_instances), sum(one.name == "nbmicro-browse" for one in threading.enumerate()))"""


# What the front end of the browser of a cell would ask, in a thread as a comm's message is handled.
ASK = """import threading
from nbmicro.http.messages import RequestRecord
from nbmicro.notebook.extension import session
def ask(cell):
    browser = next(one for key, one in session().widgets._kinds["browse"].items() if cell in str(key))
    found = []
    def visit():
        found.append(browser.browser_session.send(RequestRecord('GET', '/', ())).read_body(10_000)[0].decode())
    thread = threading.Thread(target=visit)
    thread.start()
    thread.join(30)
    return found[0]"""

SLOW = """import asyncio, threading, time
began, go = [], threading.Event()
@shop.get("/slow")
async def slow():
    began.append(1)
    while not go.is_set():
        await asyncio.sleep(0.01)
    return "whole"
def take(cell, name, target):
    browser = next(one for key, one in session().widgets._kinds["browse"].items() if cell in str(key))
    browser.requests.take({"kind": "request", "id": name, "method": "GET", "target": target})
    return browser.requests
def wait(done):
    deadline = time.monotonic() + 25
    while not done() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert done()
def asked(target):
    return [one.status for one in session().history if one.request.target == target]"""


def test_what_a_browser_shows_without_a_front_end(kernel: RealKernel) -> None:
    """A line that says what to do and the first page, the same at every run; run again, one browser is left."""
    kernel.check(PAGE, cell_id="page")
    first = kernel.check("%browse", cell_id="browse")
    again = kernel.check("%browse", cell_id="browse")
    assert first.text == again.text
    line, still = (output.data["text/plain"] for output in first.outputs)
    assert line.startswith("A browser at /: run this cell to use it.")
    assert still == "GET / → 200 OK · text/html\n<h1>Home</h1><script>alert(1)</script>"
    assert "application/vnd.jupyter.widget-view+json" in first.outputs[0].data
    assert "text/html" not in first.outputs[0].data
    once = kernel.check(STATE).stdout
    kernel.check("%browse", cell_id="browse")
    assert kernel.check(STATE).stdout == once
    assert kernel.check("%exchanges 1").text.split()[-5:] == ["3", "GET", "/", "200", "browse"]

    plain = kernel.check("import nbmicro\nnbmicro.browse()", cell_id="browse")
    assert plain.text == first.text

    lost = kernel.check("%browse /lost", cell_id="lost")
    assert lost.outputs[1].data["text/plain"].startswith("GET /lost → 404 NOT FOUND")
    wrong = kernel.run("%browse https://example.com/")
    assert wrong.error is not None
    assert "example.com" in wrong.error.traceback
    assert "%browse [PATH]" in kernel.check("%browse --help").stdout

    kernel.check(FAST)
    kernel.check("%app shop")
    fast = kernel.check("%browse", cell_id="fast")
    assert fast.outputs[1].data["text/plain"] == "GET / → 200 OK · text/html\n<h1>Fast</h1>"
    kernel.check("%app app")

    # A browser stays with the app that it was opened on; the rest of the notebook speaks to another.
    kernel.check(ASK, cell_id="helper")
    assert kernel.check("print(ask('fast'), ask('browse'))").stdout == f"<h1>Fast</h1> {HOME}\n"
    assert kernel.check("%http /").outputs[0].data["text/plain"].endswith(HOME)
    kernel.check("%app shop")
    assert kernel.check("print(ask('browse'), ask('fast'))").stdout == f"{HOME} <h1>Fast</h1>\n"
    kernel.check("%app app")

    missing = kernel.run(
        "import sys\nkept = {name: sys.modules.pop(name) for name in list(sys.modules)"
        " if name.startswith('nbmicro.notebook.browse.browser')}\n"
        "before, sys.modules['anywidget'] = sys.modules['anywidget'], None\n%browse"
    )
    assert missing.error is not None
    assert "pip install anywidget" in missing.error.traceback
    kernel.check("sys.modules['anywidget'] = before; sys.modules.update(kept)")

    kernel.check("%unload_ext nbmicro")
    assert kernel.check(STATE).stdout == "0 0\n"
    names = "print([one.name for one in threading.enumerate() if one.name.startswith(('nbmicro', 'AnyIO'))])"
    assert kernel.check(names).stdout == "[]\n"


def test_a_browser_that_follows_its_app_ends_no_request_of_it(kernel: RealKernel) -> None:
    """`%app` leaves an app and comes back: the first request after that ends neither browser's running ones."""
    kernel.check(FAST)
    kernel.check(f"{ASK}\n{SLOW}")
    kernel.check("%app shop")
    kernel.check("%browse", cell_id="first")
    kernel.check("%browse", cell_id="second")
    kernel.check("%app app")
    kernel.check("both = [take(cell, 's', '/slow') for cell in ('first', 'second')]\nwait(lambda: len(began) == 2)")
    kernel.check("%app shop")
    kernel.check("take('first', 'h', '/')\nwait(lambda: len(asked('/')) == 3)\ngo.set()")
    kernel.check("wait(lambda: not sum(one.running for one in both))")
    assert kernel.check("print(asked('/slow'))").stdout == "[200, 200]\n"
    kernel.check("%app app")
