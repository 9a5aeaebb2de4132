"""Cells of a front end that gives them no ids, known by their text."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from nbmicro.web.owners import CellOfText

_numbers = count(1)


class CellTexts:
    """What the cells of one shell are known by.

    While a notebook is run from its top to its end, as nbclient, nbval and ``nbmicro test`` run it, each text is a cell
    of its own, as with ids. Where one of them runs again, or somebody types, a new text may be an old cell that was
    edited: then what it declares is known by its kind and name.
    """

    def __init__(self) -> None:
        # Of those that have declared something; others run again in any notebook (``%http /``).
        self._cells: dict[str, CellOfText] = {}
        self._runs_again = False

    def key(self, source: str, *, is_typed: bool) -> Hashable:
        """The key of the cell that is about to run; None where what it declares is known by its name."""
        known = self._cells.get(source)
        if known is not None:
            self._runs_again = True
            return known
        return None if is_typed or self._runs_again else CellOfText(next(_numbers))

    def declared_something(self, key: Hashable, source: str) -> None:
        """Note that a cell with this text and key has declared something."""
        if isinstance(key, CellOfText):
            self._cells[source] = key


_texts: WeakKeyDictionary[Any, CellTexts] = WeakKeyDictionary()


def texts_of(shell: Any) -> CellTexts:
    """The cells of a shell, which outlive ``%reload_ext nbmicro``."""
    return _texts.setdefault(shell, CellTexts())


def is_typed(shell: Any) -> bool:
    """Whether somebody types the cells: a terminal names none, nor do old front ends, who can be asked for input."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return hasattr(shell, "prompts")
    parent = kernel.get_parent() if hasattr(kernel, "get_parent") else {}
    content = parent.get("content") if isinstance(parent, Mapping) else None
    return bool(isinstance(content, Mapping) and content.get("allow_stdin"))
