"""The begin and the end of each cell, as IPython tells of them, and put right where an interrupt kept it from that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from nbmicro.notebook.kernel.cell import Cell
from nbmicro.threads.interrupts import InterruptsThrough
from nbmicro.web.owners import Run, current_run


class EdgeListener(Protocol):
    """What is called at the edges of cells; where an interrupt stopped a call, it is made again, behind ``mend``."""

    def cell_begins(self, cell: Cell) -> None: ...

    def cell_ends(self, cell: Cell, *, success: bool) -> None: ...

    def mend(self) -> None: ...

    def is_answering(self) -> bool: ...


class CellEdges:
    """The cells of a shell that have begun and not ended.

    An interrupt may come at any moment, between any two steps here and in IPython itself. IPython shows the interrupt
    of a hook and goes on to the next one, so each hook stands in its lists twice, and each step can be done again. A
    cell whose end IPython never tells is ended, as one that failed, when the next one begins.

    Parameters
    ----------
    shell:
        The running ``InteractiveShell``.
    listener:
        Told of cells that begin and end.
    cell_of:
        Makes the record of a cell from IPython's.
    ran:
        Called with IPython's record of what came of a cell, after its end.
    """

    def __init__(
        self, shell: Any, listener: EdgeListener, cell_of: Callable[[Any], Cell], ran: Callable[[Any], None]
    ) -> None:
        self._shell = shell
        self._listener = listener
        self._cell_of = cell_of
        self._ran = ran
        self._interrupts = InterruptsThrough(listener.is_answering)
        self._cells: dict[int, tuple[Any, Cell]] = {}
        #: Each with what drops its declarations.
        self._nested: dict[int, tuple[Any, Callable[[], None]]] = {}
        #: The first lines of cells whose end was not told, by their owners' keys, until they run again.
        self.cut_off: dict[Any, str] = {}
        self._hooks: list[tuple[str, Callable[[Any], None]]] = [
            ("pre_run_cell", self.cell_runs),
            ("pre_run_cell", lambda info: self.cell_runs(info)),
            ("post_run_cell", self.cell_ran),
            ("post_run_cell", lambda result: self.cell_ran(result)),
        ]

    def install(self) -> None:
        """Hear of cells from now on."""
        for event, hook in self._hooks:
            self._shell.events.register(event, hook)
        # Before the hook of %autoreload, whose modules declare in the name of the cell that is about to run.
        hooks = self._shell.events.callbacks["pre_run_cell"]
        hooks[:] = hooks[-2:] + hooks[:-2]

    def uninstall(self) -> None:
        """Hear of them no more."""
        self._interrupts.end()
        for event, hook in self._hooks:
            if hook in self._shell.events.callbacks[event]:
                self._shell.events.unregister(event, hook)
        for _, cell in self._cells.values():
            cell.frame = cell.task = None
        self._cells.clear()

    def cell_runs(self, info: Any) -> None:
        """A cell is about to run; IPython's record of it is given."""
        known = self._cells.get(id(info))
        if id(info) in self._nested or (known is not None and known[1].has_begun):
            return
        self._end_cut_off()
        run = current_run()
        if known is None and run is not None and self._is_in_cell(run):
            # run_cell inside a cell, %%capture, %run: part of the outer cell.
            self._nested[id(info)] = (info, run.part())
            return
        self.begin(info)

    def begin(self, info: Any) -> None:
        """Let a cell begin, unless it has."""
        known = self._cells.get(id(info))
        if known is None:
            known = self._cells[id(info)] = (info, self._cell_of(info))
        elif known[1].has_begun:
            return
        else:
            self._listener.mend()
        self._interrupts.begin()
        self._listener.cell_begins(known[1])
        known[1].has_begun = True

    def cell_ran(self, result: Any) -> None:
        """A cell has run; IPython's record of what came of it is given."""
        info = result.info
        nested = self._nested.get(id(info))
        if nested is not None:
            self._drop_empty_captures()
            if not result.success and not self.fails_with_part():
                nested[1]()
            self._nested.pop(id(info), None)
            return
        # An async cell ends in another context than it began in; only the info object is the same.
        known = self._cells.get(id(info))
        if known is not None:
            try:
                self._end(id(info), known[1], success=bool(result.success))
            finally:
                self._ran(result)
        elif not result.success:
            # An interrupt in IPython itself: what it tells then is of another info object.
            self._end_cut_off()

    def _end(self, key: int, cell: Cell, *, success: bool) -> None:
        if cell.is_ending:
            self._listener.mend()
        cell.is_ending = True
        self._interrupts.end()
        self._listener.cell_ends(cell, success=success and not cell.failed)
        self.cut_off.pop(cell.owner.key, None)
        self._cells.pop(key, None)
        cell.frame = cell.task = None

    def _end_cut_off(self) -> None:
        """End the cells that IPython runs no more, without having said so, as cells that failed."""
        for key, (_, cell) in list(self._cells.items()):
            if cell.is_over:
                self._end(key, cell, success=False)
                self.cut_off[cell.owner.key] = cell.owner.label
        if self._nested and not self._cells:
            self._nested.clear()

    def _is_in_cell(self, run: Run) -> bool:
        """Whether a cell is at work here that began before."""
        here = threading.get_ident()
        return any(cell.thread == here or cell.state is run for _, cell in list(self._cells.values()))

    def fails_with_part(self) -> bool:
        """Count the running cell as failed, although IPython does not, if all of it is the part that failed."""
        run = current_run()
        cell = next((cell for _, cell in self._cells.values() if cell.state is run), None)
        source = "" if cell is None else cell.source.strip()
        if cell is None or not (source.startswith("%%") or (source.startswith("%") and "\n" not in source)):
            return False
        cell.failed = True
        return True

    def _drop_empty_captures(self) -> None:
        """What ``%%capture`` holds of a value that was shown when it was made: an output with nothing in it."""
        captured = getattr(self._shell.display_pub, "outputs", None)
        if isinstance(captured, list):
            captured[:] = [output for output in captured if not isinstance(output, dict) or output.get("data") != {}]
