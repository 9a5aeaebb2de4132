"""Conflicts between routes: which one shadows others of the same URL, and which endpoint each of them gets."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from nbmicro.web.declarations import Route
from nbmicro.web.rules import pattern_of


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A declared route: its ``position`` in the app's ledger orders it, and the later ``run`` wins a conflict."""

    route: Route
    position: int
    run: int


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A route that another owner's route shadows, wholly or for some methods."""

    route: Route
    by: Route


def resolve(candidates: Iterable[Candidate]) -> tuple[list[Route], list[Shadowed]]:
    """The routes in effect, each with an endpoint of its own function, and those that they shadow.

    Between cells the later run shadows the earlier; within one owner, and among modules, the first rule of a URL
    answers, as Flask's.
    """
    order = list(candidates)
    kept, shadowed = _shadow(order)
    remain = set(map(id, kept))
    endpoints = _endpoints([one for one in order if id(one) in remain])
    return [_with_endpoint(one.route, endpoints[id(one)]) for one in kept], shadowed


def _shadow(candidates: list[Candidate]) -> tuple[list[Candidate], list[Shadowed]]:
    groups: dict[Hashable, list[Candidate]] = {}
    for one in candidates:
        groups.setdefault(url_key(one.route), []).append(one)
    gone: set[int] = set()
    ranks: dict[int, int] = {}
    shadowed: list[Shadowed] = []
    for group in groups.values():
        if len(group) == 1 or all(one.route.owner.kind != "cell" for one in group):
            continue
        latest_first = sorted(group, key=lambda one: -one.run)
        over_each = [
            [later.route for later in latest_first[:rank] if _conflict(later.route, one.route)]
            for rank, one in enumerate(latest_first)
        ]
        if not any(over_each):
            continue  # one owner's, or each answers other methods
        for rank, (one, over) in enumerate(zip(latest_first, over_each, strict=True)):
            ranks[id(one)] = rank
            shadowed += [Shadowed(one.route, by=route) for route in over]
            if _answers_nothing(one.route, over):
                gone.add(id(one))
    kept = [one for one in candidates if id(one) not in gone]
    # Werkzeug lets the first of two equal rules answer: put the later run before the earlier, all else as it was.
    places: dict[Hashable, list[int]] = {}
    for place, one in enumerate(kept):
        if id(one) in ranks:
            places.setdefault(url_key(one.route), []).append(place)
    for equals in places.values():
        ordered = sorted((kept[place] for place in equals), key=lambda one: ranks[id(one)])
        for place, one in zip(equals, ordered, strict=True):
            kept[place] = one
    return kept, shadowed


def url_key(route: Route) -> Hashable:
    """What two routes have in common that answer the same URLs."""
    options = {name: value for name, value in route.options.items() if name in ("subdomain", "host", "websocket")}
    special = route.options.get("build_only") or route.options.get("redirect_to") or route.options.get("alias")
    return (pattern_of(route.rule), tuple(sorted(options.items())), id(route) if special else None)


def _methods(route: Route) -> frozenset[str] | None:
    """The methods that a route answers; None for any."""
    methods = route.methods
    return methods | {"HEAD"} if methods is not None and "GET" in methods else methods


def _conflict(one: Route, other: Route) -> bool:
    """Whether two owners' routes answer one method; OPTIONS comes by itself and does not count."""
    methods, others = _methods(one), _methods(other)
    same_url = methods is None or others is None or bool((methods & others) - {"OPTIONS"})
    return same_url and one.owner != other.owner


def _answers_nothing(route: Route, over: list[Route]) -> bool:
    """Whether the routes over a route leave it no method."""
    methods = _methods(route)
    taken = [_methods(one) for one in over]
    if None in taken:
        return True
    return methods is not None and bool(over) and not methods.difference({"OPTIONS"}, *(one for one in taken if one))


def _endpoints(kept: list[Candidate]) -> dict[int, str]:
    """An endpoint for every candidate: between cells, the second function of a name gets ``_2``."""
    taken: dict[str, Route] = {}
    names: dict[int, str] = {}
    for one in kept:
        route, name, number = one.route, one.route.endpoint, 1
        while route.handler is not None and name in taken and not _may_share(taken[name], route):
            number += 1
            name = f"{route.endpoint}_{number}"
        taken.setdefault(name, route)
        names[id(one)] = name
    return names


def _with_endpoint(route: Route, endpoint: str) -> Route:
    return route if route.endpoint == endpoint else replace(route, endpoint=endpoint, asked_endpoint=route.endpoint)


def _may_share(holder: Route, route: Route) -> bool:
    """Whether two routes may have one endpoint: they have one function, or neither is a cell's."""
    if holder.handler is route.handler or holder.handler is None:
        return True
    return holder.owner.kind != "cell" and route.owner.kind != "cell"
