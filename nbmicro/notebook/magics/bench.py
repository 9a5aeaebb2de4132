"""``%bench``: one request sent many times."""

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
    def bench(line: str, local_ns: dict[str, Any] | None = None) -> Any:
        """Send a request many times and show how long the app takes.

        %bench [METHOD] URL [ITEM…] [-n N]

        -n N      how many times; 1000 without it

        It takes what %http takes, and returns the latencies (seconds, sorted): result.percentile(99). They are the
        app's own, without a network and without the client; the first few requests are not counted. A second run of the
        same request is shown beside the first. Interrupt it, and what was measured until then is shown. The history
        and the cookies stay as they are.

            %bench /hello/Ada
            %bench POST /users name=Ada -n 200

        In plain Python:  from nbmicro import measure
        """
        from nbmicro.notebook import measuring

        if asks_for_help(line, bench):
            return None
        return measuring.bench(session, line, Names(session.host.namespace, local_ns))

    return bench
