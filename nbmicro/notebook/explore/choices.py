"""The routes of the app that the magics speak to, one for each method, and the form of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbmicro.diagnosis.user_code import FrameLabels
from nbmicro.notebook.explore.form import RequestForm, form_of
from nbmicro.notebook.route_table import declared_at, shown_routes
from nbmicro.web.app import App
from nbmicro.web.declarations import Route

if TYPE_CHECKING:
    from nbmicro.foreign.app import ForeignApp


#: What a route is asked by whose methods cannot be read.
_ANY = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """One route by one of its methods.

    Parameters
    ----------
    method, rule:
        As they are shown; the rule as the app's framework writes it.
    pattern:
        The rule in Werkzeug's syntax.
    endpoint, where:
        Its name, and where it is declared.
    """

    method: str
    rule: str
    pattern: str
    endpoint: str
    where: str
    handler: Any = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same one when the routes are read again."""
        return self.method, self.rule

    @property
    def label(self) -> str:
        """Its line in the list."""
        return f"{self.method:<7}{self.rule}"

    @property
    def text(self) -> str:
        """What a search looks in."""
        return f"{self.method} {self.rule} {self.endpoint} {self.where}".lower()


def choices_of(app: App | ForeignApp, frame_labels: FrameLabels | None = None) -> tuple[RouteChoice, ...]:
    """The routes of an app in its order; none where they cannot be read. A WebSocket's is left out."""
    choices: list[RouteChoice] = []
    for route in shown_routes(app):
        methods = route.method_names.split(",")
        where = declared_at(route, frame_labels)
        if isinstance(route, Route):
            rule, handler = route.rule, route.handler
        else:
            rule, handler = route.shown, route.function
        for method in _ANY if methods == ["ANY"] else methods:
            if method != "WEBSOCKET":
                choices.append(RouteChoice(method, rule, route.rule, route.endpoint, where, handler))
    return tuple(choices)


def form_for(app: App | ForeignApp, choice: RouteChoice) -> RequestForm:
    """The form of a route: by the app's own OpenAPI document where it has one, else by its rule and source."""
    from nbmicro.web.openapi import describe_request

    document = _document(app)
    operation = _operation(document, choice) if document else None
    if operation is None:
        operation = describe_request(choice.pattern, choice.handler, choice.method)
    return form_of(choice.method, choice.pattern, operation, document.get("components", {}).get("schemas", {}))


def _document(app: App | ForeignApp) -> Mapping[str, Any]:
    """The OpenAPI document that an app of another framework writes of itself."""
    if isinstance(app, App):
        return {}  # it is made from what `describe_request` reads
    try:
        document = app.run(lambda: app.adapter.openapi(app.core))
    except Exception:
        # A model that has no schema; the form is then made as for an app without a document.
        return {}
    return document if isinstance(document, dict) else {}


def _operation(document: Mapping[str, Any], choice: RouteChoice) -> Mapping[str, Any] | None:
    path = re.sub(r"\{(\w+):\w+\}", r"{\1}", choice.rule)
    operation = document.get("paths", {}).get(path, {}).get(choice.method.lower())
    return operation if isinstance(operation, dict) else None
