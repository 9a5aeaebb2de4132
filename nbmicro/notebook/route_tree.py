"""The routes of an app as a tree in HTML.

The parts of their paths as branches, each route with its methods and cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from nbmicro.render.markup import joined, quiet
from nbmicro.web.rules import rule_segments

#: The edge beside a method; its text keeps the theme's colour.
METHOD_EDGES = {"GET": "#3d7fd6", "POST": "#3a9a50", "PUT": "#c98500", "PATCH": "#c98500", "DELETE": "#d6453d"}
#: Routes above which branches can be folded, and above which they are folded at first.
FOLDABLE, FOLDED = 24, 60

_INDENT = "\N{NO-BREAK SPACE}" * 6


@dataclass(frozen=True, slots=True)
class RouteRow:
    """What a line of the table says of a route; ``methods`` are joined by commas."""

    methods: str
    rule: str
    endpoint: str
    where: str


@dataclass
class _Branch:
    path: str
    routes: list[RouteRow] = field(default_factory=list)
    inside: dict[str, _Branch] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.routes) + sum(one.count for one in self.inside.values())

    def shortened(self) -> _Branch:
        """The same with branches that only lead to one other joined with that."""
        inside = {name: one.shortened() for name, one in self.inside.items()}
        if not self.routes and len(inside) == 1:
            only = next(iter(inside.values()))
            return _Branch(self.path + only.path, only.routes, only.inside)
        return _Branch(self.path, self.routes, inside)


def tree_html(rows: Sequence[RouteRow], where: str) -> str:
    """Draw the routes; ``where`` heads the column that says where each is declared."""
    branches = [one.shortened() for one in _grown(rows).inside.values()]
    if len(rows) <= FOLDABLE:
        return str(_table(branches, where))
    alone = [one for one in branches if one.count == 1]
    others = [one for one in branches if one.count > 1]
    is_open = len(rows) <= FOLDED
    return str(joined([*([_table(alone, where)] if alone else []), *(_folded(one, where, is_open) for one in others)]))


def _grown(rows: Sequence[RouteRow]) -> _Branch:
    root = _Branch("")
    for row in rows:
        branch = root
        head, *others = rule_segments(row.rule)
        for part in [*([head] if head or not others else []), *(f"/{one}" for one in others)]:
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
    for one in branch.inside.values():
        yield from _lines(one, depth + 1)


def _line(*cells: Markup | str) -> Markup:
    cell = Markup('<td style="text-align:left;vertical-align:top">{}</td>')
    return Markup("<tr>{}</tr>").format(Markup("").join(cell.format(one) for one in cells))


def _methods(names: str) -> Markup:
    edge = Markup('<b style="border-left:3px solid {};padding:0 .7em 0 .4em">{}</b>')
    return Markup(" ").join(edge.format(METHOD_EDGES.get(name, "#888"), name) for name in names.split(","))


def _where(text: str) -> Markup:
    return quiet(text) if text else Markup("")
