"""Values and templates as Python text: literals, f-strings, and JSON with placeholders as a dict."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from nbmicro.language.template import Placeholder, Template, inside_quotes

_WIDTH = 100
_MARK = re.compile("\ue000(\\d+)\ue001")

Writes = Callable[[Placeholder], str]
"""Gives the Python expression of a placeholder."""


def quoted(text: str) -> str:
    """A text as a literal in double quotes, where that needs no more backslashes."""
    literal = repr(text)
    if literal.startswith("'") and '"' not in text:
        return '"' + literal[1:-1].replace("\\'", "'") + '"'
    return literal


class Code(str):
    """Python text that stands as it is among values."""

    __slots__ = ()


def text_value(template: Template, writes: Writes, *, loose: bool = False) -> Code:
    """A template as an expression that gives its text; with ``loose`` the client makes text of it."""
    if template.is_literal:
        return Code(quoted(template.literal))
    if len(template.parts) == 1:
        value = writes(template.placeholders[0])
        return Code(value if loose else f"str({value})")
    return _f_string(template.parts, writes)


def url_value(template: Template, writes: Writes) -> Code:
    """A URL as an expression: what fills a placeholder is percent-encoded."""
    if template.is_literal:
        return Code(quoted(template.literal))
    return _f_string(template.parts, writes, "quote(str({}), safe='')")


def _f_string(parts: tuple[str | Placeholder, ...], writes: Writes, around: str = "{}") -> Code:
    """Text with the values of placeholders, each put in the place of ``{}`` in ``around``."""
    values = {part: writes(part) for part in parts if isinstance(part, Placeholder)}
    # Before Python 3.12 an f-string's expressions have neither its own quotes nor a backslash.
    single = {part: value if '"' not in value else value.replace('"', "'") for part, value in values.items()}
    if any("\\" in value or "\n" in value or {"'", '"'} <= set(value) for value in values.values()):
        wrap = around if around != "{}" else "str({})"
        pieces = [quoted(part) if isinstance(part, str) else wrap.format(values[part]) for part in parts]
        return Code(" + ".join(pieces))
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += quoted(part)[1:-1].replace("{", "{{").replace("}", "}}").replace('"', '\\"')
        else:
            inner = around.format(single[part])
            text += "{" + (f" {inner}" if inner.startswith("{") else inner) + "}"
    return Code(f'f"{text}"')


def json_value(template: Template, writes: Writes) -> Any:
    """A JSON text as a Python value in which the placeholders are code; ValueError if it is not JSON."""
    placeholders: list[Placeholder] = []
    text, within = "", False
    for part in template.parts:
        if isinstance(part, str):
            within = inside_quotes(part, within)
            text += part
        else:
            mark = f"\ue000{len(placeholders)}\ue001"
            text += mark if within else f'"{mark}"'
            placeholders.append(part)
    return _filled(json.loads(text), placeholders, writes)


def _filled(value: Any, placeholders: list[Placeholder], writes: Writes) -> Any:
    if isinstance(value, dict):
        return {_filled(name, placeholders, writes): _filled(one, placeholders, writes) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, placeholders, writes) for one in value]
    if not isinstance(value, str) or not _MARK.search(value):
        return value
    whole = _MARK.fullmatch(value)
    if whole:
        return Code(writes(placeholders[int(whole[1])]))
    pieces = _MARK.split(value)
    parts = tuple(placeholders[int(piece)] if number % 2 else piece for number, piece in enumerate(pieces) if piece)
    return _f_string(parts, writes)


def literal(value: Any, indent: int = 0, room: int = _WIDTH) -> str:
    """A value as Python text: on one line where there is room, else an entry to a line."""
    flat = _flat(value)
    if len(flat) + indent <= room or not isinstance(value, dict | list) or not value:
        return flat
    inner = " " * (indent + 4)
    if isinstance(value, dict):
        entries = [f"{_flat(name)}: {literal(one, indent + 4, room)}" for name, one in value.items()]
    else:
        entries = [literal(one, indent + 4, room) for one in value]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return f"{opening}\n" + "".join(f"{inner}{entry},\n" for entry in entries) + " " * indent + closing


def _flat(value: Any) -> str:
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(name)}: {_flat(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_flat, value)) + ")"
    return repr(value)


def call(function: str, arguments: list[tuple[str, Any]], taken: int = 0) -> str:
    """A call: on one line where there is room beside ``taken`` columns, else an argument to a line."""
    flat = f"{function}({', '.join(_argument(name, _flat(value)) for name, value in arguments)})"
    if len(flat) + taken <= _WIDTH:
        return flat
    lines = [f"    {_argument(name, literal(value, 4, _WIDTH - 4 - len(name)))},\n" for name, value in arguments]
    return f"{function}(\n{''.join(lines)})"


def _argument(name: str, text: str) -> str:
    return f"{name}={text}" if name else text
