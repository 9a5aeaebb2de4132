"""Flask-Smorest: blueprints of views with schemas, pages and ETags, and the document that describes them."""

from __future__ import annotations

import marshmallow as ma
import pytest
from flask import Flask, jsonify
from flask.views import MethodView
from flask_smorest import Api, Blueprint, Page, abort


class Pet(ma.Schema):
    id = ma.fields.Int(dump_only=True)
    name = ma.fields.Str(required=True)


class Query(ma.Schema):
    name = ma.fields.Str()


@pytest.fixture
def app():
    app = Flask(__name__)
    app.config.update(
        API_TITLE="Pets",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.2",
        OPENAPI_URL_PREFIX="/docs",
        OPENAPI_JSON_PATH="openapi.json",
        OPENAPI_SWAGGER_UI_PATH="/swagger",
        OPENAPI_SWAGGER_UI_URL="/static/",
    )
    api = Api(app)
    pets = Blueprint("pets", __name__, url_prefix="/pets", description="All pets")
    kept = {1: {"id": 1, "name": "Rex"}, 2: {"id": 2, "name": "Tom"}}

    @pets.route("/")
    class Pets(MethodView):
        @pets.arguments(Query, location="query")
        @pets.response(200, Pet(many=True))
        def get(self, query):
            """List pets"""
            return [pet for pet in kept.values() if query.get("name", pet["name"]) == pet["name"]]

        @pets.arguments(Pet)
        @pets.response(201, Pet)
        def post(self, new):
            """Add a pet"""
            kept[len(kept) + 1] = {"id": len(kept) + 1, **new}
            return kept[len(kept)]

    @pets.route("/<int:number>")
    class OnePet(MethodView):
        @pets.etag
        @pets.response(200, Pet)
        def get(self, number):
            if number not in kept:
                abort(404, message="No such pet.")
            return kept[number]

        @pets.etag
        @pets.arguments(Pet)
        @pets.response(200, Pet)
        def put(self, new, number):
            pets.check_etag(kept[number], Pet)
            kept[number].update(new)
            return kept[number]

        @pets.etag
        @pets.response(204)
        def delete(self, number):
            pets.check_etag(kept[number], Pet)
            del kept[number]

    @pets.route("/paged")
    @pets.response(200, Pet(many=True))
    @pets.paginate(Page, page_size=1)
    def paged():
        return list(kept.values())

    @pets.route("/<int:number>/toys/<toy>", defaults={"size": 3})
    @pets.response(200)
    def toys(number, toy, size):
        return jsonify(number=number, toy=toy, size=size)

    api.register_blueprint(pets)
    inner = Blueprint("inner", __name__, url_prefix="/inner")

    @inner.route("/<name>")
    @inner.response(200, Pet)
    def named(name):
        return {"name": name, "id": 0}

    outer = Blueprint("outer", __name__, url_prefix="/outer/<int:level>")
    outer.register_blueprint(inner)

    @outer.url_value_preprocessor
    def drop(endpoint, values):
        values.pop("level", None)

    api.register_blueprint(outer)
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def test_a_list_and_its_filter(client):
    assert client.get("/pets/").json == [{"id": 1, "name": "Rex"}, {"id": 2, "name": "Tom"}]
    assert client.get("/pets/?name=Tom").json == [{"id": 2, "name": "Tom"}]


def test_a_pet_is_added(client):
    response = client.post("/pets/", json={"name": "Kim"})
    assert (response.status_code, response.json) == (201, {"id": 3, "name": "Kim"})


def test_a_wrong_body_is_422(client):
    response = client.post("/pets/", json={"nmae": "Kim"})
    assert (response.status_code, response.json["errors"]["json"]["name"]) == (
        422,
        ["Missing data for required field."],
    )


def test_a_body_that_is_no_json_is_answered_in_json(client):
    assert client.post("/pets/", data="{", content_type="application/json").status_code in (400, 422)


def test_a_path_value(client):
    assert client.get("/pets/1").json == {"id": 1, "name": "Rex"}
    assert client.get("/pets/9").json == {"code": 404, "message": "No such pet.", "status": "Not Found"}


def test_etags(client):
    etag = client.get("/pets/1").headers["ETag"]
    assert client.get("/pets/1", headers={"If-None-Match": etag}).status_code == 304
    assert client.put("/pets/1", json={"name": "Max"}).status_code == 428
    assert client.put("/pets/1", json={"name": "Max"}, headers={"If-Match": '"other"'}).status_code == 412
    assert client.put("/pets/1", json={"name": "Max"}, headers={"If-Match": etag}).json["name"] == "Max"
    etag = client.get("/pets/1").headers["ETag"]
    assert client.delete("/pets/1", headers={"If-Match": etag}).status_code == 204


def test_pages(client):
    response = client.get("/pets/paged?page=2")
    assert response.json == [{"id": 2, "name": "Tom"}]
    assert '"total": 2' in response.headers["X-Pagination"]


def test_defaults_and_two_path_values(client):
    assert client.get("/pets/2/toys/ball").json == {"number": 2, "size": 3, "toy": "ball"}


def test_nested_blueprints(client):
    assert client.get("/outer/3/inner/Rex").json == {"id": 0, "name": "Rex"}


@pytest.mark.parametrize("path", ["/nowhere", "/pets", "/pets/one"])
def test_what_is_not_there_is_answered_in_json(client, path):
    assert client.get(path).status_code in (308, 404)


def test_a_wrong_method_is_answered_in_json(client):
    response = client.delete("/pets/")
    assert (response.status_code, response.json["status"]) == (405, "Method Not Allowed")


def test_the_document(client):
    document = client.get("/docs/openapi.json").json
    assert list(document["paths"]) == [
        "/pets/",
        "/pets/{number}",
        "/pets/paged",
        "/pets/{number}/toys/{toy}",
        "/outer/{level}/inner/{name}",
    ]
    assert document["paths"]["/pets/{number}"]["parameters"] == [
        {"in": "path", "name": "number", "required": True, "schema": {"minimum": 0, "type": "integer"}}
    ]


def test_the_page_of_the_document(client):
    assert "openapi.json" in client.get("/docs/swagger").text


def test_the_commands(app):
    result = app.test_cli_runner().invoke(args=["openapi", "print"])
    assert (result.exit_code, '"Pets"' in result.output) == (0, True)


def test_a_blueprint_on_two_apis(note):
    def make(title):
        app = Flask(title)
        app.config.update(API_TITLE=title, API_VERSION="1", OPENAPI_VERSION="3.0.2")
        return app, Api(app)

    shared = Blueprint("shared", "shared", url_prefix="/shared")

    @shared.route("/<int:n>")
    @shared.response(200)
    def show(n):
        return {"n": n}

    for title in ("a", "b"):
        app, api = make(title)
        api.register_blueprint(shared, url_prefix=f"/{title}")
        assert app.test_client().get(f"/{title}/4").json == {"n": 4}
        note(sorted((rule.rule, rule.endpoint, sorted(rule.methods), rule.defaults) for rule in app.url_map._rules))
