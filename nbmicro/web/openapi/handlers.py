"""What a handler's source says of its requests and responses: what it reads, and with which status it ends."""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from nbmicro.http.media_types import JSON
from nbmicro.scopes import function_scope, source_of

_DEPTH = 4
_TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}
_HTML = frozenset({"render_template", "render_template_string"})

Body = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Reading:
    """What was found.

    Parameters
    ----------
    query:
        The parameters of the query, by name: schema and whether it must be there.
    form, files:
        The fields of the form, by name, and whether each must be there.
    json, json_must:
        Whether a JSON body is read, and whether a request without one is rejected.
    responses:
        By status, the media types of the bodies that are seen; of an empty one, none.
    errors:
        By status, what ``abort`` says of it.
    """

    query: dict[str, tuple[dict[str, Any], bool]] = field(default_factory=dict)
    form: dict[str, bool] = field(default_factory=dict)
    files: dict[str, bool] = field(default_factory=dict)
    json: bool = False
    json_must: bool = False
    responses: dict[int, set[str]] = field(default_factory=dict)
    errors: dict[int, str | None] = field(default_factory=dict)


def read_handler(handler: Callable[..., Any]) -> Reading:
    """Read the source of a handler, as far as there is one and it can be read."""
    reading = Reading()
    function = inspect.unwrap(handler)
    if isinstance(function, FunctionType):
        _read(function, reading, seen=set(), depth=0)
    return reading


def _read(function: FunctionType, reading: Reading, *, seen: set[FunctionType], depth: int) -> None:
    seen.add(function)
    scope = _scope(function)
    if scope is None:
        return
    for node in ast.walk(scope):
        _read_request(node, reading)
        if not isinstance(node, ast.Call):
            continue
        _read_abort(node, reading)
        called = _beside(function, node)
        if called is not None and called not in seen and depth < _DEPTH:
            # It reads and aborts what the functions beside it read and abort.
            _read(called, reading, seen=seen, depth=depth + 1)
    if depth == 0:
        for value in _returned(scope):
            _read_return(value, function, reading)


def _beside(function: FunctionType, call: ast.expr) -> FunctionType | None:
    """The function of the same module, or notebook, that an expression calls."""
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return None
    called = function.__globals__.get(call.func.id)
    return called if isinstance(called, FunctionType) and called.__globals__ is function.__globals__ else None


# -- the source ------------------------------------------------------------------------------------------------------


def _scope(function: FunctionType) -> Body | None:
    scope, _ = source_of(function)
    return None if isinstance(scope, ast.Lambda) else scope


def _returned(scope: Body) -> Iterator[ast.expr]:
    """The values it returns: of its own ``return``s, and of the last expression of a cell."""
    if isinstance(scope, ast.Module) and scope.body and isinstance(scope.body[-1], ast.Expr):
        yield from _branches(scope.body[-1].value)
    for node in function_scope(scope.body).returns:
        if node.value is not None:
            yield from _branches(node.value)


def _branches(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield from _branches(value.body)
        yield from _branches(value.orelse)
    else:
        yield value


# -- the request -----------------------------------------------------------------------------------------------------


def _read_request(node: ast.AST, reading: Reading) -> None:
    match node:
        case ast.Subscript(value=ast.Attribute(value=ast.Name(id="request"), attr=part), slice=ast.Constant(str(name))):
            _note(reading, part, name, {"type": "string"}, required=True)
        case ast.Call(
            func=ast.Attribute(
                value=ast.Attribute(value=ast.Name(id="request"), attr=part), attr="get" | "getlist" as how
            ),
            args=[ast.Constant(str(name)), *others],
        ):
            _note(reading, part, name, _schema(node, others, how), required=False)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="request"), attr="get_json")):
            reading.json = True
            # get_json(silent=True) gives None instead; of another value nothing is known.
            reading.json_must |= not any(one.arg in ("silent", None) for one in node.keywords) and len(node.args) < 2
        case ast.Attribute(value=ast.Name(id="request"), attr="json"):
            reading.json = reading.json_must = True


def _schema(call: ast.Call, others: list[ast.expr], how: str) -> dict[str, Any]:
    options = {one.arg: one.value for one in call.keywords}
    kind = options.get("type")
    schema: dict[str, Any] = {"type": _TYPES.get(kind.id, "string") if isinstance(kind, ast.Name) else "string"}
    if how == "getlist":
        return {"type": "array", "items": schema}
    default = options.get("default") or (others[0] if others else None)
    finite = isinstance(default, ast.Constant) and default.value not in (math.inf, -math.inf)
    if finite and isinstance(default, ast.Constant) and _TYPES.get(type(default.value).__name__) == schema["type"]:
        schema["default"] = default.value
    return schema


def _note(reading: Reading, part: str, name: str, schema: dict[str, Any], *, required: bool) -> None:
    if part in ("args", "values"):
        before = reading.query.get(name)
        reading.query[name] = (before[0] if before else schema, required or bool(before and before[1]))
    elif part in ("form", "files"):
        fields = reading.form if part == "form" else reading.files
        fields[name] = required or fields.get(name, False)


# -- the response ---------------------------------------------------------------------------------------------------


def _read_abort(call: ast.Call, reading: Reading) -> None:
    match call:
        case ast.Call(func=ast.Name(id="abort"), args=[ast.Constant(int(status)), *rest]) if 300 <= status < 600:
            description = rest[0].value if rest and isinstance(rest[0], ast.Constant) else None
            known = reading.errors.get(status)
            reading.errors[status] = known or (description if isinstance(description, str) else None)


def _read_return(value: ast.expr, function: FunctionType, reading: Reading) -> None:
    statuses, written_type = [200], None
    if isinstance(value, ast.Tuple) and 2 <= len(value.elts) <= 3:
        statuses = [status for one in value.elts[1:] for status in _statuses(one)] or statuses
        written_type = next((kind for one in value.elts[1:] if (kind := _content_type(one))), None)
        value = value.elts[0]
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "redirect":
        codes = [*value.args[1:2], *(one.value for one in value.keywords if one.arg == "code")]
        statuses = [status for one in codes for status in _statuses(one)] or [302]
    kinds = {written_type} if written_type else _media_types(value, function, _DEPTH)
    for status in statuses:
        reading.responses.setdefault(status, set()).update(kinds)


def _content_type(headers: ast.expr) -> str | None:
    """The type that written headers name."""
    if not isinstance(headers, ast.Dict):
        return None
    for name, value in zip(headers.keys, headers.values, strict=True):
        match name, value:
            case ast.Constant(value=str(key)), ast.Constant(value=str(kind)) if key.lower() == "content-type":
                return kind.partition(";")[0].strip()
    return None


def _media_types(value: ast.expr, function: FunctionType, depth: int) -> set[str]:
    """The media types of a return value that can be seen in its expression, or in the function beside that gives it."""
    called = _beside(function, value)
    if called is None:
        kind = _media_type(value)
        return {kind} if kind else set()
    scope = _scope(called) if depth else None
    returned = list(_returned(scope)) if scope is not None else []
    return {kind for one in returned for kind in _media_types(one, called, depth - 1)}


def _statuses(value: ast.expr) -> Iterator[int]:
    for one in _branches(value):
        if isinstance(one, ast.Constant) and type(one.value) is int and 200 <= one.value < 600:
            yield one.value


def _media_type(value: ast.expr) -> str | None:
    """The media type of a return value, by the kind of its expression."""
    match value:
        case ast.Dict() | ast.List() | ast.DictComp() | ast.ListComp():
            return JSON
        case ast.Constant(value=str(text)):
            return "text/html" if text else None
        case ast.JoinedStr():
            return "text/html"
        case ast.Call(func=ast.Name(id=name)) if name in _HTML:
            return "text/html"
        case ast.Call(func=ast.Name(id="jsonify" | "dict" | "list")):
            return JSON
    return None
