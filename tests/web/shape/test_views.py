"""Handlers written as classes, in Flask's shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from nbmicro import App, Blueprint, Response, request
from nbmicro.web.views import MethodView, View

MakeApp = Callable[..., App]

# == views: a class behind a route


def test_a_view_answers_with_dispatch_request(app: App) -> None:
    """Made anew for each request, of the arguments given to ``as_view``; path values come as keywords."""
    made: list[Any] = []

    class Hello(View):
        methods: ClassVar[list[str]] = ["GET", "POST"]

        def __init__(self, greeting: str, mark: str = "") -> None:
            made.append(self)
            self.text = greeting + mark

        def dispatch_request(self, name: str) -> str:  # type: ignore[override]
            return f"{self.text} {name} {request.method}"

    view = Hello.as_view("hello", "Hello", mark=",")
    app.add_url_rule("/<name>", view_func=view)
    client = app.test_client()
    assert client.get("/Ada").text == "Hello, Ada GET"
    assert client.post("/Ada").text == "Hello, Ada POST"
    assert len(set(map(id, made))) == 2
    assert (view.__name__, view.__module__) == ("hello", __name__)  # type: ignore[attr-defined]
    assert client.put("/Ada").status_code == 405


def test_a_view_without_dispatch_request_is_an_error(app: App) -> None:
    """NotImplementedError."""
    app.testing = True
    app.add_url_rule("/", view_func=View.as_view("bare"))
    with pytest.raises(NotImplementedError):
        app.test_client().get("/")


def test_one_object_may_serve_all_requests(app: App) -> None:
    """``init_every_request = False``."""
    made: list[int] = []

    class Once(View):
        init_every_request = False

        def __init__(self) -> None:
            made.append(1)
            self.count = 0

        def dispatch_request(self) -> str:
            self.count += 1
            return str(self.count)

    app.add_url_rule("/", view_func=Once.as_view("once"))
    client = app.test_client()
    assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]
    assert made == [1]


def test_decorators_surround_the_view(app: App) -> None:
    """The first in the list is the innermost."""

    def adding(text: str) -> Callable[..., Any]:
        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return function(*args, **kwargs) + text

            return wrapper

        return decorate

    class Hello(View):
        """Says hello."""

        decorators: ClassVar[list[Any]] = [adding("a"), adding("b")]

        def dispatch_request(self) -> str:
            return "hello "

    view = Hello.as_view("hello")
    app.add_url_rule("/", view_func=view)
    assert app.test_client().get("/").text == "hello ab"
    assert (view.__name__, view.__doc__, view.view_class) == ("hello", "Says hello.", Hello)  # type: ignore[attr-defined]


def test_a_method_view_has_a_function_per_method(app: App) -> None:
    """``methods`` follows from them; HEAD falls back to get()."""

    class Thing(MethodView):
        def get(self) -> Any:
            return Response("GET", headers={"X-Method": request.method})

        def delete(self) -> str:
            return "DELETE"

    assert Thing.methods == {"GET", "DELETE"}
    app.add_url_rule("/", view_func=Thing.as_view("thing"))
    client = app.test_client()
    assert client.get("/").text == "GET"
    assert client.delete("/").text == "DELETE"
    assert client.post("/").status_code == 405
    head = client.head("/")
    assert (head.data, head.headers["X-Method"], head.status_code) == (b"", "HEAD", 200)
    assert set(client.options("/").allow) == {"GET", "HEAD", "OPTIONS", "DELETE"}


def test_a_method_view_may_answer_head_and_options_itself(app: App) -> None:
    """A head() of its own comes first; ``provide_automatic_options = False`` leaves OPTIONS to it."""

    class Thing(MethodView):
        provide_automatic_options = False

        def get(self) -> str:
            return "get"

        def head(self) -> Any:
            return Response("", headers={"X-Head": "mine"})

        def options(self) -> str:
            return "mine"

    app.add_url_rule("/", view_func=Thing.as_view("thing"))
    client = app.test_client()
    assert client.head("/").headers["X-Head"] == "mine"
    assert client.options("/").text == "mine"


def test_methods_are_those_of_all_bases(app: App) -> None:
    """Also with several bases, and with a subclass of a subclass."""

    class Readable(MethodView):
        def get(self) -> str:
            return "get"

    class Writable(MethodView):
        def post(self) -> str:
            return "post"

    class Both(Readable, Writable):
        pass

    class More(Both):
        def put(self) -> str:
            return "put"

    assert Both.methods == {"GET", "POST"}
    assert More.methods == {"GET", "POST", "PUT"}
    app.add_url_rule("/", view_func=More.as_view("more"))
    client = app.test_client()
    assert [client.get("/").text, client.post("/").text, client.put("/").text] == ["get", "post", "put"]


def test_methods_may_be_said_by_the_class_or_the_rule(app: App) -> None:
    """The rule's beat the class's."""

    class Thing(MethodView):
        methods: ClassVar[list[str]] = ["GET"]

        def get(self) -> str:
            return "get"

        def post(self) -> str:
            return "post"

    app.add_url_rule("/class", view_func=Thing.as_view("one"))
    app.add_url_rule("/rule", view_func=Thing.as_view("two"), methods=["POST"])
    client = app.test_client()
    assert client.post("/class").status_code == 405
    assert client.post("/rule").text == "post"
    assert client.get("/rule").status_code == 405


def test_the_class_behind_a_view_can_be_swapped(app: App) -> None:
    """``view.view_class``, as a test may do."""

    class One(View):
        def dispatch_request(self) -> str:
            return "one"

    class Two(View):
        def dispatch_request(self) -> str:
            return "two"

    view: Any = One.as_view("one")
    app.add_url_rule("/", view_func=view)
    client = app.test_client()
    assert client.get("/").text == "one"
    view.view_class = Two
    assert client.get("/").text == "two"


def test_views_may_be_async(app: App) -> None:
    """dispatch_request and the functions of a MethodView."""

    class Later(View):
        async def dispatch_request(self) -> str:
            return "later"

    class Methods(MethodView):
        async def get(self) -> str:
            return "get"

        async def post(self) -> str:
            return "post"

    app.add_url_rule("/later", view_func=Later.as_view("later"))
    app.add_url_rule("/methods", view_func=Methods.as_view("methods"))
    client = app.test_client()
    assert [client.get("/later").text, client.get("/methods").text, client.post("/methods").text] == [
        "later",
        "get",
        "post",
    ]


def test_views_work_in_blueprints(app: App) -> None:
    """Under the blueprint's name."""

    class Where(View):
        def dispatch_request(self) -> str:
            return str(request.endpoint)

    bp = Blueprint("bp", __name__)
    bp.add_url_rule("/", view_func=Where.as_view("where"))
    app.register_blueprint(bp)
    assert app.test_client().get("/").text == "bp.where"
