"""Handlers as classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from nbmicro import App, request
from nbmicro.web.views import MethodView, View


@pytest.fixture
def app() -> App:
    return App("shop")


def test_a_view_answers_with_the_values_of_the_path(app: App) -> None:
    """dispatch_request gets path values as keywords, the class what as_view was given."""

    class Greeting(View):
        methods: ClassVar = ["GET", "POST"]

        def __init__(self, word: str) -> None:
            self.word = word

        def dispatch_request(self, name: str) -> str:  # type: ignore[override]
            return f"{self.word} {name} {request.method}"

    app.add_url_rule("/<name>", view_func=Greeting.as_view("greet", "Hello"))
    client = app.test_client()
    assert client.get("/Ada").text == "Hello Ada GET"
    assert client.post("/Ada").text == "Hello Ada POST"
    assert client.put("/Ada").status_code == 405


def test_the_function_is_named_as_the_endpoint(app: App) -> None:
    """as_view's function has the endpoint's name, and the class's module, docstring and methods."""

    class Index(View):
        """The start."""

        provide_automatic_options = False
        methods: ClassVar = {"GET"}

    view: Any = Index.as_view("index")
    assert (view.__name__, view.__doc__, view.__module__) == ("index", "The start.", __name__)
    assert (view.view_class, view.methods, view.provide_automatic_options) == (Index, {"GET"}, False)
    with pytest.raises(NotImplementedError):
        view.view_class().dispatch_request()


def test_methods_follow_from_the_functions(app: App) -> None:
    """A MethodView answers the methods it has functions for, its bases' included; HEAD falls back to get."""

    class Reads(MethodView):
        def get(self) -> str:
            return "get"

    class Writes(MethodView):
        def post(self) -> str:
            return "post"

    class Both(Reads, Writes):
        def propfind(self) -> str:
            return "propfind"

    class More(Both):
        def delete(self) -> str:
            return "delete"

    assert set(More.methods or ()) == {"GET", "POST", "DELETE"}
    app.add_url_rule("/", view_func=More.as_view("more"))
    client = app.test_client()
    assert [client.get("/").text, client.post("/").text, client.delete("/").text] == ["get", "post", "delete"]
    head = client.head("/")
    assert (head.status_code, head.data, head.content_length) == (200, b"", 3)
    assert client.put("/").status_code == 405
    assert client.options("/").allow.as_set() == {"get", "post", "delete", "head", "options"}


def test_head_of_ones_own_comes_first(app: App) -> None:
    """A MethodView with a head function answers HEAD by it."""

    class Page(MethodView):
        def get(self) -> str:
            return "get"

        def head(self) -> Any:
            return "", 200, {"X-Head": "yes"}

    app.add_url_rule("/", view_func=Page.as_view("page"))
    assert app.test_client().head("/").headers["X-Head"] == "yes"


def test_methods_may_be_said(app: App) -> None:
    """Methods written in the class are taken as they are; one without a function is an error that names it."""

    class Page(MethodView):
        methods: ClassVar = ["GET", "PUT"]

        def get(self) -> str:
            return "get"

        def delete(self) -> str:
            return "never"

    app.testing = True
    app.add_url_rule("/", view_func=Page.as_view("page"))
    client = app.test_client()
    assert client.delete("/").status_code == 405
    with pytest.raises(AssertionError, match="Unimplemented method 'PUT'"):
        client.put("/")


def test_decorators_surround_the_view(app: App) -> None:
    """decorators are applied to the function, the first one innermost, and see its name."""
    seen = []

    def adds(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
            seen.append(function.__name__)

            def wrapper(**kwargs: Any) -> str:
                return f"{function(**kwargs)}{text}"

            wrapper.__name__ = function.__name__
            return wrapper

        return decorator

    class Page(View):
        decorators: ClassVar = [adds("1"), adds("2")]

        def dispatch_request(self) -> str:  # type: ignore[override]
            return "page"

    app.add_url_rule("/", view_func=Page.as_view("page"))
    assert app.test_client().get("/").text == "page12"
    assert seen == ["page", "page"]


def test_an_object_per_request_unless_said(app: App) -> None:
    """init_every_request = False makes one object for all requests."""

    class Counter(View):
        def __init__(self) -> None:
            self.count = 0

        def dispatch_request(self) -> str:  # type: ignore[override]
            self.count += 1
            return str(self.count)

    class Shared(Counter):
        init_every_request = False

    app.add_url_rule("/each", view_func=Counter.as_view("each"))
    app.add_url_rule("/shared", view_func=Shared.as_view("shared"))
    client = app.test_client()
    assert [client.get("/each").text, client.get("/each").text] == ["1", "1"]
    assert [client.get("/shared").text, client.get("/shared").text] == ["1", "2"]


def test_the_class_behind_a_view_can_be_replaced(app: App) -> None:
    """view.view_class is asked at each request."""

    class One(View):
        def dispatch_request(self) -> str:  # type: ignore[override]
            return "one"

    class Two(One):
        def dispatch_request(self) -> str:  # type: ignore[override]
            return "two"

    view: Any = One.as_view("page")
    app.add_url_rule("/", view_func=view)
    assert app.test_client().get("/").text == "one"
    view.view_class = Two
    assert app.test_client().get("/").text == "two"


def test_views_may_be_async(app: App) -> None:
    """dispatch_request and the functions of a MethodView may be coroutines."""

    class Page(View):
        async def dispatch_request(self) -> str:  # type: ignore[override]
            return "page"

    class Methods(MethodView):
        async def get(self) -> str:
            return "get"

    app.add_url_rule("/page", view_func=Page.as_view("page"))
    app.add_url_rule("/methods", view_func=Methods.as_view("methods"))
    client = app.test_client()
    assert [client.get("/page").text, client.get("/methods").text] == ["page", "get"]
