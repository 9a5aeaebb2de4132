"""Random cells: valid ones with a few mistakes, and text of any characters; the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from nbmicro.errors import NbmicroError

__all__ = ["outside", "random_texts"]

# What breaks parsers: quotes, brackets, line ends of all kinds, half characters, characters wider than they look.
_CHARACTERS = [
    *"{}[]()<>\"'`#@:=;%&?!/\\|*.,~^$-_ \t\n\n\n\r\x00\x0c\x1c\u2028\u00a0\ufeff\u200bé中😀\ud800",
    *"abcGETPOST0123456789",
]
_RAW = [*_CHARACTERS, "{{", "}}", "%%", "###", "\r\n", "HTTP ", "```"]


def outside(error: NbmicroError, cell: str) -> str | None:
    """What is wrong with the place that an error names: no line of the cell, or no column of it; None if nothing."""
    # As an editor counts them: the form feed and its like end no line.
    lines = re.split("\r\n|\r|\n", cell)
    said = f"{error.place}: {error.message!r} of {cell!r}"
    if not error.message or error.line is None or not 1 <= error.line <= len(lines):
        return f"no line: {said}"
    width = len(lines[error.line - 1]) + 1
    return None if error.column is None or 1 <= error.column <= width else f"no column: {said}"


def random_texts(seed: int, count: int, valid: Sequence[str], pieces: Sequence[str]) -> Iterator[str]:
    """Texts of which most are a valid one after some edits, and one in eight is raw.

    Parameters
    ----------
    seed, count:
        The same seed gives the same texts.
    valid:
        Texts to begin with.
    pieces:
        Words and lines of the language, to put where they do not belong.
    """
    chance = random.Random(seed)
    for _ in range(count):
        if chance.random() < 0.125:
            yield "".join(chance.choices(_RAW, k=chance.randrange(60)))
            continue
        text = chance.choice(valid)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
            text = _edited(chance, text, valid, pieces)
        yield text


def _edited(chance: random.Random, text: str, valid: Sequence[str], pieces: Sequence[str]) -> str:
    kind = chance.randrange(9)
    at = chance.randrange(len(text) + 1)
    if kind == 0:
        return text[:at] + chance.choice(_CHARACTERS) + text[at:]
    if kind == 1:
        return text[:at] + text[at + chance.randrange(1, 4) :]
    if kind == 2:
        return text[:at] + chance.choice(pieces) + text[at:]
    if kind == 3:
        return text[:at]
    lines = text.split("\n")
    row = chance.randrange(len(lines))
    if kind == 4:
        del lines[row]
    elif kind == 5:
        lines.insert(row, lines[chance.randrange(len(lines))])
    elif kind == 6:
        lines.insert(row, chance.choice(pieces))
    elif kind == 7:
        other = chance.randrange(len(lines))
        lines[row], lines[other] = lines[other], lines[row]
    else:
        others = chance.choice(valid).split("\n")
        start = chance.randrange(len(others))
        lines[row:] = others[start:]
    return "\n".join(lines)
