"""A table made from the one before is the same as one built anew, whatever cells did in between."""

from __future__ import annotations

import random

import pytest

from nbmicro import App
from nbmicro.web.ledger import Ledger, start_run
from nbmicro.web.owners import Owner
from nbmicro.web.table import Table

RULES = [
    "/",
    "/a",
    "/a/",
    "/a/<x>",
    "/a/<int:x>",
    "/<x>",
    "/<uuid:x>",
    "/<int:x>",
    "/<float:x>",
    "/b/<path:x>",
    "/b/c/<x>",
]
PATHS = ["/", "/a", "/a/", "/a/1", "/a/x", "/1", "/x", "/1.5", "/b/c/d", "/b/c/d/e", "/none/at/all"]


def picture(table: Table) -> object:
    """All that a request can see of a table."""
    matcher = table.matcher
    assert matcher is not None
    asked = {}
    for method in ("GET", "POST", "HEAD"):
        for path in PATHS:
            found = matcher.find(method, path)
            asked[method, path] = found and (found[0] and found[0].route.handler, found[1])
    return (
        [(route.label, route.endpoint, route.handler, route.owner) for route in table.routes],
        table.views,
        asked,
        [rule.rule for rule in table.map.iter_rules()],
    )


@pytest.mark.parametrize("seed", range(40))
def test_any_course_of_cells_gives_the_table_that_building_it_anew_gives(seed: int) -> None:
    dice = random.Random(seed)
    app = App("shop", root_path="/", static_folder=None)
    quick = 0
    for step in range(40):
        before = app.tables.committed()
        cell = ("cell", dice.choice("abcdefg"))
        if dice.random() < 0.15:
            for ledger in list(Ledger.every):
                ledger.drop_owners({cell})
        else:
            run = start_run(Owner(cell, cell[1]))
            for number in range(dice.choice((0, 1, 1, 1, 2))):
                name = f"{cell[1]}{number}" if dice.random() < 0.9 else "shared"
                methods = dice.choice((["GET"], ["POST"], ["GET", "POST"]))
                try:
                    app.add_url_rule(dice.choice(RULES), name, lambda **values: "x", methods=methods)
                except AssertionError:  # the same endpoint twice in one cell
                    break
                assert picture(app.tables.seen_by(run)) == picture(app._make_table(run)), f"pending, step {step}"
            run.finish(success=dice.random() < 0.8)
        after = app.tables.committed()
        assert picture(after) == picture(app._make_table(None)), f"step {step}"
        quick += after.scoped is before.scoped and after is not before
    assert quick, "some tables must have been made the quick way"
