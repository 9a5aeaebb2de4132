"""The command ``nbmicro``: a notebook, a file or a module, served or looked at without a notebook.

Each command is a module with its help and what it prints. What must not be here: loading or serving; a command parses
and calls.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from nbmicro.errors import NbmicroError
from nbmicro.web.commands.dotenv import load_dotenv, wants_dotenv

# In the order of the help. Each is the function of its module's name; a command whose name is a keyword has an
# underscore behind it there.
COMMANDS: dict[str, str] = {
    "run": "nbmicro.cli.run",
    "routes": "nbmicro.cli.routes",
    "test": "nbmicro.cli.test",
    "shell": "nbmicro.cli.shell",
    "export": "nbmicro.cli.export",
    "openapi": "nbmicro.cli.openapi",
    "import": "nbmicro.cli.import_",
}


class _Commands(click.Group):
    """Commands whose errors are nbmicro's: a message, a way out, and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        app = ctx.params.get("app")
        if app is None:
            return list(COMMANDS)
        from nbmicro.cli.files import app_command_names

        try:
            return [*COMMANDS, *(name for name in app_command_names(ctx, app) if name not in COMMANDS)]
        except NbmicroError as error:
            # The help is shown even if the app cannot be.
            click.echo(f"Error: {error}\n", err=True)
            return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        app = ctx.params.get("app")
        if module is None and app is not None:
            from nbmicro.cli.files import app_command

            return app_command(ctx, app, cmd_name)
        if module is None:
            return None
        command = getattr(import_module(module), module.rpartition(".")[2])
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As of :meth:`click.Group.resolve_command`; ``--app blog.ipynb run`` is ``run blog.ipynb``."""
        name, command, rest = super().resolve_command(ctx, args)
        app = ctx.params.get("app")
        if app is None or name not in COMMANDS:
            return name, command, rest
        # What `import` reads is no app; it has the option itself.
        return name, command, ["--app", app, *rest] if name == "import" else [app, *rest]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except NbmicroError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            # As a shell says it of a program that Ctrl-C has ended; click would print a word and say 1.
            ctx.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-A", "--app", metavar="FILE", is_eager=True, help="Whose own commands are meant: a notebook or module.")
@click.version_option(package_name="nbmicro", prog_name="nbmicro")
def main(app: str | None) -> None:
    """A web microframework that lives in a notebook.

    What was made in a notebook runs here without one: no Jupyter, no kernel, no browser is needed.

    \b
    Serve it:             nbmicro run app.ipynb
    In production:        gunicorn 'nbmicro:load("app.ipynb")'
    Test it:              nbmicro test app.ipynb
    See its routes:       nbmicro routes app.ipynb
    Ask it questions:     nbmicro shell app.ipynb
    As a module:          nbmicro export app.ipynb -o app.py --tests
    As OpenAPI:           nbmicro openapi app.ipynb
    Requests as cells:    nbmicro import api.http
    A command of its own: nbmicro --app app.ipynb init-db

    Variables of a file .env in this folder, or one above, are set first; one that is set already stays as it is.
    """
    if wants_dotenv():
        load_dotenv()
