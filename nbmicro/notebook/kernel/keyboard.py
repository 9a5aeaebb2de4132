"""What a handler would wait for at the notebook's keyboard is refused at once: questions, and debuggers that ask."""

from __future__ import annotations

import bdb
import builtins
import getpass
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from nbmicro.diagnosis.raised import FROM_REQUEST
from nbmicro.errors import NoKeyboard

# What asks where no kernel does it for a front end.
_ASKING: tuple[tuple[Any, str], ...] = ((builtins, "input"), (getpass, "getpass"))


def overrides(shell: Any, is_answering: Callable[[], bool]) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """What to put in the place of what asks: an object, the name of its function, and the function.

    A front end that was asked sends no cell before somebody types, and no deadline takes the question back.

    Parameters
    ----------
    shell:
        The running ``InteractiveShell``.
    is_answering:
        Whether a request is being answered in this context; outside of one everything asks as ever.
    """
    kernel = getattr(shell, "kernel", None)
    for owner, name in [(kernel, "_input_request")] if hasattr(kernel, "_input_request") else _ASKING:
        yield owner, name, _unless(is_answering, getattr(owner, name), _no_keyboard)
    set_trace = bdb.Bdb.set_trace

    def stopped(debugger: Any, frame: FrameType | None = None, *args: Any, **kwargs: Any) -> Any:
        # A debugger that is reached by another way than the keyboard is its own affair.
        if is_answering() and getattr(debugger, "stdin", sys.stdin) is sys.stdin:
            raise _no_debugger()
        return set_trace(debugger, frame or sys._getframe().f_back, *args, **kwargs)

    yield bdb.Bdb, "set_trace", stopped
    if "debugpy" in getattr(sys.breakpointhook, "__name__", ""):
        # `breakpoint()` is JupyterLab's own debugger there, and nothing at all while that is off.
        without = lambda: is_answering() and not sys.modules["debugpy"].is_client_connected()  # noqa: E731
        yield sys, "breakpointhook", _unless(without, sys.breakpointhook, _no_debugger)


def _unless(refused: Callable[[], bool], ask: Callable[..., Any], error: Callable[[], Exception]) -> Callable[..., Any]:
    def asked(*args: Any, **kwargs: Any) -> Any:
        if refused():
            raise error()
        return ask(*args, **kwargs)

    return asked


def _no_keyboard() -> NoKeyboard:
    return NoKeyboard("a handler cannot ask at the keyboard: its reader is a browser.", hint=FROM_REQUEST)


def _no_debugger() -> NoKeyboard:
    return NoKeyboard(
        "a handler cannot stop for a debugger: a request waits for it, and nobody could type.",
        hint="Let it fail there, such as with  1 / 0   and then open its frame in a cell of its own:  %debug",
    )
