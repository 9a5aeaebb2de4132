"""An app described in OpenAPI 3.1: from its rules, converters, methods, docstrings, type hints and source.

What must not be here: requests; a document is made of declarations alone.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing.converters import DEFAULT_CONVERTERS

from nbmicro.http.media_types import FORM, JSON, MULTIPART_FORM
from nbmicro.http.methods import BODY_METHODS, COMMON_METHODS
from nbmicro.web.declarations import Route
from nbmicro.web.openapi.handlers import Reading, read_handler
from nbmicro.web.openapi.schemas import Schemas, converter_schema
from nbmicro.web.rules import Parameter, parameters, path_parts
from nbmicro.web.views import written_function

if TYPE_CHECKING:
    from nbmicro.web.app import App


def return_types(hint: Any) -> Iterator[tuple[int | None, Any]]:
    """The types of the bodies that a hint names, each with its status; None where the hint names none.

    ``tuple[Book, Literal[201]]`` is a Book with 201, ``tuple[Book, int]`` and a Book alone have any good status; beside
    a tuple a Book alone has 200. A handler that answers None fails, so None is no body.
    """
    members = _members(hint)
    some_are_tuples = any(_is_response_tuple(one) for one in members) and len(members) > 1
    for member in members:
        if _is_response_tuple(member):
            body, *rest = typing.get_args(member)
            literals = [one for one in rest if typing.get_origin(one) is typing.Literal]
            statuses = [one for literal in literals for one in typing.get_args(literal) if isinstance(one, int)]
            statuses = [status for status in statuses if 100 <= status < 600]
            for kind in _members(body):
                for status in statuses:
                    yield status, kind
                if not statuses:
                    yield None, kind
        elif member not in (Any, object) and not (isinstance(member, type) and issubclass(member, tuple)):
            yield (200 if some_are_tuples else None), member


def _members(hint: Any) -> list[Any]:
    """The types of a union, without None; of another type itself."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [one for member in typing.get_args(hint) for one in _members(member)]
    return [] if hint in (None, type(None)) else [hint]


def _is_response_tuple(hint: Any) -> bool:
    """Whether a tuple is body, status and headers, and no tuple that is sent."""
    args = typing.get_args(hint)
    return typing.get_origin(hint) is tuple and 1 <= len(args) <= 3 and Ellipsis not in args


# What a text or bytes alone are sent as.
_TEXT = "text/html"
_METHODS = (*COMMON_METHODS, "TRACE")


def describe(app: App, *, title: str | None = None, version: str | None = None) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an app.

    Parameters
    ----------
    app:
        The app.
    title, version:
        Of the API; without them ``API_TITLE`` and ``API_VERSION`` of its configuration, else the app's name and its
        module's ``__version__``, else ``0.1.0``.

    Returns
    -------
    dict
        As https://spec.openapis.org/oas/v3.1.0 has it, in the order of the routes. Static files, HEAD and OPTIONS are
        left out.
    """
    return _Document(app).written(title, version)


def describe_request(rule: str, handler: Callable[..., Any] | None, method: str) -> dict[str, Any]:
    """What a request to one handler may carry: summary, parameters and requestBody of an OpenAPI 3.1 operation.

    Parameters
    ----------
    rule:
        In Werkzeug's syntax.
    handler:
        The function behind it; of one without a source, and of None, only the path's values are known.
    method:
        In capitals.
    """
    names = [parameter.name for parameter in parameters(rule)]
    if handler is None:
        return _request(rule, names, Reading(), method)
    function = written_function(handler, method)
    return {**_documented(function, handler), **_request(rule, names, read_handler(function), method)}


class _Document:
    def __init__(self, app: App) -> None:
        self.app = app
        self.schemas = Schemas()
        self.paths: dict[str, dict[str, Any]] = {}
        self._shapes: dict[str, str] = {}
        self._ids: set[str] = set()

    def written(self, title: str | None, version: str | None) -> dict[str, Any]:
        for route in self.app.routes():
            if route.handler is not None and not route.options.get("build_only") and not route.options.get("websocket"):
                self._add(route, route.handler)
        module = sys.modules.get(self.app.import_name)
        config = self.app.config
        document: dict[str, Any] = {
            "openapi": "3.1.0",
            "info": {
                "title": title or config.get("API_TITLE") or self.app.name,
                "version": str(version or config.get("API_VERSION") or getattr(module, "__version__", None) or "0.1.0"),
            },
        }
        if config["APPLICATION_ROOT"] not in (None, "/"):
            document["servers"] = [{"url": config["APPLICATION_ROOT"]}]
        document["paths"] = self.paths
        if self.schemas.components:
            document["components"] = {"schemas": self.schemas.components}
        return document

    def _add(self, route: Route, handler: Callable[..., Any]) -> None:
        if route.endpoint == "static" or route.endpoint.endswith(".static"):
            return
        # Paths that differ in the names of their values alone are one path.
        path = self._shapes.setdefault(_template(route.rule, lambda _: ""), _template(route.rule, lambda one: one.name))
        names = re.findall(r"{(\w+)}", path)
        methods = [method for method in _METHODS if route.methods is None or method in route.methods]
        if not methods:
            return
        for method in methods:
            operations = self.paths.setdefault(path, {})
            # Of two rules with one method, the first answers what both match.
            if method.lower() not in operations:
                operations[method.lower()] = self._operation(route, handler, method, names, methods)

    def _operation(
        self,
        route: Route,
        handler: Callable[..., Any],
        method: str,
        names: list[str],
        methods: list[str],
    ) -> dict[str, Any]:
        operation: dict[str, Any] = {"operationId": self._id(route.endpoint, method, methods)}
        if "." in route.endpoint:
            operation["tags"] = [route.endpoint.rpartition(".")[0]]
        function = written_function(handler, method)
        reading = read_handler(function)
        operation |= _documented(function, handler)
        operation |= _request(route.rule, names, reading, method)
        operation["responses"] = self._responses(function, reading, parameters(route.rule))
        return operation

    def _id(self, endpoint: str, method: str, methods: list[str]) -> str:
        name = endpoint.replace(".", "_")
        if len(methods) > 1:
            name = f"{name}_{method.lower()}"
        unique, number = name, 1
        while unique in self._ids:
            number += 1
            unique = f"{name}_{number}"
        self._ids.add(unique)
        return unique

    def _responses(self, handler: Callable[..., Any], reading: Reading, values: Iterable[Parameter]) -> dict[str, Any]:
        hinted = self._hinted(handler)
        returned: dict[int, Iterable[str]] = {**reading.responses}
        for hinted_status in hinted:
            if hinted_status is not None:
                returned.setdefault(hinted_status, ())
        responses: dict[str, Any] = {}
        for status in sorted(returned or {200: ()}):
            schemas = hinted.get(status, hinted.get(None, {}) if 200 <= status < 300 and status != 204 else {})
            if schemas:
                # The type that a handler writes beside its text.
                written = sorted({*returned.get(status, ())} - {JSON, _TEXT}) or [_TEXT]
                content = {
                    kind: {"schema": found[0] if len(found) == 1 else {"anyOf": found}}
                    for hinted_kind, found in schemas.items()
                    for kind in (written if hinted_kind == _TEXT else [hinted_kind])
                }
            else:
                content = {
                    kind: {"schema": {} if kind == JSON else {"type": "string"}}
                    for kind in sorted(returned.get(status, ()))
                }
            responses[str(status)] = {"description": _phrase(status), **({"content": content} if content else {})}
        for status, description in sorted(reading.errors.items()):
            responses.setdefault(str(status), {"description": description or _phrase(status)})
        if any(value.converter == "float" or value.converter not in DEFAULT_CONVERTERS for value in values):
            # JSON Schema has one number for 1 and 1.0, and the rule takes the second; the user's take what they want.
            response = responses.setdefault("404", {"description": _phrase(404)})
            if "content" in response:
                response["content"].setdefault(_TEXT, {"schema": {"type": "string"}})
        return dict(sorted(responses.items()))

    def _hinted(self, handler: Callable[..., Any]) -> dict[int | None, dict[str, list[dict[str, Any]]]]:
        """The schemas that the type hint of the return value gives, by status and type; None is any good status."""
        try:
            hint = typing.get_type_hints(inspect.unwrap(handler)).get("return")
        except Exception:
            # A hint may name what is only there for a type checker.
            return {}
        schemas: dict[int | None, dict[str, list[dict[str, Any]]]] = {}
        for status, kind in return_types(hint):
            if kind in (str, bytes):
                media_type, schema = _TEXT, {"type": "string"} if kind is str else {}
            else:
                media_type, schema = JSON, self.schemas.of(kind) or {}
            if schema or kind is bytes:
                schemas.setdefault(status, {}).setdefault(media_type, []).append(schema)
        return schemas


def _template(rule: str, write: Callable[[Parameter], str]) -> str:
    """A rule as a path template; what would mean something else in a template or a URL is percent-encoded."""
    parts = path_parts(rule)
    return "".join(
        re.sub(r"""[{}?#%\s\\"<>^`|]""", lambda match: quote(match[0], safe=""), part)
        if isinstance(part, str)
        else f"{{{write(part)}}}"
        for part in parts
    )


def _documented(function: Callable[..., Any], handler: Callable[..., Any]) -> dict[str, str]:
    """What the docstring says: of the function that answers, else of the class that it is in."""
    summary, _, rest = (inspect.getdoc(function) or inspect.getdoc(handler) or "").partition("\n")
    return {**({"summary": summary} if summary else {}), **({"description": rest.strip()} if rest.strip() else {})}


def _request(rule: str, names: list[str], reading: Reading, method: str) -> dict[str, Any]:
    parameters = [*_path_parameters(rule, names), *_query_parameters(reading)]
    body = _body(reading) if method in BODY_METHODS else None
    return {
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": body} if body is not None else {}),
    }


def _path_parameters(rule: str, names: list[str]) -> list[dict[str, Any]]:
    described_parameters: list[dict[str, Any]] = []
    for name, parameter in zip(names, parameters(rule), strict=False):
        described = {"name": name, "in": "path", "required": True}
        if parameter.converter == "path":
            described["description"] = "It may hold slashes."
        if parameter.converter == "float":
            described["description"] = "It is written with a point, as 1.0."
        described_parameters.append({**described, "schema": converter_schema(parameter.converter, parameter.arguments)})
    return described_parameters


def _query_parameters(reading: Reading) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", **({"required": True} if required else {}), "schema": schema}
        for name, (schema, required) in reading.query.items()
    ]


def _body(reading: Reading) -> dict[str, Any] | None:
    """The body that a handler reads: a form with its fields, or JSON of any shape; whether it cannot do without."""
    must = False
    content: dict[str, Any] = {}
    if reading.form or reading.files:
        properties: dict[str, Any] = {name: {"type": "string"} for name in reading.form}
        properties |= {name: {"type": "string", "format": "binary"} for name in reading.files}
        required = [name for name, needed in (*reading.form.items(), *reading.files.items()) if needed]
        must = bool(required)
        schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
        content[MULTIPART_FORM if reading.files else FORM] = {"schema": schema}
    if reading.json:
        content[JSON] = {"schema": {}}
        must = must or reading.json_must
    return {**({"required": True} if must else {}), "content": content} if content else None


def _phrase(status: int) -> str:
    return HTTP_STATUS_CODES.get(status, f"Status {status}")
