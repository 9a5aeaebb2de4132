"""What ipywidgets lacks for the explorer: Enter that sends, buttons that tell the whole form, the looks of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anywidget

_FRONT = Path(__file__).parent / "front"


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key or a button, and what stood in the panel then.

    Parameters
    ----------
    what:
        ``send``, ``cell``, ``curl``, ``search``, ``copied``, ``selected``.
    text:
        Of a search.
    fields:
        The text of each field, by its number.
    route, label:
        The place of the chosen route in the list, and its text.
    """

    what: str
    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    route: int = -1
    label: str = ""


class ExplorerKeys(anywidget.AnyWidget):
    """It hears the keys and the buttons of the panel around it.

    Parameters
    ----------
    take:
        Called with each, in whatever thread it came.
    """

    _esm = (_FRONT / "explorer.js").read_text("utf-8")
    _css = (_FRONT / "explorer.css").read_text("utf-8")

    def __init__(self, take: Callable[[Pressed], None]) -> None:
        super().__init__()
        self.on_msg(lambda _, content, buffers: take(_pressed(content)) if isinstance(content, Mapping) else None)


def _pressed(content: Mapping[str, Any]) -> Pressed:
    fields, route = content.get("fields"), content.get("route")
    return Pressed(
        str(content.get("do", "")),
        str(content.get("text", "")),
        {str(name): str(text) for name, text in fields.items()} if isinstance(fields, Mapping) else {},
        route if isinstance(route, int) else -1,
        str(content.get("label", "")),
    )
