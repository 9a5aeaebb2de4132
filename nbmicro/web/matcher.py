"""The quick matcher: finds the route of most requests without Werkzeug's map, and says "ask the map" for all others.

A differential fuzz in the tests holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.routing.converters import DEFAULT_CONVERTERS

from nbmicro.http.methods import with_head
from nbmicro.web.declarations import Route
from nbmicro.web.rules import as_parameter

#: Options of a rule that do not change how it matches; defaults where there are any.
_HARMLESS = {"subdomain", "host", "defaults"}
_LONGEST_NUMBER = 18

INT, TEXT, REST, OTHER = range(4)
"""What a dynamic segment takes: digits, any one segment, all that is left, or what a converter's pattern says."""

Convert = Callable[[str], Any]
Step = tuple[str, int, int, Any, Convert | None]
"""A dynamic segment: name, weight, kind, pattern, conversion."""


class Target:
    """A route that the matcher has found, with what the dispatcher keeps for it. The names are those of its values,
    in the order of the path."""

    __slots__ = ("names", "plan", "route")

    def __init__(self, route: Route, names: tuple[str, ...]) -> None:
        self.route = route
        self.names = names
        self.plan: Any = None


class Node:
    """One step of the tree: what may follow, and which routes end here."""

    __slots__ = ("dynamic", "static", "targets")

    def __init__(self) -> None:
        self.static: dict[str, Node] = {}
        self.dynamic: list[tuple[int, int, Any, Convert | None, Node]] = []
        self.targets: dict[str, Target] = {}

    def copy(self) -> Node:
        """A node that can be changed without the other noticing."""
        new = Node()
        new.static, new.dynamic, new.targets = dict(self.static), list(self.dynamic), dict(self.targets)
        return new


class _AskTheMap(Exception):
    """Only Werkzeug's map knows what to do."""


_ASK = _AskTheMap()
NOTHING: tuple[None, dict[str, Any]] = (None, {})
"""What is found where no rule has the path, with whatever method."""


class Matcher:
    """Finds routes by method and path.

    Parameters
    ----------
    routes:
        In the order in which Werkzeug's map has them.
    converters:
        The map's; a name whose converter is not Werkzeug's is left to the map.
    """

    def __init__(self, routes: Iterable[Route] = (), converters: Mapping[str, Any] = DEFAULT_CONVERTERS) -> None:
        self._root = Node()
        self._opaque: set[tuple[str, ...]] = set()
        self._opaque_first: frozenset[str] = frozenset()
        self._depths: tuple[int, ...] = ()
        self._own = {name for name, kind in DEFAULT_CONVERTERS.items() if converters.get(name) is kind}
        routes = list(routes)
        # An endpoint with defaults redirects from its other rules.
        redirecting = {route.endpoint for route in routes if route.options.get("defaults")}
        for route in routes:
            self._add(route, opaque=route.endpoint in redirecting)

    def find(self, method: str, path: str) -> tuple[Target | None, dict[str, Any]] | None:
        """The target for a request and its values; :data:`NOTHING` where no rule has that path; else None: ask the
        map. ``method`` is in capitals, ``path`` decoded as PATH_INFO has it."""
        if "//" in path or path[:1] != "/":
            return None
        parts = path[1:].split("/")
        if parts[0] in self._opaque_first:
            return None
        for depth in self._depths:
            if tuple(parts[:depth]) in self._opaque:
                return None
        values: list[Any] = []
        try:
            target = _search(self._root, parts, 0, method, values)
        except _AskTheMap:
            return None
        if target is None:
            return NOTHING
        names = target.names
        if len(names) == 1:
            return target, {names[0]: values[0]}
        return target, dict(zip(names, values))  # noqa: B905  as many values as names, and `strict` costs

    def replaced(self, removed: Iterable[Route], added: Iterable[Route]) -> Matcher | None:
        """A matcher with other routes, which shares with this one what they do not touch; None for uncommon ones."""
        new = object.__new__(Matcher)
        new._own, new._opaque, new._depths = self._own, self._opaque, self._depths
        new._opaque_first = self._opaque_first
        new._root = self._root.copy()
        fresh = {id(new._root)}
        for route in removed:
            if not new._remove(route, fresh):
                return None
        for route in added:
            parts = route.rule.split("/")[1:]
            shape = None if route.methods is None or route.options else self._shape(parts)
            if shape is None:
                return None
            try:
                new._insert(route, parts, shape, fresh)
            except _AskTheMap:
                return None
        return new

    def _remove(self, route: Route, fresh: set[int]) -> bool:
        parts = route.rule.split("/")[1:]
        shape = None if route.options else self._shape(parts)
        if shape is None:
            return False
        path: list[tuple[Node, str | None]] = []
        node = self._root
        for part, dynamic in zip(parts, shape, strict=True):
            path.append((node, part if dynamic is None else None))
            try:
                node = _owned_step(node, part, dynamic, fresh)
            except _AskTheMap:
                return False
        node.targets = {method: target for method, target in node.targets.items() if target.route is not route}
        for parent, fixed in reversed(path):
            child = parent.static.get(fixed) if fixed is not None else None
            if fixed is None or child is None or child.static or child.dynamic or child.targets:
                break
            del parent.static[fixed]
        return True

    # -- building ------------------------------------------------------------------------------------------------

    def _add(self, route: Route, *, opaque: bool) -> None:
        if route.options.get("subdomain") or route.options.get("build_only"):
            return  # never matches where the matcher is used, which is where hosts do not count
        parts = route.rule.split("/")[1:]
        uncommon = opaque or route.methods is None or _has_uncommon_options(route)
        shape = None if uncommon else self._shape(parts)
        if shape is None:
            self._opaque.add(_static_prefix(parts))
            # Most are of one part (/static); those are asked for without making a tuple of the path.
            self._opaque_first = frozenset(prefix[0] for prefix in self._opaque if len(prefix) == 1)
            self._depths = tuple(sorted({len(prefix) for prefix in self._opaque if len(prefix) != 1}))
            return
        self._insert(route, parts, shape, None)

    def _insert(self, route: Route, parts: list[str], shape: list[Step | None], fresh: set[int] | None) -> None:
        names: list[str] = []
        node = self._root
        for part, dynamic in zip(parts, shape, strict=True):
            if dynamic is not None:
                names.append(dynamic[0])
            node = _owned_step(node, part, dynamic, fresh)
        target = Target(route, tuple(names))
        for method in with_head(route.methods or frozenset()):
            node.targets.setdefault(method, target)

    def _shape(self, parts: list[str]) -> list[Step | None] | None:
        """For each part None (fixed) or name, weight, kind, pattern and conversion; None for an uncommon rule."""
        shape: list[Step | None] = []
        for index, part in enumerate(parts):
            if "<" not in part:
                if not part and index != len(parts) - 1:
                    return None
                shape.append(None)
                continue
            parameter = as_parameter(part)
            if parameter is None or parameter.arguments is not None or parameter.converter not in self._own:
                return None
            last = index == len(parts) - 1
            if parameter.converter == "any" or (parameter.converter == "path" and not last):
                return None
            shape.append((parameter.name, *_kind(parameter.converter)))
        return shape


def _has_uncommon_options(route: Route) -> bool:
    """Whether a rule matches in a way of its own."""
    bound = route.bound
    if bound is not None and not (bound.strict_slashes and bound.merge_slashes):
        return True
    return bool(route.options.get("defaults")) or bool(route.options.keys() - _HARMLESS)


def _kind(name: str) -> tuple[int, int, Any, Convert | None]:
    converter: Any = DEFAULT_CONVERTERS[name]
    if name in ("default", "string"):
        return converter.weight, TEXT, None, None
    if name == "path":
        return converter.weight, REST, None, None
    if name == "int":
        return converter.weight, INT, None, int
    made = converter(None)
    return made.weight, OTHER, re.compile(f"(?:{made.regex})\\Z"), made.to_python


def _owned_step(node: Node, part: str, dynamic: Step | None, fresh: set[int] | None) -> Node:
    """The node behind ``part``, made where it is missing; with ``fresh``, a copy that only the new matcher has."""
    if dynamic is None:
        after = node.static.get(part)
        if after is None:
            after = node.static[part] = Node()
        elif fresh is not None and id(after) not in fresh:
            after = node.static[part] = after.copy()
    else:
        if fresh is not None and any(one[0] == dynamic[1] and one[1:3] != dynamic[2:4] for one in node.dynamic):
            raise _ASK  # two equals: which came first is not known here
        after = _step(node, *dynamic[1:])
        if fresh is not None and id(after) not in fresh:
            copied = after.copy()
            node.dynamic = [(*one[:4], copied if one[4] is after else one[4]) for one in node.dynamic]
            after = copied
    if fresh is not None:
        fresh.add(id(after))
    return after


def _step(node: Node, weight: int, kind: int, pattern: Any, convert: Convert | None) -> Node:
    """The node behind a dynamic segment; lighter ones are tried first, equals in the order they came."""
    for _, other_kind, other_pattern, _, after in node.dynamic:
        if other_kind == kind and other_pattern == pattern:
            return after
    after = Node()
    index = len(node.dynamic)
    while index and node.dynamic[index - 1][0] > weight:
        index -= 1
    node.dynamic.insert(index, (weight, kind, pattern, convert, after))
    return after


def _static_prefix(parts: list[str]) -> tuple[str, ...]:
    """The fixed parts that an uncommon rule begins with: what begins so is left to the map."""
    prefix: list[str] = []
    for part in parts:
        if "<" in part or not part:
            break
        prefix.append(part)
    return tuple(prefix)


def _search(node: Node, parts: list[str], at: int, method: str, values: list[Any]) -> Target | None:
    """Follow the path as Werkzeug does: fixed parts first, then dynamic ones by weight, back where it leads nowhere."""
    end = len(parts)
    while at != end:
        part = parts[at]
        at += 1
        fixed = node.static.get(part)
        dynamic = node.dynamic
        if not dynamic:
            if fixed is None:
                return None
            node = fixed
            continue
        if fixed is not None:
            depth = len(values)
            target = _search(fixed, parts, at, method, values)
            if target is not None:
                return target
            del values[depth:]
        if len(dynamic) == 1 and dynamic[0][1] == TEXT:
            if not part:
                return None
            values.append(part)
            node = dynamic[0][4]
            continue
        return _search_dynamic(dynamic, parts, at, method, values)
    target = node.targets.get(method)
    if target is not None:
        return target
    if node.targets:
        raise _ASK  # perhaps a wrong method
    slash = node.static.get("")
    if slash is not None and method in slash.targets:
        raise _ASK  # a redirect to the URL with a slash
    return None


def _search_dynamic(
    dynamic: list[tuple[int, int, Any, Convert | None, Node]],
    parts: list[str],
    at: int,
    method: str,
    values: list[Any],
) -> Target | None:
    """Try the dynamic segments for the part before ``at``, one after the other."""
    part = parts[at - 1]
    depth = len(values)
    for _, kind, pattern, convert, after in dynamic:
        following = at
        if kind == TEXT:
            if not part:
                continue
            value: Any = part
        elif kind == INT:
            if not part.isdecimal():
                continue
            if len(part) > _LONGEST_NUMBER:
                raise _ASK
            value = int(part)
        elif kind == REST:
            value = "/".join(parts[at - 1 :])
            if not value or value[0] == "/":
                continue
            if "\n" in value:
                raise _ASK
            following = len(parts)
        else:
            if pattern.match(part) is None:
                continue
            value = part if convert is None else convert(part)
        values.append(value)
        target = _search(after, parts, following, method, values)
        if target is not None:
            return target
        del values[depth:]
    return None
