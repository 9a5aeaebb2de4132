"""JSON Schemas of Python types and of the converters of rules, as OpenAPI 3.1 has them (JSON Schema 2020-12)."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import math
import pathlib
import re
import types
import typing
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from werkzeug.routing.rules import parse_converter_args

Schema = dict[str, Any]

_NESTED = 4

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    dict: {"type": "object"},
    list: {"type": "array"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
    # As Flask's JSON writes both: Wed, 01 Jan 2020 00:00:00 GMT (OpenAPI's registry of formats has the name).
    datetime.datetime: {"type": "string", "format": "http-date"},
    datetime.date: {"type": "string", "format": "http-date"},
    datetime.time: {"type": "string", "format": "time"},
    decimal.Decimal: {"type": "string"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    pathlib.Path: {"type": "string"},
}


class Schemas:
    """The schemas of types; dataclasses and TypedDicts become components, each named once."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._names: dict[Any, str] = {}
        self._within: list[Any] = []

    def of(self, kind: Any) -> Schema | None:
        """The schema of a type; None for one that has none, as a Response."""
        if typing.get_origin(kind) is typing.Annotated:
            # Before all else: what it is annotated with need not be hashable.
            return self.of(typing.get_args(kind)[0])
        try:
            if kind in _PLAIN:
                return dict(_PLAIN[kind])
        except TypeError:
            return None
        # NewType("ISBN", str), and `type Names = list[str]` of Python 3.12.
        for other in ("__supertype__", "__value__"):
            if hasattr(kind, other) and not isinstance(kind, type):
                return self._alias(kind, getattr(kind, other))
        origin, args = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Required, typing.NotRequired):
            return self.of(args[0])
        if origin is typing.Literal:
            return _choice(args)
        if origin in (typing.Union, types.UnionType):
            return self._any_of(args)
        if _is_component(origin):
            # Tree[list[T]] within Tree[T] would be one more type for each that is looked at.
            return self._inside(origin, lambda: self._component(kind), depth=_NESTED)
        if isinstance(origin, type):
            return self._container(origin, args)
        if isinstance(kind, type):
            return self._class(kind)
        return None

    def _alias(self, alias: Any, kind: Any) -> Schema | None:
        """The schema of a type with another name; where it holds itself, as JSON's own does, that is any value."""
        return self._inside(alias, lambda: self.of(kind))

    def _inside(self, kind: Any, make: Callable[[], Schema | None], *, depth: int = 1) -> Schema | None:
        """The schema of a type that may hold itself; where it does, ``depth`` times, that is any value."""
        if self._within.count(kind) >= depth:
            return {}
        self._within.append(kind)
        try:
            return make()
        finally:
            self._within.pop()

    def _any_of(self, args: tuple[Any, ...]) -> Schema | None:
        schemas = [schema for schema in map(self.of, args) if schema is not None]
        if len(schemas) != len(args):
            return None
        types_only = [schema["type"] for schema in schemas if list(schema) == ["type"]]
        return {"type": types_only} if len(types_only) == len(schemas) else {"anyOf": schemas}

    def _container(self, origin: type, args: tuple[Any, ...]) -> Schema | None:
        if issubclass(origin, Mapping):
            inner = self.of(args[1]) if len(args) == 2 else None
            return {"type": "object", "additionalProperties": inner} if inner else {"type": "object"}
        if origin is tuple and args and args[-1] is not Ellipsis:
            return self._row(args)
        if issubclass(origin, Collection):
            inner = self.of(args[0]) if args else None
            return {"type": "array", "items": inner} if inner else {"type": "array"}
        return None

    def _row(self, kinds: Iterable[Any]) -> Schema:
        items = [self.of(one) or {} for one in kinds]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}

    def _class(self, kind: type) -> Schema | None:
        if issubclass(kind, enum.Enum):
            return _choice([one.value for one in kind])
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            hints = _hints(kind)
            return self._inside(kind, lambda: self._row(hints.get(name) for name in kind._fields))
        return self._component(kind) if _is_component(kind) else None

    def _component(self, kind: Any) -> Schema:
        """A dataclass or TypedDict, perhaps with types for its variables: ``Page[Book]``."""
        if kind not in self._names:
            plain_name = _name(kind)
            name, number = plain_name, 1
            while name in self.components:
                number += 1
                name = f"{plain_name}{number}"
            self._names[kind] = name
            # It is there before its fields are read: a class may hold itself.
            self.components[name] = {}
            self.components[name].update(self._object(kind))
        return {"$ref": f"#/components/schemas/{self._names[kind]}"}

    def _object(self, kind: Any) -> Schema:
        hints, arguments = _hints(typing.get_origin(kind) or kind), typing.get_args(kind)
        if arguments:
            kind = typing.get_origin(kind)
            values = dict(zip(kind.__parameters__, arguments, strict=False))
            hints = {name: _with_values(hint, values) for name, hint in hints.items()}
        if dataclasses.is_dataclass(kind):
            fields = dataclasses.fields(kind)
            names = [one.name for one in fields]
            missing = dataclasses.MISSING
            required = [one.name for one in fields if one.default is missing and one.default_factory is missing]
        else:
            names = list(hints)
            required = [name for name in names if _is_required(kind, name, hints[name])]
        schema: Schema = {"type": "object", "properties": {name: self.of(hints.get(name)) or {} for name in names}}
        if required:
            schema["required"] = required
        return schema


def _hints(kind: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except Exception:
        # An annotation may name what is only there for a type checker.
        return dict(getattr(kind, "__annotations__", {}))


def _is_component(kind: Any) -> bool:
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or typing.is_typeddict(kind))


def _name(kind: Any) -> str:
    """``Page_Book`` for ``Page[Book]``."""
    origin = typing.get_origin(kind)
    if origin is None:
        return re.sub(r"[^\w.-]", "_", getattr(kind, "__name__", "value"), flags=re.ASCII)
    return "_".join([_name(origin), *map(_name, typing.get_args(kind))])


def _with_values(hint: Any, values: Mapping[Any, Any]) -> Any:
    """A hint with types in the place of its variables."""
    if isinstance(hint, typing.TypeVar):
        return values.get(hint, hint)
    names = getattr(hint, "__parameters__", ())
    return hint[tuple(values.get(name, name) for name in names)] if names and typing.get_origin(hint) else hint


def _choice(values: Iterable[Any]) -> Schema:
    """One of some values, with their type where all have the same; any value where one is none of JSON's."""
    choices = [value.value if isinstance(value, enum.Enum) else value for value in values]
    if not all(value is None or type(value) in (str, int, bool) or _is_finite(value) for value in choices):
        return {}
    kinds = {type(value) for value in choices}
    kind = _PLAIN.get(next(iter(kinds)), {}).get("type") if len(kinds) == 1 else None
    return {**({"type": kind} if kind in ("string", "integer", "number", "boolean") else {}), "enum": choices}


def _is_required(kind: Any, name: str, hint: Any) -> bool:
    """Whether a TypedDict must have a key. Its own record does not know marks in annotations that are text."""
    origin = typing.get_origin(hint)
    return origin is typing.Required or (name in kind.__required_keys__ and origin is not typing.NotRequired)


def converter_schema(converter: str, arguments: str | None) -> Schema:
    """The schema of a path value: by its converter and that one's arguments; a converter of the user's gives a string.

    Raises nothing: arguments that cannot be read are left out.
    """
    try:
        args, options = parse_converter_args(arguments or "")
    except (SyntaxError, ValueError):
        args, options = (), {}
    if converter == "int" and options.get("fixed_digits"):
        sign = "-?" if options.get("signed") else ""
        # 007 is one, and no integer of JSON's.
        return {"type": "string", "pattern": f"^{sign}[0-9]{{{options['fixed_digits']}}}$"}
    if converter in ("int", "float"):
        schema: Schema = {"type": "integer" if converter == "int" else "number", **_bounds(options)}
        if not options.get("signed"):
            schema.setdefault("minimum", 0)
        return schema
    if converter == "uuid":
        return {"type": "string", "format": "uuid"}
    if converter == "any":
        return {"type": "string", "enum": [str(one) for one in args]}
    return {"type": "string", **(_lengths(options) if converter in ("default", "string") else {})}


def _bounds(options: Mapping[str, Any]) -> Schema:
    bounds = {"minimum": options.get("min"), "maximum": options.get("max")}
    return {name: bound for name, bound in bounds.items() if type(bound) is int or _is_finite(bound)}


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _lengths(options: Mapping[str, Any]) -> Schema:
    exact = options.get("length")
    lengths = {
        "minLength": options.get("minlength", 1) if exact is None else exact,
        "maxLength": options.get("maxlength") if exact is None else exact,
    }
    return _given((name, value) for name, value in lengths.items() if (name, value) != ("minLength", 1))


def _given(pairs: Iterable[tuple[str, Any]]) -> Schema:
    return {name: value for name, value in pairs if value is not None}
