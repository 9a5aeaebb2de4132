"""The widgets of a notebook: how many live, and when they end. The same for every kind of them."""

from __future__ import annotations

import pytest

from nbmicro.testing.kernel import RealKernel
from tests.support.widgets import INSTANCES

KINDS = ["browse", "explore"]
#: Of a panel's models each is a message when it ends: those of 16 panels at once are more than a socket keeps.
LIMIT = 4
LOOK = f"""import nbmicro.notebook.kernel.live_widgets
assert nbmicro.notebook.kernel.live_widgets.LIMIT == 16
nbmicro.notebook.kernel.live_widgets.LIMIT = {LIMIT}
{INSTANCES}from nbmicro.notebook.extension import session
def models():
    return len(_instances)
def opened(kind):
    return list(session().widgets._kinds[kind].values())
closed = []
def watch(widget):
    close = widget.close
    def closing():
        closed.append(widget)
        close()
    widget.close = closing
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_widget_ends_with_its_cell_with_the_limit_and_with_the_session(kernel: RealKernel, kind: str) -> None:
    """Run again, too many of its kind, `%unload_ext`: each is closed once, with every model that it made."""
    kernel.check('%%route /\n"home"', cell_id="route")
    kernel.check(LOOK, cell_id="look")
    assert kernel.check("print(models())", cell_id="count").stdout == "0\n"
    kernel.check(f"%{kind}", cell_id="widget-0")
    one = int(kernel.check("print(models())", cell_id="count").stdout)
    assert one > 0

    kernel.check(f"first = opened({kind!r})[0]\nwatch(first)")
    kernel.check(f"%{kind}", cell_id="widget-0")
    assert (
        kernel.check(f"print(closed == [first], first in opened({kind!r}), models())").stdout == f"True False {one}\n"
    )

    kernel.check(f"oldest = opened({kind!r})[0]\nwatch(oldest)\nclosed.clear()")
    for number in range(1, LIMIT + 1):
        kernel.check(f"%{kind}", cell_id=f"widget-{number}")
    assert kernel.check(f"print(closed == [oldest], len(opened({kind!r})))").stdout == f"True {LIMIT}\n"
    assert kernel.check("print(models())").stdout == f"{LIMIT * one}\n"

    kernel.check(f"closed.clear()\nlast = opened({kind!r})\nfor one in last: watch(one)")
    kernel.check("%unload_ext nbmicro")
    assert kernel.check("print(closed == last[::-1], models())").stdout == "True 0\n"


def test_the_kinds_do_not_count_together(kernel: RealKernel) -> None:
    """One cell may open one of each, and the one does not end the other."""
    kernel.check('%%route /\n"home"', cell_id="route")
    kernel.check(LOOK, cell_id="look")
    both = "\n".join(f"%{kind}" for kind in KINDS)
    kernel.check(both, cell_id="both")
    kernel.check(both, cell_id="both")
    assert kernel.check(f"print([len(opened(kind)) for kind in {KINDS!r}])").stdout == "[1, 1]\n"


def test_without_cell_ids_a_browser_is_known_by_its_path_and_a_panel_by_its_kind() -> None:
    with RealKernel(cell_ids=False) as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check(LOOK)
        for line in ("%browse /", "%browse /", "%browse /other", "%explore", "%explore"):
            kernel.check(line)
        assert kernel.check(f"print([len(opened(kind)) for kind in {KINDS!r}])").stdout == "[2, 1]\n"
