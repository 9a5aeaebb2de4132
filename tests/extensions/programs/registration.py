"""A class that overrides a step of a registration has it called, as Flask calls it."""

from __future__ import annotations

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState


class State(BlueprintSetupState):
    def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
        self.app.told.append(["rule", rule, endpoint, self.url_prefix, self.first_registration])
        super().add_url_rule(f"/state{rule}", endpoint, view_func, **options)


class Mine(Blueprint):
    def register(self, app, options):
        app.told.append(["register", self.name, sorted(options)])
        super().register(app, options)

    def make_setup_state(self, app, options, first_registration=False):
        app.told.append(["state", self.name, first_registration])
        return State(self, app, options, first_registration)


class App(Flask):
    def __init__(self, *args, **kwargs):
        self.told = []
        super().__init__(*args, static_folder=None, **kwargs)

    def add_url_rule(self, rule, endpoint=None, view_func=None, provide_automatic_options=None, **options):
        self.told.append(["app", rule, endpoint])
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def register_blueprint(self, blueprint, **options):
        self.told.append(["blueprint", blueprint.name])
        super().register_blueprint(blueprint, **options)


def rules(app):
    return [[rule.rule, rule.endpoint] for rule in app.url_map.iter_rules()]


def test_every_step_of_nested_blueprints(note):
    app = App("app")
    outer, inner = Mine("outer", "outer", url_prefix="/outer"), Mine("inner", "inner", url_prefix="/inner")
    inner.add_url_rule("/x", "x", lambda: "x")
    outer.add_url_rule("/y", "y", lambda: "y")
    outer.register_blueprint(inner, url_prefix="/deep")
    app.register_blueprint(outer)
    app.register_blueprint(outer, name="again", url_prefix="/again")
    note(app.told)
    note(rules(app))
    assert app.test_client().get("/outer/state/y").text == "y"


def test_recorded_functions_of_nested_blueprints(note):
    app, told = App("app"), []
    outer, inner = Blueprint("outer", "outer", url_prefix="/outer"), Blueprint("inner", "inner", url_prefix="/inner")

    def tell(state):
        told.append([state.blueprint.name, state.url_prefix, state.subdomain, state.first_registration, state.name])
        told.append([state.name_prefix, state.url_defaults, sorted(state.options), rules(state.app)])

    for blueprint in (outer, inner):
        blueprint.add_url_rule("/before", "before", lambda: "before")
        blueprint.record(tell)
        blueprint.record_once(lambda state: told.append("once"))
        blueprint.add_url_rule("/after", "after", lambda: "after")
    outer.register_blueprint(inner, url_defaults={"a": 1})
    app.register_blueprint(outer)
    app.register_blueprint(outer, name="again", url_prefix="/again")
    note(told)


def test_a_rule_added_by_a_recorded_function(note):
    app = App("app")
    outer, inner = Blueprint("outer", "outer", url_prefix="/outer"), Blueprint("inner", "inner", url_prefix="/inner")
    inner.record(lambda state: state.add_url_rule("/by-state", "by_state", lambda: "by state"))
    inner.record(lambda state: state.app.add_url_rule("/by-app", "by_app", lambda: "by app"))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    note([rules(app), app.told])
    client = app.test_client()
    assert (client.get("/outer/inner/by-state").text, client.get("/by-app").text) == ("by state", "by app")


def test_the_methods_of_http_walk_there_too(note):
    app, blueprint = App("app"), Mine("b", "b")
    blueprint.get("/g")(lambda: "g")
    blueprint.post("/p", endpoint="p")(lambda: "p")
    app.put("/u")(lambda: "u")
    app.route("/r", methods=["GET", "POST"], endpoint="r")(lambda: "r")
    app.register_blueprint(blueprint)
    note([app.told, rules(app)])


def test_decorators_of_a_blueprint_for_the_app(note):
    app, told = App("app"), []
    inner, outer = Blueprint("inner", "i"), Blueprint("outer", "o")
    inner.before_app_request(lambda: told.append("before app"))
    inner.before_request(lambda: told.append("before inner"))
    outer.before_request(lambda: told.append("before outer"))
    inner.app_context_processor(lambda: {"word": 1})
    inner.app_errorhandler(404)(lambda error: ("inner 404", 404))
    inner.app_template_filter("twice")(lambda value: value * 2)
    inner.add_url_rule("/x", "x", lambda: "x")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    client = app.test_client()
    note([client.get("/x").text, client.get("/nowhere").text, told])
    note({str(key): len(value) for key, value in app.before_request_funcs.items()})
    assert app.jinja_env.filters["twice"](2) == 4


def test_errors_of_registering(note):
    app = App("app")
    blueprint = Blueprint("b", "b")
    app.register_blueprint(blueprint)
    for call in (
        lambda: app.register_blueprint(blueprint),
        lambda: app.register_blueprint(Blueprint("b", "b")),
        lambda: Blueprint("a.b", "b"),
        lambda: Blueprint("", "b"),
        lambda: (own := Blueprint("own", "own")).register_blueprint(own),
        lambda: Blueprint("c", "c").add_url_rule("/", endpoint="a.b"),
    ):
        try:
            call()
        except (ValueError, AssertionError) as error:
            note(type(error).__name__)
        else:
            note("no error")
