"""``%explore``: the routes, a form for each, and what the app answers."""

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
    def explore(line: str) -> None:
        """Choose a route, fill its form, send it and see the answer, in a panel below this cell.

        %explore

        The form comes from the route's rule and from what its handler reads; of a FastAPI app, from its OpenAPI
        document. Enter sends. JSON is checked before. "As cell" writes the %%http cell of a request, "As curl" its
        command. What is sent is in %exchanges, as `widget`, and has the cookies of %http. The panel follows the app:
        run a cell that declares a route, and it is in the list.

        In plain Python:  nbmicro.notebook.explore.explored.explore(session)
        """
        if asks_for_help(line, explore):
            return
        from nbmicro.notebook.explore import explored as exploring

        read_options("%explore", line, {}, words=0)
        exploring.explore(session)

    return explore
