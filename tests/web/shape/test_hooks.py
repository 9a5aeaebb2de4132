"""Hooks in Flask's shape: functions before and after each request, and when contexts end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nbmicro import App, Blueprint, Response, after_this_request, g, request

MakeApp = Callable[..., App]


class Mistake(Exception):
    """An error of a handler."""


def nested(app: App, hook: str, record: Callable[[str], Any]) -> None:
    """The hook on app, outer and inner blueprint, each leaving its name; a route in each of them."""
    outer, inner = Blueprint("outer", __name__, url_prefix="/outer"), Blueprint("inner", __name__, url_prefix="/inner")
    places: list[tuple[Any, str]] = [(inner, "inner"), (app, "app"), (outer, "outer")]
    for place, name in places:
        getattr(place, hook)(record(f"{name} 1"))
        getattr(place, hook)(record(f"{name} 2"))
        place.add_url_rule("/", "index", lambda: "index")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)


# == before_request: before the handler, perhaps instead of it


def test_before_hooks_run_from_the_app_inwards(app: App) -> None:
    """In the order of declaration; a blueprint's for its own routes only."""
    order: list[str] = []
    nested(app, "before_request", lambda name: lambda: order.append(name))
    client = app.test_client()
    client.get("/outer/inner/")
    assert order == ["app 1", "app 2", "outer 1", "outer 2", "inner 1", "inner 2"]
    order.clear()
    client.get("/")
    assert order == ["app 1", "app 2"]


def test_a_before_hook_may_answer(app: App) -> None:
    """Anything but None ends the request: no further hook, no handler; after hooks run."""
    calls: list[str] = []
    app.before_request(lambda: ("stopped", 202) if "stop" in request.args else None)
    app.before_request(lambda: calls.append("second"))
    app.after_request(lambda response: calls.append("after") or response)
    app.add_url_rule("/", "index", lambda: calls.append("index") or "index")
    client = app.test_client()
    response = client.get("/?stop")
    assert (response.text, response.status_code, calls) == ("stopped", 202, ["after"])
    calls.clear()
    assert client.get("/").text == "index"
    assert calls == ["second", "index", "after"]


def test_before_hooks_see_a_404_before_it_is_one(app: App) -> None:
    """They may answer in its place; request.routing_exception tells."""
    seen: list[Any] = []

    @app.before_request
    def fallback() -> str | None:
        seen.append(type(request.routing_exception).__name__)
        return "instead" if request.path == "/other" else None

    client = app.test_client()
    assert client.get("/missing").status_code == 404
    assert client.get("/other").text == "instead"
    assert seen == ["NotFound", "NotFound"]


def test_a_blueprint_may_have_hooks_for_the_whole_app(make_app: MakeApp) -> None:
    """before_app_request, after_app_request, teardown_app_request."""
    app = make_app()
    calls: list[str] = []
    bp = Blueprint("bp", __name__)
    bp.before_app_request(lambda: calls.append("before"))
    bp.after_app_request(lambda response: calls.append("after") or response)
    bp.teardown_app_request(lambda exc: calls.append("teardown"))
    bp.before_request(lambda: calls.append("never"))
    app.register_blueprint(bp)
    app.add_url_rule("/", "index", lambda: "")
    app.test_client().get("/")
    app.test_client().get("/missing")
    assert calls == ["before", "after", "teardown"] * 2


def test_hooks_may_be_async(app: App) -> None:
    """Each kind of them."""
    calls: list[str] = []

    @app.before_request
    async def before() -> None:
        calls.append("before")

    @app.after_request
    async def after(response: Response) -> Response:
        calls.append("after")
        return response

    @app.teardown_request
    async def teardown(exc: BaseException | None) -> None:
        calls.append("teardown")

    @app.teardown_appcontext
    async def teardown_app(exc: BaseException | None) -> None:
        calls.append("teardown app")

    app.add_url_rule("/", "index", lambda: "index")
    assert app.test_client().get("/").text == "index"
    assert calls == ["before", "after", "teardown", "teardown app"]


# == after_request: what is done to every response


def test_after_hooks_run_from_the_inside_out_and_backwards(app: App) -> None:
    """The last declared first, inner blueprint to app; after_this_request before all."""
    order: list[str] = []
    nested(app, "after_request", lambda name: lambda response: order.append(name) or response)
    app.before_request(
        lambda: after_this_request(lambda response: order.append("this") or response) and None  # type: ignore[func-returns-value]
    )
    app.test_client().get("/outer/inner/")
    assert order == ["this", "inner 2", "inner 1", "outer 2", "outer 1", "app 2", "app 1"]


def test_an_after_hook_gives_the_response(app: App) -> None:
    """Changed or another one; a 404 and a HEAD have it too."""

    @app.after_request
    def mark(response: Response) -> Response:
        response.headers["X-Mark"] = "yes"
        return response

    @app.after_request
    def replace(response: Response) -> Response:
        return Response("replaced", response.status) if "replace" in request.args else response

    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/json", "json", lambda: {"a": 1})
    client = app.test_client()
    assert client.get("/?replace").text == "replaced"
    for response in (client.get("/"), client.get("/json"), client.get("/missing"), client.head("/"), client.put("/")):
        assert response.headers["X-Mark"] == "yes"
    head = client.head("/")
    assert (head.data, head.content_length) == (b"", 5)


def test_after_hooks_are_skipped_when_one_fails(app: App) -> None:
    """Those after it do not run; the answer is a 500, on which all are tried again."""
    calls: list[str] = []
    app.after_request(lambda response: calls.append("first declared") or response)

    @app.after_request
    def fail(response: Response) -> Response:
        calls.append("fail")
        if response.status_code == 200:
            raise Mistake
        return response

    app.add_url_rule("/", "index", lambda: "index")
    assert app.test_client().get("/").status_code == 500
    assert calls == ["fail", "fail", "first declared"]


# == teardown: whatever happened


def test_teardown_hooks_always_run(app: App) -> None:
    """Backwards, inner blueprint to app, then the app context's; told of the error if nothing handled it."""
    order: list[Any] = []
    nested(app, "teardown_request", lambda name: lambda exc: order.append(name))
    app.teardown_appcontext(lambda exc: order.append("context 1"))
    app.teardown_appcontext(lambda exc: order.append("context 2"))
    app.test_client().get("/outer/inner/")
    assert order == ["inner 2", "inner 1", "outer 2", "outer 1", "app 2", "app 1", "context 2", "context 1"]


def test_teardown_hooks_are_told_of_unhandled_errors_only(app: App) -> None:
    """Also where a 500 handler made the answer; not of HTTP errors and handled ones."""
    told: list[Any] = []
    app.teardown_request(lambda exc: told.append(type(exc).__name__))
    app.teardown_appcontext(lambda exc: told.append(type(exc).__name__))
    app.register_error_handler(KeyError, lambda error: "handled")
    app.register_error_handler(500, lambda error: "sorry")

    @app.route("/<what>")
    def fail(what: str) -> str:
        raise {"mistake": Mistake, "key": KeyError}[what]

    client = app.test_client()
    for path in ("/mistake", "/key", "/missing/x"):
        client.get(path)
    assert told == ["Mistake"] * 2 + ["NoneType"] * 4


def test_a_stream_ends_after_the_teardown_unless_it_keeps_its_context(app: App) -> None:
    """The context is popped when the response is made."""
    order: list[str] = []
    app.teardown_request(lambda exc: order.append("teardown"))

    def pieces() -> Any:
        order.append("first piece")
        yield "a"

    app.add_url_rule("/", "index", pieces)
    assert app.test_client().get("/").text == "a"
    assert order == ["teardown", "first piece"]


def test_a_with_block_of_the_client_delays_the_teardown(app: App) -> None:
    """Until its end, or the next request; once. (Flask 3.1 runs it at the end of the request as well.)"""
    order: list[str] = []
    app.teardown_request(lambda exc: order.append(g.name))

    @app.route("/<name>")
    def index(name: str) -> str:
        g.name = name
        return name

    with app.test_client() as client:
        client.get("/one")
        assert order == []
        client.get("/two")
        assert order == ["one"]
        assert g.name == "two"
    assert order == ["one", "two"]


# == order guard: set-up after the first request


def test_what_is_put_into_a_mapping_is_not_held(app: App) -> None:
    """Differs on purpose: Flask holds the list itself. What is in it counts, and the mapping's own list is live."""
    calls: list[str] = []
    mine = [lambda: calls.append("first")]
    app.before_request_funcs[None] = mine
    mine.append(lambda: calls.append("held"))
    app.before_request_funcs[None].append(lambda: calls.append("live"))
    app.test_client().get("/")
    assert calls == ["first", "live"]


def test_an_app_can_be_added_to_at_any_time(app: App) -> None:
    """Differs on purpose: Flask refuses with AssertionError once a request was answered."""
    client = app.test_client()
    assert client.get("/late").status_code == 404
    calls: list[str] = []
    app.add_url_rule("/late", "late", lambda: "late")
    app.before_request(lambda: calls.append("before"))
    app.register_error_handler(404, lambda error: ("gone", 404))
    app.template_filter("late")(str)
    app.context_processor(dict)
    app.teardown_appcontext(lambda exc: calls.append("teardown"))
    bp = Blueprint("bp", __name__, url_prefix="/bp")
    app.register_blueprint(bp)
    bp.add_url_rule("/", "index", lambda: "bp")
    assert client.get("/late").text == "late"
    assert client.get("/bp/").text == "bp"
    assert client.get("/missing").text == "gone"
    assert calls == ["before", "teardown"] * 3


def test_what_flask_allows_late_is_allowed_too(app: App) -> None:
    """config, jinja_env, url_map, view_functions and url_build_error_handlers."""
    app.add_url_rule("/", "index", lambda: "one")
    client = app.test_client()
    assert client.get("/").text == "one"
    app.config["X"] = 1
    app.jinja_env.globals["x"] = 1
    app.url_map.strict_slashes = False
    app.view_functions["index"] = lambda: "two"
    app.url_build_error_handlers.append(lambda error, endpoint, values: "/made")
    assert client.get("/").text == "two"
    with app.test_request_context():
        assert app.url_for("nowhere") == "/made"


def test_a_hook_must_give_a_response(app: App) -> None:
    """An after hook that forgets to return it is an error."""
    app.testing = True
    app.after_request(lambda response: None)
    app.add_url_rule("/", "index", lambda: "")
    with pytest.raises((TypeError, AttributeError)):
        app.test_client().get("/")
