"""Starlette and what is built on it: FastAPI."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from nbmicro.foreign.adapter import DEPTH, Adapter, as_parameter
from nbmicro.web.environ import HANDLER
from nbmicro.web.route_info import RouteInfo

if TYPE_CHECKING:
    from nbmicro.http.messages import ResponseRecord


class Starlette(Adapter):
    name = "Starlette"
    classes = (("starlette.applications", "Starlette", True),)
    modules = frozenset({"anyio", "sniffio", "starlette", "uvicorn"})
    declaration = 'Route("/x", function) in the app\'s routes'

    def has_shape(self, app: Any) -> bool:
        return isinstance(getattr(app, "routes", None), list) and hasattr(app, "router")

    def routes(self, app: Any) -> Iterable[RouteInfo]:
        return _routes(app.routes, "", "", 0)

    def note_scope(self, scope: Mapping[str, Any], environ: MutableMapping[str, Any]) -> None:
        if "endpoint" in scope:
            environ[HANDLER] = scope["endpoint"]

    def answered_by(self, app: Any, environ: Mapping[str, Any]) -> tuple[str, str] | None:
        if HANDLER not in environ:
            return None
        return next(
            ((route.shown, route.endpoint) for route in self.routes(app) if route.handler is environ[HANDLER]), None
        )

    def is_page(self, response: ResponseRecord) -> bool:
        plain = response.media_type == "text/plain" and response.status == 500 and response.body.size < 60
        return plain and response.text == "Internal Server Error"


class FastAPI(Starlette):
    name = "FastAPI"
    classes = (("fastapi", "FastAPI", True),)
    modules = frozenset({"fastapi", "pydantic", "pydantic_core"})
    declaration = '@{name}.get("/x") in a plain cell'

    def openapi(self, app: Any) -> Any:
        write = getattr(app, "openapi", None)
        return write() if callable(write) else None


def _routes(routes: Iterable[Any], before: str, namespace: str, depth: int) -> Iterator[RouteInfo]:
    for route in routes:
        contexts = getattr(route, "effective_route_contexts", None)
        if callable(contexts):
            # FastAPI keeps an included router as one, and makes its routes when they are asked for.
            if depth < DEPTH:
                inner = [getattr(context, "starlette_route", None) or context for context in contexts()]
                yield from _routes(inner, before, namespace, depth + 1)
            continue
        path = getattr(route, "path", None) or getattr(route, "path_format", "")
        written, name = f"{before}{path}", getattr(route, "name", None)
        handler = getattr(route, "endpoint", None)
        if handler is not None:
            methods = getattr(route, "methods", None)
            is_socket = methods is None and "websocket" in type(route).__name__.lower()
            spoken = ("WEBSOCKET",) if is_socket else tuple(sorted(methods or ()))
            endpoint = f"{namespace}{name or getattr(handler, '__name__', type(handler).__name__)}"
            yield RouteInfo(_as_werkzeug(written), spoken, endpoint, written, handler)
            continue
        inside = getattr(route, "routes", None)
        if inside and depth < DEPTH:
            yield from _routes(inside, written, f"{namespace}{name}:" if name else namespace, depth + 1)
        elif path or not inside:
            mounted = getattr(route, "app", None)
            endpoint = f"{namespace}{name or type(mounted).__name__}"
            yield RouteInfo(f"{_as_werkzeug(written)}/<path:path>", (), endpoint, f"{written}/{{path:path}}", mounted)


def _as_werkzeug(rule: str) -> str:
    """``/users/{id:int}`` as Werkzeug writes it."""
    return re.sub(r"\{(\w+)(?::(\w+))?\}", lambda match: as_parameter(match[1], match[2]), rule)
