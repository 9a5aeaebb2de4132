"""Flask-RESTful: resources on the app, on nested blueprints, with parsers, fields and errors of its own."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask, make_response
from flask_restful import Api, Resource, abort, fields, marshal_with, reqparse
from werkzeug.exceptions import Conflict


class Todo(Resource):
    def get(self, number):
        if number == 9:
            abort(404, message=f"Todo {number} does not exist")
        return {"todo": number}

    def put(self, number):
        parser = reqparse.RequestParser(bundle_errors=True)
        parser.add_argument("task", type=str, required=True, help="Its task", location=("form", "json"))
        parser.add_argument("rate", type=int, location="args")
        return parser.parse_args(), 201, {"X-Made": "yes"}

    def delete(self, number):
        raise Conflict("in use")


class Shown(Resource):
    @marshal_with({"name": fields.String, "uri": fields.Url("todo"), "n": fields.Integer(default=4)}, envelope="data")
    def get(self):
        return {"name": "x", "number": 3, "hidden": 1}


class Boom(Resource):
    def get(self):
        raise RuntimeError("boom")


def make(**options):
    app = Flask(__name__)
    api = Api(app, **options)
    api.add_resource(Todo, "/todos/<int:number>", endpoint="todo")
    api.add_resource(Shown, "/shown", "/shown-too")
    api.add_resource(Boom, "/boom")

    @app.get("/plain")
    def plain():
        return "plain"

    return app, api


@pytest.fixture
def client():
    return make()[0].test_client()


def test_a_resource(client):
    assert client.get("/todos/3").json == {"todo": 3}
    response = client.put("/todos/3?rate=2", json={"task": "wash"})
    assert (response.status_code, response.json, response.headers["X-Made"]) == (
        201,
        {"rate": 2, "task": "wash"},
        "yes",
    )


def test_a_parser_says_what_is_missing(client):
    assert client.put("/todos/3", json={}).json == {"message": {"task": "Its task"}}


def test_errors_are_json(client):
    assert client.get("/todos/9").json == {"message": "Todo 9 does not exist"}
    assert client.delete("/todos/3").json == {"message": "in use"}
    assert client.post("/todos/3").status_code == 405
    assert client.get("/boom").json == {"message": "Internal Server Error"}


def test_a_404_elsewhere_is_flasks(client):
    assert client.get("/nowhere").mimetype == "text/html"


def test_catch_all_404s():
    app, _ = make(catch_all_404s=True)
    response = app.test_client().get("/nowhere")
    assert (response.status_code, response.mimetype) == (404, "application/json")
    near = app.test_client().get("/show")
    assert "URL was not found" in near.json["message"]


def test_catch_all_404s_after_the_first_request():
    app, _ = make()
    client = app.test_client()
    assert client.get("/nowhere").mimetype == "text/html"
    app.handle_user_exception = lambda error: (f"mine {type(error).__name__}", 418)
    assert (client.get("/nowhere").text, client.get("/plain").text) == ("mine NotFound", "plain")
    del app.handle_user_exception
    assert client.get("/nowhere").mimetype == "text/html"


def test_a_405_of_a_resource_is_json(client):
    response = client.post("/shown")
    assert (response.status_code, response.mimetype, "GET" in response.headers["Allow"]) == (
        405,
        "application/json",
        True,
    )


def test_fields(client):
    assert client.get("/shown-too").json == {"data": {"n": 4, "name": "x", "uri": "/todos/3"}}


def test_errors_of_ones_own():
    app, _ = make(errors={"Conflict": {"message": "taken", "status": 409, "extra": 1}})
    assert app.test_client().delete("/todos/3").json == {"extra": 1, "message": "taken", "status": 409}


def test_a_representation():
    app, api = make()

    @api.representation("text/csv")
    def csv(data, code, headers=None):
        response = make_response(",".join(f"{k}={v}" for k, v in data.items()), code)
        response.headers.extend(headers or {})
        return response

    client = app.test_client()
    assert client.get("/todos/3", headers={"Accept": "text/csv"}).text == "todo=3"
    assert client.get("/todos/3", headers={"Accept": "application/json"}).json == {"todo": 3}


def test_decorators():
    def twice(view):
        def wrapped(*args, **kwargs):
            response = make_response(view(*args, **kwargs))
            response.headers["X-Twice"] = "yes"
            return response

        return wrapped

    app = Flask("decorated")
    api = Api(app, decorators=[twice], prefix="/v1")
    api.add_resource(Todo, "/todo/<int:number>")
    assert app.test_client().get("/v1/todo/1").headers["X-Twice"] == "yes"


def test_an_api_on_a_blueprint():
    app, blueprint = Flask("bp"), Blueprint("v1", __name__, url_prefix="/v1")
    api = Api(blueprint)
    api.add_resource(Todo, "/todos/<int:number>")
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert client.get("/v1/todos/3").json == {"todo": 3}
    assert client.get("/v1/todos/9").json["message"] == "Todo 9 does not exist"
    with app.test_request_context("/v1/todos/3"):
        assert api.url_for(Todo, number=4) == "/v1/todos/4"


def test_an_api_on_a_nested_blueprint(note):
    app = Flask("nested")
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__, url_prefix="/inner")
    api = Api(inner, prefix="/api")
    api.add_resource(Todo, "/todos/<int:number>")
    outer.register_blueprint(inner)
    app.register_blueprint(outer, url_prefix="/outer")
    note(sorted((rule.rule, rule.endpoint) for rule in app.url_map.iter_rules()))
    assert app.test_client().get("/outer/inner/api/todos/3").json in ({"todo": 3}, None)


def test_a_resource_added_to_a_registered_blueprint():
    app, blueprint = Flask("late"), Blueprint("v2", __name__, url_prefix="/v2")
    api = Api(blueprint)
    app.register_blueprint(blueprint)
    api.add_resource(Todo, "/todos/<int:number>")
    assert app.test_client().get("/v2/todos/3").json == {"todo": 3}


def test_init_app_later():
    api = Api()
    api.add_resource(Todo, "/todos/<int:number>", resource_class_kwargs={})
    app = Flask("later")
    api.init_app(app)
    assert app.test_client().get("/todos/3").json == {"todo": 3}


def test_an_output_of_a_view_is_plain():
    app, api = make()

    @app.route("/unpacked")
    @api.output
    def unpacked():
        return {"a": 1}, 201

    assert app.test_client().get("/unpacked").status_code == 201


def test_settings_of_json():
    app, _ = make()
    app.config["RESTFUL_JSON"] = {"indent": 2, "sort_keys": True}
    assert app.test_client().get("/todos/3").data == b'{\n  "todo": 3\n}\n'
