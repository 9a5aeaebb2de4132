"""The form of a route: what a request to it may carry, and the request that a filled form makes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from nbmicro.errors import RequestError
from nbmicro.http.build import build_request
from nbmicro.http.media_types import FORM, JSON, MULTIPART_FORM
from nbmicro.http.messages import RequestRecord, json_error
from nbmicro.web.rules import parameters, replace_parameters

Place: TypeAlias = Literal["path", "query", "header", "form", "file"]
Kind: TypeAlias = Literal["text", "integer", "number", "choice", "flag", "file"]
BodyKind: TypeAlias = Literal["none", "json", "form", "text"]

_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
#: What stands as it is in a part of a path (RFC 3986), besides letters and digits.
_SAFE = ":@!$&'()*+,;=~"
_FORMATS = {"uuid": "a UUID", "date": "as 2026-01-31", "date-time": "as 2026-01-31T12:00:00Z", "time": "as 12:00:00"}
_KINDS: dict[str, Kind] = {"integer": "integer", "number": "number", "boolean": "flag"}
_DEPTH = 5


@dataclass(frozen=True, slots=True)
class FormField:
    """One value that a request carries.

    Parameters
    ----------
    name, place:
        What it is called, and where it stands.
    kind:
        What may be written: ``choice`` is one of ``choices``, ``flag`` true or false.
    minimum, maximum:
        Of a number.
    required:
        Whether the route wants it; a value of the path always.
    note:
        What else is known of it, in a few words.
    """

    name: str
    place: Place
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class RequestForm:
    """What a request to one route may carry.

    Parameters
    ----------
    method, pattern:
        The method, and the rule in Werkzeug's syntax.
    fields:
        Its values, those of the path first.
    body:
        The kind of body that the route reads.
    sample:
        JSON text to begin with, where the body is JSON.
    summary:
        What the route says of itself.
    """

    method: str
    pattern: str
    fields: tuple[FormField, ...] = ()
    body: BodyKind = "none"
    sample: str = ""
    summary: str = ""

    def at(self, *places: Place) -> tuple[FormField, ...]:
        """The fields of these places."""
        return tuple(field for field in self.fields if field.place in places)


@dataclass(frozen=True, slots=True)
class FilledForm:
    """What a person wrote into a form.

    Parameters
    ----------
    values:
        The text of each field, by its place and name; one that is missing or empty is not sent.
    files:
        For each field of a file its name, content and media type.
    query, headers, fields:
        What is sent besides the fields: ``name=value`` a line, and headers as ``Name: value``.
    body_kind, body:
        The kind of body, and its text where it is no form.
    """

    values: Mapping[tuple[str, str], str]
    files: Mapping[str, tuple[str, bytes, str]]
    query: str = ""
    headers: str = ""
    fields: str = ""
    body_kind: BodyKind = "none"
    body: str = ""


def form_of(method: str, pattern: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> RequestForm:
    """The form of a route.

    Parameters
    ----------
    method, pattern:
        The method, and the rule in Werkzeug's syntax.
    operation:
        What an OpenAPI document says of it: parameters, requestBody, summary.
    schemas:
        The document's ``components/schemas``, to which it may refer.
    """
    known: dict[tuple[Any, Any], FormField] = {}
    for parameter in operation.get("parameters", ()):
        name, place = parameter.get("name"), parameter.get("in")
        if place in {"path", "query", "header"}:
            schema = _resolved(parameter.get("schema", {}), schemas)
            required, note = bool(parameter.get("required")), parameter.get("description", "")
            known[place, name] = _field(name, place, schema, required, note)
    fields = [
        known.pop(("path", value.name), FormField(value.name, "path", required=True)) for value in parameters(pattern)
    ]
    fields += [field for field in known.values() if field.place != "path"]
    content = operation.get("requestBody", {}).get("content", {})
    body: BodyKind = "none"
    sample = ""
    if media_type := next((form for form in (FORM, MULTIPART_FORM) if form in content), None):
        body = "form"
        fields += _body_fields(_resolved(content[media_type].get("schema", {}), schemas), schemas)
    elif JSON in content:
        body = "json"
        sample = _sample_text(content[JSON], schemas)
    elif content:
        body = "text"
    summary = str(operation.get("summary") or "")
    return RequestForm(method, pattern, tuple(fields), body, sample, summary)


def request_from(form: RequestForm, filled: FilledForm) -> RequestRecord:
    """The request that a filled form makes.

    Raises
    ------
    RequestError
        A value that the path or the route wants is missing or of another kind, a line is none, or the JSON is broken.
    """
    values = {(field.place, field.name): _checked(field, filled) for field in form.fields}

    def given(place: Place) -> list[tuple[str, str]]:
        return [(name, value) for (at, name), value in values.items() if at == place and value]

    path = replace_parameters(
        form.pattern, lambda value: quote(values["path", value.name], safe=_SAFE + "/" * (value.converter == "path"))
    )
    query = [*given("query"), *value_lines(filled.query, "the query")]
    headers = [*given("header"), *header_lines(filled.headers)]
    content: dict[str, Any] = {}
    media_type = ""
    if filled.body_kind == "json" and filled.body.strip():
        content["data"], media_type = checked_json(filled.body), JSON
    elif filled.body_kind == "text" and filled.body:
        content["data"], media_type = filled.body, "text/plain"
    elif filled.body_kind == "form":
        content["data"] = [*given("form"), *value_lines(filled.fields, "the form")]
        if files := [(field.name, filled.files[field.name]) for field in form.at("file") if field.name in filled.files]:
            content["files"] = files
    if media_type and "content-type" not in {name.lower() for name, _ in headers}:
        headers.append(("Content-Type", media_type))
    return build_request(form.method, path, headers=headers, query=query or None, **content)


def _checked(field: FormField, filled: FilledForm) -> str:
    """The text of a field, which fits its kind."""
    text = filled.values.get((field.place, field.name), "")
    if field.place == "file":
        return ""
    if field.place == "path":
        text = text if field.kind == "text" else text.strip()
        if not text:
            raise RequestError(f"`{field.name}` stands in the path and needs a value.")
    if not text:
        return ""
    if field.kind == "integer" and not re.fullmatch(r"[+-]?\d+", text.strip()):
        raise RequestError(f"`{field.name}` is a whole number; `{text}` is none.")
    if field.kind == "number":
        try:
            float(text)
        except ValueError:
            raise RequestError(f"`{field.name}` is a number; `{text}` is none.") from None
        if field.place == "path" and re.fullmatch(r"-?\d+", text):
            return f"{text}.0"  # a rule's float has a point
    return text


# -- text that is checked ----------------------------------------------------------------------------------------------


def checked_json(text: str) -> str:
    """The text, if it is JSON (RFC 8259).

    Raises nbmicro.errors.RequestError, which names the line and the column, where it is not.
    """

    def reject(constant: str) -> Any:
        outside_strings = _STRING.sub(lambda match: " " * len(match[0]), text)
        raise json.JSONDecodeError(f"{constant} is no value of JSON", text, outside_strings.index(constant))

    try:
        json.loads(text, parse_constant=reject)
    except json.JSONDecodeError as error:
        pos, why = json_error(text, error)
        place = json.JSONDecodeError("", text, pos)
        why = why[:1].lower() + why[1:] if why.partition(" ")[0][1:].islower() else why
        raise RequestError(f"this is not JSON: {why}.", line=place.lineno, column=place.colno) from None
    except RecursionError:
        raise RequestError("this JSON is nested too deeply.") from None
    return text


def header_lines(text: str) -> list[tuple[str, str]]:
    """Headers, one a line: ``Accept: text/csv``. Raises nbmicro.errors.RequestError for a line that is none."""
    return _pairs(text, ":", "the headers", "Accept: text/csv")


def value_lines(text: str, where: str) -> list[tuple[str, str]]:
    """Names and values, one a line: ``page=2``. Raises nbmicro.errors.RequestError for a line that is none."""
    return _pairs(text, "=", where, "page=2")


def _pairs(text: str, sign: str, where: str, example: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        name, is_pair, value = line.partition(sign)
        if is_pair and name.strip():
            pairs.append((name.strip(), value.strip() if sign == ":" else value))
        elif line.strip():
            message = f"`{line.strip()}` is no name and value."
            raise RequestError(message, hint=f"As in  {example}", where=where, line=number)
    return pairs


# -- the schemas of an OpenAPI document --------------------------------------------------------------------------------


def _field(name: str, place: Place, schema: Mapping[str, Any], required: bool, note: str) -> FormField:
    types = schema.get("type")
    first = next((name for name in types if name != "null"), None) if isinstance(types, list) else types
    choices = tuple(map(str, schema.get("enum", ())))
    kind: Kind = "choice" if choices else _KINDS.get(str(first), "text")
    if not choices and (schema.get("format") == "binary" or "contentMediaType" in schema):
        kind, place = "file", "file"
    words = [note.rstrip(".")] if note else []
    if schema.get("format") in _FORMATS:
        words.append(_FORMATS[schema["format"]])
    if "default" in schema and schema["default"] is not None:
        words.append(f"{json.dumps(schema['default'], ensure_ascii=False)} without it")
    return FormField(
        name, place, kind, choices, schema.get("minimum"), schema.get("maximum"), required, ", ".join(words)
    )


def _body_fields(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterable[FormField]:
    required = schema.get("required", ())
    for name, property_schema in schema.get("properties", {}).items():
        resolved = _resolved(property_schema, schemas)
        yield _field(name, "form", resolved, name in required, resolved.get("description", ""))


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without references, as far as its own level goes; of several, the first that is not null."""
    for _ in range(_DEPTH):
        if "$ref" in schema:
            schema = schemas.get(str(schema["$ref"]).rpartition("/")[2], {})
        elif "anyOf" in schema or "oneOf" in schema or len(schema.get("allOf", ())) == 1:
            several = schema.get("anyOf") or schema.get("oneOf") or schema["allOf"]
            rest = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf", "allOf"}}
            chosen: Mapping[str, Any] = next((each for each in several if each.get("type") != "null"), {})
            schema = {**chosen, **rest}
        else:
            return schema
    return {}


def _sample_text(media: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    sample = media["example"] if "example" in media else _sample(media.get("schema", {}), schemas, 0)
    return "" if sample is None else json.dumps(sample, indent=2, ensure_ascii=False)


def _sample(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> Any:
    """A value of a schema, as plain as can be; None where the schema says nothing."""
    schema = _resolved(schema, schemas)
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    types = schema.get("type")
    first = types[0] if isinstance(types, list) else types
    if first == "object" or "properties" in schema:
        inside = schema.get("properties", {}) if depth < _DEPTH else {}
        return {name: _sample(each, schemas, depth + 1) for name, each in inside.items()}
    if first == "array":
        item = _sample(schema.get("items", {}), schemas, depth + 1) if depth < _DEPTH else None
        return [] if item is None else [item]
    return {"string": "", "integer": 0, "number": 0, "boolean": False}.get(str(first))
