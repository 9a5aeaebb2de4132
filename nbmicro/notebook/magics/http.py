"""``%http`` and ``%%http``: requests to the app.

What lives here: the magic. What must not: the request language (``nbmicro.exchange``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import needs_local_scope, no_var_expand

from nbmicro.notebook.magics.help import asks_for_help
from nbmicro.notebook.namespace import Names
from nbmicro.notebook.session import Session

__all__ = ["make"]


def make(session: Session) -> Callable[..., Any]:
    """The magic of a session."""

    @needs_local_scope
    @no_var_expand
    def http(line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Any:
        """Send a request to the app and show what comes back.

        %http [METHOD] URL [ITEM…] [-f] [-a USER:PASS] [-F] [-q] [--expect STATUS] [--show PARTS] [--timeout S]
        [--reset]

        ITEM      name=Ada    text in a JSON body       age:=36          any JSON value
                  page==2     a value of the query      X-Token:abc      a header
                  photo@a.png a file
        METHOD    GET; POST where there is data
        -f        send the data as a form
        -a        basic authentication
        -F        follow redirects
        -q        do not show it (a final ; does the same)
        --expect  fail the cell on another status
        --show    request curl headers body checks trace time all none
        --reset   forget the cookies first

        With %% the cell is a request as in .http files, and what to expect of the answer:

            %%http POST /users
            Content-Type: application/json

            {"name": {{ name }}}

            HTTP 201
            [Captures]
            uid: json["id"]
            [Asserts]
            json["name"] == name

        In plain Python:  client.post("/users", json={"name": "Ada"})
        """
        if asks_for_help(line, http):
            return None
        from nbmicro.notebook import requests

        names = Names(session.host.namespace, local_ns)
        if cell is None:
            return requests.send_line(session, line, names)
        return requests.send_script(session, line, cell, names)

    return http
