"""``%browse``: a browser in the cell."""

from __future__ import annotations

from nbmicro.errors import RequestError
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic

_TEXT = (
    "A browser at {}: run this cell to use it. Where only this line comes: pip install anywidget, then restart Jupyter."
)


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
    from dataclasses import replace

    from nbmicro.exchange.secrets import redacted_request
    from nbmicro.http.build import clean_target
    from nbmicro.http.messages import RequestRecord

    target = clean_target(path)
    session.target.app()  # an `app` that is none is an error here
    try:
        from nbmicro.notebook.browse.browser import Browser
    except ImportError as error:
        raise RequestError(
            f"%browse needs anywidget, which cannot be imported here: {error}.",
            hint="Install it where the kernel runs (pip install anywidget); then restart Jupyter itself.",
        ) from None
    browser = Browser(session, target)
    first = browser.first
    still = replace(first, fetch=browser.browser_session.fetch).mime_bundle() if first is not None else None
    shown = redacted_request(RequestRecord("GET", target), session.client.secret_names).target
    session.widgets.show("browse", browser, _TEXT.format(shown), still, without_cell=target)
