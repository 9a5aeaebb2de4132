"""A blueprint as one app has registered it: the walk through what the blueprint records, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import ref

from nbmicro.web.declarations import Declaration, Route, Scope, check_rule
from nbmicro.web.hooks import APP_KINDS, SCOPED_KINDS
from nbmicro.web.owners import Owner, current_owner
from nbmicro.web.rules import joined_rule

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.blueprints import Blueprint

CAPTURED = {"route", "rule", "view", "blueprint", "errorhandler", "retract", *SCOPED_KINDS, *APP_KINDS}
"""What belongs to a registration where a step of it declares it on the app."""


class BlueprintSetupState:
    """What a function given to :meth:`Blueprint.record` learns of one registration.

    Parameters
    ----------
    blueprint, app:
        What is registered, and where.
    options:
        The arguments of ``register_blueprint``.
    first_registration:
        Whether this blueprint is registered on this app for the first time.
    """

    def __init__(self, blueprint: Blueprint, app: App, options: dict[str, Any], first_registration: bool) -> None:
        self.app = app
        self.blueprint = blueprint
        self.options = options
        self.first_registration = first_registration
        subdomain, prefix = options.get("subdomain"), options.get("url_prefix")
        self.subdomain: str | None = subdomain if subdomain is not None else blueprint.subdomain
        self.url_prefix: str | None = prefix if prefix is not None else blueprint.url_prefix
        self.name: str = options.get("name", blueprint.name)
        self.name_prefix: str = options.get("name_prefix", "")
        self.url_defaults: dict[str, Any] = {**blueprint.url_values_defaults, **(options.get("url_defaults") or {})}

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Callable[..., Any] | None = None, **options: Any
    ) -> None:
        """Declare a route on the app with this registration's name, prefix, subdomain and defaults."""
        check_rule(rule)
        rule = joined_rule(self.url_prefix, rule)
        options.setdefault("subdomain", self.subdomain)
        endpoint = endpoint if endpoint is not None else getattr(view_func, "__name__", None)
        defaults = {**self.url_defaults, **(options.pop("defaults", None) or {})}
        name = f"{self.name_prefix}.{self.name}.{endpoint}".lstrip(".")
        self.app.add_url_rule(rule, name, view_func, defaults=defaults, **options)


_ADD_URL_RULE = BlueprintSetupState.add_url_rule


@dataclass(frozen=True, slots=True)
class Nested:
    """A blueprint that another one has registered, with the options given."""

    blueprint: Blueprint
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deferred:
    """One of ``blueprint.deferred_functions`` that nobody wrote: it declares at a registration what is declared."""

    declaration: Declaration

    def __call__(self, state: Any) -> None:
        one = self.declaration
        if one.kind == "route":
            rule, endpoint, view_func, automatic, options = one.value.given
            state.add_url_rule(rule, endpoint, view_func, provide_automatic_options=automatic, **options)
        elif state.first_registration:
            state.app.declare(one.kind, one.key, one.value)


@dataclass(slots=True)
class Capture:
    """Where the declarations of one step go."""

    app: App
    into: list[Declaration]
    #: The cell that the step is for.
    cell: Owner | None = None


_capture: ContextVar[Capture | None] = ContextVar("nbmicro.capture", default=None)


@contextmanager
def _capturing(app: App, into: list[Declaration], cell: Owner | None = None) -> Iterator[None]:
    token = _capture.set(Capture(app, into, cell))
    try:
        yield
    finally:
        _capture.reset(token)


def captured(scaffold: Any, declaration: Declaration) -> bool:
    """Whether a declaration is part of a registration that is at work, which keeps it."""
    capture = _capture.get()
    if capture is None or capture.app != scaffold or declaration.kind not in CAPTURED:
        return False
    capture.into.append(declaration)
    scaffold.ledger.claim(declaration, current_owner())
    return True


def claim_of(endpoint: str) -> str:
    """What a route claims of its endpoint. What two cells record is declared by whoever registers the blueprint, and
    yet is theirs: as between other cells, both have their functions."""
    capture = _capture.get()
    return endpoint if capture is None or capture.cell is None else f"{endpoint} of {capture.cell.key}"


def is_registering() -> bool:
    """Whether a step of a registration is at work."""
    return _capture.get() is not None


class Registration:
    """A blueprint as one app has registered it, with what it had then: name, prefix, subdomain and defaults.

    Most of a blueprint's routes are read from the blueprint when a table is made. Where a step is overridden, its call
    is made at the registration, and what it declares on the app is kept here, beside the declaration that it is for: so
    it goes with the blueprint's cell as well as with the cell that registered it.
    """

    def __init__(self, blueprint: Blueprint, name: str, app: App, options: dict[str, Any], first: bool) -> None:
        self.blueprint, self.name, self.options = blueprint, name, options
        self.merged = False
        #: What was walked so far, by id; None when the walk has come to its end.
        self.seen: dict[int, Declaration] | None = {}
        self.scope = Scope(name)
        self._state: Any = None
        self._kind: Any = None
        #: What was declared on the app before and after the blueprint's hooks became its own.
        self.early: list[Declaration] = []
        self.late: list[Declaration] = []
        self._app, self._first = ref(app), first
        self._made = -1
        self._derived: dict[int, tuple[Declaration, list[Declaration]]] = {}
        self._plainly: dict[int, Declaration] = {}
        self._routes: dict[int, tuple[Declaration, Route]] = {}

    @property
    def app(self) -> App:
        """The app that the blueprint is registered on."""
        app = self._app()
        if app is None:
            raise ReferenceError("The app of this registration is gone.")
        return app

    # -- the walk ------------------------------------------------------------------------------------------------

    def walk(self) -> None:
        """Do each step in the order in which Flask does."""
        blueprint = self.blueprint
        self._begin()
        with _capturing(self.app, self.early):
            blueprint._merge_blueprint_funcs(self.app, self.name)
        effects = blueprint.effects()
        deferred = effects.placed.get(("recorded", None), [])
        for one in (*deferred, *effects.placed.get(("nested", None), [])):
            self._walk_to(one)
        self.seen = None
        self._let_go()
        self.app.ledger.noticed(current_owner())

    def _let_go(self) -> None:
        """Keep no state that can be made again: it holds the app, which holds this."""
        state = self._state
        if state is not None and self._has_kept(state) and "add_url_rule" not in vars(state):
            self._kind, self._state = type(state), None

    @property
    def state(self) -> Any:
        """What recorded functions are given."""
        if self._state is None:
            self._state = self.blueprint.newest().make_setup_state(self.app, self.options, self._first)
        return self._state

    def _begin(self) -> None:
        """Make the state, and what a registration has before the recorded functions are called."""
        blueprint = self.blueprint.newest()
        self._made = blueprint._made
        self._derived, self._plainly, self._routes = {}, {}, {}
        self._state = state = blueprint.make_setup_state(self.app, self.options, self._first)
        self.scope = Scope(self.name, state.url_prefix, state.subdomain, dict(state.url_defaults))
        if blueprint.has_static_folder:
            self.early = [one for one in self.early if one.kind != "route"]
            with _capturing(self.app, self.early):
                rule = f"{blueprint.static_url_path}/<path:filename>"
                state.add_url_rule(rule, endpoint="static", view_func=blueprint.send_static_file)

    def merge(self) -> None:
        """Let the blueprint's hooks count."""
        self.merged = True
        capture = _capture.get()
        if capture is not None and capture.into is self.early:
            capture.into = self.late

    def _walk_to(self, one: Declaration) -> None:
        if one.kind in ("recorded", "nested"):
            self._has_seen(one)
            self.app.ledger.noticed(current_owner())
            plain = self._is_plain()
            self._step(one)
            if plain and not self._is_plain():
                self._plainly = dict(self.seen or {})
        elif self._is_called(one):
            self._step(one)
        elif one.kind == "route":
            self.route(one)  # where it cannot be one of the app's, that is raised here
        self._has_seen(one)

    def _has_seen(self, one: Declaration) -> None:
        if self.seen is not None:
            self.seen[id(one)] = one

    def check(self, route: Route) -> None:
        """Raise where a late route of the blueprint cannot be one of the app's."""
        if self.seen is None and self._is_plain():
            self.app.scoped(route, self.scope)

    def follow(self, one: Declaration) -> None:
        """Do what is declared on the blueprint after its registration."""
        if self.seen is not None or not (one.kind in ("recorded", "nested") or self._is_called(one)):
            return
        if self.app.tables.current().registrations.get(self.name) is self and id(one) not in self._derived:
            self._step(one)

    def _step(self, one: Declaration) -> None:
        into: list[Declaration] = []
        self._derived[id(one)] = (one, into)
        owner = self.blueprint.newest().ledger.owner_of(one)
        with _capturing(self.app, into, owner if owner.kind == "cell" else None):
            if one.kind == "nested":
                one.value.blueprint.register(self.app, self._options_of(one.value))
            elif one.kind == "recorded":
                one.value(self.state)
            else:
                Deferred(one)(self.state)
        if self.seen is None:
            self._let_go()

    def _options_of(self, nested: Nested) -> dict[str, Any]:
        """The options of a blueprint in this one: its prefix and subdomain join this registration's."""
        options, blueprint, state = dict(nested.options), nested.blueprint, self.state
        prefix = options["url_prefix"] if options.get("url_prefix") is not None else blueprint.url_prefix
        subdomain = options["subdomain"] if options.get("subdomain") is not None else blueprint.subdomain
        if state.url_prefix is not None and prefix is not None:
            prefix = f"{state.url_prefix.rstrip('/')}/{prefix.lstrip('/')}"
        joined = {
            "url_prefix": prefix if prefix is not None else state.url_prefix,
            "subdomain": ".".join(part for part in (subdomain, state.subdomain) if part is not None) or None,
        }
        options.update({name: value for name, value in joined.items() if value is not None})
        options["name_prefix"] = self.name
        return options

    # -- what came of it -----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Begin anew where the blueprint's cell has made the blueprint anew: its prefix may be another."""
        if self.seen is None and self.blueprint.newest()._made != self._made:
            self._begin()
            self._let_go()

    def hides(self, one: Declaration) -> bool:
        """Whether the walk has not come to a declaration yet."""
        return self.seen is not None and id(one) not in self.seen

    def derived(self, one: Declaration) -> list[Declaration] | None:
        """What a declaration has come to on the app; None where it is read from the blueprint."""
        known = self._derived.get(id(one))
        if known is not None and not (self.seen is None and any(_is_stale(inner) for inner in known[1])):
            return known[1]
        if one.kind not in ("recorded", "nested") and not self._is_called(one):
            return None
        if self.seen is None:
            self._step(one)
        return self._derived[id(one)][1] if id(one) in self._derived else []

    def _is_called(self, one: Declaration) -> bool:
        """Whether a route is added by calls, since a step is overridden."""
        return one.kind == "route" and id(one) not in self._plainly and not self._is_plain()

    def _is_plain(self) -> bool:
        """Whether adding a route comes to what the table makes of it."""
        state = self._state
        kind = self._kind if state is None else type(state)
        if kind.add_url_rule is not _ADD_URL_RULE or not self.app.adds_rules_plainly:
            return False
        return state is None or ("add_url_rule" not in vars(state) and self._has_kept(state))

    def _has_kept(self, state: Any) -> bool:
        """Whether a state says what it said at first."""
        scope = self.scope
        return (
            (state.url_prefix, state.subdomain) == (scope.prefix, scope.subdomain)
            and state.url_defaults == scope.defaults
            and f"{state.name_prefix}.{state.name}".lstrip(".") == self.name
        )

    def route(self, one: Declaration) -> Route:
        """A route of the blueprint as the app has it."""
        known = self._routes.get(id(one))
        if known is None or known[0] is not one:
            known = self._routes[id(one)] = (one, self.app.scoped(one.value, self.scope))
        return known[1]


def _is_stale(one: Declaration) -> bool:
    return isinstance(one.value, Registration) and one.value.blueprint.newest()._made != one.value._made
