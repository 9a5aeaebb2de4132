"""From what a handler returned to a response.

What lives here: the reading of every kind of reply that Flask knows, and the errors for what is none. What must not:
the session, hooks, or how a response is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as BaseResponse

from nbmicro.web.asyncs import iterate
from nbmicro.web.contexts import RequestContext, current_context
from nbmicro.web.hosting import hosting
from nbmicro.web.proxies import app_ctx
from nbmicro.web.rich import rich_response

if TYPE_CHECKING:
    from nbmicro.web.app import App

__all__ = ["ReplyError", "make_response", "read_reply"]

ACCEPTED = (
    "A reply is a string, bytes, dict, list, Response, a generator, a WSGI callable, or a tuple (body, status),"
    " (body, headers) or (body, status, headers)"
)


class ReplyError(TypeError):
    """A handler returned what is no reply.

    Parameters
    ----------
    message:
        What it returned, and what would do.
    handler:
        The function, for whoever can show its lines.
    """

    def __init__(self, message: str, handler: Any = None) -> None:
        super().__init__(message)
        self.handler = handler


def read_reply(app: App, reply: Any) -> Any:
    """The response for a reply (Flask, "About Responses").

    Raises
    ------
    ReplyError
        A TypeError that names the endpoint and what it returned.
    """
    status: Any = None
    headers: Any = None
    if isinstance(reply, tuple):
        reply, status, headers = _unpack(reply)
        if isinstance(status, str) and not status.isprintable():
            # A line break would end the status line (RFC 9112) and begin a header.
            raise ReplyError(f"The handler{_who()} returned {status!r}, which is no status.", _handler())
    if reply is None:
        raise _no_reply()
    if not isinstance(reply, app.response_class):
        reply, status, headers = _convert(app, reply, status, headers)
    if status is not None:
        if isinstance(status, (str, bytes, bytearray)):
            reply.status = status
        else:
            reply.status_code = status
    if headers:
        reply.headers.update(headers)
    return reply


def make_response(*args: Any) -> Any:
    """The response that a handler's ``return`` of these values would become, to set headers or cookies on.

    Without arguments it is an empty one; several are read as a tuple.
    """
    app = app_ctx.app
    if not args:
        return app.response_class()
    return app.make_response(args[0] if len(args) == 1 else args)


def _unpack(reply: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    if len(reply) == 3:
        return reply
    if len(reply) == 2:
        body, second = reply
        return (body, None, second) if isinstance(second, (Headers, dict, tuple, list)) else (body, second, None)
    raise ReplyError(
        f"The handler{_who()} returned a tuple of {len(reply)}. A tuple must be (body, status, headers), (body, status)"
        " or (body, headers).",
        _handler(),
    )


def _convert(app: App, reply: Any, status: Any, headers: Any) -> tuple[Any, Any, Any]:
    """A response of the app's class; status and headers that it took in are None in what comes back."""
    if hasattr(reply, "__aiter__"):
        reply = iterate(reply)
    if isinstance(reply, (str, bytes, bytearray, Iterator)):
        body: Any = reply
        return app.response_class(body, status=status, headers=headers), None, None
    if isinstance(reply, (dict, list)):
        return app.json.response(reply), status, headers
    if isinstance(reply, BaseResponse) or callable(reply):
        context = current_context()
        environ = context.environ if isinstance(context, RequestContext) else {}
        try:
            return app.response_class.force_type(reply, environ), status, headers
        except TypeError as error:
            raise ReplyError(f"The handler{_who()} returned {_kind(reply)}: {error}. {ACCEPTED}.", _handler()) from None
    shown = rich_response(app, reply)
    if shown is not None:
        return shown, status, headers
    raise ReplyError(f"The handler{_who()} returned {_kind(reply)}. {ACCEPTED}.", _handler())


def _handler() -> Any:
    context = current_context()
    if not isinstance(context, RequestContext) or context.url_rule is None:
        return None
    return context.table.views.get(context.url_rule.endpoint)


def _who() -> str:
    context = current_context()
    if isinstance(context, RequestContext) and context.url_rule is not None:
        return f" of {context.url_rule.endpoint!r}"
    return ""


def _kind(reply: Any) -> str:
    kind = type(reply).__name__
    shown = repr(reply)
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}" + (f" ({shown})" if len(shown) <= 40 else "")


def _no_reply() -> ReplyError:
    handler = _handler()
    detail = hosting.explain_no_reply(handler) if hosting.explain_no_reply and handler is not None else None
    if detail is None:
        detail = "It ended without a return statement, or returned None."
    return ReplyError(f"The handler{_who()} answered None, which is no reply. {detail}", handler)
