"""Work for a widget beside the cells: in a thread, or where Python has none, in the turns of the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Iterator


def has_threads() -> bool:
    """Whether a thread can be started; in a browser's Python (Pyodide) none can."""
    return sys.platform != "emscripten"


def aside(steps: Iterator[float], *, name: str) -> None:
    """Begin to take the steps of ``steps``, and return at once.

    Parameters
    ----------
    steps:
        Each says how many seconds it would wait until the next one. In a thread it waits by itself, and there the
        number means nothing; without threads the messages of the front end come between two steps, and only there.
    name:
        The thread's.
    """
    if has_threads():
        threading.Thread(target=_take_all, args=(steps,), name=name, daemon=True).start()
    else:
        # As in a thread, what the cell that runs has set is not seen.
        context = contextvars.Context()
        asyncio.get_running_loop().call_soon(_take_turn, steps, context, context=context)


def _take_all(steps: Iterator[float]) -> None:
    for _ in steps:
        pass


def _take_turn(steps: Iterator[float], context: contextvars.Context) -> None:
    wait = next(steps, None)
    if wait is not None:
        asyncio.get_running_loop().call_later(wait, _take_turn, steps, context, context=context)
