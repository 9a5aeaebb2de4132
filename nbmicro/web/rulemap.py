"""Werkzeug's map of rules, made from routes: one per table, and the live one that ``app.url_map`` is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any

from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.routing.rules import RuleFactory

from nbmicro.web.declarations import Route
from nbmicro.web.rules import pattern_of

SETTINGS = ("default_subdomain", "strict_slashes", "redirect_defaults", "host_matching", "sort_parameters", "sort_key")


_COMPILING = Lock()


class RouteRule(Rule):
    """Werkzeug's rule, which compiles its URL builders when a URL is first built from it.

    Nine tenths of what a Map costs to build are URL builders that most rules never need.
    """

    provide_automatic_options: bool = True

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if not compiled:
                # One at a time: Python 3.11's ast module fails when two threads build trees at once.
                with _COMPILING:
                    if not compiled:
                        compiled.append(super(RouteRule, self)._compile_builder(append_unknown))
            return compiled[0](rule, **values)

        return build


RouteRule.__name__ = "Rule"  # as it is shown


def rule_of(route: Route, rule_class: type[Rule], like: Map) -> Rule:
    """The Werkzeug rule for a route, bound to the app's map."""
    rule = rule_class(route.rule, methods=route.methods, endpoint=route.endpoint, **route.options)
    rule.provide_automatic_options = route.auto_options  # type: ignore[attr-defined]
    rule.bind(like)
    return rule


def build_map(rules: Iterable[Rule], like: Map, map_class: type[Map]) -> Map:
    """A new map of ``rules`` with the settings of ``like``, which they are bound to; ready to match."""
    new = map_class(host_matching=like.host_matching)
    for name in SETTINGS:
        setattr(new, name, getattr(like, name))
    new.merge_slashes = like.merge_slashes
    new.converters = like.converters
    for rule in rules:
        if not rule.build_only:
            new._matcher.add(rule)
        new._rules_by_endpoint.setdefault(rule.endpoint, []).append(rule)
    new.update()
    return new


def latest_first(rules: list[Rule], runs: dict[int, int]) -> list[Rule]:
    """The rules, those of one URL in the order of their cells' runs, the last one first; all else as it was. Werkzeug
    lets the first of equal rules answer."""
    groups: dict[Any, list[int]] = {}
    for number, rule in enumerate(rules):
        groups.setdefault((pattern_of(str(rule.rule)), rule.subdomain, rule.host), []).append(number)
    ordered = list(rules)
    for numbers in groups.values():
        later = sorted(numbers, key=lambda number: -runs.get(id(rules[number]), 0))
        for number, other in zip(numbers, later, strict=True):
            ordered[number] = rules[other]
    return ordered


class LiveMap:
    """What ``app.url_map`` is: adding a rule declares it, everything else looks at the table in effect.

    It is mixed into the app's ``url_map_class``.
    """

    _find: Callable[[], Map] | None = None
    _declare: Callable[[Rule], object] | None = None
    _changed: Callable[[], None] | None = None

    def connect(self, find: Callable[[], Map], declare: Callable[[Rule], object], changed: Callable[[], None]) -> None:
        """Tie the map to a table: where to look, where to declare a rule, whom to tell that a setting changed."""
        self._find, self._declare, self._changed = find, declare, changed

    def add(self, rulefactory: RuleFactory) -> None:
        """Declare the rules of ``rulefactory``, at any time."""
        if self._declare is None:
            super().add(rulefactory)  # type: ignore[misc]
            return
        for rule in rulefactory.get_rules(self):  # type: ignore[arg-type]
            rule.bind(self)  # type: ignore[arg-type]
            self._declare(rule)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if self._changed is not None and (name in SETTINGS or name in ("merge_slashes", "converters")):
            self._changed()

    def _now(self) -> Map:
        if self._find is None:
            raise RuntimeError("This map belongs to no app yet.")
        return self._find()

    def iter_rules(self, endpoint: Any | None = None) -> Iterator[Rule]:
        """The rules in effect, all of them or those of one endpoint."""
        return self._now().iter_rules(endpoint)

    def is_endpoint_expecting(self, endpoint: Any, *arguments: str) -> bool:
        """Whether every rule of the endpoint takes all these arguments."""
        return self._now().is_endpoint_expecting(endpoint, *arguments)

    def bind(self, *args: Any, **kwargs: Any) -> MapAdapter:
        """Werkzeug's ``Map.bind`` on the table in effect."""
        return self._now().bind(*args, **kwargs)

    def bind_to_environ(self, *args: Any, **kwargs: Any) -> MapAdapter:
        """Werkzeug's ``Map.bind_to_environ`` on the table in effect."""
        return self._now().bind_to_environ(*args, **kwargs)

    @property
    def _rules_by_endpoint(self) -> dict[Any, list[Rule]]:
        """The rules in effect by endpoint: a part of Werkzeug's map that extensions read."""
        return self._now()._rules_by_endpoint if self._find is not None else self.__dict__["_rules_by_endpoint"]

    @_rules_by_endpoint.setter
    def _rules_by_endpoint(self, rules: dict[Any, list[Rule]]) -> None:
        self.__dict__["_rules_by_endpoint"] = rules

    def update(self) -> None:
        """Bring the table's own map up to date."""
        self._now().update()

    def __repr__(self) -> str:
        return repr(self._now()) if self._find is not None else super().__repr__()


def live_map_class(map_class: type[Map]) -> type[Map]:
    """A map class that is both ``map_class`` and live."""
    if issubclass(map_class, LiveMap):
        return map_class
    return type(map_class.__name__, (LiveMap, map_class), {"__doc__": map_class.__doc__})
