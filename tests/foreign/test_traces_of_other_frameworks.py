"""The life of a request in somebody else's app: its handler is called one, whatever thread it runs in."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import fastapi
import flask
import flask.views
import pytest
from simple_repository_server.__main__ import create_app

from nbmicro.client.client import Client
from nbmicro.exchange.records import TraceStep
from nbmicro.foreign.app import ForeignApp

Ask = Callable[[Any, str], list[TraceStep]]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Asks an app for a path as a cell does, where an event loop runs, and gives the steps of its life."""
    apps: dict[int, ForeignApp] = {}

    def asked(app: Any, path: str) -> list[TraceStep]:
        foreign = apps.setdefault(id(app), ForeignApp(app))
        foreign.start()
        client = Client(foreign)

        async def cell() -> list[TraceStep]:
            return list(client.get(path, trace=True).trace)

        return asyncio.run(cell())

    yield asked
    for one in apps.values():
        one.close()


def told(steps: list[TraceStep]) -> list[tuple[str, str]]:
    return [(step.kind, step.label) for step in steps]


def lines_of(steps: list[TraceStep]) -> list[str]:
    return [line.text.strip() for step in steps if step.kind == "handler" for line in step.lines if line.count]


def service() -> fastapi.FastAPI:
    app = fastapi.FastAPI()

    def tenant() -> str:
        return "blue"

    @app.get("/pool/{id}")
    def in_the_pool(id: int, who: str = fastapi.Depends(tenant)) -> str:
        return f"{who} {id}"

    @app.get("/loop")
    async def in_the_loop() -> str:
        await asyncio.sleep(0)
        return "loop"

    return app


def test_a_fastapi_handler_is_told_each_time_it_is_asked(ask: Ask) -> None:
    """Its thread is one of a pool that the first request has left behind."""
    app = service()
    for _ in range(3):
        steps = ask(app, "/pool/7")
        assert told(steps) == [
            ("match", "/pool/{id} → in_the_pool"),
            ("hook", "tenant"),
            ("handler", "in_the_pool"),
        ]
        assert lines_of(steps) == ['return f"{who} {id}"']


def test_an_async_handler_is_one_step_with_its_lines(ask: Ask) -> None:
    app = service()
    for _ in range(2):
        steps = ask(app, "/loop")
        assert told(steps) == [("match", "/loop → in_the_loop"), ("handler", "in_the_loop")]
        assert lines_of(steps) == ["await asyncio.sleep(0)", 'return "loop"']


def test_the_threads_of_an_app_are_not_watched_any_longer(ask: Ask) -> None:
    """Neither the loop's thread nor that of the pool."""
    app = fastapi.FastAPI()

    @app.get("/pool")
    def pool() -> str:
        return threading.current_thread().name

    @app.get("/watched")
    def watched() -> list[bool]:
        return [sys.getprofile() is None, sys.gettrace() is None]

    @app.get("/watched-loop")
    async def watched_loop() -> list[bool]:
        return [sys.getprofile() is None, sys.gettrace() is None]

    foreign = ForeignApp(app)
    client = Client(foreign)
    try:
        before = client.get("/watched").json, client.get("/watched-loop").json
        assert client.get("/pool", trace=True).status == 200
        assert (client.get("/watched").json, client.get("/watched-loop").json) == before
    finally:
        foreign.close()


def test_a_flask_handler_has_its_lines_in_its_thread_too(ask: Ask) -> None:
    """Under a decorator, as a method of a class, and where two rules share a function."""
    app = flask.Flask("shop")

    def guarded(function: Callable[[], str]) -> Callable[[], str]:
        @wraps(function)
        def guard() -> str:
            return function()

        return guard

    @app.get("/guarded")
    @guarded
    def inside() -> str:
        return "inside"

    class Tea(flask.views.MethodView):
        def get(self) -> str:
            return "tea"

    app.add_url_rule("/tea", view_func=Tea.as_view("tea"))

    def page() -> str:
        return "page"

    app.add_url_rule("/one", "one", page)
    app.add_url_rule("/two", "two", page)

    def seen(path: str) -> list[tuple[str, str]]:
        return [one for one in told(ask(app, path)) if one[0] in ("match", "hook", "handler")]

    assert seen("/guarded") == [("match", "/guarded → inside"), ("hook", "guard"), ("handler", "inside")]
    assert seen("/tea") == [("match", "/tea → tea"), ("handler", "tea")]
    assert seen("/two") == [("match", "/two → two"), ("handler", "page")]
    assert lines_of(ask(app, "/guarded")) == ['return "inside"']


def test_a_handler_of_an_installed_package_is_a_step(ask: Ask, tmp_path: Path) -> None:
    """Its lines are not the reader's and are not told."""
    (tmp_path / "tea-pot").mkdir()
    (tmp_path / "tea-pot" / "tea_pot-1.0.tar.gz").touch()
    steps = ask(create_app([str(tmp_path)]), "/simple/tea-pot/")
    assert told(steps)[0] == ("match", "/simple/{project_name}/ → simple_project_page")
    assert ("handler", "simple_project_page") in told(steps)
    assert lines_of(steps) == []


def test_a_rule_whose_methods_are_not_known_says_any(ask: Ask) -> None:
    """As it stands in the table of the routes."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    async def index(request: Any) -> PlainTextResponse:
        return PlainTextResponse("index")

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("inner")(scope, receive, send)

    steps = ask(Starlette(routes=[Route("/index", index), Mount("/inner", inner)]), "/index")
    tried = {one.rule: one.methods for step in steps for one in step.tried}
    assert tried == {"/index": "GET", "/inner/{path:path}": "ANY"}


def test_the_hooks_of_a_flask_app_are_steps(ask: Ask) -> None:
    """Those of the app and of a blueprint, in the order in which Flask calls them; an error handler too."""
    app = flask.Flask("shop")
    admin = flask.Blueprint("admin", __name__)
    app.before_request(lambda: None)

    @admin.before_request
    def guard() -> None:
        flask.g.user = "Ada"

    @app.after_request
    def stamp(response: flask.Response) -> flask.Response:
        return response

    @app.teardown_request
    def close(error: BaseException | None) -> None:
        pass

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        return "missing", 404

    admin.add_url_rule("/admin", "front", lambda: flask.g.user)
    app.register_blueprint(admin)
    kinds = ("before", "handler", "after", "teardown", "error handler")

    def seen(path: str) -> list[tuple[str, str]]:
        return [one for one in told(ask(app, path)) if one[0] in kinds]

    assert seen("/admin") == [
        ("before", "<lambda>"),
        ("before", "guard"),
        ("handler", "admin.front"),
        ("after", "stamp"),
        ("teardown", "close"),
    ]
    assert seen("/nothing") == [
        ("before", "<lambda>"),
        ("error handler", "missing"),
        ("after", "stamp"),
        ("teardown", "close"),
    ]
