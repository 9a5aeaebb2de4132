"""Apps of other frameworks, as people write them, for the tests of how they are asked."""

from __future__ import annotations

import asyncio
import logging
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import bottle
import fastapi
import flask
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, StreamingResponse


def flask_app() -> flask.Flask:
    app = flask.Flask("shop")
    app.secret_key = "for a test"
    admin = flask.Blueprint("admin", __name__, url_prefix="/admin")

    @admin.get("/users/<int:id>")
    def user(id: int) -> dict[str, int]:
        return {"id": id}

    @app.get("/said")
    def said() -> str:
        print("printed")
        logging.getLogger("shop.stock").warning("logged")
        warnings.warn("warned", stacklevel=1)
        return "said"

    @app.get("/boom")
    def boom() -> str:
        nothing: dict[str, str] = {}
        return nothing["key"]

    @app.get("/missing")
    def missing() -> str:
        flask.abort(404, "No such thing.")

    @app.get("/g")
    def once() -> str:
        flask.g.count = flask.g.get("count", 0) + 1
        return str(flask.g.count)

    @app.get("/visits")
    def visits() -> str:
        flask.session["visits"] = flask.session.get("visits", 0) + 1
        return str(flask.session["visits"])

    @app.post("/upload")
    def upload() -> dict[str, Any]:
        return {"size": len(flask.request.files["photo"].read()), "who": flask.request.form["who"]}

    @app.get("/stream")
    def stream() -> Iterator[str]:
        def steps() -> Iterator[str]:
            for number in range(3):
                print(f"step {number}")
                yield f"{number}\n"

        return steps()  # type: ignore[return-value]

    @app.get("/endless")
    def endless() -> Iterator[str]:
        return ("x" * 100 for _ in iter(int, 1))  # type: ignore[return-value]

    @app.get("/spin")
    def spin() -> str:
        while True:
            pass

    @app.get("/sleep")
    def sleep() -> str:
        time.sleep(2)
        return ""

    @app.get("/loop")
    def loop() -> str:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return "no loop runs"
        return "a loop runs"

    app.register_blueprint(admin)
    return app


def fastapi_app(events: list[str]) -> fastapi.FastAPI:
    @asynccontextmanager
    async def lifespan(app: fastapi.FastAPI) -> AsyncIterator[dict[str, Any]]:
        events.append("startup")
        yield {"word": "of the lifespan"}
        events.append("shutdown")

    app = fastapi.FastAPI(lifespan=lifespan)
    router = fastapi.APIRouter(prefix="/items")

    @router.get("/{id}")
    def item(id: int) -> dict[str, int]:
        print("in the pool")
        return {"id": id}

    app.include_router(router)

    @app.get("/state")
    async def state(request: fastapi.Request) -> str:
        print("in the loop")
        return str(request.state.word)

    @app.get("/boom")
    async def boom() -> None:
        raise ValueError("ouch")

    @app.get("/wait")
    async def wait() -> None:
        await asyncio.sleep(60)

    @app.get("/spin")
    async def spin() -> None:
        while True:
            pass

    @app.get("/pool")
    def pool() -> None:
        while True:
            pass

    @app.get("/later")
    async def later() -> PlainTextResponse:
        return PlainTextResponse("now", background=BackgroundTask(events.append, "later"))

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 100
            finally:
                events.append("stream closed")

        return StreamingResponse(chunks())

    @app.websocket("/live")
    async def live(socket: fastapi.WebSocket) -> None:
        await socket.accept()

    return app


def bottle_app() -> bottle.Bottle:
    app = bottle.Bottle()

    @app.route("/numbers/<id:int>", method=["GET", "PUT"])
    def number(id: int) -> dict[str, int]:
        return {"id": id}

    @app.get("/boom")
    def boom() -> float:
        return 1 / 0

    return app


def raw(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"raw"]


class Counter:
    """An instance that is an app."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        self.count += 1
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield str(self.count).encode()


async def bare(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An ASGI app that knows no lifespan."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"bare"})


async def silent(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An ASGI app that returns without an answer."""
