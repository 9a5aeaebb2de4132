"""The readable text of an HTML page: what a person reads where no page can be drawn."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from nbmicro.printable import plain

_SKIPPED = frozenset({"script", "style", "template", "noscript", "svg", "head", "title"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main"}
    | {"nav", "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody", "tfoot", "thead"}
    | {"tr", "ul"}
)
_SPACE = re.compile(r"[ \t\n\r\f]+")


def page_lines(html: str) -> list[str]:
    """The lines of text of a page: a block begins a line, a list item a dash, cells of a row stand side by side."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.lines()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._done: list[str] = []
        self._line: list[str] = []
        self._skipped: list[str] = []
        self._literal = 0

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """Pass over ``<![…>`` as browsers do (a bogus comment); Python 3.11's parser fails at one with no name."""
        return self.parse_bogus_comment(i)

    def lines(self) -> list[str]:
        self._break()
        text = "\n".join(self._done)
        return plain(re.sub(r"\n{3,}", "\n\n", text)).strip("\n").split("\n") if text.strip() else []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped or tag in _SKIPPED:
            # `head` may be left open; a body's first block ends it.
            if tag in _SKIPPED and tag != "head":
                self._skipped.append(tag)
            return
        if tag in _BLOCKS:
            self._break()
        if tag == "pre":
            self._literal += 1
        given = dict(attrs)
        if tag == "br":
            self._break(empty=True)
        elif tag == "li":
            self._line.append("- ")
        elif tag in {"td", "th"} and self._line:
            self._line.append("  ")
        elif tag == "img":
            self._line.append(f"[image{': ' + (given.get('alt') or '') if given.get('alt') else ''}]")
        elif tag == "hr":
            self._line.append("----")
            self._break()
        elif tag in {"input", "textarea", "button"}:
            self._field(tag, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _SKIPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag == self._skipped[-1]:
                self._skipped.pop()
            return
        if tag == "pre":
            self._literal = max(self._literal - 1, 0)
        if tag in _BLOCKS:
            self._break()
        if tag in {"p", "h1", "h2", "h3", "ul", "ol", "table", "form", "pre"} and self._done and self._done[-1]:
            self._done.append("")

    def handle_data(self, data: str) -> None:
        if self._skipped:
            return
        if self._literal:
            first, *others = data.split("\n")
            self._line.append(first)
            for other in others:
                self._break(empty=True, literal=True)
                self._line.append(other)
            return
        text = _SPACE.sub(" ", data)
        if text != " " or (self._line and not self._line[-1].endswith(" ")):
            self._line.append(text)

    def _field(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "input" and given.get("type") != "hidden":
            name = given.get("placeholder") or given.get("value") or given.get("name") or given.get("type") or ""
            self._line.append(f" [{name}] ")

    def _break(self, *, empty: bool = False, literal: bool = False) -> None:
        text = "".join(self._line)
        self._line.clear()
        text = text.rstrip() if literal or self._literal else re.sub(r" {3,}", "  ", text).strip()
        if text or (empty and self._done):
            self._done.append(text)
