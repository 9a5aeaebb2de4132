"""Words of a request's line that stand at the wrong place: a method behind the URL, a second one, a piece of the query.

What lives here: their refusals, each with the line as it should have been written. What must not: the grammar of a
right line (``items.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote_plus

from nbmicro.errors import RequestError
from nbmicro.exchange.address import METHODS, is_url
from nbmicro.exchange.words import Word, written_word

__all__ = ["quoted_line", "refuse_behind_url", "refuse_misplaced"]


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


def refuse_behind_url(
    word: Word, words: Sequence[Word], magic: str, help_text: str, is_item: Callable[[Word], bool]
) -> None:
    """Refuse what stands right behind the URL and is no item: an expected status, or the rest of a URL with a space.

    Parameters
    ----------
    word:
        A word that is no item.
    words, magic:
        The line.
    help_text:
        What items there are.
    is_item:
        Whether a word is an item.

    Raises
    ------
    RequestError
        With the line corrected.
    """
    at = words.index(word)
    if at == 0 or word.quoted or words[at - 1].quoted or not is_url(words[at - 1].text) or '"' in word.text:
        return
    ends = words[at + 1 :]
    status = word.text if word.text != "HTTP" or not ends else ends[0].text
    if re.fullmatch(r"[1-5]\d\d", status):
        rest = words[at + 1 :] if status is word.text else words[at + 2 :]
        line = [*(one.source for one in words[:at]), *(one.source for one in rest), "--expect", status]
        said, more = "a status that is expected has an option.", ""
    else:
        last = at + next((n for n, one in enumerate(ends) if is_item(one) or one.text.startswith("-")), len(ends))
        whole = " ".join(one.text for one in words[at - 1 : last + 1])
        line = [*(one.source for one in words[: at - 1]), f'"{whole}"', *(one.source for one in words[last + 1 :])]
        said, more = "a space ends the URL, unless quotes stand around it.", f"\n{help_text}"
    raise RequestError(
        f"`{word.text}` is no item: {said}",
        hint=f"Write  {' '.join([magic, *line])}{more}",
        line=word.line,
        column=word.column,
    )


def quoted_line(word: Word, words: Sequence[Word], magic: str, is_item: Callable[[Word], bool]) -> str | None:
    """The line with quotes around what a space has torn apart; None where ``word`` is no such piece.

    Parameters
    ----------
    word:
        A word that is no item.
    words, magic:
        The line.
    is_item:
        Whether a word is an item, which ``word`` may be the end of.
    """
    at = words.index(word)
    torn = [n for n, one in enumerate(words) if one.text.count('"') % 2]
    opening = [n for n in torn[::2] if n < at]
    closing = [n for n in torn[1::2] if n >= at]
    if opening and closing:
        # `/hello/"Ada Lovelace"`: the quotes stand inside of words.
        first, last = opening[-1], closing[0]
    elif at > 0 and not words[at - 1].quoted and not is_url(words[at - 1].text) and is_item(words[at - 1]):
        # `photo@a b.png`, `name=Ada Lovelace`
        first, ends = at - 1, words[at + 1 :]
        last = at + next((n for n, one in enumerate(ends) if is_item(one) or one.text.startswith("-")), len(ends))
    else:
        return None
    whole = " ".join(one.text for one in words[first : last + 1]).replace('"', "")
    line = [*(one.source for one in words[:first]), f'"{whole}"', *(one.source for one in words[last + 1 :])]
    return " ".join([magic, *line])


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
