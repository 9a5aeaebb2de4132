"""A terminal's colours in HTML: the text of a print with its SGR codes as styles (ECMA-48, section 8.3.117).

What lives here: from codes to spans. What must not: any other control sequence; those were taken out before.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

__all__ = ["coloured"]

_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
# Middle tones that are readable on a light and on a dark ground. Black and white stay the theme's own.
_COLOURS = ("", "#d6453d", "#3a9a50", "#b58a00", "#3d7fd6", "#b052c0", "#2a98a0", "")
_STYLES = {1: "font-weight:bold", 2: "opacity:.7", 3: "font-style:italic", 4: "text-decoration:underline"}
_ENDS = {21: (1,), 22: (1, 2), 23: (3,), 24: (4,)}


def coloured(text: str) -> Markup:
    """The text escaped, its colour codes turned into spans; codes that mean nothing here are left out."""
    pieces: list[Markup] = []
    styles: dict[int, str] = {}
    for index, piece in enumerate(_SGR.split(text)):
        if index % 2:
            _apply(piece, styles)
        elif piece and styles:
            pieces.append(Markup('<span style="{}">{}</span>').format(";".join(styles.values()), piece))
        else:
            pieces.append(escape(piece))
    return Markup("").join(pieces)


def _apply(codes: str, styles: dict[int, str]) -> None:
    """Change the styles as the codes say; key 0 is the colour."""
    numbers = [int(code) if code else 0 for code in re.split("[;:]", codes)]
    while numbers:
        number = numbers.pop(0)
        if number == 0:
            styles.clear()
        elif number in _STYLES:
            styles[number] = _STYLES[number]
        elif number in _ENDS:
            for ended in _ENDS[number]:
                styles.pop(ended, None)
        elif number in {38, 48}:
            # A colour of 256 or of 16 million; its parameters are passed over.
            del numbers[: 2 if numbers[:1] == [5] else 4]
        elif number == 39:
            styles.pop(0, None)
        elif 30 <= number <= 37 or 90 <= number <= 97:
            colour = _COLOURS[number % 10]
            if colour:
                styles[0] = f"color:{colour}"
            else:
                styles.pop(0, None)
