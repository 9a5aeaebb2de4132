"""What the code of a served notebook reads, binds and imports.

All that must be known before a line of it is written.
"""

from __future__ import annotations

import ast
import builtins
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nbmicro.cells.app_line import parse_app_line
from nbmicro.cells.cell_python import only_looks
from nbmicro.cells.notebook_cell import NotebookCell
from nbmicro.errors import LoadError
from nbmicro.export.app_context import ContextReaders, defined_by
from nbmicro.export.imports import Imported, imported_names
from nbmicro.loading.selection import Action, Selection, Statement, Step
from nbmicro.scopes import Names, parse_again
from nbmicro.web.names import HANDLER_NAMES


@dataclass
class Unit:
    """A statement, an action, a route or a resource: what a module is made of, in order.

    Parameters
    ----------
    cell, step:
        Where it stands.
    what:
        The statement or action; None where the step as a whole is meant.
    target:
        The variable of the app that the magics speak to here.
    at_once, bound:
        The names it reads when it runs, and binds.
    awaits:
        Whether it awaits at the top level.
    needs_context:
        Whether it needs the app context that every cell of a notebook has.
    """

    cell: NotebookCell
    step: Step
    what: ast.stmt | Action | None
    target: str
    at_once: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    awaits: bool = False
    needs_context: bool = False


@dataclass
class Survey:
    """The units of a notebook, and the names of all of them.

    Parameters
    ----------
    units:
        In order.
    target:
        The variable of the app that is served.
    used:
        The names that the code reads, at once or later, imports apart.
    bound:
        The names that it binds, imports among them.
    given:
        The names of ``%load_ext nbmicro`` that are used.
    imports:
        What each import statement binds.
    context:
        What reads the app context.
    targets:
        What each ``%app`` line names, by the number of its cell.
    headers:
        Those of the last ``%app`` line, which every request to its app has.
    """

    units: list[Unit] = field(default_factory=list)
    target: str = "app"
    used: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    imports: dict[str, list[Imported]] = field(default_factory=dict)
    context: ContextReaders = field(default_factory=ContextReaders)
    targets: dict[int, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def is_foreign(self) -> bool:
        """Whether the app is another module's."""
        return not self.target.isidentifier()

    def target_in(self, number: int) -> str:
        """What the magics of a cell speak to."""
        named = [cell for cell in self.targets if cell <= number]
        return self.targets[max(named)] if named else "app"

    @property
    def taken(self) -> set[str]:
        """Every name that a new function may not have."""
        return self.used | self.bound | self.given | set(dir(builtins)) | {"App", "app", "nbmicro", "asyncio"}

    def makes_app_at(self, number: int) -> bool:
        """Whether a unit, the first that needs ``%load_ext``, finds no app, and one is wanted below."""
        if any("app" in unit.bound for unit in self.units[:number]):
            return False
        for unit in self.units[number:]:
            declares = (unit.what is None or unit.needs_context) and unit.target == "app"
            if declares or "app" in unit.at_once:
                return True
            if "app" in unit.bound:
                return False
        return self.target == "app"


def survey_of(selection: Selection, folder: Path | None = None, *, foreign: bool = False) -> Survey:
    """Walk over the cells that run; modules of theirs are looked for in ``folder``.

    With ``foreign`` the notebook may end with ``%app`` and an app of another module.

    Raises
    ------
    LoadError
        The notebook ends with ``%app`` and an app of another module, which is no part of it.
    """
    survey = Survey(context=ContextReaders(folder=folder))
    target = "app"
    named: tuple[NotebookCell, int] | None = None
    for step in selection.steps:
        if step.source is None:
            survey.units.append(_declaration(step, target, survey))
            continue
        for part in step.parts:
            if isinstance(part, Action):
                if part.name == "app":
                    target = parse_app_line(part.rest).target or target
                    survey.targets[step.cell.number] = target
                    survey.headers = parse_app_line(part.rest).headers
                    named = step.cell, part.line
                survey.units.append(Unit(step.cell, step, part, target))
            elif not _only_shows(part.node):
                survey.units.append(_statement(step, part, target, survey))
    if named is not None and not target.isidentifier() and not foreign:
        raise _foreign(target, *named)
    survey.target = target
    _reject_future(survey)
    for unit in survey.units:
        # What makes the app cannot run in its context.
        unit.needs_context = unit.needs_context and target not in unit.bound
    survey.given |= (survey.used & HANDLER_NAMES.keys()) - survey.bound
    return survey


def _reject_future(survey: Survey) -> None:
    """LoadError where cells above ``from __future__ import annotations`` have annotations: in a module there are none
    that it does not change."""
    annotated: Unit | None = None
    for unit in survey.units:
        match unit.what:
            case ast.ImportFrom(module="__future__", names=names) if any(one.name == "annotations" for one in names):
                if annotated is not None and annotated.cell is not unit.cell:
                    raise LoadError(
                        "`from __future__ import annotations` holds for a whole module, and for the annotations of "
                        f"cell {annotated.cell.number} above it, too, which are values in the notebook.",
                        hint="Put it into the notebook's first cell, or leave it out.",
                        where=unit.cell.where,
                        line=unit.what.lineno,
                    )
                return
            case ast.stmt() if _has_annotations(unit.what):
                annotated = annotated or unit


def _has_annotations(node: ast.stmt) -> bool:
    return any(getattr(inner, name, None) is not None for inner in ast.walk(node) for name in ("annotation", "returns"))


def _foreign(target: str, cell: NotebookCell, line: int) -> LoadError:
    return LoadError(
        f"`{target}` is an app of another module, so here the notebook has no app to be exported.",
        hint=f"Serve that one:  nbmicro run {shlex.quote(target)}   or go back to the notebook's own:  %app app   "
        "Its requests as tests:  nbmicro export … --tests",
        where=cell.where,
        line=line,
    )


def _declaration(step: Step, target: str, survey: Survey) -> Unit:
    if not target.isidentifier():
        raise _foreign(target, step.cell, 1)
    route = step.route
    if route is None:
        return Unit(step.cell, step, None, target)
    is_function = route.form == "function"
    _note(survey, route.tree, route.names, route.tree.body if is_function else [])
    if is_function:
        survey.context.define({route.name}, route.tree)
    # Its imports stand above the function; what it binds itself is the function.
    bound = route.names.binds & {route.name}
    return Unit(step.cell, step, None, target, route.names.reads | {target}, bound)


def _statement(step: Step, statement: Statement, target: str, survey: Survey) -> Unit:
    node, names = statement.node, statement.names
    _note(survey, node, names, [node])
    if defined := defined_by(node):
        survey.context.define(defined, node)
    # What a function reads that is called now is given by then, too.
    survey.given |= (survey.context.reached(names.reads) & HANDLER_NAMES.keys()) - survey.bound
    if survey.context.reads_g(node, survey.given):
        raise LoadError(
            "`g` lasts from cell to cell in a notebook; of a module's own nothing is left when a request comes.",
            hint="Keep the value in a variable of the notebook.",
            where=step.cell.where,
            line=node.lineno,
        )
    needs_context = survey.context.needed_by(node, survey.given)
    survey.context.bind(node, names.binds)
    return Unit(step.cell, step, node, target, names.reads, names.binds, statement.awaits, needs_context)


def _note(survey: Survey, tree: ast.AST, names: Names, statements: Iterable[ast.stmt]) -> None:
    """Note the names of a declaration or a statement, and what ``statements`` import."""
    # A name of `%load_ext` that is read before the notebook binds it is that of `%load_ext`.
    survey.given |= (names.reads & HANDLER_NAMES.keys()) - survey.bound
    survey.used |= names.reads | names.later | _annotated(tree)
    survey.bound |= names.binds | names.rebinds
    for node in statements:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for imported in imported_names(node):
                survey.imports.setdefault(imported.binds, []).append(imported)


def _annotated(tree: ast.AST) -> set[str]:
    """The names in annotations, also in those that are text."""
    parts = (getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns"))
    waiting = [part for part in parts if isinstance(part, ast.AST)]
    names: set[str] = set()
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = parse_again(node.value)
                waiting += [text] if text is not None else []
    return names


def _only_shows(node: ast.stmt) -> bool:
    """Whether a statement is for the eye alone: a bare name or value, or ``display`` of one."""
    if not isinstance(node, ast.Expr) or not only_looks(node):
        return False
    return not any(
        isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "print"
        for inner in ast.walk(node)
    )
