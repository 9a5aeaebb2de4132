"""Flask-Classful: classes whose methods are routes."""

from __future__ import annotations

import pytest
from flask import Flask, url_for
from flask_classful import FlaskView, method, route

CALLS = []


class QuotesView(FlaskView):
    route_base = "quotes"

    def before_request(self, called, **kwargs):
        CALLS.append(f"before {called}")

    def after_request(self, called, response, **kwargs):
        CALLS.append(f"after {called}")
        return response

    def before_get(self, id):
        CALLS.append(f"before get {id}")

    def index(self):
        return "index"

    def get(self, id):
        return f"get {id}"

    def post(self):
        return {"new": 1}, 201

    def put(self, id):
        return f"put {id}"

    def delete(self, id):
        return "", 204

    def random(self):
        return "random"

    @route("/word_<name>/", methods=["GET", "POST"])
    @route("/also/<name>", endpoint="also")
    def word(self, name):
        return f"word {name}"

    @method("POST")
    def shout(self):
        return "shout"

    def where(self):
        return url_for("QuotesView:get", id=3)


class PlainView(FlaskView):
    excluded_methods = ("helper",)

    def two_words(self):
        return "two words"

    def helper(self):
        return "no route"


class OtherView(PlainView):
    pass


class SubView(FlaskView):
    route_prefix = "/sub"
    trailing_slash = False
    decorators = (lambda view: lambda *args, **kwargs: f"<{view(*args, **kwargs)}>",)

    def index(self):
        return "sub"

    def get(self, id):
        return id


@pytest.fixture
def app():
    CALLS.clear()
    app = Flask(__name__)
    QuotesView.register(app)
    PlainView.register(app)
    SubView.register(app, route_base="/things")
    OtherView.register(app, route_base="/other", route_prefix="/v2", method_dashified=True)
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.mark.parametrize(
    "path", ["/quotes/", "/quotes/3/", "/quotes/random/", "/quotes/word_x/", "/quotes/also/y", "/quotes/where/"]
)
def test_methods_are_routes(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/quotes/"), ("PUT", "/quotes/3/"), ("DELETE", "/quotes/3/")])
def test_methods_named_as_those_of_http(client, method, path):
    assert client.open(path, method=method).status_code in (200, 201, 204)


def test_before_and_after(client):
    client.get("/quotes/3/")
    assert CALLS == ["before get", "before get 3", "after get"]


def test_a_method_of_its_own(client):
    assert client.post("/quotes/shout/").text == "shout"
    assert client.get("/quotes/shout/").status_code in (404, 405, 200)


def test_names_and_exclusions(client):
    assert client.get("/plain/two_words/").text == "two words"
    assert client.get("/v2/other/two-words/").text == "two words"
    assert client.get("/plain/helper/").status_code == 404


def test_prefix_and_decorators(client):
    assert client.get("/sub/things").text == "<sub>"
    assert client.get("/sub/things/4").text == "<4>"


def test_all_its_rules(app, note):
    note(sorted((rule.rule, rule.endpoint, sorted(rule.methods)) for rule in app.url_map.iter_rules()))


def test_a_subclass_overrides(note):
    class Base(FlaskView):
        def index(self):
            return "base"

    class ChildView(Base):
        def index(self):
            return "child"

    app = Flask("child")
    ChildView.register(app)
    assert app.test_client().get("/child/").text == "child"


def test_a_blueprint_and_the_class_a_second_time():
    from flask import Blueprint

    app, blueprint = Flask("a"), Blueprint("b", __name__)
    PlainView.register(blueprint)
    app.register_blueprint(blueprint, url_prefix="/b")
    assert app.test_client().get("/b/plain/two_words/").text == "two words"
    assert "b.PlainView:two_words" in app.view_functions
