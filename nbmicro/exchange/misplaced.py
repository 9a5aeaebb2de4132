"""Words of a request's line that stand at the wrong place: a method behind the URL, a second one, a piece of the query.

What lives here: their refusals, each with the line as it should have been written. What must not: the grammar of a
right line (``items.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote_plus

from nbmicro.errors import RequestError
from nbmicro.exchange.address import METHODS, is_url
from nbmicro.exchange.words import Word, written_word

__all__ = ["refuse_misplaced"]


def refuse_misplaced(plain: Sequence[Word], words: Sequence[Word], magic: str) -> None:
    """Refuse a method or a query that stands where items stand.

    Parameters
    ----------
    plain:
        The words of the line that are no options.
    words:
        All of them, to show the line again.
    magic:
        What the line begins with, as ``%http``.

    Raises
    ------
    RequestError
        With the line corrected.
    """
    for position, word in enumerate(plain[1:], 1):
        if word.quoted:
            continue
        if word.text in METHODS:
            raise _second_method(word, plain, words, magic)
        url = next((before for before in plain[:position] if is_url(before.text)), None)
        if url is not None and word.text.startswith(("?", "&")):
            raise _query_apart(word, url, words, magic)


def _second_method(word: Word, plain: Sequence[Word], words: Sequence[Word], magic: str) -> RequestError:
    first = plain[0] if not plain[0].quoted and plain[0].text.upper() in METHODS else None
    rest = [other.source for other in words if other is not word and other is not first]
    message = f"`{word.source}` stands behind the URL"
    if first is not None:
        message = f"`{first.source} {word.source}`: a request has one method"
    return RequestError(
        f"{message}{'.' if first else '; the method comes before it.'}",
        hint=f"Write  {' '.join([magic, word.text, *rest])}",
        line=word.line,
        column=word.column,
    )


def _query_apart(word: Word, url: Word, words: Sequence[Word], magic: str) -> RequestError:
    query = word.text[1:]
    joint = "&" if "?" in url.text else "?"
    line = [f"{other.source}{joint}{query}" if other is url else other.source for other in words if other is not word]
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    items = " ".join(written_word([f"{unquote_plus(name)}=={unquote_plus(value)}"]) for name, _, value in pairs)
    return RequestError(
        f"`{word.source}` is a query, and it stands apart from its URL.",
        hint=f"Write  {' '.join([magic, *line])}" + (f"  or, as an item,  {items}" if items else ""),
        line=word.line,
        column=word.column,
    )
