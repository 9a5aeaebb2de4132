"""Names of nbmicro's own that a cell has given another meaning: ``request = request.args`` at the notebook's top
level.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from nbmicro.scopes import Names
from nbmicro.web.names import HANDLER_NAMES
from nbmicro.web.owners import Run


class TakenNames:
    """What our names meant when each running cell began."""

    def __init__(self) -> None:
        self._ours: WeakKeyDictionary[Run, frozenset[str]] = WeakKeyDictionary()

    def begins(self, run: Run, space: Mapping[str, Any]) -> None:
        """Note which names are ours before a cell runs in ``space``."""
        self._ours[run] = frozenset(name for name, value in HANDLER_NAMES.items() if space.get(name) is value)

    def told(self, run: Run, source: str, space: Mapping[str, Any]) -> list[str]:
        """What is to be said of a cell that ended: the same however often it runs.

        Parameters
        ----------
        run, source:
            The cell's run, and its text.
        space:
            The notebook's variables. An import gives a name its meaning on purpose, and is not told.
        """
        before = self._ours.pop(run, frozenset())
        taken = [name for name, value in HANDLER_NAMES.items() if name in space and space[name] is not value]
        asked = [name for name in taken if name in source]
        read = asked or "global" in source or (taken and "*" in source)
        names = _names(source) if read else Names()
        brought = {name for name in taken if any(_brings(module, name, space[name]) for module in names.stars)}
        lines = [
            f"Note: `{name}` is now the notebook's own (of type {type(space[name]).__name__}), in every handler too. "
            f"Use another name for it, and have nbmicro's again:  from nbmicro import {name}"
            for name in taken
            if name not in names.imports and (name in names.binds or name in before - brought)
        ]
        return lines + [
            f"Note: `global {name}` lets a function take nbmicro's `{name}` from every handler. Use another name there."
            for name in HANDLER_NAMES
            if name in names.rebinds and name not in taken
        ]


def _brings(module: str, name: str, value: object) -> bool:
    return getattr(sys.modules.get(module), name, None) is value


def _names(source: str) -> Names:
    """The names of a plain cell; of one that is not Python, none."""
    from nbmicro.cells.cell_python import cell_names
    from nbmicro.cells.notebook_cell import split_cell
    from nbmicro.errors import CellError

    try:
        return cell_names(split_cell(source))
    except CellError:
        return Names()
