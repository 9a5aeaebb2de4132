"""Exceptions as they are shown: the user's own frames, deterministic labels, the next step."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, TypeGuard

from nbmicro.diagnosis.user_code import FrameLabels, is_users, label_of
from nbmicro.errors import NbmicroError
from nbmicro.exchange.records import ErrorRecord, Frame

if TYPE_CHECKING:
    from jinja2 import TemplateSyntaxError


#: Characters of a message that are kept.
MESSAGE_LIMIT = 4000
#: Causes that are followed.
CAUSE_LIMIT = 4
#: Exceptions of a group that are told.
GROUP_LIMIT = 5
#: Frames that are kept; of more, the first and the last ones.
FRAME_LIMIT = 8
#: Frames that call one another in a ring, at most.
RING_LIMIT = 4

_ADDRESS = re.compile(r"\bat 0x[0-9A-Fa-f]{4,}")
_TEMPLATE = re.compile(r"<template .+>")
_THREAD = re.compile(r"\bthread id \d+")

#: File name, line and function of a frame.
_Place = tuple[str, int, str]


def error_record(
    error: BaseException, frame_labels: FrameLabels | None = None, *, somewhere: bool = False
) -> ErrorRecord:
    """The record of an exception.

    Parameters
    ----------
    error:
        The exception, with its traceback. Frames of nbmicro, of the standard library and of installed packages are left
        out; those of Jinja templates stay.
    frame_labels:
        The host's names of files, by which a notebook's cells are called.
    somewhere:
        Whether an exception that passed through none of the user's frames shows the innermost one of an installed
        package that is no framework's.
    """
    record = _record(error, frame_labels, CAUSE_LIMIT)
    if somewhere and not record.frames:
        return replace(record, frames=_installed_frame(error))
    return record


def _record(error: BaseException, frame_labels: FrameLabels | None, depth: int) -> ErrorRecord:
    # What to do is asked for with the first failure only: it needs the names of the core.
    from nbmicro.diagnosis.exception_hints import cure_of

    message, hint = _message(error), error.hint if isinstance(error, NbmicroError) else cure_of(error)
    if hint and message.startswith("Working outside of "):
        message = message.partition("\n")[0]  # the advice of another framework does not help here
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told = depth > 0 and cause is not None and not _is_passing(cause)
    return ErrorRecord(
        type=type(error).__name__,
        message=message,
        frames=_frames(error, frame_labels),
        hint=hint,
        cause=_record(cause, frame_labels, depth - 1) if told and cause is not None else None,
        parts=tuple(_record(part, frame_labels, 0) for part in _parts(error)[:GROUP_LIMIT]),
    )


def _parts(error: BaseException) -> Sequence[BaseException]:
    """The exceptions of a group."""
    return error.exceptions if isinstance(error, BaseExceptionGroup) else ()


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
    text = _ADDRESS.sub("at 0x…", text if len(text) <= MESSAGE_LIMIT else text[:MESSAGE_LIMIT] + " …")
    return _THREAD.sub("thread …", text)


def _frames(error: BaseException, frame_labels: FrameLabels | None) -> tuple[Frame, ...]:
    places: list[_Place] = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        # A template that cannot be read has no frame of its own yet; Jinja makes one up, and its place is told below.
        made_up = _is_template_fault(error) and "__jinja_exception__" in traceback.tb_frame.f_globals
        if is_users(code.co_filename) and not made_up:
            places.append((code.co_filename, traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    written = getattr(error, "place", None)
    if isinstance(written, tuple) and not places:
        places.append(written)
    frames = [
        _frame(filename, line, function, frame_labels, more=more)
        for (filename, line, function), more in _folded(places)
    ]
    place = _written_place(error, frame_labels)
    if place is not None and (not frames or (frames[-1].label, frames[-1].line) != (place.label, place.line)):
        frames.append(place)
    if len(frames) > FRAME_LIMIT:
        cut = len(frames) - FRAME_LIMIT
        middle = frames[FRAME_LIMIT // 2 - 1]
        frames[FRAME_LIMIT // 2 - 1 : -FRAME_LIMIT // 2] = [replace(middle, more=f"{cut} more frames")]
    return tuple(frames)


def _installed_frame(error: BaseException) -> tuple[Frame, ...]:
    """The innermost frame of a package that is neither a framework nor of the standard library."""
    from nbmicro.frameworks.known import is_framework

    found: tuple[Frame, ...] = ()
    traceback = error.__traceback__
    while traceback is not None:
        code, names = traceback.tb_frame.f_code, traceback.tb_frame.f_globals
        if not code.co_filename.startswith("<") and not is_framework(str(names.get("__name__", ""))):
            found = (_frame(code.co_filename, traceback.tb_lineno, code.co_name, None),)
        traceback = traceback.tb_next
    return found


def _folded(places: Sequence[_Place]) -> list[tuple[_Place, str]]:
    """The frames with every ring of repeated ones told once, and how often it goes on behind its last."""
    folded: list[tuple[_Place, str]] = []
    start = 0
    while start < len(places):
        length, times = _ring(places, start)
        folded += [(place, "") for place in places[start : start + length]]
        if times > 1:
            # How deep a recursion goes depends on what runs around it, so that no great number is told.
            often = f"{times - 1} more times" if times < 50 else "again and again"
            these = "" if length == 1 else f"these {length} calls "
            folded[-1] = (folded[-1][0], f"{these}{often}")
        start += length * times
    return folded


def _ring(places: Sequence[_Place], start: int) -> tuple[int, int]:
    """The shortest ring that begins at ``start`` and how often it goes round: once is no ring."""
    for length in range(1, RING_LIMIT + 1):
        ring = places[start : start + length]
        times = 1
        while places[start + times * length : start + (times + 1) * length] == ring:
            times += 1
        if times > 2:
            return length, times
    return 1, 1


def _frame(
    filename: str, line: int, function: str, frame_labels: FrameLabels | None, source: str = "", more: str = ""
) -> Frame:
    if _TEMPLATE.match(filename) and linecache.getline(filename, 1).startswith("%%"):
        # A template's lines begin below the cell's first one; the cell's are those that its editor counts.
        line += 1
        label = f"%%{filename[1:-1]}"
        return Frame(label, line, "", linecache.getline(filename, line).strip(), more)
    source = source or linecache.getline(filename, line)
    function = "" if function in {"<module>", "top-level template code"} else function
    return Frame(label_of(filename, frame_labels), line, function, source.strip(), more)


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
