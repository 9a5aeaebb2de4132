"""What kind of thing a body is, and its lines as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from nbmicro.http import media_types
from nbmicro.http.body import Body
from nbmicro.http.messages import ResponseRecord
from nbmicro.printable import plain

#: Bytes of a body that are looked at for a preview.
PREVIEW_LIMIT = 256 * 1024
#: Bytes of a hex table.
HEX_LIMIT = 256

Kind: TypeAlias = Literal["none", "json", "html", "text", "image", "binary"]

_IMAGES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml", "image/bmp", "image/x-icon"}
)
_MARKUP = re.compile(r"<[A-Za-z!/?]|&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z]\w*);")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{},:]|[^\s\[\]{},:"]+|"')


def kind_of(response: ResponseRecord) -> Kind:
    """The kind of a response's body, by its media type and, where that says little, by its bytes."""
    body, media_type = response.body, response.media_type
    if not body.size:
        return "none"
    if media_types.is_json(media_type):
        return "json"
    if media_types.is_html(media_type):
        return "html" if _MARKUP.search(preview(body)) else "text"
    if media_type in _IMAGES:
        return "image"
    if media_types.is_text(media_type):
        return "text"
    return "text" if not media_type and _reads_as_text(body) else "binary"


def preview(body: Body) -> str:
    """The start of a body as text."""
    return Body(body.start(PREVIEW_LIMIT), charset=body.charset).text


def body_lines(response: ResponseRecord) -> list[str]:
    """The start of a body as lines: JSON laid out, bytes as a hex table, everything else as it came."""
    kind = kind_of(response)
    if kind == "json":
        return list(json_lines(preview(response.body)))
    if kind == "binary":
        return hex_lines(response.body.start(HEX_LIMIT))
    return text_lines(preview(response.body)) if kind in {"html", "text"} else []


def text_lines(text: str) -> list[str]:
    """The lines of a text, made harmless; one line end at its end is no line."""
    return plain(text).removesuffix("\n").split("\n") if text else []


def is_cut(body: Body) -> bool:
    """Whether a preview does not reach the end of what the app sent."""
    return body.truncated or body.size > PREVIEW_LIMIT


def is_json(text: str) -> bool:
    """Whether a text is JSON, or the start of a document of which more was sent than is looked at."""
    if len(text) >= PREVIEW_LIMIT:
        return text.lstrip()[:1] in {"{", "["}
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def json_lines(text: str) -> Iterator[str]:
    """JSON laid out with two spaces, line by line. Numbers and the order of members stay as they were sent.

    It reads tokens and not a document, so the start of a document that was cut is laid out as well; what is no JSON at
    all comes out as its own lines.
    """
    if not is_json(text):
        yield from text_lines(text)
        return
    depth, line, opened = 0, "", False
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in "]}":
            depth = max(depth - 1, 0)
            if not opened:
                yield line
                line = "  " * depth
            line, opened = line + token, False
            continue
        if opened:
            yield line
            line, opened = "  " * depth, False
        if token in "[{":
            line, opened, depth = line + token, True, depth + 1
        elif token == ",":
            yield line + token
            line = "  " * depth
        else:
            line += ": " if token == ":" else _readable(token)
    if line.strip():
        yield line


def hex_lines(data: bytes) -> list[str]:
    """Bytes as a table: offset, sixteen bytes in hex, and the same as characters."""
    lines = []
    for offset in range(0, len(data), 16):
        row = data[offset : offset + 16]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(f"{offset:06x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  {shown}")
    return lines


def _readable(token: str) -> str:
    """A string with its escapes of letters resolved (``\\u00e9`` is shown as the letter), any other token as it is."""
    if not token.startswith('"') or "\\u" not in token:
        return plain(token)
    try:
        return plain(json.dumps(json.loads(token), ensure_ascii=False))
    except ValueError:
        return plain(token)


def _reads_as_text(body: Body) -> bool:
    start = body.start(1024)
    if b"\0" in start:
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut in two at the end of the start.
        return error.start > len(start) - 4
    return True
