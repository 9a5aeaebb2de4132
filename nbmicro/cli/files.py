"""The FILE that a command takes, the app that it stands for with its commands, and the files that are written."""

from __future__ import annotations

from pathlib import Path

import click

from nbmicro.errors import LoadError, OptionError
from nbmicro.loading.loader import Loaded, load_target
from nbmicro.web.app import App
from nbmicro.web.commands.cli import enter_app
from nbmicro.web.commands.dotenv import load_dotenv, wants_dotenv
from nbmicro.web.commands.finding import ScriptInfo

FILE = """FILE is a notebook (app.ipynb), a Python file (app.py) or a module (shop, shop:app, shop:create_app())."""


def load_app(target: str, only: str, hint: str | None = None) -> tuple[Loaded, App]:
    """What ``target`` stands for, and its app.

    Parameters
    ----------
    target:
        The FILE.
    only, hint:
        What is said where the app is another framework's: what an nbmicro app alone can do, and what to do instead.

    Raises
    ------
    LoadError
        It cannot be loaded, or is no nbmicro app.
    """
    loaded = load_target(target)
    if isinstance(loaded.app, App):
        return loaded, loaded.app
    kind = type(loaded.app)
    raise LoadError(f"{loaded.name} makes a {kind.__module__}.{kind.__qualname__}, and only {only}", hint=hint)


def app_command(ctx: click.Context, target: str, name: str) -> click.Command | None:
    """The command ``name`` of the app that ``target`` stands for, whose context is entered; None for no such name.

    Raises nbmicro.errors.LoadError where the app cannot be loaded, or is another framework's.
    """
    app = _app_of(ctx, target)
    enter_app(ctx, app)
    command: click.Command | None = app.cli.get_command(ctx, name)
    return command


def app_command_names(ctx: click.Context, target: str) -> list[str]:
    """The names of the app's commands. Raises as :func:`app_command` does."""
    names: list[str] = _app_of(ctx, target).cli.list_commands(ctx)
    return names


def _app_of(ctx: click.Context, target: str) -> App:
    """The app, loaded once for a command line; its commands run for it."""
    if isinstance(ctx.obj, ScriptInfo):
        return ctx.obj.load_app()
    if wants_dotenv():
        load_dotenv()
    app = load_app(target, "an nbmicro app has commands here.", "Use that framework's own command line.")[1]
    ctx.obj = ScriptInfo(app_import_path=target, create_app=lambda: app, set_debug_flag=False)
    return app


def write_file(path: Path, content: bytes) -> None:
    """Write a file; folders that are missing are made.

    Raises
    ------
    OptionError
        It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise OptionError(
            f"{path} cannot be written: {error.strerror or error}.", hint="Name another place:  -o FOLDER/NAME"
        ) from None
