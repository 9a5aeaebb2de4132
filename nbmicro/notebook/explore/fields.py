"""The fields of a request form as widgets: one for each value, by its kind."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import count
from typing import Any

import ipywidgets

from nbmicro.notebook.explore.form import FormField, RequestForm
from nbmicro.notebook.kernel.subshells import hear_at_once

_WIDE = {"width": "auto"}
_LABEL = {"description_width": "7.5em"}
_NUMBER = "nbmicro-at-"
_numbers = count(1)
_SECRET = re.compile(r"passw|secret", re.IGNORECASE)
_TITLES = {"path": "Path", "query": "Query", "header": "Headers", "form": "Form", "file": "Form"}


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
        self._widgets = {(one.place, one.name): _widget(one) for one in form.fields}
        for key, widget in self._widgets.items():
            put(widget, values.get(key))
            number(widget)
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
                rows.append(heading(title))
            rows.append(widget)
        return rows

    def values(self) -> dict[tuple[str, str], str]:
        """The text of each field; of one without a value, none."""
        texts = ((key, _text(widget)) for key, widget in self._widgets.items())
        return {key: text for key, text in texts if text is not None}

    def files(self) -> dict[str, tuple[str, bytes, str]]:
        """The chosen file of each field of one: its name, content and media type."""
        found: dict[str, tuple[str, bytes, str]] = {}
        for (place, name), widget in self._widgets.items():
            if place == "file" and widget.value:
                one = widget.value[0]
                found[name] = (one["name"], bytes(one["content"]), one["type"] or "application/octet-stream")
        return found

    def all(self) -> list[Any]:
        """Every widget of a field."""
        return list(self._widgets.values())

    def close(self) -> None:
        """Close every widget."""
        for widget in self._widgets.values():
            close(widget)


def heading(text: str) -> Any:
    """A small title above fields."""
    widget = ipywidgets.HTML(f"<small><b>{text}</b></small>")
    widget.add_class("nbmicro-explore-title")
    return widget


def text_area(description: str, placeholder: str, rows: int, *, code: bool = True) -> Any:
    """A field of several lines."""
    widget = ipywidgets.Textarea(
        description=description,
        placeholder=placeholder,
        rows=rows,
        continuous_update=False,
        layout=_WIDE,
        style=_LABEL,
    )
    if code:
        widget.add_class("nbmicro-explore-text")
    return widget


def close(widget: Any) -> None:
    """Close a widget with the models that ipywidgets made for it, which would stay."""
    for name in ("layout", "style"):
        part = getattr(widget, name, None)
        if isinstance(part, ipywidgets.Widget):
            part.close()
    widget.close()


def number(widget: Any) -> None:
    """Give a field a number of its own, by which the front end names it."""
    widget.add_class(f"{_NUMBER}{next(_numbers)}")


def number_of(widget: Any) -> str:
    """The number of a field."""
    return next(str(one).removeprefix(_NUMBER) for one in widget._dom_classes if one.startswith(_NUMBER))


def _widget(field: FormField) -> Any:
    label = field.name if field.place == "path" or not field.required else f"{field.name} *"
    common: dict[str, Any] = {
        "description": label,
        "layout": _WIDE,
        "style": _LABEL,
        "tooltip": field.note or field.name,
    }
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
    note = ", ".join(one for one in (kind, field.note) if one)
    make = ipywidgets.Password if _SECRET.search(field.name) else ipywidgets.Text
    return make(placeholder=note, continuous_update=False, **common)


def _text(widget: Any) -> str | None:
    if isinstance(widget, ipywidgets.FileUpload) or widget.value is None:
        return None
    return str(widget.value)


def put(widget: Any, text: str | None) -> None:
    """Put a text into a field, as the front end would; nothing happens where it does not fit."""
    if text is None or isinstance(widget, ipywidgets.FileUpload):
        return
    if isinstance(widget, ipywidgets.Dropdown):
        labels = [one[0] if isinstance(one, tuple) else one for one in widget.options]
        if text in labels:
            widget.index = labels.index(text)
        return
    with suppress(ValueError):  # of a field that was of another kind before
        widget.value = type(widget.value)(text)
