"""`%explore` in a kernel without a front end: what readers see, and what is left when it ends."""

from __future__ import annotations

from nbmicro.testing.kernel import RealKernel
from tests.support.widgets import INSTANCES

WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = f"{INSTANCES}print(len(_instances))"
FAST = """from fastapi import FastAPI
shop = FastAPI(openapi_url=None)
@shop.get("/fast/{number:int}")
def fast(number: int): return number
"""


def test_what_an_explorer_shows_without_a_front_end(kernel: RealKernel) -> None:
    """A line that says what to do and the routes, the same at every run; run again, one panel is left; then none."""
    kernel.check('%%route /users/<int:id>\n{"id": id}', cell_id="route")
    first = kernel.check("%explore", cell_id="explore")
    assert first.text == kernel.check("%explore", cell_id="explore").text
    assert first.text == kernel.check("import nbmicro\nnbmicro.explore()", cell_id="explore").text
    line, still = (output.data for output in first.outputs)
    assert line["text/plain"].startswith("An explorer of app (nbmicro, 1 route): run this cell to use it.")
    assert WIDGET in line
    assert "text/html" not in line
    assert still["text/plain"] == "GET   /users/<int:id>   users_id   %%route /users/<int:id>"
    assert still["text/html"].startswith('<div class="nbmicro-explore-still"><div class="mathjax_ignore')
    once = kernel.check(STATE).stdout
    kernel.check("%explore", cell_id="explore")
    kernel.check('%%route /more\n"more"', cell_id="more")
    assert kernel.check(STATE).stdout == once

    kernel.check(FAST)
    kernel.check("%app shop")
    fast = kernel.check("%explore", cell_id="fast")
    assert fast.outputs[1].data["text/plain"].startswith("GET   /fast/{number:int}   fast")
    kernel.check("%app app")
    assert kernel.run("%explore /users").error is not None
    assert "Enter sends" in kernel.check("%explore --help").stdout

    missing = kernel.run(
        "import sys\nkept = {name: sys.modules.pop(name) for name in list(sys.modules)"
        " if name.startswith('nbmicro.notebook.explore.') and name.rpartition('.')[2] in"
        " ('explorer', 'panel')}\n"
        "before, sys.modules['ipywidgets'] = sys.modules['ipywidgets'], None\n%explore"
    )
    assert missing.error is not None
    assert "pip install ipywidgets anywidget" in missing.error.traceback
    kernel.check("sys.modules['ipywidgets'] = before; sys.modules.update(kept)")

    kernel.check("%unload_ext nbmicro")
    assert kernel.check(STATE).stdout == "0\n"


ROUTES = """import threading
go, here = threading.Event(), threading.Event()
@app.route("/slow/<int:id>")
def slow(id):
    here.set()
    print("printed by slow")
    return str(go.wait(20))
@app.post("/form")
def form():
    return request.form["name"]
"""
# What the front end sends, and a wait for what becomes of it.
FRONT = """import gc, time
from nbmicro.notebook.explore.explorer import Explorer
panel = next(one for one in gc.get_objects() if isinstance(one, Explorer))
def press(what, text=""):
    panel._panel.keys._handle_custom_msg({"do": what, "text": text}, [])
def wait(holds):
    end = time.monotonic() + 20
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    assert holds()
"""


def test_what_is_pressed_is_done_one_after_the_other(kernel: RealKernel) -> None:
    """One request at a time, its prints its own; secrets are masked; going from form to form leaves nothing behind."""
    kernel.check(ROUTES, cell_id="routes")
    kernel.check("%explore", cell_id="explore")
    kernel.check(FRONT)
    sent = kernel.check(
        "press('search', 'slow')\npress('send')\nhere.wait(20)\npress('send')\nprint(panel._panel.message.value)"
    )
    assert sent.stdout == "One request is on its way; this one was not sent.\n"
    ended = kernel.check("go.set()\nwait(lambda: panel._sent)\nprint(panel._panel.history.options)")
    assert ended.stdout == "(('1  GET /slow/1 → 200', 0),)\n"
    shown = kernel.check("print(panel._panel.output.outputs[0]['data']['text/plain'])").stdout
    assert "printed by slow" in shown
    assert kernel.check("%exchanges").text.split() == ["1", "GET", "/slow/1", "200", "widget"]

    kernel.check("panel._panel.headers.value = 'Authorization: Bearer abc'")
    masked = kernel.check("press('cell')\nprint(panel._panel.code.value, panel._panel.message.value)").stdout
    assert masked.startswith("%%http\nGET /slow/1\nAuthorization: Bearer •••\n")
    assert "put each in the place of its •••" in masked
    assert "abc" not in masked

    there_and_back = "for _ in range(5): press('search', 'form'); press('search', 'slow')\n"
    once = kernel.check(there_and_back + STATE).stdout
    assert kernel.check(there_and_back + STATE).stdout == once
    gone = kernel.check("@app.post('/form')\ndef form():\n    return request.form['name']", cell_id="routes")
    assert gone.error is None
    kernel.check("wait(lambda: 'is gone' in panel._panel.head.value)")
    kernel.check(FAST)
    kernel.check("%app shop")
    kernel.check("wait(lambda: '/fast/{number:int}' in panel._panel.head.value)")


NEW_KIND = """import json
from nbmicro.render import body
from markupsafe import Markup
body.KINDS = (body.BodyKind(
    "map",
    lambda response: response.media_type == "application/geo+json",
    lambda response: ["a point"],
    lambda exchange, options: [Markup("<b>a point</b>")],
    more=lambda response: {"application/geo+json": json.loads(response.text)},
), *body.KINDS)
@app.get("/map")
def a_map():
    return Response('{"type": "Point"}', mimetype="application/geo+json")
"""


def test_a_new_kind_of_body_is_seen_in_the_panel(kernel: RealKernel) -> None:
    """As text, as HTML and by its own media type: the panel shows the bundle that a cell shows."""
    kernel.check(NEW_KIND, cell_id="map")
    kernel.check("%explore", cell_id="explore")
    kernel.check(FRONT)
    kernel.check("press('search', 'map')\npress('send')\nwait(lambda: panel._panel.output.outputs)")
    shown = kernel.check("data = panel._panel.output.outputs[0]['data']\nprint(data)").stdout
    assert "a point" in kernel.check("print(data['text/plain'])").stdout
    assert "<b>a point</b>" in kernel.check("print(data['text/html'])").stdout
    assert "'application/geo+json': {'type': 'Point'}" in shown
    below = kernel.check("%http /map").outputs[0].data
    assert below["application/geo+json"] == {"type": "Point"}
