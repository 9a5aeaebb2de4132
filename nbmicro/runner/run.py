"""Running parsed requests: fill, send, capture, check, bind, in that order, one request after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nbmicro.client.client import DEFAULT_TIMEOUT, Client
from nbmicro.errors import RequestError
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import CheckResult
from nbmicro.exchange.secrets import redacted_errors
from nbmicro.http.cookies import CookieJar
from nbmicro.http.methods import REGISTERED_METHODS
from nbmicro.language.options import Options
from nbmicro.language.parser import parse_file
from nbmicro.language.syntax import Request, Script
from nbmicro.runner.build import assemble_request, templates_of
from nbmicro.runner.checks import (
    capture,
    check_body,
    check_expression,
    check_header,
    check_status,
    check_status_line,
)
from nbmicro.runner.fill import Scope
from nbmicro.runner.preflight import Protected, check_method, check_names, is_protected, names_given

Announce = Callable[[Exchange, tuple[str, ...] | None], None]
"""Told of every exchange that is to be shown, with the parts that ``--show`` or ``# @show`` names."""


def run_command(
    script: Script,
    client: Client,
    namespace: MutableMapping[str, object],
    *,
    protected: Protected = is_protected,
    folder: Path | None = None,
    known_captures: Mapping[str, str] | None = None,
    announce: Announce | None = None,
    origin: str = "cell",
) -> Exchange | list[Exchange] | None:
    """Do what a ``%http`` line says: send its request, or the requests of ``--file``, or only empty the cookie jar.

    A failed ``--expect`` does not raise. The parameters and errors are those of :func:`run_script`.
    """
    file, options = script.options.file, script.options
    if file is not None:
        path = (folder or Path()) / file
        return run_file(path, client, namespace, options=options, protected=protected, announce=announce, origin=origin)
    exchanges = run_script(
        script,
        client,
        namespace,
        protected=protected,
        folder=folder,
        known_captures=known_captures,
        announce=announce,
        origin=origin,
    )
    return exchanges[0] if exchanges else None


def run_file(
    path: Path,
    client: Client,
    namespace: MutableMapping[str, object],
    *,
    options: Options | None = None,
    protected: Protected = is_protected,
    announce: Announce | None = None,
    origin: str = "cell",
) -> list[Exchange]:
    """Send the requests of an ``.http`` file; files it names are looked for beside it. Raises as ``run_script``."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(f"the file {path} cannot be read: {reason}. Nothing was sent.") from None
    script = parse_file(text, path.name)
    if options is not None:
        # The lines of the file are not those of the options.
        script = Script(script.requests, script.variables, replace(options, line=None))
    try:
        return run_script(
            script, client, namespace, protected=protected, folder=path.parent, announce=announce, origin=origin
        )
    except RequestError as error:
        error.where = error.where or path.name
        raise


def run_script(
    script: Script,
    client: Client,
    namespace: MutableMapping[str, object],
    *,
    protected: Protected = is_protected,
    folder: Path | None = None,
    known_captures: Mapping[str, str] | None = None,
    announce: Announce | None = None,
    origin: str = "cell",
) -> list[Exchange]:
    """Send the requests of a ``%%http`` cell in order.

    Captures, file variables and the exchanges of named requests become names of ``namespace``, so that one request
    feeds the next. A request whose check or capture fails is the last that is sent: those behind it build on it.

    Parameters
    ----------
    script:
        What ``parse_script`` made of the cell.
    client:
        Who sends them. It keeps the cookies and the history.
    namespace:
        The names that ``{{ }}`` may use.
    protected:
        Says of a name and the value it has now whether a request must not overwrite it.
    folder:
        Where files are looked for; the current folder without one.
    known_captures:
        Names that requests of the notebook capture, and the requests' names.
    announce:
        Told of each exchange once it is complete, unless ``-q``; without one ``client.on_exchange`` is.
    origin:
        Who sends them, for the history.

    Raises
    ------
    RequestError
        A name without a value, or one that is protected, before anything is sent; or a request that cannot be made.
        Failed checks do not raise: they are in ``exchange.checks``, and :func:`raise_for_checks` raises for them.
    """
    scope = Scope(namespace, folder=folder or Path(), known_captures=known_captures)
    check_names(script, scope, namespace, protected)
    for request in script.requests:
        if request.method not in REGISTERED_METHODS:
            check_method(request, client.app)
    if script.options.reset:
        client.reset()
    exchanges: list[Exchange] = []
    for index, request in enumerate(script.requests):
        coming = {name for later in script.requests[index:] for name in names_given(later)}
        read = [request.url, *templates_of(request)]
        namespace.update(scope.settle((one for one in script.variables if one.before == index), coming, read))
        options = request.options.over(script.options)
        exchange = _run_request(request, options, client, namespace, scope, origin)
        exchanges.append(exchange)
        if not options.quiet and announce is not None:
            announce(exchange, options.show)
        elif not options.quiet and client.on_exchange is not None:
            client.on_exchange(exchange)
        if any(not check.ok for check in exchange.checks):
            return exchanges
    namespace.update(scope.settle(one for one in script.variables if one.before == len(script.requests)))
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
            timeout=options.timeout or DEFAULT_TIMEOUT,
            origin=origin,
            announce=False,
            trace=not {"trace", "all"}.isdisjoint(options.show or ()),
        )
    scope.sent = True
    captured: dict[str, object] = {}
    failed: list[CheckResult] = []
    for wanted in request.captures:
        value = capture(wanted, sent, scope, captured)
        if isinstance(value, CheckResult):
            failed.append(value)
        else:
            captured[wanted.name] = value
    results = [*_results(request, options, sent, scope, captured), *failed]
    exchange = sent.with_checks(results, captures=captured, name=request.name)
    client.history.replace(sent, exchange)
    namespace.update(captured)
    if request.name is not None:
        namespace[request.name] = exchange
    return exchange


def _results(
    request: Request, options: Options, exchange: Exchange, scope: Scope, captured: Mapping[str, object]
) -> list[CheckResult]:
    more = {**captured, **({request.name: exchange} if request.name else {})}
    results: list[CheckResult] = []
    if options.expect is not None:
        results.append(check_status(options.expect, exchange, text=f"--expect {options.expect}", line=options.line))
    status = check_status_line(request.status, exchange) if request.status else None
    if status is not None:
        results.append(status)
    results += [check_header(pair, exchange, scope, more) for pair in request.expected_headers]
    if request.expected_body is not None:
        results.append(check_body(request.expected_body, exchange, scope, more))
    results += [check_expression(check, exchange, scope, more) for check in request.checks]
    return results


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
