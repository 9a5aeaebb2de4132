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
from nbmicro.http.json_errors import json_fault
from nbmicro.http.media_types import FORM, JSON, MULTIPART_FORM
from nbmicro.http.messages import RequestRecord
from nbmicro.web.rules import parameters, replace_parameters

_STRING = re.compile(r'"(?:\\.|[^"\\])*"')


def checked_json(text: str) -> str:
    """The text, if it is JSON (RFC 8259).

    Raises nbmicro.errors.RequestError, which names the line and the column, where it is not.
    """

    def refuse(word: str) -> Any:
        outside = _STRING.sub(lambda found: " " * len(found[0]), text)
        at = outside.index(word)
        raise json.JSONDecodeError(f"{word} is no value of JSON", text, at)

    try:
        json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        pos, why = json_fault(text, error)
        place = json.JSONDecodeError("", text, pos)
        raise RequestError(f"this is not JSON: {_small(why)}.", line=place.lineno, column=place.colno) from None
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
    found: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, given, value = line.partition(sign)
        if not given or not name.strip():
            raise RequestError(
                f"`{line.strip()}` is no name and value.", hint=f"As in  {example}", where=where, line=number
            )
        found.append((name.strip(), value.strip() if sign == ":" else value))
    return found


def _small(text: str) -> str:
    return text[:1].lower() + text[1:] if text.partition(" ")[0][1:].islower() else text


Place: TypeAlias = Literal["path", "query", "header", "form", "file"]
Kind: TypeAlias = Literal["text", "integer", "number", "choice", "flag", "file"]

#: The kinds of bodies that a form can make.
BODY_KINDS = ("none", "json", "form", "text")
_FORMS = (FORM, MULTIPART_FORM)
#: What stands as it is in a part of a path (RFC 3986), besides letters and digits.
_SAFE = ":@!$&'()*+,;=~"
_FORMATS = {"uuid": "a UUID", "date": "as 2026-01-31", "date-time": "as 2026-01-31T12:00:00Z", "time": "as 12:00:00"}
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
        The kind of body that the route reads, one of :data:`BODY_KINDS`.
    sample:
        JSON text to begin with, where the body is JSON.
    summary:
        What the route says of itself.
    """

    method: str
    pattern: str
    fields: tuple[FormField, ...] = ()
    body: str = "none"
    sample: str = ""
    summary: str = ""

    def at(self, *places: Place) -> tuple[FormField, ...]:
        """The fields of these places."""
        return tuple(one for one in self.fields if one.place in places)


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
        The kind of body, one of :data:`BODY_KINDS`, and its text where it is no form.
    """

    values: Mapping[tuple[str, str], str]
    files: Mapping[str, tuple[str, bytes, str]]
    query: str = ""
    headers: str = ""
    fields: str = ""
    body_kind: str = "none"
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
    for one in operation.get("parameters", ()):
        if one.get("in") in {"path", "query", "header"}:
            schema = _resolved(one.get("schema", {}), schemas)
            known[one["in"], one["name"]] = _field(
                one["name"], one["in"], schema, bool(one.get("required")), one.get("description", "")
            )
    names = [parameter.name for parameter in parameters(pattern)]
    path = [known.pop(("path", name), FormField(name, "path", required=True)) for name in names]
    fields = [*path, *(one for one in known.values() if one.place != "path")]
    content = operation.get("requestBody", {}).get("content", {})
    body, sample = "none", ""
    media = next((one for one in _FORMS if one in content), None)
    if media is not None:
        body = "form"
        fields += _body_fields(_resolved(content[media].get("schema", {}), schemas), schemas)
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
    values = {(one.place, one.name): _checked(one, filled) for one in form.fields}
    path = replace_parameters(
        form.pattern, lambda one: quote(values["path", one.name], safe=_SAFE + "/" * (one.converter == "path"))
    )
    query = [*_given(form, values, "query"), *value_lines(filled.query, "the query")]
    headers = [*_given(form, values, "header"), *header_lines(filled.headers)]
    named = {name.lower() for name, _ in headers}
    content: dict[str, Any] = {}
    if filled.body_kind == "json" and filled.body.strip():
        content["data"] = checked_json(filled.body)
        headers += [("Content-Type", JSON)] if "content-type" not in named else []
    elif filled.body_kind == "text" and filled.body:
        content["data"] = filled.body
        headers += [("Content-Type", "text/plain")] if "content-type" not in named else []
    elif filled.body_kind == "form":
        pairs = [*_given(form, values, "form"), *value_lines(filled.fields, "the form")]
        files = [(one.name, filled.files[one.name]) for one in form.at("file") if one.name in filled.files]
        content = {"data": pairs, **({"files": files} if files else {})}
    return build_request(form.method, path, headers=headers, query=query or None, **content)


def _given(form: RequestForm, values: Mapping[tuple[Place, str], str], place: Place) -> list[tuple[str, str]]:
    return [(one.name, values[place, one.name]) for one in form.at(place) if values[place, one.name]]


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


def _field(name: str, place: Place, schema: Mapping[str, Any], required: bool, note: str) -> FormField:
    kinds = schema.get("type")
    first = next((one for one in kinds if one != "null"), None) if isinstance(kinds, list) else kinds
    choices = tuple(str(one) for one in schema.get("enum", ()))
    kind: Kind = "text"
    if choices:
        kind = "choice"
    elif schema.get("format") == "binary" or "contentMediaType" in schema:
        kind, place = "file", "file"
    elif first in ("integer", "number"):
        kind = "integer" if first == "integer" else "number"
    elif first == "boolean":
        kind = "flag"
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
    for name, one in schema.get("properties", {}).items():
        resolved = _resolved(one, schemas)
        yield _field(name, "form", resolved, name in required, resolved.get("description", ""))


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without references, as far as its own level goes; of several, the first that is not null."""
    for _ in range(_DEPTH):
        if "$ref" in schema:
            schema = schemas.get(str(schema["$ref"]).rpartition("/")[2], {})
        elif "anyOf" in schema or "oneOf" in schema or len(schema.get("allOf", ())) == 1:
            several = schema.get("anyOf") or schema.get("oneOf") or schema["allOf"]
            rest = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf", "allOf"}}
            chosen: Mapping[str, Any] = next((one for one in several if one.get("type") != "null"), {})
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
    kinds = schema.get("type")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "object" or "properties" in schema:
        inside = schema.get("properties", {}) if depth < _DEPTH else {}
        return {name: _sample(one, schemas, depth + 1) for name, one in inside.items()}
    if kind == "array":
        one = _sample(schema.get("items", {}), schemas, depth + 1) if depth < _DEPTH else None
        return [] if one is None else [one]
    return {"string": "", "integer": 0, "number": 0, "boolean": False}.get(str(kind))
