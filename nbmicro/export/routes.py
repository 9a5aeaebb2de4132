"""The routes of a notebook as one module declares them: which shadow which, their endpoints, and their text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbmicro.cells.route_cell import RouteCell
from nbmicro.errors import LoadError
from nbmicro.export.cell_text import Cut, cut, free_name, indented
from nbmicro.export.declared import Declared, DeclaredRule, Mount, Receiver
from nbmicro.export.literals import quoted
from nbmicro.export.survey import Survey, Unit
from nbmicro.http.methods import COMMON_METHODS, with_head
from nbmicro.web.rules import path_pattern, pattern_of


@dataclass
class PlannedRoute:
    """A route on its way into a module.

    Parameters
    ----------
    unit:
        Where it is declared.
    on:
        The app or the blueprint.
    rule, methods:
        What it answers; of the methods, only those that no later cell takes over.
    wanted:
        The endpoint that the cell asks for.
    function:
        The name of its function in the module.
    view:
        What two routes of one function have in common.
    written:
        The decorator or the call that declares it; None for a ``%%route`` cell.
    endpoint:
        The endpoint it has.
    declared:
        The methods it was declared with.
    until:
        For each method that is taken over, the number of the first cell that does.
    """

    unit: Unit
    on: Receiver
    rule: str
    methods: tuple[str, ...]
    wanted: str
    function: str
    view: object
    written: DeclaredRule | None = None
    endpoint: str = ""
    declared: tuple[str, ...] = ()
    until: dict[str, int] = field(default_factory=dict)

    def answered_before(self, number: int, method: str, path: str) -> bool:
        """Whether a request of the cell ``number`` asks for what a later cell shadows."""
        stands = self.on[0] == self.unit.target and self.unit.cell.number <= number < self.until.get(method, 0)
        return stands and re.fullmatch(path_pattern(self.rule, lambda _: ".+"), path) is not None

    @property
    def is_shadowed(self) -> bool:
        """Whether later cells answer all that it would."""
        return not self.methods


def planned(survey: Survey) -> list[PlannedRoute]:
    """The routes in order, with those that are shadowed.

    Raises
    ------
    LoadError
        A later cell takes over what one module cannot give to it, or declares what one module cannot have twice.
    """
    declared = Declared(survey)
    declared.reject_lost()
    routes = [route for unit in survey.units for route in _routes_of(unit, declared)]
    _shadow(routes)
    _reject_across(routes, declared)
    _name_endpoints(routes, declared)
    _name_functions(routes, survey)
    return routes


def _routes_of(unit: Unit, declared: Declared) -> Iterator[PlannedRoute]:
    if unit.step.route is not None:
        cell = unit.step.route
        methods = cell.line.methods
        on = declared.receiver(unit.target, unit)
        yield PlannedRoute(unit, on, cell.line.rule, methods, cell.endpoint, cell.name, view=unit, declared=methods)
        return
    for on, one in declared.rules(unit):
        yield PlannedRoute(
            unit, on, one.rule, one.methods, one.endpoint, one.function, one.view, one, declared=one.methods
        )


def _shadow(routes: list[PlannedRoute]) -> None:
    for number, route in enumerate(routes):
        later = [
            one
            for one in routes[number + 1 :]
            if one.unit.cell is not route.unit.cell
            and one.on == route.on
            and pattern_of(one.rule) == pattern_of(route.rule)
        ]
        for method in route.methods:
            over = [one.unit.cell.number for one in later if method in _answered(one)]
            if over:
                route.until[method] = min(over)
        left = tuple(method for method in route.methods if method not in route.until)
        if route.written is not None and left and left != route.methods:
            raise LoadError(
                f"`{route.function or route.wanted}` answers {', '.join(route.methods)} {route.rule}, and a cell below "
                "takes over a part of that; a module has one function for each.",
                hint=f"Leave over to it what it still answers:  methods={list(left)}",
                where=route.unit.cell.where,
                line=route.written.call.lineno,
            )
        route.methods = left


def _answered(route: PlannedRoute) -> set[str]:
    return set(with_head(set(route.declared)))


def _reject_across(routes: list[PlannedRoute], declared: Declared) -> None:
    """LoadError where cells give one URL to an app and to a blueprint of it, or to two of its blueprints: the later
    cell answers, but in a module the first does."""
    mounts = list(declared.mounts())
    seen: dict[tuple[Receiver, str], list[tuple[PlannedRoute, tuple[Receiver | int, ...]]]] = {}
    for route in routes:
        for on, prefix, way in _urls(route.on, mounts):
            pattern = pattern_of(prefix + route.rule)
            for other, other_way in seen.setdefault((on, pattern), []):
                taken = set(with_head(set(route.methods))) & set(with_head(set(other.methods))) - {"OPTIONS"}
                if taken and other_way != way and other.unit.cell is not route.unit.cell:
                    raise LoadError(
                        f"{sorted(taken)[0]} {prefix}{route.rule} is declared here and in cell {other.unit.cell.number}"
                        ", once of them on a blueprint; in a module the one that is registered first would answer, "
                        "not the later cell.",
                        hint="Take one of them out.",
                        where=route.unit.cell.where,
                        line=route.written.call.lineno if route.written is not None else 1,
                    )
            seen[on, pattern].append((route, way))


def _urls(on: Receiver, mounts: list[Mount]) -> Iterator[tuple[Receiver, str, tuple[Receiver | int, ...]]]:
    """Where the rules of an app or a blueprint are answered: the app, what stands before them, and by which way."""
    waiting: list[tuple[Receiver, str, tuple[Receiver | int, ...]]] = [(on, "", (on,))]
    while waiting:
        here, prefix, way = waiting.pop()
        above = [mount for mount in mounts if mount.blueprint == here]
        if not above:
            yield here, prefix, way
        for mount in above:
            if mount.prefix is not None and mount.on not in way:
                waiting.append((mount.on, mount.prefix + prefix, (*way, id(mount.unit), mount.on)))


def _name_endpoints(routes: list[PlannedRoute], declared: Declared) -> None:
    holders: dict[Receiver, dict[str, object]] = {}
    for route in routes:
        if route.is_shadowed:
            continue
        held = holders.setdefault(route.on, {"static": None} if declared.is_app(route.on) else {})
        others = {name for name, view in held.items() if view is not route.view}
        route.endpoint = free_name(route.wanted, others.__contains__)
        held[route.endpoint] = route.view


def _name_functions(routes: list[PlannedRoute], survey: Survey) -> None:
    """A body's function gets a name that means nothing else in the notebook; a function keeps its own."""
    taken = survey.taken
    for route in routes:
        cell = route.unit.step.route
        if cell is None or cell.form == "function" or route.is_shadowed:
            continue
        wanted = route.endpoint if route.endpoint.isidentifier() else cell.line.default_endpoint
        route.function = wanted if wanted not in taken else free_name(f"{wanted}_view", taken.__contains__)
        taken.add(route.function)


# -- their text ------------------------------------------------------------------------------------------------------


def decorator_of(route: PlannedRoute) -> str:
    """The line above the function: ``@app.get("/users")``."""
    endpoint = "" if route.endpoint == route.function else f", endpoint={quoted(route.endpoint)}"
    if len(route.methods) == 1 and route.methods[0] in COMMON_METHODS:
        return f"@{route.unit.target}.{route.methods[0].lower()}({quoted(route.rule)}{endpoint})"
    methods = ", ".join(quoted(method) for method in route.methods)
    return f"@{route.unit.target}.route({quoted(route.rule)}, methods=[{methods}]{endpoint})"


def function_of(route: PlannedRoute, cell: RouteCell) -> tuple[list[Cut], str]:
    """The imports that stand in the cell outside a function, and its function with the decorator."""
    text = "\n".join(["", *cell.source.split("\n")[1:]])
    if cell.form == "body":
        return [], _body(route, cell, text)
    parts = list(cut(text, cell.tree.body))
    imports = [one for one in parts if isinstance(one.node, ast.Import | ast.ImportFrom)]
    decorator = "" if route.is_shadowed else f"{decorator_of(route)}\n"
    function = "\n\n\n".join(
        one.commented(decorator + one.text)
        for one in parts
        if isinstance(one.node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return imports, function


def _body(route: PlannedRoute, cell: RouteCell, text: str) -> str:
    parts = list(cut(text, cell.tree.body))
    lines: list[str] = []
    last = parts[-1]
    if isinstance(last.node, ast.Expr) and not cell.is_generator:
        parts[-1:] = [Cut(last.node, f"return {last.text}", last.comments, last.gap)]
        parts = _folded(parts)
    for one in parts:
        if lines:
            lines += [""] * one.gap
        lines.append(one.commented())
    body = indented("\n".join(lines), docstring=cell.doc is not None)
    word = "async def" if cell.is_async else "def"
    return f"{decorator_of(route)}\n{word} {route.function}({', '.join(cell.line.parameters)}):\n{body}"


def _folded(parts: list[Cut]) -> list[Cut]:
    """``total = a + b`` above ``return total`` as ``return a + b``, which is how a function says it."""
    if len(parts) < 2:
        return parts
    above, last = parts[-2], parts[-1]
    match above.node, last.node:
        case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Name(id=returned)) if name == returned:
            pass
        case _:
            return parts
    shared = {name for one in parts if isinstance(one.node, ast.Global) for name in one.node.names}
    if last.comments or "#" in last.text or name in shared or any(_closes_over(one.node, name) for one in parts):
        return parts
    value = re.sub(rf"^{name}\s*=\s*", "return ", above.text)
    return [*parts[:-2], Cut(above.node, value, above.comments, above.gap)]


def _closes_over(node: ast.stmt, name: str) -> bool:
    """Whether a function nested in a statement reads a name of the handler."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)
    nested = [inner for inner in ast.walk(node) if isinstance(inner, functions)]
    return any(isinstance(one, ast.Name) and one.id == name for inner in nested for one in ast.walk(inner))
