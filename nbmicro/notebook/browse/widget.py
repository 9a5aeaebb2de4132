"""The browser in a cell as a widget: anywidget carries its front end and its messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

WIDGET_TYPE = "application/vnd.jupyter.widget-view+json"
_FRONT = Path(__file__).parent / "front"
_PAGE = ("page.js", "page-requests.js", "page-ways.js", "page-memory.js", "page-parts.js")
_PARTS = ("seal.js", "compose.js", "wire.js", "inhabitant.js", "face.js", "browser.js")


@cache
def _file(name: str) -> str:
    return (_FRONT / name).read_text("utf-8")


@cache
def _page_script() -> str:
    body = "\n".join(_file(name) for name in _PAGE)
    return f"(config => {{\n'use strict';\n{body}\n}})"


class BrowserWidget(anywidget.AnyWidget):
    """The front end's model.

    Parameters
    ----------
    path:
        What it shows first; the front end writes back where it is, so that another view of it begins there.
    take:
        Called with each message and its buffers, in whatever thread it came.
    """

    _esm = "\n".join(_file(name) for name in _PARTS)
    _css = _file("browser.css")
    path = traitlets.Unicode("/").tag(sync=True)
    auto = traitlets.Bool(True).tag(sync=True)
    page_script = traitlets.Unicode("").tag(sync=True)

    def __init__(self, path: str, take: Callable[[Any, list[Any]], None]) -> None:
        super().__init__(path=path, page_script=_page_script())
        self.on_msg(lambda _, content, buffers: take(content, buffers))

    def close(self) -> None:
        """Close it with the layout that ipywidgets made for it, which would stay."""
        layout = self.layout
        super().close()
        layout.close()

    def bundle(self, text: str) -> dict[str, Any]:
        """What is displayed: the widget's view, and ``text`` where there is none."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {WIDGET_TYPE: view, "text/plain": text}
