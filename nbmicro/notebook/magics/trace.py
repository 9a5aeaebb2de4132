"""``%trace``: one request, and its life as a picture."""

from __future__ import annotations

from typing import Any

from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.http import send_line
from nbmicro.notebook.magics.magic import Names, magic

_SHOWN = ("trace", "body", "checks")


@magic("trace", names=True)
def trace(session: Session, line: str, *, names: Names) -> Any:
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
    return send_line(session, line, names, magic="trace", show=_SHOWN)
