"""Errors of handlers: a return value that is none, what JSON cannot hold, and what debug mode says was forgotten."""

from __future__ import annotations

import inspect
import linecache
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping
from traceback import walk_tb
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest
from werkzeug.routing import RequestRedirect

from nbmicro.web.contexts import RequestContext, current_request_context
from nbmicro.web.hosting import hosting
from nbmicro.web.views import written_function

if TYPE_CHECKING:
    from nbmicro.web.wrappers import Request


ACCEPTED = (
    "A return value is a string, bytes, dict, list, Response, a generator, a WSGI callable, or a tuple (body, status),"
    " (body, headers) or (body, status, headers)."
)
_TUPLES = "A tuple must be (body, status, headers), (body, status) or (body, headers)."
#: Characters of a hint that stands beside the line that it is for; a longer one stands below.
HINT_WIDTH = 60
#: How deep a value is searched for what JSON does not know.
_DEPTH = 30


class ReplyError(TypeError):
    """A handler returned what no response can be made of.

    Parameters
    ----------
    message:
        What it returned.
    hint:
        What would do.
    place:
        File name, line and function, where they are known exactly.
    """

    def __init__(self, message: str, hint: str = "", *, place: tuple[str, int, str] | None = None) -> None:
        super().__init__(f"{message} {hint}".rstrip())
        self.message = message
        self.hint = hint
        self.place = place

    def show(self, lines: str) -> None:
        """Put the handler's lines between the message and the hint."""
        gap = "      " if len(self.hint) <= HINT_WIDTH else "\n"
        self.args = (f"{self.message} {lines}{gap}{self.hint}".rstrip(),)


class NoJson(ReplyError, ValueError):
    """A value was to be JSON (RFC 8259) and holds what JSON has no form for: ``held``, where that was found."""

    held: str | None = None


def responder() -> tuple[str, Any]:
    """Who returned the value that a response is made of, in words, and the function itself."""
    context = current_request_context()
    if context is None:
        return "The handler", None
    if context._responder is not None:
        kind, function = context._responder
        return f"The {kind} function {_name(function)!r}", function
    if context.endpoint is None:
        return "The handler", None
    return f"The handler of {context.endpoint!r}", _written(context)


def _written(context: RequestContext) -> Any:
    return written_function(context.table.views.get(context.endpoint or ""), context.environ["REQUEST_METHOD"])


def _code_of(function: Any) -> CodeType | None:
    return getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None


def none_returned(status: Any = None) -> ReplyError:
    """The error for a handler that returned None; it names the handler's last line where a host knows it, with a hint
    (``cells/handler_lines.py``). ``status`` came with it in a tuple."""
    who, function = responder()
    if status is not None:
        return ReplyError(f"{who} returned a tuple whose body is None.", f'An empty body is text:  "", {status}')
    detail = hosting.explain_none(function) if hosting.explain_none and function is not None else None
    if detail is None:
        detail = "It ended without a return statement, or returned None."
    error = ReplyError(f"{who} returned None, which makes no response. {detail}")
    error.show = lambda lines: None  # type: ignore[method-assign]
    return error


def _returned(what: str, hint: str) -> ReplyError:
    return ReplyError(f"{responder()[0]} returned {what}", hint)


def no_response_value(value: Any, why: str = "") -> ReplyError:
    """The error for a value that no response can be made of; ``why`` is what Werkzeug has against it."""
    return _returned(f"{_kind(value)}{f': {why}' if why else ''}.", _hint(value))


def bad_tuple(value: tuple[Any, ...]) -> ReplyError:
    """The error for a tuple of another length than two or three."""
    return _returned(f"a tuple of {len(value)}.", _TUPLES)


def bad_status(status: Any) -> ReplyError:
    """The error for what stands in the place of the status and is none (RFC 9110, section 15)."""
    hint = f'A status is a number of three digits, such as 404, or "404 NOT FOUND". {_TUPLES}'
    return _returned(f"{status!r}, which is no status.", hint)


def bad_headers(headers: Any) -> ReplyError:
    """The error for what stands in the place of the headers and is none."""
    return _returned(f"{headers!r} as headers.", f'Headers are a dict: {{"X-Name": "value"}}. {_TUPLES}')


def no_response(function: Any) -> ReplyError:
    """The error for an after_request function that returned None."""
    code = _code_of(function)
    return ReplyError(
        f"The after_request function {_name(function)!r} returned None, and must return the response.",
        "Add the line `return response`.",
        place=None if code is None else (code.co_filename, code.co_firstlineno, code.co_name),
    )


def bad_piece(piece: Any, source: Iterable[Any]) -> ReplyError:
    """The error for a piece of a streamed body that is neither text nor bytes; it names the line of the generator."""
    generator: Any = source
    frame, code = getattr(generator, "gi_frame", None), getattr(generator, "gi_code", None)
    place = (code.co_filename, frame.f_lineno, code.co_name) if frame is not None and code is not None else None
    text = repr(piece) if len(repr(piece)) <= 40 else "…"
    return ReplyError(
        f"A streamed body gave {_kind(piece)}, and each piece of one is text or bytes.",
        f"Write  yield str({text})" if isinstance(piece, numbers.Number) else "Make text of it before it is yielded.",
        place=place,
    )


def no_json(value: Any, error: Exception, dumps: Any) -> NoJson:
    """The error for a value that JSON cannot hold. ``error`` is what the encoder had against it, and ``dumps`` writes
    one value, or raises: it says what this app's JSON can hold."""
    unknown = next(_unknown(value, dumps, "", 0), None)
    if unknown is None:
        return NoJson(f"{error}.")
    path, what, hint = unknown
    held = f"{path or 'it'} is {what}."
    no_json_error = NoJson(f"{error}: {held}", hint)
    no_json_error.held = held
    return no_json_error


def no_session(items: dict[str, Any], error: TypeError, dumps: Any) -> TypeError:
    """The error for a session that its cookie, which is JSON, cannot hold; the parameters are those of above."""
    unknown = next(_unknown(items, dumps, "session", 0), None)
    if unknown is None:
        return TypeError(str(error))
    explained = TypeError(f"{error}: {unknown[0]} is {unknown[1]}.")
    key = re.match(r"session\[(['\"])(.*?)\1\]", unknown[0])
    if key is not None:
        explained.place = _line_that_keeps(key[2])  # type: ignore[attr-defined]
    return explained


def _line_that_keeps(key: str) -> tuple[str, int, str] | None:
    """The handler's last line that names a key of the session: its file, number and function; None without one."""
    code = _code_of(responder()[1])
    if code is None:
        return None
    named = re.compile(rf"\bsession\b.*['\"]{re.escape(key)}['\"]|\bsession\b.*\b{re.escape(key)}\s*=")
    lines = sorted({line for _, _, line in code.co_lines() if line})
    kept = [line for line in lines if named.search(linecache.getline(code.co_filename, line))]
    return (code.co_filename, kept[-1], code.co_name) if kept else None


def json_hint(kind: str) -> str:
    """What to write in place of a value that JSON has no form for; ``kind`` is the name of its type."""
    if kind in {"set", "frozenset", "generator", "map", "filter", "range", "dict_keys", "dict_values", "deque"}:
        return "Make a list of it:  list(…)"
    if kind in {"bytes", "bytearray"}:
        return "Make text of it:  ….decode()"
    if kind == "coroutine":
        return "Its function is async, and was not awaited: write `await` before the call."
    if kind in {"function", "method", "builtin_function_or_method"}:
        return "Call it, with parentheses, or leave it out."
    return "JSON has text, numbers, lists, dicts, True, False and None: make one of these of it, such as  str(…)"


def _unknown(value: Any, dumps: Any, path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """Where a value holds what JSON does not know: its path, what it is, and the hint."""
    if depth > _DEPTH:
        yield path[:40] + "…", "nested without end, or holds itself", "Copy what is to be sent, without the ring."
    elif isinstance(value, Mapping):
        keys = {type(key).__name__ for key in value}
        for key in value:
            if not isinstance(key, str | int | float | bool | type(None)):
                yield path, f"a dict with the key {key!r}", "A key is text: make it so, such as  str(key)"
        if "str" in keys and len(keys) > 1:
            what = f"a dict whose keys are of several kinds ({', '.join(sorted(keys))})"
            yield path, what, "Make all of them text:  str(key)"
        for key, item in value.items():
            yield from _unknown(item, dumps, f"{path}[{key!r}]", depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _unknown(item, dumps, f"{path}[{index}]", depth + 1)
    else:
        try:
            dumps(value)
        except (TypeError, ValueError):
            yield path, _kind(value), json_hint(type(value).__name__)


def explain(error: Exception) -> None:
    """Add the handler's lines to an exception of the current request, where it is about a return value or a call."""
    who, function = responder()
    if isinstance(error, ReplyError):
        lines = hosting.return_lines(function) if hosting.return_lines and function is not None else None
        if lines and error.place is None and not _passes(error, function):
            if isinstance(error, NoJson):
                error.message = f"{who} returned what JSON cannot hold: {error.held or error.message}"
            error.show(lines)
    elif type(error) is TypeError and function is not None and not _passes(error, function):
        _explain_call(error, function)


def _explain_call(error: TypeError, function: Any) -> None:
    """Say what a rule gives, where its handler could not be called with that."""
    context = current_request_context()
    code = _code_of(function)
    if context is None or context._responder is not None or code is None:
        return
    values = context.view_args or {}
    try:
        inspect.signature(function).bind(**values)
    except TypeError:
        names = ", ".join(f"`{name}`" for name in values) or "no values"
        rule = context.url_rule.rule if context.url_rule is not None else "The rule"
        write = f"def {code.co_name}({', '.join(values)}):"
        error.args = (f"{error}. {rule} gives {names}. Write:  {write}",)
        error.place = (code.co_filename, code.co_firstlineno, code.co_name)  # type: ignore[attr-defined]


def _passes(error: BaseException, function: Any) -> bool:
    """Whether an exception came up through the function's own code."""
    code = _code_of(function)
    return code is not None and any(frame.f_code is code for frame, _ in walk_tb(error.__traceback__))


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _await_hint(coroutine: Any) -> str:
    """What to write for an async function that was called and not awaited. The body of a cell may await as it is, and
    so may a handler that is async."""
    code = _code_of(responder()[1])
    hint = f"Its function is async, and was not awaited. Write  await {coroutine.__name__}(…)"
    if code is None or code.co_flags & inspect.CO_COROUTINE:
        return hint
    if code.co_firstlineno == 1 and linecache.getline(code.co_filename, 1).startswith("%%"):
        return hint
    return f"{hint}  and  async def {code.co_name}(…)"


def _kind(value: Any) -> str:
    kind = type(value).__name__
    if isinstance(value, FunctionType | MethodType):
        return f"the function `{_name(value)}` itself"
    shown = repr(value)
    article = "an" if kind[:1].lower() in "aeio" else "a"
    # A set has another order in each run.
    is_steady = " at 0x" not in shown and not (isinstance(value, set | frozenset) and len(value) > 1)
    return f"{article} {kind}" + (f" ({shown})" if is_steady and len(shown) <= 40 else "")


def _hint(value: Any) -> str:
    if inspect.iscoroutine(value):
        return _await_hint(value)
    if isinstance(value, FunctionType | MethodType):
        return f"Call it:  {_name(value)}(…)"
    if isinstance(value, type):
        return f"Make one:  {value.__name__}(…)"
    if isinstance(value, numbers.Number):
        return 'A number goes as text or in a dict:  str(…)  or  {"value": …}'
    if isinstance(value, set | frozenset):
        return "A set has no form in JSON, a list has:  list(…)"
    return ACCEPTED


# -- errors of debug mode: what was probably forgotten ---------------------------------------------------------------


class UnexpectedUnicodeError(AssertionError, UnicodeError):
    """A text where bytes were wanted, or the other way round."""


class DebugFilesKeyError(KeyError, AssertionError):
    """A file was looked for in a form that was sent without files."""

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
    """A request with a body was sent to a URL that redirects, where the body may be lost."""

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
