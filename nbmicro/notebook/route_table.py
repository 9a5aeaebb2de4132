"""The routes of an app: which are shown, where each is declared, and their table as text and as a tree in HTML."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from nbmicro.diagnosis.user_code import FrameLabels, is_users, label_of
from nbmicro.printable import columns
from nbmicro.render.markup import joined, output, quiet
from nbmicro.web.app import App
from nbmicro.web.declarations import Route
from nbmicro.web.route_info import RouteInfo
from nbmicro.web.rules import rule_segments

if TYPE_CHECKING:
    from nbmicro.foreign.app import ForeignApp

#: The edge beside a method; its text keeps the theme's colour.
METHOD_EDGES = {"GET": "#3d7fd6", "POST": "#3a9a50", "PUT": "#c98500", "PATCH": "#c98500", "DELETE": "#d6453d"}
#: Routes above which branches can be folded, and above which they are folded at first.
FOLDABLE, FOLDED = 24, 60

_INDENT = "\N{NO-BREAK SPACE}" * 6


class RouteRow(NamedTuple):
    """What a line of the table says of a route; ``methods`` are joined by commas."""

    methods: str
    rule: str
    endpoint: str
    where: str


def shown_routes(app: App | ForeignApp) -> Sequence[Route | RouteInfo]:
    """The routes a person declared: without the folder of static files, until there is something in it."""
    if not isinstance(app, App):
        return app.routes()
    table = app.tables.current()
    return [route for route in table.routes if route.endpoint != "static" or table.static_files]


def table_bundle(app: App | ForeignApp, frame_labels: FrameLabels | None = None) -> dict[str, str]:
    """Method, rule, endpoint and where it is declared: as text in columns, and as a tree in HTML."""
    rows = [
        RouteRow(
            route.method_names,
            route.rule if isinstance(route, Route) else route.shown,
            route.endpoint,
            declared_at(route, frame_labels),
        )
        for route in shown_routes(app)
    ]
    if not rows:
        if isinstance(app, App):
            return {"text/plain": "There are no routes yet. Add one:  %%route /"}
        text = f"The routes of {app.kind.spoken} cannot be read from outside. %http asks it all the same."
        return {"text/plain": text}
    text = "\n".join(columns(rows, gap="   "))
    return {"text/plain": text, "text/html": tree_html(rows, "cell" if isinstance(app, App) else "where")}


def declared_at(route: Route | RouteInfo, frame_labels: FrameLabels | None = None) -> str:
    """The first line of the cell that declared a route; of another framework's ``shop.py, line 12``, or a package."""
    if isinstance(route, Route):
        return str(route.owner.label)
    function = route.function
    code = getattr(inspect.unwrap(function) if callable(function) else function, "__code__", None)
    if code is None and inspect.isclass(function):
        codes = (getattr(value, "__code__", None) for value in vars(function).values())
        code = next((found for found in codes if found is not None), None)
    if code is not None and is_users(code.co_filename):
        label = label_of(code.co_filename, frame_labels)
        line = inspect.getsourcelines(function)[1] if inspect.isclass(function) else code.co_firstlineno
        return f"{label}, line {line}"
    module = getattr(function, "__module__", None) or type(function).__module__
    return str(module).partition(".")[0] if module != "builtins" else ""


# -- the tree ----------------------------------------------------------------------------------------------------------


@dataclass
class _Branch:
    path: str
    routes: list[RouteRow] = field(default_factory=list)
    inside: dict[str, _Branch] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.routes) + sum(branch.count for branch in self.inside.values())

    def shortened(self) -> _Branch:
        """The same with branches that only lead to one other joined with that."""
        inside = {name: branch.shortened() for name, branch in self.inside.items()}
        if not self.routes and len(inside) == 1:
            only = next(iter(inside.values()))
            return _Branch(self.path + only.path, only.routes, only.inside)
        return _Branch(self.path, self.routes, inside)


def tree_html(rows: Sequence[RouteRow], where: str) -> str:
    """Draw the routes; ``where`` heads the column that says where each is declared."""
    branches = [branch.shortened() for branch in _grown(rows).inside.values()]
    if len(rows) <= FOLDABLE:
        return output(_table(branches, where))
    alone = [branch for branch in branches if branch.count == 1]
    is_open = len(rows) <= FOLDED
    folded = [_folded(branch, where, is_open) for branch in branches if branch.count > 1]
    return output(*([_table(alone, where)] if alone else []), *folded)


def _grown(rows: Sequence[RouteRow]) -> _Branch:
    root = _Branch("")
    for row in rows:
        branch = root
        head, *others = rule_segments(row.rule)
        for part in [*([head] if head or not others else []), *(f"/{segment}" for segment in others)]:
            branch = branch.inside.setdefault(part, _Branch(part))
        branch.routes.append(row)
    return root


def _folded(branch: _Branch, where: str, is_open: bool) -> Markup:
    count = Markup('<small style="opacity:.75">{} routes</small>').format(branch.count)
    return Markup(
        '<details{}><summary style="cursor:pointer;padding:.15em 0"><code>{}</code> {}</summary>\n{}</details>'
    ).format(Markup(" open") if is_open else "", branch.path, count, _table([branch], where))


def _table(branches: Sequence[_Branch], where: str) -> Markup:
    head = Markup("").join(
        Markup('<th style="text-align:left">{}</th>').format(name) for name in ("path", "methods", "endpoint", where)
    )
    lines = [line for branch in branches for line in _lines(branch, 0)]
    return Markup('<table style="margin:.2em 0 .6em"><thead><tr>{}</tr></thead><tbody>\n{}\n</tbody></table>').format(
        head, joined(lines)
    )


def _lines(branch: _Branch, depth: int) -> Iterator[Markup]:
    path = Markup("{}<code>{}</code>").format(_INDENT * depth, branch.path)
    if not branch.routes:
        yield _line(path, "", "", "")
    for row in branch.routes:
        yield _line(path, _methods(row.methods), Markup("<code>{}</code>").format(row.endpoint), _where(row.where))
        path = Markup("")
    for inner in branch.inside.values():
        yield from _lines(inner, depth + 1)


def _line(*cells: Markup | str) -> Markup:
    cell = Markup('<td style="text-align:left;vertical-align:top">{}</td>')
    return Markup("<tr>{}</tr>").format(Markup("").join(map(cell.format, cells)))


def _methods(names: str) -> Markup:
    edge = Markup('<b style="border-left:3px solid {};padding:0 .7em 0 .4em">{}</b>')
    return Markup(" ").join(edge.format(METHOD_EDGES.get(name, "#888"), name) for name in names.split(","))


def _where(text: str) -> Markup:
    return quiet(text) if text else Markup("")
