"""The kernel that tests run in is a real one, and speaks as JupyterLab does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmicro.errors import DeadlineExceeded
from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as running:
        yield running


def test_a_reply_holds_prints_values_and_displays(kernel: RealKernel) -> None:
    reply = kernel.run(
        "import sys\n"
        "from IPython.display import HTML, display\n"
        "print('out'); print('err', file=sys.stderr)\n"
        "display(HTML('<b>bold</b>'))\n"
        "6 * 7"
    )
    assert (reply.status, reply.error) == ("ok", None)
    assert (reply.stdout, reply.stderr) == ("out\n", "err\n")
    assert [output.kind for output in reply.outputs] == ["display", "result"]
    assert reply.html.strip() == "<b>bold</b>"
    assert reply.outputs[1].text == "42"


def test_an_error_is_in_the_reply_and_its_traceback_has_no_colours(kernel: RealKernel) -> None:
    reply = kernel.run("1 / 0")
    assert reply.status == "error"
    assert reply.error is not None
    assert reply.error.name == "ZeroDivisionError"
    assert "\x1b" not in reply.error.traceback
    assert "division by zero" in reply.shown


def test_the_cell_id_and_the_deleted_cells_reach_the_kernel(kernel: RealKernel) -> None:
    show = "meta = get_ipython().kernel.get_parent()['metadata']; print(meta.get('cellId'), meta.get('deletedCells'))"
    assert kernel.run(show, cell_id="c1", deleted=["c0"]).stdout == "c1 ['c0']\n"


def test_without_cell_ids_the_kernel_is_sent_none() -> None:
    with RealKernel(cell_ids=False) as bare:
        show = "print('cellId' in get_ipython().kernel.get_parent()['metadata'])"
        assert bare.run(show, cell_id="c1").stdout == "False\n"


def test_an_interrupt_stops_the_cell_that_runs_and_the_next_one_works(kernel: RealKernel) -> None:
    pending = kernel.send("import time\nprint('under way', flush=True)\nwhile True: time.sleep(0.1)")
    pending.wait_for_output("under way")
    kernel.interrupt()
    reply = pending.result()
    assert reply.error is not None
    assert reply.error.name == "KeyboardInterrupt"
    assert kernel.check("1 + 1").text == "2"


def test_a_cell_that_does_not_end_meets_the_deadline(kernel: RealKernel) -> None:
    pending = kernel.send("import time\nprint('under way', flush=True)\nwhile True: time.sleep(0.1)")
    pending.wait_for_output("under way")
    with pytest.raises(DeadlineExceeded, match=r"0\.2 s"):
        pending.result(timeout=0.2)
    kernel.interrupt()
    pending.result()
    assert kernel.check("2 + 2").text == "4"


def test_a_cell_that_must_succeed_fails_the_test_with_its_traceback(kernel: RealKernel) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        kernel.check("1 / 0")


def test_a_kernel_that_dies_is_noticed_at_once_and_leaves_no_process() -> None:
    with RealKernel() as doomed:
        with pytest.raises(DeadlineExceeded, match="died"):
            doomed.run("import os; os._exit(3)", timeout=30)
        assert not doomed.alive
