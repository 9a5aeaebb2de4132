"""The app's context: what ``current_app`` and ``g`` stand for at this moment."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any

from nbmicro.web.hosting import hosting
from nbmicro.web.signals import appcontext_popped, appcontext_pushed

if TYPE_CHECKING:
    from werkzeug.routing import MapAdapter

    from nbmicro.web.app import App
    from nbmicro.web.request import Request
    from nbmicro.web.table import Table

__all__ = [
    "NO_REQUEST",
    "AppContext",
    "current_context",
    "enter_context",
    "has_app_context",
    "need_app_context",
    "table_here",
]

NO_APP = """Working outside of application context.

An app is needed here: current_app, g, url_for and templates belong to one. Inside a handler there is always one;
elsewhere enter it with app.app_context()."""

NO_REQUEST = """Working outside of request context.

A request is needed here: request and session belong to one. Inside a handler there is always one;
elsewhere enter it with app.test_request_context()."""

_context: ContextVar[AppContext | None] = ContextVar("nbmicro.context", default=None)
_MISSING: Any = object()


class AppContext:
    """The app at work outside a request: ``current_app`` and ``g``.

    Parameters
    ----------
    app:
        The app.
    standing:
        True for the context a notebook keeps while cells run. No request ever shares it.
    """

    standing = False
    # Defaults on the class: a request sets only what it needs.
    _own_part: AppContext | None = None
    _adapter: Any = _MISSING
    _g: Any = None

    def __init__(self, app: App, *, standing: bool = False) -> None:
        self.app: App = app.newest()
        self._before: list[AppContext | None] = []
        if standing:
            self.standing = True

    @property
    def g(self) -> Any:
        """The namespace of this context, made when it is first used."""
        if self._g is None:
            self._g = self.app.app_ctx_globals_class()
        return self._g

    @property
    def app_part(self) -> AppContext:
        """The app context that is in effect here: this one, or the outer one that a request shares."""
        return self._own_part or self

    @property
    def url_adapter(self) -> MapAdapter | None:
        """What builds and matches URLs here; None outside a request without SERVER_NAME."""
        if self._adapter is _MISSING:
            self._adapter = self.app.create_url_adapter(None)
        adapter: MapAdapter | None = self._adapter
        return adapter

    @property
    def table(self) -> Table:
        """The table of declarations in effect here."""
        return self.app.tables.current()

    @property
    def request(self) -> Request:
        raise RuntimeError(NO_REQUEST)

    @property
    def session(self) -> Any:
        raise RuntimeError(NO_REQUEST)

    def push(self) -> None:
        """Make this the current context."""
        self._before.append(_context.get())
        _context.set(self)
        if hosting.context_pushed is not None:
            hosting.context_pushed(self)
        if appcontext_pushed.receivers:
            appcontext_pushed.send(self.app, _async_wrapper=self.app.ensure_sync)

    def pop(self, exc: BaseException | None = _MISSING) -> None:
        """Leave this context; the last pop runs the teardown functions with ``exc`` (default: the one being
        handled)."""
        if self._pop_from_outside(exc):
            return
        try:
            if len(self._before) == 1:
                self.app.do_teardown_appcontext(sys.exc_info()[1] if exc is _MISSING else exc)
        finally:
            self._leave()
        if appcontext_popped.receivers:
            appcontext_popped.send(self.app, _async_wrapper=self.app.ensure_sync)

    def _pop_from_outside(self, exc: BaseException | None) -> bool:
        """Pop where another context is the current one, which stays so: a cell may pop what an earlier one pushed."""
        if not self._before:
            raise RuntimeError("This context is not pushed, so it cannot be popped.")
        current = _context.get()
        if current is self:
            return False
        _context.set(self)
        try:
            self.pop(exc)
        finally:
            _context.set(current)
        return True

    def _leave(self) -> None:
        # No token: a context that was pushed in a cell with `await` is popped in another contextvars context.
        before = self._before.pop()
        if _context.get() is self:
            _context.set(before)
        if hosting.context_popped is not None:
            hosting.context_popped(self)

    def __enter__(self) -> AppContext:
        self.push()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pop(value)


def current_context() -> AppContext | None:
    """The context in effect here, or None."""
    return _context.get()


def enter_context(context: AppContext | None) -> None:
    """Make ``context`` the current one without counting a push: for a host's standing contexts."""
    _context.set(context)


def table_here(app: App) -> Table:
    """The table that counts here: of the request at work if it is this app's, else the one in effect."""
    context = _context.get()
    if context is not None and (context.app is app or context.app == app):
        return context.table
    return app.tables.current()


def need_app_context() -> AppContext:
    """The context in effect here; RuntimeError where there is none."""
    context = _context.get()
    if context is None:
        raise RuntimeError(NO_APP)
    return context


def has_app_context() -> bool:
    """Whether ``current_app`` and ``g`` stand for something here."""
    return _context.get() is not None
