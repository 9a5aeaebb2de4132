"""``%browse``: a browser in the cell."""

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
    def browse(line: str) -> None:
        """Look at the app in a browser in this cell, which needs no port.

        %browse [PATH]

        PATH      where it begins; / unless said otherwise

        Links, forms, uploads, cookies, pictures and fetch() go to the app in the kernel, and nowhere else. Every
        browser has cookies of its own, and stays with its app when %app speaks to another. It reloads when a cell
        changes what its page used.

        In plain Python:  nbmicro.notebook.browse.browsers.browse(session, "/")
        """
        if asks_for_help(line, browse):
            return
        from nbmicro.notebook.browse import browsers as browsing

        words = read_options("%browse", line, {}, words=1)["words"]
        browsing.browse(session, *words)

    return browse
