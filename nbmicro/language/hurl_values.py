"""The values that are written out in Hurl's checks, as Python's."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Literal

from nbmicro.language.hurl_patterns import python_pattern

STRING = r'"(?:[^"\\]|\\.)*"'
_TICKS = r"(?:[^`\\\n]|\\.)*"
PATTERN = r"/(?:[^/\\]|\\.)*/"


class Unwritable(Exception):
    """What cannot be said in Python; the reason is its text."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is written out: its Python, and what is known of it."""

    python: str
    kind: Literal["null", "bool", "number", "text", "bytes", "name", "pattern"]
    text: str = ""


def read_value(text: str, *, is_pattern: bool = False) -> tuple[Value, str]:
    """The value that a text begins with, and what stands behind it."""
    found = re.match(
        rf"(?P<word>null|true|false)(?=\s|#|\Z)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s|#|\Z)|(?P<string>{STRING})"
        rf"|`(?P<ticks>{_TICKS})`(?!`)|```(?P<raw>[^`]*)```|\{{\{{\s*(?P<name>[A-Za-z_]\w*)\s*\}}\}}|(?P<code>hex|base64),(?P<data>[^;]*);"
        rf"|(?P<pattern>{PATTERN})",
        text,
    )
    if found is None:
        raise Unwritable(f"The value `{text}` is not read here." if text else "A value is missing.")
    rest = text[found.end() :].strip()
    if found["pattern"]:
        if not is_pattern:
            raise Unwritable("A pattern stands behind  matches  and  regex  only.")
        return Value(_raw(_translated_pattern(found["pattern"][1:-1])), "pattern"), rest
    if found["word"]:
        python = {"null": "None", "true": "True", "false": "False"}[found["word"]]
        value = Value(python, "null" if python == "None" else "bool")
    elif found["number"]:
        value = Value(re.sub(r"^(-?)0+(?=\d)", r"\1", found["number"]), "number")
    elif found["name"]:
        value = Value(found["name"], "name")
    elif found["code"]:
        value = Value(_bytes(found["code"], found["data"]), "bytes")
    else:
        is_raw = found["raw"] is not None
        value = _text(
            found["raw"] if is_raw else found["ticks"] or (found["string"] or '""')[1:-1], has_escapes=not is_raw
        )
    if is_pattern:
        if value.kind != "text" or value.python.startswith("f"):
            raise Unwritable("A pattern with a placeholder is not read here.")
        return Value(_raw(_translated_pattern(value.text)), "pattern"), rest
    return value, rest


_ESCAPES = {'"': '"', "\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "#": "#", "`": "`"}


def one_line_body(text: str) -> str | None:
    """The text of a body in one line between backticks, with its placeholders; None where it is none."""
    found = re.fullmatch(rf"(?:`(?P<ticks>{_TICKS})`|```(?P<raw>[^`]*)```)\s*(?:#.*)?", text.strip())
    if found is None:
        return None
    if found["raw"] is not None:
        return found["raw"]
    pieces = re.split(r"(\{\{.*?\}\})", found["ticks"])
    try:
        return "".join(piece if at % 2 else _unescaped(piece) for at, piece in enumerate(pieces))
    except Unwritable:
        return None


def _text(written: str, *, has_escapes: bool) -> Value:
    """A text of Hurl's, with its placeholders: a text of Python's, an f-string where it has some."""
    pieces = re.split(r"\{\{\s*(.*?)\s*\}\}", written)
    texts = [_unescaped(piece) if has_escapes else piece for piece in pieces[::2]]
    names = pieces[1::2]
    if not names:
        return Value(quoted(texts[0]), "text", texts[0])
    if not all(name.isidentifier() for name in names) or any(set("{}") & set(text) for text in texts):
        raise Unwritable(f'The placeholders of "{written}" are not read here.')
    inside = "".join(
        quoted(text)[1:-1] + (f"{{{name}}}" if name else "") for text, name in zip(texts, [*names, ""], strict=True)
    )
    return Value(f'f"{inside}"', "text")


def _unescaped(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        if found[2] not in _ESCAPES:
            raise Unwritable(f"`{found[0]}` is no escape of Hurl's.")
        return _ESCAPES[found[2]]

    return re.sub(r"\\(?:u\{([0-9A-Fa-f]{1,5})\}|(.))", character, text, flags=re.S)


def _bytes(code: str, data: str) -> str:
    try:
        plain = re.sub(r"\s", "", data)
        read = (
            bytes.fromhex(plain) if code == "hex" else base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        )
    except (ValueError, binascii.Error):
        raise Unwritable(f"`{code},{data};` is no bytes.") from None
    return f'bytes.fromhex("{read.hex()}")' if read else 'b""'


def _translated_pattern(pattern: str) -> str:
    translated = python_pattern(pattern)
    if translated is None:
        raise Unwritable(f"The pattern `{pattern}` has what Python's patterns have not: write it anew with  re.search")
    return translated


def _raw(pattern: str) -> str:
    for quote in ('"', "'"):
        if quote not in pattern and "\n" not in pattern and not pattern.endswith("\\"):
            return f"r{quote}{pattern}{quote}"
    return quoted(pattern)


def quoted(step: str | int) -> str:
    return str(step) if isinstance(step, int) else json.dumps(step, ensure_ascii=False)
