"""The names that a served notebook has, those that are lost with the cells passed over, and who needs them."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nbmicro.cells.cell_python import declares
from nbmicro.cells.notebook_cell import NotebookCell
from nbmicro.errors import LoadError
from nbmicro.scopes import Names
from nbmicro.web.names import HANDLER_NAMES

_HISTORY = re.compile(r"_{1,3}|_i{1,3}|_i?\d+|_[iod]h|In|Out")
_MAKERS = frozenset({"App", "Flask", "Blueprint", "create_app", "make_app"})


_NOTEBOOK = "the notebook itself"
_IPYTHON = "IPython's history"


@dataclass(frozen=True)
class _Reader:
    label: str
    where: str
    names: frozenset[str]
    node: ast.AST

    def line_of(self, name: str) -> int | None:
        """The first line that reads a name."""
        found = (one for one in ast.walk(self.node) if isinstance(one, ast.Name) and one.id == name)
        return min((one.lineno for one in found), default=None)


class NeededNames:
    """What the cells seen so far bind, lose and need."""

    def __init__(self) -> None:
        self.kept: set[str] = {"app", *HANDLER_NAMES, *dir(builtins)}
        self.lost: dict[str, str] = {}
        self._marked: set[str] = set()
        self.apps: frozenset[str] = frozenset({"app"})
        self._readers: list[_Reader] = []
        self._functions: dict[str, frozenset[str]] = {}

    def lose(self, names: Iterable[str], cell: NotebookCell) -> None:
        """Note names that only a cell, or a part of it, binds that is passed over."""
        for name in names:
            self.lost.setdefault(name, f"cell {cell.number} ({cell.first_line})")
            if cell.is_skipped:
                self._marked.add(name)

    def origin_if_lost(self, name: str) -> str | None:
        """Where a name comes from that will not be there; None if it will, or if nobody has heard of it."""
        if name in self.kept:
            return None
        if name == "client":
            return self.lost.get(name, _NOTEBOOK)
        return self.lost.get(name, _IPYTHON if _HISTORY.fullmatch(name) else None)

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

    def keep(self, cell: NotebookCell, node: ast.stmt, names: Names) -> None:
        """Note a statement that runs."""
        self.kept |= names.binds
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = node.value.func
            if (called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")) in _MAKERS:
                self.apps |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        label = "what is declared"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            label = f"`{node.name}`"
            self._functions[node.name] = names.later
        if declares(node, self.apps):
            self.need(label, cell, names.later, node)

    def need(self, label: str, cell: NotebookCell, names: Iterable[str], node: ast.AST) -> None:
        """Note what a handler, written in ``node``, reads when it is called."""
        self._readers.append(_Reader(label, cell.where, frozenset(names), node))

    def check(self) -> None:
        """Once all cells are seen: LoadError if a handler, or a function it reaches, reads a lost name."""
        for reader in self._readers:
            self._check(reader)

    def _check(self, reader: _Reader) -> None:
        for name, way in self._reached(sorted(reader.names)):
            origin = self.origin_if_lost(name)
            if origin is not None:
                through = "".join(f", through `{one}`" for one in way)
                reads = f"{reader.label} reads `{name}`{through}, "
                line = reader.line_of(way[0] if way else name)
                raise LoadError(
                    reads + self._fate(origin), hint=self._way_out(name, origin), where=reader.where, line=line
                )

    @staticmethod
    def _fate(origin: str) -> str:
        if origin in (_NOTEBOOK, _IPYTHON):
            return "which only a notebook has."
        return f"and that name comes only from {origin}, which is passed over when the notebook is served."

    def _way_out(self, name: str, origin: str) -> str:
        if origin == _NOTEBOOK:
            return "A handler sends its own app no request: let it call the function that answers there."
        if origin == _IPYTHON:
            return "Give the value a name in the cell that makes it:  answer = …"
        if name in self._marked:
            return f"Take the mark off that cell, or bind `{name}` in another."
        return f"A served notebook sends no requests of its own. Bind `{name}` in a cell that sends none."
