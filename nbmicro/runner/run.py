"""Running parsed requests: fill, send, capture, check, bind, in that order, one request after the other."""

from __future__ import annotations

import builtins
import types
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbmicro.client.client import DEFAULT_TIMEOUT, Client
from nbmicro.errors import RequestError
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.secrets import redacted_errors
from nbmicro.http.cookies import CookieJar
from nbmicro.http.methods import METHODS, REGISTERED_METHODS
from nbmicro.language.options import Options
from nbmicro.language.syntax import Request, Script
from nbmicro.printable import did_you_mean
from nbmicro.runner.build import assemble_request, templates_of
from nbmicro.runner.checks import Checker
from nbmicro.runner.fill import APP_NAMES, Scope
from nbmicro.web.route_info import routes_of

Announce = Callable[[Exchange, tuple[str, ...] | None], None]
"""Called with every exchange that is to be shown, and the parts that ``--show`` or ``# @show`` names."""
Protected = Callable[[str, object], bool]
"""Whether the notebook's name with this value must not be overwritten."""


def _is_protected(name: str, value: object) -> bool:
    """What is protected where the host does not say: modules, functions, classes, apps and whatever can be called."""
    return isinstance(value, types.ModuleType) or callable(value)


class _FileNames(ChainMap[str, object]):
    """What a file's requests call things: as the notebook does, but names of Python's own are the file's alone.

    Other tools have no such names, and a file that calls a value ``id`` or ``type`` need not be written anew.
    """

    def __setitem__(self, name: str, value: object) -> None:
        files, notebooks = self.maps
        (files if hasattr(builtins, name) and name not in notebooks else notebooks)[name] = value


def run_script(
    script: Script,
    client: Client,
    namespace: MutableMapping[str, object],
    *,
    protected: Protected = _is_protected,
    folder: Path | None = None,
    known_captures: Mapping[str, str] | None = None,
    announce: Announce | None = None,
    origin: str = "cell",
) -> list[Exchange]:
    """Send the requests of a line, cell or file in order.

    Captures, file variables and the exchanges of named requests become names of ``namespace``, so that one request
    feeds the next. A request whose check or capture fails is the last that is sent: those behind it build on it.

    Parameters
    ----------
    script:
        What was parsed.
    client:
        Who sends them. It keeps the cookies and the history.
    namespace:
        The names that ``{{ }}`` may use.
    protected:
        Whether a request must not overwrite a name, which is given with its value.
    folder:
        Where files are looked for: the folder of the script's own file, or the current one, where none is given.
    known_captures:
        Names that requests of the notebook capture, and the requests' names.
    announce:
        Called with each exchange once it is complete, unless ``-q``; without one ``client.on_exchange`` is.
    origin:
        Who sends them, for the history.

    Raises
    ------
    RequestError
        A name without a value, or one that is protected, before anything is sent; or a request that cannot be made.
        Failed checks do not raise: they are in ``exchange.checks``, and :func:`raise_for_checks` raises for them.
    """
    folder = folder or (script.file.parent if script.file is not None else Path())
    if script.file is not None:
        namespace = _FileNames({}, namespace)
    scope = Scope(namespace, folder=folder, known_captures=known_captures)
    try:
        return _run(script, client, namespace, scope, protected, announce, origin)
    except RequestError as error:
        error.where = error.where or (script.file.name if script.file is not None else None)
        raise


def _run(
    script: Script,
    client: Client,
    namespace: MutableMapping[str, object],
    scope: Scope,
    protected: Protected,
    announce: Announce | None,
    origin: str,
) -> list[Exchange]:
    _check_names(script, scope, protected)
    for request in script.requests:
        if request.method not in REGISTERED_METHODS:
            _check_method(request, client.app)
    if script.options.reset:
        client.reset()
    exchanges: list[Exchange] = []
    for index, request in enumerate(script.requests):
        coming = {name for later in script.requests[index:] for name in later.names}
        read = [request.url, *templates_of(request)]
        namespace.update(
            scope.settle((variable for variable in script.variables if variable.before == index), coming, read)
        )
        options = request.options.over(script.options)
        exchange = _run_request(request, options, client, namespace, scope, origin)
        exchanges.append(exchange)
        if not options.quiet and announce is not None:
            announce(exchange, options.show)
        elif not options.quiet and client.on_exchange is not None:
            client.on_exchange(exchange)
        if any(not check.ok for check in exchange.checks):
            return exchanges
    namespace.update(scope.settle(variable for variable in script.variables if variable.before == len(script.requests)))
    return exchanges


def _run_request(
    request: Request,
    options: Options,
    client: Client,
    namespace: MutableMapping[str, object],
    scope: Scope,
    origin: str,
) -> Exchange:
    with redacted_errors(client.secret_names):
        record = assemble_request(request, options, scope)
    with _jar(client, options.cookies is not False):
        sent = client.send(
            record,
            follow=bool(options.follow),
            keep_method=request.keeps_method,
            timeout=options.timeout or DEFAULT_TIMEOUT,
            origin=origin,
            announce=False,
            trace=not {"trace", "all"}.isdisjoint(options.show or ()),
        )
    scope.sent = True
    checker = Checker(sent, scope)
    results = checker.results(request, options)
    exchange = sent.with_checks(results, captures=checker.captured, name=request.name)
    client.history.replace(sent, exchange)
    namespace.update(checker.captured)
    if request.name is not None:
        namespace[request.name] = exchange
    return exchange


@contextmanager
def _jar(client: Client, wanted: bool) -> Iterator[None]:
    """Send without the client's cookies, and keep none, under ``# @no-cookie-jar``."""
    if wanted:
        yield
        return
    kept, client.cookies = client.cookies, CookieJar()
    try:
        yield
    finally:
        client.cookies = kept


# -- before anything is sent ---------------------------------------------------------------------------------------


def _check_names(script: Script, scope: Scope, protected: Protected) -> None:
    """Reject names that have no value, and names of Python or the notebook that must not be overwritten."""

    def check(name: str, what: str, line: int, column: int | None = None) -> None:
        value = scope.namespace.get(name)
        if name in scope.namespace:
            kind = f"{_kind(value)} in the notebook" if protected(name, value) else ""
        else:
            is_pythons = script.file is None and hasattr(builtins, name)
            kind = f"{_kind(getattr(builtins, name))} of Python's own" if is_pythons else ""
        if kind:
            raise RequestError(
                f"{what}: `{name}` is {kind}, and a request does not overwrite it. Nothing was sent.",
                hint=f"Choose another name, such as  {name}_answer",
                line=line,
                column=column,
            )

    known: set[str] = {variable.name for variable in script.variables}
    for variable in script.variables:
        check(variable.name, f"`@{variable.name}`", variable.line, 1)
    for request in script.requests:
        if request.name:
            check(request.name, f"`# @name {request.name}`", request.name_line)
        for wanted in request.captures:
            check(wanted.name, f"the capture `{wanted.name}`", wanted.line)
        for name in request.names:
            scope.later.setdefault(name, request.line)
    for request in script.requests:
        scope.check_names([request.url], known | set(APP_NAMES))
        scope.check_braces(request.url, known)
        scope.check_names(templates_of(request), known)
        known |= set(request.names)
        for name in request.names:
            scope.later.pop(name, None)
    scope.check_names((variable.value for variable in script.variables), known)
    if script.options.auth is not None:
        scope.check_names([script.options.auth], known)


def _kind(value: object) -> str:
    if isinstance(value, types.ModuleType):
        return "a module"
    if isinstance(value, type):
        return "a class"
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return "a function"
    kind = type(value).__name__
    return f"an {kind}" if kind[:1] in "AEIOUaeiou" else f"a {kind}"


def _check_method(request: Request, app: Any) -> None:
    """Reject a method that is not registered and that no route of the app declares, with the one that was meant.

    Where the methods of the app's routes are not known, only a method near one of the usual ones is rejected.
    """
    method, target = request.method, request.url.source
    routes = routes_of(app)
    if any(method in route.methods for route in routes):
        return
    meant = did_you_mean(method, METHODS, 0.65)
    known = bool(routes) and all(route.methods for route in routes)
    if not known and not meant:
        return
    why = "and no route of the app declares it" if known else "and it is nearly one"
    hint = f"Did you mean  {meant} {target}\n" if meant else ""
    hint += f'To send it all the same:  client.open("{method}", "{target}")'
    raise RequestError.at(request, f"{method} is no method of HTTP, {why}. Nothing was sent.", hint)
