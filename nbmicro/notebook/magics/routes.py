"""``%routes``: the table of routes, and why a path does or does not match."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import no_var_expand

from nbmicro.errors import OptionError
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.help import asks_for_help
from nbmicro.notebook.magics.options import read_options
from nbmicro.web.declarations import Declaration
from nbmicro.web.owners import Owner


def make(session: Session) -> Callable[..., Any]:
    """The magic of a session."""

    @no_var_expand
    def routes(line: str) -> None:
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
        if asks_for_help(line, routes):
            return
        from nbmicro.notebook.route_table import explain_path, handler_place, table_bundle

        options = read_options("%routes", line, {"--drop": str}, words=1)
        if "drop" in options:
            _drop(session, options["drop"])
        elif options["words"]:
            print(explain_path(session.target(), options["words"][0]))
        elif session.spoken.peek() is not None:
            session.host.display(table_bundle(session.app))
        else:
            session.host.display(
                table_bundle(session.target(), lambda route: handler_place(route, session.label_of_file))
            )

    return routes


def _drop(session: Session, rule: str) -> None:
    def wanted(declaration: Declaration, owner: Owner) -> bool:
        return declaration.kind == "route" and declaration.value.rule == rule

    gone = session.app.ledger.withdraw(wanted)
    if not gone:
        known = ", ".join(dict.fromkeys(route.rule for route in session.app.routes()))
        raise OptionError(f"There is no route {rule}.", hint=f"There are: {known}")
    for one in gone:
        print(f"dropped {one.value.label}")
