"""A rule of nbmicro's app carries what one of Flask's does, field by field, however it was declared."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import flask
import flask.views
import pytest
from werkzeug.routing import Map, Rule, Submount
from werkzeug.routing.converters import BaseConverter

import nbmicro
from nbmicro.web.views import MethodView, View

FRAMEWORKS = (
    SimpleNamespace(app=nbmicro.Flask, blueprint=nbmicro.Blueprint, view=View, methods=MethodView, get=nbmicro.request),
    SimpleNamespace(
        app=flask.Flask,
        blueprint=flask.Blueprint,
        view=flask.views.View,
        methods=flask.views.MethodView,
        get=flask.request,
    ),
)
NOT_COMPARED = {"map", "_build", "_build_unknown", "_converters"}
"""Objects of each framework's own: the app's map is asked for apart, the builders by building."""

OPTIONS: dict[str, list[Any]] = {
    "methods": [["GET"], ["POST"], ["get", "POST"], ["OPTIONS"], ["HEAD"], ["GET", "OPTIONS"], {"PUT", "DELETE"}, ()],
    "defaults": [{}, {"page": 1}, {"page": 1, "more": "x"}],
    "strict_slashes": [True, False, None],
    "merge_slashes": [True, False, None],
    "redirect_to": [None, "/elsewhere", "elsewhere/<a>"],
    "alias": [True, False],
    "build_only": [True, False],
    "websocket": [True, False],
    "subdomain": [None, "", "sub", "<sub>"],
    "host": [None, "example.com"],
    "provide_automatic_options": [True, False, None],
    "endpoint": [None, "named"],
}
RULES = ["/", "/a", "/a/", "/<a>", "/<int:a>/b", "/<path:a>", "/<any(x, y):a>", "/<string(length=2):a>/", "/<own:a>"]


def fields_of(rule: Any) -> dict[str, Any]:
    carried = {name: value for name, value in vars(rule).items() if name not in NOT_COMPARED}
    carried["_converters"] = {
        name: (type(one).__name__, one.regex, one.weight) for name, one in rule._converters.items()
    }
    return {name: (type(value).__name__, value) for name, value in carried.items()}


class Own(BaseConverter):
    """A converter of the program's own."""

    regex = "[a-z]{2}"
    weight = 50


class OwnRule(Rule):
    """A rule class of the program's own, with an option of its own."""

    def __init__(self, *args: Any, note: str = "none", **options: Any) -> None:
        super().__init__(*args, **options)
        self.note = note


def view_of(framework: Any, name: str, dice: random.Random) -> Any:
    """A function, or a class of views, with or without methods of its own."""

    def view(**values: Any) -> str:
        rule = framework.get.url_rule
        return f"{name} {sorted(values.items())} {sorted(fields_of(rule))} {rule.rule} {rule.endpoint}"

    class Plain(framework.view):  # type: ignore[misc, name-defined]
        methods = dice.choice([None, ["POST"], ["GET", "PUT"]])
        provide_automatic_options = dice.choice([None, True, False])

        def dispatch_request(self, **values: Any) -> str:
            return view(**values)

    class Methods(framework.methods):  # type: ignore[misc, name-defined]
        def get(self, **values: Any) -> str:
            return view(**values)

        def delete(self, **values: Any) -> str:
            return view(**values)

    view.__name__ = name
    kind = dice.randrange(8)
    if kind == 0:
        view.methods = ["POST", "PUT"]  # type: ignore[attr-defined]
    elif kind == 1:
        view.required_methods = ["PATCH"]  # type: ignore[attr-defined]
    elif kind == 2:
        view.provide_automatic_options = dice.choice([True, False])  # type: ignore[attr-defined]
    elif kind == 3:
        return Plain.as_view(name)
    elif kind == 4:
        return Methods.as_view(name)
    return view


def program(framework: Any, seed: int) -> list[Any]:
    """Declare rules in all the ways there are; what became of each."""
    dice, log = random.Random(seed), list[Any]()
    own_rules, host_matching, subdomains = dice.random() < 0.3, dice.random() < 0.2, dice.random() < 0.5
    app_class = type("App", (framework.app,), {"url_rule_class": OwnRule} if own_rules else {})
    if host_matching:
        made: dict[str, Any] = {"host_matching": True, "static_host": "example.com"}
    else:
        made = {"subdomain_matching": subdomains}
    app = app_class(
        "program", root_path="/", static_folder=dice.choice(["static", None]) if not host_matching else "s", **made
    )
    app.url_map.converters["own"] = Own
    if subdomains:
        app.config["SERVER_NAME"] = "example.com"
    if dice.random() < 0.2:
        app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    if dice.random() < 0.2:
        app.url_map.strict_slashes = False
    if dice.random() < 0.2:
        app.url_map.default_subdomain = "www"
    inner = framework.blueprint("inner", "program", root_path="/", url_prefix=dice.choice([None, "/inner"]))
    options = {"url_defaults": {"lang": "en"}} if dice.random() < 0.3 else {}
    outer = framework.blueprint(
        "outer", "program", root_path="/", url_prefix="/outer", static_folder="static", **options
    )

    def attempt(change: Callable[..., Any], *args: Any, **options: Any) -> None:
        try:
            change(*args, **options)
        except Exception as error:
            log.append(type(error).__name__)

    def build(endpoint: str, values: dict[str, Any]) -> None:
        log.append(app.url_for(endpoint, **values))

    for number in range(6):
        part, name = dice.choice([app, outer, inner]), f"view{number}"
        options = {
            option: dice.choice(dice.choice([values])) for option, values in OPTIONS.items() if dice.random() < 0.2
        }
        if own_rules and dice.random() < 0.5:
            options["note"] = "noted"
        if "endpoint" in options:
            options["endpoint"] = dice.choice([None, f"named{number}"])
        rule, view = dice.choice(RULES), view_of(framework, name, dice)
        way = dice.randrange(4)
        if way == 0:
            attempt(part.route(rule, **options), view)
        elif way == 1:
            options.pop("methods", None)
            attempt(getattr(part, dice.choice(["get", "post", "put", "delete", "patch"]))(rule, **options), view)
        elif way == 2 and part is app:
            options = {key: value for key, value in options.items() if key not in ("provide_automatic_options", "note")}
            options.pop("websocket", None)
            made_rule = Rule(rule, **{**options, "endpoint": name, "methods": options.get("methods") or None})
            made_rule.noted = number  # type: ignore[attr-defined]
            attempt(app.url_map.add, dice.choice([made_rule, Submount("/sub", [made_rule])]))
            app.view_functions[name] = view
        else:
            attempt(part.add_url_rule, rule, options.pop("endpoint", None), view, **options)
    attempt(outer.register_blueprint, inner)
    attempt(app.register_blueprint, outer, **({"subdomain": "deep"} if dice.random() < 0.3 else {}))
    rules = list(app.url_map.iter_rules())
    for rule in rules:
        log.append(
            (
                rule.rule,
                rule.map is app.url_map,
                str(rule),
                repr(rule).partition(" ")[0],
                hasattr(rule, "provide_automatic_options"),
            )
        )
        log.extend(sorted(fields_of(rule).items()))
        log.append([one.rule for one in app.url_map.iter_rules(rule.endpoint)])
        log.append(app.url_map.is_endpoint_expecting(rule.endpoint, "a"))
        for values in ({}, {"a": "xy", "filename": "z"}, {"a": 1, "page": 1, "lang": "en"}):
            with app.test_request_context(base_url="http://example.com"):
                attempt(build, rule.endpoint, values)
    log.append(
        ([one.rule for one in app.url_map._rules], list(app.url_map._rules_by_endpoint), isinstance(app.url_map, Map))
    )
    for rule in rules:
        path = re.sub("<[^>]*>", "xy", rule.rule)
        for method in ("GET", "POST", "OPTIONS", "HEAD"):
            answer = app.test_client().open(path, method=method, base_url="http://example.com")
            log.append((path, method, answer.status_code, sorted(answer.allow), answer.location))
            log.append(answer.text if answer.status_code == 200 else None)
    return log


@pytest.mark.parametrize("seed", range(80))
def test_rules_carry_the_same(seed: int) -> None:
    ours, flasks = (program(framework, seed) for framework in FRAMEWORKS)
    for number, (one, other) in enumerate(zip(ours, flasks, strict=False)):
        assert one == other, f"entry {number}, after {ours[max(0, number - 4) : number]}"
    assert len(ours) == len(flasks)
