"""The commands that an app has itself, ``@app.cli.command("init-db")``: ``nbmicro --app blog.ipynb init-db``."""

from __future__ import annotations

import click

from nbmicro.errors import LoadError
from nbmicro.loading.loader import load_target
from nbmicro.web.app import App
from nbmicro.web.commands.dotenv import load_dotenv, wants_dotenv
from nbmicro.web.commands.finding import ScriptInfo


def app_command(ctx: click.Context, target: str, name: str) -> click.Command | None:
    """The command ``name`` of the app that ``target`` stands for; None where it has none of that name.

    Raises nbmicro.errors.LoadError where the app cannot be loaded, or is another framework's.
    """
    command: click.Command | None = _app(ctx, target).cli.get_command(ctx, name)
    return command


def app_command_names(ctx: click.Context, target: str) -> list[str]:
    """The names of the app's commands. Raises as :func:`app_command` does."""
    names: list[str] = _app(ctx, target).cli.list_commands(ctx)
    return names


def _app(ctx: click.Context, target: str) -> App:
    """The app, loaded once for a command line; its commands run for it."""
    if isinstance(ctx.obj, ScriptInfo):
        return ctx.obj.load_app()
    if wants_dotenv():
        load_dotenv()
    loaded = load_target(target)
    if not isinstance(loaded.app, App):
        kind = type(loaded.app)
        raise LoadError(
            f"{loaded.name} makes a {kind.__module__}.{kind.__qualname__}, and only an nbmicro app has commands here.",
            hint="Use that framework's own command line.",
        )
    app = loaded.app
    ctx.obj = ScriptInfo(app_import_path=target, create_app=lambda: app, set_debug_flag=False)
    return app
