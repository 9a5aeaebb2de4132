"""Which cells of a notebook run when it is served, and which are passed over because they only look.

1. What sends a request, serves or shows (`%http`, `%serve`, `%routes` …) is passed over; so is a cell that reads, at
   its top level, a name that only such a one binds, or `_`, `Out` or `client`, which only a notebook has.
2. In a cell that looks, and in a cell of nothing else, `assert` and statements that only show are passed over too: they
   check what was sent. The other statements of such a cell run.
3. What declares something is never passed over in silence, nor is a name that a handler needs: loading fails and names
   the chain.
4. A cell tagged `nbmicro-skip`, or that begins `# nbmicro: skip`, is passed over.
5. `%time`, `%%time` and `%%capture` run their code; magics for the screen or the installation are passed over with a
   note; any other magic, and `!shell`, is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import CodeType

from nbmicro.cells.cell_python import PlainSource, declares, is_silent, lines_of, only_looks
from nbmicro.cells.input_transformer import served_cell
from nbmicro.cells.ipython_syntax import MagicStatement
from nbmicro.cells.notebook_cell import MagicCell, NotebookCell, PlainCell, cell_filename
from nbmicro.cells.route_cell import RouteCell, parse_route_cell
from nbmicro.errors import CellError, LoadError, NbmicroError
from nbmicro.language.parser import parse_script
from nbmicro.loading.magic_words import (
    DECLARE,
    LOOK,
    LOOK_CELL,
    NOTED,
    is_action,
    refuse_magic,
    timed,
)
from nbmicro.loading.needed_names import NeededNames
from nbmicro.scopes import Names, names_of


@dataclass(frozen=True)
class Action:
    """A magic that does something for the app: ``load_ext`` or ``app``, with what follows it."""

    name: str
    rest: str
    line: int


@dataclass(frozen=True)
class Step:
    """A cell that runs, whole or in part: one of the three.

    Parameters
    ----------
    cell:
        The cell.
    route:
        A ``%%route`` cell, parsed.
    resource:
        A ``%%template`` or ``%%static`` cell, cut.
    python:
        A plain cell, with ``parts``: its compiled statements and its actions, in order.
    statements:
        The statements that ``parts`` were compiled from; a part that is an action stands for itself.
    """

    cell: NotebookCell
    route: RouteCell | None = None
    resource: MagicCell | None = None
    python: PlainSource | None = None
    parts: tuple[CodeType | Action, ...] = ()
    statements: tuple[ast.stmt | Action, ...] = ()


@dataclass(frozen=True)
class Passed:
    """A cell that is passed over, and why."""

    cell: NotebookCell
    why: str


@dataclass
class Selection:
    """The cells that run and those passed over, in order, and remarks about magics that were left out."""

    steps: list[Step] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Dropped:
    node: ast.stmt
    names: Names
    why: str
    lost: bool = False


def select(cells: Sequence[NotebookCell]) -> Selection:
    """Decide about every cell of a notebook.

    Raises
    ------
    LoadError
        A cell cannot be served: names the cell, the line and the way out.
    """
    names = NeededNames()
    found = Selection()
    for cell in cells:
        try:
            _Cell(cell, names, found).take()
        except LoadError:
            raise
        except NbmicroError as error:
            raise LoadError.of(error, where=cell.where) from error
    names.check()
    return found


class _Cell:
    """The decision about one cell; what comes of it goes to ``names`` and ``found``."""

    def __init__(self, cell: NotebookCell, names: NeededNames, found: Selection) -> None:
        self.cell = cell
        self.names = names
        self.found = found

    def take(self) -> None:
        if self.cell.is_skipped:
            self._pass(_bound_loosely(self.cell.text), "it is marked to be passed over")
            return
        cut, offset, captured = served_cell(self.cell.text)
        self.names.lose(captured, self.cell)
        if isinstance(cut, PlainCell):
            self._take_plain(cut, offset)
        elif cut.name == "route":
            self._take_route(cut, offset)
        elif cut.name in DECLARE:
            self.found.steps.append(Step(self.cell, resource=cut))
        elif cut.name in LOOK or cut.name in LOOK_CELL:
            self._pass(_script_names(cut), f"%%{cut.name} only looks")
        else:
            raise refuse_magic(f"%%{cut.name}", self.cell.where, cut.first_line + offset)

    def _take_route(self, cut: MagicCell, offset: int) -> None:
        try:
            route = parse_route_cell(cut.line, cut.body)
        except NbmicroError as error:
            error.line = None if error.line is None else error.line + offset
            raise
        names = route.names
        self.names.need(f"the handler of {route.line.label}", self.cell, names.reads | names.later, route.tree)
        if route.form == "function":
            for node in route.tree.body:
                self.names.keep(self.cell, node, names_of([node]))
        self.found.steps.append(Step(self.cell, route=route))

    def _take_plain(self, cut: PlainCell, offset: int) -> None:
        looking = {one.line + offset: one for one in cut.statements if self._is_left_out(one, offset)}
        actions = {one.line + offset: one for one in cut.statements if is_action(one)}
        text = "\n" * offset + cut.rewritten(lambda one: timed(one) or one.stand_in)
        python = PlainSource(self.cell, text, cell_filename(f"{self.cell.file}, cell {self.cell.number}"))
        if not looking and not actions and all(only_looks(node) for node in python.statements):
            self._pass((), "it only shows or checks")
            return
        parts: list[CodeType | Action] = []
        statements: list[ast.stmt | Action] = []
        kept: list[tuple[ast.stmt, Names]] = []
        dropped: list[_Dropped] = []
        for node in python.statements:
            if node.lineno in actions and isinstance(node, ast.Pass):
                one = actions[node.lineno]
                action = Action(one.name, one.rest, node.lineno)
                parts.append(action)
                statements.append(action)
                continue
            code = python.code(node)
            names = names_of([node])
            drop = self._reason_to_drop(
                python, node, names, looking, actions, {name for _, n in kept for name in n.binds}
            )
            if drop is not None:
                dropped.append(drop)
                self.names.lose(names.binds, self.cell)
            elif not is_silent(node):
                parts.append(code)
                statements.append(node)
                kept.append((node, names))
        lost = next((one for one in dropped if one.lost), None)
        if lost is not None and not looking:
            # A cell without a magic of its own goes as a whole.
            dropped += [_Dropped(node, names, lost.why) for node, names in kept]
            parts, kept = [part for part in parts if isinstance(part, Action)], []
            statements = [one for one in statements if isinstance(one, Action)]
        self._refuse_declarations(python, dropped)
        for node, names in kept:
            self.names.keep(self.cell, node, names)
        for gone in dropped:
            self.names.lose(gone.names.binds, self.cell)
        if parts:
            self.found.steps.append(Step(self.cell, python=python, parts=tuple(parts), statements=tuple(statements)))
        else:
            only_noted = all(one.name in NOTED and one.name not in LOOK for one in looking.values())
            why = "it only prepares the notebook" if only_noted else "it only looks"
            self.found.passed.append(Passed(self.cell, lost.why if lost is not None and not looking else why))

    def _is_left_out(self, one: MagicStatement, offset: int) -> bool:
        """Whether a statement of IPython's is passed over; LoadError for one that can neither run nor be."""
        if one.kind == "?" or one.name in LOOK:
            return True
        if is_action(one) or (one.name == "time" and one.kind == "%"):
            return False
        if one.name in NOTED and one.kind != "!":
            self.found.notes.append(f"cell {self.cell.number}: {one.text} passed over; {NOTED[one.name]}")
            return True
        raise refuse_magic(one.text, self.cell.where, one.line + offset)

    def _reason_to_drop(
        self,
        python: PlainSource,
        node: ast.stmt,
        names: Names,
        looking: dict[int, MagicStatement],
        actions: dict[int, MagicStatement],
        bound_here: set[str],
    ) -> _Dropped | None:
        for line in lines_of(node):
            if line in actions:
                message = f"`{actions[line].text}` stands inside another statement."
                hint = "Write it at the cell's left edge."
                raise CellError(message, hint=hint, where=python.where, line=line)
            if line in looking:
                return _Dropped(node, names, f"`{looking[line].text}` only looks")
        if "get_ipython" in names.reads:
            message = "get_ipython() asks for the notebook, and where the app is served there is none."
            raise python.error(message, "Put this into a cell of its own, tagged nbmicro-skip.", node.lineno)
        for name in sorted(names.reads - bound_here):
            why = self.names.why_lost(name)
            if why is not None:
                return _Dropped(node, names, f"it reads `{name}`, {why}", lost=True)
        if looking and only_looks(node) and not is_silent(node):
            return _Dropped(node, names, "it checks or shows what was sent")
        return None

    def _refuse_declarations(self, python: PlainSource, dropped: list[_Dropped]) -> None:
        for one in dropped:
            if declares(one.node, self.names.apps):
                raise python.error(
                    f"this declares something, yet it would be passed over when the notebook is served: {one.why}.",
                    "A served notebook sends no requests of its own. Declare in one cell, and look in another.",
                    one.node.lineno,
                )

    def _pass(self, names: Sequence[str] | set[str], why: str) -> None:
        self.names.lose(names, self.cell)
        self.found.passed.append(Passed(self.cell, why))


def _script_names(cut: MagicCell) -> set[str]:
    """The names a ``%%http`` cell would bind; one that cannot be parsed binds none."""
    if cut.name != "http":
        return set()
    try:
        script = parse_script(cut.line, cut.body)
    except NbmicroError:
        return set()
    names = {one.name for one in script.variables}
    for request in script.requests:
        names |= {capture.name for capture in request.captures} | ({request.name} if request.name else set())
    return names


def _bound_loosely(text: str) -> set[str]:
    """The names a cell that is passed over would bind, as far as it can be read at all."""
    try:
        cut, _, _ = served_cell(text)
        if isinstance(cut, MagicCell):
            return _script_names(cut)
        return set(names_of(ast.parse(cut.python).body).binds)
    except (NbmicroError, SyntaxError, ValueError):
        return set()
