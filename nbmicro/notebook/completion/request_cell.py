"""Tab in the lines of a ``%%http`` cell: what fits depends on what stands above."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from nbmicro.http.methods import CLIENT_METHODS, is_method
from nbmicro.language.address import is_url
from nbmicro.language.lines import COMMENT, DIRECTIVES, SEPARATOR, STATUS, section_name
from nbmicro.language.options import SHOW_PARTS
from nbmicro.language.sections import SECTIONS
from nbmicro.notebook.completion.known import Completed, Known, Offer
from nbmicro.notebook.completion.paths import paths
from nbmicro.notebook.completion.request_line import blank, closed, files, header_value, opens_blank
from nbmicro.notebook.completion.vocabulary import (
    ANSWER_HEADERS,
    REQUEST_HEADERS,
    SECTION_OPTIONS,
    STATUSES,
)
from nbmicro.runner.checks import ANSWER_NAMES

_KEYS = re.compile(r"(?<![\w.])(json|headers|cookies)((?:\[(?:\"[^\"]*\"|'[^']*'|-?\d+)\])*)\[([\"'])([^\"']*)\Z")
_STEP = re.compile(r"\[(?:\"([^\"]*)\"|'([^']*)'|(-?\d+))\]")
_NOT_OFFERED = {"prompt", "note"}


@dataclass
class _Above:
    """What the lines above the cursor make of it."""

    part: str = "head"
    method: str = "GET"
    path: str = ""
    names: list[str] = field(default_factory=list)

    def take(self, text: str, *, first: bool = False) -> None:
        """Read one line."""
        if SEPARATOR.match(text):
            self.part = "head"
        elif STATUS.match(text) and self.part != "head":
            self.part = "answer"
        elif (name := section_name(text)) is not None and self.part != "head":
            self.part = name
        elif self.part == "head":
            self._head(text, first)
        elif self.part in ("headers", "answer") and not text.strip():
            self.part = "body" if self.part == "headers" else "answer body"
        elif self.part == "Captures" and (found := re.match(r"\s*(\w+)\s*:", text)):
            self.names.append(found[1])

    def _head(self, text: str, first: bool) -> None:
        named = re.match(r"\s*(?:#|//)\s*@name\s+(\w+)|@(\w+)\s*=", text)
        if named is not None:
            self.names.append(named[1] or named[2])
        words = [] if COMMENT.match(text) or named is not None else text.split()
        url = next((word for word in words if is_url(word)), None)
        if url is not None or (words and not first):
            self.part, self.path = "headers", url or ""
            self.method = words[0].upper() if is_method(words[0]) and not is_url(words[0]) else "GET"


def request_cell(first: str, above: list[str], text: str, after: str, known: Known) -> Completed | None:
    """What fits at the cursor.

    Parameters
    ----------
    first:
        What stands behind ``%%http``.
    above:
        The lines between that one and the cursor's.
    text, after:
        The cursor's line before and behind the cursor.
    """
    state = _Above()
    state.take(first, first=True)
    for line in above:
        state.take(line)
    if opens_blank(text):
        return blank(text, known, state.names)
    directive = re.match(r"\s*(?:#|//)\s*@([\w-]*)(?:\s+(.*))?\Z", text)
    if directive is not None and state.part in ("head", "headers"):
        return _directive(directive[1], directive[2])
    if re.match(r"\[\w*\Z", text) and state.part != "head":
        sections = [name if after.startswith("]") else f"{name}]" for name in SECTIONS]
        return Completed.among(text[1:], sections, "section")
    status = re.match(r"HTTP(?:/[\d.]+)?\s+(\d*)\Z", text)
    if status is not None and state.part != "head":
        return Completed.among(status[1], (*STATUSES, "*"), "status")
    return _in_part(state, text, after, known)


def _in_part(state: _Above, text: str, after: str, known: Known) -> Completed | None:
    part = state.part
    if part == "head":
        return _request(text, known)
    if part in ("headers", "answer"):
        name, colon, value = text.partition(":")
        if colon:
            return header_value(name.strip(), value.lstrip(), known)
        names = Completed.among(
            text, [f"{one}: " for one in (REQUEST_HEADERS if part == "headers" else ANSWER_HEADERS)], "header"
        )
        return names.and_(Completed.among(text, ("HTTP ",) if part == "headers" and text else (), "status line"))
    if part == "body":
        file = re.match(r"<@?[ \t]+(.*)\Z", text)
        if file is not None:
            return files(file[1], known, quoted=False)
        return Completed.among(text, ("HTTP ",), "status line") if text else None
    if part in ("Asserts", "Captures"):
        return _python(text, after, state, known)
    if part == "Options":
        return Completed.among(text, SECTION_OPTIONS, "option") if ":" not in text else None
    file = re.match(r"\s*[\w.-]+\s*:\s*file,\s*(.*)\Z", text) if part == "Multipart" else None
    return files(file[1], known, quoted=False) if file is not None else None


def _directive(name: str, value: str | None) -> Completed:
    if value is None:
        return Completed.among(name, [one for one in DIRECTIVES if one not in _NOT_OFFERED], "directive")
    last = re.split(r"[\s,]", value)[-1]
    return Completed.among(last, SHOW_PARTS if name == "show" else (), "part")


def _request(text: str, known: Known) -> Completed:
    words = text.split()
    fragment = words.pop() if words and not text[-1].isspace() else ""
    method = words[0].upper() if words else ""
    if len(words) > 1 or (words and is_url(words[0])):
        return Completed(fragment, ())
    methods = Completed.among(fragment, () if words else CLIENT_METHODS, "method")
    if fragment and not fragment.startswith("/"):
        return methods
    return paths(fragment, known, (method,) if method in CLIENT_METHODS else ()).and_(methods)


def _python(text: str, after: str, state: _Above, known: Known) -> Completed | None:
    """The names of an answer and its keys, in a check or a capture."""
    keys = answer_keys(text, after, state.method, state.path, known)
    if keys is not None:
        return keys
    word = re.search(r"(?<![\w.\"'])[A-Za-z_]\w*\Z|(?<![\w.\"'\)\]])\Z", text)
    if word is None:
        return None
    answer = Completed.among(word[0], ANSWER_NAMES, "answer")
    return answer.and_(Completed.among(word[0], sorted({*known.names, *state.names}), "name")) if word[0] else answer


def answer_keys(text: str, after: str, method: str, path: str, known: Known) -> Completed | None:
    """The keys that the last answer has in the open ``json["``, ``headers["`` or ``cookies["``."""
    found = _KEYS.search(text)
    if found is None:
        return None
    last = known.answer(method, path, json=found[1] == "json")
    value: Any = getattr(last, found[1], None)
    if found[1] == "headers" and last is not None:
        value = dict.fromkeys(name for name, _ in last.headers)
    try:
        for step in _STEP.finditer(found[2]):
            value = value[int(step[3])] if step[3] is not None else value[step[1] or step[2] or ""]
    except (LookupError, TypeError):
        value = None
    keys = [str(key) for key in value] if isinstance(value, dict) else []
    offers = [Offer(closed(key, found[3], after, "]"), "key") for key in keys if key.startswith(found[4])]
    return Completed(found[4], tuple(offers))
