"""``%http`` and ``%%http``: requests to the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import needs_local_scope, no_var_expand

from nbmicro.notebook.kernel.namespace import Names
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.help import asks_for_help


def make(session: Session) -> Callable[..., Any]:
    """The magic of a session."""

    @needs_local_scope
    @no_var_expand
    def http(line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Any:
        """Send a request to the app and show what comes back.

        %http [METHOD] URL [ITEM…] [-f] [-a USER:PASS] [-F] [-q] [--expect STATUS] [--show PARTS] [--timeout S]
              [--reset]
        %http --file API.http
        %http --curl curl 'http://localhost:5000/users' -d name=Ada

        ITEM      name=Ada    text in a JSON body       age:=36          any JSON value
                  page==2     a value of the query      X-Token:abc      a header
                  photo@a.png a file                    bio=@bio.txt     the text of a file
        METHOD    GET; POST where there is data
        -f        send the data as a form
        -a        basic authentication
        -F        follow redirects
        -q        do not show it (a final ; does the same)
        --expect  fail the cell on another status
        --show    request curl headers body checks trace time all none
        --timeout seconds until it is given up; 30 without it
        --reset   forget the cookies first
        --file    send the requests of an .http file
        --curl    read the rest of the line as a curl command

        With %% the cell is a request as in .http files (or a curl command), and what to expect of the answer:

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
        from nbmicro.notebook.kernel import requests

        names = Names(session.host.namespace, local_ns)
        if asks_for_help(line, http):
            return None
        if cell is None:
            answered = requests.send_line(session, line, names)
        else:
            answered = requests.send_script(session, line, cell, names)
        return None if answered is requests.HELP and asks_for_help("--help", http) else answered

    return http
