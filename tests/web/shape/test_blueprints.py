"""Blueprints in Flask's shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.routing import Rule

from nbmicro import App, Blueprint, abort, render_template_string, request, url_for
from nbmicro.web.blueprints import BlueprintSetupState

MakeApp = Callable[..., App]


def where() -> str:
    """Answers where it is: endpoint, blueprint and path."""
    return f"{request.endpoint} {request.blueprint} {request.path}"


# == blueprint: routes and hooks under a name and a prefix


def test_endpoints_have_the_blueprints_name_and_rules_its_prefix(app: App) -> None:
    """``bp.index`` at ``/bp/``."""
    bp = Blueprint("bp", __name__, url_prefix="/bp/")
    bp.add_url_rule("/", "index", where)
    bp.add_url_rule("", "bare", where)
    bp.get("/get")(where)
    app.register_blueprint(bp)
    client = app.test_client()
    assert client.get("/bp/").text == "bp.index bp /bp/"
    assert client.get("/bp/get").text == "bp.where bp /bp/get"
    assert client.get("/get").status_code == 404
    with app.test_request_context():
        assert url_for("bp.where") == "/bp/get"


def test_registration_beats_the_blueprints_own(make_app: MakeApp) -> None:
    """Name, prefix, subdomain and defaults."""
    app = make_app(subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    bp = Blueprint("bp", __name__, url_prefix="/own", subdomain="own", url_defaults={"a": "own", "b": "own"})
    bp.add_url_rule("/<c>", "index", lambda a, b, c: f"{a} {b} {c} {request.endpoint}")
    bp.add_url_rule("/fixed", "fixed", lambda a, b: f"{a} {b}")
    app.register_blueprint(bp)
    app.register_blueprint(bp, name="two", url_prefix="/two", subdomain="two", url_defaults={"a": "two"})
    client = app.test_client()
    assert client.get("/own/fixed", subdomain="own").text == "own own"
    assert client.get("/two/fixed", subdomain="two").text == "two own"
    assert client.get("/two/x", subdomain="two").text == "two own x two.index"
    assert client.get("/two/fixed", subdomain="own").status_code == 404
    assert set(app.blueprints) == {"bp", "two"}
    assert list(app.iter_blueprints()) == [bp, bp]


def test_names_are_checked(app: App) -> None:
    """No dots, not empty; endpoints without dots too. (A name given at registration as well, which Flask overlooks.)"""
    for name in ("", "a.b"):
        with pytest.raises(ValueError, match="name"):
            Blueprint(name, __name__)
    bp = Blueprint("bp", __name__)
    with pytest.raises(ValueError, match="dot"):
        bp.add_url_rule("/", "a.b", where)
    with pytest.raises(ValueError, match=r"dot|name"):
        app.register_blueprint(bp, name="a.b")


def test_one_name_is_for_one_registration(app: App) -> None:
    """ValueError; another name is the cure."""
    bp = Blueprint("bp", __name__)
    app.register_blueprint(bp)
    with pytest.raises(ValueError, match="already registered"):
        app.register_blueprint(bp)
    with pytest.raises(ValueError, match="already registered"):
        app.register_blueprint(Blueprint("bp", __name__))
    app.register_blueprint(bp, name="again")
    assert app.blueprints["again"] is bp


def test_blueprints_nest(app: App) -> None:
    """Names, prefixes and subdomains join."""
    outer, inner = Blueprint("outer", __name__, url_prefix="/outer"), Blueprint("inner", __name__, url_prefix="/inner")
    inner.add_url_rule("/", "index", lambda: f"{where()} {request.blueprints} {url_for('.other')}")
    inner.add_url_rule("/other", "other", where)
    outer.register_blueprint(inner)
    outer.register_blueprint(inner, name="second", url_prefix="/second")
    app.register_blueprint(outer)
    app.register_blueprint(outer, name="again", url_prefix="/again")
    client = app.test_client()
    assert client.get("/outer/inner/").text == (
        "outer.inner.index outer.inner /outer/inner/ ['outer.inner', 'outer'] /outer/inner/other"
    )
    assert client.get("/outer/second/other").text.startswith("outer.second.other")
    assert client.get("/again/inner/other").text.startswith("again.inner.other")
    assert set(app.blueprints) == {"outer", "outer.inner", "outer.second", "again", "again.inner", "again.second"}


def test_nested_subdomains_join(make_app: MakeApp) -> None:
    """The inner one's in front."""
    app = make_app(subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__, subdomain="api")
    inner.add_url_rule("/", "index", where)
    outer.register_blueprint(inner)
    app.register_blueprint(outer, subdomain="v1")
    client = app.test_client()
    assert client.get("/", subdomain="api.v1").status_code == 200
    assert client.get("/", subdomain="api").status_code == 404


def test_a_blueprint_cannot_be_its_own_part() -> None:
    """ValueError."""
    bp = Blueprint("bp", __name__)
    with pytest.raises(ValueError, match="itself"):
        bp.register_blueprint(bp)


def test_a_blueprint_may_be_added_to_after_its_registration(app: App) -> None:
    """Differs on purpose: Flask refuses with AssertionError. It counts in every app that has it."""
    bp = Blueprint("bp", __name__, url_prefix="/bp")
    app.register_blueprint(bp)
    client = app.test_client()
    assert client.get("/bp/late").status_code == 404
    bp.add_url_rule("/late", "late", where)
    assert client.get("/bp/late").status_code == 200


def test_hooks_of_a_blueprint_are_for_its_own_routes(app: App) -> None:
    """Its context processors and error handlers too."""
    calls: list[str] = []
    one, two = Blueprint("one", __name__, url_prefix="/one"), Blueprint("two", __name__, url_prefix="/two")
    one.before_request(lambda: calls.append("before"))
    one.after_request(lambda response: calls.append("after") or response)
    one.teardown_request(lambda exc: calls.append("teardown"))
    one.context_processor(lambda: {"name": "one"})
    one.register_error_handler(403, lambda error: ("one's", 403))
    for bp in (one, two):
        bp.add_url_rule("/", "index", lambda: render_template_string("{{ name }}"))
        bp.add_url_rule("/403", "forbidden", lambda: abort(403))
        app.register_blueprint(bp)
    client = app.test_client()
    assert client.get("/two/").text == ""
    assert client.get("/two/403").text != "one's"
    assert calls == []
    assert client.get("/one/").text == "one"
    assert client.get("/one/403").text == "one's"
    assert calls == ["before", "after", "teardown"] * 2


def test_functions_are_recorded_for_each_registration(make_app: MakeApp) -> None:
    """``record`` for all of them, ``record_once`` for the first of the blueprint on an app."""
    app = make_app()
    bp = Blueprint("bp", __name__, url_prefix="/own")
    states: list[Any] = []
    once: list[Any] = []
    bp.record(states.append)
    bp.record_once(once.append)
    app.register_blueprint(bp, extra="option")
    app.register_blueprint(bp, name="two", url_prefix="/two")
    first, second = states
    assert isinstance(first, BlueprintSetupState)
    assert (first.app, first.blueprint, first.options["extra"], first.url_prefix) == (app, bp, "option", "/own")
    assert (first.first_registration, second.first_registration) == (True, False)
    assert (second.name, second.url_prefix) == ("two", "/two")
    assert len(once) == 1


def test_a_recorded_function_may_add_rules(app: App) -> None:
    """With the registration's name and prefix, by its state."""
    bp = Blueprint("bp", __name__, url_prefix="/bp")
    bp.record(lambda state: state.add_url_rule("/recorded", "recorded", where))
    bp.record(lambda state: state.app.config.setdefault("RECORDED", state.options.get("name", "none")))
    app.register_blueprint(bp)
    assert app.test_client().get("/bp/recorded").text == "bp.recorded bp /bp/recorded"
    assert "RECORDED" in app.config


def test_a_rule_that_is_no_text_may_be_made_one_by_an_extension(app: App) -> None:
    """As Flask-RESTX does it: a function of the prefix, which its own ``add_url_rule`` of the state calls."""
    taken = Blueprint("taken", __name__, url_prefix="/api")

    def take_over(state: BlueprintSetupState) -> None:
        own = state.add_url_rule

        def add(rule: Any, *args: Any, **options: Any) -> None:
            own(rule(state.url_prefix) if callable(rule) else rule, *args, **options)

        state.add_url_rule = add  # type: ignore[method-assign]

    taken.record(take_over)
    taken.add_url_rule(lambda prefix: f"/below{prefix}", "page", where, methods=["POST"])  # type: ignore[arg-type]
    app.register_blueprint(taken)
    assert app.test_client().post("/api/below/api").text == "taken.page taken /api/below/api"


def test_a_rule_that_is_no_text_is_refused(app: App) -> None:
    """Where it is declared, and every other one goes on. (Flask 3.1 says what its own code stumbled over.)"""
    app.add_url_rule("/well", "well", where)
    plain = Blueprint("plain", __name__)
    plain.add_url_rule(lambda prefix: "/a", "page", where)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"A URL rule is a text such as .*; this one is of type function\."):
        app.register_blueprint(plain)
    for wrong in (None, 5, b"/x"):
        for place in (app, plain):
            with pytest.raises(TypeError, match="A URL rule is a text"):
                place.add_url_rule(wrong, "page", where)  # type: ignore[arg-type]
    assert app.test_client().get("/well").text == "well None /well"


def test_the_state_may_be_of_a_class_of_ones_own(app: App) -> None:
    """``make_setup_state`` is an override point."""
    made: list[Any] = []

    class Own(BlueprintSetupState):
        pass

    class MyBlueprint(Blueprint):
        def make_setup_state(self, app: Any, options: Any, first_registration: bool = False) -> Any:
            made.append(Own(self, app, options, first_registration))
            return made[-1]

    bp = MyBlueprint("bp", __name__)
    seen: list[Any] = []
    bp.record(seen.append)
    app.register_blueprint(bp)
    assert seen == made
    assert len(made) == 1


def test_a_blueprint_may_give_a_function_to_any_endpoint(app: App) -> None:
    """``bp.endpoint`` takes the full name of the endpoint, its own or the app's."""
    bp = Blueprint("bp", __name__)
    bp.add_url_rule("/", endpoint="named")
    bp.endpoint("bp.named")(where)
    bp.endpoint("other")(where)
    app.url_map.add(Rule("/other", endpoint="other"))
    app.register_blueprint(bp)
    assert app.test_client().get("/").text == "bp.named bp /"
    assert app.test_client().get("/other").text == "other None /other"


def test_a_blueprint_is_an_object_like_any_other() -> None:
    """Hashable, and shown by its name."""
    bp = Blueprint("bp", __name__)
    assert {bp: 1}[bp] == 1
    assert repr(bp) == "<Blueprint 'bp'>"
    assert bp.import_name == __name__
    assert bp.root_path
