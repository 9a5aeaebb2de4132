"""The one line that a cell shows for each route it declares."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbmicro.web.app import App
from nbmicro.web.declarations import Route
from nbmicro.web.ledger import Ledger
from nbmicro.web.owners import Run
from nbmicro.web.table import Table

#: A cell that declares more routes than this tells of the first ones only.
MOST = 50


@dataclass(frozen=True, slots=True)
class Announcement:
    """A route in draft, and what is said of it."""

    route: Route
    line: str


def drafted(run: Run, *, in_notebook: bool) -> list[Announcement]:
    """The routes that ``run`` has declared so far, as they will be in their apps. A folder of static files is not
    told.

    Parameters
    ----------
    run:
        The run.
    in_notebook:
        Whether a cell without an id may be another than the one that declared its route before. What is typed into a
        terminal is always what was typed there before, edited.
    """
    handlers = {
        id(one.value.handler)
        for ledger in list(Ledger.every)
        for one in ledger.drafted(run)
        if one.kind == "route" and one.value.handler is not None
    }
    return [
        Announcement(route, line_of(route, table, replaced))
        for app in {id(app.ledger): app for app in list(App.every)}.values()
        if id(app.ledger) in run.ledgers
        for table in [app.tables.seen_by(run)]
        for replaced in [app.ledger.replaced_by(run) if in_notebook else {}]
        for route in table.routes
        if id(route.handler) in handlers and route.endpoint.rpartition(".")[2] != "static"
    ]


def standing(declared: list[Announcement]) -> list[Announcement]:
    """Those whose routes are in effect, after their run has ended."""
    handlers = {id(route.handler) for app in list(App.every) for route in app.tables.committed().routes}
    return [one for one in declared if id(one.route.handler) in handlers]


def told(lines: list[str]) -> str:
    """The lines as one text; of a great many the first ones, and how many more there are."""
    if len(lines) > MOST:
        lines = [*lines[: MOST - 10], f"… and {len(lines) - MOST + 10} more: %routes"]
    return "".join(f"{line}\n" for line in lines)


def line_of(route: Route, table: Table, replaced: Mapping[str, tuple[str, Any]] | None = None) -> str:
    """``GET /hello/<name> → hello``; it goes on where another cell's route is taken over, or its endpoint was taken."""
    line = f"{route.label} → {route.endpoint}"
    # The latest of each label: where cells have no ids, nothing is known of those before it.
    covered = {one.label: (one.owner.label, one.handler) for one in reversed(table.covered_by(route))}
    rivals = [*reversed(covered.values()), *([replaced[route.label]] if replaced and route.label in replaced else [])]
    # Without a label it is nobody's: the cell that loaded us declared it, or a thread.
    places = [_place(label, route) for label, handler in rivals if label and not _is_same(label, handler, route)]
    if places:
        line += f", in place of {' and '.join(dict.fromkeys(places))}"
    if route.asked_endpoint is not None:
        line += f" (another cell's function has the endpoint {route.asked_endpoint})"
    return line


def _place(label: str, route: Route) -> str:
    # Without cell ids it may as well be this very cell, before it was edited.
    return f'an earlier "{label}"' if label == route.owner.label else f'the one in the cell "{label}"'


def _is_same(label: str, handler: Any, route: Route) -> bool:
    """Whether a route that is taken over may be this cell's own, run before: where cells have no ids, a cell that runs
    again is known by its text alone."""
    return label == route.owner.label and _code(handler) == _code(route.handler)


def _code(handler: Any) -> Any:
    return getattr(inspect.unwrap(handler), "__code__", None) if callable(handler) else None
