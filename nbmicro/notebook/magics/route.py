"""``%%route``: a cell becomes the handler of a rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbmicro.errors import CellError
from nbmicro.http.methods import METHODS
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import Names, magic
from nbmicro.printable import did_you_mean
from nbmicro.web.app import App
from nbmicro.web.rules import parameter_text, parameters, replace_parameters

if TYPE_CHECKING:
    from nbmicro.cells.route_line import RouteLine


@magic("route", names=True)
def route(session: Session, line: str, cell: str, *, names: Names) -> Any:
    """Make this cell the handler of a rule.

    %%route [METHODS] RULE [--name ENDPOINT] [--try [METHOD] [URL] [ITEM…]]

    METHODS   GET unless said otherwise; several as GET,POST. HEAD and OPTIONS come by themselves.
    RULE      /hello/<name>, /users/<int:id>, /files/<path:name>: the values are names in the cell.
    --name    the endpoint that url_for knows it by
    --try     comes last and sends a request at once, written as for %http

    The cell is a function (one def), or the body of one: its last line is the return value.

        %%route /hello/<name>
        f"Hello, {name}!"

    In plain Python:  @app.route("/hello/<name>")
    """
    from nbmicro.cells.route_cell import build_handler, parse_route_cell

    parsed = parse_route_cell(line, cell)
    handler = build_handler(parsed, session.host.namespace)
    attempt = parsed.line.attempt
    if attempt is not None:
        _check_attempt(parsed.line)
    _declare(session.app, parsed.line, parsed.endpoint, handler)
    session.announce(handler)
    if attempt is None:
        return None
    from nbmicro.notebook.magics.http import send_line

    url = None if parsed.line.parameters else parsed.line.rule
    return send_line(session, attempt, names, column=1, method=parsed.line.methods[0], url=url)


def _declare(app: App, line: RouteLine, endpoint: str, handler: Callable[..., Any]) -> None:
    try:
        app.add_url_rule(line.rule, endpoint, handler, methods=list(line.methods))
    except (LookupError, ValueError) as error:
        known = sorted(app.url_map.converters)
        unknown = next((part for part in parameters(line.rule) if part.converter not in known), None)
        near = did_you_mean(unknown.converter, known, 0.5) if unknown is not None else None
        hint = f"The converters are: {' '.join(known)}"
        if unknown is not None and near is not None:
            hint = f"Did you mean  {line.rule.replace(unknown.text, parameter_text(unknown.name, near))}\n{hint}"
        raise CellError(
            f"{line.rule}: {error.args[0] if error.args else error}.",
            hint=hint,
            where=f"%%route {line.label}",
            line=1,
        ) from None


def _check_attempt(line: RouteLine) -> None:
    """CellError, before anything is declared, for a ``--try`` that leaves the values of the rule open."""
    words = (line.attempt or "").split()
    value = words[0] if words and re.fullmatch(r"[\w.]+", words[0]) and words[0].upper() not in METHODS else None
    if value is not None and not line.parameters:
        raise CellError(
            f"`--try {value}`: {line.rule} has no value for it.",
            hint=f"In the query it has a name:  --try name=={value}",
            where=f"%%route {line.label}",
            line=1,
        )
    if line.parameters and (not words or value is not None):
        values = iter([value] if value is not None else [])
        example = replace_parameters(
            line.rule,
            lambda parameter: (
                next(values, None) or ("1" if parameter.converter in ("int", "float") else parameter.name)
            ),
        )
        raise CellError(
            f"--try needs a URL here, since {line.rule} has values to fill in.",
            hint=f"Try:  %%route {line.label.removeprefix('GET ')} --try {example}",
            where=f"%%route {line.label}",
            line=1,
        )
