"""Where a magic stands in the cell that runs it, so that its errors count lines and columns as the editor does."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol


class MagicPlace(NamedTuple):
    """Where a magic stands: its line, the column of its argument, and the lines of the cell."""

    line: int
    column: int
    written: tuple[str, ...] = ()

    def unfolded(self, column: int) -> tuple[int, int]:
        """The line and column of what has this column in the argument, which a backslash may carry to further lines."""
        line = self.line
        while line < len(self.written) and (text := self.written[line - 1].rstrip()).endswith("\\"):
            # IPython puts a space in the place of the backslash.
            if column <= len(text):
                break
            column -= len(text)
            line += 1
        return line, column


class _Cell(Protocol):
    source: str


def place_of_magic(
    name: str, argument: str, namespace: dict[str, Any], cell_of_file: Callable[[str], _Cell | None], sign: str = "%"
) -> MagicPlace | None:
    """The line of the magic that is being called, and the column of its argument; None if they are not known.

    Parameters
    ----------
    name, sign:
        The magic's name, and ``%`` or ``%%``.
    argument:
        What stands behind it on its line.
    namespace:
        The notebook's variables, by which code of a cell is known.
    cell_of_file:
        The cell whose code has a file name.
    """
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals is not namespace:
        frame = frame.f_back
    cell = cell_of_file(frame.f_code.co_filename) if frame is not None else None
    if cell is None:
        return None
    written = cell.source.replace("\r\n", "\n").split("\n")
    # IPython takes the empty lines at the top away before it counts.
    skipped = next((number for number, text in enumerate(written) if text.strip()), 0)
    expected = frame.f_lineno + skipped
    places = _calls(sign + name, argument.strip(), written)
    nearest = min(places, key=lambda place: abs(place[0] - expected), default=None)
    return None if nearest is None else MagicPlace(*nearest, tuple(written))


def _calls(magic: str, argument: str, written: list[str]) -> list[tuple[int, int]]:
    """The places where a cell's text has the magic with this argument, which may go on in the lines below."""
    found: list[tuple[int, int]] = []
    for number, text in enumerate(written, 1):
        for match in re.finditer(rf"(?<!%){re.escape(magic)}[ \t]*", text):
            rest = text[match.end() :].rstrip("\\").strip()
            if argument.startswith(rest) and (rest or not argument):
                found.append((number, match.end() + 1))
    return found
