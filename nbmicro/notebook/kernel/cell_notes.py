"""What a cell prints when it ends: a line for each route that it declared, and notes on what it may not have meant."""

from __future__ import annotations

import builtins
import inspect
import linecache
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from nbmicro.notebook.kernel.target import Target
from nbmicro.web.app import App
from nbmicro.web.declarations import Route
from nbmicro.web.ledger import Ledger
from nbmicro.web.names import HANDLER_NAMES
from nbmicro.web.owners import Run, current_run
from nbmicro.web.table import Table

if TYPE_CHECKING:
    from nbmicro.scopes import Names

_DEF = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
_PYTHONS = "Python's own"
#: Lines of one kind that a cell prints; a cell that declares more routes names the first ones only.
MOST = 50


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """A route that a cell has declared, and the line that it prints of it."""

    route: Route
    line: str


@dataclass(frozen=True, slots=True)
class _Decorator:
    """A decorator of a route, as it was made."""

    run: Run
    maker: Any
    rule: str
    methods: Any
    function: Any


class CellNotes:
    """What the cells of a notebook print of what they declare.

    Parameters
    ----------
    namespace:
        The notebook's variables.
    in_notebook:
        Whether a cell without an id may be another than the one that declared its route before. What is typed into a
        terminal is always what was typed there before, edited.
    """

    def __init__(self, namespace: Mapping[str, Any], *, in_notebook: bool) -> None:
        self._namespace = namespace
        self._in_notebook = in_notebook
        #: The handlers whose line each cell has printed already.
        self._announced: WeakKeyDictionary[Run, set[int]] = WeakKeyDictionary()
        #: The names that were nbmicro's when each cell began.
        self._nbmicros: WeakKeyDictionary[Run, frozenset[str]] = WeakKeyDictionary()
        #: What each cell's functions may take the names of, in words, by name.
        self._values: WeakKeyDictionary[Run, dict[str, str]] = WeakKeyDictionary()
        self._decorators: list[_Decorator] = []

    def cell_begins(self, run: Run, source: str) -> None:
        """Note which names are nbmicro's before a cell runs, and what those of its functions mean."""
        self._values[run] = {
            name: text for name in _DEF.findall(source) if (text := _value_before(name, self._namespace, source))
        }
        self._nbmicros[run] = frozenset(
            name for name, value in HANDLER_NAMES.items() if self._namespace.get(name) is value
        )

    def decorator_made(self, maker: Any, rule: str, methods: Any, decorator: Any) -> None:
        """Note a decorator of a route; outside of a cell nobody would read of it."""
        run = current_run()
        if run is not None:
            self._decorators.append(_Decorator(run, maker, rule, methods, decorator))

    def announce(self, handler: Callable[..., Any], app: App) -> None:
        """Print the line of what the cell has just declared with ``handler``, which it does not print when it ends."""
        run = current_run()
        if run is None:
            table = app.tables.current()
            lines = [_line_of(route, table) for route in table.routes if route.handler is handler]
        else:
            lines = [declared.line for declared in self.declared(run) if declared.route.handler is handler]
            self._announced.setdefault(run, set()).add(id(handler))
        for line in lines:
            print(line)

    def declared(self, run: Run) -> list[DeclaredRoute]:
        """The routes that a cell has declared so far, as they will be in their apps; no folder of static files."""
        handlers = {
            id(declaration.value.handler)
            for ledger in list(Ledger.every)
            for declaration in ledger.pending(run)
            if declaration.kind == "route" and declaration.value.handler is not None
        }
        return [
            DeclaredRoute(route, _line_of(route, table, replaced))
            for app in {id(app.ledger): app for app in list(App.every)}.values()
            if id(app.ledger) in run.ledgers
            for table in [app.tables.seen_by(run)]
            for replaced in [app.ledger.replaced_by(run) if self._in_notebook else {}]
            for route in table.routes
            if id(route.handler) in handlers and route.endpoint.rpartition(".")[2] != "static"
        ]

    def cell_ended(
        self, run: Run, source: str, declared: list[DeclaredRoute], target: Target, *, success: bool
    ) -> None:
        """Print the lines of a cell that ended: the same however often it runs.

        Parameters
        ----------
        run, source, success:
            The cell's run, its text, and whether it came to its end.
        declared:
            What it had declared when it ended.
        target:
            What the magics speak to.
        """
        # A module that a failing cell imported stays, and so do its routes.
        in_effect = declared if success else _in_effect(declared)
        announced = self._announced.get(run, set())
        lines = [declaration.line for declaration in in_effect if id(declaration.route.handler) not in announced]
        if len(lines) > MOST:
            lines = [*lines[: MOST - 10], f"… and {len(lines) - MOST + 10} more: %routes"]
        if lines:
            print("\n".join(lines))
            if elsewhere := target.elsewhere_note(declaration.route for declaration in in_effect):
                print(elsewhere)
        if len(in_effect) < len(declared):
            kept = set(in_effect)
            dropped = [declaration.route.label for declaration in declared if declaration not in kept]
            print(f"not declared: {', '.join(dropped[:MOST])}", file=sys.stderr)
        for note in [*self._taken_names(run, source), *self._taken_values(run, in_effect)]:
            print(note)
        unused = self._unused_decorators(run)
        if unused and success:
            print("\n".join(unused[:MOST]), file=sys.stderr)

    # -- names -----------------------------------------------------------------------------------------------------

    def _taken_names(self, run: Run, source: str) -> list[str]:
        """A note for each name of nbmicro's that a cell has given another meaning; an import does that on purpose."""
        space = self._namespace
        before = self._nbmicros.pop(run, frozenset())
        taken = [name for name, value in HANDLER_NAMES.items() if name in space and space[name] is not value]
        if not taken and "global" not in source:
            return []
        is_read = any(name in source for name in [*taken, "global", "*"])
        names = _names_of(source if is_read else "")
        brought = {name for name in taken if any(_brings(module, name, space[name]) for module in names.stars)}
        notes = [
            f"Note: `{name}` is now the notebook's own (of type {type(space[name]).__name__}), in every handler too. "
            f"Use another name for it, and have nbmicro's again:  from nbmicro import {name}"
            for name in taken
            if name not in names.imports and (name in names.binds or name in before - brought)
        ]
        return notes + [
            f"Note: `global {name}` lets a function take nbmicro's `{name}` from every handler. Use another name there."
            for name in HANDLER_NAMES
            if name in names.rebinds and name not in taken
        ]

    def _taken_values(self, run: Run, declared: list[DeclaredRoute]) -> list[str]:
        """A note for each handler whose function has taken the name of a value of the notebook's, or of Python's."""
        handlers = {
            id(inspect.unwrap(declaration.route.handler)) for declaration in declared if declaration.route.handler
        }
        return [
            f"Note: `{name}` is now this handler's function, in every cell; it was {value}. "
            f"Use another name for the function:  def {name}_page(…):{again}"
            for name, value in self._values.pop(run, {}).items()
            for again in [f"  and to have Python's again:  del {name}" if value == _PYTHONS else ""]
            if callable(function := self._namespace.get(name)) and id(inspect.unwrap(function)) in handlers
        ]

    # -- decorators ------------------------------------------------------------------------------------------------

    def _unused_decorators(self, run: Run) -> list[str]:
        """A note for each decorator that the cell made and put above no function (``app.route("/y")`` without @).

        They are forgotten then. One that has a name in the notebook is kept for later.
        """
        made = [decorator for decorator in self._decorators if decorator.run is run]
        self._decorators = [one for one in self._decorators if one.run is not run and one.run.open]
        # IPython's own names, `_` and `_12`, hold whatever a cell's last line gave.
        named = {name: value for name, value in list(self._namespace.items()) if not name.startswith("_")}
        return [
            _unused(decorator, named)
            for decorator in made
            if not getattr(decorator.function, "used", False)
            and not any(value is decorator.function for value in named.values())
        ]


def _value_before(name: str, namespace: Mapping[str, Any], source: str) -> str | None:
    """What a name means that a cell is about to give to a function, in words; None where nothing is lost."""
    if re.search(rf"^{name}[ \t]*(?::[^=\n]+)?=(?!=)", source, re.MULTILINE):
        return "a value of this cell"
    if name not in namespace:
        return _PYTHONS if hasattr(builtins, name) else None
    value = namespace[name]
    if name in HANDLER_NAMES or _is_handler(value):
        return _PYTHONS if hasattr(builtins, name) else None
    if inspect.ismodule(value):
        return "a module"
    kind = "function" if inspect.isroutine(value) else "class" if inspect.isclass(value) else type(value).__name__
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind} of the notebook's"


def _is_handler(value: Any) -> bool:
    """Whether a function is what an earlier run of its cell made, declared or not: one below a decorator."""
    code = getattr(inspect.unwrap(value), "__code__", None) if inspect.isroutine(value) else None
    if code is None or getattr(value, "__module__", None) != "__main__":
        return False
    lines = linecache.getlines(code.co_filename)
    return any(line.lstrip().startswith(("@", "%%route")) for line in lines)


def _unused(decorator: _Decorator, named: Mapping[str, Any]) -> str:
    name = next((name for name, value in named.items() if value is decorator.maker), "app")
    route = f"{name}.route({decorator.rule!r}"
    more = f", methods={list(decorator.methods)!r}" if decorator.methods else ""
    return (
        f"not declared: {route}) is a decorator, and stands above no function. "
        f"Write  @{route}{more})  above one, or  {name}.add_url_rule({decorator.rule!r}, view_func=…{more})"
    )


def _brings(module: str, name: str, value: object) -> bool:
    return getattr(sys.modules.get(module), name, None) is value


def _names_of(source: str) -> Names:
    """The names of a plain cell; of one that is not Python, none."""
    from nbmicro.cells.cell_python import cell_names
    from nbmicro.cells.notebook_cell import split_cell
    from nbmicro.errors import CellError
    from nbmicro.scopes import Names

    try:
        return cell_names(split_cell(source))
    except CellError:
        return Names()


def _in_effect(declared: list[DeclaredRoute]) -> list[DeclaredRoute]:
    """Those whose routes are in effect, after their run has ended."""
    handlers = {id(route.handler) for app in list(App.every) for route in app.tables.committed().routes}
    return [declaration for declaration in declared if id(declaration.route.handler) in handlers]


# -- the line of a route -----------------------------------------------------------------------------------------------


def _line_of(route: Route, table: Table, replaced: Mapping[str, tuple[str, Any]] | None = None) -> str:
    """``GET /hello/<name> → hello``; it goes on where another cell's route is taken over, or its endpoint was taken."""
    line = f"{route.label} → {route.endpoint}"
    # The latest of each label: where cells have no ids, nothing is known of those before it.
    shadowed = {other.label: (other.owner.label, other.handler) for other in reversed(table.shadowed_by(route))}
    others = [*reversed(shadowed.values()), *([replaced[route.label]] if replaced and route.label in replaced else [])]
    # Without a label it is nobody's: the cell that loaded nbmicro declared it, or a thread.
    cells = [_other_cell(label, route) for label, handler in others if label and not _is_same(label, handler, route)]
    if cells:
        line += f", in place of {' and '.join(dict.fromkeys(cells))}"
    if route.asked_endpoint is not None:
        line += f" (another cell's function has the endpoint {route.asked_endpoint})"
    return line


def _other_cell(label: str, route: Route) -> str:
    # Without cell ids it may as well be this very cell, before it was edited.
    return f'an earlier "{label}"' if label == route.owner.label else f'the one in the cell "{label}"'


def _is_same(label: str, handler: Any, route: Route) -> bool:
    """Whether a route that is taken over may be this cell's own, run before: where cells have no ids, a cell that runs
    again is known by its text alone."""
    return label == route.owner.label and _code(handler) == _code(route.handler)


def _code(handler: Any) -> Any:
    return getattr(inspect.unwrap(handler), "__code__", None) if callable(handler) else None
