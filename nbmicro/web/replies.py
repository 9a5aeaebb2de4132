"""From what a handler returned to a response."""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as BaseResponse

from nbmicro.web.asyncs import iterate
from nbmicro.web.contexts import current_context
from nbmicro.web.proxies import app_ctx
from nbmicro.web.refusals import bad_headers, bad_status, bad_tuple, no_reply, not_a_reply
from nbmicro.web.request_context import RequestContext
from nbmicro.web.rich import rich_response

if TYPE_CHECKING:
    from nbmicro.web.app import App

__all__ = ["make_response", "read_reply"]


def read_reply(app: App, reply: Any) -> Any:
    """The response for a reply (Flask, "About Responses").

    Raises
    ------
    nbmicro.web.refusals.ReplyError
        A TypeError that names the endpoint and what it returned.
    """
    status: Any = None
    headers: Any = None
    if isinstance(reply, tuple):
        reply, status, headers = _unpack(reply)
        if status is not None and not _is_status(status):
            raise bad_status(status)
        if headers is not None and not _are_headers(headers):
            raise bad_headers(headers)
    if reply is None:
        raise no_reply(status)
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
    raise bad_tuple(reply)


def _is_status(status: Any) -> bool:
    """Whether it can stand in a status line: three digits, and no line break behind them (RFC 9112, section 4)."""
    if isinstance(status, (bytes, bytearray)):
        status = status.decode("latin-1")
    if isinstance(status, str):
        return status.isprintable() and re.match(r"[1-9][0-9]{2}(?![^ ])", status) is not None
    try:
        return 100 <= operator.index(status) <= 999
    except TypeError:
        return False


def _are_headers(headers: Any) -> bool:
    if isinstance(headers, (Headers, Mapping)):
        return True
    return isinstance(headers, Iterable) and not isinstance(headers, (str, bytes)) and _are_pairs(list(headers))


def _are_pairs(headers: list[Any]) -> bool:
    return all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in headers)


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
        except Exception as error:
            if isinstance(reply, FunctionType) and not _takes_a_call(reply):
                raise not_a_reply(reply) from None
            if isinstance(error, TypeError):
                raise not_a_reply(reply, str(error)) from None
            raise
    shown = rich_response(app, reply)
    if shown is not None:
        return shown, status, headers
    raise not_a_reply(reply)


def _takes_a_call(function: FunctionType) -> bool:
    """Whether a function can be a WSGI application: not where it is a name of ours, or takes no two arguments."""
    if function.__module__.partition(".")[0] == "nbmicro":
        return False
    try:
        inspect.signature(function).bind({}, None)
    except TypeError:
        return False
    return True
