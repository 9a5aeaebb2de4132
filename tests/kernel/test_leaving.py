"""Errors and exits of cells are IPython's own again once nbmicro has gone, or those of whoever came before it."""

from __future__ import annotations

import pytest

from nbmicro.testing.kernel import RealKernel
from tests.kernel.test_when_things_go_wrong import wait_until

pytestmark = pytest.mark.kernel

KEPT = "[name for name in ('showtraceback', 'ask_exit') if name in vars(get_ipython())]"


def test_unloading_gives_back_how_errors_are_shown(kernel: RealKernel) -> None:
    assert kernel.check(KEPT, cell_id="kept").text == "['showtraceback', 'ask_exit']"
    kernel.check("%unload_ext nbmicro", cell_id="unload")
    assert kernel.check(KEPT, cell_id="kept").text == "[]"
    error = kernel.run("1/0", cell_id="fails").error
    assert error is not None
    assert error.name == "ZeroDivisionError"


def test_a_way_to_show_errors_that_was_there_before_is_used_and_comes_back() -> None:
    with RealKernel() as kernel:
        kernel.check("shell = get_ipython()\nseen = []\nown = shell.showtraceback")
        kernel.check("def mine(*args, **more):\n    seen.append(1)\n    return own(*args, **more)")
        kernel.check("shell.showtraceback = mine\n%load_ext nbmicro")
        assert kernel.run("1/0").error is not None
        kernel.check("%unload_ext nbmicro")
        assert kernel.run("1/0").error is not None
        assert kernel.check("seen, shell.showtraceback is mine").text == "([1, 1], True)"


def test_exit_in_a_cell_still_ends_the_kernel(kernel: RealKernel) -> None:
    kernel.check("%%route /leave\nexit()", cell_id="route")
    assert "SystemExit" in kernel.check("%http /leave", cell_id="ask").text
    assert kernel.alive
    kernel.send("exit()", cell_id="exit")
    wait_until(lambda: not kernel.alive)
