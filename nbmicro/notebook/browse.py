"""``%browse``: a browser in the cell, and below it the first page for readers who run nothing.

What lives here: the browsers of a session, each with its own cookies, and the end of those whose cell runs again. What
must not: the widget, which is loaded with the first of them; requests.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbmicro.errors import RequestError
from nbmicro.exchange.request import clean_target
from nbmicro.exchange.visit import Visitor
from nbmicro.notebook.session import Session
from nbmicro.notebook.showing import bundle_of
from nbmicro.web.owners import current_run

if TYPE_CHECKING:
    from nbmicro.notebook.widgets.browser import BrowserWidget
    from nbmicro.notebook.widgets.visits import Visits

__all__ = ["BROWSERS", "browse"]

#: Browsers that live at once in a notebook; the oldest ends when one more is opened.
BROWSERS = 16

_TEXT = (
    "A browser at {}: run this cell to use it. Where only this line comes: pip install anywidget, then restart Jupyter."
)


class _Browsers:
    """The browsers of one session, by the cell that opened them."""

    def __init__(self) -> None:
        self._open: OrderedDict[Hashable, tuple[Visits, BrowserWidget]] = OrderedDict()

    def add(self, key: Hashable, visits: Visits, widget: BrowserWidget) -> None:
        before = self._open.pop(key, None)
        self._open[key] = (visits, widget)
        if before is not None:
            _end(before)
        while len(self._open) > BROWSERS:
            _end(self._open.popitem(last=False)[1])

    def close(self) -> None:
        while self._open:
            _end(self._open.popitem()[1])


def _end(browser: tuple[Visits, BrowserWidget]) -> None:
    browser[0].close()
    browser[1].close()


def browse(session: Session, path: str = "/") -> None:
    """Show a browser at ``path``, with a cookie jar of its own, and the page that it begins with.

    Raises nbmicro.errors.RequestError where ``path`` is none.
    """
    target = clean_target(path)
    session.target()  # an `app` that is none is told here
    try:
        from nbmicro.notebook.widgets.browser import BrowserWidget
        from nbmicro.notebook.widgets.visits import Visits
    except ImportError as error:
        raise RequestError(
            f"%browse needs anywidget, which cannot be imported here: {error}.",
            hint="Install it where the kernel runs (pip install anywidget); then restart Jupyter itself.",
        ) from None
    client = session.client
    visitor = Visitor(
        session.target,
        session.history,
        frame_labels=session.label_of_file,
        secret_names=client.secret_names,
        default_headers=lambda: client.default_headers() if client.default_headers is not None else (),
    )
    widget: BrowserWidget

    def send(message: dict[str, Any], pieces: list[bytes]) -> None:
        widget.send(message, pieces)

    visits = Visits(visitor, send)
    first = visits.open(target)
    widget = BrowserWidget(target, visits.take)
    run = current_run()
    owner = run.owner.key if run is not None else None
    _browsers_of(session).add((owner, target) if owner is None else owner, visits, widget)
    session.host.display(widget.bundle(_TEXT.format(target)))
    if first is not None:
        still = dict(bundle_of(replace(first, fetch=visitor.fetch)))
        if "text/html" in still:
            still["text/html"] = f'<div class="nbmicro-browse-still">{still["text/html"]}</div>'
        session.host.display(still)


def _browsers_of(session: Session) -> _Browsers:
    found: _Browsers | None = session.__dict__.get("browsers")
    if found is None:
        found = session.__dict__["browsers"] = _Browsers()
        session.at_end.append(found.close)
    return found
