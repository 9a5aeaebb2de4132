"""``%%route``: a cell becomes the handler of a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.magic import no_var_expand

from nbmicro.errors import CellError
from nbmicro.notebook.kernel.namespace import Names
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.help import asks_for_help
from nbmicro.web.app import App
from nbmicro.web.names import RESERVED_NAMES

if TYPE_CHECKING:
    from nbmicro.cells.route_line import RouteLine


def make(session: Session) -> Callable[..., Any]:
    """The magic of a session."""

    @no_var_expand
    def route(line: str, cell: str) -> Any:
        """Make this cell the handler of a rule.

        %%route [METHODS] RULE [--name ENDPOINT] [--try [METHOD] [URL] [ITEM…]]

        METHODS   GET unless said otherwise; several as GET,POST. HEAD and OPTIONS come by themselves.
        RULE      /hello/<name>, /users/<int:id>, /files/<path:name>: the values are names in the cell.
        --name    the endpoint that url_for knows it by
        --try     comes last and sends a request at once, written as for %http

        The cell is a function (one def), or the body of one: its last line is the reply.

            %%route /hello/<name>
            f"Hello, {name}!"

        In plain Python:  @app.route("/hello/<name>")
        """
        if asks_for_help(line, route):
            return None
        from nbmicro.cells.route_cell import build_handler, parse_route_cell

        parsed = parse_route_cell(line, cell)
        handler = build_handler(parsed, session.host.namespace, reserved=RESERVED_NAMES)
        if parsed.line.attempt is not None:
            _check_attempt(parsed.line)
        _declare(session.app, parsed.line, parsed.endpoint, handler)
        session.tell(handler)
        return None if parsed.line.attempt is None else _try(session, parsed.line)

    return route


def _declare(app: App, line: RouteLine, endpoint: str, handler: Callable[..., Any]) -> None:
    try:
        app.add_url_rule(line.rule, endpoint, handler, methods=list(line.methods))
    except (LookupError, ValueError) as error:
        raise CellError(
            f"{line.rule}: {error.args[0] if error.args else error}.",
            hint=f"The converters are: {' '.join(sorted(app.url_map.converters))}",
            where=f"%%route {line.label}",
            line=1,
        ) from None


def _check_attempt(line: RouteLine) -> None:
    """CellError, before anything is declared, for a ``--try`` that leaves the values of the rule open."""
    if line.parameters and not (line.attempt or "").strip():
        raise CellError(
            f"--try needs a URL here, since {line.rule} has values to fill in.",
            hint=f"Try:  %%route {line.label.removeprefix('GET ')} --try {_example(line)}",
            where=f"%%route {line.label}",
            line=1,
        )


def _try(session: Session, line: RouteLine) -> Any:
    """Send the request that stands behind ``--try``."""
    from nbmicro.notebook.kernel import requests

    url = None if line.parameters else line.rule
    names = Names(session.host.namespace)
    return requests.send_line(session, line.attempt or "", names, column=1, method=line.methods[0], url=url)


def _example(line: RouteLine) -> str:
    url = line.rule
    for name in line.parameters:
        start = url.find("<")
        end = url.find(">", start)
        value = "1" if url[start + 1 : end].startswith(("int", "float")) else name
        url = f"{url[:start]}{value}{url[end + 1 :]}"
    return url
