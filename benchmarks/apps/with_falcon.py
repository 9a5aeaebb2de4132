"""The apps in Falcon."""

from __future__ import annotations

from typing import Any

import falcon
from jinja2 import Environment, FileSystemLoader

from benchmarks.apps import HOOK_HEADER, ROWS, TEMPLATES

__all__ = ["make"]

TYPE = "text/html; charset=utf-8"


class Hello:
    def on_get(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        response.text = f"Hello, {name}!"


class Numbers:
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.media = {"name": "Ada", "numbers": [1, 2, 3]}
        response.content_type = falcon.MEDIA_JSON


class Args:
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.text = request.get_param("x", default="")


class Post:
    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        response.media = {"name": request.get_media()["name"]}
        response.content_type = falcon.MEDIA_JSON


class Rows:
    def __init__(self) -> None:
        self.templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False)

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.text = self.templates.get_template("rows.html").render(title="Rows", rows=ROWS)


class Hook:
    def process_response(self, request: Any, response: Any, resource: Any, succeeded: bool) -> None:
        response.set_header(*HOOK_HEADER)


def make() -> dict[str, Any]:
    """The apps by case."""
    plain, hooked = falcon.App(media_type=TYPE), falcon.App(media_type=TYPE, middleware=[Hook()])
    plain.add_route("/hello/{name}", Hello())
    plain.add_route("/json", Numbers())
    plain.add_route("/args", Args())
    plain.add_route("/post", Post())
    plain.add_route("/rows", Rows())
    hooked.add_route("/hello/{name}", Hello())
    return dict.fromkeys(("hello", "json", "args", "post", "missing", "rows"), plain) | {"hook": hooked}
