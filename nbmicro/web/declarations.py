"""What can be declared: routes, hooks, error handlers, templates, static files, filters and the rest, as plain
records.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

from nbmicro.http.methods import AUTOMATIC_METHODS
from nbmicro.web.owners import NOBODY, Owner
from nbmicro.web.rules import joined_rule

_numbers = count(1)

GONE: Final[Any] = object()
"""The value of a declaration that takes a name away: of an endpoint's function, an error handler, a filter …"""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a hook stands that was not simply added at the end.

    Parameters
    ----------
    front:
        Whether nothing stood before it.
    before:
        What stood after it.
    instead_of:
        The declaration whose place it takes; it goes with that one, since it may call its function.
    """

    front: bool = False
    before: tuple[Declaration, ...] = ()
    instead_of: Declaration | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """One thing that an owner adds to an app or a blueprint.

    Parameters
    ----------
    kind:
        ``"route"``, ``"before_request"``, ``"errorhandler"``, ``"template"`` …
    key:
        What it is known by within its kind: a rule with its methods, a function's name, a template's name.
    value:
        The thing itself.
    scope:
        True where a blueprint declares it for the whole app (``before_app_request`` and its like); a name where it is
        for the blueprint of that name in the app or blueprint that it is declared on.
    claim, holder:
        A name that must mean one thing within an owner (a route's endpoint), and what it means (its function).
    place:
        Of a hook: where it stands, if not after those that are there.
    number:
        Higher for what was declared later.
    """

    kind: str
    key: Hashable
    value: Any
    scope: bool | str = False
    claim: str | None = None
    holder: Any = None
    place: Place | None = None
    number: int = field(default_factory=_numbers.__next__)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A declaration with its owner and its place among all of them.

    ``position`` orders hooks and stays when a cell runs again; ``run`` is higher for whoever ran later, and decides a
    conflict.
    """

    declaration: Declaration
    owner: Owner
    position: int
    run: int


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A rule with the function behind it.

    Parameters
    ----------
    rule:
        The rule in Werkzeug's syntax, prefix included.
    methods:
        The methods as declared, without the HEAD and OPTIONS that come by themselves; None for any.
    endpoint:
        The name that ``url_for`` knows it by.
    handler:
        The function; None where only the endpoint is declared (``@app.endpoint`` gives the function then).
    auto_options:
        Whether OPTIONS is answered by itself.
    options:
        Further arguments of Werkzeug's ``Rule`` (``defaults``, ``subdomain``, ``strict_slashes`` …).
    owner:
        Who declared it.
    asked_endpoint:
        The endpoint that was asked for, where another cell's function has it.
    given:
        Rule, endpoint, function, automatic options and further options, as ``add_url_rule`` was given them.
    bound:
        Werkzeug's rule for it, bound to the app's map as that was when it was declared.
    """

    rule: str
    methods: frozenset[str] | None
    endpoint: str
    handler: Callable[..., Any] | None
    auto_options: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    owner: Owner = NOBODY
    asked_endpoint: str | None = None
    given: tuple[Any, ...] = (None, None, None, None, {})
    bound: Any = None

    @property
    def label(self) -> str:
        """``GET /hello/<name>``: how people know it."""
        return f"{self.method_names} {self.rule}"

    @property
    def method_names(self) -> str:
        """The declared methods, as ``GET`` or ``GET,POST``."""
        if self.methods is None:
            return "ANY"
        shown = self.methods - AUTOMATIC_METHODS if len(self.methods) > 1 else self.methods
        return ",".join(sorted(shown or self.methods))


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a ledger's entries land: the full name, prefix, subdomain and defaults of a (nested) blueprint.

    ``position`` is that of the registration in the app's ledger: there its routes stand.
    """

    name: str | None = None
    prefix: str | None = None
    subdomain: str | None = None
    defaults: dict[str, Any] = field(default_factory=dict)
    position: int | None = None

    def route(self, route: Route) -> Route:
        """A blueprint's route as the app has it."""
        rule = joined_rule(self.prefix, route.rule)
        options = dict(route.options)
        if "subdomain" not in route.given[-1] and self.subdomain is not None:
            options["subdomain"] = self.subdomain
        options["defaults"] = {**self.defaults, **(options.get("defaults") or {})}
        return replace(route, rule=rule, endpoint=f"{self.name}.{route.endpoint}", options=options)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file served from memory.

    Parameters
    ----------
    path:
        Its path below the static folder, with forward slashes.
    content:
        Its bytes.
    mimetype:
        Its media type, as ``text/css``.
    """

    path: str
    content: bytes
    mimetype: str


def make_route(
    rule: str,
    endpoint: str | None,
    view_func: Callable[..., Any] | None,
    provide_automatic_options: bool | None,
    options: dict[str, Any],
    *,
    answers_options: bool,
) -> Route:
    """The route that ``add_url_rule`` describes.

    Parameters
    ----------
    rule, endpoint, view_func, provide_automatic_options, options:
        As ``add_url_rule`` takes them.
    answers_options:
        Whether the app answers OPTIONS by itself unless the route says otherwise.

    TypeError for a rule that is no text, for ``methods`` that is a string, or where neither an endpoint nor a function
    is given.
    """
    check_rule(rule)
    given = (rule, endpoint, view_func, provide_automatic_options, options)
    options = dict(options)
    if endpoint is None:
        if view_func is None:
            raise TypeError("A rule needs an endpoint or a view function.")
        endpoint = str(view_func.__name__)
    methods = options.pop("methods", None)
    if methods is None:
        methods = getattr(view_func, "methods", None) or ("GET",)
    if isinstance(methods, str):
        raise TypeError(f"Allowed methods must be a list of strings: @app.route(…, methods=[{methods!r}])")
    named = {method.upper() for method in methods}
    required = set(getattr(view_func, "required_methods", ()))
    if provide_automatic_options is None:
        provide_automatic_options = getattr(view_func, "provide_automatic_options", None)
    if provide_automatic_options is None:
        provide_automatic_options = "OPTIONS" not in named and answers_options
        if provide_automatic_options:
            required.add("OPTIONS")
    return Route(
        rule=rule,
        methods=frozenset(named | required),
        endpoint=endpoint,
        handler=view_func,
        auto_options=provide_automatic_options,
        options={name: value for name, value in options.items() if value is not None},
        given=given,
    )


def check_rule(rule: object) -> None:
    """Raise TypeError for a rule that is no text; rejected at its declaration, it does no harm to other rules."""
    if not isinstance(rule, str):
        raise TypeError(f"A URL rule is a text such as '/users/<int:id>'; this one is of type {type(rule).__name__}.")


def blueprints_of(endpoint: str | None) -> list[str]:
    """The names of the blueprints that an endpoint is in, inner first: ``["a.b", "a"]`` of ``a.b.index``."""
    parts = (endpoint or "").split(".")[:-1]
    return [".".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
