"""flask-openapi3: views whose parameters are Pydantic's models."""

import pytest
from flask_openapi3 import APIBlueprint, APIView, Info, OpenAPI, Tag
from pydantic import BaseModel, Field


class Path(BaseModel):
    number: int = Field(..., description="Its number")


class Query(BaseModel):
    size: int = 10
    tags: list[str] = []


class Body(BaseModel):
    name: str = Field(min_length=2)
    age: int | None = None


class Answer(BaseModel):
    code: int = 0
    name: str


class Form(BaseModel):
    name: str


class Header(BaseModel):
    token: str = Field(alias="X-Token")


@pytest.fixture
def app():
    app = OpenAPI(__name__, info=Info(title="Books", version="1.0.0"))
    tag = Tag(name="book", description="Some book")

    @app.get("/book/<int:number>", summary="One book", tags=[tag], responses={200: Answer})
    def book(path: Path, query: Query):
        return {"number": path.number, "size": query.size, "tags": query.tags}

    @app.post("/book", tags=[tag], responses={201: Answer})
    def add(body: Body):
        return {"code": 0, **body.model_dump()}, 201

    @app.get("/head")
    def head(header: Header):
        return {"token": header.token}

    @app.post("/form")
    def form(form: Form):
        return form.name

    api = APIBlueprint("api", __name__, url_prefix="/api", abp_tags=[tag])

    @api.get("/items/<int:number>")
    def items(path: Path):
        return {"item": path.number}

    @api.delete("/items/<int:number>", doc_ui=False)
    def remove(path: Path):
        return "", 204

    inner = APIBlueprint("inner", __name__, url_prefix="/inner")

    @inner.put("/<int:number>")
    def put(path: Path, body: Body):
        return {"put": path.number, "name": body.name}

    api.register_api(inner)
    app.register_api(api)
    view = APIView(url_prefix="/view/<int:number>", view_tags=[tag])

    @view.route("/things")
    class Things:
        @view.doc(summary="Things")
        def get(self, path: Path):
            return {"things": path.number}

        @view.doc(responses={201: Answer})
        def post(self, path: Path, body: Body):
            return {"new": body.name}

    app.register_api_view(view)
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def test_path_and_query(client):
    assert client.get("/book/3?size=2&tags=a&tags=b").json == {"number": 3, "size": 2, "tags": ["a", "b"]}


def test_a_wrong_query_is_422(client):
    response = client.get("/book/3?size=many")
    assert (response.status_code, response.json[0]["loc"]) == (422, ["size"])


def test_a_body(client):
    assert client.post("/book", json={"name": "Emma"}).json == {"age": None, "code": 0, "name": "Emma"}
    assert client.post("/book", json={"name": "E"}).status_code == 422
    assert client.post("/book").status_code in (415, 422, 500)


def test_a_header_and_a_form(client):
    assert client.get("/head", headers={"X-Token": "t"}).json == {"token": "t"}
    assert client.post("/form", data={"name": "n"}).text == "n"


def test_blueprints(client):
    assert client.get("/api/items/4").json == {"item": 4}
    assert client.delete("/api/items/4").status_code == 204
    assert client.put("/api/inner/4", json={"name": "xy"}).json == {"name": "xy", "put": 4}


def test_a_view(client):
    assert client.get("/view/5/things").json == {"things": 5}
    assert client.post("/view/5/things", json={"name": "xy"}).json == {"new": "xy"}
    assert client.delete("/view/5/things").status_code == 405


def test_the_document(client, note):
    document = client.get("/openapi/openapi.json").json
    assert list(document["paths"]) == [
        "/api/inner/{number}",
        "/api/items/{number}",
        "/book",
        "/book/{number}",
        "/form",
        "/head",
        "/view/{number}/things",
    ]


def test_the_page(client):
    assert client.get("/openapi/").status_code == 200


def test_a_callback_for_wrong_values():
    from flask import jsonify, make_response

    app = OpenAPI(__name__, validation_error_callback=lambda error: make_response(jsonify(n=error.error_count()), 400))

    @app.post("/x")
    def x(body: Body):
        return "x"

    assert app.test_client().post("/x", json={}).json == {"n": 1}


def test_the_command(app):
    result = app.test_cli_runner().invoke(args=["openapi"])
    assert (result.exit_code, '"Books"' in result.output) == (0, True)


def test_no_document():
    app = OpenAPI(__name__, doc_ui=False)
    assert app.test_client().get("/openapi/openapi.json").status_code == 404
