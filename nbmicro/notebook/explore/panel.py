"""The widgets of the explorer: the fields of a form by their kind, and the panel that they stand in, with its keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets

from nbmicro.notebook.explore.form import FormField, RequestForm

_FRONT = Path(__file__).parent / "front"
_BODIES = [("No body", "none"), ("JSON", "json"), ("Form", "form"), ("Text", "text")]
_WIDE = {"width": "auto"}
_LABEL = {"description_width": "7.5em"}
_NUMBER = "nbmicro-at-"
_numbers = count(1)
_SECRET = re.compile(r"passw|secret", re.IGNORECASE)
_TITLES = {"path": "Path", "query": "Query", "header": "Headers", "form": "Form", "file": "Form"}


class Panel:
    """The widgets, by what they are for.

    Parameters
    ----------
    take:
        Called with keys and buttons that the front end tells of.
    """

    def __init__(self, take: Callable[[Pressed], None]) -> None:
        self.search = ipywidgets.Text(
            placeholder="Search: a path, a method, a name", layout=_WIDE, tooltip="Search routes"
        ).add_class("nbmicro-explore-search")
        self.list = ipywidgets.Select(options=[], rows=12, layout=_WIDE, tooltip="Routes")
        self.list.add_class("nbmicro-explore-list")
        self.count = _html("nbmicro-explore-said")
        self.head = _html("nbmicro-explore-head")
        self.path = ipywidgets.VBox([]).add_class("nbmicro-explore-fields")
        self.kind = ipywidgets.Dropdown(options=_BODIES, description="Body", layout=_WIDE, style=_LABEL)
        self.body = _text_area("", "", 7)
        self.body_error = _html("nbmicro-explore-wrong")
        self.form_fields = ipywidgets.VBox([])
        self.more_fields = _text_area("More fields", "name=value, one a line", 2)
        self.more = ipywidgets.ToggleButton(description="Headers, more query", icon="sliders", layout=_WIDE)
        self.headers = _text_area("Headers", "X-Token: abc, one a line", 2)
        self.query = _text_area("More query", "page=2, one a line", 2)
        self.send = _button("Send", "paper-plane", "Send it: Enter in a field, Ctrl+Enter in a text", "send")
        self.send.button_style = "primary"
        self.as_cell = _button("As cell", "code", "The %%http cell that sends this request", "cell")
        self.as_curl = _button("As curl", "terminal", "The curl command that sends this request", "curl")
        self.message = _html("nbmicro-explore-said")
        self.error = _html("nbmicro-explore-wrong")
        self.output = ipywidgets.Output()
        self.history = ipywidgets.Dropdown(
            options=[("Nothing sent yet", None)], layout={"width": "auto", "flex": "1 1 12em"}
        )
        self.history.tooltip = "What was sent: choose one to go back to it"
        self.replay = _button("Replay", "refresh", "Send that request once more, as it was")
        self.code = _text_area("", "", 6).add_class("nbmicro-explore-code")
        self.copy = _button("Copy", "copy", "Copy it, to paste it into a new cell", "copy")
        for widget in self.written:
            _number(widget)
        self.keys = ExplorerKeys(take).add_class("nbmicro-explore-keys")
        self.body_box = ipywidgets.VBox([self.kind, self.body, self.body_error, self.form_fields, self.more_fields])
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
                self.error,
                _row(self.send, self.as_cell, self.as_curl, self.more),
                self.message,
                self.code_box,
                self.answer_box,
            ],
            layout={"flex": "2.4 1 24em", "min_width": "0"},
        )
        self.columns = ipywidgets.HBox([left, right], layout={"flex_flow": "row wrap", "grid_gap": "4px 14px"})
        self.root = ipywidgets.VBox([self.keys, self.columns]).add_class("nbmicro-explore")
        hear_at_once(self.root)
        for box in (self.code_box, self.answer_box, self.more_box):
            show(box, False)

    @property
    def written(self) -> list[Any]:
        """The fields that are there for every route."""
        return [self.kind, self.body, self.more_fields, self.query, self.headers]

    def show_answer(self, bundle: Mapping[str, str]) -> None:
        """Show what a cell would show of an exchange."""
        show(self.answer_box, True)
        self.output.outputs = ({"output_type": "display_data", "data": bundle, "metadata": {}},)

    def close(self) -> None:
        """Close every widget."""
        _close_all(self.root)


def _html(name: str, text: str = "") -> Any:
    return ipywidgets.HTML(text).add_class(name)


def _text_area(description: str, placeholder: str, rows: int) -> Any:
    common: dict[str, Any] = {"continuous_update": False, "layout": _WIDE, "style": _LABEL}
    area = ipywidgets.Textarea(description=description, placeholder=placeholder, rows=rows, **common)
    return area.add_class("nbmicro-explore-text")


def _button(text: str, icon: str, tooltip: str, act: str = "") -> Any:
    """A button; one with ``act`` is heard by the front end, which sends that word."""
    layout = {"width": "auto", "flex": "0 0 auto"}
    button = ipywidgets.Button(description=text, icon=icon, tooltip=tooltip, layout=layout)
    return button.add_class(f"nbmicro-do-{act}") if act else button


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


# -- the fields of a form ----------------------------------------------------------------------------------------------


class FieldBox:
    """The fields of one form, in their order, under small headings.

    Parameters
    ----------
    form:
        The form.
    values:
        What stands in them at first, by place and name.
    """

    def __init__(self, form: RequestForm, values: dict[tuple[str, str], str]) -> None:
        self._widgets = {(field.place, field.name): _widget(field) for field in form.fields}
        for key, widget in self._widgets.items():
            put(widget, values.get(key))
            _number(widget)
            hear_at_once(widget)

    def rows(self, *places: str) -> list[Any]:
        """The widgets of these places, each group below its title."""
        rows: list[Any] = []
        title = ""
        for (place, _), widget in self._widgets.items():
            if place not in places:
                continue
            if _TITLES[place] != title:
                title = _TITLES[place]
                rows.append(_html("nbmicro-explore-title", f"<small><b>{title}</b></small>"))
            rows.append(widget)
        return rows

    def values(self) -> dict[tuple[str, str], str]:
        """The text of each field that has a value; a file has none."""
        return {
            key: str(widget.value)
            for key, widget in self._widgets.items()
            if widget.value is not None and not isinstance(widget, ipywidgets.FileUpload)
        }

    def files(self) -> dict[str, tuple[str, bytes, str]]:
        """The chosen file of each field of one: its name, content and media type."""
        files = {
            name: widget.value[0] for (place, name), widget in self._widgets.items() if place == "file" and widget.value
        }
        return {
            name: (file["name"], bytes(file["content"]), file["type"] or "application/octet-stream")
            for name, file in files.items()
        }

    def all(self) -> list[Any]:
        """Every widget of a field."""
        return list(self._widgets.values())

    def close(self) -> None:
        """Close every widget."""
        for widget in self._widgets.values():
            close(widget)


def close(widget: Any) -> None:
    """Close a widget with the models that ipywidgets made for it, which would stay."""
    for name in ("layout", "style"):
        part = getattr(widget, name, None)
        if isinstance(part, ipywidgets.Widget):
            part.close()
    widget.close()


def _number(widget: Any) -> None:
    """Give a field a number of its own, by which the front end names it."""
    widget.add_class(f"{_NUMBER}{next(_numbers)}")


def number_of(widget: Any) -> str:
    """The number of a field."""
    return next(str(name).removeprefix(_NUMBER) for name in widget._dom_classes if name.startswith(_NUMBER))


def _widget(field: FormField) -> Any:
    label = field.name if field.place == "path" or not field.required else f"{field.name} *"
    tooltip = field.note or field.name
    common: dict[str, Any] = {"description": label, "layout": _WIDE, "style": _LABEL, "tooltip": tooltip}
    if field.kind == "file":
        return ipywidgets.FileUpload(**{**common, "description": f"{label}: choose a file"})
    if field.kind in ("choice", "flag"):
        words = field.choices if field.kind == "choice" else ("true", "false")
        options = words if field.required else ("", *words)
        return ipywidgets.Dropdown(options=options, **common)
    if field.place == "path" and field.kind == "integer":
        low = -(2**53) if field.minimum is None else int(field.minimum)
        high = 2**53 if field.maximum is None else int(field.maximum)
        return ipywidgets.BoundedIntText(value=min(max(1, low), high), min=low, max=high, **common)
    if field.place == "path" and field.kind == "number":
        return ipywidgets.FloatText(value=1.0 if field.minimum is None else field.minimum, **common)
    kind = {"integer": "a whole number", "number": "a number"}.get(field.kind, "")
    note = ", ".join(filter(None, (kind, field.note)))
    make = ipywidgets.Password if _SECRET.search(field.name) else ipywidgets.Text
    return make(placeholder=note, continuous_update=False, **common)


def put(widget: Any, text: str | None) -> None:
    """Put a text into a field, as the front end would; nothing happens where it does not fit."""
    if text is None or isinstance(widget, ipywidgets.FileUpload):
        return
    if isinstance(widget, ipywidgets.Dropdown):
        labels = [option[0] if isinstance(option, tuple) else option for option in widget.options]
        if text in labels:
            widget.index = labels.index(text)
        return
    with suppress(ValueError):  # of a field that was of another kind before
        widget.value = type(widget.value)(text)


def hear_at_once(widget: Any) -> None:
    """Let the messages of a widget, and of those inside it, come by the subshell that the front end sends them to.

    ipykernel 7.4 brings them to the shell that last spoke for the widget instead: of one that a cell has made, to the
    shell that runs cells, where they wait until a running cell has ended, and come later than those of other widgets.
    An older kernel does not know the question, and there nothing changes.
    """
    comm: Any = getattr(widget, "comm", None)
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
    for child in getattr(widget, "children", ()):
        hear_at_once(child)
