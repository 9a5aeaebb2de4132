"""From what ``add_url_rule`` was given to a checked route in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbmicro.web.declarations import Route
from nbmicro.web.owners import current_owner

if TYPE_CHECKING:
    from nbmicro.web.setup import Setup


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
        Whether the app answers OPTIONS by itself where nothing else is said.

    TypeError for a rule that is no text, for ``methods`` that is a string, or where neither an endpoint nor a function
    is given.
    """
    check_rule(rule)
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
    )


def check_rule(rule: object) -> None:
    """Raise TypeError for a rule that is no text: refused where it is declared, it does no harm to other rules."""
    if not isinstance(rule, str):
        raise TypeError(f"A URL rule is a text such as '/users/<int:id>'; this one is of type {type(rule).__name__}.")


def declare_route(place: Any, route: Route) -> None:
    """Declare ``route`` on an app or a blueprint.

    AssertionError, as Flask's, when the same owner has given its endpoint to another function.
    """
    if route.handler is not None:
        holder = place.ledger.claimed(route.endpoint, current_owner())
        if holder is not None and holder is not route.handler and holder != route.handler:
            raise AssertionError(
                f"View function mapping is overwriting an existing endpoint function: {route.endpoint}. Two functions"
                f" cannot share one endpoint; rename one, or give it another: endpoint='{route.endpoint}_2'."
            )
    key = f"{route.method_names} {route.rule}"
    place.declare("route", key, route, claim=route.endpoint, holder=route.handler)


class ViewFunctions(dict[str, Callable[..., Any]]):
    """``app.view_functions``: the functions in effect by endpoint; setting one declares it.

    Parameters
    ----------
    app:
        The app.
    """

    def __init__(self, app: Setup) -> None:
        super().__init__(app.tables.current().views)
        self._app = app

    def __setitem__(self, endpoint: str, function: Callable[..., Any]) -> None:
        super().__setitem__(endpoint, function)
        self._app.declare("view", endpoint, function)
