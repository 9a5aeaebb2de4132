"""``%trace``: one request, and its life as a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import needs_local_scope, no_var_expand

from nbmicro.notebook.kernel.namespace import Names
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.help import asks_for_help

_SHOWN = ("trace", "body", "checks")


def make(session: Session) -> Callable[..., Any]:
    """The magic of a session."""

    @needs_local_scope
    @no_var_expand
    def trace(line: str, local_ns: dict[str, Any] | None = None) -> Any:
        """Send a request and show what happened to it, step by step.

        %trace [METHOD] URL [ITEM…]

        It takes what %http takes, and returns the exchange. The picture has a bar for each step on the line of time:
        the match (with the rules that were looked at, and why they do not answer), hooks, the handler with its lines
        (how often each ran, and how long), session, template, reply, hooks behind it. An error stands where it
        happened. Watching slows the request down, so the times are larger than %bench's; nothing is watched otherwise.

            %trace /hello/Ada
            %trace POST /users name=Ada

        In plain Python:  client.get("/hello/Ada", trace=True).trace
        """
        from nbmicro.notebook.kernel import requests

        if asks_for_help(line, trace):
            return None
        names = Names(session.host.namespace, local_ns)
        answered = requests.send_line(session, line, names, magic="trace", show=_SHOWN)
        return None if answered is requests.HELP and asks_for_help("--help", trace) else answered

    return trace
