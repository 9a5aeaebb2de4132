"""Which imports of a notebook its module needs, and which of them may stand at its top."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection
from dataclasses import replace

from nbmicro.export.imports import Imported, imported_names, is_local, root_of
from nbmicro.export.survey import Survey

_LATE = "  # noqa: E402"
_UNUSED = "  # noqa: F401"


class ImportPlan:
    """The imports of a module, as its text grows.

    Parameters
    ----------
    survey:
        What the code reads and binds.
    local:
        The names of modules beside the notebook.
    looked_at:
        The words of what does not run.
    """

    def __init__(self, survey: Survey, local: Collection[str], looked_at: Collection[str]) -> None:
        self._survey = survey
        self._local = local
        self._looked_at = looked_at
        self._top: list[Imported] = []
        self._wall = _first_wall(survey)
        self.add(*(Imported("nbmicro", name) for name in sorted(survey.given)))

    def add(self, *imports: Imported) -> None:
        """Import something at the top."""
        self._top += imports

    def at_top(self) -> list[Imported]:
        """What is imported at the top, by now."""
        return list(self._top)

    def take(self, node: ast.Import | ast.ImportFrom, number: int) -> list[Imported]:
        """Take over an import statement of the unit ``number``; return what must be imported where it stands."""
        here: list[Imported] = []
        for one in imported_names(node):
            wanted = self._if_needed(one)
            if wanted is None:
                continue
            if self._may_rise(one, number):
                self._top.append(wanted)
            else:
                here.append(replace(wanted, remark=wanted.remark or _LATE))
        return here

    def _if_needed(self, one: Imported) -> Imported | None:
        if one.module == "__future__" or one.name == "*" or one.binds in self._survey.used:
            return one
        if is_local(one.module, self._local):
            # It may declare something, as a module with models does.
            return replace(one, remark=_UNUSED)
        if root_of(one.module) in {*sys.stdlib_module_names, "IPython", "nbmicro"} or one.binds in self._looked_at:
            return None
        return replace(one, remark=_UNUSED)

    def _may_rise(self, one: Imported, number: int) -> bool:
        """Whether an import means the same at the top of the module."""
        if one.module == "__future__":
            return True
        others = [other for other in self._survey.imports.get(one.binds, []) if other != one]
        bound = any(
            one.binds in unit.bound and not isinstance(unit.what, ast.Import | ast.ImportFrom)
            for unit in self._survey.units[:number]
        )
        if others or bound or one.name == "*":
            return number <= self._wall and not others and not bound
        if root_of(one.module) in sys.stdlib_module_names or root_of(one.module) == "nbmicro":
            return True
        return number <= self._wall


def _first_wall(survey: Survey) -> int:
    """The first unit that may change what an import below it gives: ``install_as_flask()``, ``os.environ[…] = …``."""
    imported: set[str] = set()
    for number, unit in enumerate(survey.units):
        node = unit.what
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported.update(one.binds for one in imported_names(node))
        elif isinstance(node, ast.Expr) and any(
            isinstance(inner, ast.Call) and _root(inner.func) in imported for inner in ast.walk(node)
        ):
            return number
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(not isinstance(target, ast.Name) and _root(target) in imported for target in targets):
                return number
    return len(survey.units)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
