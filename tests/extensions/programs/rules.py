"""A rule carries what Flask's carries, for routes of the app, of blueprints and of nested ones."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask

FIELDS = [
    "rule",
    "endpoint",
    "methods",
    "defaults",
    "subdomain",
    "host",
    "strict_slashes",
    "merge_slashes",
    "redirect_to",
    "alias",
    "websocket",
    "build_only",
    "is_leaf",
    "arguments",
    "provide_automatic_options",
]


def shown(value):
    return sorted(value) if isinstance(value, (set, frozenset)) else value


def fields(app):
    return sorted([[shown(getattr(rule, name)) for name in FIELDS] for rule in app.url_map.iter_rules()], key=str)


OPTIONS = [
    {},
    {"methods": ["POST"]},
    {"methods": ["GET", "PUT"], "defaults": {"number": 1}},
    {"strict_slashes": False},
    {"merge_slashes": False},
    {"subdomain": "sub"},
    {"redirect_to": "/other"},
    {"alias": True},
    {"build_only": True},
    {"websocket": True},
    {"provide_automatic_options": False},
    {"endpoint": "named"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("rule", ["/plain", "/<int:number>/x", "/folder/"])
def test_the_fields(note, options, rule):
    if "defaults" in options and "number" in rule:
        options = {**options, "defaults": {"other": 2}}

    def view(**values):
        return "view"

    app = Flask("app", static_folder=None, subdomain_matching=True)
    app.config["SERVER_NAME"] = "host"
    inner = Blueprint("inner", "inner", url_prefix="/inner")
    outer = Blueprint("outer", "outer", url_prefix="/outer/<int:level>", url_defaults={"level": 3})
    for holder in (app, inner, outer):
        holder.add_url_rule(rule, view_func=view, **options)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    note(fields(app))


def test_prefix_subdomain_and_defaults_of_a_registration(note):
    def make():
        blueprint = Blueprint("b", "b", url_prefix="/b", url_defaults={"a": 1}, subdomain="one")
        blueprint.add_url_rule("/x/<int:a>", "x", lambda **v: str(v), defaults={"z": 9})
        blueprint.add_url_rule("", "bare", lambda **v: "bare")
        return blueprint

    for options in (
        {},
        {"url_prefix": "/other/"},
        {"url_prefix": None},
        {"subdomain": "two"},
        {"url_defaults": {"b": 2}},
        {"name": "renamed"},
        {"name_prefix": "before"},
        {"unknown": 1},
    ):
        app = Flask("app", static_folder=None, subdomain_matching=True)
        app.config["SERVER_NAME"] = "host"
        app.register_blueprint(make(), **options)
        note([options, fields(app), sorted(app.blueprints)])


def test_one_blueprint_on_two_apps(note):
    blueprint = Blueprint("b", "b", url_prefix="/b")
    blueprint.add_url_rule("/<name>", "named", lambda name: name)
    for prefix in ("/one", "/two"):
        app = Flask("app", static_folder=None)
        app.register_blueprint(blueprint, url_prefix=prefix)
        assert app.test_client().get(f"{prefix}/x").text == "x"
        note(fields(app))


def test_text_and_methods_of_a_rule(note):
    app = Flask("app")
    app.add_url_rule("/a/<int(min=3):n>/<any(x, y):w>", "a", lambda n, w: "a")
    (rule,) = app.url_map.iter_rules("a")
    note([str(rule), sorted(rule.arguments), rule.build({"n": 4, "w": "x"}), rule.suitable_for({"n": 1})])
    note([type(rule._converters["n"]).__name__, rule._converters["n"].min])
    note(
        [
            next(iter(rule.get_rules(app.url_map))) is rule,
            rule.empty().rule,
            rule.map is app.url_map,
            rule.bind is not None,
        ]
    )
