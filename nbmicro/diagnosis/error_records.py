"""Exceptions as they are shown: the user's own frames, deterministic labels, the next step."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from traceback import walk_tb
from typing import TYPE_CHECKING, TypeGuard

from nbmicro.diagnosis.user_code import FrameLabels, is_users, label_of, users_frames
from nbmicro.errors import NbmicroError
from nbmicro.exchange.records import ErrorRecord, Frame

if TYPE_CHECKING:
    from jinja2 import TemplateSyntaxError


#: Characters of a message that are kept.
MESSAGE_LIMIT = 4000
#: Causes that are followed.
CAUSE_LIMIT = 4
#: Exceptions of a group that are shown.
GROUP_LIMIT = 5
#: Frames that are kept; of more, the first and the last ones.
FRAME_LIMIT = 8
#: Frames that call one another in a ring, at most.
RING_LIMIT = 4

_ADDRESS = re.compile(r"\bat 0x[0-9A-Fa-f]{4,}")
_TEMPLATE = re.compile(r"<template .+>")
_THREAD = re.compile(r"\bthread id \d+")

#: File name, line and function of a frame.
_Location = tuple[str, int, str]


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
    # Loaded with the first failure only: it needs the names of the core.
    from nbmicro.diagnosis.exception_hints import exception_hint

    message, hint = _message(error), error.hint if isinstance(error, NbmicroError) else exception_hint(error)
    if hint and message.startswith("Working outside of "):
        message = message.partition("\n")[0]  # the hint of another framework does not help here
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if depth == 0 or (cause is not None and _is_passing(cause)):
        cause = None
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return ErrorRecord(
        type=type(error).__name__,
        message=message,
        frames=_frames(error, frame_labels),
        hint=hint,
        cause=_record(cause, frame_labels, depth - 1) if cause is not None else None,
        parts=tuple(_record(part, frame_labels, 0) for part in parts[:GROUP_LIMIT]),
    )


def _is_passing(cause: BaseException) -> bool:
    """A context that explains nothing: an end of iteration, or a failed look-up inside a library."""
    if isinstance(cause, (StopIteration, GeneratorExit)):
        return True
    files = [frame.f_code.co_filename for frame, _ in walk_tb(cause.__traceback__)]
    return not files or not is_users(files[-1])


def _is_template_error(error: BaseException) -> TypeGuard[TemplateSyntaxError]:
    """Whether a template cannot be read. Where Jinja2 was not loaded there is no such error, nor is it loaded here."""
    jinja = sys.modules.get("jinja2")
    return jinja is not None and isinstance(error, jinja.TemplateSyntaxError)


def _message(error: BaseException) -> str:
    if isinstance(error, NbmicroError):
        text = f"{error.place}: {error.message}" if error.place else error.message
    elif isinstance(error, SyntaxError):
        text = error.msg or ""
    elif _is_template_error(error):
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
    locations: list[_Location] = []
    for users, line in users_frames(error):
        # A template that cannot be read has no frame of its own yet; Jinja makes one up, and its place comes below.
        if not (_is_template_error(error) and "__jinja_exception__" in users.f_globals):
            locations.append((users.f_code.co_filename, line, users.f_code.co_name))
    written = getattr(error, "place", None)
    if isinstance(written, tuple) and not locations:
        locations.append(written)
    frames = [
        _frame(filename, line, function, frame_labels, more=more)
        for (filename, line, function), more in _folded(locations)
    ]
    named = _named_location(error, frame_labels)
    if named is not None and (not frames or (frames[-1].label, frames[-1].line) != (named.label, named.line)):
        frames.append(named)
    if len(frames) > FRAME_LIMIT:
        cut = len(frames) - FRAME_LIMIT
        middle = frames[FRAME_LIMIT // 2 - 1]
        frames[FRAME_LIMIT // 2 - 1 : -FRAME_LIMIT // 2] = [replace(middle, more=f"{cut} more frames")]
    return tuple(frames)


def _installed_frame(error: BaseException) -> tuple[Frame, ...]:
    """The innermost frame of a package that is neither a framework nor of the standard library."""
    from nbmicro.foreign.known import is_framework

    innermost: tuple[Frame, ...] = ()
    for frame, line in walk_tb(error.__traceback__):
        code = frame.f_code
        if not code.co_filename.startswith("<") and not is_framework(str(frame.f_globals.get("__name__", ""))):
            innermost = (_frame(code.co_filename, line, code.co_name, None),)
    return innermost


def _folded(locations: Sequence[_Location]) -> list[tuple[_Location, str]]:
    """The frames with every ring of repeated ones once, and how often it goes on behind its last."""
    folded: list[tuple[_Location, str]] = []
    start = 0
    while start < len(locations):
        length, times = _ring(locations, start)
        folded += [(location, "") for location in locations[start : start + length]]
        if times > 1:
            # How deep a recursion goes depends on what runs around it, so that no great number is given.
            often = f"{times - 1} more times" if times < 50 else "again and again"
            these = "" if length == 1 else f"these {length} calls "
            folded[-1] = (folded[-1][0], f"{these}{often}")
        start += length * times
    return folded


def _ring(locations: Sequence[_Location], start: int) -> tuple[int, int]:
    """The shortest ring that begins at ``start`` and how often it goes round: once is no ring."""
    for length in range(1, RING_LIMIT + 1):
        ring = locations[start : start + length]
        times = 1
        while locations[start + times * length : start + (times + 1) * length] == ring:
            times += 1
        if times > 2:
            return length, times
    return 1, 1


def is_template_of_cell(filename: str) -> bool:
    """Whether a file is a template that a cell holds: its lines begin below the cell's first one, and are counted as
    the cell's editor counts them, one more."""
    return bool(_TEMPLATE.match(filename)) and linecache.getline(filename, 1).startswith("%%")


def _frame(
    filename: str, line: int, function: str, frame_labels: FrameLabels | None, source: str = "", more: str = ""
) -> Frame:
    if is_template_of_cell(filename):
        line += 1
        label = f"%%{filename[1:-1]}"
        return Frame(label, line, "", linecache.getline(filename, line).strip(), more)
    source = source or linecache.getline(filename, line)
    function = "" if function in {"<module>", "top-level template code"} else function
    return Frame(label_of(filename, frame_labels), line, function, source.strip(), more)


def _named_location(error: BaseException, frame_labels: FrameLabels | None) -> Frame | None:
    """The location that an error in a source text names: a template's or a module's line that cannot be read."""
    if _is_template_error(error):
        lines = (error.source or "").splitlines()
        source = lines[error.lineno - 1].strip() if 0 < error.lineno <= len(lines) else ""
        return Frame(error.name or label_of(error.filename or "<template>"), error.lineno, "", source)
    if isinstance(error, SyntaxError) and error.filename and error.lineno and is_users(error.filename):
        return _frame(error.filename, error.lineno, "", frame_labels, error.text or "")
    return None
