"""Which cells of a notebook run when it is served, and which are skipped because they only look.

1. What sends a request, serves or shows (`%http`, `%serve`, `%routes` …) is skipped; so is a cell that reads, at
   its top level, a name that only such a one binds, or `_`, `Out` or `client`, which only a notebook has.
2. In a cell that looks, and in a cell of nothing else, `assert` and statements that only show are skipped too: they
   check what was sent. The other statements of such a cell run.
3. What declares something is never skipped in silence, nor is a name that a handler needs: loading fails and names
   the chain.
4. A cell tagged `nbmicro-skip` or `skip-execution`, or that begins `# nbmicro: skip`, is skipped.
5. `%time`, `%%time` and `%%capture` run their code; magics for the screen or the installation are skipped with a note;
   any other magic, and `!shell`, is rejected.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType

from nbmicro.cells.cell_python import PlainSource, declares, is_silent, lines_of, only_looks
from nbmicro.cells.input_transformer import served_cell
from nbmicro.cells.ipython_syntax import MagicStatement
from nbmicro.cells.notebook_cell import MagicCell, NotebookCell, PlainCell, cell_filename
from nbmicro.cells.resource_cell import StaticCell, TemplateCell, parse_resource_cell
from nbmicro.cells.route_cell import RouteCell, parse_route_cell
from nbmicro.errors import CellError, LoadError, NbmicroError
from nbmicro.language.parser import parse_script
from nbmicro.loading.ipython_magics import (
    DECLARE,
    LOOK,
    LOOK_CELL,
    NOTED,
    is_action,
    magic_error,
    timed,
)
from nbmicro.loading.trial_settings import notes_on
from nbmicro.scopes import Names, names_of
from nbmicro.web.names import HANDLER_NAMES

_HISTORY = re.compile(r"_{1,3}|_i{1,3}|_i?\d+|_[iod]h|In|Out")
_MAKERS = frozenset({"App", "Flask", "Blueprint", "create_app", "make_app"})
_NOTEBOOK = "the notebook itself"
_IPYTHON = "IPython's history"


@dataclass(frozen=True)
class Action:
    """A magic that does something for the app: ``load_ext`` or ``app``, with what follows it."""

    name: str
    rest: str
    line: int


@dataclass(frozen=True)
class Statement:
    """A statement of a plain cell, compiled, and its names."""

    node: ast.stmt
    code: CodeType
    names: Names

    @property
    def awaits(self) -> bool:
        """Whether it awaits at the top level."""
        return bool(self.code.co_flags & inspect.CO_COROUTINE)


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
        A ``%%template`` or ``%%static`` cell, parsed.
    source:
        A plain cell, with ``parts``: its statements and its actions that run, in order.
    """

    cell: NotebookCell
    route: RouteCell | None = None
    resource: TemplateCell | StaticCell | None = None
    source: PlainSource | None = None
    parts: tuple[Statement | Action, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """A cell that is skipped, and why."""

    cell: NotebookCell
    why: str


@dataclass
class Selection:
    """The cells that run and those that are skipped, in order, and notes about magics that were left out.

    ``future`` are the compiler's flags that the cells so far have turned on.
    """

    steps: list[Step] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    future: int = 0


@dataclass(frozen=True)
class _Dropped:
    statement: Statement
    why: str
    is_lost: bool = False


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
    found.notes += notes_on(
        (step.cell, part.node) for step in found.steps for part in step.parts if isinstance(part, Statement)
    )
    return found


class _Cell:
    """The decision about one cell; what comes of it goes to ``names`` and ``found``."""

    def __init__(self, cell: NotebookCell, names: NeededNames, found: Selection) -> None:
        self.cell = cell
        self.names = names
        self.found = found

    def take(self) -> None:
        if self.cell.is_skipped:
            self._skip(_bound_loosely(self.cell.text), "it is marked to be skipped")
            return
        cut, offset, captured = served_cell(self.cell.text)
        self.names.lose(captured, self.cell)
        if isinstance(cut, PlainCell):
            self._take_plain(cut, offset)
        elif cut.name == "route":
            self._take_route(cut, offset)
        elif cut.name in DECLARE:
            self.found.steps.append(Step(self.cell, resource=parse_resource_cell(cut)))
        elif cut.name in LOOK or cut.name in LOOK_CELL:
            self._skip(_script_names(cut), f"%%{cut.name} only looks")
        else:
            raise magic_error(f"%%{cut.name}", self.cell.where, cut.first_line + offset)

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
        filename = cell_filename(f"{self.cell.file}, cell {self.cell.number}")
        source = PlainSource(self.cell, text, filename, self.found.future)
        self.found.future = source.future
        if not looking and not actions and all(only_looks(node) for node in source.statements):
            self._skip((), "it only shows or checks")
            return
        parts: list[Statement | Action] = []
        dropped: list[_Dropped] = []
        bound: set[str] = set()
        for node in source.statements:
            if node.lineno in actions and isinstance(node, ast.Pass):
                parts.append(Action(actions[node.lineno].name, actions[node.lineno].rest, node.lineno))
                continue
            statement = Statement(node, source.code(node), names_of([node]))
            drop = self._reason_to_drop(source, statement, looking, actions, bound)
            if drop is not None:
                dropped.append(drop)
                self.names.lose(statement.names.binds, self.cell)
            elif not is_silent(node):
                parts.append(statement)
                bound |= statement.names.binds
        lost = next((one for one in dropped if one.is_lost), None) if not looking else None
        if lost is not None:
            # A cell without a magic of its own goes as a whole.
            dropped += [_Dropped(part, lost.why) for part in parts if isinstance(part, Statement)]
            parts = [part for part in parts if isinstance(part, Action)]
        self._reject_declarations(source, dropped)
        for part in parts:
            if isinstance(part, Statement):
                self.names.keep(self.cell, part.node, part.names)
        for gone in dropped:
            self.names.lose(gone.statement.names.binds, self.cell)
        if parts:
            self.found.steps.append(Step(self.cell, source=source, parts=tuple(parts)))
        else:
            only_noted = all(one.name in NOTED and one.name not in LOOK for one in looking.values())
            why = "it only prepares the notebook" if only_noted else "it only looks"
            self._skip((), lost.why if lost is not None else why)

    def _is_left_out(self, one: MagicStatement, offset: int) -> bool:
        """Whether a statement of IPython's is skipped; LoadError for one that can neither run nor be."""
        if one.kind == "?" or one.name in LOOK:
            return True
        if is_action(one) or (one.name == "time" and one.kind == "%"):
            return False
        if one.name in NOTED and one.kind != "!":
            self.found.notes.append(f"cell {self.cell.number}: {one.text} skipped; {NOTED[one.name]}")
            return True
        raise magic_error(one.text, self.cell.where, one.line + offset)

    def _reason_to_drop(
        self,
        source: PlainSource,
        statement: Statement,
        looking: dict[int, MagicStatement],
        actions: dict[int, MagicStatement],
        bound: set[str],
    ) -> _Dropped | None:
        node, names = statement.node, statement.names
        for line in lines_of(node):
            if line in actions:
                message = f"`{actions[line].text}` stands inside another statement."
                hint = "Write it at the cell's left edge."
                raise CellError(message, hint=hint, where=source.where, line=line)
            if line in looking:
                return _Dropped(statement, f"`{looking[line].text}` only looks")
        if "get_ipython" in names.reads:
            message = "get_ipython() asks for the notebook, and where the app is served there is none."
            raise source.error(message, "Put this into a cell of its own, tagged nbmicro-skip.", node.lineno)
        for name in sorted(names.reads - bound):
            why = self.names.why_lost(name)
            if why is not None:
                return _Dropped(statement, f"it reads `{name}`, {why}", is_lost=True)
        if looking and only_looks(node) and not is_silent(node):
            return _Dropped(statement, "it checks or shows what was sent")
        return None

    def _reject_declarations(self, source: PlainSource, dropped: list[_Dropped]) -> None:
        for one in dropped:
            if declares(one.statement.node, self.names.apps):
                raise source.error(
                    f"this declares something, yet it would be skipped when the notebook is served: {one.why}.",
                    "A served notebook sends no requests of its own. Declare in one cell, and look in another.",
                    one.statement.node.lineno,
                )

    def _skip(self, names: Iterable[str], why: str) -> None:
        self.names.lose(names, self.cell)
        self.found.skipped.append(Skipped(self.cell, why))


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
    """The names a cell that is skipped would bind, as far as it can be read at all."""
    try:
        cut, _, _ = served_cell(text)
        if isinstance(cut, MagicCell):
            return _script_names(cut)
        return set(names_of(ast.parse(cut.python).body).binds)
    except (NbmicroError, SyntaxError, ValueError):
        return set()


# -- names -----------------------------------------------------------------------------------------------------------


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
        """Note names that only a cell, or a part of it, binds that is skipped."""
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
        return f"and that name comes only from {origin}, which is skipped when the notebook is served."

    def _way_out(self, name: str, origin: str) -> str:
        if origin == _NOTEBOOK:
            return "A handler sends its own app no request: let it call the function that answers there."
        if origin == _IPYTHON:
            return "Give the value a name in the cell that makes it:  answer = …"
        if name in self._marked:
            return f"Take the mark off that cell, or bind `{name}` in another."
        return f"A served notebook sends no requests of its own. Bind `{name}` in a cell that sends none."
