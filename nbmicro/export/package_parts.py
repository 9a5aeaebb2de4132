"""A notebook as a package: each blueprint that stands by itself in a module of its own, all else in ``__init__``."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection
from dataclasses import dataclass, replace

from nbmicro.export.imports import Imported
from nbmicro.export.survey import Survey, Unit
from nbmicro.loading.selection import Action, Selection, Statement
from nbmicro.scopes import names_of, root_name
from nbmicro.web.names import HANDLER_NAMES


@dataclass(frozen=True)
class BlueprintPart:
    """A blueprint that is a module of its own.

    Parameters
    ----------
    name:
        Its variable, and its module's name.
    units:
        The units that are its own: what makes it, and what is declared on it alone.
    imported:
        The import statements that it needs.
    binds:
        The names that it binds.
    """

    name: str
    units: frozenset[int]
    imported: frozenset[int]
    binds: frozenset[str]


def blueprints_apart(survey: Survey) -> tuple[list[BlueprintPart], list[str]]:
    """The blueprints that stand by themselves, and a note on each that does not."""
    apart: list[BlueprintPart] = []
    notes: list[str] = []
    for unit in survey.units:
        match unit.what:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func)) if (
                root_name(func) == "Blueprint" or getattr(func, "attr", "") == "Blueprint"
            ):
                own = [one for one in survey.units if one is unit or _is_on(one, name)]
                shared = _shared(own, survey)
                if shared:
                    notes.append(f"`{name}` stays in __init__.py, with which it shares `{shared}`.")
                    continue
                needed = {read for one in own for read in _reads(one)}
                imports = [
                    one
                    for one in survey.units
                    if isinstance(one.what, ast.Import | ast.ImportFrom)
                    and (one.bound & needed or getattr(one.what, "module", "") == "__future__")
                ]
                apart.append(
                    BlueprintPart(
                        name,
                        frozenset(map(id, (one.what for one in own))),
                        frozenset(map(id, (one.what for one in imports))),
                        frozenset(bound for one in own for bound in one.bound),
                    )
                )
    return apart, notes


def _is_on(unit: Unit, name: str) -> bool:
    """Whether a statement declares on a blueprint, and on nothing else."""
    node = unit.what
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return bool(node.decorator_list) and all(root_name(one) == name for one in node.decorator_list)
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=root)))):
            return root == name
    return False


def _reads(unit: Unit) -> frozenset[str]:
    names = names_of([unit.what]) if isinstance(unit.what, ast.stmt) else None
    return names.reads | names.later if names is not None else frozenset()


def _shared(own: list[Unit], survey: Survey) -> str:
    """A name for which these units cannot stand apart: one that others bind too, or that they read of others."""
    bound = {name for unit in own for name in unit.bound}
    for unit in survey.units:
        if unit not in own and unit.bound & bound:
            return min(unit.bound & bound)
    for unit in own:
        if unit.needs_context or unit.awaits:
            return survey.target
        rebinds = names_of([unit.what]).rebinds if isinstance(unit.what, ast.stmt) else frozenset()
        for name in sorted((_reads(unit) | rebinds) - bound):
            imported = survey.imports.get(name)
            if imported is not None and len(set(imported)) == 1 and not _bound_otherwise(name, survey):
                continue
            if name in survey.bound or (name not in HANDLER_NAMES and not hasattr(builtins, name) and name[:2] != "__"):
                return name
    return ""


def _bound_otherwise(name: str, survey: Survey) -> bool:
    imports = (ast.Import, ast.ImportFrom)
    return any(name in unit.bound and not isinstance(unit.what, imports) for unit in survey.units)


def selection_of(selection: Selection, part: BlueprintPart) -> Selection:
    """The cells of a blueprint's module."""
    kept = part.units | part.imported
    steps = []
    for step in selection.steps:
        parts = tuple(one for one in step.parts if isinstance(one, Statement) and id(one.node) in kept)
        if parts:
            steps.append(replace(step, parts=parts))
    return replace(selection, steps=steps)


def selection_without(selection: Selection, parts: list[BlueprintPart]) -> Selection:
    """The cells of ``__init__``."""
    gone = {unit for part in parts for unit in part.units}
    steps = []
    for step in selection.steps:
        left = tuple(one for one in step.parts if isinstance(one, Action) or id(one.node) not in gone)
        if left or step.source is None:
            steps.append(replace(step, parts=left))
    return replace(selection, steps=steps)


def imports_of(parts: list[BlueprintPart], rest: Survey, tested: Collection[str]) -> list[Imported]:
    """What ``__init__`` takes from the blueprints' modules, for itself and for the tests."""
    return [
        Imported(f".{part.name}", name, None, "" if name in rest.used else "  # noqa: F401")
        for part in parts
        for name in sorted(part.binds & rest.used.union(tested))
    ]
