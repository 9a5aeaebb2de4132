"""Which functions of an app are its handlers, and which are hooks of which kind.

What lives here: reading an app's tables, Flask-shaped ones and those of other frameworks. What must not: watching.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any

__all__ = ["functions_of"]

_HOOKS = {
    "url_value_preprocessor": "before",
    "before_request": "before",
    "after_request": "after",
    "teardown_request": "teardown",
    "teardown_appcontext": "teardown",
    "context_processor": "template context",
    "error_handler": "error handler",
}
# What Flask keeps them in.
_FLASKS = {
    "url_value_preprocessor": "url_value_preprocessors",
    "before_request": "before_request_funcs",
    "after_request": "after_request_funcs",
    "teardown_request": "teardown_request_funcs",
    "teardown_appcontext": "teardown_appcontext_funcs",
    "context_processor": "template_context_processors",
    "error_handler": "error_handler_spec",
}
#: Methods of a class that answers requests.
_ANSWERING = ("get", "post", "put", "patch", "delete")


def functions_of(app: Any) -> dict[CodeType, tuple[str, str]]:
    """What is known of an app's functions, by their code: kind and name.

    A handler's name is its endpoint, or, where several endpoints share a function, that function's own.
    """
    found: dict[CodeType, tuple[str, str]] = {}
    for endpoint, function in _handlers_of(app):
        for code in _codes_of(function):
            known = found.setdefault(code, ("handler", endpoint))
            if known[1] != endpoint:
                found[code] = ("handler", code.co_name)
    core = getattr(app, "core", app)
    for name, kind in _HOOKS.items():
        for function in _hooks_of(core, name):
            for code in _codes_of(function):
                found.setdefault(code, (kind, getattr(function, "__name__", name)))
    return found


def _handlers_of(app: Any) -> Iterable[tuple[str, Any]]:
    """Endpoints with their handlers: of a Flask-shaped app, or of another framework's behind ``ForeignApp``."""
    table = getattr(app, "table", None)
    if callable(table):
        return [(one.endpoint, one.handler) for one in table()]
    views = getattr(app, "view_functions", None)
    return [(str(endpoint), function) for endpoint, function in views.items()] if isinstance(views, Mapping) else []


def _hooks_of(app: Any, name: str) -> Iterable[Any]:
    tables = getattr(app, "tables", None)
    if tables is None:
        return _leaves(getattr(app, _FLASKS[name], None))
    table = tables.current()
    own = {"error_handler": "error_handlers", "teardown_appcontext": "teardown_appcontext"}.get(name)
    return _leaves(table.scoped.get(name) if own is None else getattr(table, own))


def _leaves(value: Any) -> Iterable[Any]:
    """The functions in dicts and lists, however deep."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner)
    elif callable(value):
        yield value


def _codes_of(function: Any) -> list[CodeType]:
    """The code that a person wrote: of a function under its decorators, or of each method of a class that answers."""
    kind = getattr(function, "view_class", None) or (function if inspect.isclass(function) else None)
    if kind is not None:
        methods = [getattr(kind, name) for name in _ANSWERING if hasattr(kind, name)]
        return [code for one in methods or [getattr(kind, "dispatch_request", None)] for code in _codes_of(one)]
    try:
        function = inspect.unwrap(function)
    except ValueError:
        return []  # it wraps itself
    function = getattr(function, "func", function)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        code = getattr(getattr(type(function), "__call__", None), "__code__", None)  # noqa: B004
    return [code] if isinstance(code, CodeType) else []
