"""What happens when a request fails: the lookup of error handlers, the 500 and its log record."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug.exceptions import BadRequest, BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.routing import RequestRedirect, RoutingException

from nbmicro.http.methods import SAFE_METHODS
from nbmicro.web.contexts import current_request_context, environ_here, table_here
from nbmicro.web.environ import ERROR, HTTP_ERROR, RECORDED
from nbmicro.web.handler_errors import FormDataRoutingRedirect, explain
from nbmicro.web.hooks import handler_for
from nbmicro.web.hosting import hosting
from nbmicro.web.scaffold import error_key
from nbmicro.web.setup import Setup
from nbmicro.web.signals import got_request_exception

if TYPE_CHECKING:
    pass


class ErrorHandling(Setup):
    """What an app does about a request that fails; see :class:`nbmicro.App`."""

    def handle_http_exception(self, e: HTTPException) -> Any:
        """The response for an HTTP error: its handler's, else the error itself, as for a redirect of the routing."""
        if e.code is None or isinstance(e, RoutingException):
            return e
        environ = environ_here()
        if environ.get(RECORDED):
            environ[HTTP_ERROR] = e
        handler = self._find_error_handler(e, _blueprints())
        return e if handler is None else self._handled(handler, e)

    def trap_http_exception(self, e: Exception) -> bool:
        """Whether an HTTP error is raised like any other (TRAP_HTTP_EXCEPTIONS, TRAP_BAD_REQUEST_ERRORS); an override
        point."""
        if self.config["TRAP_HTTP_EXCEPTIONS"]:
            return True
        trap_bad_request = self.config["TRAP_BAD_REQUEST_ERRORS"]
        if trap_bad_request is None and self.debug and isinstance(e, BadRequestKeyError):
            return True
        return bool(trap_bad_request) and isinstance(e, BadRequest)

    def handle_user_exception(self, e: Exception) -> Any:
        """The response for an exception of a handler or hook; raises it again where no handler is for it."""
        if isinstance(e, BadRequestKeyError) and (self.debug or self.config["TRAP_BAD_REQUEST_ERRORS"]):
            e.show_exception = True
        if isinstance(e, HTTPException) and not self.trap_http_exception(e):
            return self.handle_http_exception(e)
        handler = self._find_error_handler(e, _blueprints())
        if handler is None:
            raise e
        return self._handled(handler, e)

    def handle_exception(self, e: Exception) -> Any:
        """The 500 for an exception that nothing handled; raises it where PROPAGATE_EXCEPTIONS says so."""
        info = sys.exc_info()
        app = self._app
        got_request_exception.send(app, _async_wrapper=app.ensure_sync, exception=e)
        environ = environ_here()
        propagate = self.config["PROPAGATE_EXCEPTIONS"]
        if propagate is None:
            propagate = self.testing or self.debug
        if environ.get(RECORDED):
            # Whoever records shows the exception itself, beside the same response that every other client gets.
            explain(e)
            environ[ERROR] = e
            propagate = False
        if propagate:
            raise e
        self.log_exception(info)
        error: Any = InternalServerError(original_exception=e)
        handler = self._find_error_handler(error, _blueprints())
        if handler is not None:
            error = self._handled(handler, error)
        return app.finalize_request(error, from_error_handler=True)

    def log_exception(self, exc_info: Any) -> None:
        """Write an exception to the app's logger; an override point."""
        context = current_request_context()
        where = "" if context is None else f"{context.request.path} [{context.request.method}]"
        shown = bool(environ_here().get(RECORDED))
        if hosting.users_trace is not None and isinstance(exc_info, tuple):
            exc_info = (*exc_info[:2], hosting.users_trace(exc_info[2]))
        self.logger.error(f"Exception on {where}", exc_info=exc_info, extra={"nbmicro_shown": shown})

    def raise_routing_exception(self, request: Any) -> NoReturn:
        """Raise why no rule matched; in debug mode a redirect that would lose a form's data says so."""
        error = request.routing_exception
        if self.debug and isinstance(error, RequestRedirect):
            loses_data = error.code not in {307, 308} and request.method not in SAFE_METHODS
            if loses_data:
                raise FormDataRoutingRedirect(request)
        raise error

    def _find_error_handler(self, e: Exception, blueprints: list[str]) -> Any:
        """The handler for ``e``: by code in the blueprints (inner first), then the app; then by class in the same
        order."""
        error_class, code = error_key(type(e))
        handlers = table_here(self._app).error_handlers
        for wanted in (code, None) if code is not None else (None,):
            for name in (*blueprints, None):
                by_class = handlers.get(name, {}).get(wanted)
                handler = handler_for(by_class, error_class) if by_class else None
                if handler is not None:
                    return handler
        return None

    def _handled(self, handler: Any, error: Exception) -> Any:
        """What an error handler returns."""
        context = current_request_context()
        if context is not None:
            context._responder = ("errorhandler", handler)
        return self._app.ensure_sync(handler)(error)


def _blueprints() -> list[str]:
    context = current_request_context()
    return [] if context is None else list(context.request.blueprints)
