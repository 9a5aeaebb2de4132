"""The form of a route, from its rule, its source or an OpenAPI document, and the request that a filled form makes."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from nbmicro import App, request
from nbmicro.client.client import Client
from nbmicro.errors import RequestError
from nbmicro.foreign.app import ForeignApp
from nbmicro.notebook.explore.choices import choices_of, form_for
from nbmicro.notebook.explore.form import (
    FilledForm,
    FormField,
    RequestForm,
    checked_json,
    header_lines,
    request_from,
    value_lines,
)

RULE = "/u/<int(max=9):id>/<any(day,week):span>/<float:x>/<path:rest>"


@pytest.fixture
def app() -> App:
    app = App("shop")

    @app.route(RULE, methods=["GET", "POST"])
    def show(**values: Any) -> Any:
        """Show it."""
        page = request.args.get("page", 1, type=int)
        if request.method == "POST":
            return {"name": request.form["name"], "photo": request.files["photo"].filename, "page": page}
        return {**values, "page": page, "q": request.args.get("q")}

    @app.route("/json", methods=["PUT"])
    def put() -> Any:
        return {"got": request.get_json()}

    return app


def form_by(app: App | ForeignApp, method: str) -> RequestForm:
    return next(form_for(app, one) for one in choices_of(app) if one.method == method)


def filled(**parts: Any) -> FilledForm:
    return FilledForm(parts.pop("values", {}), parts.pop("files", {}), **parts)


def test_fields_follow_the_converters_and_what_the_handler_reads(app: App) -> None:
    """int gives a number with its bounds, any a choice; query and form fields are those that the source reads."""
    form = form_by(app, "POST")
    assert form.summary == "Show it."
    assert form.body == "form"
    assert [(one.name, one.place, one.kind, one.required) for one in form.fields] == [
        ("id", "path", "integer", True),
        ("span", "path", "choice", True),
        ("x", "path", "number", True),
        ("rest", "path", "text", True),
        ("page", "query", "integer", False),
        ("q", "query", "text", False),
        ("name", "form", "text", True),
        ("photo", "file", "file", True),
    ]
    number, choice = form.fields[:2]
    assert (number.minimum, number.maximum) == (0, 9)
    assert choice.choices == ("day", "week")
    assert form.fields[4].note == "1 without it"
    assert form_by(app, "GET").body == "none"
    assert form_by(app, "PUT").body == "json"


def test_a_filled_form_is_answered_by_its_route(app: App) -> None:
    """Each value comes to the handler as it was written: slashes in a path, spaces, a query, a header, a file."""
    values = {("path", "id"): "7", ("path", "span"): "week", ("path", "x"): "2", ("path", "rest"): "a/b c?.txt"}
    record = request_from(form_by(app, "GET"), filled(values=values, query="q=x & y\n", headers="Accept: */*\n"))
    assert record.target == "/u/7/week/2.0/a/b%20c%3F.txt?q=x%20%26%20y"
    assert list(record.headers) == [("Accept", "*/*")]
    answer = Client(app).send(record)
    assert answer.json == {"id": 7, "span": "week", "x": 2.0, "rest": "a/b c?.txt", "page": 1, "q": "x & y"}

    post = filled(
        values={**values, ("query", "page"): "3", ("form", "name"): "Ada"},
        files={"photo": ("ada.png", b"\x89PNG", "image/png")},
        body_kind="form",
    )
    sent = Client(app).send(request_from(form_by(app, "POST"), post))
    assert sent.json == {"name": "Ada", "photo": "ada.png", "page": 3}


def test_a_body_is_sent_as_it_was_written(app: App) -> None:
    form = form_by(app, "PUT")
    text = '{ "n":1.0 }'
    record = request_from(form, filled(body_kind="json", body=text))
    assert (record.body, record.headers.get("Content-Type")) == (text.encode(), "application/json")
    assert Client(app).send(record).json == {"got": {"n": 1.0}}
    plain = request_from(form, filled(body_kind="text", body="x", headers="content-type: text/csv"))
    assert list(plain.headers) == [("content-type", "text/csv")]
    assert request_from(form, filled(body_kind="json", body=" ")).body == b""


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        (FormField("id", "path", "integer"), "", "`id` stands in the path and needs a value."),
        (FormField("id", "path", "integer"), "x", "`id` is a whole number; `x` is none."),
        (FormField("n", "query", "number"), "1,5", "`n` is a number; `1,5` is none."),
    ],
)
def test_a_value_that_does_not_fit_is_refused(field: FormField, text: str, said: str) -> None:
    rule = f"/<{field.name}>" if field.place == "path" else "/"
    with pytest.raises(RequestError) as caught:
        request_from(RequestForm("GET", rule, (field,)), filled(values={(field.place, field.name): text}))
    assert caught.value.message == said


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": 1,\n "b": 2,\n}', 2, 8),
        ('{"a": 1\n "b": 2}', 2, 2),
        ("{'a': 1}", 1, 2),
        ("[1,\n2,]", 2, 2),
        ('{"a": [1, 2}', 1, 12),
        ('{"a": NaN}', 1, 7),
        ('["NaN", NaN]', 1, 9),
    ],
)
def test_broken_json_names_its_line_and_column(text: str, line: int, column: int) -> None:
    with pytest.raises(RequestError) as caught:
        checked_json(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_lines_that_are_none_are_named() -> None:
    assert value_lines("a=1\n\nb=x=y \n", "the query") == [("a", "1"), ("b", "x=y ")]
    assert header_lines("X-A: 1\nX-B:2") == [("X-A", "1"), ("X-B", "2")]
    with pytest.raises(RequestError, match="line 2"):
        header_lines("X-A: 1\nAccept")


class Item(BaseModel):
    name: str
    price: float = 1.5
    tags: list[str] = []


def test_a_fastapi_app_gives_its_own_document() -> None:
    """The body is a sample of its model; a parameter that may be None is a text, a bool a choice of two."""
    shop = FastAPI()

    @shop.post("/items/{number:int}")
    def add(number: int, item: Item, q: str | None = None, loud: bool = False) -> dict[str, Any]:
        return {"number": number, "item": item.name, "q": q, "loud": loud}

    app = ForeignApp(shop)
    try:
        form = form_by(app, "POST")
        assert form.sample == '{\n  "name": "",\n  "price": 1.5,\n  "tags": []\n}'
        assert [(one.name, one.kind) for one in form.fields] == [("number", "integer"), ("q", "text"), ("loud", "flag")]
        values = {("path", "number"): "4", ("query", "loud"): "true"}
        record = request_from(form, filled(values=values, body_kind="json", body='{"name": "tea"}'))
        assert Client(app).send(record).json == {"number": 4, "item": "tea", "q": None, "loud": True}
    finally:
        app.close()
