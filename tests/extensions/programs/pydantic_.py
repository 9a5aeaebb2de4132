"""Flask-Pydantic: parameters of a view are models."""

import pytest
from flask import Flask
from flask_pydantic import ValidationError, validate
from pydantic import BaseModel


class Query(BaseModel):
    age: int
    tags: list[str] = []


class Body(BaseModel):
    name: str
    nick: str | None = None


class Form(BaseModel):
    color: str


class Answer(BaseModel):
    id: int
    age: int | None = None
    name: str | None = None


@pytest.fixture
def app():
    app = Flask(__name__)

    @app.get("/query")
    @validate()
    def query(query: Query):
        return Answer(id=1, age=query.age, name=",".join(query.tags))

    @app.post("/body")
    @validate(on_success_status=201)
    def body(body: Body):
        return Answer(id=2, name=body.name)

    @app.post("/form")
    @validate()
    def form(form: Form):
        return {"color": form.color}

    @app.post("/both/<int:number>")
    @validate(exclude_none=True)
    def both(number: int, body: Body, query: Query):
        return Answer(id=number, age=query.age, name=body.name)

    @app.get("/many")
    @validate(response_many=True)
    def many():
        return [Answer(id=1), Answer(id=2, name="x")]

    @app.post("/many")
    @validate(body=Body, request_body_many=True)
    def take_many():
        from flask import request

        return {"names": [one.name for one in request.body_params]}

    @app.get("/ids/<number>")
    @validate()
    def path(number: int):
        return {"number": number, "type": type(number).__name__}

    @app.get("/tuple")
    @validate()
    def in_tuple():
        return Answer(id=4), 202, {"X-Made": "yes"}

    return app


@pytest.fixture
def client(app):
    return app.test_client()


def test_a_query(client):
    assert client.get("/query?age=3&tags=a&tags=b").json == {"age": 3, "id": 1, "name": "a,b"}


@pytest.mark.parametrize("path", ["/query", "/query?age=x", "/ids/x"])
def test_what_is_wrong_is_400(client, path):
    response = client.get(path)
    assert (response.status_code, "validation_error" in response.json) == (400, True)


def test_a_body(client):
    response = client.post("/body", json={"name": "ada"})
    assert (response.status_code, response.json) == (201, {"age": None, "id": 2, "name": "ada"})
    assert client.post("/body", json={}).status_code == 400
    assert client.post("/body", data="x").status_code == 415
    assert client.post("/body", data="x", content_type="application/json").status_code == 400


def test_a_form(client):
    assert client.post("/form", data={"color": "red"}).json == {"color": "red"}


def test_all_together(client):
    assert client.post("/both/7?age=5", json={"name": "x"}).json == {"age": 5, "id": 7, "name": "x"}


def test_many(client):
    assert len(client.get("/many").json) == 2
    assert client.post("/many", json=[{"name": "a"}, {"name": "b"}]).json == {"names": ["a", "b"]}
    assert client.post("/many", json={"name": "a"}).status_code == 400


def test_a_path_value_and_a_tuple(client):
    assert client.get("/ids/4").json == {"number": 4, "type": "int"}
    response = client.get("/tuple")
    assert (response.status_code, response.headers["X-Made"]) == (202, "yes")


def test_errors_can_be_raised(app):
    app.config["FLASK_PYDANTIC_VALIDATION_ERROR_RAISE"] = True

    @app.errorhandler(ValidationError)
    def shown(error):
        return {"fields": [one["loc"] for one in error.query_params]}, 422

    assert app.test_client().get("/query?age=x").json == {"fields": [["age"]]}
    app.config["FLASK_PYDANTIC_VALIDATION_ERROR_STATUS_CODE"] = 409
