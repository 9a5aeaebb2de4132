"""Flask, Quart, and apps that keep a map of Werkzeug's as they do."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, ClassVar

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequestKeyError

from nbmicro.foreign.adapter import Adapter, Marks
from nbmicro.web.environ import ERROR, HTTP_ERROR, MISSING_KEY, ROUTE
from nbmicro.web.route_info import RouteInfo, matches_in_map


class _MapOfWerkzeug(Adapter):
    """A framework whose apps keep their rules in a map of Werkzeug's."""

    def routes(self, app: Any) -> Iterable[RouteInfo]:
        folder = getattr(app, "static_folder", None)
        views = getattr(app, "view_functions", {})
        for rule in app.url_map.iter_rules():
            if rule.endpoint == "static" and folder is not None and not os.path.isdir(folder):
                # Flask adds this one by itself.
                continue
            written = f"{rule.host or rule.subdomain or ''}{rule.rule}"
            methods = ("WEBSOCKET",) if rule.websocket else tuple(sorted(rule.methods or ()))
            yield RouteInfo(rule.rule, methods, rule.endpoint, written, views.get(rule.endpoint))

    def matches(self, app: Any, path: str, query: str) -> list[str]:
        server_name = getattr(app, "config", {}).get("SERVER_NAME")
        return matches_in_map(app.url_map.bind(server_name or "localhost"), path, query)


class Flask(_MapOfWerkzeug):
    name = "Flask"
    classes = (("flask", "Flask", False),)
    modules = frozenset({"flask"})
    declaration = '@{name}.route("/x") in a plain cell'
    marks: ClassVar[Marks] = {
        ("flask.ctx", "RequestContext.match_request"): ("match", ""),
        ("flask.ctx", "RequestContext.push"): ("context", "request, session, g, current_app"),
        ("flask.sessions", "SecureCookieSessionInterface.open_session"): ("session", "opened"),
        ("flask.sessions", "SecureCookieSessionInterface.save_session"): ("session", "saved"),
        ("flask.app", "Flask.make_response"): ("return", ""),
    }
    # The text of the debugger that Flask has in front of an app.
    pages = (re.compile(r"<title>[^<]*// Werkzeug Debugger</title>"),)
    # Its own app.run() gives way to whoever says this.
    no_server: ClassVar[Mapping[str, str]] = {"FLASK_RUN_FROM_CLI": "true"}

    def has_shape(self, app: Any) -> bool:
        return callable(getattr(getattr(app, "url_map", None), "iter_rules", None))

    def hooks(self, app: Any) -> Mapping[str, Any]:
        return {name: getattr(app, attribute, None) for name, attribute in _HOOKS.items()}

    def listen(self) -> None:
        signals = sys.modules.get("flask.signals")
        if signals is not None and sys.modules.get("flask") is not sys.modules.get("nbmicro"):
            signals.got_request_exception.connect(_failed)
            signals.request_started.connect(_started)

    def unlisten(self) -> None:
        signals = sys.modules.get("flask.signals")
        if signals is not None:
            signals.got_request_exception.disconnect(_failed)
            signals.request_started.disconnect(_started)

    def look_back(self, environ: MutableMapping[str, Any]) -> None:
        missing = environ.pop(MISSING_KEY, None)
        trace = missing.__traceback__ if missing is not None else None
        # It is the reason of the 400 where it came as far as Flask's own dispatch.
        if trace is not None and trace.tb_frame.f_globals.get("__name__") == "flask.app":
            environ[HTTP_ERROR] = missing


class Quart(_MapOfWerkzeug):
    name = "Quart"
    classes = (("quart", "Quart", True),)
    modules = frozenset({"quart"})


#: What Flask keeps an app's hooks in.
_HOOKS = {
    "url_value_preprocessor": "url_value_preprocessors",
    "before_request": "before_request_funcs",
    "after_request": "after_request_funcs",
    "teardown_request": "teardown_request_funcs",
    "teardown_appcontext": "teardown_appcontext_funcs",
    "context_processor": "template_context_processors",
    "error_handler": "error_handler_spec",
}


def _request() -> Any:
    return getattr(sys.modules.get("flask"), "request", None)


def _started(sender: Any, **more: Any) -> None:
    request = _request()
    if not request:
        return
    if request.url_rule is not None:
        # Flask takes the request out of the environ when it is over.
        request.environ[ROUTE] = request.url_rule.rule, request.url_rule.endpoint
    if request.parameter_storage_class is ImmutableMultiDict:
        # Flask sends no signal for a 400. This request's forms and query note the key that they do not have.
        request.parameter_storage_class = _NOTING


def _failed(sender: Any, exception: BaseException | None = None, **more: Any) -> None:
    request = _request()
    if request and isinstance(exception, BaseException):
        request.environ[ERROR] = exception


def _get_noting(self: Any, key: Any) -> Any:
    try:
        return ImmutableMultiDict.__getitem__(self, key)
    except BadRequestKeyError as error:
        request = _request()
        if request:
            request.environ[MISSING_KEY] = error
        raise


# Werkzeug's class of forms and queries, which notes what it raises for a missing key. A repr of it is as it was.
_NOTING = type("ImmutableMultiDict", (ImmutableMultiDict,), {"__getitem__": _get_noting})
