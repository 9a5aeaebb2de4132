"""What happens when a request fails: the lookup of error handlers, the 500 and its log record."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest, BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.routing import RequestRedirect, RoutingException

from nbmicro.http.methods import SAFE_METHODS
from nbmicro.web.contexts import RequestContext, current_context, table_here
from nbmicro.web.environ import ERROR, RECORDED, REFUSAL
from nbmicro.web.handler_errors import explain
from nbmicro.web.scaffold import error_key
from nbmicro.web.signals import got_request_exception

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.wrappers import Request


class UnexpectedUnicodeError(AssertionError, UnicodeError):
    """A text where bytes were wanted, or the other way round."""


class DebugFilesKeyError(KeyError, AssertionError):
    """A file was looked for in a form that was sent without files.

    Parameters
    ----------
    request:
        The request.
    key:
        The name of the file's field.
    """

    def __init__(self, request: Request, key: str) -> None:
        names = ", ".join(repr(name) for name in request.form.getlist(key))
        self.message = (
            f"There is no file {key!r} in request.files: the form was sent as {request.mimetype!r}, "
            "which holds no files. "
            'Write <form method="post" enctype="multipart/form-data">.'
        )
        if names:
            self.message += f" The browser sent the names of files instead: {names}."
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class FormDataRoutingRedirect(AssertionError):
    """A request with a body was sent to a URL that redirects, where the body may be lost.

    Parameters
    ----------
    request:
        The request whose ``routing_exception`` is the redirect.
    """

    def __init__(self, request: Request) -> None:
        redirect = request.routing_exception
        target = redirect.new_url if isinstance(redirect, RequestRedirect) else ""
        self.message = (
            f"The {request.method} request was sent to {request.url!r}, but the route redirects to {target!r}. "
            "A browser may drop the form's data on the way: send it to that URL."
        )
        plain = target.partition("?")[0]
        if plain == f"{request.base_url}/":
            self.message += " (Its rule ends with a slash, and the URL does not.)"
        super().__init__(self.message)


class _ExplainingFiles:
    """The part of a files dict that explains a missing file when the form has a field of that name."""

    _request: Request

    def __getitem__(self, key: str) -> Any:
        try:
            return super().__getitem__(key)  # type: ignore[misc]
        except (KeyError, BadRequest):
            if key not in self._request.form:
                raise
            raise DebugFilesKeyError(self._request, key) from None


def explain_missing_files(request: Request) -> None:
    """Make ``request.files`` say what was forgotten when it lacks a file that the form names."""
    files: Any = request.files
    kind = type(files)
    files.__class__ = type(kind.__name__, (_ExplainingFiles, kind), {"_request": request})


def find_handler(app: App, error: Exception, blueprints: list[str]) -> Any:
    """The handler for ``error``: by code in the blueprints (inner first), then the app; then by class in the same
    order."""
    error_class, code = error_key(type(error))
    handlers = table_here(app).error_handlers
    for wanted in (code, None) if code is not None else (None,):
        for name in (*blueprints, None):
            by_class = handlers.get(name, {}).get(wanted)
            if not by_class:
                continue
            for ancestor in error_class.__mro__:
                if ancestor in by_class:
                    return by_class[ancestor]
    return None


def _blueprints() -> list[str]:
    context = current_context()
    return list(context.request.blueprints) if isinstance(context, RequestContext) else []


def handle_http_exception(app: App, error: HTTPException) -> Any:
    """The reply for an HTTP error: its handler's, else the error itself. Redirects of the routing pass unhandled."""
    if error.code is None or isinstance(error, RoutingException):
        return error
    context = current_context()
    if isinstance(context, RequestContext) and context.environ.get(RECORDED):
        context.environ[REFUSAL] = error
    handler = app._find_error_handler(error, _blueprints())
    return error if handler is None else _answered(app, handler, error)


def traps(app: App, error: Exception) -> bool:
    """Whether an HTTP error is to be raised like any other exception (TRAP_HTTP_EXCEPTIONS,
    TRAP_BAD_REQUEST_ERRORS)."""
    if app.config["TRAP_HTTP_EXCEPTIONS"]:
        return True
    trap_bad_request = app.config["TRAP_BAD_REQUEST_ERRORS"]
    if trap_bad_request is None and app.debug and isinstance(error, BadRequestKeyError):
        return True
    from werkzeug.exceptions import BadRequest

    return bool(trap_bad_request) and isinstance(error, BadRequest)


def handle_user_exception(app: App, error: Exception) -> Any:
    """The reply for an exception of a handler or hook; raises it again where no handler is for it."""
    if isinstance(error, BadRequestKeyError) and (app.debug or app.config["TRAP_BAD_REQUEST_ERRORS"]):
        error.show_exception = True
    if isinstance(error, HTTPException) and not app.trap_http_exception(error):
        return app.handle_http_exception(error)
    handler = app._find_error_handler(error, _blueprints())
    if handler is None:
        raise error
    return _answered(app, handler, error)


def _answered(app: App, handler: Any, error: Exception) -> Any:
    """The reply of an error handler."""
    context = current_context()
    if isinstance(context, RequestContext):
        context._replier = ("errorhandler", handler)
    return app.ensure_sync(handler)(error)


def handle_exception(app: App, error: Exception) -> Any:
    """The 500 response for an exception that nothing handled; raises it where PROPAGATE_EXCEPTIONS says so."""
    info = sys.exc_info()
    got_request_exception.send(app, _async_wrapper=app.ensure_sync, exception=error)
    context = current_context()
    environ: dict[str, Any] = context.environ if isinstance(context, RequestContext) else {}
    propagate = app.config["PROPAGATE_EXCEPTIONS"]
    if propagate is None:
        propagate = app.testing or app.debug
    if environ.get(RECORDED):
        # Whoever records shows the exception itself, beside the same response that every other client gets.
        explain(error)
        environ[ERROR] = error
        propagate = False
    if propagate:
        raise error
    app.log_exception(info)
    failure: Any = InternalServerError(original_exception=error)
    handler = app._find_error_handler(failure, _blueprints())
    if handler is not None:
        failure = _answered(app, handler, failure)
    return app.finalize_request(failure, from_error_handler=True)


def raise_routing_exception(app: App, error: Any) -> None:
    """Raise why no rule matched; in debug mode a redirect that would lose a form's data says so."""
    request = error_request()
    if app.debug and isinstance(error, RequestRedirect) and request is not None:
        loses_data = error.code not in {307, 308} and request.method not in SAFE_METHODS
        if loses_data:
            raise FormDataRoutingRedirect(request)
    raise error


def error_request() -> Any:
    """The request at work, or None."""
    context = current_context()
    return context.request if isinstance(context, RequestContext) else None
