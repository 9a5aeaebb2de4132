"""``%serve``: the background server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import no_var_expand

from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.help import asks_for_help
from nbmicro.notebook.magics.options import read_options


def make(session: Session) -> Callable[..., Any]:
    """The magic of a session."""

    @no_var_expand
    def serve(line: str) -> None:
        """Serve the app in the background, so that a browser can open it; run it again to start it anew.

        %serve [--port N] [--host H] [--allow-host NAME] [--stop]

        --port        5000, or the next free one, unless asked for
        --host        127.0.0.1: only this machine
        --allow-host  also answer to this host name
        --stop        end it; its port is free at once

            %serve
            %serve --port 8080
            %serve --stop

        In plain Python:  app.run()
        """
        if asks_for_help(line, serve):
            return
        from nbmicro.notebook.kernel import background

        options = read_options("%serve", line, {"--port": int, "--host": str, "--allow-host": str, "--stop": None})
        if options.pop("stop", False):
            background.stop(session)
        else:
            background.serve(session, **options)

    return serve
