"""`%explore` in a kernel without a front end: what readers see, and what is left when it ends."""

from __future__ import annotations

from nbmicro.testing.kernel import RealKernel

WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "from ipywidgets.widgets.widget import _instances; print(len(_instances))"
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
    line, still = (output.data for output in first.outputs)
    assert line["text/plain"].startswith("An explorer of app (nbmicro, 1 route): run this cell to use it.")
    assert WIDGET in line
    assert "text/html" not in line
    assert still["text/plain"] == "GET   /users/<int:id>   users_id   %%route /users/<int:id>"
    assert '<div class="nbmicro-explore-still"><table' in still["text/html"]
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
        " if name.startswith('nbmicro.notebook.widgets')}\n"
        "before, sys.modules['ipywidgets'] = sys.modules['ipywidgets'], None\n%explore"
    )
    assert missing.error is not None
    assert "pip install ipywidgets anywidget" in missing.error.traceback
    kernel.check("sys.modules['ipywidgets'] = before; sys.modules.update(kept)")

    kernel.check("%unload_ext nbmicro")
    assert kernel.check(STATE).stdout == "0\n"
