"""The contexts: what ``current_app``, ``g``, ``request`` and ``session`` stand for at this moment."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from werkzeug.exceptions import HTTPException, MethodNotAllowed

from nbmicro.web.declarations import blueprints_of
from nbmicro.web.environ import RECORDED, REQUEST
from nbmicro.web.hosting import hosting
from nbmicro.web.overrides import is_replaced
from nbmicro.web.signals import appcontext_popped, appcontext_pushed

if TYPE_CHECKING:
    from werkzeug.routing import MapAdapter

    from nbmicro.web.app import App
    from nbmicro.web.matcher import Target
    from nbmicro.web.table import Table
    from nbmicro.web.wrappers import Request


NO_APP = """Working outside of application context.

An app is needed here: current_app, g, url_for and templates belong to one. Inside a handler there is always one;
elsewhere enter it with app.app_context()."""

NO_REQUEST = """Working outside of request context.

A request is needed here: request and session belong to one. Inside a handler there is always one;
elsewhere enter it with app.test_request_context()."""

_context: ContextVar[AppContext | None] = ContextVar("nbmicro.context", default=None)
_MISSING: Any = object()
_DELETED: Any = object()


Value = TypeVar("Value")


class _WhenAsked(Generic[Value]):
    """An attribute that is made when it is first asked for, and may be set and deleted as any other."""

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name, self._slot = name, f"_{name}"

    @overload
    def __get__(self, context: None, owner: type) -> _WhenAsked[Value]: ...
    @overload
    def __get__(self, context: AppContext, owner: type) -> Value: ...
    def __get__(self, context: AppContext | None, owner: type) -> _WhenAsked[Value] | Value:
        if context is None:
            return self
        if context._given and context._given.get(self._name) is _DELETED:
            raise AttributeError(f"{type(context).__name__!r} object has no attribute {self._name!r}")
        return self._make(context)

    def __set__(self, context: AppContext, value: Any) -> None:
        context._given = {**context._given, self._name: value}
        setattr(context, self._slot, value)

    def __delete__(self, context: AppContext) -> None:
        self.__get__(context, type(context))
        self.__set__(context, _DELETED)
        delattr(context, self._slot)


class AppContext:
    """The app at work outside a request: ``current_app`` and ``g``. With ``is_default`` it is the one that a notebook
    keeps while cells run; no request ever shares it."""

    is_default = False
    # Defaults on the class: a request sets only what it needs.
    _own_part: AppContext | None = None
    _url_adapter: MapAdapter | None = _MISSING
    _g: Any = None
    #: What was set, or deleted, of what is made when it is asked for.
    _given: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, app: App, *, is_default: bool = False) -> None:
        self.app: App = app.newest()
        self._before: list[AppContext | None] = []
        if is_default:
            self.is_default = True
        elif is_replaced(self.app):
            _ = self.url_adapter

    @_WhenAsked
    def g(self) -> Any:
        """The namespace of this context, made when it is first used."""
        if self._own_part is not None:
            return self._own_part.g
        if self._g is None:
            self._g = self.app.app_ctx_globals_class()
        return self._g

    @property
    def app_part(self) -> AppContext:
        """The app context that is in effect here: this one, that of the request, or the outer one that it shares."""
        return self

    @_WhenAsked
    def url_adapter(self) -> MapAdapter | None:
        """What builds and matches URLs here; None outside a request without SERVER_NAME."""
        if self._url_adapter is _MISSING:
            self._url_adapter = self.app.create_url_adapter(None)
        return self._url_adapter

    @property
    def table(self) -> Table:
        """The table of declarations in effect here."""
        return self.app.tables.current()

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
    """Make ``context`` the current one without counting a push: for a host's default contexts."""
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


class Namespace:
    """The namespace behind ``g``: attributes that live as long as an app context."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def get(self, name: str, default: Any = None) -> Any:
        """The attribute ``name``, or ``default``."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: Any = _MISSING) -> Any:
        """Remove the attribute ``name`` and return it; without a default a missing one raises KeyError."""
        return self.__dict__.pop(name) if default is _MISSING else self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The attribute ``name``, set to ``default`` first if it is missing."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, item: str) -> bool:
        return item in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        context = current_context()
        return f"<nbmicro.g of {context.app.name!r}>" if context is not None else object.__repr__(self)


class RequestContext(AppContext):
    """One request at work: everything of an app context, and ``request`` and ``session``.

    The request object and the session are made when they are first asked for. ``request`` and ``session`` are passed
    where they exist.
    """

    def __init__(self, app: App, environ: dict[str, Any], request: Request | None = None, session: Any = None) -> None:
        self.app = app.newest()
        self.environ = environ
        self._before = []
        if request is not None:
            self._request = request
        if session is not None:
            self._session = session
        if is_replaced(self.app):
            self.as_flask = True
            _ = self.url_adapter

    #: Whether each step is taken when and as often as Flask takes it: an override point is replaced.
    as_flask = False
    #: The app context that was pushed for this request alone.
    _pushed_part: AppContext | None = None
    #: Whether the request runs under an app context that was there before it.
    _shares = False
    #: True for a context that no client's request made: it sees what is declared while it lasts.
    made_up = False
    view_args: dict[str, Any] | None = None
    routing_exception: HTTPException | None = None
    flashes: list[tuple[str, str]] | None = None
    _after: tuple[Callable[[Any], Any], ...] = ()
    #: The kind of function that returned a value instead of the handler, and the function.
    _responder: tuple[str, Callable[..., Any]] | None = None
    _table: Table | None = None
    _request: Request | None = None
    _session: Any = None
    _rule: Any = None
    _target: Target | None = None

    @property
    def app_part(self) -> AppContext:
        if self._own_part is None:
            # Who asks for the app context finds nothing of the request in it (Flask-SocketIO looks for a session).
            part = self._own_part = AppContext(self.app)
            part._g = self._g
        return self._own_part

    @property
    def url_rule(self) -> Any:
        """Werkzeug's rule that matched, or None."""
        if self._rule is None and self._target is not None:
            self._rule = self.table.rule(self._target.route)
        return self._rule

    @url_rule.setter
    def url_rule(self, rule: Any) -> None:
        self._rule = rule

    @property
    def endpoint(self) -> str | None:
        """The endpoint that matched, or None."""
        if self._target is not None:
            return self._target.route.endpoint
        return None if self._rule is None else str(self._rule.endpoint)

    @property
    def blueprints(self) -> list[str]:
        """The names of the blueprints the matched endpoint is in, inner first."""
        return blueprints_of(self.endpoint)

    @property
    def table(self) -> Table:
        if self.made_up:
            return self.app.tables.current()
        if self._table is None:
            self._table = self.app.tables.current()
        return self._table

    @_WhenAsked
    def request(self) -> Request:
        """The request."""
        return self._make_request() if self._request is None else self._request

    def _make_request(self) -> Request:
        request = self._request = self.app.request_class(self.environ)
        request.json_module = self.app.json
        if self._target is not None and self._rule is None:
            request._matched = self.table, self._target.route
        else:
            request.url_rule = self._rule
            request.routing_exception = self.routing_exception
        request.view_args = self.view_args
        return request

    @property
    def session(self) -> Any:
        if self._session is None:
            self._session = self.app.open_session(self)
        return self._session

    @property
    def used_session(self) -> Any:
        """The session, noted as accessed: what the proxy stands for."""
        session = self.session
        if getattr(session, "accessed", True) is False:
            session.accessed = True
        return session

    @property
    def session_opened(self) -> bool:
        """Whether anyone asked for the session yet."""
        return self._session is not None

    @_WhenAsked
    def url_adapter(self) -> MapAdapter | None:
        """What matches and builds URLs for the request; None where its host is not one of the app's."""
        if "url_adapter" in self._given:
            return self._url_adapter
        if self._url_adapter is _MISSING or (
            self.made_up and self._url_adapter and self._url_adapter.map is not self.table.map
        ):
            self._url_adapter = None
            try:
                self._url_adapter = self.app.create_url_adapter(self.request)
            except HTTPException as error:
                self._fail(error)
        return self._url_adapter

    def look_again(self) -> None:
        """See what is in effect now: the request itself has declared something."""
        self._table = None
        if "url_adapter" not in self._given:
            self._url_adapter = _MISSING

    def call_after(self, function: Callable[[Any], Any]) -> None:
        """Call ``function(response)`` after this request, before the hooks that are declared."""
        self._after = (*self._after, function)

    def match_request(self) -> None:
        """Find the rule for the request, or note why there is none."""
        adapter = self.url_adapter
        if adapter is None:
            return
        try:
            self.url_rule, values = adapter.match(return_rule=True)
            self.view_args = dict(values)
        except HTTPException as error:
            self._fail(error)
        if self._request is not None:
            self._request.url_rule, self._request.view_args = self.url_rule, self.view_args

    def _fail(self, error: HTTPException) -> None:
        if isinstance(error, MethodNotAllowed):
            error.valid_methods = sorted(error.valid_methods or ())  # a set until now, in another order each time
        self.routing_exception = error
        if self._request is not None:
            self._request.routing_exception = error

    def copy(self) -> RequestContext:
        """A context of the same request, for another thread or task; the request object and session are shared."""
        copied = type(self)(self.app, self.environ, request=self.request, session=self.session)
        copied.url_rule, copied.view_args = self.url_rule, self.view_args
        copied.routing_exception, copied._table = self.routing_exception, self._table
        return copied

    def push(self) -> None:
        outer = _context.get()
        is_first = not self._before
        shares = is_first and outer is not None and outer.app is self.app and not outer.is_default
        if self.as_flask and is_first and not shares:
            outer = self._pushed_part = self.app.app_context()
            outer.push()
            shares = True
        if shares and outer is not None:
            # As in Flask 3.1: a request under an app context of the same app shares its g and leaves its teardown
            # alone.
            self._own_part = outer.app_part
            self._shares = True
        self._before.append(outer)
        _context.set(self)
        if hosting.context_pushed is not None:
            hosting.context_pushed(self)
        if not is_first:
            return
        if not self._shares and appcontext_pushed.receivers:
            appcontext_pushed.send(self.app, _async_wrapper=self.app.ensure_sync)
        if self.as_flask or self.app.opens_sessions_early:
            _ = self.session
        if self.url_rule is None and self.routing_exception is None:
            self.match_request()

    def pop(self, exc: BaseException | None = _MISSING) -> None:
        if self._pop_from_outside(exc):
            return
        last = len(self._before) == 1
        if exc is _MISSING:
            exc = sys.exc_info()[1]
        try:
            if last:
                self.app.do_teardown_request(exc)
                if self._request is not None:
                    self._request.close()
        finally:
            try:
                if last and not self._shares:
                    self.app.do_teardown_appcontext(exc)
            finally:
                self._leave()
                if last and not self.environ.get(RECORDED):
                    self.environ.pop(REQUEST, None)  # a reference circle, of no more use
                if last and self._pushed_part is not None:
                    self._pushed_part.pop(exc)
        if last and not self._shares and appcontext_popped.receivers:
            appcontext_popped.send(self.app, _async_wrapper=self.app.ensure_sync)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.request.method} {self.request.path} of {self.app.name}>"


def current_request_context() -> RequestContext | None:
    """The request context in effect here, or None. An app context that is entered during a request leaves it there."""
    context = _context.get()
    while context is not None and not isinstance(context, RequestContext):
        context = context._before[-1] if context._before else None
    return context


def need_request_context() -> RequestContext:
    """The request context in effect here; RuntimeError where there is none."""
    context = current_request_context()
    if context is None:
        raise RuntimeError(NO_REQUEST)
    return context


def environ_here() -> dict[str, Any]:
    """The WSGI environ of the request in effect here; an empty one outside of requests."""
    context = current_request_context()
    return {} if context is None else context.environ


def request_here() -> Request:
    """The request in effect here; RuntimeError where there is none. What the proxy asks, at every use of it."""
    context = _context.get()
    if type(context) is RequestContext:
        request = context._request
        if request is not None:
            return request
        return context.request if context._given else context._make_request()
    return need_request_context().request


def has_request_context() -> bool:
    """Whether ``request`` and ``session`` stand for something here."""
    return current_request_context() is not None
