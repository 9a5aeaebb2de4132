"""The development server: ``app.run()`` and the command ``run``; in a notebook, the background server."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from nbmicro.printable import did_you_mean
from nbmicro.web.commands.dotenv import load_dotenv as read_env_files
from nbmicro.web.commands.dotenv import wants_dotenv
from nbmicro.web.commands.finding import ScriptInfo, pass_script_info
from nbmicro.web.config import debug_wanted
from nbmicro.web.hosting import hosting

if TYPE_CHECKING:
    from nbmicro.web.app import App


def _set_debug(context: click.Context, parameter: click.Parameter, value: bool) -> bool | None:
    source = context.get_parameter_source(str(parameter.name))
    if source in {click.core.ParameterSource.DEFAULT, click.core.ParameterSource.DEFAULT_MAP}:
        return None
    # In the environment, so that the process that a reloader starts has it too.
    os.environ["NBMICRO_DEBUG"] = os.environ["FLASK_DEBUG"] = "1" if value else "0"
    return value


def show_server_banner(debug: bool | None, app_import_path: str | None) -> None:
    """Say which app is served, and whether it is in debug mode; a process of the reloader's says nothing."""
    from werkzeug.serving import is_running_from_reloader

    if is_running_from_reloader():
        return
    if app_import_path is not None:
        click.echo(f" * Serving nbmicro app {app_import_path!r}")
    if debug is not None:
        click.echo(f" * Debug mode: {'on' if debug else 'off'}")


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

        context_object = import_string(value, silent=True)
        if not isinstance(context_object, ssl.SSLContext):
            self.fail(f"{value!r} is no file, not 'adhoc', and no import name of an ssl.SSLContext.", param, ctx)
        return context_object


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

    debug = debug_wanted()
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
    show_server_banner(debug, info.app_import_path or getattr(app, "import_name", ""))
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


#: What Werkzeug's development server takes besides; a notebook's server has no need of it.
OPTIONS = frozenset(
    [
        "use_reloader",
        "use_debugger",
        "use_evalex",
        "extra_files",
        "exclude_patterns",
        "reloader_interval",
        "reloader_type",
        "threaded",
        "processes",
        "request_handler",
        "static_files",
        "passthrough_errors",
        "ssl_context",
    ]
)


def _meant(name: str) -> str:
    near = did_you_mean(name, ["host", "port", "debug", "load_dotenv", *OPTIONS])
    return f" Did you mean `{near}=`?" if near else ""


def run_app(
    app: App, host: str | None, port: int | None, debug: bool | None, load_dotenv: bool, options: dict[str, Any]
) -> Any:
    """Serve ``app``; returns at once in a notebook, else when the server is stopped.

    Host and port default to SERVER_NAME's, then 127.0.0.1 and 5000. Does nothing when a command line already serves.
    """
    if os.environ.get("NBMICRO_RUN_FROM_CLI") == "true" or os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        return None
    if hosting.run_app is not None:
        for name in options:
            if name not in OPTIONS:
                raise TypeError(f"app.run() got an unexpected keyword argument {name!r}.{_meant(name)}")
        return hosting.run_app(app, host, port)
    if load_dotenv and wants_dotenv():
        read_env_files()
        if "NBMICRO_DEBUG" in os.environ or "FLASK_DEBUG" in os.environ:
            app.debug = debug_wanted()
    if debug is not None:
        app.debug = bool(debug)
    name_host, _, name_port = (app.config["SERVER_NAME"] or "").partition(":")
    host = host or name_host or "127.0.0.1"
    if port is None:
        port = int(name_port) if name_port else 5000
    options.setdefault("use_reloader", app.debug)
    options.setdefault("use_debugger", app.debug)
    options.setdefault("threaded", True)
    from werkzeug.serving import run_simple

    try:
        run_simple(host, port, app, **options)
    finally:
        app._got_first_request = False
    return None
