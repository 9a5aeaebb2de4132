"""The table of an app: everything in effect at one moment, read by a request from its beginning to its end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from werkzeug.routing import Map, Rule

from nbmicro.web.batches import Batch, Change
from nbmicro.web.declarations import GONE, Declaration, Entry, Route, Scope, StaticFile
from nbmicro.web.hooks import DEFAULT_PROCESSOR, SCOPED_KINDS, Effects
from nbmicro.web.ledger import Ledger
from nbmicro.web.matcher import Matcher
from nbmicro.web.owners import Run, current_run
from nbmicro.web.rulemap import build_map, latest_first, rule_of
from nbmicro.web.shadowing import Candidate, resolve, url_key

if TYPE_CHECKING:
    from nbmicro.web.blueprints import Blueprint
    from nbmicro.web.registration import Registration


NAMED_KINDS = ("template_filter", "template_test", "template_global")


class TemplateNames:
    """Declared filters, tests and globals, compared by identity; what a compiled template depends on."""

    __slots__ = ("_hash", "_names", "_values")

    def __init__(self, named: dict[str, dict[str, Callable[..., Any]]]) -> None:
        self._names = tuple((kind, name) for kind, names in named.items() for name in names)
        self._values = tuple(value for names in named.values() for value in names.values())
        self._hash = hash(self._names)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, TemplateNames) or self._names != other._names:
            return False
        return all(one is two for one, two in zip(self._values, other._values, strict=True))


class Table(Effects):
    """Everything in effect at one moment. ``run`` is whose pending declarations are seen; None for the committed
    state. The settings and converters are those of the app's live map."""

    def __init__(
        self, ledger: Ledger, run: Run | None, url_map: Map, rule_class: type[Rule], map_class: type[Map]
    ) -> None:
        super().__init__()
        self._like, self._rule_class, self._map_class = url_map, rule_class, map_class
        self.named: dict[str, dict[str, Callable[..., Any]]] = {kind: {} for kind in NAMED_KINDS}
        self.templates: dict[str, str] = {}
        self.commands: dict[str, Any] = {}
        self.static_files: dict[str, StaticFile] = {}
        self.blueprints: dict[str, Blueprint] = {}
        self.plans: dict[Any, Any] = {}
        self._rules: dict[int, tuple[Route, Rule]] = {}
        #: The map's own rules: how many routes stand before each, the rule, and the cell's run that declared it.
        self._raw: list[tuple[int, Rule, int | None]] = []
        self.candidates: list[Candidate] = []
        self.registrations: dict[str, Registration] = {}
        self._latest: dict[str, tuple[int, Any]] = {}
        self._once: set[int] = set()
        self._fill(ledger, run, Scope())
        self.finish()
        self.blueprints = {name: one for name, one in self.blueprints.items() if one is not GONE}
        self.scoped = {kind: self.functions(kind) for kind in SCOPED_KINDS}
        self.teardown_appcontext = self.functions("teardown_appcontext").get(None, [])
        self.shell_context = self.functions("shell_context").get(None, [])
        self.routes, self.shadowed = resolve(self.candidates)

    # -- reading -------------------------------------------------------------------------------------------------

    @cached_property
    def routes(self) -> list[Route]:
        """The routes in effect, in order."""
        return [one.route for one in self.candidates]

    @cached_property
    def views(self) -> dict[str, Callable[..., Any]]:
        """The function of each endpoint: of its first route, or what was set for it later than that was declared."""
        views: dict[str, Callable[..., Any]] = {}
        for one in self.routes:
            if one.handler is not None and one.endpoint not in views:
                views[one.endpoint] = one.handler
        for endpoint, setting in self.set_views.items():
            number, handler = self._latest.get(endpoint, (0, None))
            views[endpoint] = setting.value if setting.number > number else handler
        return {endpoint: function for endpoint, function in views.items() if function is not GONE}

    @cached_property
    def map(self) -> Map:
        """Werkzeug's map of the routes; built when a request or a URL first needs it."""
        rules = [self.rule(route) for route in self.routes]
        runs = self._runs_of_rules(rules)
        # Where routes are shadowed, a rule of the map's own has no place among them.
        whole = len(rules) == len(self.candidates)
        for number, (place, rule, _) in enumerate(self._raw):
            rules.insert(place + number if whole else len(rules), rule)
        return build_map(latest_first(rules, runs) if runs else rules, self._like, self._map_class)

    def _runs_of_rules(self, rules: list[Rule]) -> dict[int, int]:
        """By the id of each rule, the run of the cell that declared it; empty where no cell declared one on the map."""
        raw = {id(rule): run for _, rule, run in self._raw if run is not None}
        if not raw:
            return {}
        runs = {(one.route.rule, id(one.route.handler)): one.run for one in self.candidates}
        return {
            **{
                id(rule): runs.get((one.rule, id(one.handler)), 0) for rule, one in zip(rules, self.routes, strict=True)
            },
            **raw,
        }

    @cached_property
    def template_names(self) -> TemplateNames:
        """The filters, tests and globals that templates are given; equal where two tables give the same."""
        return TemplateNames(self.named)

    @cached_property
    def matcher(self) -> Matcher | None:
        """The quick matcher of the routes; None where only Werkzeug's map will do."""
        like = self._like
        plain = like.strict_slashes and like.redirect_defaults and like.merge_slashes and not like.host_matching
        if self._raw or not plain or like.default_subdomain:
            return None
        return Matcher(self.routes, like.converters)

    def rule(self, route: Route) -> Rule:
        """Werkzeug's rule for a route of this table: the one in its map."""
        # Tables that follow one another share this; the route is kept beside its rule, so that no id is used again.
        bound: Rule | None = route.bound
        if bound is not None and bound.endpoint == route.endpoint:
            return bound
        known = self._rules.get(id(route))
        if known is None or known[0] is not route:
            rule = rule_of(route, self._rule_class, self._like)
            known = self._rules[id(route)] = (route, rule)
        return known[1]

    def shadowed_by(self, route: Route) -> list[Route]:
        """The other owners' routes that ``route`` has taken over."""
        return [one.route for one in self.shadowed if _same(one.by, route)]

    def chain(self, kind: str, names: Iterable[str | None]) -> list[Callable[..., Any]]:
        """The functions of ``kind`` of each scope in turn."""
        scoped = self.scoped[kind]
        return [function for name in names for function in scoped.get(name, ())]

    # -- succession ----------------------------------------------------------------------------------------------

    @cached_property
    def _by_url(self) -> dict[Hashable, Candidate]:
        """The candidate of each URL, where no two have the same."""
        return {url_key(one.route): one for one in self.candidates}

    @cached_property
    def has_no_conflicts(self) -> bool:
        """Whether no two routes have the same URL or endpoint."""
        renamed = any(route.asked_endpoint is not None for route in self.routes)
        return not renamed and len(self._by_url) == len(self.candidates)

    def candidate_for(self, route: Route) -> Candidate | None:
        """The candidate that has the URL of ``route`` now, or None."""
        return self._by_url.get(url_key(route))

    def successor(
        self, candidates: list[Candidate], removed: list[Candidate], added: list[Candidate], matcher: Matcher
    ) -> Table:
        """This table with other routes; everything else is shared with it."""
        new = object.__new__(Table)
        new.__dict__.update(self.__dict__)
        for cached in ("map", "views", "matcher", "routes", "_by_url"):
            new.__dict__.pop(cached, None)
        new.candidates = candidates
        new.plans = {}
        views, by_url = dict(self.views), dict(self._by_url)
        for one in removed:
            views.pop(one.route.endpoint, None)
            by_url.pop(url_key(one.route), None)
        for one in added:
            if one.route.handler is not None:
                views[one.route.endpoint] = one.route.handler
            by_url[url_key(one.route)] = one
        new.__dict__.update(views=views, matcher=matcher, _by_url=by_url)
        return new

    # -- building ------------------------------------------------------------------------------------------------

    def _fill(self, ledger: Ledger, run: Run | None, scope: Scope, registration: Registration | None = None) -> None:
        entries = ledger.entries(run)
        self.retract((entry.declaration for entry in entries), scope.name)
        for entry in entries:
            if entry.declaration.kind != "nested" and not self.is_gone(entry.declaration, scope.name):
                self._take(entry, run, scope, registration)
        for entry in entries:
            if entry.declaration.kind == "nested" and not self.is_gone(entry.declaration, scope.name):
                self._take(entry, run, scope, registration)

    def _take(self, entry: Entry, run: Run | None, scope: Scope, registration: Registration | None = None) -> None:
        declaration = entry.declaration
        kind, value = declaration.kind, declaration.value
        if registration is not None and (declaration.scope is True or kind in ("route", "recorded", "nested")):
            if registration.hides(declaration) or (declaration.scope is True and id(declaration) in self._once):
                return
            self._once.add(id(declaration))
            derived = registration.derived(declaration)
            if derived is not None:
                self._take_derived(derived, entry, run, scope)
                return
        elif registration is not None and not registration.merged:
            return
        if kind == "route":
            scoped = value if registration is None else registration.route(declaration)
            route = replace(scoped, owner=entry.owner)
            position = entry.position if scope.position is None else scope.position
            self.candidates.append(Candidate(route, position, entry.run))
            number, _ = self._latest.get(route.endpoint, (0, None))
            if value.handler is not None and declaration.number > number:
                self._latest[route.endpoint] = (declaration.number, value.handler)
        elif kind == "blueprint":
            self._register(entry, run, entry.position if scope.position is None else scope.position)
        elif kind == "rule":
            self._raw.append((len(self.candidates), value, entry.run if entry.owner.kind == "cell" else None))
        elif kind == "command":
            if self.wins((kind, declaration.key), declaration):
                self.commands[str(declaration.key)] = value
        elif kind == "listed":
            if self.wins(("blueprint", declaration.key), declaration):
                self.blueprints[str(declaration.key)] = value
        elif not self.collect(declaration, scope.name) and kind != "extension":
            target: dict[Any, Any] = (
                self.templates if kind == "template" else self.static_files if kind == "static" else self.named[kind]
            )
            if self.wins((kind, declaration.key), declaration):
                target[declaration.key] = value

    def _take_derived(self, derived: list[Declaration], entry: Entry, run: Run | None, scope: Scope) -> None:
        """Take what a step of a registration declared on the app; it is the owner's of what the step is for."""
        self.retract(derived, None)
        for one in list(derived):
            self._take(replace(entry, declaration=one), run, Scope(position=scope.position))

    def _register(self, entry: Entry, run: Run | None, position: int) -> None:
        registration: Registration = entry.declaration.value
        registration.refresh()
        name, blueprint = registration.name, registration.blueprint.newest()
        if self.wins(("blueprint", name), entry.declaration):
            self.blueprints[name] = blueprint
        self.registrations[name] = registration
        if registration.merged:
            self.placed.setdefault(("context_processor", name), []).append(DEFAULT_PROCESSOR)
        scope = replace(registration.scope, position=position)
        self._take_derived(registration.early, entry, run, scope)
        self._fill(blueprint.ledger, run, scope, registration)
        self._take_derived(registration.late, entry, run, scope)


class Tables:
    """Which table a request gets. ``make`` builds a table as a run sees it (None: as everyone does)."""

    def __init__(self, ledger: Ledger, make: Callable[[Run | None], Table]) -> None:
        self._ledger, self._make = ledger, make
        self._table: Table | None = None
        self._last: tuple[Table, int] | None = None
        self._pending: WeakKeyDictionary[Run, tuple[int, int, Table]] = WeakKeyDictionary()
        ledger.listen(self)

    def current(self) -> Table:
        """The table for what runs here: that of an open run that declared something, else the committed one."""
        run = current_run()
        if run is not None and id(self._ledger) in run.ledgers:
            return self._pending_table(run)
        return self._table or self.committed()

    def seen_by(self, run: Run) -> Table:
        """The table as requests sent under ``run`` see it, from whatever context."""
        return self._pending_table(run) if id(self._ledger) in run.ledgers else self.committed()

    def committed(self) -> Table:
        """The table that everyone sees."""
        table = self._table
        if table is None:
            with self._ledger.lock:
                table = self._table
                if table is None:
                    table = self._table = self._next() or self._make(None)
                    self._last = (table, self._ledger.version)
        return table

    def changed(self) -> None:
        """Forget the table; a request that has it goes on with it."""
        self._table = None

    def forget(self, run: Run) -> None:
        """Drop the table that showed what was pending of ``run``, which has ended."""
        self._pending.pop(run, None)

    def start_anew(self) -> None:
        """Build the next table from the ground: a setting of the map changed."""
        self._last = None
        self.changed()

    def _next(self) -> Table | None:
        """The table after the last one, where the ledger knows what has changed since and it is little."""
        if self._last is None:
            return None
        table: Table | None
        table, version = self._last
        while table is not None and version < self._ledger.version:
            version += 1
            changes = self._ledger.changes_of(version)
            table = evolved(table, changes) if changes is not None else None
        return table

    def _pending_table(self, run: Run) -> Table:
        with self._ledger.lock:
            known = self._pending.get(run)
            if known is not None and known[:2] == (run.version, self._ledger.version):
                return known[2]
            changes = self._ledger.changes_in(run)
            table = evolved(self.committed(), changes) if changes is not None else None
            table = table or self._make(run)
            self._pending[run] = (run.version, self._ledger.version, table)
            return table


def _same(one: Route, two: Route) -> bool:
    return one.handler is two.handler and one.rule == two.rule and one.methods == two.methods


def evolved(table: Table, changes: Sequence[Change]) -> Table | None:
    """The table after ``changes``, or None where it must be built anew. The table before stays as it is for the
    requests that have it."""
    if not table.has_no_conflicts or table.matcher is None:
        return None
    removed: list[Candidate] = []
    added: list[Candidate] = []
    for before, after in changes:
        if not (_only_plain_routes(before) and _only_plain_routes(after)):
            return None
        for candidate in _candidates(before):
            known = table.candidate_for(candidate.route)
            if known is None or known.route.handler is not candidate.route.handler:
                return None
            removed.append(known)
        added += _candidates(after)
    if table.set_views and any(one.route.endpoint in table.set_views for one in (*removed, *added)):
        return None
    gone = {id(one) for one in removed}
    if not _fit_in(table, removed, added, gone):
        return None
    matcher = table.matcher.replaced([one.route for one in removed], [one.route for one in added])
    if matcher is None:
        return None
    candidates = list(table.candidates)
    position = attrgetter("position")
    for at in {one.position for one in removed}:
        begin, end = bisect_left(candidates, at, key=position), bisect_right(candidates, at, key=position)
        candidates[begin:end] = [one for one in candidates[begin:end] if id(one) not in gone]
    for one in added:
        candidates.insert(bisect_right(candidates, one.position, key=position), one)
    return table.successor(candidates, removed, added, matcher)


def _fit_in(table: Table, removed: list[Candidate], added: list[Candidate], gone: set[int]) -> bool:
    """Whether the routes added have URLs and endpoints of their own."""
    freed = {one.route.endpoint for one in removed}
    for one in added:
        other = table.candidate_for(one.route)
        if other is not None and id(other) not in gone:
            return False
        if one.route.endpoint in table.views and one.route.endpoint not in freed:
            return False
    urls = {url_key(one.route) for one in added}
    names = {one.route.endpoint for one in added}
    return len(urls) == len(names) == len(added)


def _only_plain_routes(batch: Batch | None) -> bool:
    if batch is None:
        return True
    return batch.owner.kind == "cell" and all(
        one.kind == "route" and one.value.handler is not None and not one.value.options for one in batch.declarations
    )


def _candidates(batch: Batch | None) -> list[Candidate]:
    if batch is None:
        return []
    routes = (replace(one.value, owner=batch.owner) for one in batch.declarations)
    return [Candidate(route, batch.position, batch.run) for route in routes]
