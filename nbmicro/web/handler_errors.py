"""Errors of handlers: a return value that is none, what JSON cannot hold, and what debug mode says was forgotten."""

from __future__ import annotations

import inspect
import linecache
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping
from traceback import walk_tb
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest
from werkzeug.routing import RequestRedirect

from nbmicro.web.contexts import RequestContext, current_request_context
from nbmicro.web.hosting import hosting

if TYPE_CHECKING:
    from nbmicro.web.wrappers import Request


ACCEPTED = (
    "A reply is a string, bytes, dict, list, Response, a generator, a WSGI callable, or a tuple (body, status),"
    " (body, headers) or (body, status, headers)."
)
_TUPLES = "A tuple must be (body, status, headers), (body, status) or (body, headers)."
#: Characters of a cure that stands beside the line that it is for; a longer one stands below.
CURE_WIDTH = 60
#: How deep a value is looked into for what JSON does not know.
_DEPTH = 30


class ReplyError(TypeError):
    """A handler returned what is no reply.

    Parameters
    ----------
    message:
        What it returned.
    cure:
        What would do.
    place:
        File name, line and function, where they are known exactly.
    """

    def __init__(self, message: str, cure: str = "", *, place: tuple[str, int, str] | None = None) -> None:
        super().__init__(f"{message} {cure}".rstrip())
        self.message = message
        self.cure = cure
        self.place = place

    def show(self, lines: str) -> None:
        """Put the handler's lines between what came and what would do."""
        gap = "      " if len(self.cure) <= CURE_WIDTH else "\n"
        self.args = (f"{self.message} {lines}{gap}{self.cure}".rstrip(),)


class NoJson(ReplyError, ValueError):
    """A value was to be JSON (RFC 8259) and holds what JSON has no form for: ``held``, where that was found."""

    held: str | None = None


def replier() -> tuple[str, Any]:
    """Who gave the reply that is being read, in words, and the function itself."""
    context = current_request_context()
    if context is None:
        return "The handler", None
    if context._replier is not None:
        kind, function = context._replier
        return f"The {kind} function {_name(function)!r}", function
    if context.endpoint is None:
        return "The handler", None
    return f"The handler of {context.endpoint!r}", _written(context)


def _written(context: RequestContext) -> Any:
    """The function that the user wrote: of a class based view the method that answers."""
    view = context.table.views.get(context.endpoint or "")
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return view
    method = context.environ["REQUEST_METHOD"].lower()
    found = getattr(view_class, method, None) or (getattr(view_class, "get", None) if method == "head" else None)
    return found or getattr(view_class, "dispatch_request", view)


def no_reply(status: Any = None) -> ReplyError:
    """The error for a reply of None; it names the handler's last line where a host knows it.

    Parameters
    ----------
    status:
        The status that came with it in a tuple.
    """
    who, function = replier()
    if status is not None:
        return ReplyError(f"{who} returned a tuple whose body is None.", f'An empty body is text:  "", {status}')
    detail = hosting.explain_no_reply(function) if hosting.explain_no_reply and function is not None else None
    if detail is None:
        detail = "It ended without a return statement, or returned None."
    error = ReplyError(f"{who} answered None, which is no reply. {detail}")
    error.show = lambda lines: None  # type: ignore[method-assign]
    return error


def not_a_reply(reply: Any, why: str = "") -> ReplyError:
    """The error for a value that is no reply; ``why`` is what Werkzeug has against it."""
    said = f"{replier()[0]} returned {_kind(reply)}{f': {why}' if why else ''}."
    return ReplyError(said, _cure(reply))


def bad_tuple(reply: tuple[Any, ...]) -> ReplyError:
    """The error for a tuple of another length than two or three."""
    return ReplyError(f"{replier()[0]} returned a tuple of {len(reply)}.", _TUPLES)


def bad_status(status: Any) -> ReplyError:
    """The error for what stands in a status' place and is none (RFC 9110, section 15)."""
    return ReplyError(
        f"{replier()[0]} returned {status!r}, which is no status.",
        f'A status is a number of three digits, such as 404, or "404 NOT FOUND". {_TUPLES}',
    )


def bad_headers(headers: Any) -> ReplyError:
    """The error for what stands in the headers' place and is none."""
    said = f"{replier()[0]} returned {headers!r} as headers."
    return ReplyError(said, f'Headers are a dict: {{"X-Name": "value"}}. {_TUPLES}')


def no_response(function: Any) -> ReplyError:
    """The error for an after_request function that returned None."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return ReplyError(
        f"The after_request function {_name(function)!r} returned None, and must return the response.",
        "Add the line `return response`.",
        place=None if code is None else (code.co_filename, code.co_firstlineno, code.co_name),
    )


def bad_piece(piece: Any, source: Iterable[Any]) -> ReplyError:
    """The error for a piece of a streamed body that is neither text nor bytes; it names the generator's own line."""
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
    """The error for a value that JSON cannot hold.

    Parameters
    ----------
    value:
        The whole value.
    error:
        What the encoder had against it.
    dumps:
        Writes one value, or raises: it says what this app's JSON can hold.
    """
    found = next(_strange(value, dumps, "", 0), None)
    if found is None:
        return NoJson(f"{error}.")
    path, what, cure = found
    held = f"{path or 'it'} is {what}."
    refused = NoJson(f"{error}: {held}", cure)
    refused.held = held
    return refused


def no_session(items: dict[str, Any], error: TypeError, dumps: Any) -> TypeError:
    """The error for a session that its cookie, which is JSON, cannot hold; the parameters are those of above."""
    found = next(_strange(items, dumps, "session", 0), None)
    refused = TypeError(f"{error}: {found[0]} is {found[1]}." if found else str(error))
    key = re.match(r"session\[(['\"])(.*?)\1\]", found[0]) if found else None
    if key is not None:
        refused.place = _line_that_keeps(key[2])  # type: ignore[attr-defined]
    return refused


def _line_that_keeps(key: str) -> tuple[str, int, str] | None:
    """The handler's last line that names a key of the session: its file, number and function; None without one."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function := replier()[1]) else None
    if code is None:
        return None
    named = re.compile(rf"\bsession\b.*['\"]{re.escape(key)}['\"]|\bsession\b.*\b{re.escape(key)}\s*=")
    lines = sorted({line for _, _, line in code.co_lines() if line})
    kept = [line for line in lines if named.search(linecache.getline(code.co_filename, line))]
    return (code.co_filename, kept[-1], code.co_name) if kept else None


def json_cure(kind: str) -> str:
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


def _strange(value: Any, dumps: Any, path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """Where a value holds what JSON does not know: its path, what it is, and the cure."""
    if depth > _DEPTH:
        yield path[:40] + "…", "nested without end, or holds itself", "Copy what is to be sent, without the ring."
    elif isinstance(value, Mapping):
        keys = {type(key).__name__ for key in value}
        for key in value:
            if not isinstance(key, str | int | float | bool | type(None)):
                yield path, f"a dict with the key {key!r}", "A key is text: make it so, such as  str(key)"
        if "str" in keys and len(keys) > 1:
            said = f"a dict whose keys are of several kinds ({', '.join(sorted(keys))})"
            yield path, said, "Make all of them text:  str(key)"
        for key, one in value.items():
            yield from _strange(one, dumps, f"{path}[{key!r}]", depth + 1)
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from _strange(one, dumps, f"{path}[{index}]", depth + 1)
    else:
        try:
            dumps(value)
        except (TypeError, ValueError):
            yield path, _kind(value), json_cure(type(value).__name__)


def explain(error: Exception) -> None:
    """Add the handler's lines to a failure of the current request, where it is about a reply or a call."""
    who, function = replier()
    if isinstance(error, ReplyError):
        lines = hosting.reply_lines(function) if hosting.reply_lines and function is not None else None
        if lines and error.place is None and not _passes(error, function):
            if isinstance(error, NoJson):
                error.message = f"{who} returned what JSON cannot hold: {error.held or error.message}"
            error.show(lines)
    elif type(error) is TypeError and function is not None and not _passes(error, function):
        _explain_call(error, function)


def _explain_call(error: TypeError, function: Any) -> None:
    """Say what a rule gives, where its handler could not be called with that."""
    context = current_request_context()
    code = getattr(inspect.unwrap(function), "__code__", None)
    if context is None or context._replier is not None or code is None:
        return
    values = context.view_args or {}
    try:
        inspect.signature(function).bind(**values)
    except TypeError:
        given = ", ".join(f"`{name}`" for name in values) or "no values"
        rule = context.url_rule.rule if context.url_rule is not None else "The rule"
        write = f"def {code.co_name}({', '.join(values)}):"
        error.args = (f"{error}. {rule} gives {given}. Write:  {write}",)
        error.place = (code.co_filename, code.co_firstlineno, code.co_name)  # type: ignore[attr-defined]


def _passes(error: BaseException, function: Any) -> bool:
    """Whether an exception came up through the function's own code."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return code is not None and any(frame.f_code is code for frame, _ in walk_tb(error.__traceback__))


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _awaited(reply: Any) -> str:
    """What to write for an async function that was called and not awaited. The body of a cell may await as it is, and
    so may a handler that is async."""
    function = replier()[1]
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    said = f"Its function is async, and was not awaited. Write  await {reply.__name__}(…)"
    if code is None or code.co_flags & inspect.CO_COROUTINE:
        return said
    if code.co_firstlineno == 1 and linecache.getline(code.co_filename, 1).startswith("%%"):
        return said
    return f"{said}  and  async def {code.co_name}(…)"


def _kind(reply: Any) -> str:
    kind = type(reply).__name__
    if isinstance(reply, FunctionType | MethodType):
        return f"the function `{_name(reply)}` itself"
    shown = repr(reply)
    article = "an" if kind[:1].lower() in "aeio" else "a"
    # A set has another order in each run.
    is_short = (
        len(shown) <= 40 and " at 0x" not in shown and not (isinstance(reply, set | frozenset) and len(reply) > 1)
    )
    return f"{article} {kind}" + (f" ({shown})" if is_short else "")


def _cure(reply: Any) -> str:
    if inspect.iscoroutine(reply):
        return _awaited(reply)
    if isinstance(reply, FunctionType | MethodType):
        return f"Call it:  {_name(reply)}(…)"
    if isinstance(reply, type):
        return f"Make one:  {reply.__name__}(…)"
    if isinstance(reply, numbers.Number):
        return 'A number goes as text or in a dict:  str(…)  or  {"value": …}'
    if isinstance(reply, set | frozenset):
        return "A set has no form in JSON, a list has:  list(…)"
    return ACCEPTED


# -- errors of debug mode: what was probably forgotten ---------------------------------------------------------------


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
