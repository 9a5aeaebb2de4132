"""An app's commands: groups whose commands run with the app, and the three that every app has.

What lives here: Click's groups told of an app, and ``run``, ``shell`` and ``routes``. What must not: the ``nbmicro``
command, which also knows notebooks, or the finding of an app (``appfinding``).
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable
from functools import update_wrapper
from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nbmicro.web.appfinding import NoAppException, ScriptInfo
from nbmicro.web.contexts import current_context
from nbmicro.web.dotenv import load_dotenv, wants_dotenv

if TYPE_CHECKING:
    from nbmicro.web.app import App

__all__ = [
    "AppCommands",
    "AppGroup",
    "FlaskGroup",
    "NoAppException",
    "ScriptInfo",
    "cli",
    "load_dotenv",
    "main",
    "pass_script_info",
    "routes_command",
    "run_command",
    "shell_command",
    "with_appcontext",
]

F = TypeVar("F", bound=Callable[..., Any])

pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)
"""Gives the :class:`ScriptInfo` to a command as its first argument."""


def with_appcontext(f: F) -> F:
    """Run a command's function in the context of the app that the command line is for."""

    @click.pass_context
    def decorated(context: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        if current_context() is None:
            app = context.ensure_object(ScriptInfo).load_app()
            context.with_resource(app.app_context())
        return context.invoke(f, *args, **kwargs)

    return update_wrapper(decorated, f)  # type: ignore[return-value]


class AppGroup(click.Group):
    """A group whose commands run in the app's context."""

    def command(self, *args: Any, **kwargs: Any) -> Any:
        """As of :meth:`click.Group.command`; ``with_appcontext=False`` runs the function without the context."""
        wanted = kwargs.pop("with_appcontext", True)

        def decorator(f: Callable[..., Any]) -> click.Command:
            command: click.Command = click.Group.command(self, *args, **kwargs)(with_appcontext(f) if wanted else f)
            return command

        # Written without parentheses, the decorator is given the function itself.
        if len(args) == 1 and callable(args[0]) and not isinstance(args[0], type):
            function, args = args[0], ()
            return decorator(function)
        return decorator

    def group(self, *args: Any, **kwargs: Any) -> Any:
        """As of :meth:`click.Group.group`; the group is an :class:`AppGroup` as well."""
        kwargs.setdefault("cls", AppGroup)
        return super().group(*args, **kwargs)


class AppCommands(AppGroup):
    """The commands of one app: its own, and those of its blueprints as they are now.

    A blueprint's commands are in a group of the blueprint's name, or of its ``cli_group``; with ``cli_group=None`` they
    stand beside the app's.

    Parameters
    ----------
    app:
        The app.
    extra:
        Of :class:`click.Group`.
    """

    def __init__(self, app: App, **extra: Any) -> None:
        super().__init__(**{"name": app.name, **extra})
        self.app = app

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        return super().get_command(ctx, cmd_name) or self._of_blueprints().get(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *self._of_blueprints()})

    def _of_blueprints(self) -> dict[str, click.Command]:
        found: dict[str, click.Command] = {}
        for name, blueprint in self.app.blueprints.items():
            group: click.Group = blueprint.cli
            if not group.commands:
                continue
            if blueprint.has_cli_group and blueprint.cli_group is None:
                found.update(group.commands)
            else:
                group.name = blueprint.cli_group if blueprint.has_cli_group else name
                found[str(group.name)] = group
        return found


def _set_app(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        context.ensure_object(ScriptInfo).app_import_path = value
    return value


def _set_debug(context: click.Context, parameter: click.Parameter, value: bool) -> bool | None:
    source = context.get_parameter_source(str(parameter.name))
    if source in {click.core.ParameterSource.DEFAULT, click.core.ParameterSource.DEFAULT_MAP}:
        return None
    # In the environment, so that the process that a reloader starts has it too.
    os.environ["NBMICRO_DEBUG"] = os.environ["FLASK_DEBUG"] = "1" if value else "0"
    return value


def _read_env_file(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None or wants_dotenv():
        load_dotenv(value, load_defaults=context.ensure_object(ScriptInfo).load_dotenv_defaults)
    return value


def get_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Show the versions and end: the callback of ``--version``."""
    if value and not context.resilient_parsing:
        click.echo(f"Python {sys.version.split()[0]}\nnbmicro {version('nbmicro')}\nWerkzeug {version('werkzeug')}")
        context.exit()


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug/--no-debug"], help="Whether to turn debug mode on.", expose_value=False, callback=_set_debug
    )


def _options(add_version: bool, set_debug: bool) -> Iterable[click.Option]:
    yield click.Option(
        ["-e", "--env-file"],
        type=click.Path(exists=True, dir_okay=False),
        help="Read environment variables from this file; then from .env and .flaskenv.",
        is_eager=True,
        expose_value=False,
        callback=_read_env_file,
    )
    yield click.Option(
        ["-A", "--app"],
        metavar="IMPORT",
        help="The app: 'module', 'module:name' or 'module:factory(argument)'.",
        envvar=["NBMICRO_APP", "FLASK_APP"],
        is_eager=True,
        expose_value=False,
        callback=_set_app,
    )
    if set_debug:
        yield _debug_option()
    if add_version:
        yield click.Option(
            ["--version"],
            help="Show the versions.",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=get_version,
        )


class FlaskGroup(AppGroup):
    """A command line for an app: its own commands, those of installed packages, and ``run``, ``shell``, ``routes``.

    Parameters
    ----------
    add_default_commands:
        Whether it has ``run``, ``shell`` and ``routes``.
    create_app:
        Makes the app; else it is looked for as ``--app`` says.
    add_version_option:
        Whether it has ``--version``.
    load_dotenv:
        Whether it reads ``.env`` and ``.flaskenv``.
    set_debug_flag:
        Whether it sets the app's debug mode.
    extra:
        Of :class:`click.Group`.
    """

    def __init__(
        self,
        add_default_commands: bool = True,
        create_app: Callable[..., App] | None = None,
        add_version_option: bool = True,
        load_dotenv: bool = True,
        set_debug_flag: bool = True,
        **extra: Any,
    ) -> None:
        settings = extra.setdefault("context_settings", {})
        settings.setdefault("auto_envvar_prefix", "FLASK")
        params = [*(extra.pop("params", None) or ()), *_options(add_version_option, set_debug_flag)]
        super().__init__(params=params, **extra)
        self.create_app = create_app
        self.load_dotenv = load_dotenv
        self.set_debug_flag = set_debug_flag
        self._plugins_loaded = False
        if add_default_commands:
            for command in (run_command, shell_command, routes_command):
                self.add_command(command)

    def _load_plugins(self) -> None:
        if not self._plugins_loaded:
            self._plugins_loaded = True
            for group in ("flask.commands", "nbmicro.commands"):
                for point in entry_points(group=group):
                    self.add_command(point.load(), point.name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name: one of our own, of a package, or of the app."""
        self._load_plugins()
        found = super().get_command(ctx, cmd_name)
        if found is not None:
            return found
        try:
            app = ctx.ensure_object(ScriptInfo).load_app()
        except NoAppException as error:
            click.secho(f"Error: {error.format_message()}\n", err=True, fg="red")
            return None
        context = current_context()
        if context is None or context.app is not app:
            ctx.with_resource(app.app_context())
        command: click.Command | None = app.cli.get_command(ctx, cmd_name)
        return command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands; an app that cannot be loaded is said to be so, and has none."""
        self._load_plugins()
        names = set(super().list_commands(ctx))
        try:
            names.update(ctx.ensure_object(ScriptInfo).load_app().cli.list_commands(ctx))
        except NoAppException as error:
            click.secho(f"Error: {error.format_message()}\n", err=True, fg="red")
        except Exception as error:  # help must be shown even if the app's module fails
            click.secho(f"Error: the app could not be loaded: {type(error).__name__}: {error}\n", err=True, fg="red")
        return sorted(names)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As of :meth:`click.Command.make_context`; while it lasts, ``app.run()`` does nothing."""
        os.environ["FLASK_RUN_FROM_CLI"] = "true"
        if "obj" not in extra and "obj" not in self.context_settings:
            extra["obj"] = ScriptInfo(
                create_app=self.create_app,
                set_debug_flag=self.set_debug_flag,
                load_dotenv_defaults=self.load_dotenv,
            )
        return super().make_context(info_name, args, parent=parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As of :meth:`click.Group.parse_args`; the .env files and the app are known before any help is written."""
        asks_for_help = len(args) == 1 and args[0] in self.get_help_option_names(ctx)
        if asks_for_help or (not args and self.no_args_is_help):
            for option in self.params:
                if option.name in {"env_file", "app"}:
                    option.handle_parse_result(ctx, {}, [])
        return super().parse_args(ctx, args)


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


@click.command("run", short_help="Run a development server.", params=[_debug_option()])
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

    from nbmicro.web.contexts import need_app_context

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
    from nbmicro.web.contexts import need_app_context

    app = need_app_context().app
    rules = list(app.url_map.iter_rules())
    if not rules:
        click.echo("No routes were registered.")
        return
    hidden = set() if all_methods else {"HEAD", "OPTIONS"}
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


cli = FlaskGroup(
    name="nbmicro",
    help="Commands for an app. Say which one: --app module, or NBMICRO_APP=module; by default wsgi.py or app.py here.",
)
"""The command line of whichever app ``--app`` says."""


def main() -> None:
    """Run :data:`cli` with the arguments of the process."""
    cli.main()
