"""Tab in a ``%http`` line, and in whatever else takes a request: ``--try``, ``%trace``, ``%bench``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nbmicro.http.methods import CLIENT_METHODS, is_method
from nbmicro.language.address import is_url
from nbmicro.language.options import SHOW_PARTS
from nbmicro.notebook.completion.known import Completed, Known
from nbmicro.notebook.completion.paths import paths
from nbmicro.notebook.completion.vocabulary import HEADER_VALUES, REQUEST_HEADERS, STATUSES
from nbmicro.runner.variables import DYNAMIC_NAMES

_OPEN_BLANK = re.compile(r"\{\{(?:(?!\}\}).)*\Z", re.DOTALL)
_VALUES = {"--expect", "--show", "--file", "-a", "--auth", "--timeout", "--curl", "-n"}


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
    if opens_blank(text):
        return blank(text, known)
    words = text.split()
    fragment = words.pop() if words and not text[-1].isspace() else ""
    before = words[-1] if words else ""
    if before in _VALUES:
        return _option_value(before, fragment, known)
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


def _option_value(option: str, fragment: str, known: Known) -> Completed:
    if option == "--show":
        return Completed.among(fragment.rpartition(",")[2], SHOW_PARTS, "part")
    if option == "--expect":
        return Completed.among(fragment, STATUSES, "status")
    if option == "--file":
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
    shown = [f'"{one}"' if quoted and " " in one else one for one in found]
    return Completed(fragment, Completed.among("", shown, "file").offers)


def opens_blank(text: str) -> bool:
    """Whether a ``{{`` is open at the end of ``text``."""
    return _OPEN_BLANK.search(text) is not None


def blank(text: str, known: Known, more: Iterable[str] = ()) -> Completed | None:
    """The names of the notebook, in an open ``{{``; None where none is open or an attribute is asked for."""
    found = _OPEN_BLANK.search(text)
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
