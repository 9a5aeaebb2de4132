"""Rivals: routes that answer the same URL, and functions that want the same endpoint."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from nbmicro.http.methods import with_head
from nbmicro.web.declarations import Route
from nbmicro.web.rules import pattern_of


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A declared route with its place: ``position`` in the app's ledger orders, the later ``run`` wins."""

    route: Route
    position: int
    run: int


@dataclass(frozen=True, slots=True)
class Covered:
    """A route that another owner's route has taken over, wholly or for some methods."""

    route: Route
    by: Route


def settle(candidates: Iterable[Candidate]) -> tuple[list[Route], list[Covered]]:
    """The routes in effect, each with an endpoint of its own function, and what is covered by them.

    Between cells the later run covers; within one owner, and among modules, the first rule of an URL answers, as
    Flask's.
    """
    order = list(candidates)
    kept, covered = _cover(order)
    remain = set(map(id, kept))
    endpoints = _name([one for one in order if id(one) in remain])
    return [_with_endpoint(one.route, endpoints[id(one)]) for one in kept], covered


def _cover(candidates: list[Candidate]) -> tuple[list[Candidate], list[Covered]]:
    groups: dict[Hashable, list[Candidate]] = {}
    for one in candidates:
        groups.setdefault(place_of(one.route), []).append(one)
    gone: set[int] = set()
    order: dict[int, int] = {}
    covered: list[Covered] = []
    for rivals in groups.values():
        if len(rivals) == 1 or all(one.route.owner.kind != "cell" for one in rivals):
            continue
        if len({one.route.owner for one in rivals}) == 1:
            continue
        latest_first = sorted(rivals, key=lambda one: -one.run)
        over_each = {
            id(one): [two for two in latest_first[:rank] if _rivals(two.route, one.route)]
            for rank, one in enumerate(latest_first)
        }
        if not any(over_each.values()):
            continue  # each answers methods of its own
        for rank, one in enumerate(latest_first):
            order[id(one)] = rank
            over = over_each[id(one)]
            covered += [Covered(one.route, by=two.route) for two in over]
            if _fully(one.route, [two.route for two in over]):
                gone.add(id(one))
    kept = [one for one in candidates if id(one) not in gone]
    # Werkzeug lets the first of two equal rules answer: put the later run before the earlier, all else as it was.
    places = {place_of(one.route): number for number, one in reversed(list(enumerate(kept)))}
    kept.sort(key=lambda one: (places[place_of(one.route)], order.get(id(one), 0)))
    return kept, covered


def place_of(route: Route) -> Hashable:
    """What two routes have in common that answer the same URLs."""
    options = {name: value for name, value in route.options.items() if name in ("subdomain", "host", "websocket")}
    special = route.options.get("build_only") or route.options.get("redirect_to") or route.options.get("alias")
    return (pattern_of(route.rule), tuple(sorted(options.items())), id(route) if special else None)


def _answered(route: Route) -> frozenset[str] | None:
    if route.methods is None:
        return None
    return frozenset(with_head(route.methods))


def _rivals(one: Route, two: Route) -> bool:
    return one.owner != two.owner and _meet(one, two)


def _meet(one: Route, two: Route) -> bool:
    first, second = _answered(one), _answered(two)
    return first is None or second is None or bool((first & second) - {"OPTIONS"})


def _fully(route: Route, covers: list[Route]) -> bool:
    left = _answered(route)
    if any(_answered(cover) is None for cover in covers):
        return True
    if left is None:
        return False
    for cover in covers:
        left = left - (_answered(cover) or frozenset())
    return not left - {"OPTIONS"} and bool(covers)


def _name(kept: list[Candidate]) -> dict[int, str]:
    """An endpoint for every candidate: between cells, the second function of a name gets ``_2``."""
    taken: dict[str, Route] = {}
    names: dict[int, str] = {}
    for one in kept:
        route, name, number = one.route, one.route.endpoint, 1
        while route.handler is not None and name in taken and not _share(taken[name], route):
            number += 1
            name = f"{one.route.endpoint}_{number}"
        if route.handler is not None or name not in taken:
            taken.setdefault(name, route)
        names[id(one)] = name
    return names


def _with_endpoint(route: Route, endpoint: str) -> Route:
    return route if route.endpoint == endpoint else replace(route, endpoint=endpoint, asked_endpoint=route.endpoint)


def _share(holder: Route, route: Route) -> bool:
    """Whether two routes may have one endpoint: the same function, or no cell among their owners' quarrel."""
    if holder.handler is route.handler or holder.handler is None:
        return True
    return holder.owner.kind != "cell" and route.owner.kind != "cell"
