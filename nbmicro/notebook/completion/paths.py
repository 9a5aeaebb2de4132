"""Paths from rules: what has been typed of a path, completed by the routes that it can still become."""

from __future__ import annotations

from itertools import chain

from nbmicro.notebook.completion.known import MOST, Completed, Known, Offer
from nbmicro.web.route_info import RouteInfo
from nbmicro.web.rules import CONVERTERS, Parameter, literal_start, parameters, rule_parts


def paths(typed: str, known: Known, methods: tuple[str, ...] = (), *, first: str | None = None) -> Completed:
    """The paths that ``typed`` is the beginning of, of routes that answer one of ``methods`` (any without).

    ``first`` is a rule that counts before them, though it need not be declared yet.
    """
    wanted = set(methods)
    found: dict[str, None] = {}
    for route in chain([RouteInfo(first, methods)] if first is not None else [], known.routes()):
        if len(found) >= MOST:
            break
        if wanted and wanted.isdisjoint(route.methods):
            continue
        if "<" not in route.rule:
            if route.rule.startswith(typed):
                found[route.rule] = None
            continue
        if route.endpoint.rpartition(".")[2] == "static":
            found.update(dict.fromkeys(_static(route.rule, typed, known)))
            continue
        path = _filled(route.rule, typed)
        if path is None:
            continue
        asked = [one for one in known.paths_of(route.rule) if one.startswith(typed)]
        found.update(dict.fromkeys([*asked[:2], path]))
    found.pop(typed, None)
    return Completed(typed, tuple(Offer(path, "path") for path in found))


def _static(rule: str, typed: str, known: Known) -> list[str]:
    """The files that there are, in the place of a folder's rule."""
    head = literal_start(rule)
    files = known.static_paths() if typed.startswith(head) or head.startswith(typed) else []
    return [path for one in files if (path := f"{head}{one}").startswith(typed)]


def endpoint_values(endpoint: str, routes: tuple[RouteInfo, ...] | list[RouteInfo]) -> list[str]:
    """The names of the values that ``url_for`` wants for an endpoint."""
    names = (parameter.name for one in routes if one.endpoint == endpoint for parameter in parameters(one.rule))
    return list(dict.fromkeys(names))


def _filled(rule: str, typed: str) -> str | None:
    """``typed`` completed to a path that ``rule`` answers; None where it cannot become one."""
    head = literal_start(rule)
    if not (typed.startswith(head) or head.startswith(typed)):
        return None
    try:
        parts = rule_parts(rule)
    except ValueError:
        return None
    path, left = "", typed
    for part in parts:
        if isinstance(part, str):
            if left.startswith(part):
                left = left[len(part) :]
            elif part.startswith(left):
                left = ""
            else:
                return None
            path += part
            continue
        value = left if part.converter == "path" else left.partition("/")[0]
        if value and not _fits(part, value):
            return None
        left = left[len(value) :]
        path += value or _example(part)
    return None if left else path


def _example(parameter: Parameter) -> str:
    if parameter.converter == "any":
        return parameter.words[0]
    converter = CONVERTERS.get(parameter.converter)
    return converter.example if converter is not None else parameter.name


def _fits(parameter: Parameter, value: str) -> bool:
    if "{{" in value:
        return True
    return parameter.converter not in ("int", "float") or value.lstrip("-").replace(".", "", 1).isdigit()
