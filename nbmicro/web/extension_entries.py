"""``app.extensions``: a mapping whose entries belong to the cells and modules that set them."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from itertools import count
from types import CodeType, FrameType
from typing import Any

from nbmicro.web.declarations import GONE, Declaration
from nbmicro.web.ledger import Ledger
from nbmicro.web.live import LiveDict, differences
from nbmicro.web.owners import Run, current_owner, current_run

_numbers = count(1)


@dataclass(frozen=True, slots=True, eq=False)
class ExtensionEntry:
    """An entry's value.

    Parameters
    ----------
    value:
        The value; ``GONE`` where the entry was deleted.
    number:
        Higher for what was set later.
    generation:
        Of the module that set it, if a module did.
    statement:
        What set it in a cell without an id: running it again means the same entry.
    """

    value: Any
    number: int
    generation: Any = None
    statement: CodeType | None = None


class Extensions(LiveDict):
    """The extensions of an app, by name.

    A cell that runs again, or a module that is loaded again, does not see the entries of its earlier run, so that
    ``SQLAlchemy(app)`` may stand in a cell. Everyone else does see them until the cell has ended; then those of the new
    run take their place, or nothing does if the cell sets them no more. If it fails, all is as it was.
    """

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger
        self._committed: tuple[int, list[tuple[Declaration, Any]]] = (-1, [])

    def _write(self, changed: dict[str, Any]) -> None:
        who = current_owner()
        statement = _statement(who.run) if who.run is not None and who.owner.key is None else None
        for name, value in differences(self._read(), changed):
            entry = ExtensionEntry(value, next(_numbers), who.generation, statement)
            self._ledger.declare(Declaration("extension", name, entry), who, instead=True)

    def _read(self) -> dict[str, Any]:
        """The entries as whoever asks sees them."""
        run = current_run()
        statement = _statement(run) if run is not None and run.owner.key is None else None
        pending = self._ledger.pending(run) if run is not None and statement is not None else ()
        latest: dict[str, ExtensionEntry] = {}
        for declaration, owner in self._entries(run):
            entry: ExtensionEntry = declaration.value
            if statement is not None and entry.statement == statement and declaration not in pending:
                continue
            # The module that set the entry asks again, in a later generation of itself.
            if entry.generation is not None:
                who = current_owner()
                if who.owner == owner and who.generation is not entry.generation:
                    continue
            before = latest.get(str(declaration.key))
            if before is None or before.number < entry.number:
                latest[str(declaration.key)] = entry
        return {name: entry.value for name, entry in latest.items() if entry.value is not GONE}

    def _entries(self, run: Run | None) -> list[tuple[Declaration, Any]]:
        """The declared entries with their owners; those that are committed are looked up once."""
        ledger = self._ledger
        has_pending = run is not None and id(ledger) in run.ledgers
        version, known = self._committed
        if not has_pending and version == ledger.version:
            return known
        with ledger.lock:
            version = ledger.version
            entries = ledger.entries(run if has_pending else None)
        entries_here = [(one.declaration, one.owner) for one in entries if one.declaration.kind == "extension"]
        if not has_pending:
            self._committed = (version, entries_here)
        return entries_here


def _statement(run: Run) -> CodeType | None:
    """The statement at the top level of the run's cell that is at work now.

    Code objects are equal when their source and its place in the cell are, whatever file name they got.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals is run.namespace and not frame.f_code.co_flags & inspect.CO_NEWLOCALS:
            return frame.f_code
        frame = frame.f_back
    return None
