"""What a server could not send of an answer, though the in-process client shows it.

What lives here: the remarks about a status and headers. What must not: changing them.
"""

from __future__ import annotations

from collections.abc import Iterable

from nbmicro.exchange.lines import one_line

__all__ = ["unsendable"]


def unsendable(status: int, headers: Iterable[tuple[str, str]]) -> list[str]:
    """Remarks about what a server would fail on; none for an answer that it can send.

    Parameters
    ----------
    status:
        The status code; RFC 9110, section 15, has three digits for it.
    headers:
        Names and values; PEP 3333 has Latin-1 for both.
    """
    notes = []
    if not 100 <= status <= 999:
        notes.append(f"A server cannot send the status {status}: it is a number of three digits.")
    for name, value in headers:
        if name.isascii() and value.isascii():
            continue
        strange = [character for character in f"{name}{value}" if ord(character) > 255]
        if strange:
            notes.append(
                f"A server cannot send the header {one_line(name, 60)}: {strange[0]!r} is not in Latin-1, "
                "the text of headers. Percent-encode its value: urllib.parse.quote(…)"
            )
    return notes
