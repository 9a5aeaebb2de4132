"""What a notebook knows of the errors that a person meets: the handler's own lines, and what to do in a plain cell."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from nbmicro.errors import NbmicroError

#: Lines of replies that are shown.
LINES = 3
_OURS = ("nbmicro", "werkzeug", "jinja2", "flask")


def explain_no_reply(handler: Any, is_cell: Callable[[str], bool]) -> str | None:
    """The last line of a handler that answered None, and what to write there; None where its text is not known.

    Parameters
    ----------
    handler:
        The handler.
    is_cell:
        Whether a file name is that of a cell.
    """
    from nbmicro.cells.handler_lines import last_line

    last = last_line(handler)
    if last is None:
        return None
    where = f"line {last.line} of {_place(handler, is_cell)}"
    return f"Its last line ({where}) is {last.explained}:\n{last.excerpt}      {last.hint}"


def return_lines(handler: Any, is_cell: Callable[[str], bool]) -> str | None:
    """The lines where a handler replies, with their numbers; None where its text is not known."""
    from nbmicro.cells import handler_lines

    lines = handler_lines.return_lines(handler)
    if not lines or len(lines) > LINES:
        return None
    numbers = " or ".join(str(one.line) for one in lines)
    where = f"line {numbers} of {_place(handler, is_cell)}"
    return "\n".join([f"It replies in {where}:", *(one.excerpt for one in lines)])


def _place(handler: Any, is_cell: Callable[[str], bool]) -> str:
    """``the cell``, or the name of the module's file."""
    code = getattr(inspect.unwrap(handler) if callable(handler) else handler, "__code__", None)
    filename = str(getattr(code, "co_filename", ""))
    return "the cell" if not filename or is_cell(filename) else os.path.basename(filename)


def tidy_traceback(error: BaseException) -> None:
    """Prepare an exception of a plain cell for being shown: without frames of nbmicro, with what would do as a note.

    Frames of other libraries stay, unless they lead into nbmicro or come from it; an exception that never was in
    nbmicro keeps all. A connection that nobody answered is told without the ways through its client.
    """
    from nbmicro.diagnosis.exception_hints import exception_hint

    if isinstance(error, NbmicroError):
        return
    trace = error.__traceback__
    cure = exception_hint(error)
    if cure is not None and cure not in getattr(error, "__notes__", ()):
        error.add_note(cure)
    # Where we know what would do, the way through another library says no more.
    refused = cure is not None
    if isinstance(error, OSError) and refused:
        error.__cause__, error.__suppress_context__ = None, True
    packages = [_package(one) for one in _each(trace)]
    if not refused and "nbmicro" not in packages:
        return
    own = [one for one in _each(trace) if _is_own(one, every=refused)]
    if own:
        for one, following in zip(own, [*own[1:], None], strict=True):
            one.tb_next = following
        error.__traceback__ = own[0]


def users_trace(trace: TracebackType | None) -> TracebackType | None:
    """A copy of a traceback with the user's own frames; the whole one where it has none."""
    from nbmicro.diagnosis.user_code import is_users

    own = [one for one in _each(trace) if is_users(one.tb_frame.f_code.co_filename)]
    if not own:
        return trace
    copied: TracebackType | None = None
    for one in reversed(own):
        copied = TracebackType(copied, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return copied


def _each(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _package(trace: TracebackType) -> str:
    return str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_own(trace: TracebackType, *, every: bool) -> bool:
    if every:
        from nbmicro.diagnosis.user_code import is_users

        name = trace.tb_frame.f_code.co_filename
        return is_users(name) or _package(trace) == "IPython"
    return _package(trace) not in _OURS
