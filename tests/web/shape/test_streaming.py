"""Streamed responses, in Flask's shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nbmicro import App, Response, current_app, g, render_template_string, request, session, stream_with_context

MakeApp = Callable[..., App]


def run(app: App, path: str = "/") -> tuple[list[Any], Any]:
    """Call the WSGI app itself: what start_response was given, and the iterable."""
    from werkzeug.test import create_environ

    started: list[Any] = []
    body = app(create_environ(path), lambda status, headers, exc=None: started.append((status, dict(headers))))
    return started, body


# == streaming: bodies that are made while they are sent


def test_a_generator_is_sent_piece_by_piece(app: App) -> None:
    """Headers first; nothing is made before it is asked for."""
    made: list[str] = []

    def index() -> Iterator[str]:
        for piece in "abc":
            made.append(piece)
            yield piece

    app.add_url_rule("/", "index", index)
    started, body = run(app)
    assert started[0][0] == "200 OK"
    assert "Content-Length" not in started[0][1]
    assert made == []
    pieces = iter(body)
    assert next(pieces) == b"a"
    assert made == ["a"]
    assert list(pieces) == [b"b", b"c"]
    body.close()


def test_an_iterator_that_is_not_read_to_its_end_is_closed(app: App) -> None:
    """The generator's ``finally`` runs when the server closes the body."""
    ended: list[str] = []

    def index() -> Iterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            ended.append("closed")

    app.add_url_rule("/", "index", index)
    _, body = run(app)
    assert next(iter(body)) == b"a"
    body.close()
    assert ended == ["closed"]


def test_without_a_kept_context_a_stream_has_none(app: App) -> None:
    """RuntimeError from the body, for the headers are gone."""

    def index() -> Iterator[str]:
        yield request.path

    app.add_url_rule("/", "index", index)
    _, body = run(app)
    with pytest.raises(RuntimeError, match="request context"):
        list(body)
    body.close()


@pytest.mark.parametrize("decorated", [False, True])
def test_a_stream_may_keep_its_context(make_app: MakeApp, decorated: bool) -> None:
    """To the last piece; then it ends, and the teardown runs, once. (Flask 3.1 runs it before the stream as well.)"""
    app = make_app()
    app.secret_key = "key"
    gone: list[str] = []
    app.teardown_request(lambda exc: gone.append(request.path))
    app.before_request(lambda: setattr(g, "n", 1))

    def pieces() -> Iterator[str]:
        yield f"{request.args['a']} {current_app.name} "
        yield f"{g.n} {session.get('b', 'none')}"
        assert gone == []

    def index() -> Any:
        session.get("b")
        if decorated:
            return Response(stream_with_context(pieces)())
        return stream_with_context(pieces())

    app.add_url_rule("/", "index", index)
    assert app.test_client().get("/?a=x").text == "x shop 1 none"
    assert gone == ["/"]
    assert not request


def test_a_stream_that_is_closed_early_ends_its_context(app: App) -> None:
    """Once, whoever closes it. (Flask 3.1 runs the teardown before the stream as well.)"""
    gone: list[str] = []
    app.teardown_request(lambda exc: gone.append("teardown"))

    class Pieces:
        def __iter__(self) -> Pieces:
            return self

        def __next__(self) -> str:
            return request.path

        def close(self) -> None:
            gone.append("closed")

    app.add_url_rule("/", "index", lambda: stream_with_context(Pieces()))
    _, body = run(app)
    assert next(iter(body)) == b"/"
    body.close()
    assert gone == ["closed", "teardown"]


def test_a_stream_has_the_headers_of_its_response(app: App) -> None:
    """Status, type and session cookie are sent before the body."""
    app.secret_key = "key"

    def index() -> Any:
        session["a"] = 1

        def pieces() -> Iterator[str]:
            yield "1,2\n"

        return Response(stream_with_context(pieces()), 202, mimetype="text/csv")

    app.add_url_rule("/", "index", index)
    response = app.test_client().get("/")
    assert (response.status_code, response.mimetype, response.text) == (202, "text/csv", "1,2\n")
    assert "session=" in response.headers["Set-Cookie"]


def test_after_hooks_see_a_stream_before_it_begins(app: App) -> None:
    """It is a response like any other; HEAD makes none of it."""
    made: list[str] = []

    def index() -> Iterator[str]:
        made.append("begun")
        yield "a"

    app.after_request(
        lambda response: response.headers.__setitem__("X-Streamed", str(response.is_streamed)) or response
    )
    app.add_url_rule("/", "index", index)
    client = app.test_client()
    assert client.get("/").headers["X-Streamed"] == "True"
    made.clear()
    assert client.head("/").data == b""
    assert made == []


def test_a_template_inside_a_stream_has_its_names(app: App) -> None:
    """With the context kept."""

    def index() -> Any:
        def pieces() -> Iterator[str]:
            yield "a"
            yield render_template_string("{{ request.path }}")

        return stream_with_context(pieces())

    app.add_url_rule("/x", "index", index)
    assert app.test_client().get("/x").text == "a/x"
