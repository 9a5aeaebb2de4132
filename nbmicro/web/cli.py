"""A command line for apps, in the way of ``flask``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING, Any

import click

from nbmicro.web.appcommands import (
    CertificateType,
    PathsType,
    debug_option,
    routes_command,
    run_command,
    shell_command,
)
from nbmicro.web.appfinding import NoAppException, ScriptInfo
from nbmicro.web.contexts import current_context
from nbmicro.web.dotenv import load_dotenv, wants_dotenv
from nbmicro.web.groups import AppCommands, AppGroup, pass_script_info, with_appcontext

if TYPE_CHECKING:
    from nbmicro.web.app import App


__all__ = [
    "AppCommands",
    "AppGroup",
    "CertificateType",
    "FlaskGroup",
    "NoAppException",
    "PathsType",
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


def _set_app(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        context.ensure_object(ScriptInfo).app_import_path = value
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
        yield debug_option()
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


cli = FlaskGroup(
    name="nbmicro",
    help="Commands for an app. Say which one: --app module, or NBMICRO_APP=module; by default wsgi.py or app.py here.",
)
"""The command line of whichever app ``--app`` says."""


def main() -> None:
    """Run :data:`cli` with the arguments of the process."""
    cli.main()
