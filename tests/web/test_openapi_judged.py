"""Documents of OpenAPI judged by others: openapi-spec-validator reads them, and schemathesis sends what they allow."""

from __future__ import annotations

import enum
import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar
from uuid import UUID

import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.routing import BaseConverter

from nbmicro import App, Blueprint, Response, abort, jsonify, redirect, request
from nbmicro.web.views import MethodView, View

# -- what handlers read and return -------------------------------------------------------------------------------------


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Place(NamedTuple):
    shelf: int
    row: str


T = TypeVar("T")


@dataclass
class Book:
    title: str
    price: Decimal
    colour: Colour
    place: Place
    id: UUID
    sequel: Book | None = None


class Page(TypedDict, Generic[T]):
    items: list[T]
    next: NotRequired[str]


class Problem(TypedDict):
    error: str


BOOK = Book("Käfer", Decimal("1.50"), Colour.RED, Place(1, "a"), UUID(int=7))
BOOK.sequel = Book("2", Decimal(2), Colour.BLUE, Place(2, ""), UUID(int=8))


def text(**values: Any) -> str:
    """Ein Gruß.

    {Klammern}, <Winkel> und 🙂.
    """
    return f"{values}"


def values_back(**values: Any) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def books(**values: Any) -> Page[Book]:
    return {"items": [BOOK]}


def one_book(**values: Any) -> Book | tuple[Problem, Literal[404, 410]] | Response:
    if request.args.get("gone", False, type=bool):
        return {"error": "gone"}, 410
    return jsonify(BOOK)


def made(**values: Any) -> tuple[list[Book], Literal[201], dict[str, str]]:
    return [BOOK], 201, {"Location": "/"}


def search(**values: Any) -> dict[str, object]:
    tags = request.args.getlist("tag", type=int)
    limit = request.args.get("limit", 1e999, type=float)
    return {"q": request.args["q"], "tags": tags, "limit": str(limit), "page": request.args.get("page", 1, type=int)}


def form(**values: Any) -> Any:
    return {"name": request.form["name"], "mail": request.form.get("mail")}


def upload(**values: Any) -> Any:
    return {"file": request.files["photo"].filename, "name": request.form.get("name")}, 201


def json_in(**values: Any) -> dict[str, object]:
    return {"sent": request.get_json()}


def json_if_any(**values: Any) -> dict[str, object]:
    return {"sent": request.get_json(silent=True)}


def nothing(**values: Any) -> Any:
    return "", 204


def elsewhere(**values: Any) -> Any:
    return redirect("/elsewhere", 303)


def never(**values: Any) -> Any:
    """It is gone."""
    abort(410, "Gone for good.")


def stream(**values: Any) -> Iterator[str]:
    yield "a"
    yield "b"


def raw(**values: Any) -> bytes:
    return b"\x00\xff"


def table(**values: Any) -> tuple[str, int, dict[str, str]]:
    return "a,b", 200, {"Content-Type": "text/csv; charset=utf-8"}


def picture(**values: Any) -> tuple[bytes, dict[str, str]]:
    return b"\x89PNG", {"content-type": "image/png"}


def rest(**values: Any) -> Any:
    return sent_list()


def sent_list() -> Any:
    if not isinstance(request.get_json(), list):
        abort(422, "Send a list.")
    return {"ok": True}


async def later(**values: Any) -> dict[str, Literal[True]]:
    return {"later": True}


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(**values: Any) -> Any:
        return function(**values)

    return wrapper


class Books(MethodView):
    """All books."""

    def get(self, **values: Any) -> Page[Book]:
        """One page."""
        return {"items": [BOOK], "next": "/"}

    def post(self, **values: Any) -> Any:
        return {"title": request.form["title"]}, 201

    def delete(self, **values: Any) -> Any:
        return "", 204


class Shown(View):
    """Shown."""

    methods: ClassVar[list[str]] = ["GET", "POST"]

    def dispatch_request(self, **values: Any) -> dict[str, int]:
        return {"shown": 1}


READERS = [
    text,
    values_back,
    books,
    one_book,
    search,
    nothing,
    elsewhere,
    never,
    stream,
    raw,
    table,
    picture,
    later,
    logged(one_book),
]
WRITERS = [*READERS, made, form, upload, json_in, json_if_any, rest, logged(form)]

# -- apps --------------------------------------------------------------------------------------------------------------

NAMES = ["id", "_x", "A1", "name", "type", "self_"]
CONVERTERS = [
    *("", "string:", "int:", "float:", "uuid:", "path:", "any(en,fr):", "any('a b','ö'):", "string(length=2):"),
    *("string(minlength=2,maxlength=4):", "int(min=3,max=9):", "int(signed=True):", "int(fixed_digits=3):"),
    *("float(min=1):", "float(signed=True):", "short:"),
]
LITERALS = [
    "a",
    "b.c",
    "ö",
    "{x}",
    "{",
    "}",
    "{}",
    "a b",
    "%7B",
    "a?b",
    "c#d",
    "~!$&'()*+,;=:@",
    '"q"',
    "\\",
    "^|`",
    "日本",
]
ENDPOINTS = ["page", "päge", "a b", "x-y", "{z}", "🙂", "get", "a_get"]


class Short(BaseConverter):
    """Of the app's own."""

    regex = "[a-z]{1,3}"


@st.composite
def rules(draw: st.DrawFn) -> str:
    """A rule of literal parts and values, some of them beside one another."""
    names = iter(draw(st.permutations(NAMES)))

    def value() -> str:
        return f"<{draw(st.sampled_from(CONVERTERS))}{next(names)}>"

    parts = [
        draw(st.sampled_from(LITERALS)) if kind == "literal" else value() if kind == "value" else f"{value()}-x"
        for kind in draw(st.lists(st.sampled_from(["literal", "value", "both"]), max_size=3))
    ]
    return "/" + "/".join(parts)


@st.composite
def apps(draw: st.DrawFn, *, apart: bool = False) -> App:
    """An app of functions, class views and blueprints; ``apart``, each route has a first part of its own."""
    app = App("shop", static_folder=None, subdomain_matching=not apart)
    app.url_map.converters["short"] = Short
    inner, outer = (
        Blueprint("in", "shop"),
        Blueprint("bücher", "shop", url_prefix=draw(st.sampled_from([None, "/{b}"]))),
    )
    for number in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from([app, outer, inner]))
        rule, options = draw(rules()), {}
        endpoint = f"{draw(st.sampled_from(ENDPOINTS))}{number}"
        if apart:
            rule = f"/{number}{rule}"
        else:
            options["subdomain"] = draw(st.sampled_from([None, None, "api"]))
            options["defaults"] = draw(st.sampled_from([None, None, {"page": 1}]))
        if draw(st.integers(0, 4)) == 0:
            view: Any = draw(st.sampled_from([Books, Shown]))
            place.add_url_rule(rule, view_func=view.as_view(endpoint), **options)
            continue
        methods = draw(st.lists(st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]), min_size=1, unique=True))
        handler = draw(st.sampled_from(READERS if {"GET", "DELETE"} & {*methods} else WRITERS))
        place.add_url_rule(rule, endpoint, handler, methods=methods, **options)
    if draw(st.booleans()):
        outer.register_blueprint(inner, url_prefix="/<int:outer>")
    else:
        app.register_blueprint(inner, url_prefix="/inner" if apart else None)
    app.register_blueprint(outer)
    return app


def operations_of(app: App) -> list[Any]:
    """The operations as schemathesis reads them from the app."""
    app.add_url_rule("/openapi.json", "openapi", app.openapi)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    return [result.ok() for result in schema.get_all_operations()]


# -- the judges --------------------------------------------------------------------------------------------------------


def judged(examples: int) -> settings:
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck))


@judged(60)
@given(app=apps())
def test_the_document_of_any_app_is_valid(app: App) -> None:
    """Strict JSON (RFC 8259), and OpenAPI 3.1 by openapi-spec-validator."""
    document = json.loads(json.dumps(app.openapi(), allow_nan=False))
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@judged(40)
@given(app=apps(apart=True), data=st.data())
def test_what_a_document_allows_is_answered_as_it_says(app: App, data: st.DataObject) -> None:
    """A request made from it reaches its handler, and status, type and body of the response are in the document."""
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    for operation in operations_of(app):
        case = data.draw(operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))
        # Werkzeug's `path` takes no line break, which the document does not say (docs/openapi.md).
        assume("\n" not in "".join(map(str, case.path_parameters.values())))
        # An error that the document names is in order: its handler may refuse what the document allows.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])


@judged(20)
@given(app=apps(apart=True), data=st.data())
def test_what_a_document_forbids_is_no_error_of_the_server(app: App, data: st.DataObject) -> None:
    """A request that breaks it is rejected, or taken."""
    for operation in operations_of(app):
        if operation.path_parameters or operation.query or operation.body:
            case = data.draw(operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))
            case.call_and_validate(checks=[schemathesis.checks.not_a_server_error])
