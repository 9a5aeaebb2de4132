"""Blueprints: declarations collected apart from an app, and registered on it under a name and a prefix."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from nbmicro.web.declarations import Declaration, Route
from nbmicro.web.hooks import Effects
from nbmicro.web.ledger import Ledger
from nbmicro.web.mappings import LiveMapping, hook_list, merge_keys
from nbmicro.web.owners import current_owner, current_run
from nbmicro.web.registration import BlueprintSetupState as BlueprintSetupState
from nbmicro.web.registration import Nested, Registration
from nbmicro.web.scaffold import Scaffold

if TYPE_CHECKING:
    from nbmicro.web.app import App


F = TypeVar("F", bound=Callable[..., Any])
_MISSING: Any = object()


class Blueprint(Scaffold):
    """Declarations that become part of an app when they are registered on it (Flask, "Modular Applications").

    Unlike Flask's, it may be added to at any time: what a later cell declares on it counts in every app that has it.

    Parameters
    ----------
    name:
        Put before the endpoints, with a dot; it may hold none itself.
    import_name:
        The module it belongs to, usually ``__name__``.
    static_folder, static_url_path, template_folder, root_path:
        As for an app; the static files are served below the prefix.
    url_prefix, subdomain, url_defaults:
        What its rules begin with, the subdomain they answer on, and defaults for their values.
    cli_group:
        The name of its command group; None puts its commands at the top.
    """

    deferred_functions = LiveMapping(hook_list, "recorded")

    def __init__(
        self,
        name: str,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        url_prefix: str | None = None,
        subdomain: str | None = None,
        url_defaults: dict[str, Any] | None = None,
        root_path: str | None = None,
        cli_group: str | None = _MISSING,
    ) -> None:
        if not name:
            raise ValueError("A blueprint needs a name that is not empty.")
        if "." in name:
            raise ValueError(f"The name {name!r} holds a dot; a blueprint's name may not, since dots join the names.")
        again = self._succeed("blueprint", name)
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        self.name = name
        self.url_prefix = url_prefix
        self.subdomain = subdomain
        self.url_values_defaults = url_defaults or {}
        self.cli_group = None if cli_group is _MISSING else cli_group
        self.has_cli_group = cli_group is not _MISSING
        self._made = self.__dict__.get("_made", 0) + 1
        if not again:
            self.ledger = Ledger()
            self._registrations: WeakSet[Registration] = WeakSet()
        self.ledger.changed()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    @cached_property
    def cli(self) -> Any:
        """The group that the blueprint's commands belong to."""
        from nbmicro.web.commands.cli import AppGroup

        return AppGroup()

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        name = endpoint if endpoint is not None else getattr(view_func, "__name__", None)
        if endpoint and "." in endpoint:
            raise ValueError(f"The endpoint {endpoint!r} holds a dot; in a blueprint it may not.")
        if endpoint is None and name is not None and "." in name:
            raise ValueError(f"The function's name {name!r} holds a dot; in a blueprint it may not.")
        if callable(rule):
            # As Flask does: an extension that takes over `state.add_url_rule` makes the text of it (Flask-RESTX); where
            # none does, the registration rejects it.
            options["provide_automatic_options"] = provide_automatic_options
            self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))
            return
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def _checked(self, route: Route) -> Route:
        for registration in list(self._registrations):
            registration.check(route)
        return route

    def declare(self, *what: Any, **details: Any) -> Declaration:
        """As of an app; each app that has the blueprint follows."""
        declaration = super().declare(*what, **details)
        for registration in list(self._registrations):
            registration.follow(declaration)
        return declaration

    def effects(self) -> Effects:
        """What is declared on the blueprint itself, for its own routes and for blueprints in it."""
        effects = Effects()
        declared = [entry.declaration for entry in self.ledger.entries(current_run())]
        effects.retract(declared, None)
        for one in declared:
            if not effects.is_gone(one, None):
                effects.collect_own(one)
        effects.finish()
        return effects

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Register another blueprint inside this one; its name and prefix join this one's."""
        check_blueprint(blueprint)
        if blueprint.newest() is self.newest():
            raise ValueError("Cannot register a blueprint on itself.")
        if self in blueprint.inner():
            raise ValueError(
                f"The blueprint {self.name!r} is in {blueprint.name!r} already, so that one cannot be registered on it."
            )
        self.declare("nested", options.get("name", blueprint.name), Nested(blueprint, options))

    def inner(self) -> list[Blueprint]:
        """The blueprints in this one, however deep."""
        found: list[Blueprint] = [self.newest()]
        for outer in found:
            nested = [one.value.blueprint.newest() for one in outer.effects().placed.get(("nested", None), ())]
            found += [one for one in nested if one not in found]
        return found[1:]

    def register(self, app: App, options: dict[str, Any]) -> None:
        """Make this blueprint part of an app: what ``register_blueprint`` calls; an override point.

        ValueError where the same cell (or the script) has given the name to another registration already.
        """
        own_name: str = options.get("name", self.name)
        if "." in own_name:
            raise ValueError(
                f"The name {own_name!r} holds a dot; a blueprint's name may not, since dots join the names."
            )
        name = f"{options.get('name_prefix', '')}.{own_name}".lstrip(".")
        claim, known = f"blueprint {name}", app.blueprints
        before = app.ledger.claimed(claim, current_owner())
        if before is not None and name in known:
            same = "this blueprint" if before.newest() is self.newest() else "a different blueprint"
            raise ValueError(
                f"The name {own_name!r} is already registered for {same}. Give a unique name:"
                f" register_blueprint(…, name='{own_name}_2')."
            )
        first = self.newest() not in [one.newest() for one in known.values()]
        registration = Registration(self, name, app, options, first)
        self.ledger.listen(app.ledger)
        self._registrations.add(registration)
        app.declare("blueprint", name, registration, claim=claim, holder=self)
        registration.walk()

    def _merge_blueprint_funcs(self, app: App, name: str) -> None:
        """Let the hooks of this blueprint be the app's, for its routes; an override point."""
        merge_keys(app, self, name)
        for registration in self._registrations:
            if registration.seen is not None and registration.name == name:
                registration.merge()

    def record(self, func: Callable[[BlueprintSetupState], None]) -> None:
        """Call ``func(state)`` for every registration, those that were and those to come."""
        self.declare("recorded", f"{current_owner().owner.label} {getattr(func, '__name__', '')}", func)

    def record_once(self, func: Callable[[BlueprintSetupState], None]) -> None:
        """Call ``func(state)`` for the first registration on each app only."""

        def once(state: BlueprintSetupState) -> None:
            if state.first_registration:
                func(state)

        self.record(update_wrapper(once, func))

    def make_setup_state(self, app: App, options: dict[str, Any], first_registration: bool = False) -> Any:
        """The state for one registration; an override point."""
        return BlueprintSetupState(self, app, options, first_registration)

    # -- for the whole app ---------------------------------------------------------------------------------------

    def before_app_request(self, f: F) -> F:
        """``before_request`` of the app."""
        return self._hook("before_request", f, scope=True)

    def after_app_request(self, f: F) -> F:
        """``after_request`` of the app."""
        return self._hook("after_request", f, scope=True)

    def teardown_app_request(self, f: F) -> F:
        """``teardown_request`` of the app."""
        return self._hook("teardown_request", f, scope=True)

    def app_context_processor(self, f: F) -> F:
        """``context_processor`` of the app."""
        return self._hook("context_processor", f, scope=True)

    def app_url_value_preprocessor(self, f: F) -> F:
        """``url_value_preprocessor`` of the app."""
        return self._hook("url_value_preprocessor", f, scope=True)

    def app_url_defaults(self, f: F) -> F:
        """``url_defaults`` of the app."""
        return self._hook("url_defaults", f, scope=True)

    def app_errorhandler(self, code: int | type[Exception]) -> Callable[[F], F]:
        """``errorhandler`` of the app."""

        def decorate(f: F) -> F:
            self._errorhandler(code, f, scope=True)
            return f

        return decorate

    def app_template_filter(self, name: Any = None) -> Any:
        """``template_filter`` of the app."""
        return self._named("template_filter", name, scope=True)

    def add_app_template_filter(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Declare ``f`` as a template filter of the app."""
        self.declare("template_filter", name or f.__name__, f, scope=True)

    def app_template_test(self, name: Any = None) -> Any:
        """``template_test`` of the app."""
        return self._named("template_test", name, scope=True)

    def add_app_template_test(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Declare ``f`` as a template test of the app."""
        self.declare("template_test", name or f.__name__, f, scope=True)

    def app_template_global(self, name: Any = None) -> Any:
        """``template_global`` of the app."""
        return self._named("template_global", name, scope=True)

    def add_app_template_global(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Declare ``f`` as a template global of the app."""
        self.declare("template_global", name or f.__name__, f, scope=True)


def check_slash(rule: str) -> None:
    """Raise ValueError for a rule that no prefix will come before, and that does not begin with a slash."""
    if not rule.startswith("/"):
        raise ValueError(f"URL rule {rule!r} must start with a slash.")


def check_blueprint(blueprint: object) -> None:
    """Raise TypeError for what is no blueprint of nbmicro's: an app does not find the routes of Flask's."""
    if isinstance(blueprint, Blueprint):
        return
    kind = f"{type(blueprint).__module__.partition('.')[0]}.{type(blueprint).__qualname__}"
    if kind != "flask.Blueprint":
        raise TypeError(f"register_blueprint takes a Blueprint, and was given one of type {kind}.")
    raise TypeError(
        f"register_blueprint takes nbmicro's Blueprint, and {getattr(blueprint, 'name', '')!r} is Flask's own. Write"
        " `from nbmicro import Blueprint` where it is made. Where that code is not yours: restart the kernel, and let"
        " its first cell put nbmicro in Flask's place: import nbmicro; nbmicro.install_as_flask()"
    )
