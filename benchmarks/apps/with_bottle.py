"""The apps in Bottle."""

from __future__ import annotations

from typing import Any

import bottle
from jinja2 import Environment, FileSystemLoader

from benchmarks.apps import HOOK_HEADER, ROWS, TEMPLATES

__all__ = ["make"]


def make() -> dict[str, Any]:
    """The apps by case. Bottle's own Jinja2 adapter looks its templates up more slowly than Jinja2 does."""
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False)
    plain, hooked = bottle.Bottle(), bottle.Bottle()

    def hello(name: str) -> str:
        return f"Hello, {name}!"

    plain.route("/hello/<name>", "GET", hello)
    hooked.route("/hello/<name>", "GET", hello)

    @plain.route("/json")
    def json() -> dict[str, Any]:
        return {"name": "Ada", "numbers": [1, 2, 3]}

    @plain.route("/args")
    def args() -> str:
        value: str = bottle.request.query.get("x", "")
        return value

    @plain.route("/post", "POST")
    def post() -> dict[str, Any]:
        return {"name": bottle.request.json["name"]}

    @plain.route("/rows")
    def rows() -> str:
        return templates.get_template("rows.html").render(title="Rows", rows=ROWS)

    @hooked.hook("after_request")
    def after() -> None:
        bottle.response.headers[HOOK_HEADER[0]] = HOOK_HEADER[1]

    return dict.fromkeys(("hello", "json", "args", "post", "missing", "rows"), plain) | {"hook": hooked}
