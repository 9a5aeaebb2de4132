"""The regular expressions of Hurl, which are Rust's, as Python's."""

from __future__ import annotations

import re
import warnings

# Escapes that both have, with one meaning.
_SAME = frozenset("dDwWsSbBAtnrfv")
_FLAGS = re.compile(r"\(\?([ims]+)\)")


def python_pattern(pattern: str) -> str | None:
    """The same regular expression as Python writes it; None where it has what Python's have not, or read otherwise.

    Rust's ``$`` is the end of the text and never stands before a last line break, as Python's does; it has sets of
    sets, classes of Unicode, and no way to look around.
    """
    flags = _FLAGS.match(pattern)
    is_multiline = flags is not None and "m" in flags[1]
    written: list[str] = [flags[0]] if flags else []
    position = flags.end() if flags else 0
    in_class = False
    while position < len(pattern):
        rest = pattern[position:]
        part = _class_part(rest) if in_class else _part(rest, is_multiline)
        if part is None:
            return None
        taken, python = part
        if rest[0] == "[" and not in_class:
            in_class = True
        elif rest[0] == "]" and in_class:
            in_class = False
        written.append(python)
        position += taken
    python = "".join(written)
    try:
        with warnings.catch_warnings():
            # What Python will read otherwise one day, as sets of sets.
            warnings.simplefilter("error")
            re.compile(python)
    except (re.error, Warning, OverflowError, RecursionError):
        return None
    return python


def _part(rest: str, is_multiline: bool) -> tuple[int, str] | None:
    """What stands next outside a class: how long it is, and its Python."""
    if rest[0] == "\\":
        return _escape(rest)
    if rest[0] == "$":
        return 1, "$" if is_multiline else r"\Z"
    if rest[0] == "[":
        # A bracket that stands first is a letter of the class.
        opening = re.match(r"\[\^?\]?", rest)
        return None if opening is None or rest.startswith("[[") else (opening.end(), opening[0])
    if rest.startswith("(?"):
        group = re.match(r"\(\?(?::|P?<([A-Za-z_]\w*)>)", rest)
        if group is None:
            return None
        return group.end(), f"(?P<{group[1]}>" if group[1] else "(?:"
    # A repetition of a repetition is Python's possessive one; a brace that repeats nothing is a letter to Python alone.
    if re.match(r"[*+?}]\+|\(\*|\{(?!\d+(?:,\d*)?\})", rest):
        return None
    return 1, rest[0]


def _class_part(rest: str) -> tuple[int, str] | None:
    if rest[0] == "\\":
        return None if rest[1:2] in {"b", "B", "A"} else _escape(rest)
    if rest[0] == "[" or re.match(r"&&|--|~~", rest):
        return None
    return 1, rest[0]


def _escape(rest: str) -> tuple[int, str] | None:
    letter = rest[1:2]
    if letter == "z":
        return 2, r"\Z"
    if letter in _SAME:
        return 2, rest[:2]
    if code := re.match(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})", rest):
        return code.end(), code[0]
    # Rust has ends of words in angle brackets; a slash is escaped for Hurl's sake only.
    if not letter or letter.isalnum() or letter in "<>_" or not letter.isascii():
        return None
    return 2, "/" if letter == "/" else rest[:2]
