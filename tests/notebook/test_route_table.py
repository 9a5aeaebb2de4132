"""The routes of an app as a tree in HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nbmicro.notebook.route_table import FOLDABLE, FOLDED, RouteRow, tree_html


def drawn(*rules: str) -> list[str]:
    """The paths of the tree, each with its indent."""
    return paths(tree_html([RouteRow("GET", rule, f"e{at}", "") for at, rule in enumerate(rules)], "cell"))


def paths(html: str) -> list[str]:
    cells: Iterable[str] = re.findall(r"<tr><td[^>]*>(.*?)</td>", html)
    return [re.sub("<.*?>", "", one).replace("\N{NO-BREAK SPACE}" * 6, "  ") for one in cells]


def test_paths_branch_at_their_parts() -> None:
    """What only leads on is joined with it; a slash inside a parameter or at the end makes no branch."""
    assert drawn("/", "/users", "/users/<id>", "/users/<id>/notes", "/api/v1/a", "/api/v1/b", "/x/<any(a/b):c>/") == [
        "/",
        "/users",
        "  /&lt;id&gt;",
        "    /notes",
        "/api/v1",
        "  /a",
        "  /b",
        "/x/&lt;any(a/b):c&gt;/",
    ]
    assert drawn("/a", "/a/", "/a/b") == ["/a", "  /", "  /b"]
    assert drawn("shop.localhost/a", "r'^x/$'") == ["shop.localhost/a", "r&#39;^x/$&#39;"]


def test_every_route_keeps_its_line() -> None:
    """Methods with their edges, endpoint and cell, escaped; two routes of one rule stand below each other."""
    html = tree_html([RouteRow("GET,POST", "/a", "<b>", "x & y"), RouteRow("DELETE", "/a", "gone", "")], "where")
    assert html.count("<tr>") == 3
    assert [edge for edge, _ in re.findall(r"<b style=\"border-left:3px solid (#\w+)[^>]*>(\w+)</b>", html)] == [
        "#3d7fd6",
        "#3a9a50",
        "#d6453d",
    ]
    assert "<code>&lt;b&gt;</code>" in html
    assert "x &amp; y" in html
    assert ">where</th>" in html


def test_many_routes_are_folded_by_their_first_part() -> None:
    """Nothing is left out; above a number of routes the branches are closed at first."""
    for count, is_open in ((FOLDABLE, None), (FOLDED, True), (FOLDED + 1, False)):
        rules = ["/alone", *(f"/group{at % 3}/r{at}" for at in range(count - 1))]
        html = tree_html([RouteRow("GET", rule, f"e{rule}", "") for rule in rules], "cell")
        assert html.count("<details") == (0 if is_open is None else 3)
        assert html.count("<details open") == (3 if is_open else 0)
        assert all(f"<code>e{rule}</code>" in html for rule in rules)
