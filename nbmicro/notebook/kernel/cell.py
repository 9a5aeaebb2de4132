"""One execution of a cell, and how IPython's frames tell of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from nbmicro.threads.workers import current_task
from nbmicro.web.owners import Owner


class Cell:
    """One execution of a cell.

    Parameters
    ----------
    owner:
        The cell as an owner of declarations.
    source:
        Its text.
    deleted:
        Ids of cells that were deleted since the last execution.
    """

    def __init__(self, owner: Owner, source: str, deleted: frozenset[str]) -> None:
        self.owner = owner
        self.source = source
        self.deleted = deleted
        self.state: Any = None
        #: Whether what it runs has failed without IPython's counting it as failed: ``%%capture``, ``%run``.
        self.failed = False
        #: Whether its begin has come to its end, and whether its end has begun.
        self.has_begun = self.is_ending = False
        #: Where IPython runs it: it does so as long as this frame is among those of its thread, or its task waits.
        self.frame = _frame_of_cell()
        self.thread = threading.get_ident()
        self.task = current_task()

    @property
    def is_over(self) -> bool:
        """Whether IPython runs it no more; an interrupt can keep its end from being told."""
        if self.frame is None or self.thread != threading.get_ident() or any(one is self.frame for one in _frames()):
            return False
        return self.task in (None, current_task()) or self.task.done()


def first_line(source: str) -> str:
    """The first line of a cell that says something, by which people know it."""
    lines = [line.strip() for line in source.splitlines()]
    code = [line for line in lines if line and not line.startswith("#")]
    return next(iter(code or [line for line in lines if line]), "")


def _frame_of_cell() -> FrameType | None:
    """IPython's frame of the cell that runs now, of the outermost one; None where there is none of that name."""
    found = None
    above: FrameType | None = sys._getframe(1)
    while above is not None:
        if above.f_code.co_name == "run_cell_async":
            found = above
        above = above.f_back
    return found


def info_of_running_cell(shell: Any) -> Any | None:
    """IPython's record of the cell that runs now, of the outermost one; None where none does."""
    info = None
    for frame in _frames():
        if frame.f_code.co_name == "run_cell_async" and frame.f_locals.get("self") is shell:
            info = getattr(frame.f_locals.get("result"), "info", None)
    return info


def is_of_file() -> bool:
    """Whether the error that IPython shows now is that of a file that a cell runs (``%run``), after which the cell goes
    on."""
    return any(frame.f_code.co_name == "safe_execfile" for frame, _ in zip(_frames(), range(6), strict=False))


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back
