"""What a handler prints beyond what an exchange keeps: its last lines, and how many there were before them.

What lives here: text of any length, held in a bounded room. What must not: whose text it is.
"""

from __future__ import annotations

__all__ = ["TAIL_LIMIT", "Overflow", "gap_line"]

#: Characters that are kept of the end.
TAIL_LIMIT = 16 * 1024


def gap_line(lines: int) -> str:
    """The line that stands in a text where ``lines`` of it were let go; 0 for a piece of one line."""
    if lines < 1:
        return "… and more, which is not kept …"
    return f"… {lines:,} more line{'s, which are' if lines > 1 else ', which is'} not kept …"


class Overflow:
    """The end of a text, of which only the last :data:`TAIL_LIMIT` characters are kept, from a line's begin on."""

    __slots__ = ("_characters", "_lines", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self._lines = 0
        self._characters = 0

    def write(self, text: str) -> None:
        """Add text, and let go of the oldest where there is too much."""
        self._pieces.append(text)
        self._size += len(text)
        if self._size > 4 * TAIL_LIMIT:
            self._trim()

    def _trim(self) -> None:
        text = "".join(self._pieces)
        at = max(0, len(text) - TAIL_LIMIT)
        # From a line's begin on, unless that line is longer than half of what is kept.
        at = text.find("\n", at - 1, at + TAIL_LIMIT // 2) + 1 or at if at else 0
        self._lines += text.count("\n", 0, at)
        self._characters += at
        self._pieces, self._size = [text[at:]], len(text) - at

    def behind(self, head: str) -> tuple[str, int | None]:
        """The whole text with the ``head`` that was kept before it, and how many lines are missing between them: None
        where nothing is."""
        if self._size > TAIL_LIMIT:
            self._trim()
        tail = "".join(self._pieces)
        if not self._characters:
            return head + tail, None
        whole = not head or head.endswith("\n")
        # The first line end that is missing may be that of the head's own last line.
        lines = max(self._lines - (not whole), 0)
        return f"{head}{'' if whole else chr(10)}{gap_line(lines)}\n{tail}", lines
