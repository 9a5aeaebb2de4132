"""Exceptions as they are shown: the user's own frames, deterministic labels, the next step.

What lives here: from an exception to a frozen :class:`ErrorRecord`. What must not: catching exceptions, drawing them.
"""

from __future__ import annotations

import linecache
import re
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, TypeGuard

from nbmicro.errors import NbmicroError
from nbmicro.exchange.parts import ErrorRecord, Frame
from nbmicro.exchange.places import FrameLabels, is_users, label_of

if TYPE_CHECKING:
    from jinja2 import TemplateSyntaxError

__all__ = ["error_record"]

#: Characters of a message that are kept.
MESSAGE_LIMIT = 4000
#: Causes that are followed.
CAUSE_LIMIT = 4
#: Frames that are kept; of a recursion the first and the last ones.
FRAME_LIMIT = 20

_ADDRESS = re.compile(r"\bat 0x[0-9A-Fa-f]{4,}")
_LOCAL = re.compile(r"local variable '(\w+)'")
# A cell that declares a route: `<GET /count>`, `<GET,POST /login>`.
_ROUTE_CELL = re.compile(r"<[A-Z,]+ /")


def error_record(error: BaseException, frame_labels: FrameLabels | None = None) -> ErrorRecord:
    """The record of an exception.

    Parameters
    ----------
    error:
        The exception, with its traceback. Frames of nbmicro, of the standard library and of installed packages are left
        out; those of Jinja templates stay.
    frame_labels:
        The host's names of files, by which a notebook's cells are called.
    """
    return _record(error, frame_labels, CAUSE_LIMIT)


def _record(error: BaseException, frame_labels: FrameLabels | None, depth: int) -> ErrorRecord:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told = depth > 0 and cause is not None and not _is_passing(cause)
    return ErrorRecord(
        type=type(error).__name__,
        message=_message(error),
        frames=_frames(error, frame_labels),
        hint=_hint(error),
        cause=_record(cause, frame_labels, depth - 1) if told and cause is not None else None,
    )


def _is_passing(cause: BaseException) -> bool:
    """A context that explains nothing: an end of iteration, or a failed look-up inside a library."""
    if isinstance(cause, (StopIteration, GeneratorExit)):
        return True
    innermost = _innermost(cause.__traceback__)
    return innermost is None or not is_users(innermost.f_code.co_filename)


def _is_template_fault(error: BaseException) -> TypeGuard[TemplateSyntaxError]:
    """Whether a template cannot be read. Where Jinja2 was not loaded there is no such error, nor is it loaded here."""
    jinja = sys.modules.get("jinja2")
    return jinja is not None and isinstance(error, jinja.TemplateSyntaxError)


def _message(error: BaseException) -> str:
    if isinstance(error, NbmicroError):
        text = f"{error.place}: {error.message}" if error.place else error.message
    elif isinstance(error, SyntaxError):
        text = error.msg or ""
    elif _is_template_fault(error):
        text = error.message or ""
    else:
        try:
            text = str(error)
        except Exception as second:
            text = f"(its message cannot be read: {type(second).__name__})"
    notes = getattr(error, "__notes__", ())
    text = "\n".join([text, *(str(note) for note in notes)]) if isinstance(notes, list) else text
    return _ADDRESS.sub("at 0x…", text if len(text) <= MESSAGE_LIMIT else text[:MESSAGE_LIMIT] + " …")


def _frames(error: BaseException, frame_labels: FrameLabels | None) -> tuple[Frame, ...]:
    frames: list[Frame] = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        # A template that cannot be read has no frame of its own yet; Jinja makes one up, and its place is told below.
        made_up = _is_template_fault(error) and "__jinja_exception__" in traceback.tb_frame.f_globals
        if is_users(code.co_filename) and not made_up:
            frames.append(_frame(code.co_filename, traceback.tb_lineno, code.co_name, frame_labels))
        traceback = traceback.tb_next
    place = _written_place(error, frame_labels)
    if place is not None and (not frames or (frames[-1].label, frames[-1].line) != (place.label, place.line)):
        frames.append(place)
    if len(frames) > FRAME_LIMIT:
        frames[FRAME_LIMIT // 2 : -FRAME_LIMIT // 2] = []
    return tuple(frames)


def _frame(filename: str, line: int, function: str, frame_labels: FrameLabels | None, source: str = "") -> Frame:
    source = source or linecache.getline(filename, line)
    function = "" if function in {"<module>", "top-level template code"} else function
    return Frame(label_of(filename, frame_labels), line, function, source.strip())


def _written_place(error: BaseException, frame_labels: FrameLabels | None) -> Frame | None:
    """The place that an error in a source text names: a template's or a module's line that cannot be read."""
    if _is_template_fault(error):
        lines = (error.source or "").splitlines()
        source = lines[error.lineno - 1].strip() if 0 < error.lineno <= len(lines) else ""
        return Frame(error.name or label_of(error.filename or "<template>"), error.lineno, "", source)
    if isinstance(error, SyntaxError) and error.filename and error.lineno and is_users(error.filename):
        return _frame(error.filename, error.lineno, "", frame_labels, error.text or "")
    return None


def _innermost(traceback: TracebackType | None) -> FrameType | None:
    frame = None
    while traceback is not None:
        frame, traceback = traceback.tb_frame, traceback.tb_next
    return frame


def _hint(error: BaseException) -> str | None:
    if isinstance(error, NbmicroError):
        return error.hint
    if isinstance(error, UnboundLocalError):
        frame, found = _innermost(error.__traceback__), _LOCAL.search(str(error))
        if frame and found and _ROUTE_CELL.match(frame.f_code.co_filename) and found[1] in frame.f_globals:
            name = found[1]
            return (
                "A name assigned in a %%route cell is the handler's own. "
                f"To change the notebook's `{name}`, begin the cell with `global {name}`."
            )
    return None
