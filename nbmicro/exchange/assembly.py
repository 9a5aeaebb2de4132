"""From a parsed request and the names of a notebook to the record that is sent.

What lives here: filling every blank at its place, media types, files. What must not: parsing, sending, checks.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbmicro.errors import RequestError
from nbmicro.exchange.form import FileValue
from nbmicro.exchange.interpolate import Scope
from nbmicro.exchange.items import DATA_KINDS
from nbmicro.exchange.parts import RequestRecord, media_type_of
from nbmicro.exchange.request import UNSET, build_request
from nbmicro.exchange.syntax import BodySource, FilePart, Item, LineRequest, ScriptRequest
from nbmicro.exchange.template import Blank, Template, parse_template, place_at
from nbmicro.exchange.values import json_text, plain_text
from nbmicro.exchange.writing import fill_form_text, fill_json, fill_url

__all__ = ["assemble_line", "assemble_request", "templates_of"]

_FILE_LINE = re.compile(r"<(@?)[ \t]+(\S.*?)\s*\Z")
_FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass
class _Parts:
    """What ``build_request`` will be given."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    query: list[tuple[str, str]] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[tuple[str, FileValue]] = field(default_factory=list)
    json: dict[str, Any] = field(default_factory=dict)
    data: bytes | None = None
    media_type: str | None = None
    is_form: bool = False
    has_json: bool = False
    no_media_type: bool = False


def assemble_line(line: LineRequest, scope: Scope) -> RequestRecord:
    """The record of a ``%http`` line.

    Raises
    ------
    RequestError
        A blank without a value, a file that cannot be read, anything that cannot be sent; nothing was.
    """
    if line.url is None:
        raise RequestError("the URL is missing.", hint="Write  %http /", line=line.line)
    parts = _Parts(is_form=line.options.form)
    _take_items(parts, line.items, scope)
    if line.body is not None:
        _take_body(parts, line.body, scope)
    return _built(line.method, line.url, parts, line.options.auth, scope, line.line)


def assemble_request(request: ScriptRequest, scope: Scope, *, form: bool, auth: Template | None) -> RequestRecord:
    """The record of a request of a cell; ``form`` and ``auth`` are those of the ``%%http`` line. Raises as above."""
    parts = _Parts(is_form=form or request.form is not None)
    for pair in request.headers:
        parts.headers.append((scope.text(pair.name), scope.text(pair.value)))
    parts.query += [(scope.text(pair.name), scope.text(pair.value)) for pair in request.query]
    _take_items(parts, request.items, scope)
    parts.fields += [(scope.text(pair.name), scope.text(pair.value)) for pair in request.form or ()]
    for part in request.multipart or ():
        if isinstance(part, FilePart):
            path = _path(scope.text(part.path), scope)
            parts.files.append((scope.text(part.name), (path.name, path, part.content_type)))
        else:
            parts.fields.append((scope.text(part.name), scope.text(part.value)))
    if request.multipart is not None and not parts.files:
        parts.is_form = True
    if request.body is not None:
        _take_body(parts, request.body, scope)
    return _built(request.method, request.url, parts, request.auth or auth, scope, request.line)


def templates_of(request: LineRequest | ScriptRequest) -> Iterator[Template]:
    """Every template that is filled before the request is sent, the URL's apart."""
    for item in request.items:
        yield item.name
        yield item.value
    if request.body is not None:
        yield request.body.content
    if isinstance(request, LineRequest):
        if request.options.auth is not None:
            yield request.options.auth
        return
    if request.auth is not None:
        yield request.auth
    for pair in (*request.headers, *request.query, *(request.form or ()), *(request.multipart or ())):
        yield pair.name
        yield pair.path if isinstance(pair, FilePart) else pair.value


def _built(method: str, url: Template, parts: _Parts, auth: Template | None, scope: Scope, line: int) -> RequestRecord:
    target = fill_url(url, scope)
    if parts.media_type and not parts.no_media_type and _given_type(parts) is None:
        parts.headers.append(("Content-Type", parts.media_type))
    has_form = bool(parts.files) or parts.is_form or bool(parts.fields)
    data: list[tuple[str, str]] | bytes | None = parts.fields if has_form else parts.data
    try:
        record = build_request(
            method,
            target,
            headers=parts.headers,
            query=parts.query or None,
            json=parts.json if parts.has_json and not has_form else UNSET,
            data=(data or None) if not parts.files else parts.fields,
            files=parts.files or None,
            auth=scope.text(auth) if auth is not None else None,
        )
    except RequestError as error:
        if error.line is None:
            error.line = line
        raise
    if parts.no_media_type:
        kept = tuple(pair for pair in record.headers if pair[0].lower() != "content-type")
        return RequestRecord(record.method, record.target, kept, record.body)  # type: ignore[arg-type]
    return record


def _given_type(parts: _Parts) -> str | None:
    return next((value for name, value in parts.headers if name.lower() == "content-type"), None)


def _take_items(parts: _Parts, items: tuple[Item, ...], scope: Scope) -> None:
    as_form = parts.is_form or any(item.kind == "upload" for item in items)
    parts.has_json = not as_form and any(item.kind in DATA_KINDS for item in items)
    parts.is_form = as_form
    for item in items:
        name = scope.text(item.name)
        if item.kind == "header":
            value = scope.text(item.value)
            if value:
                parts.headers.append((name, value))
            elif name.lower() == "content-type":
                parts.no_media_type = True
        elif item.kind == "empty_header":
            parts.headers.append((name, ""))
        elif item.kind == "query":
            parts.query.append((name, scope.text(item.value)))
        elif item.kind == "upload":
            parts.files.append((name, _upload(scope.text(item.value), scope)))
        elif as_form:
            parts.fields.append((name, _form_value(item, scope)))
        else:
            parts.json[name] = _json_value(item, scope)


def _upload(text: str, scope: Scope) -> FileValue:
    path, _, media_type = text.partition(";type=")
    file = _path(path, scope)
    return (file.name, file, media_type) if media_type else file


def _form_value(item: Item, scope: Scope) -> str:
    value = _json_value(item, scope)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json_value(item: Item, scope: Scope) -> Any:
    if item.kind == "text":
        return scope.text(item.value)
    if item.kind == "text_file":
        return _read(item.value, scope).decode("utf-8", "replace")
    text = (
        _read(item.value, scope).decode("utf-8", "replace")
        if item.kind == "json_file"
        else fill_json(item.value, scope)
    )
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(
            f"`{item.value.source}` is not JSON: {error}. {scope.consequence}", line=item.line, column=item.column
        ) from None


def _path(text: str, scope: Scope) -> Path:
    return scope.folder / Path(text).expanduser()


def _read(template: Template, scope: Scope) -> bytes:
    path = _path(scope.text(template).strip(), scope)
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(
            f"the file {path} cannot be read: {reason}. {scope.consequence}",
            line=template.line,
            column=template.column,
        ) from None


def _take_body(parts: _Parts, body: BodySource, scope: Scope) -> None:
    given = _given_type(parts)
    content = body.content
    if body.kind == "file":
        parts.data = _read(content, scope)
        parts.media_type = mimetypes.guess_type(content.source)[0]
        return
    if body.kind == "template_file":
        text = _read(content, scope).decode("utf-8", "replace")
        parts.media_type = given or mimetypes.guess_type(content.source)[0]
        try:
            parts.data = _typed(parse_template(text, place_at(text, 1, 1)), parts.media_type or "", scope)
        except RequestError as error:
            error.where = content.source
            raise
        return
    if given is not None:
        parts.data = _typed(content, given, scope)
    elif len(content.parts) == 1 and isinstance(content.parts[0], Blank):
        _take_value(parts, content.parts[0], scope)
    elif body.kind == "json" or body.info == "json" or content.source.lstrip().startswith(("{", "[")):
        _take_json(parts, body, scope)
    else:
        parts.data = scope.text(content).encode()
        parts.media_type = "text/plain; charset=utf-8"


def _take_value(parts: _Parts, blank: Blank, scope: Scope) -> None:
    """A body that is one value: bytes and text as they are, anything else as JSON."""
    value = scope.value(blank)
    if isinstance(value, (bytes, bytearray)):
        parts.data = bytes(value)
    elif isinstance(value, str):
        parts.data, parts.media_type = value.encode(), "text/plain; charset=utf-8"
    else:
        try:
            parts.data, parts.media_type = json_text(value).encode(), "application/json"
        except (TypeError, ValueError, RecursionError) as error:
            raise RequestError(f"{blank}: {error}. {scope.consequence}", line=blank.line, column=blank.column) from None


def _take_json(parts: _Parts, body: BodySource, scope: Scope) -> None:
    """A body that looks like JSON and has no type: it must be JSON, if it is not just text that begins like it."""
    content = body.content
    text = fill_json(content, scope)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        if body.kind != "json":
            parts.data, parts.media_type = scope.text(content).encode(), "text/plain; charset=utf-8"
            return
        line, column = content.line, content.column
        if isinstance(error, json.JSONDecodeError) and content.is_literal:
            line, column = place_at(content.source, line, column)(error.pos)
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise RequestError(
            f"the body is not JSON: {reason}. {scope.consequence}",
            hint="To send it as it stands, name its type:  Content-Type: application/json",
            line=line,
            column=column,
        ) from None
    parts.data, parts.media_type = text.encode(), "application/json"


def _typed(content: Template, content_type: str, scope: Scope) -> bytes:
    """The bytes of a body whose media type is given."""
    media_type = media_type_of(content_type)
    if media_type.endswith(("/json", "+json")):
        return fill_json(content, scope).encode()
    if media_type == _FORM_TYPE:
        return re.sub(r"\s*\n\s*(?=&)|(?<=&)\s*\n\s*", "", fill_form_text(content, scope)).strip().encode()
    if media_type.startswith("multipart/") and "boundary=" in content_type:
        return _multipart_text(content, scope)
    if len(content.parts) == 1 and isinstance(content.parts[0], Blank):
        value = scope.value(content.parts[0])
        return bytes(value) if isinstance(value, (bytes, bytearray)) else plain_text(value).encode()
    return scope.text(content).encode()


def _multipart_text(content: Template, scope: Scope) -> bytes:
    """A multipart body written out by hand: its lines end with CR LF, and `< ./file` stands for a file's bytes."""
    lines: list[bytes] = []
    for line in scope.text(content).split("\n"):
        file = _FILE_LINE.match(line)
        if file:
            lines.append(_read(Template(file[2], (file[2],), content.line, content.column), scope))
        else:
            lines.append(line.encode())
    return b"\r\n".join(lines) + b"\r\n"
