"""The short way through the core, for a request that needs nothing out of the ordinary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import NotFound

from nbmicro.http.media_types import JSON
from nbmicro.web.contexts import RequestContext, _context
from nbmicro.web.environ import PRESERVE_CONTEXT, RECORDED, REQUEST, ROUTE
from nbmicro.web.json.provider import DefaultJSONProvider, JSONProvider, is_plain
from nbmicro.web.overrides import is_replaced, touched
from nbmicro.web.owners import _current as _run
from nbmicro.web.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface, SessionInterface
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


#: Override points of the app that the short way leaves out or calls at another time.
POINTS = """
    app_context async_to_sync create_url_adapter dispatch_request do_teardown_appcontext do_teardown_request ensure_sync
    finalize_request full_dispatch_request handle_http_exception handle_user_exception make_response preprocess_request
    process_response raise_routing_exception request_context should_ignore_error trap_http_exception _find_error_handler
"""

# The dictionaries themselves: a signal keeps its own for good, and each request asks whether all are empty.
_STARTED, _FINISHED = request_started.receivers, request_finished.receivers
_TEARING_DOWN, _APP_TEARING_DOWN = request_tearing_down.receivers, appcontext_tearing_down.receivers
_PUSHED, _POPPED = appcontext_pushed.receivers, appcontext_popped.receivers

_HTML = ("Content-Type", "text/html; charset=utf-8")
_JSON = ("Content-Type", JSON)
_NOT_FOUND = NotFound().get_body().encode()
_NOT_FOUND_LENGTH = ("Content-Length", str(len(_NOT_FOUND)))


#: A context without its __init__, which would ask again what is known here.
_new = object.__new__


# What is set on the public classes themselves, and how much that is as long as nobody does.
_ON_REQUEST, _ON_RESPONSE = vars(Request), vars(Response)
_ON_SESSIONS, _ON_COOKIE_SESSIONS = vars(SessionInterface), vars(SecureCookieSessionInterface)
_ON_JSON, _ON_JSON_BASE = vars(DefaultJSONProvider), vars(JSONProvider)
_RESPONSE_UNTOUCHED = len(_ON_RESPONSE)
_App: type[App] | None = None
_ON_APP: Mapping[str, Any] = {}
_UNTOUCHED = 0


def serve(app_class: type[App]) -> None:
    """Let apps of exactly this class go the short way without a look at their class each time."""
    global _App, _ON_APP, _UNTOUCHED
    _App, _ON_APP = app_class, vars(app_class)
    others = (_ON_REQUEST, _ON_SESSIONS, _ON_COOKIE_SESSIONS, _ON_JSON, _ON_JSON_BASE)
    _UNTOUCHED = len(_ON_APP) + sum(map(len, others))


#: Hosts of requests that are names, as far as they were asked for.
_HOSTS = {""}


def _is_host(host: str) -> bool:
    """Whether Werkzeug's map takes it without a look; the long way answers 400 for one that is none (RFC 3490)."""
    if len(host) > 63 or ".." in host or host[:1] == "." or not host.isascii():
        return False
    if len(_HOSTS) > 100:
        _HOSTS.clear()
        _HOSTS.add("")
    _HOSTS.add(host)
    return True


def answer(app: App, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes] | None:
    """Answer a plain request; None where it must go the long way, before anything has happened."""
    has_plain_json = True
    classes = len(_ON_APP) + len(_ON_REQUEST) + len(_ON_SESSIONS) + len(_ON_COOKIE_SESSIONS)
    if touched or type(app) is not _App or classes + len(_ON_JSON) + len(_ON_JSON_BASE) != _UNTOUCHED:
        if is_replaced(app):
            return None
        has_plain_json = is_plain(app.json)
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
        or (environ.get("HTTP_HOST", "") not in _HOSTS and not _is_host(environ.get("HTTP_HOST", "")))
    ):
        return None
    method = environ["REQUEST_METHOD"]
    tables = app.tables
    table = tables._table if _run.get() is None else None
    if table is None:
        table = tables.current()
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
        if not has_plain_json or (outer is not None and not outer.is_default):
            return None
        return _not_found(app, table, method, environ, start_response)
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
    if not app._got_first_request:
        app._got_first_request = True
    try:
        try:
            if not has_plain_json:
                _ = context.session  # which is opened with the provider's help
            value = None
            if plan.guarded:
                value = app.preprocess_request()
            if value is None:
                value = app.dispatch_request() if plan.guarded and _is_rerouted(context) else plan.call(**values)
            if not plan.after and not context._after:
                kind, body = _plain_body(app, value, has_plain_json)
                if body is not None:
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
        if plan.ends or error is not None:
            context.pop(error)
        else:
            request = context._request
            if request is not None:
                own = request.__dict__
                if "files" in own or "close" in own:
                    request.close()
                if RECORDED not in environ:
                    environ.pop(REQUEST, None)
            context._before.pop()
            if _context.get() is context:
                _context.set(outer)


def _is_rerouted(context: RequestContext) -> bool:
    """Whether a hook may have set what the request is dispatched by."""
    request = context._request
    if request is None:
        return False
    own = request.__dict__
    return request.view_args is not context.view_args or "url_rule" in own or "routing_exception" in own


def _not_found(
    app: App, table: Table, method: str, environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes] | None:
    """Werkzeug's 404, where no hook, handler or session has a say in it; else None."""
    plan = table.plans.get(None) or app.plan_of_misses(table)
    if (
        plan.says_more
        or RECORDED in environ
        or "HTTP_COOKIE" in environ
        or app.config["TRAP_HTTP_EXCEPTIONS"]
        or app.response_class is not Response
        or len(_ON_RESPONSE) != _RESPONSE_UNTOUCHED
    ):
        return None
    if not app._got_first_request:
        app._got_first_request = True
    start_response("404 NOT FOUND", [_HTML, _NOT_FOUND_LENGTH])
    return [] if method == "HEAD" else [_NOT_FOUND]


def _failed(app: App, failure: Exception) -> tuple[BaseException | None, Any]:
    """What the long way makes of an exception: the error to tell teardown functions of, and the response."""
    try:
        return None, app.finalize_request(app.handle_user_exception(failure))
    except Exception as unhandled:
        return unhandled, app.handle_exception(unhandled)


def _plain_body(app: App, value: Any, has_plain_json: bool) -> tuple[tuple[str, str], bytes | None]:
    """The Content-Type of a return value and its bytes; None for the bytes of one that takes a response to send."""
    if app.response_class is not Response or len(_ON_RESPONSE) != _RESPONSE_UNTOUCHED:
        return _HTML, None
    kind = type(value)
    if kind is str:
        return _HTML, value.encode()
    if kind is bytes:
        return _HTML, value
    if (kind is dict or kind is list) and has_plain_json:
        provider = app.json
        if type(provider) is DefaultJSONProvider and provider.mimetype == JSON:
            return _JSON, provider.plain_text(value).encode()
    return _HTML, None


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
