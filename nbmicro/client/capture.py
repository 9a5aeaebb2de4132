"""What a handler prints, warns, displays and logs, gathered per request.

Streams, a log handler and a warning hook that ask the current context whose request runs, so that
requests in several threads and tasks never mix. They are in place only while some request is captured, and what
stood there before comes back. Threads that a handler starts have a context of their own and are not captured.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Mapping
from contextvars import ContextVar, Token
from dataclasses import replace
from types import FrameType, TracebackType
from typing import Any

from nbmicro.diagnosis.user_code import FrameLabels, is_users, label_of
from nbmicro.exchange.records import LogLine, OutputPart, Stream
from nbmicro.web.figures import figure_owners

#: Characters that are kept of the end.
TAIL_LIMIT = 16 * 1024


def gap_line(lines: int) -> str:
    """The line that stands in a text where ``lines`` of it were let go; 0 for a piece of one line."""
    if lines < 1:
        return "… and more, which is not kept …"
    return f"… {lines:,} more line{'s, which are' if lines > 1 else ', which is'} not kept …"


class Overflow:
    """The end of a text, of which only the last :data:`TAIL_LIMIT` characters are kept, from a line's begin on."""

    __slots__ = ("_characters", "_lines", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self._lines = 0
        self._characters = 0

    def write(self, text: str) -> None:
        """Add text, and let go of the oldest where there is too much."""
        self._pieces.append(text)
        self._size += len(text)
        if self._size > 4 * TAIL_LIMIT:
            self._trim()

    def _trim(self) -> None:
        text = "".join(self._pieces)
        at = max(0, len(text) - TAIL_LIMIT)
        # From a line's begin on, unless that line is longer than half of what is kept.
        at = text.find("\n", at - 1, at + TAIL_LIMIT // 2) + 1 or at if at else 0
        self._lines += text.count("\n", 0, at)
        self._characters += at
        self._pieces, self._size = [text[at:]], len(text) - at

    def behind(self, head: str) -> tuple[str, int | None]:
        """The whole text with the ``head`` that was kept before it, and how many lines are missing between them: None
        where nothing is."""
        if self._size > TAIL_LIMIT:
            self._trim()
        tail = "".join(self._pieces)
        if not self._characters:
            return head + tail, None
        whole = not head or head.endswith("\n")
        # The first line end that is missing may be that of the head's own last line.
        lines = max(self._lines - (not whole), 0)
        return f"{head}{'' if whole else chr(10)}{gap_line(lines)}\n{tail}", lines


#: Characters of printed text that one exchange keeps, besides its last lines.
OUTPUT_LIMIT = 256 * 1024
#: Log records that one exchange keeps, and how many of these are its last ones.
LOG_LIMIT, LOG_TAIL = 1000, 100

#: The capture of the request that runs in this context.
current_capture: ContextVar[Capture | None] = ContextVar("nbmicro_capture", default=None)

# Apps of other frameworks have no request context of nbmicro's.
figure_owners.append(current_capture.get)

_EMIT = logging.StreamHandler.emit.__code__


class _Writer:
    """A text stream that keeps nothing of what is written to it."""

    __slots__ = ()

    def write(self, text: str) -> int:
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is held back."""


class Capture(_Writer):
    """What one request prints, displays and logs; a context manager that captures while it is entered.

    As a stream it is the ``wsgi.errors`` of the request (PEP 3333): that text is the exchange's, whatever thread
    writes it.

    Parameters
    ----------
    frame_labels:
        The host's names of files, for the place of a warning.
    """

    encoding = "utf-8"
    open = warned = False
    #: Lines of log records that were let go.
    unkept_log_lines = 0
    _room = OUTPUT_LIMIT
    # The writing of the last log record, where it finds no room: most often the record itself comes next.
    _held: tuple[tuple[Stream, str, logging.LogRecord], ...] = ()
    _token: Token[Capture | None] | None = None

    def __init__(self, frame_labels: FrameLabels | None = None) -> None:
        self.frame_labels = frame_labels
        #: Exceptions that log records carried, in order.
        self.logged_errors: list[BaseException] = []
        self._parts: list[tuple[Stream, str, Mapping[str, Any] | None, logging.LogRecord | None]] = []
        self._logs: list[tuple[LogLine, BaseException | None, str]] = []
        self._overflow: dict[Stream, Overflow] = {}

    def __enter__(self) -> Capture:
        self._token = current_capture.set(self)
        self.open = True
        _begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.open = False
        _end(self)
        if self._token is not None:
            current_capture.reset(self._token)
            self._token = None

    def write(self, text: str) -> int:
        self.keep("stderr", text, _written_record())
        return len(text)

    def keep(self, stream: Stream, text: str, record: logging.LogRecord | None = None) -> None:
        """Keep text of a stream. ``record`` is the log record that it is the writing of, if it is one."""
        if self._held and self._held[0][2] is not record:
            self._settle()
        if record is not None and (self._held or len(text) > self._room):
            self._held += ((stream, text, record),)
        else:
            self._append(stream, text, record)

    def _settle(self) -> None:
        """Keep the writing of a log record that did not come, as of a logger that does not propagate."""
        held, self._held = self._held, ()
        for stream, text, record in held:
            self._append(stream, text, record)

    def _append(self, stream: Stream, text: str, record: logging.LogRecord | None) -> None:
        if self._room <= 0 or len(text) > self._room:
            kept = text.rfind("\n", 0, max(self._room, 0)) + 1
            self._overflow.setdefault(stream, Overflow()).write(text[kept:])
            text, self._room = text[:kept], 0
            if not text:
                return
        else:
            self._room -= len(text)
        self._parts.append((stream, text, None, record))

    def display(self, bundle: Mapping[str, Any]) -> None:
        """Keep a MIME bundle that the handler displayed; a host's display hook calls this."""
        self._settle()
        text = str(bundle.get("text/plain", ""))
        self._parts.append(("display", f"{text}\n" if text else "", dict(bundle), None))

    def log(self, record: logging.LogRecord) -> None:
        """Keep a log record, and let go of the text that a stream handler made of it: it would be shown twice."""
        if self._held and self._held[0][2] is record:
            self._held = ()
        if not self._overflow:
            self._room += sum(len(part[1]) for part in self._parts if part[3] is record)
        self._parts = [part for part in self._parts if part[3] is not record]
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self.logged_errors.append(error)
        if getattr(record, "nbmicro_shown", False):
            return  # the exchange shows that failure itself
        line = LogLine(record.levelname, record.name, _message(record))
        self._logs.append((line, error, record.pathname))
        if len(self._logs) > LOG_LIMIT:
            unkept = self._logs.pop(LOG_LIMIT - LOG_TAIL)[0]
            self.unkept_log_lines += 1 + unkept.message.count("\n")

    def warn(self, message: Warning | str, category: type[Warning], filename: str, line: int) -> None:
        """Keep a warning, as text on stderr that names its place without a path."""
        self.warned = True
        place = label_of(filename, self.frame_labels)
        self.keep("stderr", f"{place}, line {line}: {category.__name__}: {message}\n")

    @property
    def output(self) -> tuple[OutputPart, ...]:
        """What was printed and displayed, in order; writes to one stream in a row are one part."""
        self._settle()
        parts: list[OutputPart] = []
        for stream, text, bundle, _ in self._parts:
            if bundle is None and parts and parts[-1].stream == stream and parts[-1].bundle is None:
                parts[-1] = OutputPart(stream, parts[-1].text + text)
            else:
                parts.append(OutputPart(stream, text, bundle))
        for name, rest in self._overflow.items():
            before = [number for number, part in enumerate(parts) if part.stream == name and part.bundle is None]
            at = before[-1] if before else len(parts)
            text, missing = rest.behind(parts[at].text if before else "")
            parts[at : at + 1] = [OutputPart(name, text, missing=missing)]
        return tuple(parts)

    def logs(self, without: BaseException | None = None) -> tuple[LogLine, ...]:
        """The log records in order, each with its exception, unless that is ``without``, which is shown elsewhere:
        of it only what the user's code logs is kept, not a framework's report."""
        return tuple(
            line
            if error is None or error is without
            else replace(line, message=f"{line.message} ({type(error).__name__}: {error})")
            for line, error, place in self._logs
            if error is None or error is not without or is_users(place)
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was printed, displayed or logged."""
        return not (self._parts or self._held or self._overflow or self._logs)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # Arguments that do not fit their format; logging itself would report this on stderr, with paths.
        return f"{record.msg!s} {record.args!r}"


def _written_record() -> logging.LogRecord | None:
    """The log record that a stream handler is just writing to the caller, itself or through one stream."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(2):
        if frame is None:
            return None
        if frame.f_code is _EMIT:
            record = frame.f_locals.get("record")
            return record if isinstance(record, logging.LogRecord) else None
        frame = frame.f_back
    return None


class _Routed(_Writer):
    """A stream that gives text to the capture of its context, or to the stream that it stands in for."""

    def __init__(self, stream: Stream) -> None:
        #: What the stream stands for while it is in place.
        self.target: Any = None
        self._stream: Stream = stream

    def standing_for(self, target: Any) -> Any:
        """Itself, in the place of ``target``; a process without that stream keeps none."""
        if target is None or target is self:
            return target
        self.target = target
        return self

    def write(self, text: str) -> int:
        captured = current_capture.get()
        if captured is None or not captured.open:
            written: int = self.target.write(text)
            return written
        captured.keep(self._stream, text, _written_record())
        return len(text)

    def flush(self) -> None:
        # What was captured is kept already.
        if current_capture.get() is None:
            self.target.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)


class _CopyingHandler(logging.Handler):
    """Copies the root logger's records to the capture of their context; other handlers get theirs as ever."""

    def emit(self, record: logging.LogRecord) -> None:
        captured = current_capture.get()
        if captured is not None and captured.open:
            captured.log(record)


_lock = threading.Lock()
#: The captures that are entered, each with its thread.
entered: dict[Capture, int] = {}
_stdout = _Routed("stdout")
_stderr = _Routed("stderr")
_handler = _CopyingHandler()
# Where the text of a warning goes that is kept already.
_sink: Any = _Writer()
_showwarning: Any = None


def _show_warning(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
    captured = current_capture.get()
    if captured is not None and captured.open and file is None:
        captured.warn(message, category, filename, lineno)
        # Whoever records warnings (a test does) still gets it; without a recorder the text goes nowhere.
        file = _sink
    (_showwarning or warnings.showwarning)(message, category, filename, lineno, file, line)


def _begin(captured: Capture) -> None:
    global _showwarning
    with _lock:
        entered[captured] = threading.get_ident()
        if len(entered) > 1:
            return
        sys.stdout = _stdout.standing_for(sys.stdout)
        sys.stderr = _stderr.standing_for(sys.stderr)
        # Without logging's own lock, for its price: one append is one step of the interpreter.
        logging.root.handlers.append(_handler)
        if warnings.showwarning is not _show_warning:
            _showwarning, warnings.showwarning = warnings.showwarning, _show_warning


def _end(captured: Capture) -> None:
    with _lock:
        if captured.warned:
            # Python shows a warning once for each place; a request that is sent again warns again.
            with warnings.catch_warnings():
                pass
        if len(entered) > 1 or captured not in entered:
            entered.pop(captured, None)
            return
        if sys.stdout is _stdout:
            sys.stdout = _stdout.target
        if sys.stderr is _stderr:
            sys.stderr = _stderr.target
        if _handler in logging.root.handlers:
            logging.root.handlers.remove(_handler)
        if warnings.showwarning is _show_warning:
            warnings.showwarning = _showwarning
        del entered[captured]


def leave_captures() -> None:
    """Leave every capture of this thread, for a host that knows that no request is answered in it: an interrupt may
    have come just before it was left."""
    here = threading.get_ident()
    for captured in [captured for captured, ident in list(entered.items()) if ident == here]:
        captured.open = False
        _end(captured)
    current_capture.set(None)
