"""A route as a line of a table, of whichever framework's app, and what answers a path."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter, RequestRedirect

from nbmicro.http.methods import AUTOMATIC_METHODS, COMMON_METHODS
from nbmicro.web.rules import CONVERTERS, parameters, path_regex


@dataclass(frozen=True, slots=True)
class RouteInfo:
    """One line of a table of routes.

    Parameters
    ----------
    rule:
        In Werkzeug's syntax.
    methods:
        What it answers; empty where that cannot be read, ``WEBSOCKET`` for one that speaks no HTTP.
    endpoint:
        Its name, or its handler's.
    written:
        Of another framework's app the rule as it is written there.
    handler:
        The callable that answers; None where it is not known.
    """

    rule: str
    methods: tuple[str, ...] = ("GET",)
    endpoint: str = ""
    written: str | None = None
    handler: Any = None

    @property
    def shown(self) -> str:
        """The rule as its people write it."""
        return self.written or self.rule

    @property
    def spoken_methods(self) -> tuple[str, ...]:
        """The methods without those that come by themselves (HEAD, OPTIONS)."""
        return tuple(method for method in self.methods if method not in AUTOMATIC_METHODS) or self.methods

    @property
    def method_names(self) -> str:
        """``GET,POST``, without those that come by themselves; ``ANY`` where they are not known."""
        return ",".join(sorted(self.spoken_methods)) or "ANY"

    @property
    def function(self) -> Any:
        """The function or class that a person wrote, under decorators and adapters; None where it is not known."""
        if self.handler is None:
            return None
        function = getattr(self.handler, "view_class", None) or inspect.unwrap(self.handler)
        return getattr(function, "func", function)


def routes_of(app: Any) -> tuple[RouteInfo, ...]:
    """The routes of an app: an nbmicro App's table, a Flask app's map, nothing of an app that does not list them."""
    listed: Any = getattr(app, "routes", None)
    if callable(listed):
        routes: Iterable[Any] = listed()
        if isinstance(routes, tuple) and all(isinstance(route, RouteInfo) for route in routes):
            return routes
    else:
        rules: Callable[[], Iterable[Any]] | None = getattr(getattr(app, "url_map", None), "iter_rules", None)
        routes = rules() if rules is not None else ()
    return tuple(
        RouteInfo(
            str(route.rule),
            tuple(sorted(route.methods or ())),
            str(route.endpoint),
            handler=getattr(route, "handler", None),
        )
        for route in routes
    )


def match_line(method: str, path: str, rule: str, endpoint: str, values: dict[str, Any]) -> str:
    """``GET /users/1: /users/<int:id> → user with id=1``."""
    given = ", ".join(f"{name}={value!r}" for name, value in values.items())
    return f"{method} {path}: {rule} → {endpoint}{f' with {given}' if given else ''}"


def matches_in_map(adapter: MapAdapter, path: str, query: str) -> list[str]:
    """What a map of Werkzeug's answers a path with, a line for each method; none where nothing answers."""
    lines = []
    for method in COMMON_METHODS:
        try:
            rule, values = adapter.match(path, method=method, return_rule=True, query_args=query)
        except RequestRedirect as redirect:
            return [f"{path}: redirects to {re.sub(r'^https?://[^/]+', '', redirect.new_url)}"]
        except MethodNotAllowed:
            continue
        except HTTPException:
            break
        lines.append(match_line(method, path, rule.rule, rule.endpoint, dict(values)))
    return lines


def matches_in_table(routes: Iterable[RouteInfo], path: str) -> list[str]:
    """The same by the rules alone, for a framework that does not say what it would do; the first route counts."""
    lines: list[str] = []
    answered: set[str] = set()
    for route in routes:
        values = values_of(unquote(path), route.rule)
        new = [method for method in route.spoken_methods if method not in answered]
        if values is None or not (new or not route.methods):
            continue
        answered |= set(new)
        lines += [match_line(method, path, route.shown, route.endpoint, values) for method in new or ["ANY"]]
    return lines


def values_of(path: str, rule: str) -> dict[str, Any] | None:
    """The values of a path where a rule matches it, as any framework reads its converters; None where it does not."""
    match = re.fullmatch(path_regex(rule, exact=False), path)
    if match is None:
        return None
    pairs = zip(parameters(rule), match.groups(), strict=True)
    reads = {name: converter.read for name, converter in CONVERTERS.items()}
    return {parameter.name: reads.get(parameter.converter, str)(value) for parameter, value in pairs}


def is_answered_by(path: str, rule: str) -> bool:
    """Whether a rule matches a percent-encoded path, a slash at its end aside."""
    return re.fullmatch(path_regex(rule, exact=False) + "/?", unquote(path)) is not None
