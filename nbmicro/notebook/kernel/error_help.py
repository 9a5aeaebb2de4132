"""What a notebook adds to the errors that a person meets: the handler's own lines, a hint, and no frames of nbmicro."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from nbmicro.errors import NbmicroError

#: Lines of return values that are shown.
LINES = 3
_FRAMEWORK = ("nbmicro", "werkzeug", "jinja2", "flask")


def explain_none(handler: Any, is_cell: Callable[[str], bool]) -> str | None:
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
    """The lines where a handler returns, with their numbers; None where its text is not known."""
    from nbmicro.cells import handler_lines

    lines = handler_lines.return_lines(handler)
    if not lines or len(lines) > LINES:
        return None
    numbers = " or ".join(str(line.line) for line in lines)
    where = f"line {numbers} of {_place(handler, is_cell)}"
    return "\n".join([f"It returns in {where}:", *(line.excerpt for line in lines)])


def _place(handler: Any, is_cell: Callable[[str], bool]) -> str:
    """``the cell``, or the name of the module's file."""
    code = getattr(inspect.unwrap(handler) if callable(handler) else handler, "__code__", None)
    filename = str(getattr(code, "co_filename", ""))
    return "the cell" if not filename or is_cell(filename) else os.path.basename(filename)


def prepare(error: BaseException) -> None:
    """Prepare an exception of a plain cell for being shown: without frames of nbmicro, with a hint as a note.

    Frames of other libraries stay, unless they lead into nbmicro or come from it; an exception that never was in
    nbmicro keeps all. A connection that nobody answered is shown without the ways through its client.
    """
    from nbmicro.diagnosis.exception_hints import exception_hint

    if isinstance(error, NbmicroError):
        return
    hint = exception_hint(error)
    if hint is not None and hint not in getattr(error, "__notes__", ()):
        error.add_note(hint)
    if isinstance(error, OSError) and hint is not None:
        error.__cause__, error.__suppress_context__ = None, True
    frames = list(_frames(error.__traceback__))
    if hint is not None:
        # Where we know what would do, the way through another library says no more.
        frames = [frame for frame in frames if _is_users(frame) or _package(frame) == "IPython"]
    elif any(_package(frame) == "nbmicro" for frame in frames):
        frames = [frame for frame in frames if _package(frame) not in _FRAMEWORK]
    if frames:
        for frame, following in zip(frames, [*frames[1:], None], strict=True):
            frame.tb_next = following
        error.__traceback__ = frames[0]


def users_trace(trace: TracebackType | None) -> TracebackType | None:
    """A copy of a traceback with the user's own frames; the whole one where it has none."""
    from nbmicro.diagnosis.error_records import is_template_of_cell

    copied: TracebackType | None = None
    for frame in reversed([frame for frame in _frames(trace) if _is_users(frame)]):
        line = frame.tb_lineno + is_template_of_cell(frame.tb_frame.f_code.co_filename)
        copied = TracebackType(copied, frame.tb_frame, frame.tb_lasti, line)
    return copied or trace


def _frames(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _package(frame: TracebackType) -> str:
    return str(frame.tb_frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_users(frame: TracebackType) -> bool:
    from nbmicro.diagnosis.user_code import is_users

    return is_users(frame.tb_frame.f_code.co_filename)
