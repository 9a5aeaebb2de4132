"""An app described in OpenAPI 3.1, from what is written in it."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, TypeVar

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from nbmicro import App, Blueprint, Response, abort, jsonify, redirect, render_template_string, request
from nbmicro.web.openapi.schemas import Schemas
from nbmicro.web.views import MethodView


def described(app: App, **options: Any) -> dict[str, Any]:
    """The document, found valid by the validator."""
    document = app.openapi(**options)
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    return document


def schemas_of(operation: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one["schema"] for one in operation["parameters"]}


@pytest.fixture
def app() -> App:
    return App("shop")


def test_an_empty_app_is_a_valid_document(app: App) -> None:
    """Name and version are always there; the configuration and the call say otherwise."""
    assert described(app) == {"openapi": "3.1.0", "info": {"title": "shop", "version": "0.1.0"}, "paths": {}}
    app.config["API_TITLE"], app.config["API_VERSION"], app.config["APPLICATION_ROOT"] = "The shop", 2, "/v2"
    document = described(app)
    assert document["info"] == {"title": "The shop", "version": "2"}
    assert document["servers"] == [{"url": "/v2"}]
    assert described(app, title="Other", version="3")["info"] == {"title": "Other", "version": "3"}


def test_each_converter_has_its_schema(app: App) -> None:
    """Kinds, bounds, lengths and choices of path values are said as JSON Schema says them."""

    @app.get(
        "/<a>/<int:b>/<int(signed=True, max=5):c>/<float:d>/<uuid:e>/<any(en, fr):f>"
        "/<string(length=2):g>/<string(minlength=3, maxlength=9):h>/<path:i>/<int(fixed_digits=3):j>"
    )
    def everything(**values: Any) -> str:
        return "x"

    operation = described(app)["paths"]["/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}"]["get"]
    assert schemas_of(operation) == {
        "a": {"type": "string"},
        "b": {"type": "integer", "minimum": 0},
        "c": {"type": "integer", "maximum": 5},
        "d": {"type": "number", "minimum": 0},
        "e": {"type": "string", "format": "uuid"},
        "f": {"type": "string", "enum": ["en", "fr"]},
        "g": {"type": "string", "minLength": 2, "maxLength": 2},
        "h": {"type": "string", "minLength": 3, "maxLength": 9},
        "i": {"type": "string"},
        "j": {"type": "string", "pattern": "^[0-9]{3}$"},
    }
    notes = {one["name"]: one["description"] for one in operation["parameters"] if "description" in one}
    assert notes == {"d": "It is written with a point, as 1.0.", "i": "It may hold slashes."}
    assert "404" in operation["responses"], "a number without a point is none of the route's"


def test_a_bound_that_is_no_number_bounds_nothing(app: App) -> None:
    """Werkzeug takes it, and fails when it is asked."""
    app.add_url_rule("/<int(min='one', max=9):n>", "page", lambda n: "")
    assert schemas_of(described(app)["paths"]["/{n}"]["get"]) == {"n": {"type": "integer", "maximum": 9, "minimum": 0}}


def test_what_would_mean_something_else_in_a_path_is_percent_encoded(app: App) -> None:
    """Braces are values in a template, `?` and `#` end a URL's path; letters of any language stay."""
    app.add_url_rule("/{x}/<x>/a b/100%/what?/#1/ö", "page", lambda x: "")
    ((path, operations),) = described(app)["paths"].items()
    assert path == "/%7Bx%7D/{x}/a%20b/100%25/what%3F/%231/ö"
    assert schemas_of(operations["get"]) == {"x": {"type": "string"}}
    assert app.test_client().get(path.replace("{x}", "1")).status_code == 200


def test_a_class_view_is_described_method_by_method(app: App) -> None:
    """By the function that answers; what it says nothing of, its class says."""

    class Things(MethodView):
        """Things."""

        def get(self) -> list[int]:
            """All things."""
            return []

        def post(self) -> Any:
            return {"name": request.form["name"]}, 201

    app.add_url_rule("/things", view_func=Things.as_view("things"))
    operations = described(app)["paths"]["/things"]
    assert {method: operation["summary"] for method, operation in operations.items()} == {
        "get": "All things.",
        "post": "Things.",
    }
    assert {method: list(operation["responses"]) for method, operation in operations.items()} == {
        "get": ["200"],
        "post": ["201"],
    }
    assert "requestBody" in operations["post"]
    assert "requestBody" not in operations["get"]


def test_a_body_is_required_where_the_handler_fails_without_it(app: App) -> None:
    """A field that must be there, or JSON that is read without `silent`."""
    for number, (handler, required) in enumerate(
        [(needs_field, True), (takes_field, False), (sent, True), (takes_json, False)]
    ):
        app.add_url_rule(f"/{number}", str(number), handler, methods=["POST"])
        operation = described(app)["paths"][f"/{number}"]["post"]
        assert operation["requestBody"].get("required", False) is required
        assert (app.test_client().post(f"/{number}").status_code in (400, 415)) is required


def needs_field() -> Any:
    return request.form["name"]


def takes_field() -> Any:
    return request.form.get("name", "")


def takes_json() -> Any:
    return {"json": request.get_json(silent=True)}


def test_methods_are_operations_with_names_of_their_own(app: App) -> None:
    """HEAD, OPTIONS and static files are left out; operationIds are unique over rules, methods and blueprints."""

    @app.route("/a", methods=["GET", "POST"])
    @app.route("/b")
    def page() -> str:
        return "x"

    shop = Blueprint("v1", __name__)

    @shop.get("/c")
    def page_of_blueprint() -> str:
        return "x"

    app.register_blueprint(shop, url_prefix="/v1")
    paths = described(app)["paths"]
    assert {path: sorted(operations) for path, operations in paths.items()} == {
        "/a": ["get", "post"],
        "/b": ["get"],
        "/v1/c": ["get"],
    }
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert sorted(ids) == ["page", "page_get", "page_post", "v1_page_of_blueprint"]
    assert paths["/v1/c"]["get"]["tags"] == ["v1"]


def test_paths_that_differ_in_the_names_of_values_are_one(app: App) -> None:
    """OpenAPI forbids two templates of one shape; the values take the names of the first."""
    app.add_url_rule("/u/<int:id>", "read", lambda id: {})
    app.add_url_rule("/u/<name>", "write", lambda name: {}, methods=["PUT"])
    app.add_url_rule("/u/<other>", "never", lambda other: {})
    paths = described(app)["paths"]
    assert list(paths) == ["/u/{id}"]
    assert {method: one["operationId"] for method, one in paths["/u/{id}"].items()} == {"get": "read", "put": "write"}
    assert schemas_of(paths["/u/{id}"]["put"]) == {"id": {"type": "string"}}


def test_the_docstring_is_summary_and_description(app: App) -> None:
    """The first line is the summary, the rest the description."""

    @app.get("/")
    def index() -> str:
        """The front page.

        It says hello,
        and no more.
        """
        return "hello"

    operation = described(app)["paths"]["/"]["get"]
    assert operation["summary"] == "The front page."
    assert operation["description"] == "It says hello,\nand no more."


@dataclass
class Address:
    street: str
    number: int = 1


@dataclass
class User:
    name: str
    home: Address
    friends: list[User]
    mood: Literal["good", "bad"] | None = None


class Row(TypedDict):
    id: int
    note: NotRequired[str]


def test_type_hints_of_replies_become_schemas(app: App) -> None:
    """Dataclasses and TypedDicts are components, also one that holds itself; containers say what is in them."""

    @app.get("/user")
    def user() -> User:
        raise NotImplementedError

    @app.get("/rows")
    def rows() -> tuple[list[Row], int]:
        return [], 200

    @app.get("/counts")
    def counts() -> dict[str, int]:
        return {}

    @app.get("/any")
    def anything() -> Response:
        return jsonify(1)

    @app.get("/stream")
    def stream() -> Iterator[str]:
        yield "x"

    document = described(app)

    def content(path: str) -> Any:
        return document["paths"][path]["get"]["responses"]["200"].get("content")

    assert content("/user") == {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}
    rows_schema = {"type": "array", "items": {"$ref": "#/components/schemas/Row"}}
    assert content("/rows") == {"application/json": {"schema": rows_schema}}
    counts_schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert content("/counts") == {"application/json": {"schema": counts_schema}}
    assert content("/any") == {"application/json": {"schema": {}}}
    assert content("/stream") is None
    components = document["components"]["schemas"]
    assert components["User"] == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "home": {"$ref": "#/components/schemas/Address"},
            "friends": {"type": "array", "items": {"$ref": "#/components/schemas/User"}},
            "mood": {"anyOf": [{"type": "string", "enum": ["good", "bad"]}, {"type": "null"}]},
        },
        "required": ["name", "home", "friends"],
    }
    assert components["Row"]["required"] == ["id"]
    assert components["Address"]["required"] == ["street"]


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


Isbn = NewType("Isbn", str)
T = TypeVar("T")


class Place(NamedTuple):
    shelf: int
    row: str


@dataclass
class Author:
    name: str
    born: datetime.date | None = None


@dataclass
class Book:
    isbn: Isbn
    kind: Literal["paper", "sound"]
    authors: Sequence[Author]
    cover: Optional[Colour]  # noqa: UP045
    place: Place
    tags: dict[str, list[int]]
    bought: datetime.datetime
    sequel: Book | None = None


class Page(TypedDict, Generic[T]):
    items: list[T]
    next: str | None


@dataclass
class Scores(Generic[T]):
    all: list[T]
    best: Annotated[int, ["unhashable"]]


class Problem(TypedDict):
    error: str


def test_answers_have_the_shape_that_the_document_says(app: App) -> None:
    """Nested and generic classes, choices, dates as they are sent; a hint with statuses says which has which shape."""
    when = datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    author = Author("Ada", datetime.date(1815, 12, 10))
    first = Book(Isbn("1"), "paper", [author], Colour.RED, Place(1, "a"), {"n": [1]}, when)
    second = dataclasses.replace(first, kind="sound", cover=None, authors=[Author("Bo")], sequel=first)

    @app.get("/books")
    def books() -> Page[Book]:
        return {"items": [first, second], "next": None}

    @app.get("/books/<int:n>")
    def book(n: int) -> Book | tuple[Problem, Literal[404, 410]] | Response:
        return jsonify(second) if n == 1 else ({"error": "no such book"}, 404)

    @app.post("/books")
    def made() -> tuple[list[Book], Literal[201], dict[str, str]]:
        return [first], 201, {"Location": "/books/1"}

    document = described(app)
    assert sorted(document["components"]["schemas"]) == ["Author", "Book", "Page_Book", "Problem"]
    operation = document["paths"]["/books/{n}"]["get"]
    assert list(operation["responses"]) == ["200", "404", "410"]
    assert list(document["paths"]["/books"]["post"]["responses"]) == ["201"]
    client = app.test_client()
    for method, path, template in (
        ("get", "/books", "/books"),
        ("get", "/books/1", "/books/{n}"),
        ("get", "/books/2", "/books/{n}"),
        ("post", "/books", "/books"),
    ):
        answer = client.open(path, method=method)
        said = document["paths"][template][method]["responses"][str(answer.status_code)]["content"]["application/json"]
        validator = OAS31Validator({**said["schema"], "components": document["components"]})
        assert [error.message for error in validator.iter_errors(answer.get_json())] == []
        assert list(validator.iter_errors({"items": 1})), "the schema says something"
    dates = document["components"]["schemas"]["Book"]["properties"]["bought"]
    assert (dates["format"], client.get("/books/1").json["bought"]) == ("http-date", "Thu, 02 Jan 2020 03:04:05 GMT")


def test_a_type_that_holds_itself_and_marks_of_any_kind_have_a_schema(app: App) -> None:
    class Alias:
        """As Python 3.12 makes of `type Tree = list[Tree]`."""

        __value__: Any

    tree = Alias()
    tree.__value__ = dict[str, int | list[tree]]  # type: ignore[valid-type]
    assert Schemas().of(tree) == {"type": "object", "additionalProperties": {"type": ["integer", "array"]}}

    @app.get("/scores")
    def scores() -> Scores[int]:
        return Scores([1], 1)

    assert described(app)["components"]["schemas"]["Scores_int"]["properties"] == {
        "all": {"type": "array", "items": {"type": "integer"}},
        "best": {"type": "integer"},
    }


class Tree(NamedTuple):
    name: str
    children: list[Tree]


@dataclass
class Growing(Generic[T]):
    value: T
    next: Growing[list[T]] | None = None


class Opaque(enum.Enum):
    A = object()


class Level(enum.IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (list[Opaque], {"type": "array"}),
        (Literal[b"x"], {}),
        (Literal[Level.LOW], {"type": "integer", "enum": [1]}),
        (Literal["a", None], {"enum": ["a", None]}),
    ],
)
def test_choices_are_values_of_json(kind: Any, schema: dict[str, Any]) -> None:
    """One that has no form in JSON makes the choice any value."""
    assert Schemas().of(kind) == schema


def test_types_that_hold_themselves_end(app: App) -> None:
    """A named tuple, and a generic class that holds ever more of itself."""

    @app.get("/trees")
    def trees() -> list[Tree]:
        return [Tree("a", [Tree("b", [])])]

    @app.get("/growing")
    def growing() -> Growing[int]:
        return Growing(1, Growing([2]))

    document = described(app)
    validator = OAS31Validator(
        {
            **document["paths"]["/trees"]["get"]["responses"]["200"]["content"]["application/json"]["schema"],
            "components": document["components"],
        }
    )
    assert list(validator.iter_errors(app.test_client().get("/trees").get_json())) == []


def test_a_default_that_json_does_not_know_is_left_out(app: App) -> None:
    """An infinity."""

    @app.get("/")
    def index() -> Any:
        return str(request.args.get("limit", 1e999, type=float))

    assert schemas_of(described(app)["paths"]["/"]["get"]) == {"limit": {"type": "number"}}


def test_what_a_handler_reads_is_what_it_takes(app: App) -> None:
    """Query values with type and default, forms, files and JSON are read from the source, and functions it calls."""

    @app.get("/search")
    def search() -> Any:
        request.args.getlist("tag")
        limit = request.args.get("limit", default=10, type=int)
        return {"q": request.args["q"], "limit": limit, "page": request.args.get("page", "1")}

    @app.post("/form")
    def form() -> Any:
        request.files.get("photo")
        return request.form["name"] + request.form.get("mail", "")

    @app.post("/json")
    def json_page() -> Any:
        return sent()

    paths = described(app)["paths"]
    assert schemas_of(paths["/search"]["get"]) == {
        "tag": {"type": "array", "items": {"type": "string"}},
        "limit": {"type": "integer", "default": 10},
        "q": {"type": "string"},
        "page": {"type": "string", "default": "1"},
    }
    assert [one["name"] for one in paths["/search"]["get"]["parameters"] if one.get("required")] == ["q"]
    body = paths["/form"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert body["required"] == ["name"]
    assert body["properties"]["photo"] == {"type": "string", "format": "binary"}
    assert list(paths["/json"]["post"]["requestBody"]["content"]) == ["application/json"]
    assert paths["/json"]["post"]["responses"] == {
        "200": {"description": "OK", "content": {"application/json": {"schema": {}}}},
        "422": {"description": "Send a list."},
    }


def sent() -> Any:
    if not isinstance(request.get_json(), list):
        abort(422, "Send a list.")
    return {"ok": True}


def test_statuses_and_types_are_read_from_the_replies(app: App) -> None:
    """Returned statuses, redirects, aborts and the kinds of bodies are the responses."""

    @app.post("/make")
    def make() -> Any:
        if request.args:
            abort(409)
        return ({"id": 1}, 201) if request.data else redirect("/")

    @app.get("/text")
    def text() -> Any:
        return "x", {"Content-Type": "text/plain; charset=utf-8"}

    @app.delete("/gone")
    def gone() -> Any:
        return "", 204

    @app.get("/page")
    def page() -> Any:
        return render_template_string("x")

    @app.get("/raw")
    def raw() -> bytes:
        return b"x"

    @app.get("/table")
    def table() -> tuple[str, dict[str, str]]:
        return "a,b", {"Content-Type": "text/csv"}

    paths = described(app)["paths"]
    for path, kind in (("/raw", "text/html"), ("/table", "text/csv")):
        assert list(paths[path]["get"]["responses"]["200"]["content"]) == [kind]
        assert app.test_client().get(path).mimetype == kind
    responses = paths["/make"]["post"]["responses"]
    assert {status: list(one.get("content", ())) for status, one in responses.items()} == {
        "201": ["application/json"],
        "302": [],
        "409": [],
    }
    assert list(paths["/text"]["get"]["responses"]["200"]["content"]) == ["text/plain"]
    assert paths["/gone"]["delete"]["responses"] == {"204": {"description": "No Content"}}
    assert list(paths["/page"]["get"]["responses"]["200"]["content"]) == ["text/html"]


def test_handlers_without_source_are_described_by_their_rules(app: App) -> None:
    """A builtin, a lambda in an expression, a class: no error, and the response that every route has."""
    app.add_url_rule("/builtin", "builtin", dict)
    app.add_url_rule("/made", "made", eval("lambda: 'x'"))
    for path in ("/builtin", "/made"):
        assert described(app)["paths"][path]["get"]["responses"] == {"200": {"description": "OK"}}


def test_an_app_that_asks_for_no_document_does_not_load_its_maker() -> None:
    """Starting an app costs nothing more for it."""
    code = "import sys, nbmicro; nbmicro.App('x'); print([name for name in sys.modules if 'openapi' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=True)
    assert done.stdout == "[]\n"
