"""A page of the app made complete: its style sheets and images put in place, so that a frame without network shows it.

What lives here: finding what a page refers to and asking the app for it. What must not: safety, which is the frame's
alone; a page may make of this what it likes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urljoin, urlsplit

from markupsafe import escape

from nbmicro.exchange.frame import FRAME_LIMIT
from nbmicro.exchange.messages import ResponseRecord
from nbmicro.exchange.request import is_loopback

__all__ = ["SEAL_LIMIT", "seal_page"]

#: Bytes that are put into one page.
SEAL_LIMIT = 64 * 1024
#: Things that one page asks for.
FETCH_LIMIT = 32

_ELEMENT = re.compile(r"<(link|img)\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([^\s=\"'<>/]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_CSS_URL = re.compile(r"url\(\s*([\"']?)([^\"')]+)\1\s*\)", re.IGNORECASE)


def seal_page(html: str, fetch: Callable[[str], ResponseRecord | None], path: str = "/") -> str:
    """The page with its style sheets as ``<style>`` and its images as ``data:`` addresses, up to 64 KB in all.

    Parameters
    ----------
    html:
        The page.
    fetch:
        Asks the app for a path; None when it has nothing there.
    path:
        The page's own path, for relative references.

    What is on another site, too large or not there stays as it is; the frame will not load it.
    """
    if len(html) > FRAME_LIMIT or "<" not in html:
        return html
    sealer = _Sealer(fetch)
    return _ELEMENT.sub(lambda found: sealer.element(found, path), html)


class _Sealer:
    def __init__(self, fetch: Callable[[str], ResponseRecord | None]) -> None:
        self._fetch = fetch
        self._room = SEAL_LIMIT
        self._asked: dict[str, ResponseRecord | None] = {}

    def element(self, found: re.Match[str], path: str) -> str:
        given = {
            name.lower(): unescape(double or single or bare)
            for name, double, single, bare in _ATTRIBUTE.findall(found[2])
        }
        if found[1].lower() == "img":
            address = self._data(given.get("src", ""), path)
            if address is None:
                return found[0]
            kept = {
                name: value
                for name, value in given.items()
                if name in {"alt", "width", "height", "style", "class", "id"}
            }
            written = "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
            return f'<img src="{address}"{written}>'
        if "stylesheet" not in given.get("rel", "").lower().split():
            return found[0]
        return self._style(given, path) or found[0]

    def _style(self, given: dict[str, str], path: str) -> str | None:
        place = _own_path(given.get("href", ""), path)
        response = self._ask(place)
        if response is None or place is None or not self._take(response.body.size):
            return None
        css = _CSS_URL.sub(lambda found: self._url(found, place), response.text)
        media = f' media="{escape(given["media"])}"' if given.get("media") else ""
        # `</style>` inside would end the element; in CSS the backslash changes nothing.
        return f"<style{media}>{css.replace('</', '<' + chr(92) + '/')}</style>"

    def _url(self, found: re.Match[str], path: str) -> str:
        address = self._data(found[2], path)
        return f'url("{address}")' if address else found[0]

    def _data(self, reference: str, path: str) -> str | None:
        response = self._ask(_own_path(reference, path))
        if response is None or not response.media_type.startswith("image/") or not self._take(response.body.size):
            return None
        data = base64.b64encode(response.body.bytes).decode("ascii")
        return f"data:{escape(response.media_type)};base64,{data}"

    def _ask(self, path: str | None) -> ResponseRecord | None:
        if path is None:
            return None
        if path not in self._asked:
            if len(self._asked) >= FETCH_LIMIT:
                return None
            self._asked[path] = self._fetch(path)
        return self._asked[path]

    def _take(self, size: int) -> bool:
        if size > self._room:
            return False
        self._room -= size
        return True


def _own_path(reference: str, path: str) -> str | None:
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
