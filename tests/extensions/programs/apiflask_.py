"""APIFlask: a subclass of Flask with inputs, outputs, authentication and a document of its routes."""

from __future__ import annotations

import pytest
from apiflask import (
    APIBlueprint,
    APIFlask,
    HTTPBasicAuth,
    HTTPTokenAuth,
    PaginationSchema,
    Schema,
    abort,
    pagination_builder,
)
from apiflask.fields import Integer, List, Nested, String
from apiflask.validators import Length
from apiflask.views import MethodView
from click.testing import CliRunner
from flask import g, request
from flask.cli import FlaskGroup


class PetIn(Schema):
    name = String(required=True, validate=Length(1, 5), metadata={"title": "Its name"})


class PetOut(Schema):
    id = Integer()
    name = String()


class PetQuery(Schema):
    page = Integer(load_default=1)


class PetsOut(Schema):
    pets = List(Nested(PetOut))
    pagination = Nested(PaginationSchema)


class Page:
    page, per_page, pages, total, next_num, prev_num = 1, 1, 2, 2, 2, None
    has_next, has_prev = True, False


@pytest.fixture
def app():
    app = APIFlask(__name__, title="Pets", version="2")
    basic, token = HTTPBasicAuth(), HTTPTokenAuth()

    @basic.verify_password
    def check(user, password):
        return user if password == "secret" else None

    @token.verify_token
    def check_token(value):
        return "ada" if value == "good" else None

    @app.get("/pets/<int:number>")
    @app.output(PetOut)
    @app.doc(tags=["Pets"], summary="One pet")
    def pet(number):
        if number > 2:
            abort(404, "No pet.", detail={"number": number})
        return {"id": number, "name": "Rex", "hidden": 1}

    @app.post("/pets")
    @app.input(PetIn, location="json")
    @app.output(PetOut, status_code=201)
    def add(json_data):
        return {"id": 3, **json_data}

    @app.get("/pets")
    @app.input(PetQuery, location="query")
    @app.output(PetsOut)
    def pets(query_data):
        return {"pets": [{"id": query_data["page"], "name": "x"}], "pagination": pagination_builder(Page, custom=1)}

    @app.get("/mine")
    @app.auth_required(basic)
    def mine():
        return {"user": basic.current_user}

    @app.delete("/pets/<int:number>")
    @app.auth_required(token)
    @app.output({}, status_code=204)
    def remove(number):
        return ""

    class Class(MethodView):
        @app.output(PetOut)
        def get(self, name):
            return {"id": 7, "name": name}

        @app.input(PetIn)
        @app.output(PetOut)
        def patch(self, name, json_data):
            return {"id": 8, "name": name + json_data["name"]}

    app.add_url_rule("/class/<name>", view_func=Class.as_view("klass"))
    blueprint = APIBlueprint("blog", __name__, url_prefix="/blog", tag="Blog")

    @blueprint.before_request
    def before():
        g.seen = request.path

    @blueprint.get("/<slug>")
    @blueprint.doc(responses=[404])
    def post(slug):
        """Read a post

        It has a description.
        """
        return {"slug": slug, "seen": g.seen}

    inner = APIBlueprint("inner", __name__, url_prefix="/inner")

    @inner.get("/")
    def index():
        return "inner"

    blueprint.register_blueprint(inner)
    app.register_blueprint(blueprint)
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def test_an_output_is_filtered(client):
    assert client.get("/pets/1").json == {"id": 1, "name": "Rex"}


def test_an_input_becomes_an_argument(client):
    response = client.post("/pets", json={"name": "Kim"})
    assert (response.status_code, response.json) == (201, {"id": 3, "name": "Kim"})


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "too long"}, {"other": 1}])
def test_a_wrong_input(client, body):
    response = client.post("/pets", json=body)
    assert (response.status_code, response.json["message"]) == (422, "Validation error")


def test_a_query_and_pages(client):
    assert client.get("/pets?page=4").json["pets"] == [{"id": 4, "name": "x"}]
    assert client.get("/pets").json["pagination"]["next"].endswith("/pets?page=2&per_page=1&custom=1")


def test_an_error_with_detail(client):

    response = client.get("/pets/3")
    assert (response.status_code, response.json) == (404, {"detail": {"number": 3}, "message": "No pet."})


@pytest.mark.parametrize(("method", "path"), [("get", "/none"), ("put", "/pets"), ("get", "/pets/x")])
def test_errors_of_http_are_json(client, method, path):
    assert client.open(path, method=method.upper()).is_json


def test_an_unexpected_error_is_json(app):
    @app.get("/boom")
    def boom():
        raise RuntimeError("boom")

    response = app.test_client().get("/boom")
    assert (response.status_code, response.json) == (500, {"detail": {}, "message": "Internal Server Error"})


def test_a_handler_of_errors(app):
    @app.error_processor
    def shape(error):
        return {"code": error.status_code, "text": error.message}, error.status_code, error.headers

    assert app.test_client().get("/nowhere").json == {"code": 404, "text": "Not Found"}


def test_basic_authentication(client):
    assert client.get("/mine").status_code == 401
    assert client.get("/mine", auth=("ada", "wrong")).status_code == 401
    assert client.get("/mine", auth=("ada", "secret")).json == {"user": "ada"}


def test_token_authentication(client):
    assert client.delete("/pets/1").status_code == 401
    assert client.delete("/pets/1", headers={"Authorization": "Bearer good"}).status_code == 204


def test_a_class_of_views(client):
    assert client.get("/class/x").json == {"id": 7, "name": "x"}
    assert client.patch("/class/x", json={"name": "y"}).json == {"id": 8, "name": "xy"}


def test_blueprints(client):
    assert client.get("/blog/first").json == {"seen": "/blog/first", "slug": "first"}
    assert client.get("/blog/inner/").text == "inner"


def test_the_document(client, note):
    document = client.get("/openapi.json").json
    assert document["info"] == {"title": "Pets", "version": "2"}
    note(document)
    assert "/pets/{number}" in document["paths"]
    assert document["paths"]["/blog/{slug}"]["get"]["description"] == "It has a description."


def test_the_page_of_the_document(client):
    assert "openapi.json" in client.get("/docs").text


@pytest.mark.parametrize("ui", ["redoc", "elements", "rapidoc", "rapipdf"])
def test_other_pages_of_the_document(ui):
    app = APIFlask(__name__, docs_ui=ui)
    assert app.test_client().get("/docs").status_code == 200


def test_the_document_can_be_off():
    app = APIFlask(__name__, enable_openapi=False)
    assert app.test_client().get("/openapi.json").status_code == 404


def test_errors_in_html_where_wanted():
    app = APIFlask(__name__, json_errors=False)
    assert app.test_client().get("/none").mimetype == "text/html"


def test_the_command(app):
    result = CliRunner().invoke(FlaskGroup(create_app=lambda: app), ["spec", "--format", "json"])
    assert (result.exit_code, '"title": "Pets"' in result.output) == (0, True)


def test_a_processor_of_the_document(app):
    @app.spec_processor
    def change(spec):
        spec["info"]["title"] = "Changed"
        return spec

    assert app.spec["info"]["title"] == "Changed"


def test_views_and_errors_are_in_flasks_mappings(app, note):
    note(sorted(app.view_functions))
    note({str(key): sorted(map(str, codes)) for key, codes in app.error_handler_spec.items()})
    note(sorted(str(key) for key in app.before_request_funcs))


def test_a_blueprint_without_a_document(app, client):
    hidden = APIBlueprint("hidden", __name__, enable_openapi=False)

    @hidden.get("/hidden")
    def page():
        return "hidden"

    app.register_blueprint(hidden)
    assert client.get("/hidden").text == "hidden"
    assert "/hidden" not in client.get("/openapi.json").json["paths"]
