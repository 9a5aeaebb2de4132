"""The names that requests give to a notebook, and those they need.

Which there are, and which must not be overwritten.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

from nbmicro.errors import RequestError
from nbmicro.http.methods import METHODS
from nbmicro.language.syntax import Request, Script
from nbmicro.printable import did_you_mean
from nbmicro.runner.build import templates_of
from nbmicro.runner.fill import APP_NAMES, Scope
from nbmicro.web.route_info import routes_of

Protected = Callable[[str, object], bool]
"""Whether the notebook's name with this value must not be overwritten."""


def is_protected(name: str, value: object) -> bool:
    """What is protected where the host does not say: modules, functions, classes, apps and whatever can be called."""
    return isinstance(value, types.ModuleType) or callable(value)


def names_given(request: Request) -> list[str]:
    """The names a request binds."""
    return [*([request.name] if request.name else []), *(wanted.name for wanted in request.captures)]


def captured_names(script: Script) -> dict[str, str]:
    """The names a script gives to the notebook, each with the request that gives it, as messages call it."""
    return {
        name: request.name or f"{request.method} {request.url.source}"
        for request in script.requests
        for name in names_given(request)
    }


def check_names(script: Script, scope: Scope, namespace: Mapping[str, object], protected: Protected) -> None:
    """Refuse, before anything is sent, names that have no value and names that must not be overwritten."""
    known: set[str] = {variable.name for variable in script.variables}
    for variable in script.variables:
        _check_protected(variable.name, f"`@{variable.name}`", variable.line, 1, namespace, protected)
    for request in script.requests:
        if request.name:
            _check_protected(request.name, f"`# @name {request.name}`", request.name_line, None, namespace, protected)
        for wanted in request.captures:
            what = f"the capture `{wanted.name}`"
            _check_protected(wanted.name, what, wanted.line, None, namespace, protected)
        for name in names_given(request):
            scope.later.setdefault(name, request.line)
    for request in script.requests:
        scope.check_names([request.url], known | set(APP_NAMES))
        scope.check_braces(request.url, known)
        scope.check_names(templates_of(request), known)
        known |= set(names_given(request))
        for name in names_given(request):
            scope.later.pop(name, None)
    scope.check_names((variable.value for variable in script.variables), known)
    if script.options.auth is not None:
        scope.check_names([script.options.auth], known)


def _check_protected(
    name: str, what: str, line: int, column: int | None, namespace: Mapping[str, object], protected: Protected
) -> None:
    if name in namespace and protected(name, namespace[name]):
        raise RequestError(
            f"{what}: `{name}` is {_kind(namespace[name])} in the notebook, and a request does not overwrite it. "
            "Nothing was sent.",
            hint=f"Choose another name, such as  {name}_answer",
            line=line,
            column=column,
        )


def _kind(value: object) -> str:
    if isinstance(value, types.ModuleType):
        return "a module"
    if isinstance(value, type):
        return "a class"
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return "a function"
    kind = type(value).__name__
    return f"an {kind}" if kind[:1] in "AEIOUaeiou" else f"a {kind}"


def check_method(request: Request, app: Any) -> None:
    """Reject a method that is not registered and that no route of the app declares, with the one that was meant.

    Where the app does not tell what its routes answer, only a method near one of the usual ones is rejected.
    """
    method, target = request.method, request.url.source
    routes = routes_of(app)
    if any(method in route.methods for route in routes):
        return
    meant = did_you_mean(method, METHODS, 0.65)
    tells = bool(routes) and all(route.methods for route in routes)
    if not tells and not meant:
        return
    why = "and no route of the app declares it" if tells else "and it is nearly one"
    hint = f"Did you mean  {meant} {target}\n" if meant else ""
    hint += f'To send it all the same:  client.open("{method}", "{target}")'
    raise RequestError.at(request, f"{method} is no method of HTTP, {why}. Nothing was sent.", hint)
