"""The routes of other frameworks' apps, read from the objects that they keep them in."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from nbmicro.diagnosis.near_routes import match_line, matches_in_map, values_of
from nbmicro.http.methods import AUTOMATIC_METHODS
from nbmicro.web.environ import HANDLER
from nbmicro.web.rules import CONVERTERS, parameter_text, replace_parameters

#: Mounts and includes that are followed.
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class ForeignRoute:
    """One route of somebody's app.

    Parameters
    ----------
    methods:
        What it answers; empty where that cannot be read, ``WEBSOCKET`` for one that speaks no HTTP.
    rule:
        As the framework writes it.
    pattern:
        The same in Werkzeug's syntax, for comparisons.
    endpoint:
        Its name, or its handler's.
    handler:
        The callable that answers; None where it is not known.
    """

    methods: tuple[str, ...]
    rule: str
    pattern: str
    endpoint: str
    handler: Any = None

    @property
    def method_names(self) -> str:
        """``GET,POST``, without those that come by themselves; ``ANY`` where they are not known."""
        spoken = [one for one in self.methods if one not in AUTOMATIC_METHODS]
        return ",".join(sorted(spoken or self.methods)) or "ANY"

    @property
    def function(self) -> Any:
        """The function or class that a person wrote, under decorators and adapters."""
        found = getattr(self.handler, "view_class", None) or inspect.unwrap(self.handler)
        return getattr(found, "func", found)


def table_of(app: Any) -> tuple[ForeignRoute, ...]:
    """The routes of an app, in its order; empty where they cannot be read."""
    reader = _reader(app)
    return tuple(reader(app)) if reader is not None else ()


def what_answers(app: Any, path: str) -> list[str] | None:
    """What answers a path, a line for each; an empty list where nothing does, None where that cannot be known."""
    reader = _reader(app)
    if reader is None:
        return None
    path, _, query = path.partition("?")
    if reader is _flask:
        return _flask_answers(app, path, query)
    if reader is _django:
        return _django_answers(path)
    found: list[str] = []
    answered: set[str] = set()
    for route in reader(app):
        values = values_of(unquote(path), route.pattern)
        methods = [one for one in route.methods if one not in AUTOMATIC_METHODS] or list(route.methods)
        new = [one for one in methods if one not in answered]
        if values is None or not (new or not route.methods):
            continue
        answered |= set(new)
        found += [match_line(method, path, route.rule, route.endpoint, values) for method in new or ["ANY"]]
    return found


def answered_by(app: Any, environ: Mapping[str, Any]) -> tuple[str, str] | None:
    """Rule and endpoint of the route that answered a request, as far as the framework left a trace of it."""
    reader = _reader(app)
    if reader is _bottle and environ.get("bottle.route") is not None:
        route = environ["bottle.route"]
        return str(route.rule), str(route.name or getattr(route.callback, "__name__", ""))
    if reader is _starlette and HANDLER in environ:
        handler = environ[HANDLER]
        return next(((one.rule, one.endpoint) for one in _starlette(app) if one.handler is handler), None)
    if reader is _django:
        urls = sys.modules["django.urls"]
        try:
            match = urls.resolve(environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"))
        except urls.Resolver404:
            return None
        return f"/{match.route}", str(match.view_name)
    return None


def _reader(app: Any) -> Callable[[Any], Iterable[ForeignRoute]] | None:
    if callable(getattr(getattr(app, "url_map", None), "iter_rules", None)):
        return _flask
    if type(app).__module__.startswith("django."):
        return _django
    if type(app).__module__.startswith("bottle") and isinstance(getattr(app, "routes", None), list):
        return _bottle
    if isinstance(getattr(app, "routes", None), list) and hasattr(app, "router"):
        return _starlette
    return None


# -- Flask -----------------------------------------------------------------------------------------------------------


def _flask(app: Any) -> Iterator[ForeignRoute]:
    folder = getattr(app, "static_folder", None)
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" and folder is not None and not _has_files(folder):
            # Flask adds this one by itself.
            continue
        text = f"{rule.host or rule.subdomain or ''}{rule.rule}"
        methods = ("WEBSOCKET",) if rule.websocket else tuple(sorted(rule.methods or ()))
        yield ForeignRoute(methods, text, rule.rule, rule.endpoint, app.view_functions.get(rule.endpoint))


def _has_files(folder: str) -> bool:
    import os

    return os.path.isdir(folder)


def _flask_answers(app: Any, path: str, query: str) -> list[str]:
    adapter = app.url_map.bind(app.config.get("SERVER_NAME") or "localhost")
    return matches_in_map(adapter, path, query)


# -- Django ----------------------------------------------------------------------------------------------------------

_GROUP = re.compile(r"\(\?P<(\w+)>")


def _django(app: Any) -> Iterator[ForeignRoute]:
    resolver = sys.modules["django.urls"].get_resolver()
    yield from _django_routes(resolver.url_patterns, "/", "", 0)


def _django_routes(patterns: Iterable[Any], before: str, namespace: str, depth: int) -> Iterator[ForeignRoute]:
    for one in patterns:
        rule = before + _django_text(one.pattern)
        if hasattr(one, "url_patterns"):
            inner = f"{namespace}{one.namespace}:" if one.namespace else namespace
            if depth < _DEPTH:
                yield from _django_routes(one.url_patterns, rule, inner, depth + 1)
            continue
        name = f"{namespace}{one.name}" if one.name else str(one.lookup_str)
        pattern = replace_parameters(rule, lambda one: _parameter(one.name, one.converter))
        yield ForeignRoute(_django_methods(one.callback), rule, pattern, name, one.callback)


def _django_text(pattern: Any) -> str:
    """A pattern as it stands in ``path()``; of ``re_path()`` with its named groups as parameters."""
    text = str(pattern)
    if not hasattr(pattern, "_regex"):
        return text
    text = text.removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    while (found := _GROUP.search(text)) is not None:
        depth, end = 1, found.end()
        while end < len(text) and depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0) if text[end - 1] != "\\" else 0
            end += 1
        text = f"{text[: found.start()]}<{found[1]}>{text[end:]}"
    return text.replace("\\", "")


def _django_methods(view: Any) -> tuple[str, ...]:
    """The methods of a view that is a class, or that ``require_http_methods`` guards; of others nobody knows."""
    kind = getattr(view, "view_class", None)
    if kind is not None:
        return tuple(name.upper() for name in kind.http_method_names if hasattr(kind, name) and name != "options")
    names = getattr(getattr(view, "__code__", None), "co_freevars", ())
    if "request_method_list" in names:
        return tuple(view.__closure__[names.index("request_method_list")].cell_contents)
    return ()


def _django_answers(path: str) -> list[str]:
    urls = sys.modules["django.urls"]
    try:
        match = urls.resolve(path)
    except urls.Resolver404:
        return []
    methods = ",".join(one for one in _django_methods(match.func) if one not in AUTOMATIC_METHODS) or "ANY"
    values = {**{str(index): value for index, value in enumerate(match.args)}, **match.kwargs}
    return [match_line(methods, path, f"/{match.route}", match.view_name, values)]


# -- Starlette, FastAPI ----------------------------------------------------------------------------------------------


def _starlette(app: Any) -> Iterator[ForeignRoute]:
    yield from _starlette_routes(app.routes, "", "", 0)


def _starlette_routes(routes: Iterable[Any], before: str, namespace: str, depth: int) -> Iterator[ForeignRoute]:
    for one in routes:
        contexts = getattr(one, "effective_route_contexts", None)
        if callable(contexts):
            # FastAPI keeps an included router as one, and makes its routes when they are asked for.
            if depth < _DEPTH:
                inner = [getattr(context, "starlette_route", None) or context for context in contexts()]
                yield from _starlette_routes(inner, before, namespace, depth + 1)
            continue
        path = getattr(one, "path", None) or getattr(one, "path_format", "")
        rule, name = f"{before}{path}", getattr(one, "name", None)
        endpoint = getattr(one, "endpoint", None)
        if endpoint is not None:
            methods = getattr(one, "methods", None)
            is_socket = methods is None and "websocket" in type(one).__name__.lower()
            spoken = ("WEBSOCKET",) if is_socket else tuple(sorted(methods or ()))
            label = f"{namespace}{name or getattr(endpoint, '__name__', type(endpoint).__name__)}"
            yield ForeignRoute(spoken, rule, _from_braces(rule), label, endpoint)
            continue
        inside = getattr(one, "routes", None)
        if inside and depth < _DEPTH:
            yield from _starlette_routes(inside, rule, f"{namespace}{name}:" if name else namespace, depth + 1)
        elif path or not inside:
            mounted = getattr(one, "app", None)
            label = f"{namespace}{name or type(mounted).__name__}"
            yield ForeignRoute((), f"{rule}/{{path:path}}", f"{_from_braces(rule)}/<path:path>", label, mounted)


def _from_braces(rule: str) -> str:
    """``/users/{id:int}`` as Werkzeug writes it."""
    return re.sub(r"\{(\w+)(?::(\w+))?\}", lambda match: _parameter(match[1], match[2]), rule)


# -- Bottle ----------------------------------------------------------------------------------------------------------


def _bottle(app: Any) -> Iterator[ForeignRoute]:
    for one in app.routes:
        mounted = one.config.get("mountpoint.target") or one.config.get("mountpoint", {}).get("target")
        methods = () if one.method in ("ANY", "PROXY") else (one.method,)
        name = one.name or getattr(one.callback, "__name__", "")
        pattern = re.sub(
            r"<(\w*)(?::(\w+))?(?::[^>]*)?>",
            lambda match: _parameter(match[1] or "rest", "path" if match[2] == "re" else match[2]),
            one.rule,
        )
        yield ForeignRoute(methods, one.rule, pattern, name, mounted or one.callback)


def _parameter(name: str, converter: str | None) -> str:
    """A parameter in Werkzeug's syntax; a converter that means nothing there (Django's slug) is left out."""
    return parameter_text(name, converter if converter in CONVERTERS else None)
