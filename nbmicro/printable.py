"""Text as it may be shown: no control characters, not too much of it, beside a misspelt word the one that was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Characters of one line that are shown.
LINE_LIMIT = 1000

_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The first lines of a text, the lines after them, and whether there is more than both."""

    first: tuple[str, ...]
    rest: tuple[str, ...] = ()
    open_end: bool = False

    @property
    def more(self) -> str:
        """How much is not in ``first``: ``112 more lines``; empty when nothing is missing."""
        if self.open_end:
            return f"more than {len(self.rest):,} more lines" if self.rest else "more"
        return f"{len(self.rest):,} more line{'s' if len(self.rest) != 1 else ''}" if self.rest else ""


def excerpt(lines: Iterable[str], count: int, *, open_end: bool = False) -> Excerpt:
    """Cut lines after ``count``; one line more than that is shown rather than announced."""
    shown = [cut_line(line) for line in lines]
    if len(shown) <= count + 1:
        return Excerpt(tuple(shown), (), open_end)
    return Excerpt(tuple(shown[:count]), tuple(shown[count:]), open_end)


def plain(text: str, *, keep_colours: bool = False) -> str:
    """The text with one kind of line end, and control characters and direction marks made visible.

    Colour codes of a terminal (SGR) are taken out, or kept for a caller who draws them with ``keep_colours``.
    """
    text = text.replace("\r\n", "\n")
    if keep_colours:
        pieces = re.split(f"({_SGR.pattern})", text)
        return "".join(piece if _SGR.fullmatch(piece) else _CONTROL.sub(_picture, piece) for piece in pieces)
    return _CONTROL.sub(_picture, _SGR.sub("", text))


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """The text in one line: line ends made visible too, and cut."""
    return cut_line(plain(text).replace("\n", "␊"), limit)


def columns(rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """The rows of a table as lines, each column as wide as its widest text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [gap.join(map(str.ljust, row, widths)).rstrip() for row in rows]


def human_size(size: int) -> str:
    """A number of bytes for people: ``312 bytes``, ``48.0 KB``, ``3.2 MB`` (of 1024)."""
    if size < 1024:
        return f"{size} byte{'s' if size != 1 else ''}"
    return f"{size / 1024:,.1f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:,.1f} MB"


def likeness(text: str, other: str) -> float:
    """How alike two texts are, from 0.0 to 1.0."""
    from difflib import SequenceMatcher  # Only a mistake needs it.

    return SequenceMatcher(None, text, other).ratio()


def near_words(word: str, known: Iterable[str], at_least: float = 0.6, *, most: int = 1) -> list[str]:
    """Up to ``most`` known words that are ``at_least`` so like a misspelt one, the nearest first."""
    from difflib import get_close_matches

    return get_close_matches(word, list(known), most, at_least)


def did_you_mean(word: str, known: Iterable[str], at_least: float = 0.6) -> str | None:
    """The known word that a misspelt one is most like; None where none is ``at_least`` so alike.

    The usual likeness suits a short list that the word must be in: options, parts, sections. Where the word may be
    right as it is, or the list is long (the names of a notebook), ask for more, so that no wrong word is suggested.
    """
    return next(iter(near_words(word, known, at_least)), None)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\ufffd"


def cut_line(line: str, limit: int = LINE_LIMIT) -> str:
    """The line, cut where it is longer than anybody reads, with a word on how much is missing."""
    return line if len(line) <= limit else f"{line[:limit]} … {len(line) - limit:,} more characters"
