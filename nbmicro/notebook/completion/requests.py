"""Tab in a ``%http`` line and in the lines of a ``%%http`` cell, and in whatever else takes a request."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from nbmicro.exchange.records import SHOW_PARTS
from nbmicro.http.media_types import EVENT_STREAM, FORM, JSON, MULTIPART_FORM
from nbmicro.http.methods import CLIENT_METHODS, is_method
from nbmicro.language.address import is_url
from nbmicro.language.lines import COMMENT, RESPONSE_NAMES, SEPARATOR, STATUS, section_name
from nbmicro.language.options import DIRECTIVES, LINE_OPTIONS, SETTINGS, named, spellings
from nbmicro.language.sections import SECTIONS
from nbmicro.notebook.completion.known import Completed, Known, Offer, paths
from nbmicro.runner.fill import DYNAMIC_NAMES

STATUSES = tuple(str(status.value) for status in HTTPStatus if status.value >= 200)

_TYPES = (
    JSON,
    FORM,
    MULTIPART_FORM,
    "text/html",
    "text/plain",
    "text/csv",
    "application/xml",
    "application/octet-stream",
)
_CACHING = ("no-cache", "no-store", "max-age=0")
HEADER_VALUES: dict[str, tuple[str, ...]] = {
    "accept": (*_TYPES, EVENT_STREAM, "image/png", "*/*"),
    "accept-encoding": ("gzip", "identity"),
    "accept-language": ("en", "de", "fr", "es"),
    "authorization": ("Bearer ", "Basic "),
    "cache-control": _CACHING,
    "connection": ("close", "keep-alive"),
    "content-disposition": ("attachment", "inline"),
    "content-type": _TYPES,
    "range": ("bytes=0-99",),
    "x-requested-with": ("XMLHttpRequest",),
}
REQUEST_HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Content-Type", "Cookie",
    "If-Match", "If-Modified-Since", "If-None-Match", "Origin", "Range", "Referer", "User-Agent", "X-Requested-With",
)  # fmt: skip
RESPONSE_HEADERS = (
    "Allow", "Cache-Control", "Content-Disposition", "Content-Length", "Content-Type", "ETag", "Last-Modified",
    "Location", "Retry-After", "Set-Cookie", "Vary", "WWW-Authenticate",
)  # fmt: skip

_OPEN_PLACEHOLDER = re.compile(r"\{\{(?:(?!\}\}).)*\Z", re.DOTALL)
_KEYS = re.compile(r"(?<![\w.])(json|headers|cookies)((?:\[(?:\"[^\"]*\"|'[^']*'|-?\d+)\])*)\[([\"'])([^\"']*)\Z")
_STEP = re.compile(r"\[(?:\"([^\"]*)\"|'([^']*)'|(-?\d+))\]")


def request_line(text: str, known: Known, magic: str, *, rule: str | None = None) -> Completed | None:
    """What fits at the end of ``text``.

    Parameters
    ----------
    text:
        What stands between the magic's name and the cursor.
    known:
        The notebook.
    magic:
        Whose options are offered.
    rule:
        The rule of a ``%%route`` line, which ``--try`` asks first.
    """
    if opens_placeholder(text):
        return placeholder(text, known)
    words = text.split()
    fragment = words.pop() if words and not text[-1].isspace() else ""
    before = words[-1] if words else ""
    option = named(before, LINE_OPTIONS)
    if before == "-n" or (option is not None and option.takes):
        return _option_value(option.takes if option is not None else "", fragment, known)
    if fragment.startswith("-"):
        return Completed.among(fragment, known.options(magic), "option")
    method = next((word.upper() for word in words if is_method(word) and not is_url(word)), "")
    if not any(is_url(word) for word in words):
        methods = Completed.among(fragment, () if method else CLIENT_METHODS, "method")
        if fragment and not fragment.startswith("/"):
            return methods
        return paths(fragment, known, (method,) if method in CLIENT_METHODS else (), first=rule).and_(methods)
    return _item(fragment, known) or Completed.among(
        fragment, (*(f"{name}:" for name in REQUEST_HEADERS), *(() if fragment else known.options(magic))), "item"
    )


def _option_value(takes: str, fragment: str, known: Known) -> Completed:
    if takes == "PARTS":
        return Completed.among(fragment.rpartition(",")[2], SHOW_PARTS, "part")
    if takes == "STATUS":
        return Completed.among(fragment, STATUSES, "status")
    if takes == "FILE":
        return Completed.among(fragment, known.files(fragment, (".http", ".rest", ".hurl")), "file")
    return Completed(fragment, ())


def _item(fragment: str, known: Known) -> Completed | None:
    """The value of an item: of a header, or a file behind its ``@``."""
    header = re.match(r"([A-Za-z][\w-]*):(?!=)[\"']?(.*)\Z", fragment)
    if header is not None:
        return header_value(header[1], header[2], known)
    at = re.match(r"[\w.-]+:?=?@(.*)\Z", fragment)
    return files(at[1], known) if at is not None else None


def header_value(name: str, fragment: str, known: Known) -> Completed:
    """The usual values of a header."""
    if name.lower() == "location":
        return paths(fragment, known)
    return Completed.among(fragment, HEADER_VALUES.get(name.lower(), ()), "value")


def files(fragment: str, known: Known, *, quoted: bool = True) -> Completed:
    """The files whose path begins with ``fragment``; a path with spaces is quoted in a line of words."""
    found = known.files(fragment)
    shown = [f'"{path}"' if quoted and " " in path else path for path in found]
    return Completed(fragment, Completed.among("", shown, "file").offers)


def opens_placeholder(text: str) -> bool:
    """Whether a ``{{`` is open at the end of ``text``."""
    return _OPEN_PLACEHOLDER.search(text) is not None


def placeholder(text: str, known: Known, more: Iterable[str] = ()) -> Completed | None:
    """The names of the notebook, in an open ``{{``; None where none is open or an attribute is asked for."""
    found = _OPEN_PLACEHOLDER.search(text)
    if found is None:
        return None
    fragment = re.search(r"\$?\w*\Z", found[0])
    word = fragment[0] if fragment else ""
    if found[0].removesuffix(word).endswith((".", '"', "'")):
        return None
    names = DYNAMIC_NAMES if word.startswith("$") else sorted({*known.names, *more})
    return Completed.among(word, names, "name")


def closed(word: str, quote: str, after: str, more: str = "") -> str:
    """A word in a string that is still open: with its quote and what follows, unless they stand there already."""
    return word if after.startswith(quote) else f"{word}{quote}{more}"


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
            self.part = "response"
        elif (name := section_name(text)) is not None and self.part != "head":
            self.part = name
        elif self.part == "head":
            self._head(text, first)
        elif self.part in ("headers", "response") and not text.strip():
            self.part = "body" if self.part == "headers" else "response body"
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
    if opens_placeholder(text):
        return placeholder(text, known, state.names)
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
    section = SECTIONS.get(part)
    if part == "head":
        return _request(text, known)
    if part in ("headers", "response"):
        name, colon, value = text.partition(":")
        if colon:
            return header_value(name.strip(), value.lstrip(), known)
        names = Completed.among(
            text, [f"{name}: " for name in (REQUEST_HEADERS if part == "headers" else RESPONSE_HEADERS)], "header"
        )
        return names.and_(Completed.among(text, ("HTTP ",) if part == "headers" and text else (), "status line"))
    if part == "body":
        file = re.match(r"<@?[ \t]+(.*)\Z", text)
        if file is not None:
            return files(file[1], known, quoted=False)
        return Completed.among(text, ("HTTP ",), "status line") if text else None
    offers = section.offers if section is not None else None
    if offers == "python":
        return _python(text, after, state, known)
    if offers == "settings":
        return Completed.among(text, [setting.example for setting in SETTINGS], "option") if ":" not in text else None
    file = re.match(r"\s*[\w.-]+\s*:\s*file,\s*(.*)\Z", text) if offers == "files" else None
    return files(file[1], known, quoted=False) if file is not None else None


def _directive(name: str, value: str | None) -> Completed:
    if value is None:
        return Completed.among(
            name, spellings(option for option in DIRECTIVES if option.field or option.takes), "directive"
        )
    option = named(name, DIRECTIVES)
    last = re.split(r"[\s,]", value)[-1]
    return Completed.among(last, SHOW_PARTS if option is not None and option.takes == "PARTS" else (), "part")


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
    """The names of a response and its keys, in a check or a capture."""
    keys = _response_keys(text, after, state.method, state.path, known)
    if keys is not None:
        return keys
    word = re.search(r"(?<![\w.\"'])[A-Za-z_]\w*\Z|(?<![\w.\"'\)\]])\Z", text)
    if word is None:
        return None
    names = Completed.among(word[0], RESPONSE_NAMES, "answer")
    return names.and_(Completed.among(word[0], sorted({*known.names, *state.names}), "name")) if word[0] else names


def _response_keys(text: str, after: str, method: str, path: str, known: Known) -> Completed | None:
    """The keys that the last response has in the open ``json["``, ``headers["`` or ``cookies["``."""
    found = _KEYS.search(text)
    if found is None:
        return None
    last = known.last_exchange(method, path, json=found[1] == "json")
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
