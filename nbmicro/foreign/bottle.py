"""Bottle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from nbmicro.foreign.adapter import Adapter, as_parameter
from nbmicro.web.environ import ERROR
from nbmicro.web.route_info import RouteInfo

# `<name>`, `<name:int>`, `<name:re:[a-z]+>`, `<:path>`.
_PARAMETER = re.compile(r"<(\w*)(?::(\w+))?(?::[^>]*)?>")


class Bottle(Adapter):
    name = "Bottle"
    classes = (("bottle", "Bottle", False),)
    modules = frozenset({"bottle"})
    declaration = '@{name}.route("/x") in a plain cell'
    pages = (re.compile(r"<title>Error: \d{3} [^<]*</title>.*?Sorry, the requested URL", re.DOTALL),)

    def routes(self, app: Any) -> Iterator[RouteInfo]:
        for route in app.routes:
            mounted = route.config.get("mountpoint.target") or route.config.get("mountpoint", {}).get("target")
            methods = () if route.method in ("ANY", "PROXY") else (route.method,)
            rule = _PARAMETER.sub(_as_werkzeug, route.rule)
            yield RouteInfo(rule, methods, _name(route), route.rule, mounted or route.callback)

    def look_back(self, environ: MutableMapping[str, Any]) -> None:
        raised = environ.get("bottle.exc_info")
        if raised and raised[1] is not None:
            environ.setdefault(ERROR, raised[1])

    def answered_by(self, app: Any, environ: Mapping[str, Any]) -> tuple[str, str] | None:
        route = environ.get("bottle.route")
        return None if route is None else (str(route.rule), _name(route))


def _name(route: Any) -> str:
    return str(route.name or getattr(route.callback, "__name__", ""))


def _as_werkzeug(match: re.Match[str]) -> str:
    return as_parameter(match[1] or "rest", "path" if match[2] == "re" else match[2])
