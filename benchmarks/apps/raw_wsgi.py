"""The apps as bare functions: the floor under every framework."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader

from benchmarks.apps import HOOK_HEADER, ROWS, TEMPLATES

__all__ = ["make"]

HTML, JSON = "text/html; charset=utf-8", "application/json"


def make() -> dict[str, Any]:
    """The app by case; it is one and the same but for the hook."""
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False)

    def answer(environ: dict[str, Any]) -> tuple[str, str, str]:
        path = environ["PATH_INFO"]
        if path.startswith("/hello/"):
            return "200 OK", HTML, f"Hello, {path[7:]}!"
        if path == "/json":
            return "200 OK", JSON, json.dumps({"name": "Ada", "numbers": [1, 2, 3]})
        if path == "/args":
            return "200 OK", HTML, parse_qs(environ["QUERY_STRING"])["x"][0]
        if path == "/post":
            sent = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            return "200 OK", JSON, json.dumps({"name": sent["name"]})
        if path == "/rows":
            return "200 OK", HTML, templates.get_template("rows.html").render(title="Rows", rows=ROWS)
        return "404 NOT FOUND", HTML, "Not Found"

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        status, kind, text = answer(environ)
        body = text.encode()
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    def hooked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return app(environ, lambda status, headers: start_response(status, [*headers, HOOK_HEADER]))

    return {"hello": app, "json": app, "args": app, "hook": hooked, "post": app, "missing": app, "rows": app}
