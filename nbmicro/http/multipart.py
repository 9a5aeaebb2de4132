"""Forms: the names, values and files of a request body, and its ``multipart/form-data`` writing."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from nbmicro.errors import RequestError
from nbmicro.http.media_types import MULTIPART_FORM


@runtime_checkable
class Readable(Protocol):
    """Anything with a ``read`` method that gives bytes or text."""

    def read(self) -> bytes | str: ...


FileValue: TypeAlias = str | os.PathLike[str] | bytes | Readable | tuple[Any, ...]
Files: TypeAlias = Mapping[str, FileValue | list[FileValue]] | Sequence[tuple[str, FileValue]]


def several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def pairs(items: Any) -> Iterable[tuple[str, Any]]:
    return items.items() if isinstance(items, Mapping) else items


def field_text(value: Any) -> str:
    """A form or query value as text: true and false in lower case, as JSON and JavaScript write them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _file_pairs(files: Files) -> list[tuple[str, str, bytes, str]]:
    found: list[tuple[str, str, bytes, str]] = []
    for name, value in pairs(files):
        for one in value if isinstance(value, list) else [value]:
            found.append((name, *_file_part(name, one)))
    return found


def _file_part(field: str, value: FileValue) -> tuple[str, bytes, str]:
    media_type: str | None = None
    if isinstance(value, tuple):
        if len(value) not in {2, 3}:
            raise RequestError(
                f"The file `{field}` is a tuple of {len(value)}; (filename, content, type) was expected."
            )
        filename, content = str(value[0]), _file_bytes(field, value[1])
        media_type = value[2] if len(value) == 3 else None
    elif isinstance(value, (bytes, bytearray)):
        filename, content = field, bytes(value)
    elif isinstance(value, Readable):
        filename = os.path.basename(str(getattr(value, "name", field)))
        content = _file_bytes(field, value)
    else:
        path = Path(value)
        filename, content = path.name, _read(field, path)
    return filename, content, media_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _file_bytes(field: str, content: Any) -> bytes:
    if isinstance(content, Readable):
        content = content.read()
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, os.PathLike):
        return _read(field, Path(content))
    if isinstance(content, (bytes, bytearray)):
        return bytes(content)
    raise RequestError(f"The content of the file `{field}` is a {type(content).__name__}; bytes or text were expected.")


def _read(field: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RequestError(f"The file of `{field}` cannot be read: {path}: {error.strerror}.") from None


def multipart(form: Iterable[tuple[str, Any]], files: Files) -> tuple[bytes, str]:
    """The body of a ``multipart/form-data`` form. The boundary depends on the content alone: same form, same bytes."""
    parts: list[tuple[str, bytes]] = []
    for name, value in form:
        for one in several(value):
            if one is not None:
                parts.append((f'Content-Disposition: form-data; name="{_quoted(name)}"', field_text(one).encode()))
    for name, filename, content, media_type in _file_pairs(files):
        head = f'Content-Disposition: form-data; name="{_quoted(name)}"; filename="{_quoted(filename)}"'
        parts.append((f"{head}\r\nContent-Type: {_one_line(name, media_type)}", content))
    number = 0
    while any(f"nbmicro-form-{number}".encode() in content for _, content in parts):
        number += 1
    boundary = f"nbmicro-form-{number}"
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts)
    return body + f"--{boundary}--\r\n".encode(), f"{MULTIPART_FORM}; boundary={boundary}"


def _one_line(field: str, media_type: str) -> str:
    if any(mark in media_type for mark in "\r\n\0"):
        raise RequestError(f"The media type of the file `{field}` has a line break in it.")
    return media_type


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
