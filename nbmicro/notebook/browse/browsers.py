"""``%browse``: a browser in the cell, and below it the first page for readers who run nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from nbmicro.client.visitor import Visitor
from nbmicro.errors import RequestError
from nbmicro.http.build import clean_target
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.kernel.showing import bundle_of
from nbmicro.notebook.kernel.target import Target
from nbmicro.web.owners import current_run

if TYPE_CHECKING:
    from nbmicro.notebook.browse.transport import Visits
    from nbmicro.notebook.browse.widget import BrowserWidget


#: Browsers that live at once in a notebook; the oldest ends when one more is opened.
BROWSERS = 16

_TEXT = (
    "A browser at {}: run this cell to use it. Where only this line comes: pip install anywidget, then restart Jupyter."
)


class _OpenedOn:
    """The app that a browser was opened on: the browser stays with it while ``%app`` lets the magics speak to another.

    Parameters
    ----------
    session:
        The session, as it is when the browser is opened.
    left:
        Told the target that it was at, when ``%app`` has come back to the app with another one.
    """

    def __init__(self, session: Session, left: Callable[[Target], None]) -> None:
        self._session = session
        self._left = left
        self._lock = threading.Lock()
        self._headers = session.client.default_headers
        self.target = session.spoken

    def app(self) -> Any:
        """The app as it is now. Threads may call it, also at once."""
        with self._lock:
            spoken = self._session.spoken
            if spoken is not self.target and spoken.name == self.target.name:
                # `%app` has come back to it, perhaps with other options.
                before, self.target = self.target, spoken
                self._left(before)
            return self.target.app()

    def headers(self) -> Iterable[tuple[str, str]]:
        """Those of ``%app -H``, when the magics spoke to it last."""
        if self._session.spoken is self.target:
            self._headers = self._session.client.default_headers
        return self._headers() if self._headers is not None else ()


class _Browser(NamedTuple):
    opened: _OpenedOn
    visits: Visits
    widget: BrowserWidget


class _Browsers:
    """The browsers of one session, by the cell that opened them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._open: OrderedDict[Hashable, _Browser] = OrderedDict()
        self._left: list[Target] = []

    def add(self, key: Hashable, browser: _Browser) -> None:
        before = self._open.pop(key, None)
        self._open[key] = browser
        if before is not None:
            self._end(before)
        while len(self._open) > BROWSERS:
            self._end(self._open.popitem(last=False)[1])

    def left(self, target: Target) -> None:
        """Close what a request has just left, or later, at the next time: another request may still be at it."""
        self._left.append(target)
        if sum(one.visits.running for one in list(self._open.values())) <= 1:
            self._close_left()

    def close(self) -> None:
        while self._open:
            self._end(self._open.popitem()[1])
        self._close_left()

    def _end(self, browser: _Browser) -> None:
        browser.visits.close()
        browser.widget.close()
        if not self._is_held(browser.opened.target):
            # Nobody speaks to this app any more; its threads end.
            browser.opened.target.close()
        self._session.let_go(browser.opened.target)

    def _is_held(self, target: Target) -> bool:
        return any(one is target for one in (self._session.spoken, *self.targets()))

    def targets(self) -> list[Target]:
        """What the browsers ask."""
        return [one.opened.target for one in list(self._open.values())]

    def _close_left(self) -> None:
        before, self._left = self._left, []
        for target in before:
            # The last of its browsers to come away leaves it once more.
            if not self._is_held(target):
                target.close()


def browse(session: Session, path: str = "/") -> None:
    """Show a browser at ``path``, with a cookie jar of its own, and the page that it begins with.

    It stays with the app that the magics speak to now.

    Raises nbmicro.errors.RequestError where ``path`` is none.
    """
    target = clean_target(path)
    session.target()  # an `app` that is none is told here
    try:
        from nbmicro.notebook.browse.transport import Visits
        from nbmicro.notebook.browse.widget import BrowserWidget
    except ImportError as error:
        raise RequestError(
            f"%browse needs anywidget, which cannot be imported here: {error}.",
            hint="Install it where the kernel runs (pip install anywidget); then restart Jupyter itself.",
        ) from None
    browsers = _browsers_of(session)
    opened = _OpenedOn(session, browsers.left)
    visitor = Visitor(
        opened.app,
        session.history,
        frame_labels=session.label_of_file,
        secret_names=session.client.secret_names,
        default_headers=opened.headers,
    )
    widget: BrowserWidget

    def send(message: dict[str, Any], pieces: list[bytes]) -> None:
        widget.send(message, pieces)

    visits = Visits(visitor, send)
    first = visits.open(target)
    widget = BrowserWidget(target, visits.take)
    run = current_run()
    owner = run.owner.key if run is not None else None
    browsers.add((owner, target) if owner is None else owner, _Browser(opened, visits, widget))
    session.host.display(widget.bundle(_TEXT.format(target)))
    if first is not None:
        still = dict(bundle_of(replace(first, fetch=visitor.fetch)))
        if "text/html" in still:
            still["text/html"] = f'<div class="nbmicro-browse-still">{still["text/html"]}</div>'
        session.host.display(still)


def _browsers_of(session: Session) -> _Browsers:
    found: _Browsers | None = session.__dict__.get("browsers")
    if found is None:
        found = session.__dict__["browsers"] = _Browsers(session)
        session.at_end.append(found.close)
        session.also_asked.append(found.targets)
    return found
