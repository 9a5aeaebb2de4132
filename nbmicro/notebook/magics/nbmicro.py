"""``%nbmicro``: the card of everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import no_var_expand

from nbmicro.errors import OptionError
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.help import asks_for_help
from nbmicro.notebook.magics.options import read_options

CARD = """\
%%route /hello/<name>       this cell answers GET /hello/…       %%route? for all of it
%%template hello.html       this cell is a template              render_template("hello.html", name=name)
%%static style.css          this cell is a file                  /static/style.css
%http /hello/Ada            ask the app                          %http POST /users name=Ada age:=36
%%http                      a request with headers, a body, and what to expect of the answer
%routes                     all routes                           %routes /hello says what answers
%exchanges                  the last requests and answers, also those of visitors
%trace /hello/Ada           a request with its life: match, hooks, handler, template, reply
%bench /hello/Ada           how long the app takes               %bench /hello/Ada -n 200
%app shop:create_app()      %http and the others ask this app    %app app goes back
%browse /                   a browser in the cell, without a port
%explore                    a form for every route, in the cell
%serve                      a server in the background           %serve --stop
nbmicro run app.ipynb       this notebook as a service           gunicorn 'nbmicro:load("app.ipynb")'
%nbmicro doctor             what the notebook runs on, and what is amiss

Every magic answers %name? and %name --help."""


def make(session: Session) -> Callable[..., Any]:
    """The magic of a session."""

    @no_var_expand
    def nbmicro(line: str) -> None:
        """Show the card of nbmicro: what there is, and what this notebook has of it.

        %nbmicro [doctor]

        doctor    what the notebook runs on: versions, the front end, how a browser reaches %serve, widgets, names
                  and magics that others took, the app; with a cure for each thing that is amiss

            %nbmicro
            %nbmicro doctor

        In plain Python:  help("nbmicro")
        """
        if asks_for_help(line, nbmicro):
            return
        words = read_options("%nbmicro", line, {}, words=1)["words"]
        if words == ["doctor"]:
            from nbmicro.notebook import doctor

            print(doctor.report(doctor.examine(session)))
            return
        if words:
            raise OptionError(f"%nbmicro does not take `{words[0]}`.", hint="Try:  %nbmicro doctor")
        print(CARD)
        print()
        print(_state(session))

    return nbmicro


def _state(session: Session) -> str:
    from nbmicro.notebook.route_table import shown_routes

    count = len(shown_routes(session.target()))
    routes = {0: "no route yet", 1: "1 route"}.get(count, f"{count} routes")
    if session.spoken.peek() is None:
        routes = f"the magics speak to {session.spoken.description()}"
    server = f"serving at {session.server.url}" if session.server is not None else "no server: none is needed"
    return f"This notebook: {routes}; {server}."
