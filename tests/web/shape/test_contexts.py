"""What is current, in Flask's shape: current_app, g, request, session, and the contexts behind them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import greenlet
import pytest
from werkzeug.local import LocalProxy

from nbmicro import (
    App,
    Request,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    has_request_context,
    request,
    session,
    stream_with_context,
    url_for,
)
from nbmicro.web.proxies import app_ctx, request_ctx

MakeApp = Callable[..., App]

PROXIES: dict[str, Any] = {
    "current_app": current_app,
    "g": g,
    "request": request,
    "session": session,
    "app_ctx": app_ctx,
    "request_ctx": request_ctx,
}


# == proxies: names that stand for what is current


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_that_stands_for_nothing_is_false_and_says_so(name: str) -> None:
    """Falsy, ``<LocalProxy unbound>``, and a RuntimeError that says which context is missing."""
    proxy = PROXIES[name]
    assert isinstance(proxy, LocalProxy)
    assert not proxy
    assert repr(proxy) == "<LocalProxy unbound>"
    kind = "request" if name in {"request", "session", "request_ctx"} else "application"
    with pytest.raises(RuntimeError, match=f"Working outside of {kind} context"):
        proxy._get_current_object()
    with pytest.raises(RuntimeError, match=f"Working outside of {kind} context"):
        proxy.anything  # noqa: B018


def test_proxies_stand_for_the_current_objects(app: App) -> None:
    """``_get_current_object()`` gives the object itself, which does not change within a context."""
    with app.test_request_context("/x") as context:
        assert current_app._get_current_object() is app
        assert request._get_current_object() is context.request is request._get_current_object()
        assert isinstance(request._get_current_object(), Request)
        assert session._get_current_object() is context.session
        assert g._get_current_object() is g._get_current_object()
        assert bool(current_app)
        assert request
        assert request_ctx._get_current_object() is context


def test_the_app_context_is_one_per_request(app: App) -> None:
    """Its identity is stable inside a request and another one in the next."""
    seen: list[tuple[int, Any]] = []

    def index() -> str:
        context = app_ctx._get_current_object()
        seen.append((id(context), context))
        assert app_ctx._get_current_object() is context
        assert context.app is app
        return ""

    app.add_url_rule("/", "index", index)
    client = app.test_client()
    client.get("/")
    client.get("/")
    assert seen[0][0] != seen[1][0]


# == contexts: entered and left


def test_an_app_context_makes_the_app_current(app: App) -> None:
    """``with app.app_context():`` and nothing after it."""
    with app.app_context():
        assert current_app.name == "shop"
        assert not request
    assert not current_app


def test_a_request_context_takes_the_arguments_of_an_environ_builder(app: App) -> None:
    """``test_request_context`` makes the request up; an app context comes with it."""
    app.add_url_rule("/hello/<name>", "hello", lambda name: name, methods=["POST"])
    with app.test_request_context("/hello/Ada?q=1", method="POST", data={"a": "b"}, headers={"X": "y"}):
        assert (request.path, request.args["q"], request.form["a"], request.headers["X"]) == (
            "/hello/Ada",
            "1",
            "b",
            "y",
        )
        assert (request.endpoint, request.view_args) == ("hello", {"name": "Ada"})
        assert current_app._get_current_object() is app
        assert url_for("hello", name="Bob") == "/hello/Bob"
    assert not request


def test_a_request_context_may_be_made_of_an_environ(app: App) -> None:
    """``request_context(environ)``."""
    environ = app.test_client().get("/x?a=1").request.environ
    with app.request_context(dict(environ)):
        assert request.full_path == "/x?a=1"


def test_pushes_of_one_context_are_counted(app: App) -> None:
    """Teardown runs on the last pop only."""
    gone: list[Any] = []
    app.teardown_appcontext(lambda exc: gone.append("app"))
    app.teardown_request(lambda exc: gone.append("request"))
    for context, expected in ((app.app_context(), ["app"]), (app.test_request_context(), ["request", "app"])):
        gone.clear()
        context.push()
        context.push()
        context.pop()
        assert gone == []
        assert current_app
        context.pop()
        assert gone == expected
        assert not current_app


def test_contexts_of_several_apps_nest(make_app: MakeApp) -> None:
    """The inner one is current; leaving it brings the outer one back."""
    one, two = make_app("one"), make_app("two")
    with one.test_request_context("/1"), two.test_request_context("/2"):
        assert (current_app.name, request.path) == ("two", "/2")
    with one.app_context():
        with two.app_context():
            assert current_app.name == "two"
        assert current_app.name == "one"


def test_a_context_tells_teardown_functions_of_the_exception(app: App) -> None:
    """The one that left the ``with`` block, else None."""
    told: list[Any] = []
    app.teardown_appcontext(told.append)
    with app.app_context():
        pass
    error = ValueError()
    with pytest.raises(ValueError), app.app_context():  # noqa: PT011
        raise error
    assert told == [None, error]


def test_a_request_under_an_app_context_shares_it(app: App) -> None:
    """As in Flask 3.1: the same ``g``, and the teardown is left to the outer context."""
    gone: list[Any] = []
    app.teardown_appcontext(gone.append)

    def index() -> str:
        g.n = g.get("n", 0) + 1
        return str(g.n)

    app.add_url_rule("/", "index", index)
    client = app.test_client()
    with app.app_context():
        assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]
        assert g.n == 3
        assert gone == []
    assert len(gone) == 1


# == g: a namespace for as long as the context lives


def test_an_app_context_during_a_request_leaves_the_request_there(app: App, make_app: MakeApp) -> None:
    """``request`` and ``session`` stay the request's, ``current_app`` and ``g`` are the entered context's; the app
    context of a request has none of the request's own."""
    other = make_app()

    @app.route("/")
    def index() -> list[object]:
        g.word = "outer"
        seen: list[object] = [hasattr(app_ctx, "session"), app_ctx.g.word]
        for one in (app, other):
            with one.app_context():
                seen += [request.path, "word" in g, current_app == one, url_for("index") if one is app else None]
        return [*seen, g.word]

    expected = [False, "outer", "/", False, True, "/", "/", False, True, None, "outer"]
    assert app.test_client().get("/").json == expected


def test_g_is_new_for_every_request(app: App) -> None:
    """What one request put there, the next does not see."""

    def index() -> str:
        before = "user" in g
        g.user = "Ada"
        return str(before)

    app.add_url_rule("/", "index", index)
    client = app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["False", "False"]


def test_g_is_a_namespace_with_a_dicts_ways(app: App) -> None:
    """in, iter, get, pop and setdefault."""
    with app.app_context():
        with pytest.raises(AttributeError, match="missing"):
            g.missing  # noqa: B018
        g.a = 1
        assert "a" in g
        assert list(g) == ["a"]
        assert (g.get("a"), g.get("b"), g.get("b", 2)) == (1, None, 2)
        assert g.setdefault("c", 3) == 3
        assert g.setdefault("c", 4) == 3
        assert g.pop("c") == 3
        assert g.pop("c", None) is None
        with pytest.raises(KeyError):
            g.pop("c")
        del g.a
        assert list(g) == []
        with pytest.raises(AttributeError):
            del g.a
        assert "shop" in repr(g)


# == helpers: asking for a context, and taking it along


def test_one_may_ask_whether_there_is_a_context(app: App) -> None:
    """has_app_context and has_request_context."""
    assert (has_app_context(), has_request_context()) == (False, False)
    with app.app_context():
        assert (has_app_context(), has_request_context()) == (True, False)
    with app.test_request_context():
        assert (has_app_context(), has_request_context()) == (True, True)


def test_a_copied_context_works_in_a_thread(app: App) -> None:
    """Request and session are shared with the handler, also after it has answered."""
    app.secret_key = "key"
    results: list[Any] = []
    go = threading.Event()

    def index() -> str:
        session["user"] = "Ada"
        mine = request._get_current_object(), session._get_current_object()

        @copy_current_request_context
        def work(number: int) -> None:
            go.wait(5)
            results.append((number, request.path, session["user"], request._get_current_object() is mine[0]))
            results.append(session._get_current_object() is mine[1])

        thread = threading.Thread(target=work, args=(7,))
        thread.start()
        threads.append(thread)
        return ""

    threads: list[threading.Thread] = []
    app.add_url_rule("/", "index", index)
    app.test_client().get("/")
    go.set()
    threads[0].join(5)
    assert results == [(7, "/", "Ada", True), True]


def test_a_copied_context_works_in_a_greenlet(app: App) -> None:
    """Run when the handler is long gone, and may be a coroutine function."""
    waiting: list[Any] = []

    def index() -> str:
        @copy_current_request_context
        def work() -> str:
            return f"{request.path} {current_app.name}"

        @copy_current_request_context
        async def later() -> str:
            return request.args["a"]

        waiting.extend([greenlet.greenlet(work), greenlet.greenlet(later)])
        return ""

    app.add_url_rule("/", "index", index)
    app.test_client().get("/?a=b")
    assert not request
    assert [one.switch() for one in waiting] == ["/ shop", "b"]


def test_copying_and_streaming_need_a_request(app: App) -> None:
    """RuntimeError where there is none."""
    with app.app_context():
        with pytest.raises(RuntimeError, match="request context"):
            copy_current_request_context(lambda: None)
        with pytest.raises(RuntimeError, match="request context"):
            stream_with_context(iter(()))
