"""Which declarations a page used, and the word that one of them has changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from nbmicro.web.app import App
from nbmicro.web.declarations import Declaration

#: Pages that are watched for one browser: what is shown in its views, and some that were just left.
PAGES = 8


class Uses:
    """What the pages of one browser used of an nbmicro app; nothing of an app that is another framework's.

    Parameters
    ----------
    app:
        Gives the app.
    tell:
        Called with the name of a page that would look different now, once until the page is begun again. It is called
        in the thread of the cell that made the change.
    """

    def __init__(self, app: Callable[[], Any], tell: Callable[[str], None]) -> None:
        self._app = app
        self._tell = tell
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, _Page] = OrderedDict()
        self._ledger: Any = None
        self._known: frozenset[Declaration] = frozenset()

    def forget(self, run: object) -> None:
        """A run has ended: nothing of it is kept here."""

    def begin(self, page: str) -> None:
        """A page is asked for: from now on, what it uses counts."""
        self._listen()
        with self._lock:
            self._pages[page] = _Page()
            self._pages.move_to_end(page)
            while len(self._pages) > PAGES:
                self._pages.popitem(last=False)

    def note(self, page: str, rule: str | None, target: str, status: int) -> None:
        """The page used what answered ``target``: the route of ``rule``, or what is not there yet (``status``)."""
        with self._lock:
            known = self._pages.get(page)
            if known is None:
                return
            known.paths.add(target.partition("?")[0])
            if rule is None or status in {404, 405}:
                known.lacks = True
            if rule is not None:
                known.rules.add(rule)

    def close(self) -> None:
        """Watch no more."""
        with self._lock:
            self._pages.clear()
            self._ledger = None

    def changed(self) -> None:
        """Something was committed (a ledger says so)."""
        ledger = self._ledger
        if ledger is None:
            return
        now = _declarations(ledger)
        with self._lock:
            # A blueprint's ledger says that it changed, and not what: then every page may have.
            changed = now ^ self._known
            self._known = now
            stale = [name for name, page in self._pages.items() if not page.told and page.concerns(changed)]
            for name in stale:
                self._pages[name].told = True
        for name in stale:
            self._tell(name)

    def _listen(self) -> None:
        app = self._app()
        ledger = app.newest().ledger if isinstance(app, App) else None
        if ledger is not self._ledger:
            self._ledger = ledger
            if ledger is not None:
                ledger.listen(self)
                self._known = _declarations(ledger)


class _Page:
    def __init__(self) -> None:
        self.rules: set[str] = set()
        self.paths: set[str] = set()
        self.lacks = False
        self.told = False

    def concerns(self, changed: Iterable[Declaration]) -> bool:
        return any(map(self._uses, changed)) if changed else True

    def _uses(self, one: Declaration) -> bool:
        if one.kind == "route":
            return self.lacks or one.value.rule in self.rules
        if one.kind == "static":
            return any(path.endswith(f"/{one.key}") for path in self.paths)
        # A template may be part of any other; a hook, a filter or an error handler works everywhere.
        return True


def _declarations(ledger: Any) -> frozenset[Declaration]:
    return frozenset(entry.declaration for entry in ledger.entries())
