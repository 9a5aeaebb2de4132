"""What other frameworks tell of a request: the exception behind an error page, and the route that answered."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequestKeyError

from nbmicro.web.environ import ERROR, MISSING_KEY, REFUSAL, ROUTE

_adopted: list[tuple[Any, Any]] = []


def listen() -> None:
    """Hear what Flask's and Django's apps tell of their requests; again is nothing."""
    flask = sys.modules.get("flask.signals")
    if flask is not None and sys.modules.get("flask") is not sys.modules.get("nbmicro"):
        flask.got_request_exception.connect(_flask_failed)
        flask.request_started.connect(_flask_started)
    django = sys.modules.get("django.core.signals")
    if django is not None:
        django.got_request_exception.connect(_django_failed, dispatch_uid="nbmicro")


def unlisten() -> None:
    """Take that back."""
    flask = sys.modules.get("flask.signals")
    if flask is not None:
        flask.got_request_exception.disconnect(_flask_failed)
        flask.request_started.disconnect(_flask_started)
    django = sys.modules.get("django.core.signals")
    if django is not None:
        django.got_request_exception.disconnect(dispatch_uid="nbmicro")


def _flask_started(sender: Any, **more: Any) -> None:
    request = getattr(sys.modules.get("flask"), "request", None)
    if not request:
        return
    if request.url_rule is not None:
        # Flask takes the request out of the environ when it is over.
        request.environ[ROUTE] = request.url_rule.rule, request.url_rule.endpoint
    if request.parameter_storage_class is ImmutableMultiDict:
        # Flask tells nobody of a 400. This request's forms and query note the key that they do not have.
        request.parameter_storage_class = _NOTING


def _get_noting(self: Any, key: Any) -> Any:
    try:
        return ImmutableMultiDict.__getitem__(self, key)
    except BadRequestKeyError as error:
        request = getattr(sys.modules.get("flask"), "request", None)
        if request:
            request.environ[MISSING_KEY] = error
        raise


# Werkzeug's class of forms and queries, which notes what it raises for a missing key. A repr of it is as it was.
_NOTING = type("ImmutableMultiDict", (ImmutableMultiDict,), {"__getitem__": _get_noting})


def _left_the_handler(error: BaseException) -> bool:
    """Whether an exception came as far as Flask's own dispatch, so that its page is the answer to it."""
    trace = error.__traceback__
    return trace is not None and trace.tb_frame.f_globals.get("__name__") == "flask.app"


def _flask_failed(sender: Any, exception: BaseException | None = None, **more: Any) -> None:
    request = getattr(sys.modules.get("flask"), "request", None)
    if request and isinstance(exception, BaseException):
        request.environ[ERROR] = exception


def _django_failed(sender: Any, request: Any = None, **more: Any) -> None:
    error = sys.exc_info()[1]
    environ = getattr(request, "META", None)
    if error is not None and environ is not None:
        # An async handler of Django has no environ, only what it made of a scope that holds ours.
        environ = getattr(request, "scope", {}).get("wsgi_environ", environ)
        environ[ERROR] = error


def take_told(environ: MutableMapping[str, Any]) -> None:
    """Note what a framework left in the environ."""
    missing = environ.pop(MISSING_KEY, None)
    if missing is not None and _left_the_handler(missing):
        environ[REFUSAL] = missing
    told = environ.get("bottle.exc_info")
    if told and told[1] is not None:
        environ.setdefault(ERROR, told[1])


class Errors:
    """A ``wsgi.errors`` that knows a traceback when it is written, and keeps it as the exception that it is of.

    Parameters
    ----------
    stream:
        Where all other text goes.
    environ:
        Of the request; an exception is noted there.
    """

    def __init__(self, stream: Any, environ: MutableMapping[str, Any]) -> None:
        self._stream = stream
        self._environ = environ

    def write(self, text: str) -> int:
        error = sys.exc_info()[1]
        if error is not None and "Traceback (most recent call last)" in text:
            self._environ[ERROR] = error
            return len(text)
        written: int = self._stream.write(text)
        return written

    def writelines(self, lines: list[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def adopt_streams() -> None:
    """Let logging's stream handlers write to what standard error is during a request, not to what it was before.

    Called while a request is captured; a handler that holds another stream is left alone.
    """
    stream = sys.stderr
    before = getattr(stream, "target", None)
    if before is None:
        return
    for logger in (logging.root, *list(logging.root.manager.loggerDict.values())):
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and handler.stream is before:
                _adopted.append((handler, before))
                handler.stream = stream


def return_streams() -> None:
    """Give the stream handlers back what they wrote to."""
    while _adopted:
        handler, stream = _adopted.pop()
        handler.stream = stream
