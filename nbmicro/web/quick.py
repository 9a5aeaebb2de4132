"""The short way through the core, for a request that needs nothing out of the ordinary."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import NotFound

from nbmicro.http.media_types import JSON
from nbmicro.web.contexts import RequestContext, _context
from nbmicro.web.environ import PRESERVE_CONTEXT, RECORDED, REQUEST, ROUTE
from nbmicro.web.json.provider import DefaultJSONProvider
from nbmicro.web.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface
from nbmicro.web.signals import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    request_finished,
    request_started,
    request_tearing_down,
)
from nbmicro.web.wrappers import Request, Response

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.table import Table


#: Methods of the app that the short way does not call; a class that overrides one goes the long way.
OVERRIDES = (
    "handle_http_exception",
    "handle_user_exception",
    "raise_routing_exception",
    "trap_http_exception",
    "create_url_adapter",
    "dispatch_request",
    "ensure_sync",
    "finalize_request",
    "full_dispatch_request",
    "make_response",
    "preprocess_request",
    "process_response",
    "request_context",
    "do_teardown_request",
    "do_teardown_appcontext",
    "should_ignore_error",
)

# The dictionaries themselves: a signal keeps its own for good, and each request asks whether all are empty.
_STARTED, _FINISHED = request_started.receivers, request_finished.receivers
_TEARING_DOWN, _APP_TEARING_DOWN = request_tearing_down.receivers, appcontext_tearing_down.receivers
_PUSHED, _POPPED = appcontext_pushed.receivers, appcontext_popped.receivers

_HTML = ("Content-Type", "text/html; charset=utf-8")
_JSON = ("Content-Type", JSON)
_NOT_FOUND = NotFound().get_body().encode()


#: A context without its __init__, which would ask again what is known here.
_new = object.__new__


def takes_the_short_way(app_class: type[App], base: type[App]) -> bool:
    """Whether a class of apps overrides nothing that the short way leaves out."""
    return all(getattr(app_class, name) is getattr(base, name) for name in OVERRIDES)


def answer(app: App, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes] | None:
    """Answer a plain request; None where it must go the long way, before anything has happened."""
    outer = _context.get()
    if (
        (outer is not None and not outer.is_default and outer.app is app)
        or _STARTED
        or _FINISHED
        or _TEARING_DOWN
        or _PUSHED
        or _POPPED
        or _APP_TEARING_DOWN
        or "HTTP_UPGRADE" in environ
        or PRESERVE_CONTEXT in environ
    ):
        return None
    method = environ["REQUEST_METHOD"]
    table = app.tables.current()
    matcher = table.matcher
    if matcher is None or method == "OPTIONS" or app.subdomain_matching or app.config["TRUSTED_HOSTS"] is not None:
        return None
    path: str = environ.get("PATH_INFO", "")
    if not path.isascii():
        path = path.encode("latin-1").decode("utf-8", "replace")
    match = matcher.find(method, path)
    if match is None:
        return None
    target, values = match
    if target is None:
        return _not_found(app, table, method, environ, start_response) if outer is None or outer.is_default else None
    plan = target.plan
    if plan is None:
        plan = target.plan = app.plan(table, target.route)
        if plan is None:
            return None
    if RECORDED in environ:
        environ[ROUTE] = (target.route.rule, target.route.endpoint)
    context = _new(RequestContext)
    context.app = app
    context.environ = environ
    context._before = [outer]
    context._table = table
    context._target = target
    context.view_args = values
    _context.set(context)
    error: BaseException | None = None
    app._got_first_request = True
    try:
        try:
            if type(app.session_interface) is not SecureCookieSessionInterface:
                _ = context.session
            value = None
            if plan.guarded:
                value = app.preprocess_request()
            if value is None:
                value = plan.call(**values)
            if not plan.after and not context._after:
                body = _plain_body(app, value)
                if body is not None:
                    kind = _JSON if type(value) is dict or type(value) is list else _HTML
                    headers = [kind, ("Content-Length", str(len(body)))]
                    if context._session is not None or "HTTP_COOKIE" in environ:
                        added = _session_headers(app, context, environ)
                        if added is None:
                            body = None
                        else:
                            headers += added
                    if body is not None:
                        start_response("200 OK", headers)
                        return [] if method == "HEAD" else [body]
            response = app.finalize_request(value)
        except Exception as failure:
            error, response = _failed(app, failure)
        result: Iterable[bytes] = response(environ, start_response)
        return result
    except BaseException as failure:
        error = failure
        raise
    finally:
        if plan.teardown or table.teardown_appcontext or error is not None:
            context.pop(error)
        else:
            request = context._request
            if request is not None:
                if "files" in request.__dict__ or type(request).close is not Request.close:
                    request.close()
                if RECORDED not in environ:
                    environ.pop(REQUEST, None)
            context._before.pop()
            if _context.get() is context:
                _context.set(outer)


def _not_found(
    app: App, table: Table, method: str, environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes] | None:
    """Werkzeug's 404, where no hook, handler or session has a say in it; else None."""
    plan = table.plans.get(None) or app.plan_of_misses(table)
    if (
        plan.guarded
        or plan.after
        or plan.teardown
        or table.teardown_appcontext
        or table.error_handlers
        or app.opens_sessions_early
        or RECORDED in environ
        or "HTTP_COOKIE" in environ
        or app.config["TRAP_HTTP_EXCEPTIONS"]
        or app.response_class is not Response
    ):
        return None
    app._got_first_request = True
    start_response("404 NOT FOUND", [_HTML, ("Content-Length", str(len(_NOT_FOUND)))])
    return [] if method == "HEAD" else [_NOT_FOUND]


def _failed(app: App, failure: Exception) -> tuple[BaseException | None, Any]:
    """What the long way makes of an exception: the error to tell teardown functions of, and the response."""
    try:
        return None, app.finalize_request(app.handle_user_exception(failure))
    except Exception as unhandled:
        return unhandled, app.handle_exception(unhandled)


def _plain_body(app: App, value: Any) -> bytes | None:
    """The bytes of a return value whose response is nothing but them; None for any other."""
    if app.response_class is not Response:
        return None
    kind = type(value)
    if kind is str:
        encoded: bytes = value.encode()
        return encoded
    if kind is bytes:
        body: bytes = value
        return body
    if (kind is dict or kind is list) and type(app.json) is DefaultJSONProvider:
        return app.json.text(value).encode() if app.json.mimetype == JSON else None
    return None


def _session_headers(app: App, context: RequestContext, environ: dict[str, Any]) -> list[tuple[str, str]] | None:
    """What the session adds to a plain response; None where it takes a response to say."""
    interface = app.session_interface
    if type(interface) is not SecureCookieSessionInterface:
        return None
    if context._session is None and interface.get_cookie_name(app) not in environ["HTTP_COOKIE"]:
        return []  # nobody asked for the session, and there is none to refresh
    session = context.session
    if type(session) is NullSession:
        return []
    return interface.plain_headers(app, session) if type(session) is SecureCookieSession else None
