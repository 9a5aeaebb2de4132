"""The names that a served notebook has, those that are lost with the cells passed over, and who needs them.

What lives here: the bookkeeping over a whole notebook, and the error that names the way from a handler to a lost name.
What must not: deciding which cells are passed over.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nbmicro.errors import LoadError
from nbmicro.serving.notebook_file import NotebookCell
from nbmicro.serving.statement_names import StatementNames, declares
from nbmicro.web.names import HANDLER_NAMES

__all__ = ["NeededNames"]

_HISTORY = re.compile(r"_{1,3}|_i{1,3}|_i?\d+|_[iod]h|In|Out")
_MAKERS = frozenset({"App", "Flask", "Blueprint", "create_app", "make_app"})


@dataclass(frozen=True)
class _Reader:
    label: str
    where: str
    names: frozenset[str]


class NeededNames:
    """What the cells seen so far bind, lose and need."""

    def __init__(self) -> None:
        self.kept: set[str] = {"app", *HANDLER_NAMES, *dir(builtins)}
        self.lost: dict[str, str] = {}
        self.apps: frozenset[str] = frozenset({"app"})
        self._readers: list[_Reader] = []
        self._functions: dict[str, frozenset[str]] = {}

    def lose(self, names: Iterable[str], cell: NotebookCell) -> None:
        """Note names that only a cell, or a part of it, binds that is passed over."""
        for name in names:
            self.lost.setdefault(name, f"cell {cell.number} ({cell.first_line})")

    def origin_if_lost(self, name: str) -> str | None:
        """Where a name comes from that will not be there; None if it will, or if nobody has heard of it."""
        if name in self.kept:
            return None
        if name == "client":
            return self.lost.get(name, "the notebook itself")
        return self.lost.get(name, "IPython's history" if _HISTORY.fullmatch(name) else None)

    def why_lost(self, name: str) -> str | None:
        """Why a statement that reads a name at once cannot run: it is lost, or a function that needs a lost one."""
        for needed, _ in self._reached([name]):
            origin = self.origin_if_lost(needed)
            if origin is not None:
                through = "" if needed == name else f" needs `{needed}`, and that"
                return f"which{through} comes only from {origin}"
        return None

    def _reached(self, names: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """These names and all that functions among them read when they are called, each with the way to it."""
        waiting: list[tuple[str, tuple[str, ...]]] = [(name, ()) for name in names]
        seen: set[str] = set()
        while waiting:
            name, way = waiting.pop(0)
            if name not in seen:
                seen.add(name)
                yield name, way
                waiting += [(inner, (*way, name)) for inner in sorted(self._functions.get(name, ()))]

    def keep(self, cell: NotebookCell, node: ast.stmt, names: StatementNames) -> None:
        """Note a statement that runs."""
        self.kept |= names.bound
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = node.value.func
            if (called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")) in _MAKERS:
                self.apps |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        label = "what is declared"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            label = f"`{node.name}`"
            self._functions[node.name] = names.later
        if declares(node, self.apps):
            self.need(label, cell, names.later)

    def need(self, label: str, cell: NotebookCell, names: Iterable[str]) -> None:
        """Note what a handler reads when it is called."""
        self._readers.append(_Reader(label, cell.where, frozenset(names)))

    def check(self) -> None:
        """Once all cells are seen: LoadError if a handler, or a function it reaches, reads a lost name."""
        for reader in self._readers:
            self._check(reader)

    def _check(self, reader: _Reader) -> None:
        for name, way in self._reached(sorted(reader.names)):
            origin = self.origin_if_lost(name)
            if origin is not None:
                through = "".join(f", through `{one}`" for one in way)
                raise LoadError(
                    f"{reader.label} reads `{name}`{through}, and that name comes only from {origin}, which is passed "
                    "over when the notebook is served.",
                    hint=f"A served notebook sends no requests of its own. Bind `{name}` in a cell that sends none.",
                    where=reader.where,
                )
