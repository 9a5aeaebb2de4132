"""A ``%http`` line in words: quotes group, a comment ends it, ``{{ … }}`` may hold spaces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbmicro.errors import RequestError
from nbmicro.language.template import (
    Placeholder,
    Template,
    json_end,
    parse_template,
    place_at,
    place_in_columns,
    placeholder_end,
)

_ESCAPED_BARE = "\"' #"
_OPENS_QUOTE = "=:@"
_NEEDS_QUOTES = re.compile(r"[\s\"'\\#;{\[]")


@dataclass(frozen=True, slots=True)
class Word:
    """A word without its quotes.

    ``columns`` has the column of each character and one more for the end; ``quoted`` says that its first character
    stood in quotes, so that it is no option; ``source`` is the word as it was written.
    """

    text: str
    columns: tuple[int, ...]
    line: int
    quoted: bool
    source: str

    @property
    def column(self) -> int:
        return self.columns[0]

    def part(self, start: int) -> Word:
        """The word from a character on."""
        return Word(self.text[start:], self.columns[start:], self.line, self.quoted, self.source)

    def template(self, start: int = 0, stop: int | None = None) -> Template:
        """A part of the word with its placeholders found."""
        return parse_template(self.text[start:stop], place_in_columns(self.line, self.columns[start:]))


class _Splitter:
    def __init__(self, text: str, line: int, column: int) -> None:
        self.text = text
        self.line = line
        self.column = column
        self.position = 0
        self.chars: list[str] = []
        self.columns: list[int] = []

    def keep(self, stop: int) -> None:
        """Take the characters up to ``stop`` as they are."""
        self.chars.extend(self.text[self.position : stop])
        self.columns.extend(range(self.column + self.position, self.column + stop))
        self.position = stop

    def keep_placeholder(self) -> bool:
        if not self.text.startswith("{{", self.position):
            return False
        end = placeholder_end(self.text, self.position + 2)
        if end < 0:
            # Its template has the words for what is wrong, and here all of the placeholder is still together.
            parse_template(self.text[self.position :], place_at("", self.line, self.column + self.position))
        self.keep(end + 2)
        return True

    def quotation(self, quote: str) -> None:
        opening = self.position
        self.position += 1
        while self.position < len(self.text):
            if self.keep_placeholder():
                continue
            char = self.text[self.position]
            if char == quote:
                self.position += 1
                return
            if quote == '"' and char == "\\" and self.text[self.position + 1 : self.position + 2] in ('"', "\\"):
                self.position += 1
            self.keep(self.position + 1)
        raise RequestError(
            f"the quote {quote} is never closed.",
            hint=f'Inside a word an apostrophe stands for itself; a word that begins with one:  "{quote}tis"'
            if quote == "'"
            else "Close it, or put the word into '…'.",
            line=self.line,
            column=self.column + opening,
        )

    def word(self) -> Word:
        start = self.position
        self.chars, self.columns = [], []
        while self.position < len(self.text) and not self.text[self.position].isspace():
            if self.keep_placeholder():
                continue
            char = self.text[self.position]
            previous = self.text[self.position - 1] if self.position > start else ""
            if char in "\"'" and (not previous or previous in _OPENS_QUOTE):
                self.quotation(char)
            elif char in "{[" and "".join(self.chars[-2:]) == ":=":
                # JSON behind `:=` may hold spaces, as long as it is whole.
                end = json_end(self.text, self.position)
                whole = end >= 0 and (end == len(self.text) or self.text[end].isspace() or self.text[end] == ";")
                self.keep(end if whole else self.position + 1)
            elif char == "\\" and self.text[self.position + 1 : self.position + 2] in tuple(_ESCAPED_BARE):
                self.position += 1
                self.keep(self.position + 1)
            else:
                self.keep(self.position + 1)
        return Word(
            "".join(self.chars),
            (*self.columns, self.column + self.position),
            self.line,
            self.text[start] in "\"'",
            self.text[start : self.position],
        )


def split_words(text: str, *, line: int = 1, column: int = 1) -> tuple[list[Word], bool]:
    """The words of a line, and whether it ended with ``;``.

    Raises
    ------
    RequestError
        A quote that is never closed.
    """
    splitter = _Splitter(text, line, column)
    words: list[Word] = []
    while True:
        while splitter.position < len(text) and text[splitter.position].isspace():
            splitter.position += 1
        if splitter.position >= len(text) or text[splitter.position] == "#":
            break
        words.append(splitter.word())
    if words and words[-1].source.endswith(";") and words[-1].text.endswith(";"):
        last = words.pop()
        if len(last.source) > 1:
            words.append(Word(last.text[:-1], last.columns[:-1], last.line, last.quoted, last.source[:-1]))
        return words, True
    return words, False


def written_word(parts: Sequence[str | Placeholder]) -> str:
    """A word as it must be written to be read back: ``parts`` are literal texts and placeholders in turn."""
    literal = "".join(part for part in parts if isinstance(part, str))
    plain = "".join(str(part) for part in parts)
    if plain and not plain.startswith("-") and not plain.endswith(";") and not _NEEDS_QUOTES.search(literal):
        return plain
    if '"' in literal and "'" not in literal:
        return f"'{plain}'"
    escaped = (re.sub(r'(["\\])', r"\\\1", part) if isinstance(part, str) else str(part) for part in parts)
    return f'"{"".join(escaped)}"'
