"""A served app is recorded from outside: its answers stay the same bytes, and its exchanges come into the history."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client as WerkzeugClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

import nbmicro
from nbmicro.client.client import Client
from nbmicro.client.recorder import RECORDED_LIMIT, Recorder
from nbmicro.exchange.exchange import Exchange, History
from tests.support.apps import answering, calling


def test_an_exchange_of_a_server_has_request_response_and_prints() -> None:
    app = nbmicro.App("shop")

    @app.post("/users/<name>")
    def create(name: str) -> tuple[dict[str, Any], int]:
        print("creating", name)
        return {"name": name, "sent": nbmicro.request.json}, 201

    history = History()
    seen: list[Exchange] = []
    client = WerkzeugClient(Recorder(app, history, on_exchange=seen.append))
    answer = client.post("/users/Zoë?x=1", json={"a": 1}, headers={"X-A": "1"}, buffered=True)
    (exchange,) = history
    assert answer.data == exchange.body
    assert (exchange.origin, exchange.status, exchange.rule, exchange.endpoint) == (
        "server",
        201,
        "/users/<name>",
        "create",
    )
    assert (exchange.request.method, exchange.request.target) == ("POST", "/users/Zo%C3%AB?x=1")
    assert (exchange.request.json, exchange.request.headers["X-A"]) == ({"a": 1}, "1")
    assert exchange.printed == "creating Zoë\n"
    assert seen == [exchange]


def test_a_stream_stays_a_stream_and_its_prints_are_kept() -> None:
    produced: list[int] = []

    def stream(environ: dict[str, Any]) -> Iterator[bytes]:
        for number in range(3):
            produced.append(number)
            print("chunk", number)
            yield b"x"

    history = History()
    iterable = Recorder(calling(stream), history)(EnvironBuilder().get_environ(), lambda *args: lambda data: None)
    iterator = iter(iterable)
    assert (next(iterator), produced, len(history)) == (b"x", [0], 0)
    assert list(iterator) == [b"x", b"x"]
    iterable.close()  # type: ignore[attr-defined]
    assert history[0].printed == "chunk 0\nchunk 1\nchunk 2\n"


def test_an_exception_passes_to_the_server_and_is_recorded() -> None:
    history = History()
    recorder = Recorder(calling(lambda environ: 1 // 0), history)
    with pytest.raises(ZeroDivisionError):
        run_wsgi_app(recorder, EnvironBuilder().get_environ())
    assert history[0].status == 500
    assert history[0].error is not None
    assert history[0].error.type == "ZeroDivisionError"


def test_a_stream_that_breaks_is_recorded_with_its_error() -> None:
    def stream(environ: dict[str, Any]) -> Iterator[bytes]:
        yield b"x"
        raise ValueError("broken")

    history = History()
    iterable = Recorder(calling(stream), history)(EnvironBuilder().get_environ(), lambda *args: lambda data: None)
    with pytest.raises(ValueError, match="broken"):
        list(iterable)
    iterable.close()  # type: ignore[attr-defined]
    assert (history[0].status, history[0].error and history[0].error.message) == (200, "broken")


def test_a_request_of_the_client_is_not_recorded_twice() -> None:
    history = History()
    client = Client(Recorder(answering("x"), history), history=history)
    client.get("/")
    assert len(history) == 1


def test_what_a_large_upload_and_download_leave_is_bounded() -> None:
    size = 4 * RECORDED_LIMIT

    def echo(environ: dict[str, Any]) -> bytes:
        data: bytes = environ["wsgi.input"].read()
        return data

    history = History()
    environ = EnvironBuilder(method="POST", input_stream=io.BytesIO(b"x" * size), content_length=size).get_environ()
    iterable, _, _ = run_wsgi_app(Recorder(calling(echo), history), environ, buffered=True)
    assert len(b"".join(iterable)) == size
    (exchange,) = history
    assert (len(exchange.request.body), exchange.response.body.size) == (RECORDED_LIMIT, RECORDED_LIMIT)
    assert exchange.response.body.truncated


@pytest.mark.parametrize("name", ["readline", "readlines", "__iter__"])
def test_a_body_that_is_read_by_lines_is_recorded(name: str) -> None:
    def read(environ: dict[str, Any]) -> bytes:
        given = getattr(environ["wsgi.input"], name)()
        return given if isinstance(given, bytes) else b"".join(given)

    history = History()
    environ = EnvironBuilder(method="POST", data=b"a\nb").get_environ()
    environ["wsgi.input"] = io.BytesIO(b"a\nb")
    iterable, _, _ = run_wsgi_app(Recorder(calling(read), history), environ, buffered=True)
    answer = b"".join(iterable)
    assert history[0].request.body == answer
