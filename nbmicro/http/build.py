"""From the parts of a request, as a user names them, to the request that is sent."""

from __future__ import annotations

import base64
import json as jsonlib
import mimetypes
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable
from urllib.parse import quote, urlencode, urlsplit

from nbmicro.errors import RequestError
from nbmicro.http.headers import HeaderFields
from nbmicro.http.media_types import FORM, JSON, MULTIPART_FORM, media_type_of
from nbmicro.http.messages import RequestRecord


class Unset(Enum):
    """The type of :data:`UNSET`, which stands where ``None`` would be a value (JSON's ``null``)."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@runtime_checkable
class Readable(Protocol):
    """Anything with a ``read`` method that gives bytes or text."""

    def read(self) -> bytes | str: ...


FileValue: TypeAlias = str | os.PathLike[str] | bytes | Readable | tuple[Any, ...]
Files: TypeAlias = Mapping[str, FileValue | list[FileValue]] | Sequence[tuple[str, FileValue]]
Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
Query: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]
Data: TypeAlias = Mapping[str, Any] | Sequence[tuple[str, Any]] | str | bytes
Auth: TypeAlias = str | tuple[str, str]

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PLAIN = re.compile(r"/[A-Za-z0-9/._~!$&'()*+,;=:@-]*\Z")
# What may stand in a target as it is (RFC 3986: unreserved, sub-delims, and `%` of an escape).
_SAFE_PATH = "/:@!$&'()*+,;=~%"
_SAFE_QUERY = _SAFE_PATH + "?"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FORBIDDEN = re.compile(r"[\r\n\0]")


def build_request(
    method: str,
    target: str,
    *,
    headers: Headers = (),
    query: Query | None = None,
    json: Any = UNSET,
    data: Data | None = None,
    files: Files | None = None,
    auth: Auth | None = None,
) -> RequestRecord:
    """Make the record of a request from its parts.

    Parameters
    ----------
    method:
        Any token (RFC 9110, section 9); it is sent in capitals.
    target:
        A path with an optional query, as a person writes it: what is not ASCII is percent-encoded as UTF-8, escapes
        that are there stay. An origin on the loopback (``http://localhost:5000``) means the app and is taken off.
    headers:
        A mapping or pairs. They win over the ``Content-Type`` that the body would bring.
    query:
        Added to the target's own query. A list gives a name several times, ``None`` leaves it out.
    json:
        Sent as a JSON body (RFC 8259); ``None`` is JSON's ``null``.
    data:
        A mapping or pairs are a form (``application/x-www-form-urlencoded``); text (as UTF-8) and bytes are sent as
        they are.
    files:
        Makes the form ``multipart/form-data`` (RFC 7578). A value is a path, bytes, an open file, or a tuple
        ``(filename, content)`` or ``(filename, content, media type)``.
    auth:
        ``"user:password"`` or a pair, sent as Basic credentials (RFC 7617).

    Raises
    ------
    RequestError
        When nothing sensible can be sent; a header with a line break in it is always rejected.
    """
    if not headers and query is None and json is UNSET and data is None and not files and auth is None:
        return bare_request(method, target)
    verb = _checked_method(method)
    address = clean_target(target)
    if query is not None:
        address = _with_query(address, query)
    content, media_type = _content(json, data, files)
    fields = [(_header_name(name), _header_value(name, value)) for name, value in _pairs(headers)] if headers else []
    if auth is not None:
        fields.append(("Authorization", _basic(auth)))
    if media_type is not None and all(name.lower() != "content-type" for name, _ in fields):
        fields.append(("Content-Type", media_type))
    return RequestRecord(verb, address, HeaderFields(fields), content)


@lru_cache(maxsize=1024)
def clean_target(target: str) -> str:
    """The target as it is sent: origin and fragment taken off, percent-encoded.

    Raises :class:`~nbmicro.errors.RequestError` for another origin than this app, and for a path without its slash.
    """
    if _PLAIN.match(target):
        return target
    if _ORIGIN.match(target):
        target = _without_origin(target)
    target = target.partition("#")[0]
    if not target or target.startswith("?"):
        target = "/" + target
    if not target.startswith("/") and target != "*":
        raise RequestError(f"`{target}` is not a path: a path begins with a slash.", hint=f"Send it to  /{target}")
    path, mark, query = target.partition("?")
    return _escape(path, _SAFE_PATH) + mark + _escape(query, _SAFE_QUERY)


@lru_cache(maxsize=1024)
def bare_request(method: str, target: str) -> RequestRecord:
    """A request of nothing but its method and target; it is frozen, so all that are alike are one."""
    return RequestRecord(_checked_method(method), clean_target(target))


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine: ``localhost`` and its subdomains, ``127.…``, ``::1``, ``0.0.0.0``."""
    host = host.lower().strip("[]")
    return host in {"localhost", "::1", "0.0.0.0"} or host.endswith(".localhost") or host.startswith("127.")


def _checked_method(method: str) -> str:
    if not _TOKEN.match(method):
        raise RequestError(f"`{method}` is not an HTTP method.", hint="Write one such as GET or POST.")
    return method.upper()


def _without_origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise RequestError(f"`{url}` is not a URL: {error}.") from None
    # An empty query has its question mark, which the parts do not tell.
    has_query = "?" in url.partition("#")[0]
    path = (parts.path or "/") + (f"?{parts.query}" if has_query else "")
    if parts.scheme.lower() not in {"http", "https"} or not is_loopback(host):
        raise RequestError(
            f"{url} is not this app; a request speaks to the app in the notebook.", hint=f"Send the path:  {path}"
        )
    return path


def _escape(text: str, safe: str) -> str:
    return quote(_BAD_ESCAPE.sub("%25", text), safe=safe)


def _with_query(target: str, query: Query) -> str:
    written = urlencode(_fields(query), quote_via=quote)
    return f"{target}{'&' if '?' in target else '?'}{written}" if written else target


def _content(json: Any, data: Data | None, files: Files | None) -> tuple[bytes, str | None]:
    if json is not UNSET:
        if data is not None or files:
            raise RequestError("A request has one body: JSON, or a form, not both.")
        return _json_bytes(json), JSON
    if files:
        if isinstance(data, (str, bytes, bytearray)):
            raise RequestError("Files travel in a form: `data` must be a mapping or pairs beside `files`.")
        return multipart(data or [], files)
    if data is None:
        return b"", None
    if isinstance(data, str):
        return data.encode(), None
    if isinstance(data, (bytes, bytearray)):
        return bytes(data), None
    return urlencode(_fields(data)).encode("ascii"), FORM


def _json_bytes(value: Any) -> bytes:
    try:
        return jsonlib.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise RequestError(f"This is not JSON: {error}.") from None


def _header_name(name: str) -> str:
    if not _TOKEN.match(name):
        raise RequestError(f"{name!r} is not a header's name.", hint="Letters, digits and - _ . make one: X-Token")
    return name


def _header_value(name: str, value: Any) -> str:
    text = str(value)
    if _FORBIDDEN.search(text):
        raise RequestError(
            f"The header {name} has a line break in its value, which would begin another header.",
            hint="Take it out, or send the text in the body.",
        )
    return text.strip(" \t")


def _basic(auth: Auth) -> str:
    pair = auth if isinstance(auth, str) else ":".join(auth)
    if ":" not in pair:
        pair += ":"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


# -- forms ------------------------------------------------------------------------------------------------------------


def _pairs(items: Any) -> Iterable[tuple[str, Any]]:
    return items.items() if isinstance(items, Mapping) else items


def _fields(items: Any) -> list[tuple[str, str]]:
    """Names with their values as text; a list gives a name several times, ``None`` leaves it out."""
    return [
        (name, field_text(each))
        for name, value in _pairs(items)
        for each in (value if isinstance(value, (list, tuple)) else [value])
        if each is not None
    ]


def field_text(value: Any) -> str:
    """A form or query value as text: true and false in lower case, as JSON and JavaScript write them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form as it is written (RFC 7578); a text has neither a file's name nor a type, unless given."""

    name: str
    content: bytes
    filename: str | None = None
    media_type: str | None = None


def multipart(form: Any, files: Files) -> tuple[bytes, str]:
    """The body of a ``multipart/form-data`` form, and its type."""
    parts = [Part(name, value.encode()) for name, value in _fields(form)]
    for name, value in _pairs(files):
        parts += [file_part(name, file) for file in (value if isinstance(value, list) else [value])]
    return multipart_of(parts)


def multipart_of(parts: Sequence[Part], media_type: str = MULTIPART_FORM) -> tuple[bytes, str]:
    """The body of parts in their order, and its type; the boundary depends on the content alone."""
    number = 0
    while any(f"nbmicro-form-{number}".encode() in part.content for part in parts):
        number += 1
    boundary = f"nbmicro-form-{number}"
    disposition = "form-data" if media_type_of(media_type) == MULTIPART_FORM else "attachment"
    body = b"".join(
        f"--{boundary}\r\n{_head(part, disposition)}\r\n\r\n".encode() + part.content + b"\r\n" for part in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"{media_type}; boundary={boundary}"


def _head(part: Part, disposition: str) -> str:
    """The headers of a part: the field's name, the file's, and the type."""
    if part.media_type is not None and _FORBIDDEN.search(part.media_type):
        raise RequestError(f"The media type of the file `{part.name}` has a line break in it.")
    quoted = {
        key: name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        for key, name in (("name", part.name), ("filename", part.filename))
        if name is not None
    }
    head = "; ".join([f"Content-Disposition: {disposition}", *(f'{key}="{name}"' for key, name in quoted.items())])
    return head if part.media_type is None else f"{head}\r\nContent-Type: {part.media_type}"


def file_part(field: str, value: FileValue) -> Part:
    """A file as a part, in whatever way it was given; with None for its name it is a field."""
    media_type: str | None = None
    filename: str | None
    content: Any = value
    if isinstance(value, tuple):
        if len(value) not in {2, 3}:
            raise RequestError(
                f"The file `{field}` is a tuple of {len(value)}; (filename, content, type) was expected."
            )
        filename, content = None if value[0] is None else str(value[0]), value[1]
        media_type = value[2] if len(value) == 3 else None
    elif isinstance(value, (bytes, bytearray)):
        filename = field
    elif isinstance(value, Readable):
        filename = os.path.basename(str(getattr(value, "name", field)))
    else:
        content = Path(value)
        filename = content.name
    if filename is not None:
        media_type = media_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return Part(field, _file_bytes(field, content), filename, media_type)


def _file_bytes(field: str, content: Any) -> bytes:
    if isinstance(content, Readable):
        content = content.read()
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, os.PathLike):
        try:
            return Path(content).read_bytes()
        except OSError as error:
            raise RequestError(f"The file of `{field}` cannot be read: {content}: {error.strerror}.") from None
    if isinstance(content, (bytes, bytearray)):
        return bytes(content)
    raise RequestError(f"The content of the file `{field}` is a {type(content).__name__}; bytes or text were expected.")
