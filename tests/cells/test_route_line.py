"""A `%%route` line that is right is read as it was meant."""

from __future__ import annotations

import pytest

from nbmicro.cells.route_line import RouteLine, parse_route_line


def test_a_rule_alone_answers_get() -> None:
    assert parse_route_line("/hello") == RouteLine(("GET",), "/hello", None, None, ())


@pytest.mark.parametrize(
    ("line", "methods"),
    [
        ("get /x", ("GET",)),
        ("POST /x", ("POST",)),
        ("GET,POST /x", ("GET", "POST")),
        ("GET, POST /x", ("GET", "POST")),
        ("Get , post,PUT /x", ("GET", "POST", "PUT")),
        ("POST,GET,POST /x", ("POST", "GET")),
        ("GET, /x", ("GET",)),
        ("PROPFIND /x", ("PROPFIND",)),
    ],
)
def test_methods_stand_before_the_rule_in_any_case(line: str, methods: tuple[str, ...]) -> None:
    assert parse_route_line(line).methods == methods
    assert parse_route_line(line).rule == "/x"


@pytest.mark.parametrize(
    ("line", "rule", "parameters"),
    [
        ("/users/<int:id>", "/users/<int:id>", ("id",)),
        ("/a/<b>/<path:c>.json", "/a/<b>/<path:c>.json", ("b", "c")),
        ("/<any(a,b):x>", "/<any(a,b):x>", ("x",)),
        ("/<any(a, b):x> --name y", "/<any(a, b):x>", ("x",)),
        ("/<string(length=2):lang>/", "/<string(length=2):lang>/", ("lang",)),
        ('/<regex("[a-z]{3} --try #/>"):code>', '/<regex("[a-z]{3} --try #/>"):code>', ("code",)),
        ('"/a page/<x>"', "/a page/<x>", ("x",)),
        ("'/x' --name y", "/x", ()),
    ],
)
def test_the_rule_is_werkzeugs_and_may_be_quoted(line: str, rule: str, parameters: tuple[str, ...]) -> None:
    route = parse_route_line(line)
    assert (route.rule, route.parameters) == (rule, parameters)


@pytest.mark.parametrize("rule", ["/<int:id>", "/<any(a, b):x>", "/x/<string(length=2):lang>", "/<a>.<b>", "/x/"])
def test_parameters_are_those_that_werkzeug_finds(rule: str) -> None:
    from werkzeug.routing import Map, Rule

    bound = Map([Rule(rule, endpoint="x")])
    assert set(parse_route_line(rule).parameters) == next(bound.iter_rules()).arguments


@pytest.mark.parametrize("line", ["/x --name page", "/x --name=page", "--name page /x", "GET /x  --name 'page'"])
def test_name_gives_the_endpoint(line: str) -> None:
    assert parse_route_line(line).endpoint == "page"


@pytest.mark.parametrize(
    ("line", "attempt"),
    [
        ("/x", None),
        ("/x --try", ""),
        ("/x --try /x?a=1 b:=2", "/x?a=1 b:=2"),
        ("POST /x --name y --try POST /x -f a='b c'  # sent", "POST /x -f a='b c'  # sent"),
        ("/x --try --try", "--try"),
        ("'/a --try b' --try 1", "1"),
    ],
)
def test_try_takes_the_rest_of_the_line_as_it_is(line: str, attempt: str | None) -> None:
    assert parse_route_line(line).attempt == attempt


def test_a_comment_ends_the_line() -> None:
    route = parse_route_line("/x   # the page --try")
    assert (route.rule, route.attempt) == ("/x", None)


def test_the_label_names_methods_and_rule() -> None:
    assert parse_route_line("/boom").label == "GET /boom"
    assert parse_route_line("get, post '/x'").label == "GET,POST /x"


@pytest.mark.parametrize(
    ("line", "endpoint"),
    [
        ("/", "index"),
        ("POST /", "index_post"),
        ("/users", "users"),
        ("/users/", "users"),
        ("/users/<int:id>", "users_id"),
        ("POST /users", "users_post"),
        ("GET,POST /login", "login"),
        ("POST,GET /login", "login_post"),
        ("DELETE /users/<int:id>/posts", "users_id_posts_delete"),
        ("/<name>", "name"),
        ("/<a>/<b>.json", "a_b_json"),
        ("/style.css", "style_css"),
        ("/my-page", "my_page"),
        ("/1", "route_1"),
        ("/2024/<slug>", "route_2024_slug"),
        ("/class", "class_"),
        ("POST /class", "class_post"),
        ("/größe", "größe"),
        ("/🍕", "route"),
        ("/x²", "route_x"),
        ("/__a__", "a"),
    ],
)
def test_the_endpoint_of_a_body_follows_from_methods_and_rule_alone(line: str, endpoint: str) -> None:
    assert parse_route_line(line).default_endpoint == endpoint
    assert endpoint.isidentifier()
