"""From what a handler returned to a response."""

from __future__ import annotations

import base64
import binascii
import inspect
import operator
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from io import BytesIO
from threading import Lock
from types import FunctionType
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers, MIMEAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response as BaseResponse

from nbmicro.http.media_types import JSON, is_json
from nbmicro.web.asyncs import iterate
from nbmicro.web.contexts import environ_here
from nbmicro.web.handler_errors import bad_headers, bad_status, bad_tuple, no_response_value, none_returned
from nbmicro.web.proxies import app_ctx

if TYPE_CHECKING:
    from nbmicro.web.app import App


def response_of(app: App, value: Any) -> Any:
    """The response for what a handler returned (Flask, "About Responses").

    Raises
    ------
    nbmicro.web.handler_errors.ReplyError
        A TypeError that names the endpoint and what it returned.
    """
    status: Any = None
    headers: Any = None
    if isinstance(value, tuple):
        value, status, headers = _unpack(value)
        if status is not None and not _is_status(status):
            raise bad_status(status)
        if headers is not None and not _are_headers(headers):
            raise bad_headers(headers)
    if value is None:
        raise none_returned(status)
    if not isinstance(value, app.response_class):
        value, status, headers = _convert(app, value, status, headers)
    if status is not None:
        if isinstance(status, (str, bytes, bytearray)):
            value.status = status
        else:
            value.status_code = status
    if headers:
        value.headers.update(headers)
    return value


def make_response(*args: Any) -> Any:
    """The response that a handler's ``return`` of these values would become, to set headers or cookies on.

    Without arguments it is an empty one; several are read as a tuple.
    """
    app = app_ctx.app
    if not args:
        return app.response_class()
    return app.make_response(args[0] if len(args) == 1 else args)


def _unpack(value: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    if len(value) == 3:
        return value
    if len(value) == 2:
        body, second = value
        return (body, None, second) if isinstance(second, (Headers, dict, tuple, list)) else (body, second, None)
    raise bad_tuple(value)


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
    if isinstance(headers, (str, bytes)) or not isinstance(headers, Iterable):
        return False
    return all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in list(headers))


def _convert(app: App, value: Any, status: Any, headers: Any) -> tuple[Any, Any, Any]:
    """A response of the app's class; status and headers that it took in are None in what comes back."""
    if hasattr(value, "__aiter__"):
        value = iterate(value)
    if isinstance(value, (str, bytes, bytearray, Iterator)):
        body: Any = value
        return app.response_class(body, status=status, headers=headers), None, None
    if isinstance(value, (dict, list)):
        return app.json.response(value), status, headers
    if isinstance(value, BaseResponse) or callable(value):
        try:
            return app.response_class.force_type(value, environ_here()), status, headers
        except Exception as error:
            if isinstance(value, FunctionType) and not _takes_a_call(value):
                raise no_response_value(value) from None
            if isinstance(error, TypeError):
                raise no_response_value(value, str(error)) from None
            raise
    picture = rich_response(app, value)
    if picture is not None:
        return picture, status, headers
    raise no_response_value(value)


def _takes_a_call(function: FunctionType) -> bool:
    """Whether a function can be a WSGI application: not where it is a name of nbmicro, or takes no two arguments."""
    if function.__module__.partition(".")[0] == "nbmicro":
        return False
    try:
        inspect.signature(function).bind({}, None)
    except TypeError:
        return False
    return True


Offer = tuple[str, Callable[[], Any]]

#: Methods of the display protocol and what they give, what is richest first.
METHODS = {
    "_repr_html_": "text/html",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_json_": JSON,
    "_repr_pdf_": "application/pdf",
    "_repr_markdown_": "text/markdown",
    "_repr_latex_": "text/latex",
}
FORMATS = {"image/png": "png", "image/svg+xml": "svg", "application/pdf": "pdf"}

# matplotlib's settings are global, and its drawing is not made for threads.
_drawing = Lock()


def rich_response(app: App, value: Any) -> Any | None:
    """A response with the picture of ``value`` that the request prefers; None for an object without one.

    Without a preference it is the first of: for figures PNG, SVG, PDF; for DataFrames and Series JSON records, HTML,
    CSV; for other objects HTML, SVG, PNG, JPEG, JSON, PDF, Markdown, LaTeX, then what their bundle has. A header that
    accepts none of them is disregarded. numpy's arrays and scalars are JSON.

    A figure that the handler made is closed afterwards: it neither stays in memory nor shows under a cell.
    """
    if isinstance(value, type):
        return None
    if _is_of(value, "numpy", "ndarray", "generic"):
        return app.json.response(value)
    figure = _figure(value)
    try:
        offers = list(_offers(value, figure))
        for kind, make in _preferred(offers):
            content = make()
            if content is not None:
                return _response(app, kind, content, several=len(offers) > 1)
        return None
    finally:
        if figure is not None:
            _close(figure)


def _offers(value: Any, figure: Any) -> Iterator[Offer]:
    if figure is not None:
        for kind, form in FORMATS.items():
            yield kind, partial(_draw, figure, form)
    elif _is_of(value, "pandas", "DataFrame", "Series"):
        yield JSON, lambda: _records(value)
        yield "text/html", lambda: _frame(value).to_html()
        yield "text/csv", lambda: _frame(value).to_csv(index=not _is_counted(value), lineterminator="\r\n")
    else:
        bundle = _bundle(value)
        offers: dict[str, Callable[[], Any]] = {
            kind: lambda method=method: _data(method())  # type: ignore[misc]
            for name, kind in METHODS.items()
            if callable(method := getattr(value, name, None))
        }
        offers.update({kind: partial(_data, content) for kind, content in bundle.items()})
        rank = {kind: number for number, kind in enumerate(METHODS.values())}
        yield from sorted(offers.items(), key=lambda offer: (offer[0] == "text/plain", rank.get(offer[0], len(rank))))


def _preferred(offers: list[Offer]) -> list[Offer]:
    """The offers in the order the request prefers them; those it does not accept come last."""
    accept = parse_accept_header(environ_here().get("HTTP_ACCEPT"), MIMEAccept)
    if not accept:
        return offers
    left, ordered = dict(offers), []
    while left:
        best = accept.best_match(left)
        if best is None:
            break
        ordered.append((best, left.pop(best)))
    return [*ordered, *left.items()]


def _bundle(value: Any) -> dict[str, Any]:
    make = getattr(value, "_repr_mimebundle_", None)
    if not callable(make):
        return {}
    bundle = _data(make(include=None, exclude=None))
    return {str(kind): content for kind, content in (bundle or {}).items() if content is not None}


def _data(result: Any) -> Any:
    """What a display method gives, without the metadata that may come beside it."""
    return result[0] if isinstance(result, tuple) and len(result) == 2 else result


def _response(app: App, kind: str, content: Any, *, several: bool) -> Any:
    if kind == JSON or (is_json(kind) and not isinstance(content, (str, bytes))):
        response = app.json.response(content)
        if kind != JSON:
            response.mimetype = kind
    else:
        response = app.response_class(_bytes_of(kind, content), mimetype=kind)
    if several:
        response.vary.add("Accept")
    return response


def _bytes_of(kind: str, content: Any) -> str | bytes:
    """The body: pictures may come in base 64, as notebooks keep them."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    text = str(content)
    if kind.endswith("+xml") or not kind.startswith(("image/", "audio/", "video/", "application/pdf")):
        return text
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return text


# -- tables ------------------------------------------------------------------------------------------------------------


def _is_of(value: Any, library: str, *names: str) -> bool:
    return any(kind.__name__ in names and kind.__module__.partition(".")[0] == library for kind in type(value).__mro__)


def _is_counted(table: Any) -> bool:
    """Whether the rows are merely numbered, so that the index says nothing."""
    return type(table.index).__name__ == "RangeIndex" and table.index.name is None


def _frame(table: Any) -> Any:
    if table.ndim == 2:
        return table
    return table.to_frame("value" if table.name is None else table.name)


def _records(table: Any) -> list[dict[str, Any]]:
    """One dict per row; an index that says something is part of it."""
    frame = _frame(table)
    if not _is_counted(table):
        frame = frame.reset_index(allow_duplicates=True)
    names = [".".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


# -- figures -----------------------------------------------------------------------------------------------------------


def _figure(value: Any) -> Any:
    """The figure that ``value`` is, or belongs to (as a plot's axes do); None for other objects."""
    if callable(getattr(value, "savefig", None)):
        return value
    figure = getattr(value, "figure", None)
    return figure if _is_of(figure, "matplotlib", "Figure", "FigureBase") else None


def _draw(figure: Any, form: str) -> bytes:
    """The figure in a format, with the same bytes each time."""
    target = BytesIO()
    options: dict[str, Any] = {}
    with _drawing, ExitStack() as stack:
        matplotlib = sys.modules.get("matplotlib")
        if matplotlib is not None and _is_of(figure, "matplotlib", "Figure"):
            options["bbox_inches"] = "tight"
            # Without these an SVG has random ids, and both have the time.
            if form == "svg":
                # Not an rc_context: that takes back what a cell sets meanwhile.
                settings = matplotlib.rcParams
                stack.callback(settings.__setitem__, "svg.hashsalt", settings["svg.hashsalt"])
                settings["svg.hashsalt"] = "nbmicro"
            if form != "png":
                options["metadata"] = {"Date": None} if form == "svg" else {"CreationDate": None}
        figure.savefig(target, format=form, **options)
    return target.getvalue()


def _close(figure: Any) -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        owner = figure if _is_of(figure, "matplotlib", "Figure") else getattr(figure, "figure", None)
        if _is_of(owner, "matplotlib", "Figure"):
            pyplot.close(owner)
