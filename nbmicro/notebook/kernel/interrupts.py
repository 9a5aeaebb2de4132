"""An interrupt of the kernel, while a cell that awaits runs a request."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any


def let_through(answers: Callable[[], bool]) -> Callable[[], None] | None:
    """Let an interrupt stop the request that an async cell waits for; return what undoes it, None if that is nothing.

    While such a cell runs, ipykernel makes an interrupt a message to the event loop, which the request holds up.

    Parameters
    ----------
    answers:
        Whether a request is being answered in this context.
    """
    if threading.current_thread() is not threading.main_thread():
        return None
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or before is signal.default_int_handler:
        return None

    def interrupted(number: int, frame: Any) -> Any:
        if answers():
            raise KeyboardInterrupt
        return before(number, frame)

    def give_back() -> None:
        if signal.getsignal(signal.SIGINT) is interrupted:
            signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, interrupted)
    return give_back
