"""The widgets of the explorer's panel and their places: the list at the left, the form and the answer at the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from nbmicro.notebook.explore.fields import close, number, text_area
from nbmicro.notebook.explore.keys import ExplorerKeys, Pressed
from nbmicro.notebook.kernel.subshells import hear_at_once

_BODIES = [("No body", "none"), ("JSON", "json"), ("Form", "form"), ("Text", "text")]


class Panel:
    """The widgets, by what they are for.

    Parameters
    ----------
    take:
        Called with keys and buttons that the front end tells of.
    """

    def __init__(self, take: Callable[[Pressed], None]) -> None:
        wide = {"width": "auto"}
        self.search = ipywidgets.Text(
            placeholder="Search: a path, a method, a name", layout=wide, tooltip="Search routes"
        )
        self.list = ipywidgets.Select(options=[], rows=12, layout=wide, tooltip="Routes")
        self.count = _text("nbmicro-explore-said")
        self.head = _text("nbmicro-explore-head")
        self.path = ipywidgets.VBox([])
        self.path.add_class("nbmicro-explore-fields")
        self.kind = ipywidgets.Dropdown(options=_BODIES, description="Body", layout=wide, style=_label())
        self.body = text_area("", "", 7)
        self.body_said = _text("nbmicro-explore-wrong")
        self.form_fields = ipywidgets.VBox([])
        self.more_fields = text_area("More fields", "name=value, one a line", 2)
        self.more = ipywidgets.ToggleButton(description="Headers, more query", icon="sliders", layout=wide)
        self.headers = text_area("Headers", "X-Token: abc, one a line", 2)
        self.query = text_area("More query", "page=2, one a line", 2)
        self.send = _button("Send", "paper-plane", "Send it: Enter in a field, Ctrl+Enter in a text", style="primary")
        self.as_cell = _button("As cell", "code", "The %%http cell that sends this request")
        self.as_curl = _button("As curl", "terminal", "The curl command that sends this request")
        self.said = _text("nbmicro-explore-said")
        self.wrong = _text("nbmicro-explore-wrong")
        self.output = ipywidgets.Output()
        self.history = ipywidgets.Dropdown(
            options=[("Nothing sent yet", None)], layout={"width": "auto", "flex": "1 1 12em"}
        )
        self.history.tooltip = "What was sent: choose one to go back to it"
        self.replay = _button("Replay", "refresh", "Send that request once more, as it was")
        self.code = text_area("", "", 6)
        self.code.add_class("nbmicro-explore-code")
        self.copy = _button("Copy", "copy", "Copy it, to paste it into a new cell")
        for name, button in (
            ("send", self.send),
            ("cell", self.as_cell),
            ("curl", self.as_curl),
            ("copy", self.copy),
        ):
            button.add_class(f"nbmicro-do-{name}")
        for widget in self.written:
            number(widget)
        self.keys = ExplorerKeys(take)
        self.keys.add_class("nbmicro-explore-keys")
        self.search.add_class("nbmicro-explore-search")
        self.list.add_class("nbmicro-explore-list")
        self.body_box = ipywidgets.VBox([self.kind, self.body, self.body_said, self.form_fields, self.more_fields])
        self.more_box = ipywidgets.VBox([self.query, self.headers])
        self.code_box = ipywidgets.VBox([self.code, _row(self.copy)])
        self.answer_box = ipywidgets.VBox([_row(self.history, self.replay), self.output])
        left = ipywidgets.VBox([self.search, self.list, self.count], layout={"flex": "1 1 15em", "min_width": "0"})
        right = ipywidgets.VBox(
            [
                self.head,
                self.path,
                self.body_box,
                self.more_box,
                self.wrong,
                _row(self.send, self.as_cell, self.as_curl, self.more),
                self.said,
                self.code_box,
                self.answer_box,
            ],
            layout={"flex": "2.4 1 24em", "min_width": "0"},
        )
        self.columns = ipywidgets.HBox([left, right], layout={"flex_flow": "row wrap", "grid_gap": "4px 14px"})
        self.root = ipywidgets.VBox([self.keys, self.columns])
        self.root.add_class("nbmicro-explore")
        hear_at_once(self.root)
        for box in (self.code_box, self.answer_box, self.more_box):
            show(box, False)

    @property
    def written(self) -> list[Any]:
        """The fields that are there for every route."""
        return [self.kind, self.body, self.more_fields, self.query, self.headers]

    def close(self) -> None:
        """Close every widget."""
        _close_all(self.root)


def _label() -> dict[str, str]:
    return {"description_width": "7.5em"}


def _text(name: str) -> Any:
    widget = ipywidgets.HTML("")
    widget.add_class(name)
    return widget


def _button(text: str, icon: str, tooltip: str, *, style: str = "") -> Any:
    return ipywidgets.Button(
        description=text, icon=icon, tooltip=tooltip, button_style=style, layout={"width": "auto", "flex": "0 0 auto"}
    )


def _row(*widgets: Any) -> Any:
    return ipywidgets.HBox(list(widgets), layout={"flex_flow": "row wrap"})


def show(widget: Any, shown: bool) -> None:
    """Show a widget, or take it out of sight and of the tab order."""
    # Not None: to JupyterLite's front end that says nothing at all.
    widget.layout.display = "" if shown else "none"


def _close_all(widget: Any) -> None:
    for child in getattr(widget, "children", ()):
        _close_all(child)
    close(widget)
