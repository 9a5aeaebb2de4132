"""A file of another tool, taken over: its requests one by one, with what was rewritten and what was left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nbmicro.errors import RequestError
from nbmicro.importing.environments import GivenValue, is_read
from nbmicro.importing.rewrite import (
    Numbered,
    behind_responses,
    changing_names,
    in_nbmicros_words,
    mended,
    python_name,
    reads_changing,
    renamed,
    without_origins,
)
from nbmicro.language.bodies import AS_TEXT
from nbmicro.language.lines import COMMENT, FENCE, REQUEST, SEPARATOR, VARIABLE
from nbmicro.language.parser import parse_file
from nbmicro.language.syntax import Script
from nbmicro.language.template import needed_names, parse_template, place_at
from nbmicro.runner.fill import APP_NAMES

# A file with so many lines that cannot be read is no file of requests.
_MOST_SKIPPED = 200


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
class ImportedRequest:
    """A request as text that a ``%%http`` cell takes; empty ``text`` where nothing of it could be taken over.

    ``is_changing`` where it sends other values in each run, as ``{{$guid}}`` gives them.
    """

    line: int
    title: str
    text: str
    notes: tuple[Note, ...] = ()
    is_changing: bool = False


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What a file held.

    Parameters
    ----------
    variables:
        The names that Python gives: each with its value, and the line it was written or first used on.
    given:
        The names that an environment gives and a request reads, by the names they have in Python.
    unknown:
        Names that requests read and the file does not give, with the line.
    modules:
        Modules that rewritten checks use.
    requests:
        The requests in order.
    notes:
        What was rewritten or skipped, in the order of the lines.
    """

    variables: tuple[tuple[str, object, int], ...]
    given: Mapping[str, GivenValue]
    unknown: tuple[tuple[str, int], ...]
    modules: tuple[str, ...]
    requests: tuple[ImportedRequest, ...]
    notes: tuple[Note, ...]


@dataclass
class _Salvage:
    lines: list[Numbered]
    notes: list[Note] = field(default_factory=list)

    def parse(self) -> Script | None:
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
                if rejected_at[number] == 1 and self._mend(index, error):
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
        rewritten = mended(self.lines, index, error)
        if rewritten is None:
            return False
        before = self.lines[index]
        self.lines[:] = rewritten.lines
        self.notes.append(Note(before.number, rewritten.note))
        return True

    def _take_out(self, index: int, error: RequestError) -> None:
        """Take out a rejected line, a whole script of another tool, or the request that the line begins."""
        first, stop = index, index + 1
        text = self.lines[index].text
        if re.match(r"[<>][ \t]*\{%", text):
            while stop < len(self.lines) and "%}" not in self.lines[stop - 1].text:
                stop += 1
        elif FENCE.match(text):
            stop = next((at for at in range(index + 1, len(self.lines)) if FENCE.match(self.lines[at].text)), index) + 1
        elif _is_request_line(self.lines, index) or not text.strip():
            first = _block_start(self.lines, index)
            stop = next(
                (at for at in range(index + 1, len(self.lines)) if _separates(self.lines[at].text)), len(self.lines)
            )
        taken = self.lines[first:stop]
        if not any(line.text.strip() for line in taken):
            taken = [self.lines[index]]
            first, stop = index, index + 1
        kept = tuple(line.text for line in taken) or ("",)
        hint = (error.hint or "").removesuffix(AS_TEXT)
        self.notes.append(Note(self.lines[index].number, error.message, hint or None, kept))
        del self.lines[first:stop]


def _separates(text: str) -> bool:
    return SEPARATOR.match(text) is not None


def _may_be_request(text: str) -> bool:
    return bool(text.strip()) and not COMMENT.match(text) and not _separates(text)


def _is_request_line(lines: Sequence[Numbered], index: int) -> bool:
    """Whether a line begins its request: only comments, variables and empty lines stand between it and a separator."""
    if REQUEST.match(lines[index].text):
        return True
    for line in reversed(lines[:index]):
        if _separates(line.text):
            return True
        if line.text.strip() and not COMMENT.match(line.text) and not VARIABLE.match(line.text):
            return False
    return not COMMENT.match(lines[index].text) and not VARIABLE.match(lines[index].text)


def _block_start(lines: Sequence[Numbered], index: int) -> int:
    """Where what belongs to a request line begins: its comments and directives above, file variables apart."""
    start = index
    while start > 0 and COMMENT.match(lines[start - 1].text):
        start -= 1
    return start


def import_file(
    text: str, *, taken: Sequence[str] = (), environment: Mapping[str, GivenValue] | None = None
) -> ImportedFile:
    """Take over a file of requests.

    Parameters
    ----------
    text:
        An ``.http``, ``.rest`` or ``.hurl`` file.
    taken:
        Names that a notebook has already: a variable of that name is given another one.
    environment:
        The variables of the environment that was chosen. One that the file gives too is the file's.

    It does not raise: what cannot be read is skipped, with a note.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = [Numbered(number, line) for number, line in enumerate(plain.split("\n"), 1)]
    given = _needed(lines, environment or {})
    by_name = {python_name(name, taken): value for name, value in given.items()}
    # What only a request can fill stands above the first of them, as if the file had given it.
    above = next((at for at, line in enumerate(lines) if line.text.strip() and not _separates(line.text)), 0)
    late = [
        Numbered(lines[above].number, f"@{name} = {value.value}")
        for name, value in given.items()
        if not value.is_literal
    ]
    lines[above:above] = late
    salvage = _Salvage(lines)
    for line, text in (
        *renamed(lines, taken, {name: value.value for name, value in given.items()}),
        *without_origins(lines, by_name),
        *in_nbmicros_words(lines),
        *behind_responses(lines),
    ):
        salvage.notes.append(Note(line, text))
    script = salvage.parse()
    if script is None:
        salvage.notes.sort(key=lambda note: note.line)
        return ImportedFile((), {}, (), (), (), tuple(salvage.notes))
    return _Collected(salvage, script, by_name).file()


def _needed(lines: Sequence[Numbered], environment: Mapping[str, GivenValue]) -> dict[str, GivenValue]:
    """The variables of the environment that the file reads, itself or in one another, and does not give."""
    own = {found[1] for line in lines if (found := VARIABLE.match(line.text))}
    text = "\n".join(line.text for line in lines)
    needed: set[str] = set()
    while more := {name for name in environment if name not in needed and name not in own and is_read(name, text)}:
        needed |= more
        text += "\n".join(str(environment[name].value) for name in more if not environment[name].is_literal)
    return {name: value for name, value in environment.items() if name in needed}


@dataclass
class _Collected:
    """The requests of a file that can be read, and the names they need."""

    salvage: _Salvage
    script: Script
    environment: Mapping[str, GivenValue]

    def file(self) -> ImportedFile:
        lines = self.salvage.lines
        variables = self._literal_variables()
        dropped = {line for _, _, line in variables}
        starts = [self._start(request.line - 1) for request in self.script.requests]
        requests: list[ImportedRequest] = []
        changing = changing_names(lines)
        for position, request in enumerate(self.script.requests):
            first = starts[position] if position else 0
            stop = starts[position + 1] if position + 1 < len(starts) else len(lines)
            begin = lines[first].number if position else 0
            end = lines[stop].number if stop < len(lines) else 10**9
            text = _trimmed([line for line in lines[first:stop] if line.number not in dropped])
            notes = tuple(note for note in self.salvage.notes if begin <= note.line < end)
            changes = reads_changing(text, changing)
            requests.append(ImportedRequest(lines[request.line - 1].number, request.title, text, notes, changes))
        code = "\n".join(check.expression for request in self.script.requests for check in request.checks)
        modules = tuple(name for name in ("hashlib", "re") if re.search(rf"\b{name}\.", code))
        text = "\n".join(line.text for line in lines)
        given = {name: value for name, value in self.environment.items() if value.is_literal and is_read(name, text)}
        unknown = self._unknown({*given, *(name for name, _, _ in variables)})
        missing = [
            Note(line, f"nothing gives `{name}` a value: the cell of variables has a line for it.")
            for name, line in unknown
        ]
        notes = tuple(sorted([*self.salvage.notes, *missing], key=lambda note: note.line))
        return ImportedFile(tuple(variables), given, tuple(unknown), modules, tuple(requests), notes)

    def _start(self, index: int) -> int:
        """Where a request's text begins: behind the separator above it, or behind the response to the one before."""
        start = index
        for at in range(index - 1, -1, -1):
            text = self.salvage.lines[at].text
            if _separates(text):
                return at
            if not (COMMENT.match(text) or VARIABLE.match(text) or not text.strip()):
                break
            start = at if text.strip() else start
        return start

    def _literal_variables(self) -> list[tuple[str, object, int]]:
        """File variables that are plain text or a number, and are given once: Python gives them, above all requests."""
        given = [variable.name for variable in self.script.variables]
        found: list[tuple[str, object, int]] = []
        for variable in self.script.variables:
            if variable.value.is_literal and given.count(variable.name) == 1:
                line = self.salvage.lines[variable.line - 1].number
                found.append((variable.name, _python_value(variable.value.literal), line))
        return found

    def _unknown(self, given: set[str]) -> list[tuple[str, int]]:
        known = given | {variable.name for variable in self.script.variables} | set(APP_NAMES)
        for request in self.script.requests:
            known |= {wanted.name for wanted in request.captures} | ({request.name} if request.name else set())
        found: dict[str, int] = {}
        for line in self.salvage.lines:
            if _separates(line.text) or COMMENT.match(line.text):
                # Braces in a title are its own.
                continue
            try:
                template = parse_template(line.text, place_at("", line.number, 1))
            except RequestError:
                continue
            for placeholder in template.placeholders:
                for name in sorted(needed_names(placeholder.expression) - known):
                    found.setdefault(name, line.number)
        return list(found.items())


def _python_value(text: str) -> object:
    """A number where the text is one as Python writes it, else the text."""
    for kind in (int, float):
        try:
            if str(kind(text)) == text:
                return kind(text)
        except ValueError:
            continue
    return text


def _trimmed(lines: Sequence[Numbered]) -> str:
    """The text of a request without the separators around it; its title goes into a heading."""
    texts = [line.text for line in lines]
    while texts and (not texts[0].strip() or _separates(texts[0])):
        del texts[0]
    while texts and (not texts[-1].strip() or _separates(texts[-1])):
        del texts[-1]
    return "\n".join(texts)
