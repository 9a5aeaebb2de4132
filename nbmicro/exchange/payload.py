"""The bytes of a request's body, and the media type they bring.

What lives here: JSON, text, forms and files with their blanks filled. What must not: items, headers, the target.
"""

from __future__ import annotations

import json
import mimetypes
import re
from pathlib import Path
from urllib.parse import quote_plus

from nbmicro.errors import RequestError
from nbmicro.exchange.interpolate import Scope
from nbmicro.exchange.json_faults import json_fault
from nbmicro.exchange.messages import media_type_of
from nbmicro.exchange.syntax import BodySource
from nbmicro.exchange.template import Blank, Template, parse_template, place_at
from nbmicro.exchange.values import json_text, plain_text
from nbmicro.exchange.writing import fill_form_text, fill_json

__all__ = ["Payload", "fill_body", "path_in", "read_bytes"]

Payload = tuple[bytes, str | None]
"""The bytes, and the type they bring where no header names one."""

_FILE_LINE = re.compile(r"<(@?)[ \t]+(\S.*?)\s*\Z")
_FORM_TYPE = "application/x-www-form-urlencoded"
_PLAIN = "text/plain; charset=utf-8"


def path_in(text: str, scope: Scope) -> Path:
    """The path of a file that a request names."""
    return scope.folder / Path(text).expanduser()


def read_bytes(template: Template, scope: Scope) -> bytes:
    """The content of a file that a request names; RequestError, with its place, if it cannot be read."""
    path = path_in(scope.text(template).strip(), scope)
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(
            f"the file {path} cannot be read: {reason}. {scope.consequence}",
            line=template.line,
            column=template.column,
        ) from None


def fill_body(body: BodySource, given: str | None, scope: Scope) -> Payload:
    """The bytes of a body and the media type they bring; ``given`` is the type that is written as a header.

    Raises
    ------
    RequestError
        A blank without a value, a file that cannot be read, a text that should be JSON and is none.
    """
    content = body.content
    if body.kind == "file":
        return read_bytes(content, scope), mimetypes.guess_type(content.source)[0]
    if body.kind == "template_file":
        text = read_bytes(content, scope).decode("utf-8", "replace")
        media_type = given or mimetypes.guess_type(content.source)[0]
        try:
            return _typed(parse_template(text, place_at(text, 1, 1)), media_type or "", scope), media_type
        except RequestError as error:
            error.where = content.source
            raise
    if given is not None:
        return _typed(content, given, scope), None
    if len(content.parts) == 1 and isinstance(content.parts[0], Blank):
        return _value(content.parts[0], scope)
    if body.kind == "json" or body.info == "json" or content.source.lstrip().startswith(("{", "[")):
        return _json(body, scope)
    return scope.text(content).encode(), _PLAIN


def _value(blank: Blank, scope: Scope) -> Payload:
    """A body that is one value: bytes and text as they are, anything else as JSON."""
    value = scope.value(blank)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value), None
    if isinstance(value, str):
        return value.encode(), _PLAIN
    return _json_of(blank, value, scope), "application/json"


def _json_of(blank: Blank, value: object, scope: Scope) -> bytes:
    try:
        return json_text(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise RequestError(f"{blank}: {error}. {scope.consequence}", line=blank.line, column=blank.column) from None


def _json(body: BodySource, scope: Scope) -> Payload:
    """A body that looks like JSON and has no type: it must be JSON, if it is not just text that begins like it."""
    content = body.content
    text = fill_json(content, scope)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        if body.kind != "json":
            return scope.text(content).encode(), _PLAIN
        line, column, reason = content.line, content.column, str(error)
        if isinstance(error, json.JSONDecodeError):
            position, reason = json_fault(text, error)
            if content.is_literal:
                line, column = place_at(content.source, line, column)(position)
        raise RequestError(
            f"the body is not JSON: {reason}. {scope.consequence}",
            hint="To send it as it stands, name its type:  Content-Type: application/json",
            line=line,
            column=column,
        ) from None
    return text.encode(), "application/json"


def _typed(content: Template, content_type: str, scope: Scope) -> bytes:
    """The bytes of a body whose media type is given."""
    media_type = media_type_of(content_type)
    if len(content.parts) == 1 and isinstance(content.parts[0], Blank):
        return _one_value(content.parts[0], media_type, scope)
    if _is_json(media_type):
        return fill_json(content, scope).encode()
    if media_type == _FORM_TYPE:
        return re.sub(r"\s*\n\s*(?=&)|(?<=&)\s*\n\s*", "", fill_form_text(content, scope)).strip().encode()
    if media_type.startswith("multipart/") and "boundary=" in content_type:
        return _multipart_text(content, scope)
    return scope.text(content).encode()


def _is_json(media_type: str) -> bool:
    return media_type.endswith(("/json", "+json"))


def _one_value(blank: Blank, media_type: str, scope: Scope) -> bytes:
    """A body that is one blank: bytes are sent as they are, whatever the type."""
    value = scope.value(blank)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if media_type == _FORM_TYPE:
        return quote_plus(plain_text(value)).encode()
    return _json_of(blank, value, scope) if _is_json(media_type) else plain_text(value).encode()


def _multipart_text(content: Template, scope: Scope) -> bytes:
    """A multipart body written out by hand: its lines end with CR LF, and `< ./file` stands for a file's bytes."""
    lines: list[bytes] = []
    for line in scope.text(content).split("\n"):
        file = _FILE_LINE.match(line)
        if file:
            lines.append(read_bytes(Template(file[2], (file[2],), content.line, content.column), scope))
        else:
            lines.append(line.encode())
    return b"\r\n".join(lines) + b"\r\n"
