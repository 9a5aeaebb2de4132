"""A file of another tool, taken over: its requests one by one, with what was rewritten and what was left out."""

from __future__ import annotations

import builtins
import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nbmicro.errors import RequestError
from nbmicro.importing.environments import GivenValue, is_read
from nbmicro.importing.hurl_files import in_nbmicros_words
from nbmicro.importing.rewrite import (
    Numbered,
    apart,
    behind_responses,
    changing_names,
    python_name,
    reads_changing,
    renamed,
    without_comments,
)
from nbmicro.importing.salvage import LeftOut, Note, Salvage
from nbmicro.language.lines import COMMENT, RESPONSE_NAMES, SEPARATOR, VARIABLE
from nbmicro.language.syntax import Capture, Check, Script
from nbmicro.language.template import names_in, needed_names, parse_template, place_at
from nbmicro.runner.fill import APP_NAMES

#: Modules that a check may use.
MODULES = ("hashlib", "re")


@dataclass(frozen=True, slots=True)
class ImportedRequest:
    """A request as text that a ``%%http`` cell takes; empty ``text`` where it was left out, as its note says.

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
        The requests in order, those that were left out among them.
    notes:
        What was rewritten or skipped, in the order of the lines.
    """

    variables: tuple[tuple[str, object, int], ...]
    given: Mapping[str, GivenValue]
    unknown: tuple[tuple[str, int], ...]
    modules: tuple[str, ...]
    requests: tuple[ImportedRequest, ...]
    notes: tuple[Note, ...]


def import_file(
    text: str,
    *,
    taken: Sequence[str] = (),
    environment: Mapping[str, GivenValue] | None = None,
    is_hurl: bool = False,
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
    is_hurl:
        Whether it is Hurl's, where a comment may stand behind a value.

    It does not raise: what cannot be read is skipped, with a note.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = [Numbered(number, line) for number, line in enumerate(plain.split("\n"), 1)]
    given = _needed(lines, environment or {})
    by_name = {python_name(name, taken): value for name, value in given.items()}
    # What only a request can fill stands above the first of them, as if the file had given it.
    above = next((at for at, line in enumerate(lines) if line.text.strip() and not SEPARATOR.match(line.text)), 0)
    late = [
        Numbered(lines[above].number, f"@{name} = {value.value}")
        for name, value in given.items()
        if not value.is_literal
    ]
    lines[above:above] = late
    if is_hurl:
        apart(lines)
    salvage = Salvage(lines, taken, by_name)
    for line, text in (
        *(without_comments(lines) if is_hurl else ()),
        *renamed(lines, taken, {name: value.value for name, value in given.items()}),
        *behind_responses(lines),
    ):
        salvage.notes.append(Note(line, text))
    for change in in_nbmicros_words(lines, is_hurl=is_hurl):
        note = Note(change.line, change.text, change.hint, change.kept)
        salvage.notes.append(note)
        salvage.left_out += [LeftOut(change.line, "", note)] if change.is_request else []
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

    salvage: Salvage
    script: Script
    environment: Mapping[str, GivenValue]

    def file(self) -> ImportedFile:
        lines = self.salvage.lines
        variables = self._literal_variables()
        dropped = {line for _, _, line in variables}
        starts = [
            max(self._start(request.line - 1), before.end - 1 if before else 0)
            for before, request in zip((None, *self.script.requests), self.script.requests, strict=False)
        ]
        requests: list[ImportedRequest] = []
        begins: list[int] = []
        changing = changing_names(lines)
        for position, request in enumerate(self.script.requests):
            first = starts[position] if position else 0
            stop = starts[position + 1] if position + 1 < len(starts) else len(lines)
            own = slice(request.line - 1, max(request.end - 1, request.line))
            above = _stripped([line for line in lines[first : own.start] if line.number not in dropped])
            below = _stripped([line for line in reversed(lines[own.stop : stop]) if line.number not in dropped])
            text = "\n".join(line.text for line in (*above, *lines[own], *reversed(below))).strip("\n")
            changes = reads_changing(text, changing)
            begins.append(lines[starts[position]].number)
            requests.append(ImportedRequest(lines[request.line - 1].number, request.title, text, (), changes))
        for left in self.salvage.left_out:
            begins.append(left.first)
            requests.append(ImportedRequest(left.note.line, left.title, ""))
        requests = _with_notes(requests, begins, self.salvage.notes)
        code = "\n".join(entry.expression for entry in self._entries())
        modules = tuple(name for name in MODULES if re.search(rf"\b{name}\.", code))
        text = "\n".join(line.text for line in lines)
        given = {name: value for name, value in self.environment.items() if value.is_literal and is_read(name, text)}
        read_by_checks = {name for entry in self._entries() for name in names_in(entry.expression)}
        given |= {
            name: value for name, value in self.environment.items() if value.is_literal and name in read_by_checks
        }
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
            if SEPARATOR.match(text):
                return at
            if not (COMMENT.match(text) or VARIABLE.match(text) or not text.strip()):
                break
            start = at if text.strip() else start
        return start

    def _literal_variables(self) -> list[tuple[str, object, int]]:
        """File variables that are given once and that Python has the like of: it gives them, above all requests."""
        given = [variable.name for variable in self.script.variables]
        found: list[tuple[str, object, int]] = []
        for variable in self.script.variables:
            value = _python_value(variable.value.literal) if variable.value.is_literal else None
            if value is not None and given.count(variable.name) == 1:
                found.append((variable.name, value, self.salvage.lines[variable.line - 1].number))
        return found

    def _entries(self) -> list[Capture | Check]:
        entries: list[Capture | Check] = []
        for request in self.script.requests:
            entries += (*request.captures, *request.checks)
        return entries

    def _unknown(self, given: set[str]) -> list[tuple[str, int]]:
        known = given | {variable.name for variable in self.script.variables} | set(APP_NAMES)
        for request in self.script.requests:
            known |= {wanted.name for wanted in request.captures} | ({request.name} if request.name else set())
        found: dict[str, int] = {}
        for line in self.salvage.lines:
            if SEPARATOR.match(line.text) or COMMENT.match(line.text):
                # Braces in a title are its own.
                continue
            try:
                template = parse_template(line.text, place_at("", line.number, 1))
            except RequestError:
                continue
            for placeholder in template.placeholders:
                for name in sorted(needed_names(placeholder.expression) - known):
                    found.setdefault(name, line.number)
        known |= {*RESPONSE_NAMES, *dir(builtins), *MODULES}
        for entry in self._entries():
            for name in sorted(names_in(entry.expression) - known):
                found.setdefault(name, self.salvage.lines[entry.line - 1].number)
        return list(found.items())


def _with_notes(
    requests: Sequence[ImportedRequest], begins: Sequence[int], notes: Sequence[Note]
) -> list[ImportedRequest]:
    """The requests in order, each with the notes on its lines; ``begins`` are the numbers of the first of these."""
    order = sorted(range(len(requests)), key=lambda at: begins[at])
    firsts = [begins[at] for at in order]
    owned: dict[int, list[Note]] = {}
    for note in notes:
        # What stands above all requests belongs to the first.
        owned.setdefault(max(bisect_right(firsts, note.line) - 1, 0), []).append(note)
    return [replace(requests[at], notes=tuple(owned.get(place, ()))) for place, at in enumerate(order)]


def _python_value(text: str) -> object:
    """What Python writes for the value of a file variable, so that requests send the same; None if there is nothing.

    A value that is JSON stands in JSON as it is: ``1.50`` and ``"Ada"`` stay file variables.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if json.dumps(value, ensure_ascii=False) == text and not isinstance(value, str) else None


def _stripped(lines: Sequence[Numbered]) -> Sequence[Numbered]:
    """Lines around a request without the separators and empty lines at their beginning; a title goes into a heading."""
    first = next((at for at, line in enumerate(lines) if line.text.strip() and not SEPARATOR.match(line.text)), None)
    return lines[first:] if first is not None else ()
