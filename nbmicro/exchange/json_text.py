"""Where a JSON text ends, and which characters of it stand inside quotes, blanks ``{{ … }}`` included.

What lives here: the little scanner of brackets and strings that the line form, the cell form and the filling of blanks
share. What must not: judging whether the text is valid JSON; that is the standard library's.
"""

from __future__ import annotations

from nbmicro.exchange.template import blank_end

__all__ = ["inside_quotes", "json_end"]

_PAIRS = {"{": "}", "[": "]"}


def json_end(source: str, start: int = 0) -> int:
    """The index behind the object or array that begins at ``start``; -1 if its brackets do not close."""
    expected: list[str] = []
    quoted = False
    position = start
    while position < len(source):
        char = source[position]
        if source.startswith("{{", position):
            end = blank_end(source, position + 2)
            if end >= 0:
                position = end + 2
                continue
        if quoted:
            if char == "\\":
                position += 1
            elif char == '"':
                quoted = False
            elif char == "\n":
                return -1
        elif char == '"':
            quoted = True
        elif char in _PAIRS:
            expected.append(_PAIRS[char])
        elif char in "]}":
            if not expected or expected.pop() != char:
                return -1
            if not expected:
                return position + 1
        position += 1
    return -1


def inside_quotes(literal: str, quoted: bool) -> bool:
    """Whether the end of a literal stretch of JSON stands inside a string, given whether its beginning does."""
    escaped = False
    for char in literal:
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
    return quoted
