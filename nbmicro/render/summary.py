"""Which parts of an exchange are shown, and what there is to say of it besides its body: decided once, as text.

Whoever draws an exchange begins with :func:`as_shown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from werkzeug.exceptions import default_exceptions
from werkzeug.utils import redirect

from nbmicro.client.capture import gap_line
from nbmicro.errors import OptionError
from nbmicro.exchange.records import SHOW_PARTS, CheckResult, ErrorRecord, ExchangeRecord
from nbmicro.exchange.secrets import redacted
from nbmicro.http.headers import CHANGING, MASK
from nbmicro.http.messages import ResponseRecord
from nbmicro.http.redirects import REDIRECTS
from nbmicro.printable import cut_line, did_you_mean, one_line, plain

_DEFAULT_PARTS = frozenset({"body", "checks"})


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What a rendering shows.

    Parameters
    ----------
    show:
        Parts of :data:`SHOW_PARTS`. The status line, Location, the names of cookies, what the handler printed and
        logged, an error and a failed check are shown whatever it says; with ``none`` nothing is.
    lines:
        Lines of a body that are shown before it is cut.
    secrets:
        Whether secret values are shown as they are.
    """

    show: frozenset[str] = _DEFAULT_PARTS
    lines: int = 40
    secrets: bool = False

    @classmethod
    def parse(cls, parts: str | Iterable[str]) -> RenderOptions:
        """Read ``--show``'s value: names with commas or spaces between.

        Raises :class:`~nbmicro.errors.OptionError` for a name that is none of :data:`SHOW_PARTS`.
        """
        names = [name for name in re.split(r"[,\s]+", parts if isinstance(parts, str) else " ".join(parts)) if name]
        for name in names:
            if name not in SHOW_PARTS:
                close = did_you_mean(name, SHOW_PARTS)
                raise OptionError(
                    f"`{name}` is no part of an exchange that can be shown" + (f"; `{close}` is." if close else "."),
                    hint=f"The parts: {' '.join(SHOW_PARTS)}",
                )
        if "all" in names:
            return cls(frozenset(SHOW_PARTS) - {"all", "none"})
        return cls(frozenset(names) or _DEFAULT_PARTS)

    @property
    def silent(self) -> bool:
        """Whether nothing is shown at all."""
        return self.show == {"none"}


#: Redirects that are shown each; of more, the first ones.
MOST_REDIRECTS, FIRST_REDIRECTS = 6, 3
#: Lines that are shown of what a handler printed, where it is longer than both.
FIRST_LINES = 30
LAST_LINES = 10
_CHANGING_HEADERS = frozenset({"date", "last-modified", "etag", "expires"})
# A line of source that stands in a message.
_EXCERPT = re.compile(r" +\d+ │ ")
_ADDRESS = re.compile(r"\bat 0x[0-9A-Fa-f]{4,}")


def as_shown(exchange: ExchangeRecord, options: RenderOptions) -> ExchangeRecord:
    """The exchange that a rendering reads: without its secrets, unless they were asked for."""
    return exchange if options.secrets else redacted(exchange)


def request_line(exchange: ExchangeRecord) -> str:
    """Method and target: ``GET /hello/Ada?page=2``."""
    return f"{exchange.request.method} {one_line(exchange.request.target, 300)}"


def status_notes(exchange: ExchangeRecord, options: RenderOptions, *, on_the_way: bool = False) -> list[str]:
    """What follows the status: the media type, a stream, a redirect that was not followed, the time if asked for."""
    response = exchange.response
    notes = [one_line(response.media_type, 100)] if response.media_type else []
    if response.body.coding is not None:
        notes.append(one_line(response.headers.get("Content-Encoding", ""), 40))
    if response.body.chunks:
        # How far a stream came that was cut is another number in every run.
        notes.append("streamed" if response.body.truncated else f"{response.body.chunks:,} chunks")
    if exchange.status in REDIRECTS and exchange.headers.get("Location") and not (on_the_way or exchange.history):
        notes.append("not followed: -F")
    if "time" in options.show:
        notes.append(f"{exchange.duration * 1000:,.1f} ms")
    return notes


def redirects_shown(exchange: ExchangeRecord) -> tuple[tuple[ExchangeRecord, ...], str]:
    """The exchanges on the way that are shown, and a note on the others."""
    redirects = exchange.history
    if len(redirects) <= MOST_REDIRECTS:
        return redirects, ""
    return redirects[:FIRST_REDIRECTS], f"… {len(redirects) - FIRST_REDIRECTS} more redirects"


def head_fields(exchange: ExchangeRecord, options: RenderOptions) -> list[tuple[str, str]]:
    """The headers that are shown: all of them if asked for, else Location and the names of cookies."""
    if "headers" in options.show:
        return all_fields(exchange)
    shown = [("Location", one_line(value)) for value in exchange.headers.getlist("Location")]
    names = ", ".join(one_line(name) for name in exchange.response.cookies)
    return [*shown, ("Set-Cookie", names)] if names else shown


def all_fields(exchange: ExchangeRecord) -> list[tuple[str, str]]:
    """All headers of the response, without times and entity tags, which differ from run to run."""
    return [
        (one_line(name), CHANGING if name.lower() in _CHANGING_HEADERS else one_line(value))
        for name, value in exchange.headers
    ]


def is_stock_page(exchange: ExchangeRecord) -> bool:
    """Whether the body is the stock page of an error or a redirect, whose news is shown in better words already."""
    response = exchange.response
    if response.body.is_undecoded:
        return False
    if exchange.error is not None or exchange.hint is not None:
        from nbmicro.foreign.known import is_framework_page

        if is_framework_page(response):
            return True
    if response.body.size > 4096 or response.media_type != "text/html":
        return False
    if exchange.error is not None and exchange.status >= 500:
        return _is_stock(response)
    if exchange.status in REDIRECTS:
        location = exchange.headers.get("Location")
        return location is not None and _redirect_page(location, exchange.status).fullmatch(response.text) is not None
    return exchange.hint is not None and _is_stock(response)


def output_lines(exchange: ExchangeRecord, *, keep_colours: bool = False) -> list[tuple[str, list[str]]]:
    """What the handler printed, displayed and logged: a label and the lines to show, in order; log records last."""
    shown: list[tuple[str, list[str]]] = []
    for part in exchange.output:
        label = {"stdout": "printed", "stderr": "stderr", "display": "display"}[part.stream]
        text = plain(part.text, keep_colours=keep_colours).removesuffix("\n")
        if text or part.bundle is None:
            shown.append((label, _ends(text.split("\n"), part.missing)))
        else:
            kinds = ", ".join(sorted(part.bundle))
            shown.append((label, [f"({one_line(kinds, 200)})"]))
    if exchange.logs:
        lines = [
            f"{one_line(line.level, 40)} {one_line(line.logger, 100)}: {plain(line.message)}" for line in exchange.logs
        ]
        rows = [row for line in lines for row in line.split("\n")]
        shown.append(("log", _ends(rows, unmarked=exchange.unkept_log_lines)))
    return shown


def _ends(lines: list[str], missing: int | None = None, *, unmarked: int = 0) -> list[str]:
    """The first and the last of many lines, and between them how many there are: those that were not kept as well.

    Of these ``missing`` have a line in their place, ``unmarked`` ones have none.
    """
    hidden = lines[FIRST_LINES:-LAST_LINES]
    if len(hidden) > 1:
        gap = gap_line(missing) if missing is not None else None
        more = len(hidden) + unmarked + (missing - 1 if missing is not None and gap in hidden else 0)
        lines = [*lines[:FIRST_LINES], f"… {more:,} more lines", *lines[-LAST_LINES:]]
    return [cut_line(line) for line in lines]


def shown_checks(exchange: ExchangeRecord, options: RenderOptions) -> tuple[list[CheckResult], list[CheckResult]]:
    """The checks that held, if checks are shown, and those that failed, which always are."""
    held = [check for check in exchange.checks if check.ok] if "checks" in options.show else []
    return held, [check for check in exchange.checks if not check.ok]


def check_words(check: CheckResult) -> tuple[str, str, str]:
    """Of a failed check: its place, what came instead of what, and its comment."""
    place = f"line {check.line}" if check.line is not None else ""
    actual = f"got {one_line(check.actual, 300)}" if check.actual is not None else ""
    expected = f"expected {one_line(check.expected, 300)}" if check.expected is not None else ""
    note = f"# {one_line(check.note.lstrip('# '), 300)}" if check.note else ""
    return place, ", ".join(part for part in (actual, expected) if part), note


def captured_texts(exchange: ExchangeRecord) -> list[str]:
    """The captures as they would be assigned: ``uid = 1``."""
    return [
        f"{one_line(name, 80)} = {_ADDRESS.sub('at 0x…', one_line(repr(value), 80))}"
        for name, value in exchange.captures.items()
    ]


def error_lines(error: ErrorRecord) -> list[tuple[str, str]]:
    """An error in lines, each with its role: ``place``, ``source``, ``error`` and ``cause``."""
    lines: list[tuple[str, str]] = []
    for frame in error.frames:
        function = f", in {one_line(frame.function, 200)}" if frame.function else ""
        lines.append(("place", f"{one_line(frame.label, 200)}, line {frame.line}{function}"))
        if frame.source:
            lines.append(("source", f"{frame.line:>5} │ {one_line(frame.source, 300)}"))
        if frame.more:
            lines.append(("source", f"{'':>5} … {frame.more}"))
    message = plain(error.message)
    kind = one_line(error.type, 200)
    first, *below = (f"{kind}: {message}" if message else kind).split("\n")
    lines.append(("error", first))
    lines += [("source" if _EXCERPT.match(line) else "error", line) for line in below]
    for number, part in enumerate(error.parts, 1):
        lines.append(("cause", f"Its exception {number}:"))
        lines.extend(error_lines(part))
        if part.hint:
            lines.append(("cause", plain(part.hint)))
    if error.cause is not None:
        lines.append(("cause", "It came from:"))
        lines.extend(error_lines(error.cause))
    return lines


def error_text(error: ErrorRecord) -> str:
    """An error shown alone: its lines as an exchange shows them, and its hint."""
    error = redacted(error)
    lines = [text for _, text in error_lines(error)]
    return "\n".join([*lines, *([error.hint] if error.hint else [])])


def hint_text(exchange: ExchangeRecord) -> str | None:
    """The hint without its first words, which the status line says already."""
    if exchange.hint is None:
        return None
    text = exchange.hint
    for subject in (f" → {exchange.endpoint}: ", ": "):
        prefix = f"{exchange.status} {exchange.request.method} {exchange.request.path}{subject}"
        if text.startswith(prefix):
            text = text.removeprefix(prefix)
            return plain(text[:1].upper() + text[1:])
    return plain(text)


def note_texts(exchange: ExchangeRecord) -> list[str]:
    """The notes of the app's core and of the client."""
    return [f"Note: {plain(note)}" for note in exchange.notes]


def _is_stock(response: ResponseRecord) -> bool:
    stock = _stock_page(response.status)
    return stock is not None and stock.fullmatch(response.text) is not None


@lru_cache(maxsize=64)
def _stock_page(status: int) -> re.Pattern[str] | None:
    """The page Werkzeug writes for a status, with whatever description."""
    known = default_exceptions.get(status)
    if known is None:
        return None
    mark = "DESCRIPTION"
    return re.compile(re.escape(known(description=mark).get_body()).replace(mark, r"[^<]*(?:<br>[^<]*)*"))


@lru_cache(maxsize=64)
def _redirect_page(location: str, status: int) -> re.Pattern[str]:
    """The page Werkzeug writes for a redirect; of what is masked it says anything."""
    page = redirect(location, status).get_data(as_text=True)
    return re.compile(re.escape(page).replace(re.escape(MASK), r"[^<\"]*"))
