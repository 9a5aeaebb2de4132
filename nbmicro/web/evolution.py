"""A new table from an old one, when all that changed is the routes of a cell."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nbmicro.web.covering import Candidate, place_of
from nbmicro.web.declarations import Route
from nbmicro.web.ledger import Batch

if TYPE_CHECKING:
    from nbmicro.web.table import Table

__all__ = ["Change", "evolved"]

Change = tuple[Batch | None, Batch | None]
"""What an owner had declared, and what it declares now."""


def evolved(table: Table, changes: Sequence[Change]) -> Table | None:
    """The table after ``changes``, or None where it must be built anew.

    Parameters
    ----------
    table:
        The table before; it stays as it is for the requests that have it.
    changes:
        The batches of cells before and after.
    """
    if not table.peaceful or table.matcher is None:
        return None
    removed: list[Candidate] = []
    added: list[Candidate] = []
    for before, after in changes:
        if not (_only_plain_routes(before) and _only_plain_routes(after)):
            return None
        for candidate in _candidates(before):
            known = table.candidate_at(candidate.route)
            if known is None or known.route.handler is not candidate.route.handler:
                return None
            removed.append(known)
        added += _candidates(after)
    return _with(table, removed, added)


def _with(table: Table, removed: list[Candidate], added: list[Candidate]) -> Table | None:
    gone = {id(one) for one in removed}
    taken = {one.route.endpoint for one in removed}
    for one in added:
        rival = table.candidate_at(one.route)
        if rival is not None and id(rival) not in gone:
            return None
        if one.route.endpoint in table.views and one.route.endpoint not in taken:
            return None
    places = [place_of(one.route) for one in added]
    names = [one.route.endpoint for one in added]
    if len(set(places)) != len(places) or len(set(names)) != len(names):
        return None
    matcher = table.matcher and table.matcher.replaced([one.route for one in removed], [one.route for one in added])
    if matcher is None:
        return None
    candidates = list(table.candidates)
    for position in {one.position for one in removed}:
        begin = bisect_left(candidates, position, key=_position)
        end = bisect_right(candidates, position, key=_position)
        candidates[begin:end] = [one for one in candidates[begin:end] if id(one) not in gone]
    for one in added:
        candidates.insert(bisect_right(candidates, one.position, key=_position), one)
    return table.successor(candidates, removed, added, matcher)


def _position(candidate: Candidate) -> int:
    return candidate.position


def _only_plain_routes(batch: Batch | None) -> bool:
    if batch is None:
        return True
    if batch.owner.kind != "cell":
        return False
    return all(
        one.kind == "route" and one.value.handler is not None and not one.value.options for one in batch.declarations
    )


def _candidates(batch: Batch | None) -> list[Candidate]:
    if batch is None:
        return []
    return [Candidate(_owned(one.value, batch), batch.position, batch.run) for one in batch.declarations]


def _owned(route: Route, batch: Batch) -> Route:
    return replace(route, owner=batch.owner)
