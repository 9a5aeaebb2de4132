"""Why a path does not match: the nearest route, the rules a trace shows and those %routes lists, of one comparison."""

from __future__ import annotations

import pytest

import nbmicro
from nbmicro.client.client import Client
from nbmicro.diagnosis.near_routes import nearest_route, no_match_text, tried_rules
from nbmicro.web.route_info import RouteInfo, routes_of
from nbmicro.web.rules import CONVERTERS


def listed(path: str, *rules: str) -> str:
    return no_match_text(path, [RouteInfo(rule) for rule in rules])


def verdicts(path: str, *rules: str) -> list[str]:
    return [one.verdict for one in tried_rules("GET", path, None, None, [RouteInfo(rule) for rule in rules])]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/user/1", "/users/<int:id>"),
        ("/users/ada", "/users/<int:id>"),
        ("/users", "/users/<int:id>"),
        ("/hello", "/hello/<name>"),
        ("/Hello/Ada", "/hello/<name>"),
        ("/hello/Ada/x", "/hello/<name>"),
        ("/logn", "/login"),
        ("/login/", "/login"),
        ("/files/a/b/c", "/file/<path:name>"),
        ("/zzz", None),
    ],
)
def test_the_nearest_route_is_the_one_a_person_means(path: str, rule: str | None) -> None:
    rules = ["/", "/login", "/hello/<name>", "/users/<int:id>", "/file/<path:name>"]
    found = nearest_route(path, [RouteInfo(one) for one in rules])
    assert (found.rule if found else None) == rule


def test_among_equals_the_route_with_the_method_is_nearer() -> None:
    routes = [RouteInfo("/usres", ("GET",)), RouteInfo("/usesr", ("POST",))]
    found = nearest_route("/users", routes, "POST")
    assert found is not None
    assert found.methods == ("POST",)


@pytest.mark.parametrize("name", CONVERTERS)
def test_every_converter_is_as_exact_as_werkzeugs(name: str) -> None:
    """What the table says of a converter is what the app does: its example is answered, and no other part."""
    app = nbmicro.App("shop")
    app.add_url_rule(f"/x/<{name}:value>", "x", lambda value: repr(value))
    converter = CONVERTERS[name]
    assert Client(app).get(f"/x/{converter.example}").status == 200
    for value in (converter.example, "1", "-1", "1.5", "-1.5", "two", "a/b", "0" * 32):
        tried = tried_rules("GET", f"/x/{value}", None, None, routes_of(app))
        fits = any(one.verdict.startswith("fits") for one in tried)
        assert fits is (Client(app).get(f"/x/{value}").status == 200), value
    if converter.meaning:
        assert verdicts("/x/two", f"/x/<{name}:value>") == [f"`two` is not {converter.meaning}"]
        assert f"needs {converter.meaning}" in listed("/x/two", f"/x/<{name}:value>")


def test_a_trace_shows_the_first_part_that_does_not_fit() -> None:
    assert verdicts("/users/ada", "/users/<int:id>", "/users", "/users/<name>/posts", "/users/<name>/") == [
        "`posts` is missing",
        "ends with a slash",
        "`ada` is not an int",
        "ends before `ada`",
    ]
    assert verdicts("/users/", "/users/<name>", "/users", "/users/all", "/users/<path:rest>") == [
        "<name> is missing",
        "has no slash at its end",
        "`all` is missing",
        "<rest> is missing",
    ]
    assert verdicts("/c/green", "/c/<any(red, blue):colour>") == ["`green` is none of red, blue"]
    assert verdicts("/x/user-a", "/x/user-<int:id>") == ["`user-a` is not an int"]
    assert verdicts("/x/5", "/x/user-<int:id>") == ["`5` is not `user-<int:id>`"]
    assert verdicts("/a/b/posts", "/<path:p>/post", "/<path:p>/posts") == [
        "fits too; another rule is more exact",
        "`posts` is not `post`",
    ]


def test_routes_lists_the_rules_that_come_near_and_no_others() -> None:
    assert listed("/user", "/users", "/users/<int:id>", "/cart") == (
        "/user: no rule matches. /users: one letter more. /users/<int:id>: needs more parts."
    )
    assert listed("/hello/Ada/x", "/hello/Ada", "/zzz/<name>") == (
        "/hello/Ada/x: no rule matches. /hello/Ada: 2 letters less."
    )
    assert listed("/usres/5", "/users/<int:id>") == "/usres/5: no rule matches. /users/<int:id>: spelled users."
    assert (
        listed("/w/1", "/w/<float:kilo>")
        == "/w/1: no rule matches. /w/<float:kilo>: needs a number with a point (1.0)."
    )


def test_a_value_that_fits_is_not_asked_for() -> None:
    """Of `/users/5/prise` it is the last word that is wrong; 5 is an int."""
    rule = "/users/<int:id>/price"
    assert listed("/users/5/prise", rule) == f"/users/5/prise: no rule matches. {rule}: spelled price."
    assert listed("/users/5/", "/users/<int:id>") == (
        "/users/5/: no rule matches. /users/<int:id>: has no slash at its end."
    )
