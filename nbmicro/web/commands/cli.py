"""The command line of an app: groups whose commands run with it, and the commands that every app has."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import update_wrapper
from importlib.metadata import entry_points, version
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nbmicro.http.methods import AUTOMATIC_METHODS
from nbmicro.printable import columns
from nbmicro.web.commands.dotenv import load_dotenv, wants_dotenv
from nbmicro.web.commands.finding import NoAppException, ScriptInfo
from nbmicro.web.commands.server import debug_option, run_command
from nbmicro.web.contexts import current_context, need_app_context
from nbmicro.web.declarations import GONE
from nbmicro.web.live import LiveDict, differences

if TYPE_CHECKING:
    from nbmicro.web.app import App


F = TypeVar("F", bound=Callable[..., Any])


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

    A blueprint's commands are in a group of the blueprint's name, or of the ``cli_group`` that was given when it was
    made or registered; with ``cli_group=None`` they stand beside the app's.
    """

    def __init__(self, app: App, **extra: Any) -> None:
        super().__init__(**{"name": app.name, **extra})
        self.app = app
        self.commands = Commands(app)


class Commands(LiveDict):
    """The commands of an app by name; setting one declares it."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app

    def _read(self) -> dict[str, click.Command]:
        table = self._app.effects()
        commands: dict[str, click.Command] = {}
        for name, registration in table.registrations.items():
            blueprint = registration.blueprint.newest()
            group: click.Group = blueprint.cli
            if not group.commands:
                continue
            # The registration comes before the blueprint itself.
            group_name = blueprint.cli_group if blueprint.has_cli_group else name
            group_name = registration.options.get("cli_group", group_name)
            if group_name is None:
                commands.update(group.commands)
            else:
                group.name = group_name
                commands[group_name] = group
        commands.update(table.commands)
        return {name: command for name, command in commands.items() if command is not GONE}

    def _write(self, changed: dict[str, click.Command]) -> None:
        for name, command in differences(self._read(), changed):
            self._app.declare("command", name, command, instead=True)


def complete(names: dict[str, Any]) -> None:
    """Let Tab complete the names at a prompt, where the system can."""
    try:
        import readline
        from rlcompleter import Completer
    except ImportError:  # no readline on this system
        return
    readline.set_completer(Completer(names).complete)
    readline.parse_and_bind("tab: complete")


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
        complete(names)
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
    domains = [(rule.host if host_matching else rule.subdomain) or "" for rule in rules]
    rows = [
        (rule.endpoint, ", ".join(sorted((rule.methods or set()) - hidden)), domain, rule.rule)
        for rule, domain in zip(rules, domains, strict=True)
    ]
    if sort != "match":
        rows.sort(key=itemgetter(("endpoint", "methods", "domain", "rule").index(sort)))
    rows.insert(0, ("Endpoint", "Methods", "Host" if host_matching else "Subdomain", "Rule"))
    shown: list[tuple[str, ...]] = [*rows] if any(domains) else [(row[0], row[1], row[3]) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for line in columns([shown[0], tuple("-" * width for width in widths), *shown[1:]]):
        click.echo(line)


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


def group_options(add_version: bool, set_debug: bool) -> Iterable[click.Option]:
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


def enter_app(context: click.Context, app: App) -> None:
    """Enter an app's context for as long as a command line lasts, unless it is entered already.

    So that plain click commands have it too, and what parses their parameters.
    """
    entered = current_context()
    if entered is None or entered.app is not app:
        context.with_resource(app.app_context())


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
        params = [*(extra.pop("params", None) or ()), *group_options(add_version_option, set_debug_flag)]
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
        """The command of that name: one of the group, of a package, or of the app."""
        self._load_plugins()
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            return command
        try:
            app = ctx.ensure_object(ScriptInfo).load_app()
        except NoAppException as error:
            click.secho(f"Error: {error.format_message()}\n", err=True, fg="red")
            return None
        enter_app(ctx, app)
        app_command: click.Command | None = app.cli.get_command(ctx, cmd_name)
        return app_command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands; of an app that cannot be loaded, none and a message."""
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
