"""What can be declared: routes, hooks, error handlers, templates, static files, filters and the rest, as plain
records.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbmicro.http.methods import AUTOMATIC_METHODS
from nbmicro.web.owners import NOBODY, Owner


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
        True where a blueprint declares it for the whole app (``before_app_request`` and its like).
    claim, holder:
        A name that must mean one thing within an owner (a route's endpoint), and what it means (its function).
    """

    kind: str
    key: Hashable
    value: Any
    scope: bool = False
    claim: str | None = None
    holder: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A declaration with its owner and its place among all of them.

    ``position`` orders hooks and stays when a cell runs again; ``run`` is higher for whoever ran later, and decides
    between rivals.
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
    """

    rule: str
    methods: frozenset[str] | None
    endpoint: str
    handler: Callable[..., Any] | None
    auto_options: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    owner: Owner = NOBODY
    asked_endpoint: str | None = None

    @property
    def label(self) -> str:
        """``GET /hello/<name>``: how people are told of it."""
        return f"{self.method_names} {self.rule}"

    @property
    def method_names(self) -> str:
        """The declared methods, as ``GET`` or ``GET,POST``."""
        if self.methods is None:
            return "ANY"
        shown = self.methods - AUTOMATIC_METHODS if len(self.methods) > 1 else self.methods
        return ",".join(sorted(shown or self.methods))


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
