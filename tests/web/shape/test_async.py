"""Async handlers, in Flask's shape."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from nbmicro import App, Blueprint, Response, current_app, g, render_template_string, request, session
from nbmicro.web.views import MethodView

MakeApp = Callable[..., App]

# == async: coroutine functions wherever a function may stand


def test_handlers_hooks_and_processors_may_be_async(make_app: MakeApp) -> None:
    """Each has the request's context, before and after it waits."""
    app = make_app()
    app.secret_key = "key"
    calls: list[str] = []

    @app.before_request
    async def before() -> None:
        await asyncio.sleep(0)
        g.user = "Ada"

    @app.after_request
    async def after(response: Response) -> Response:
        await asyncio.sleep(0)
        response.headers["X-User"] = g.user
        return response

    @app.teardown_request
    async def teardown(exc: BaseException | None) -> None:
        calls.append(f"teardown {request.path}")

    @app.errorhandler(KeyError)
    async def failed(error: KeyError) -> str:
        return f"caught {current_app.name}"

    @app.route("/")
    async def index() -> str:
        await asyncio.sleep(0)
        session["a"] = 1
        return render_template_string("{{ g.user }} {{ request.path }}")

    @app.route("/fail")
    async def fail() -> str:
        await asyncio.sleep(0)
        raise KeyError

    client = app.test_client()
    response = client.get("/")
    assert (response.text, response.headers["X-User"]) == ("Ada /", "Ada")
    assert client.get("/fail").text == "caught shop"
    assert calls == ["teardown /", "teardown /fail"]


def named_by_a_processor(app: App) -> App:
    """An app with a context processor that waits."""

    @app.context_processor
    async def names() -> dict[str, str]:
        await asyncio.sleep(0)
        return {"name": f"Ada {request.path}"}

    return app


def test_context_processors_may_be_async(app: App) -> None:
    """For the templates of plain handlers."""
    named_by_a_processor(app).add_url_rule("/", "index", lambda: render_template_string("{{ name }}"))
    assert app.test_client().get("/").text == "Ada /"


def test_async_handlers_may_render_with_async_processors(app: App) -> None:
    """Differs on purpose: Flask raises RuntimeError, for the handler's own loop is running."""

    @named_by_a_processor(app).route("/")
    async def index() -> str:
        return render_template_string("{{ name }}")

    assert app.test_client().get("/").text == "Ada /"


def test_async_works_in_blueprints_and_views(app: App) -> None:
    """And with values of the path."""
    bp = Blueprint("bp", __name__, url_prefix="/bp")

    @bp.get("/<int:n>")
    async def number(n: int) -> dict[str, int]:
        return {"n": n}

    class Thing(MethodView):
        async def get(self) -> str:
            return "thing"

    bp.add_url_rule("/thing", view_func=Thing.as_view("thing"))
    app.register_blueprint(bp)
    assert app.test_client().get("/bp/3").json == {"n": 3}
    assert app.test_client().get("/bp/thing").text == "thing"


def test_each_call_has_a_loop_of_its_own(app: App) -> None:
    """And the tasks it leaves are cancelled at its end."""
    loops: list[Any] = []
    tasks: list[asyncio.Task[None]] = []

    @app.route("/")
    async def index() -> str:
        loops.append(asyncio.get_running_loop())
        tasks.append(asyncio.create_task(asyncio.sleep(60)))
        await asyncio.sleep(0)
        return "done"

    client = app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["done", "done"]
    assert loops[0] is not loops[1]
    assert all(task.cancelled() for task in tasks)
    assert all(loop.is_closed() for loop in loops)


def test_a_handler_may_wait_for_several_things_at_once(app: App) -> None:
    """They run side by side, with the request's context."""

    @app.route("/")
    async def index() -> str:
        async def part(number: int) -> str:
            await asyncio.sleep(0)
            return f"{number}{request.args['a']}"

        return " ".join(await asyncio.gather(*map(part, range(3))))

    assert app.test_client().get("/?a=x").text == "0x 1x 2x"


def test_it_works_while_a_loop_is_running(app: App) -> None:
    """Differs on purpose: Flask raises RuntimeError in a thread whose loop runs, as a notebook's always does."""

    @app.route("/")
    async def index() -> str:
        await asyncio.sleep(0)
        return f"async {request.path}"

    async def cell() -> str:
        text: str = app.test_client().get("/").text
        return text

    assert asyncio.run(cell()) == "async /"


def test_functions_can_be_made_callable_by_hand(app: App) -> None:
    """ensure_sync leaves plain ones as they are; async_to_sync runs any."""

    def plain() -> str:
        return "plain"

    async def later(value: str) -> str:
        return value

    assert app.ensure_sync(plain) is plain
    assert app.ensure_sync(later)("a") == app.async_to_sync(later)("a") == "a"


def test_context_variables_pass_through(app: App) -> None:
    """In, and back out again."""
    variable: ContextVar[str] = ContextVar("variable", default="unset")

    async def change() -> str:
        before = variable.get()
        variable.set("changed")
        return before

    variable.set("set")
    assert app.async_to_sync(change)() == "set"
    assert variable.get() == "changed"


def test_errors_of_async_handlers_are_raised(app: App) -> None:
    """As those of any other."""
    app.testing = True

    @app.route("/")
    async def index() -> str:
        raise LookupError("async")

    with pytest.raises(LookupError, match="async"):
        app.test_client().get("/")
