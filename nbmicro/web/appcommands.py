"""The commands that every app has: ``run``, ``shell`` and ``routes``."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from nbmicro.http.methods import AUTOMATIC_METHODS
from nbmicro.web.appfinding import ScriptInfo
from nbmicro.web.contexts import need_app_context
from nbmicro.web.groups import pass_script_info, with_appcontext

__all__ = ["CertificateType", "PathsType", "debug_option", "routes_command", "run_command", "shell_command"]


def _set_debug(context: click.Context, parameter: click.Parameter, value: bool) -> bool | None:
    source = context.get_parameter_source(str(parameter.name))
    if source in {click.core.ParameterSource.DEFAULT, click.core.ParameterSource.DEFAULT_MAP}:
        return None
    # In the environment, so that the process that a reloader starts has it too.
    os.environ["NBMICRO_DEBUG"] = os.environ["FLASK_DEBUG"] = "1" if value else "0"
    return value


def debug_option() -> click.Option:
    """``--debug``, for a group or a command."""
    return click.Option(
        ["--debug/--no-debug"], help="Whether to turn debug mode on.", expose_value=False, callback=_set_debug
    )


class CertificateType(click.ParamType):  # type: ignore[type-arg]
    """``--cert``: a file, ``adhoc`` for one made on the spot, or the import name of an ``ssl.SSLContext``."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The file's path, ``"adhoc"`` or the context. Click reports any other value."""
        try:
            import ssl
        except ImportError:
            self.fail("this Python has no ssl module, so it cannot serve HTTPS.", param, ctx)
        if str(value).lower() == "adhoc":
            try:
                importlib.import_module("cryptography")
            except ImportError:
                self.fail("'adhoc' needs the package cryptography:  pip install cryptography", param, ctx)
            return "adhoc"
        if os.path.exists(value):
            return value
        from werkzeug.utils import import_string

        found = import_string(value, silent=True)
        if not isinstance(found, ssl.SSLContext):
            self.fail(f"{value!r} is no file, not 'adhoc', and no import name of an ssl.SSLContext.", param, ctx)
        return found


class PathsType(click.Path):
    """Several paths, written with the system's separator between them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The list of paths."""
        convert = super().convert
        return [convert(item, param, ctx) for item in self.split_envvar_value(value)]


def _check_key(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Put the key beside its certificate; the two go together."""
    certificate = context.params.get("cert")
    is_file = isinstance(certificate, str) and certificate != "adhoc"
    if value is not None and not is_file:
        raise click.BadParameter("it goes with --cert and a certificate file.", context, parameter)
    if is_file and value is None:
        raise click.BadParameter("the certificate in --cert needs its key.", context, parameter)
    if value is not None:
        context.params["cert"] = certificate, value
    return value


@click.command("run", short_help="Run a development server.", params=[debug_option()])
@click.option("-h", "--host", default="127.0.0.1", help="The interface to listen on.")
@click.option("-p", "--port", default=5000, help="The port to listen on.")
@click.option("--cert", type=CertificateType(), is_eager=True, help="A certificate file, or 'adhoc', to serve HTTPS.")
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    callback=_check_key,
    expose_value=False,
    help="The certificate's key.",
)
@click.option("--reload/--no-reload", default=None, help="Start again when code changes; by default in debug mode.")
@click.option("--debugger/--no-debugger", default=None, help="Show the debugger; by default in debug mode.")
@click.option("--with-threads/--without-threads", default=True, help="Answer requests in threads.")
@click.option("--extra-files", default=None, type=PathsType(), help="More files that start it again when they change.")
@click.option("--exclude-patterns", default=None, type=PathsType(), help="Files that do not, by fnmatch patterns.")
@pass_script_info
def run_command(
    info: ScriptInfo,
    host: str,
    port: int,
    cert: Any,
    reload: bool | None,
    debugger: bool | None,
    with_threads: bool,
    extra_files: list[str] | None,
    exclude_patterns: list[str] | None,
) -> None:
    """Run a development server: for work on the app, not for the public."""
    from werkzeug.serving import is_running_from_reloader, run_simple

    debug = info.debug_wanted()
    app: Any
    try:
        app = info.load_app()
    except Exception as error:
        if not is_running_from_reloader():
            raise
        # The file is being edited: show why, and wait for its next state.
        import traceback

        traceback.print_exc()
        app = _raises(error)
    if not is_running_from_reloader():
        click.echo(f" * Serving nbmicro app {info.app_import_path or getattr(app, 'import_name', '')!r}")
        click.echo(f" * Debug mode: {'on' if debug else 'off'}")
    run_simple(
        host,
        port,
        app,
        use_reloader=debug if reload is None else reload,
        use_debugger=debug if debugger is None else debugger,
        threaded=with_threads,
        ssl_context=cert,
        extra_files=extra_files,
        exclude_patterns=exclude_patterns,
    )


def _raises(error: Exception) -> Callable[..., Any]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        raise error from None

    return app


@click.command("shell", short_help="Run a Python prompt with the app.")
@with_appcontext
def shell_command() -> None:
    """Run a Python prompt in the app's context, with what its shell context processors give."""
    import code

    app = need_app_context().app
    names: dict[str, Any] = {}
    startup = os.environ.get("PYTHONSTARTUP")
    if startup and os.path.isfile(startup):
        with open(startup, encoding="utf-8") as file:
            exec(compile(file.read(), startup, "exec"), names)
    names.update(app.make_shell_context())
    hook = getattr(sys, "__interactivehook__", None)
    if hook is not None:
        try:
            import readline
            from rlcompleter import Completer
        except ImportError:  # no readline on this system
            pass
        else:
            readline.set_completer(Completer(names).complete)
        hook()
    code.interact(
        f"Python {sys.version.split()[0]}\nApp: {app.import_name}\nInstance: {app.instance_path}", local=names
    )


@click.command("routes", short_help="Show the routes of the app.")
@click.option(
    "-s",
    "--sort",
    type=click.Choice(["endpoint", "methods", "domain", "rule", "match"]),
    default="endpoint",
    help="What to sort by; 'match' is the order in which rules are tried.",
)
@click.option("--all-methods", is_flag=True, help="Show HEAD and OPTIONS as well.")
@with_appcontext
def routes_command(sort: str, all_methods: bool) -> None:
    """Show the routes of the app: endpoint, methods, rule, and host or subdomain where some have one."""
    app = need_app_context().app
    rules = list(app.url_map.iter_rules())
    if not rules:
        click.echo("No routes were registered.")
        return
    hidden = frozenset[str]() if all_methods else AUTOMATIC_METHODS
    host_matching = app.url_map.host_matching
    has_domain = any(rule.host if host_matching else rule.subdomain for rule in rules)
    rows = []
    for rule in rules:
        methods = ", ".join(sorted((rule.methods or set()) - hidden))
        domain = (rule.host if host_matching else rule.subdomain) or ""
        rows.append((rule.endpoint, methods, domain, rule.rule))
    columns = ["endpoint", "methods", "domain", "rule"]
    if sort != "match":
        rows.sort(key=lambda row: row[columns.index(sort)])
    titles = ("Endpoint", "Methods", "Host" if host_matching else "Subdomain", "Rule")
    shown: list[tuple[str, ...]] = [titles, *rows]
    if not has_domain:
        shown = [(row[0], row[1], row[3]) for row in shown]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    shown.insert(1, tuple("-" * width for width in widths))
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
