"""HTML and style sheets read in one pass: the tags and texts of a page, the addresses of a style sheet.

Each step ends where its last look ended, also where a tag, a comment or a string is never closed: then it is all that
is left, as in a browser. So the time grows with the length of a text alone. The ``html.parser`` of the Pythons that we
run on looks for the end of each tag that is left open anew, up to the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Literal

# Possessive, each of them: none gives back what it has read to try again.
_NAME = re.compile(r"[^\s/>]++")
_BETWEEN = re.compile(r"[\s/]*+")
_ATTRIBUTE = re.compile(r"([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:\"([^\"]*+)\"?+|'([^']*+)'?+|([^\s>\"'][^\s>]*+)?+))?+")
_SHEET = re.compile(
    r"/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+|\"(?:[^\"\\\n]++|\\.)*+\"?+|'(?:[^'\\\n]++|\\.)*+'?+"
    r"|url\(\s*+(?:\"((?:[^\"\\\n]++|\\.)*+)\"?+|'((?:[^'\\\n]++|\\.)*+)'?+|([^\s\"'()\\]++))?+\s*+(\)?+)",
    re.IGNORECASE | re.DOTALL,
)
#: Elements whose content is text up to their end tag; in those with True, characters may be written as ``&…;``.
_TEXT_ALONE = {"textarea": True, "title": True} | dict.fromkeys(
    ("script", "style", "xmp", "iframe", "noembed", "noframes"), False
)
_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _TEXT_ALONE}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a page: a text, or the start or the end of an element; comments and declarations are none."""

    kind: Literal["text", "start", "end"]
    #: Where it stands in the page.
    start: int
    end: int
    #: The name of the element in small letters; of a text, what it says.
    value: str
    attributes: dict[str, str]
    is_closed: bool = False


def read_html(page: str) -> Iterator[Token]:
    """The pieces of a page, as the tokenizer of the HTML standard cuts them (section 13.2.5)."""
    at, size = 0, len(page)
    while at < size:
        opened = page.find("<", at)
        opened = size if opened < 0 else opened
        if opened > at:
            yield Token("text", at, opened, unescape(page[at:opened]), {})
        at = opened
        following = page[at + 1 : at + 3]
        if following[:1].isascii() and following[:1].isalpha():
            token = _tag("start", page, at, at + 1)
        elif following[:1] == "/" and following[1:].isascii() and following[1:].isalpha():
            token = _tag("end", page, at, at + 2)
        elif following[:1] in {"!", "?"} or (following[:1] == "/" and len(following) == 2):
            at = _end_of_remark(page, at)
            continue
        else:
            if at < size:
                yield Token("text", at, at + 1, "<", {})
            at += 1
            continue
        if token is None:  # The page ends inside a tag: that is no tag, and nothing comes after it.
            return
        yield token
        at = token.end
        if token.kind == "start" and token.value in _TEXT_ALONE:
            end = _ENDS[token.value].search(page, at)
            stop = size if end is None else end.start()
            if stop > at:
                text = page[at:stop]
                yield Token("text", at, stop, unescape(text) if _TEXT_ALONE[token.value] else text, {})
            at = stop


def _tag(kind: Literal["start", "end"], page: str, at: int, name_at: int) -> Token | None:
    """The tag that begins at ``at``; None where the page ends before it does."""
    name = _NAME.match(page, name_at)
    assert name is not None  # its first letter was seen
    attributes: dict[str, str] = {}
    place, size = name.end(), len(page)
    while True:
        between = _BETWEEN.match(page, place)
        place = place if between is None else between.end()
        if place >= size:
            return None
        if page[place] == ">":
            return Token(kind, at, place + 1, name[0].lower(), attributes, page[place - 1] == "/")
        attribute = _ATTRIBUTE.match(page, place)
        assert attribute is not None  # a character that is neither blank nor slash nor bracket begins a name
        written, double, single, bare = attribute.groups()
        attributes.setdefault(written.lower(), unescape(double or single or bare or ""))
        place = attribute.end()


def _end_of_remark(page: str, at: int) -> int:
    """Where a comment, a declaration or what is neither ends."""
    if not page.startswith("<!--", at):
        end = page.find(">", at)
        return len(page) if end < 0 else end + 1
    if page.startswith(("<!-->", "<!--->"), at):
        return page.index(">", at) + 1
    end = page.find("-->", at + 4)
    return len(page) if end < 0 else end + 3


def with_addresses(sheet: str, other: Callable[[str], str | None]) -> str:
    """The style sheet with each address of ``url(…)`` that ``other`` has another for; it gives None to keep one."""

    def put(match: re.Match[str]) -> str:
        found = match[1] or match[2] or match[3]
        address = other(found) if found and match[4] else None
        return match[0] if address is None else f'url("{address}")'

    return _SHEET.sub(put, sheet)
