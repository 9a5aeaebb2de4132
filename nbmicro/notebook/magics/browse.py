"""``%browse``: a browser in the cell."""

from __future__ import annotations

from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic


@magic("browse", options={}, words=1)
def browse(session: Session, path: str = "/") -> None:
    """Look at the app in a browser in this cell, which needs no port.

    %browse [PATH]

    PATH      where it begins; / unless said otherwise

    Links, forms, uploads, cookies, pictures and fetch() go to the app in the kernel, and nowhere else. Every
    browser has cookies of its own, and stays with its app when %app speaks to another. It reloads when a cell
    changes what its page used.

    In plain Python:  nbmicro.browse("/")
    """
    from nbmicro.notebook.browse.browsers import browse

    browse(session, path)
