"""A page of the app as it is drawn: its text, its own style sheets and images, and a sandboxed iframe around it."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Sequence
from urllib.parse import urljoin, urlsplit

from markupsafe import Markup, escape

from nbmicro.http.build import is_loopback
from nbmicro.http.messages import ResponseRecord
from nbmicro.printable import plain
from nbmicro.render.markup_tokens import Token, read_html, with_addresses

#: Bytes of a page above which no iframe is drawn.
IFRAME_LIMIT = 32 * 1024
#: The Content-Security-Policy of every iframe. A sandbox alone still lets a page fetch from the notebook's origin.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

# Its style gives text that was a link the looks of one; the page's own rules for `a` win, as they come later.
_HEAD = (
    f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><base target=_blank>'
    "<style>a{color:LinkText;text-decoration:underline}</style>"
)
# The sandbox lets a link open in the iframe itself, and every browser opens one in a new tab on a click with Ctrl: both
# would ask the notebook's origin with the user's cookies. So no attribute of a page may be called `href` or `target`.
_NAMES = re.compile(r"(?<![\w+=-])(tar|(?:xlink:)?hr)(get|ef)(?![\w+-])", re.IGNORECASE)
# A frame in the iframe with a page of its own would have links of its own, written so that no pattern sees them.
_NESTED = re.compile(r"(?<![\w+=-])(src)(doc)(?![\w+-])", re.IGNORECASE)
# In a drawing a reference inside the page (`<use href="#a">`) and a picture's data stay.
_NAMES_IN_DRAWING = re.compile(_NAMES.pattern + r"""(?!\s*=\s*["']?(?:#|data:))""", re.IGNORECASE)
# Firefox fetches what `srcset` names, and an image in `<picture>`, before it has read the policy. Pictures that are put
# in place stay.
_SOURCES = re.compile(
    r"""(?<![\w+=-])(s|images)(rc(?:set)?)(?=\s*=)(?!(?<=src)\s*=\s*["']?data:)""",
    re.IGNORECASE,
)
_FOREIGN = re.compile(r"<(svg|math)(?![\w-])", re.IGNORECASE)
_LINK = re.compile(r"<(/?)(a|area|svg)(?=[\s/>])", re.IGNORECASE)
# Codes that mean something to a terminal which prints a saved notebook, and nothing to a page.
_CONTROL_CODE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_WORD_JOINER = "\u2060"
_LINE = "1px solid rgba(128,128,128,.4)"
_TALL = frozenset({"img", "svg", "canvas", "video", "textarea"})
_CONTROLS = frozenset({"input", "button", "select", "hr"})
_LENGTH = re.compile(r"\s{0,9}(\d{1,4})(?![\d%])")


def for_sandbox(page: str) -> str:
    """The page as the iframe gets it: the policy first, no link that leads anywhere, no image that is somewhere else.

    An invisible joiner parts every word ``href``, ``target`` and ``srcdoc`` of the page, in its text too, and ``src``
    where it may be an attribute: this holds however a browser reads the markup, where taking attributes out would need
    its very parser. An animation could give a link of a drawing its address back; so from the first drawing or formula
    on a link becomes another element.
    """
    joined = rf"\1{_WORD_JOINER}\2"
    page = _SOURCES.sub(joined, _NESTED.sub(joined, _CONTROL_CODE.sub("\ufffd", page)))
    foreign = _FOREIGN.search(page)
    start = len(page) if foreign is None else foreign.start()
    return _HEAD + _NAMES.sub(joined, page[:start]) + _NAMES_IN_DRAWING.sub(joined, _without_links(page[start:]))


def _without_links(markup: str) -> str:
    """The markup with other elements for its links: a group in a drawing, underlined text elsewhere.

    Which of both is a matter of looks alone, so it is enough to guess where a drawing ends.
    """
    depth = 0

    def other(match: re.Match[str]) -> str:
        nonlocal depth
        if match[2].lower() == "svg":
            depth += -1 if match[1] else 1
            return match[0]
        return f"<{match[1]}{'g' if depth > 0 else 'u'}"

    return _LINK.sub(other, markup)


def draw_iframe(page: str, height: float) -> Markup:
    """The sandboxed iframe of a page, ``height`` in em; its lower edge can be pulled.

    Where JupyterLab takes the page out of the iframe (a notebook that is not trusted), it also takes the properties
    that are written relative to the text's direction, so that no empty box is left.
    """
    return Markup(
        '<div style="margin-block:.3em;height:0;block-size:{height}em;min-block-size:4em;overflow:hidden;'
        'resize:vertical;box-sizing:border-box;border-block:{line};border-inline:{line};border-radius:4px">'
        '<iframe sandbox srcdoc="{page}" title="the page" referrerpolicy="no-referrer"'
        ' style="width:100%;height:100%;border:0;display:block;background:#fff;color-scheme:light"></iframe></div>'
    ).format(page=for_sandbox(page), height=f"{height:g}", line=_LINE)


def iframe_height(page: str, lines: Sequence[str]) -> float:
    """A height in em that the page probably needs, from 6 to 24: its lines of text, its pictures, its form."""
    needed = 2.5 + 1.9 * sum(1 + len(line) // 100 for line in lines)
    for token in read_html(page):
        if token.kind == "start" and token.value in _TALL:
            needed += _picture_height(token.attributes)
        elif token.kind == "start" and token.value in _CONTROLS:
            needed += 1.2
    return round(min(max(needed, 6.0), 24.0), 1)


def _picture_height(attributes: dict[str, str]) -> float:
    """The height in em of a picture by what its tag says: its height, else two thirds of its width, else 12."""
    for name, share in (("height", 1.0), ("width", 0.67)):
        length = _LENGTH.match(attributes.get(name, ""))
        if length is not None:
            return int(length[1]) * share / 14 + 1
    return 12.0


#: Bytes that are put into one page.
INLINE_LIMIT = 64 * 1024
#: Things that one page asks for, and seconds after which it asks for no more.
FETCH_LIMIT, FETCH_SECONDS = 32, 8.0


def inline_page(html: str, fetch: Callable[[str], ResponseRecord | None], path: str = "/") -> str:
    """The page with its style sheets as ``<style>`` and its images as ``data:`` addresses, up to 64 KB in all.

    Parameters
    ----------
    html:
        The page.
    fetch:
        Asks the app for a path; None when it has nothing there.
    path:
        The page's own path, for relative references.

    What is on another site, too large, not there or asked for too late stays as it is; the iframe will not load it.
    """
    if len(html) > IFRAME_LIMIT or "<" not in html:
        return html
    inliner = _Inliner(fetch)
    pieces: list[str] = []
    done = 0
    for token in read_html(html):
        element = inliner.element(token, path) if token.kind == "start" else None
        if element is not None:
            pieces += [html[done : token.start], element]
            done = token.end
    return "".join([*pieces, html[done:]])


class _Inliner:
    def __init__(self, fetch: Callable[[str], ResponseRecord | None]) -> None:
        self._fetch = fetch
        self._room = INLINE_LIMIT
        self._asked: dict[str, ResponseRecord | None] = {}
        self._end = time.monotonic() + FETCH_SECONDS

    def element(self, token: Token, path: str) -> str | None:
        """What stands in place of an element; None where it stays."""
        attributes = token.attributes
        if token.value == "img":
            address = self._data(attributes.get("src", ""), path)
            if address is None:
                return None
            kept = {
                name: value
                for name, value in attributes.items()
                if name in {"alt", "width", "height", "style", "class", "id"}
            }
            written = "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
            return f'<img src="{address}"{written}>'
        if token.value != "link" or "stylesheet" not in attributes.get("rel", "").lower().split():
            return None
        return self._style(attributes, path)

    def _style(self, attributes: dict[str, str], path: str) -> str | None:
        place = _path_in_app(attributes.get("href", ""), path)
        response = self._ask(place)
        if response is None or place is None or not self._take(response.body.size):
            return None
        css = with_addresses(response.text, lambda reference: self._data(reference, place))
        media = f' media="{escape(attributes["media"])}"' if attributes.get("media") else ""
        # `</style>` inside would end the element; in CSS the backslash changes nothing.
        return f"<style{media}>{css.replace('</', '<' + chr(92) + '/')}</style>"

    def _data(self, reference: str, path: str) -> str | None:
        response = self._ask(_path_in_app(reference, path))
        if response is None or not response.media_type.startswith("image/") or not self._take(response.body.size):
            return None
        data = base64.b64encode(response.body.bytes).decode("ascii")
        return f"data:{escape(response.media_type)};base64,{data}"

    def _ask(self, path: str | None) -> ResponseRecord | None:
        if path is None:
            return None
        if path not in self._asked:
            if len(self._asked) >= FETCH_LIMIT or time.monotonic() > self._end:
                return None
            self._asked[path] = self._fetch(path)
        return self._asked[path]

    def _take(self, size: int) -> bool:
        if size > self._room:
            return False
        self._room -= size
        return True


def _path_in_app(reference: str, path: str) -> str | None:
    """The path of the app that a reference in the page at ``path`` means, or None where it is none of the app."""
    if not reference or reference.startswith(("#", "data:")):
        return None
    try:
        url = urlsplit(urljoin(f"http://localhost{path}", reference))
        host = url.hostname or ""
    except ValueError:
        return None
    if url.scheme not in {"http", "https"} or not is_loopback(host):
        return None
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


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
    for token in read_html(html):
        reader.take(token)
    return reader.lines()


class _Reader:
    def __init__(self) -> None:
        self._done: list[str] = []
        self._line: list[str] = []
        self._skipped: list[str] = []
        self._literal = 0

    def take(self, token: Token) -> None:
        if token.kind == "text":
            self._text(token.value)
        elif token.kind == "end":
            self._end(token.value)
        elif not (token.is_closed and token.value in _SKIPPED):
            self._start(token.value, token.attributes)

    def lines(self) -> list[str]:
        self._break()
        text = "\n".join(self._done)
        return plain(re.sub(r"\n{3,}", "\n\n", text)).strip("\n").split("\n") if text.strip() else []

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipped or tag in _SKIPPED:
            # `head` may be left open; a body's first block ends it.
            if tag in _SKIPPED and tag != "head":
                self._skipped.append(tag)
            return
        if tag in _BLOCKS:
            self._break()
        if tag == "pre":
            self._literal += 1
        if tag == "br":
            self._break(empty=True)
        elif tag == "li":
            self._line.append("- ")
        elif tag in {"td", "th"} and self._line:
            self._line.append("  ")
        elif tag == "img":
            self._line.append(f"[image{': ' + attributes['alt'] if attributes.get('alt') else ''}]")
        elif tag == "hr":
            self._line.append("----")
            self._break()
        elif tag in {"input", "textarea", "button"}:
            self._field(tag, attributes)

    def _end(self, tag: str) -> None:
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

    def _text(self, data: str) -> None:
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

    def _field(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "input" and attributes.get("type") != "hidden":
            name = (
                attributes.get("placeholder")
                or attributes.get("value")
                or attributes.get("name")
                or attributes.get("type")
                or ""
            )
            self._line.append(f" [{name}] ")

    def _break(self, *, empty: bool = False, literal: bool = False) -> None:
        text = "".join(self._line)
        self._line.clear()
        text = text.rstrip() if literal or self._literal else re.sub(r" {3,}", "  ", text).strip()
        if text or (empty and self._done):
            self._done.append(text)
