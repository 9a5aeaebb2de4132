"""apispec-webframeworks: it finds the rule of a view in the app's map."""

from __future__ import annotations

import pytest
from apispec import APISpec
from apispec_webframeworks.flask import FlaskPlugin
from flask import Blueprint, Flask
from flask.views import MethodView


@pytest.fixture
def app():
    return Flask(__name__)


@pytest.fixture
def spec():
    return APISpec(title="T", version="1", openapi_version="3.0.3", plugins=[FlaskPlugin()])


def test_a_view(app, spec):
    @app.get("/hello/<int:number>")
    def hello(number):
        """Hello
        ---
        get:
            description: A greeting
            responses: {200: {description: fine}}
        """

    with app.test_request_context():
        spec.path(view=hello)
    assert spec.to_dict()["paths"]["/hello/{number}"]["get"]["description"] == "A greeting"


def test_a_view_with_its_app(app, spec):
    @app.route("/all", methods=["GET", "POST"])
    def all_():
        return "x"

    spec.path(view=all_, app=app, operations={"post": {}, "get": {"description": "d"}})
    assert spec.to_dict()["paths"] == {"/all": {"get": {"description": "d"}, "post": {}}}


def test_a_class(app, spec):
    class Pets(MethodView):
        """Pets
        ---
        x-extension: value
        """

        def get(self):
            """Get
            ---
            description: get them
            """

        def post(self):
            return {}

    view = Pets.as_view("pets")
    app.add_url_rule("/pets/<name>", view_func=view)
    with app.test_request_context():
        spec.path(view=view)
    assert spec.to_dict()["paths"]["/pets/{name}"]["get"]["description"] == "get them"
    assert spec.to_dict()["paths"]["/pets/{name}"]["x-extension"] == "value"


def test_blueprints(app, spec):
    outer, inner = Blueprint("outer", __name__, url_prefix="/o"), Blueprint("inner", __name__, url_prefix="/i")

    @inner.get("/deep/<path:rest>")
    def deep(rest):
        """---
        get: {description: deep}
        """

    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    with app.app_context():
        spec.path(view=deep)
    assert "/o/i/deep/{rest}" in spec.to_dict()["paths"]


def test_the_view_is_found_by_its_function(app, spec):
    def one():
        return "1"

    app.add_url_rule("/one", endpoint="renamed", view_func=one)
    with app.app_context():
        spec.path(view=app.view_functions["renamed"])
    assert "/one" in spec.to_dict()["paths"]


def test_a_view_set_in_the_mapping(app, spec):
    app.add_url_rule("/late", endpoint="late")

    def late():
        return "late"

    app.view_functions["late"] = late
    with app.app_context():
        spec.path(view=late)
    assert "/late" in spec.to_dict()["paths"]
    assert app.test_client().get("/late").text == "late"


def test_a_function_that_is_no_view(app, spec):
    from apispec.exceptions import APISpecError

    with app.app_context(), pytest.raises(APISpecError, match="Could not find endpoint"):
        spec.path(view=lambda: "x")


def test_the_root_and_a_prefix(app, spec):
    app.config["APPLICATION_ROOT"] = "/app"

    @app.get("/x")
    def x():
        return "x"

    with app.app_context():
        spec.path(view=x)
    assert "/x" in spec.to_dict()["paths"]


def test_rules_by_endpoint(app, note):
    app.add_url_rule("/a", "ends", lambda: "a")
    app.add_url_rule("/b", "ends", app.view_functions["ends"])
    rules = app.url_map._rules_by_endpoint["ends"]
    note([(rule.rule, sorted(rule.methods), rule.is_leaf, rule.strict_slashes) for rule in rules])
    assert len(rules) == 2
