"""What of a file can be read: lines in nbmicro's words, the rest taken out and kept in notes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nbmicro.errors import RequestError
from nbmicro.importing.addresses import PLACEHOLDER, SOMEWHERE, app_address, with_plain_values
from nbmicro.importing.environments import GivenValue
from nbmicro.importing.rewrite import Numbered, mended
from nbmicro.language.bodies import AS_TEXT
from nbmicro.language.curl import begins_curl
from nbmicro.language.lines import (
    COMMENT,
    CONTINUATION,
    FENCE,
    REQUEST,
    REQUEST_BEHIND_RESPONSE,
    SEPARATOR,
    STATUS,
    STATUS_MISTYPED,
    VARIABLE,
    section_name,
)
from nbmicro.language.options import FOREIGN_DIRECTIVES
from nbmicro.language.parser import parse_file
from nbmicro.language.syntax import Script

# What another tool does before and after a request.
_BESIDE = re.compile(r"[<>][ \t]*\{%|>|<>|\s*\?\?")
_AROUND = frozenset({"Asserts", "Captures", "Options"})
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/|\Z)")
# A file with so many lines that cannot be read is no file of requests.
_MOST_SKIPPED = 200
# A line may have a space in its URL, another origin and a password.
_MOST_MENDED = 4


@dataclass(frozen=True, slots=True)
class Note:
    """What became of a line of the file: ``text`` says it; ``kept`` are the lines that were skipped, if they were."""

    line: int
    text: str
    hint: str | None = None
    kept: tuple[str, ...] = ()

    @property
    def is_skipped(self) -> bool:
        """Whether the line could not be taken over."""
        return bool(self.kept)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A request of which nothing could be taken over: the number of its first line, its title, and why."""

    first: int
    title: str
    note: Note


@dataclass
class Salvage:
    """The lines of a file, which are rewritten or taken out until they can be parsed.

    Parameters
    ----------
    taken:
        Names that the notebook has already.
    given:
        What an environment gives, by the names it has in Python.
    """

    lines: list[Numbered]
    taken: Sequence[str] = ()
    given: Mapping[str, GivenValue] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def parse(self) -> Script | None:
        """Parse; None if no request is left."""
        script = self._parsed()
        while script is not None and self._is_moved(script):
            script = self._parsed()
        return script

    def _parsed(self) -> Script | None:
        """Parse; rewrite a line that is rejected, or take it out, and parse again. None if nothing is left."""
        rejected_at: dict[int, int] = {}
        while any(line.text.strip() for line in self.lines):
            try:
                return parse_file("\n".join(line.text for line in self.lines), "the file")
            except RequestError as error:
                if error.line is None or not any(_may_be_request(line.text) for line in self.lines):
                    return None
                index = min(max(error.line, 1), len(self.lines)) - 1
                number = self.lines[index].number
                rejected_at[number] = rejected_at.get(number, 0) + 1
                if len(rejected_at) > _MOST_SKIPPED:
                    self._give_up(index)
                    continue
                if rejected_at[number] <= _MOST_MENDED and self._mend(index, error):
                    continue
                self._take_out(index, error)
        return None

    def _give_up(self, index: int) -> None:
        rest = self.lines[index:]
        self.notes.append(
            Note(rest[0].number, "no more is read from here on.", None, tuple(line.text for line in rest))
        )
        del self.lines[index:]

    def _mend(self, index: int, error: RequestError) -> bool:
        if error.code in {"other-origin", "password-in-url", "no-path"}:
            return self._ask_the_app(index)
        rewritten = mended(self.lines, index, error, self.taken)
        if rewritten is None:
            return False
        before = self.lines[index]
        self.lines[:] = rewritten.lines
        self.notes.append(Note(before.number, rewritten.note))
        return True

    # -- addresses ---------------------------------------------------------------------------------------------------

    def _is_moved(self, script: Script) -> bool:
        """Turn the URLs of a script's requests to the app; whether the script must be parsed again."""
        captured = {name for request in script.requests for name in request.names}
        before = list(self.lines)
        for request in reversed(script.requests):
            if request.is_curl:
                continue
            index = request.line - 1
            plain = {name: text for name, text in self._values(index).items() if name not in captured}
            self._ask_the_app(index)
            for at in range(index, self._behind_url(index)):
                self._write_plain(at, plain)
        return self.lines != before

    def _values(self, index: int) -> dict[str, str]:
        """The texts of variables at a line: what stood above it last, or else below it first."""
        values = {
            name: SOMEWHERE if value.is_secret else value.value
            for name, value in self.given.items()
            if isinstance(value.value, str) and not (value.is_secret and not _ADDRESS.match(value.value))
        }
        own: set[str] = set()
        for at, line in enumerate(self.lines):
            variable = VARIABLE.match(line.text)
            if variable and (at < index or variable[1] not in own):
                own.add(variable[1])
                text = PLACEHOLDER.sub(lambda found: values.get(found[1].strip(), found[0]), variable[2])
                values[variable[1]] = text
        return values

    def _behind_url(self, index: int) -> int:
        """The line behind a request line and the lines that its URL goes on in."""
        return next(
            (at for at in range(index + 1, len(self.lines)) if not _goes_on_with_url(self.lines[at].text)),
            len(self.lines),
        )

    def _write_plain(self, index: int, values: Mapping[str, str]) -> None:
        number, text = self.lines[index]
        written = with_plain_values(text, {name: value for name, value in values.items() if "{{" not in value})
        if written != text:
            self.lines[index] = Numbered(number, written)
            self.notes.append(
                Note(number, f"`{text.strip()}` is written `{written.strip()}`: a value is encoded here.")
            )

    def _ask_the_app(self, index: int) -> bool:
        """Take the origin, and a name and password, out of a request line; whether there was anything."""
        number, text = self.lines[index]
        address = None if begins_curl(text) else app_address(text, self._values(index))
        if address is None:
            return False
        self.lines[index] = Numbered(number, self._with_path_below(index, address.text))
        if address.left_out is not None:
            note = f"{address.left_out} is left out: the request goes to the notebook's app."
            self.notes.append(Note(number, note))
        if address.credentials is not None:
            head = self._behind_url(index)
            stop = next((at for at in range(head, len(self.lines)) if not self.lines[at].text.strip()), len(self.lines))
            note = "the name and password in the URL are left out, since the request has a header Authorization."
            if not any(line.text.lower().startswith("authorization:") for line in self.lines[head:stop]):
                self.lines.insert(head, Numbered(number, f"Authorization: Basic {address.credentials}"))
                note = "the name and password in the URL are written as the header Authorization."
            self.notes.append(Note(number, note))
        return True

    def _with_path_below(self, index: int, text: str) -> str:
        """A request line of which only the root is left, with the path that begins in the lines below it."""
        at = next((at for at in range(index + 1, len(self.lines)) if not COMMENT.match(self.lines[at].text)), index)
        below = self.lines[at].text.strip()
        if (
            re.search(r"(?:^|\s)/\Z", text)
            and at > index
            and CONTINUATION.match(self.lines[at].text)
            and below[0] == "/"
        ):
            del self.lines[at]
            return text[:-1] + below
        return text

    # -- what cannot be taken over -----------------------------------------------------------------------------------

    def _take_out(self, index: int, error: RequestError) -> None:
        """Take out a rejected line that says nothing of what is sent, or else the whole request."""
        number, is_foreign = self.lines[index].number, error.code in FOREIGN_DIRECTIVES
        request = (_request_of if is_foreign else _request_line)(self.lines, index)
        if request is not None:
            first, stop = _block(self.lines, request)
            # A heading may be the last line of the text above it.
            stop = max(stop, index + 1)
            # A file variable may stand between a directive and its request.
            first = min(first, index) if is_foreign else first
        else:
            first, stop = index, _behind(self.lines, index)
        if not any(line.text.strip() for line in self.lines[first:stop]):
            first, stop = index, index + 1
        taken = self.lines[first:stop]
        while taken and not taken[-1].text.strip():
            taken = taken[:-1]
        hint = (error.hint or "").removesuffix(AS_TEXT)
        kept = tuple(line.text for line in taken) or ("",)
        note = Note(number, error.message, hint or None, kept)
        self.notes.append(note)
        if request is not None:
            above = SEPARATOR.match(self.lines[first - 1].text) if first else None
            self.left_out.append(LeftOut(self.lines[first].number, above[1].strip() if above else "", note))
            if above is not None:
                # It is the title of what was left out.
                self.lines[first - 1] = Numbered(self.lines[first - 1].number, "###")
        del self.lines[first:stop]


def _goes_on_with_url(text: str) -> bool:
    return bool(CONTINUATION.match(text) or COMMENT.match(text))


def _separates(text: str) -> bool:
    return SEPARATOR.match(text) is not None


def _may_be_request(text: str) -> bool:
    return bool(text.strip()) and not COMMENT.match(text) and not _separates(text)


def _request_line(lines: Sequence[Numbered], index: int) -> int | None:
    """The request line whose request a line cannot be left out of; None where the line alone can be.

    Left out alone is what comes around a request: comments, file variables, scripts, what is done with the response and
    expected of it, and [Options]. Without any other line the request would be another one.
    """
    text = lines[index].text
    if _is_around(text) and text.strip():
        return None
    if _separates(text):
        return _request_line(lines, index - 1) if index else None
    found: int | None = index
    for at in range(index, -1, -1):
        text = lines[at].text
        if _separates(text):
            return found
        if at < index and (STATUS.match(text) or section_name(text) in _AROUND):
            return index if REQUEST_BEHIND_RESPONSE.match(lines[index].text) else None
        if not _is_around(text):
            found = at
        if REQUEST.match(text):
            return at
    return found


def _is_around(text: str) -> bool:
    """Whether a line stands around a request, wherever it is."""
    return not text.strip() or any(pattern.match(text) for pattern in (COMMENT, VARIABLE, STATUS_MISTYPED, _BESIDE))


def _behind(lines: Sequence[Numbered], index: int) -> int:
    """Where the lines end that are left out with a line: a whole script, all between two fences."""
    ends = re.compile(r".*%\}") if re.match(r"[<>][ \t]*\{%", lines[index].text) else FENCE
    if ends is FENCE and not FENCE.match(lines[index].text):
        return index + 1
    for at in range(index, len(lines)):
        if at > index and _separates(lines[at].text):
            return at
        if ends.match(lines[at].text) and (at > index or ends is not FENCE):
            return at + 1
    return len(lines)


def _request_of(lines: Sequence[Numbered], index: int) -> int:
    """The request line that a directive belongs to: the one above it, or else below."""
    above: int | None = None
    for at in range(index - 1, -1, -1):
        text = lines[at].text
        if _separates(text):
            break
        if STATUS.match(text):
            above = None
            break
        above = at if _may_be_request(text) and not VARIABLE.match(text) else above
        if REQUEST.match(text):
            return at
    below = (at for at in range(index, len(lines)) if _may_be_request(lines[at].text))
    return above if above is not None else next((at for at in below if not VARIABLE.match(lines[at].text)), index)


def _block(lines: Sequence[Numbered], index: int) -> tuple[int, int]:
    """Where the request of a request line begins, with the comments above it, and where the next one begins."""
    stop, begins = len(lines), REQUEST
    for at in range(index + 1, len(lines)):
        text = lines[at].text
        if STATUS.match(text):
            begins = REQUEST_BEHIND_RESPONSE
        if _separates(text):
            return _comments_above(lines, index, 0), at
        if begins.match(text):
            stop = _comments_above(lines, at, index + 1)
            break
    return _comments_above(lines, index, 0), stop


def _comments_above(lines: Sequence[Numbered], index: int, first: int) -> int:
    """Where the comments above a request line begin, up to a separator; file variables apart."""
    near = far = index
    while near > first and COMMENT.match(lines[near - 1].text):
        near -= 1
    while far > first and (COMMENT.match(lines[far - 1].text) or not lines[far - 1].text.strip()):
        far -= 1
    return far if far > first and _separates(lines[far - 1].text) else near
