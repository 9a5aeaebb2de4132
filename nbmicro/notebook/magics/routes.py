"""``%routes``: the table of routes, and what a path meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbmicro.errors import OptionError
from nbmicro.exchange.secrets import redacted_fields
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic
from nbmicro.web.app import App
from nbmicro.web.declarations import Declaration
from nbmicro.web.owners import Owner

if TYPE_CHECKING:
    from nbmicro.foreign.app import ForeignApp


@magic("routes", options={"--drop": str}, words=1)
def routes(session: Session, path: str | None = None, *, drop: str | None = None) -> None:
    """Show the routes of the app, or what answers a path.

    %routes [PATH] [--drop RULE]

    PATH      what would answer it, and why the others do not
    --drop    take away the routes of this rule

        %routes
        %routes /users/7
        %routes --drop /old

    Of an app that %app named, the routes are read where its framework lets them be read: Flask, Django, FastAPI,
    Starlette, Bottle.

    In plain Python:  app.routes()
    """
    if drop is not None:
        _drop(session.app, drop)
    elif path is not None:
        print(redacted_fields(_explained(session.target.app(), path), session.client.secret_names))
    else:
        from nbmicro.notebook.route_table import table_bundle

        session.host.display(table_bundle(session.target.app(), session.label_of_file))


def _drop(app: App, rule: str) -> None:
    def wanted(declaration: Declaration, owner: Owner) -> bool:
        return declaration.kind == "route" and declaration.value.rule == rule

    dropped = app.ledger.withdraw(wanted)
    if not dropped:
        known = ", ".join(dict.fromkeys(route.rule for route in app.routes()))
        raise OptionError(f"There is no route {rule}.", hint=f"There are: {known}")
    for declaration in dropped:
        print(f"dropped {declaration.value.label}")


def _explained(app: App | ForeignApp, path: str) -> str:
    """What answers ``path``; where nothing does, which rules come near and what they want."""
    from nbmicro.diagnosis.near_routes import no_match_text
    from nbmicro.web.route_info import matches_in_map, routes_of

    path = path if path.startswith("/") else f"/{path}"
    bare, _, query = path.partition("?")
    if isinstance(app, App):
        lines: list[str] | None = matches_in_map(app.tables.current().map.bind("localhost"), bare, query)
    else:
        lines = app.matches(path)
    if lines is None:
        from nbmicro.notebook.route_table import table_bundle

        return table_bundle(app)["text/plain"]
    return "\n".join(lines) or no_match_text(bare, routes_of(app))
