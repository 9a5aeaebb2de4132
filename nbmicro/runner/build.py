"""From a parsed request and the names of a notebook to the record that is sent."""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus

from nbmicro.errors import RequestError
from nbmicro.http.build import UNSET, FileValue, Part, build_request, file_part, multipart_of
from nbmicro.http.media_types import FORM, JSON, MULTIPART_FORM, is_json, is_multipart, media_type_of
from nbmicro.http.messages import RequestRecord, json_error
from nbmicro.language.items import DATA_KINDS, JSON_KINDS, nested_error
from nbmicro.language.lines import FILE_BODY
from nbmicro.language.nested_keys import NestedKeyError, Step, nested_key, put
from nbmicro.language.options import Options
from nbmicro.language.sections import Pairs, Section, sections_sent
from nbmicro.language.syntax import BodySource, FilePart, Item, Pair, Request, TextPart
from nbmicro.language.template import Placeholder, Template, parse_template, place_at
from nbmicro.runner.files import read_bytes, read_text, sendable_file
from nbmicro.runner.fill import Scope, fill_form_text, fill_json, fill_url, json_text

Payload = tuple[bytes, str | None]
"""The bytes, and the type they bring where no header names one."""

_PLAIN = "text/plain; charset=utf-8"


def _fill_body(body: BodySource, given: str | None, scope: Scope) -> Payload:
    """The bytes of a body and the media type they bring; ``given`` is the type that is written as a header.

    Raises
    ------
    RequestError
        A placeholder without a value, a file that cannot be read, a text that should be JSON and is none.
    """
    content = body.content
    if body.kind == "exact":
        return _exact(content, given or "", scope), None
    if body.kind == "data_file":
        return _data_file(content, scope), None
    if body.kind == "file":
        return read_bytes(content, scope), mimetypes.guess_type(content.source)[0]
    if body.kind == "template_file":
        text = read_text(content, scope)
        media_type = given or mimetypes.guess_type(content.source)[0]
        try:
            return _typed(parse_template(text, place_at(text, 1, 1)), media_type or "", scope), media_type
        except RequestError as error:
            error.where = content.source
            raise
    if given is not None:
        return _typed(content, given, scope), None
    if len(content.parts) == 1 and isinstance(content.parts[0], Placeholder):
        return _value(content.parts[0], scope)
    if body.kind == "json" or body.info == "json" or content.source.lstrip().startswith(("{", "[")):
        return _json(body, scope)
    return scope.text(content).encode(), "application/xml" if content.source.startswith("<?xml") else _PLAIN


def _exact(content: Template, content_type: str, scope: Scope) -> bytes:
    """The text of a curl command as it stands, bytes that are no characters included; only values are encoded."""
    if content.is_literal:
        return content.literal.encode("utf-8", "surrogateescape")
    media_type = media_type_of(content_type)
    if len(content.parts) == 1 and isinstance(content.parts[0], Placeholder):
        return _one_value(content.parts[0], media_type, scope)
    if is_json(media_type):
        return fill_json(content, scope).encode()
    return (fill_form_text(content, scope) if media_type == FORM else scope.text(content)).encode()


def _data_file(template: Template, scope: Scope) -> bytes:
    """A file without its line breaks, as curl sends ``-d @file``; RequestError where versions of curl differ."""
    data = read_bytes(template, scope)
    if b"\0" in data or re.search(rb"\r(?!\n|\Z)", data):
        message = f"curl's -d cuts the file {template.source} at its zero bytes and carriage returns."
        raise scope.error(template, message, f"As it is:  --data-binary @{template.source}")
    return data.replace(b"\r\n", b"").replace(b"\n", b"").replace(b"\r", b"")


def _value(placeholder: Placeholder, scope: Scope) -> Payload:
    """A body that is one value: bytes and text as they are, anything else as JSON."""
    value = scope.value(placeholder)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value), None
    if isinstance(value, str):
        return value.encode(), _PLAIN
    return _json_of(placeholder, value, scope), JSON


def _json_of(placeholder: Placeholder, value: object, scope: Scope) -> bytes:
    try:
        return json_text(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise scope.error(placeholder, f"{placeholder}: {error}.") from None


def _json(body: BodySource, scope: Scope) -> Payload:
    """A body that looks like JSON and has no type: it must be JSON, if it is not just text that begins like it."""
    content = body.content
    text = fill_json(content, scope)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        if body.kind != "json":
            return scope.text(content).encode(), _PLAIN
        reason, position = str(error), 0
        if isinstance(error, json.JSONDecodeError):
            position, reason = json_error(text, error)
        hint = "To send it as it stands, name its type:  Content-Type: application/json"
        wrong = scope.error(content, f"the body is not JSON: {reason}.", hint)
        if content.is_literal:
            wrong.line, wrong.column = body.place(position)
        raise wrong from None
    return text.encode(), JSON


def _typed(content: Template, content_type: str, scope: Scope) -> bytes:
    """The bytes of a body whose media type is given."""
    media_type = media_type_of(content_type)
    if len(content.parts) == 1 and isinstance(content.parts[0], Placeholder):
        return _one_value(content.parts[0], media_type, scope)
    if is_json(media_type):
        return fill_json(content, scope).encode()
    if media_type == FORM:
        return _form_text(content, scope)
    if is_multipart(media_type) and "boundary=" in content_type:
        return _multipart_text(content, scope)
    return scope.text(content).encode()


def _form_text(content: Template, scope: Scope) -> bytes:
    """A form as it is written in files: over several lines, with blanks around its signs; the rest is encoded."""
    lines = [line.strip() for line in fill_form_text(content, scope).split("\n") if line.strip()]
    for above, line in pairwise(lines):
        if not (above.endswith("&") or line.startswith("&")):
            message = f"`{line}` stands on a line of its own in a form, and no & joins it to the line above."
            raise scope.error(content, message, f"Write  &{line}")
    text = re.sub(r"\s*([=&])\s*", r"\1", "".join(lines))
    return quote(text, safe="!#$%&'()*+,/:;=?@[]~").encode()


def _one_value(placeholder: Placeholder, media_type: str, scope: Scope) -> bytes:
    """A body that is one placeholder: bytes are sent as they are, whatever the type."""
    value = scope.value(placeholder)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if is_json(media_type):
        return _json_of(placeholder, value, scope)
    text = scope.plain(placeholder)
    return (quote_plus(text) if media_type == FORM else text).encode()


def _multipart_text(content: Template, scope: Scope) -> bytes:
    """A multipart body written out by hand: its lines end with CR LF, and `< ./file` stands for a file's bytes."""
    lines: list[bytes] = []
    for line in _lines_of(content):
        file = FILE_BODY.match(line.source)
        if file is None:
            lines += [piece.encode() for piece in scope.text(line).split("\n")]
            continue
        path = parse_template(file[2], place_at("", line.line, line.column + file.start(2)))
        lines.append(_filled_file(path, scope) if file[1] else read_bytes(path, scope))
    return b"\r\n".join(lines) + b"\r\n"


def _lines_of(content: Template) -> Iterator[Template]:
    """The lines of a text, each as a template; what its values hold begins none."""
    line, number, column = list[str | Placeholder](), content.line, content.column
    for part in (*content.parts, "\n"):
        first, *more = part.split("\n") if isinstance(part, str) else (part,)
        line.append(first)
        for begin in more:
            yield Template("".join(map(str, line)), tuple(filter(None, line)), number, column)
            line, number, column = [begin], number + 1, 1


def _filled_file(path: Template, scope: Scope) -> bytes:
    """The text of a file with its own placeholders filled."""
    text = read_text(path, scope)
    try:
        return scope.text(parse_template(text, place_at(text, 1, 1))).encode()
    except RequestError as error:
        error.where = path.source
        raise


_BASIC = re.compile(r"Basic\s+([^\s:]+)(?::|\s+)(\S.*?)\s*\Z", re.I)


@dataclass
class _Parts:
    """What ``build_request`` will be given."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    query: list[tuple[str, str]] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    sections: list[Part] = field(default_factory=list)
    json: Any = None
    data: bytes | None = None
    media_type: str | None = None
    is_form: bool = False
    is_multipart: bool = False
    has_json: bool = False
    no_media_type: bool = False


def assemble_request(request: Request, options: Options, scope: Scope) -> RequestRecord:
    """The record of a request.

    Parameters
    ----------
    request:
        The request.
    options:
        How it is sent: its own options over those of its line.
    scope:
        The names that its placeholders may use.

    Raises
    ------
    RequestError
        A placeholder without a value, a file that cannot be read, anything that cannot be sent; nothing was.
    """
    try:
        return _assembled(request, options, scope)
    except UnicodeEncodeError as error:
        # Half a surrogate pair is a character to Python and none to UTF-8.
        half = error.object[error.start]
        message = f"the request holds {half!r}, which is half a character and cannot be sent."
        raise RequestError(message, line=request.line) from None


def _assembled(request: Request, options: Options, scope: Scope) -> RequestRecord:
    sections = list(sections_sent(request))
    bodies = {section.body for section, _ in sections}
    parts = _Parts(is_form=options.form or "form" in bodies, is_multipart="multipart" in bodies)
    if request.is_curl:
        # curl has said all of them.
        parts.headers = [(scope.text(pair.name), _typed_header(scope.text(pair.value))) for pair in request.headers]
        parts.no_media_type = _given_type(parts) is None and request.multipart is None
    for pair in () if request.is_curl else request.headers:
        name, value = _header(scope.text(pair.name), scope.text(pair.value))
        if not value and name.lower() == "content-type":
            parts.no_media_type = True
        else:
            parts.headers.append((name, value))
    _take_sections(parts, sections, scope, bodies=False)
    _take_items(parts, request.items, scope)
    _take_sections(parts, sections, scope, bodies=True)
    if request.body is not None:
        given = "" if parts.no_media_type else _given_type(parts)
        parts.data, parts.media_type = _fill_body(request.body, given, scope)
    return _built(request, parts, options.auth, scope)


def templates_of(request: Request) -> Iterator[Template]:
    """Every template that is filled before the request is sent, the URL's apart."""
    for item in request.items:
        yield from (item.name, item.value)
    if request.body is not None:
        yield request.body.content
    if request.options.auth is not None:
        yield request.options.auth
    for pair in (*request.headers, *(pair for _, pairs in sections_sent(request) for pair in pairs)):
        yield from (pair.name, pair.value)
        if isinstance(pair, (TextPart, FilePart)) and pair.filename is not None:
            yield pair.filename


def _built(request: Request, parts: _Parts, auth: Template | None, scope: Scope) -> RequestRecord:
    target = fill_url(request.url, scope)
    if parts.sections or parts.is_multipart:
        _close_multipart(parts, request)
    if parts.media_type and not parts.no_media_type and _given_type(parts) is None:
        parts.headers.append(("Content-Type", parts.media_type))
    data = parts.fields if parts.data is None and not parts.has_json else parts.data
    try:
        record = build_request(
            request.method,
            target,
            headers=parts.headers,
            query=parts.query or None,
            json=parts.json if parts.has_json else UNSET,
            data=data or None,
            auth=scope.text(auth) if auth is not None else None,
        )
    except RequestError as error:
        if error.line is None:
            error.line = request.line
        raise
    if parts.no_media_type:
        kept = tuple(pair for pair in record.headers if pair[0].lower() != "content-type")
        return RequestRecord(record.method, record.target, kept, record.body)  # type: ignore[arg-type]
    return record


def _typed_header(value: str) -> str:
    """A header's value as a terminal hands it to curl: UTF-8, whose bytes WSGI shows as Latin-1 (PEP 3333)."""
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("latin-1")


def _header(name: str, value: str) -> tuple[str, str]:
    """A header; `Basic ada:secret` and `Basic ada secret`, which Base64 cannot be, are encoded as in REST Client."""
    found = _BASIC.match(value) if name.lower() == "authorization" else None
    if found is None:
        return name, value
    return name, "Basic " + base64.b64encode(f"{found[1]}:{found[2]}".encode()).decode("ascii")


def _close_multipart(parts: _Parts, request: Request) -> None:
    """Write fields and files as a form; a type that was written without its boundary gives way.

    Of a curl command another type than ``multipart/form-data`` stays, as curl has it.
    """
    given = _given_type(parts) or ""
    try:
        own = given if request.is_curl and not given.lower().startswith(MULTIPART_FORM) else ""
        fields = [Part(name, value.encode()) for name, value in parts.fields]
        parts.data, media_type = multipart_of([*fields, *parts.sections], own or MULTIPART_FORM)
    except RequestError as error:
        error.line = request.line
        raise
    parts.headers = [
        pair
        for pair in parts.headers
        if pair[0].lower() != "content-type" or not (own or pair[1].lower().startswith(MULTIPART_FORM))
    ]
    parts.media_type = media_type
    parts.has_json = False


def _given_type(parts: _Parts) -> str | None:
    return next((value for name, value in parts.headers if name.lower() == "content-type"), None)


def _take_sections(parts: _Parts, sections: Iterable[tuple[Section, Pairs]], scope: Scope, *, bodies: bool) -> None:
    """Take the pairs of sections: of those that are bodies, or of the others."""
    lists = {"query": parts.query, "headers": parts.headers, "data": parts.fields}
    for section, pairs in sections:
        taken = lists[section.argument]
        for pair in pairs if (section.body is not None) == bodies else ():
            if section.body == "multipart":
                parts.sections.append(_part(pair, scope))
            else:
                taken.append((scope.text(pair.name), scope.text(pair.value)))


def _part(pair: Pair | FilePart, scope: Scope) -> Part:
    """A part of a form; RequestError with its place where its file cannot be read."""
    name = scope.text(pair.name)
    if not isinstance(pair, FilePart):
        filename = pair.filename if isinstance(pair, TextPart) else None
        media_type = pair.content_type if isinstance(pair, TextPart) else None
        shown = scope.text(filename) if filename is not None else None
        return Part(name, scope.text(pair.value).encode("utf-8", "surrogateescape"), shown, media_type)
    path = sendable_file(pair.value, scope.text(pair.value), scope)
    shown = scope.text(pair.filename) if pair.filename is not None else None
    if pair.is_text:
        return Part(name, path.read_bytes(), shown, pair.content_type)
    media_type = pair.content_type or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Part(name, path.read_bytes(), shown or path.name, media_type)


def _take_items(parts: _Parts, items: tuple[Item, ...], scope: Scope) -> None:
    has_files = any(item.kind == "upload" for item in items)
    as_form = parts.is_form or has_files
    parts.has_json = not as_form and any(item.kind in DATA_KINDS for item in items)
    parts.is_form = as_form
    for item in items:
        name = "" if parts.has_json and item.kind in JSON_KINDS else scope.text(item.name)
        if item.kind == "header":
            value = scope.text(item.value)
            if value:
                parts.headers.append((name, value))
            elif name.lower() == "content-type":
                parts.no_media_type = True
        elif item.kind in {"empty_header", "header_file"}:
            parts.headers.append((name, _text_of_file(item, scope) if item.kind == "header_file" else ""))
        elif item.kind in {"query", "query_file"}:
            is_file = item.kind == "query_file"
            parts.query.append((name, _text_of_file(item, scope) if is_file else scope.text(item.value)))
        elif item.kind == "upload":
            parts.sections.append(file_part(name, _upload(item.value, scope)))
        elif has_files:
            parts.sections.append(Part(name, _form_value(item, scope).encode()))
        elif as_form:
            parts.fields.append((name, _form_value(item, scope)))
        else:
            parts.json = _with_json(parts.json, item, scope)


def _text_of_file(item: Item, scope: Scope) -> str:
    return read_text(item.value, scope).rstrip("\n")


def _with_json(root: Any, item: Item, scope: Scope) -> Any:
    """The JSON of the items before it, with the value of an item where its name says."""
    try:
        steps = [_step(step, scope) for step in nested_key(item.name)]
        return put(root, steps, _json_value(item, scope))
    except NestedKeyError as error:
        wrong = nested_error(item, error)
        raise scope.error(item, wrong.message, wrong.hint) from None


def _step(step: Step, scope: Scope) -> str | int | None:
    if step.kind == "append":
        return None
    if step.kind == "filled":
        value = scope.value(step.name.placeholders[0])
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return int(step.name.literal) if step.kind == "index" else scope.text(step.name)


def _upload(value: Template, scope: Scope) -> FileValue:
    """A file with HTTPie's and curl's parameters: ``a.png;type=image/png;filename=b.png``."""
    path, *parameters = re.split(r";(?=(?:type|filename)=)", scope.text(value))
    given = dict(parameter.split("=", 1) for parameter in parameters)
    file = sendable_file(value, path, scope)
    if "type" in given:
        return given.get("filename", file.name), file, given["type"]
    return (given["filename"], file) if "filename" in given else file


def _form_value(item: Item, scope: Scope) -> str:
    value = _json_value(item, scope)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json_value(item: Item, scope: Scope) -> Any:
    if item.kind == "text":
        return scope.text(item.value)
    if item.kind == "text_file":
        return read_text(item.value, scope)
    text = read_text(item.value, scope) if item.kind == "json_file" else fill_json(item.value, scope)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise scope.error(item, f"`{item.value.source}` is not JSON: {error}.") from None
