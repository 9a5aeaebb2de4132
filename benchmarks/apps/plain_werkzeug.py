"""The apps with Werkzeug alone: its map, its request, its response."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, FileSystemLoader
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from benchmarks.apps import HOOK_HEADER, ROWS, TEMPLATES

__all__ = ["make"]


def make() -> dict[str, Any]:
    """The app by case; it is one and the same but for the hook."""
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False)

    def as_json(value: Any) -> Response:
        return Response(json.dumps(value), mimetype="application/json")

    def hello(request: Request, name: str) -> Response:
        return Response(f"Hello, {name}!", mimetype="text/html")

    def numbers(request: Request) -> Response:
        return as_json({"name": "Ada", "numbers": [1, 2, 3]})

    def args(request: Request) -> Response:
        return Response(request.args.get("x", ""), mimetype="text/html")

    def post(request: Request) -> Response:
        return as_json({"name": request.get_json()["name"]})

    def rows(request: Request) -> Response:
        text = templates.get_template("rows.html").render(title="Rows", rows=ROWS)
        return Response(text, mimetype="text/html")

    rules = Map(
        [
            Rule("/hello/<name>", endpoint=hello),
            Rule("/json", endpoint=numbers),
            Rule("/args", endpoint=args),
            Rule("/post", endpoint=post, methods=["POST"]),
            Rule("/rows", endpoint=rows),
        ]
    )

    def respond(environ: dict[str, Any]) -> Any:
        try:
            endpoint, values = rules.bind_to_environ(environ).match()
            return endpoint(Request(environ), **values)
        except HTTPException as error:
            return error

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        chunks: Iterable[bytes] = respond(environ)(environ, start_response)
        return chunks

    def hooked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = respond(environ)
        response.headers[HOOK_HEADER[0]] = HOOK_HEADER[1]
        chunks: Iterable[bytes] = response(environ, start_response)
        return chunks

    return {"hello": app, "json": app, "args": app, "hook": hooked, "post": app, "missing": app, "rows": app}
