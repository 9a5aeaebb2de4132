"""The request's context after the handler: streams, copies for threads, functions for one response."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from nbmicro import (
    App,
    after_this_request,
    copy_current_request_context,
    g,
    has_app_context,
    has_request_context,
    request,
    session,
    stream_with_context,
)


@pytest.fixture
def app() -> App:
    app = App("shop")
    app.secret_key = "k"
    app.testing = True
    return app


def test_a_stream_keeps_its_context(app: App) -> None:
    """A generator in stream_with_context sees request, session and g until it ends; then the teardown runs."""
    torn = []
    app.teardown_request(lambda error: torn.append(error))

    @app.get("/")
    def stream() -> Any:
        g.word = "hello"
        session["n"] = 1

        def pieces() -> Iterator[str]:
            yield request.args["name"]
            yield f" {g.word} {session['n']} {torn}"

        return stream_with_context(pieces())

    response = app.test_client().get("/?name=Ada")
    assert torn == []
    assert response.text == "Ada hello 1 []"
    assert torn == [None]
    assert not has_app_context()


def test_between_the_pieces_the_context_is_not_in_effect(app: App) -> None:
    """Whoever reads a stream slowly has no request of somebody else's around."""

    @app.get("/")
    @stream_with_context
    def stream() -> Iterator[str]:
        yield request.path
        yield request.method

    pieces = app.test_client().get("/").iter_encoded()
    assert next(pieces) == b"/"
    assert not has_request_context()
    assert list(pieces) == [b"GET"]


def test_a_stream_may_be_read_in_another_thread(app: App) -> None:
    """The context comes along to whichever thread asks for the next piece."""

    @app.get("/")
    def stream() -> Any:
        @stream_with_context
        def pieces() -> Iterator[str]:
            yield request.path
            yield request.method

        return pieces()

    response = app.test_client().get("/")
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(response.text))
    thread.start()
    thread.join(10)
    assert read == ["/GET"]
    assert not has_request_context()


def test_a_stream_that_is_not_read_lets_its_context_go(app: App) -> None:
    """Closing the response closes the generator and runs the teardown, without an error; also for HEAD."""
    events: list[Any] = []
    app.teardown_request(lambda error: events.append(("teardown", error)))

    @app.get("/")
    def stream() -> Any:
        class Pieces:
            def __iter__(self) -> Iterator[str]:
                return self

            def __next__(self) -> str:
                return "x"

            def close(self) -> None:
                events.append(("close", request.path))

        return stream_with_context(iter(Pieces()))

    app.test_client().get("/").close()
    assert events == [("close", "/"), ("teardown", None)]
    events.clear()
    app.test_client().head("/").close()
    assert events == [("close", "/"), ("teardown", None)]


def test_a_stream_that_fails_tells_the_teardown(app: App) -> None:
    """An exception in the generator goes to the reader and to the teardown functions."""
    torn: list[Any] = []
    app.teardown_request(lambda error: torn.append(type(error)))

    @app.get("/")
    @stream_with_context
    def stream() -> Iterator[str]:
        yield "x"
        raise ZeroDivisionError

    response = app.test_client().get("/")
    with pytest.raises(ZeroDivisionError):
        response.get_data()
    assert torn == [ZeroDivisionError]


@pytest.mark.parametrize("keep", [stream_with_context, copy_current_request_context, after_this_request])
def test_outside_a_request_there_is_nothing_to_keep(keep: Any) -> None:
    """Each of them is a RuntimeError outside a request that says what is missing."""

    def pieces() -> Iterator[str]:
        yield "x"

    with pytest.raises(RuntimeError, match="request context"):
        keep(pieces())


def test_a_copy_works_in_another_thread(app: App) -> None:
    """copy_current_request_context shares request and session with the handler, and has a g of its own."""

    @app.get("/")
    def index() -> dict[str, Any]:
        g.word = "handler's"
        session["n"] = 1
        seen: dict[str, Any] = {}

        @copy_current_request_context
        def work(name: str) -> None:
            seen[name] = [request.path, session["n"], "word" in g, request is not None]
            session["from"] = "thread"

        threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert not {name for name in seen if seen[name] != ["/", 1, False, True]}
        return {"seen": sorted(seen), "from": session["from"]}

    assert app.test_client().get("/").json == {"seen": ["0", "1", "2", "3"], "from": "thread"}


def test_a_copy_may_be_of_a_coroutine(app: App) -> None:
    """An async function is run to its end by the wrapper, and outlives the request."""
    kept = []

    @app.get("/")
    def index() -> str:
        @copy_current_request_context
        async def work() -> str:
            return request.path

        kept.append(work)
        return ""

    app.test_client().get("/")
    assert kept[0]() == "/"
    assert not has_app_context()


def test_a_function_for_this_response_alone(app: App) -> None:
    """after_this_request functions see and may replace the response of their request, before after_request's."""

    @app.after_request
    def stamp(response: Any) -> Any:
        response.headers["X-Order"] = f"{response.headers.get('X-Order')} all"
        return response

    @app.get("/<int:wanted>")
    def index(wanted: int) -> str:
        if wanted:

            @after_this_request
            def mine(response: Any) -> Any:
                response.headers["X-Order"] = "mine"
                return response

        return ""

    client = app.test_client()
    assert client.get("/1").headers["X-Order"] == "mine all"
    assert client.get("/0").headers["X-Order"] == "None all"
