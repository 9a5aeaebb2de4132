"""``nbmicro shell FILE``: a Python prompt with an app."""

from __future__ import annotations

import code
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

import click

from nbmicro.cli.files import FILE
from nbmicro.loading.loader import Loaded, load_target
from nbmicro.web.app import App
from nbmicro.web.commands.cli import complete


@click.command(
    help=f"""Open a Python prompt with an app, its names, and a client that asks it.

    {FILE}

    In a terminal the prompt is IPython's, with the magics of a notebook: %http /users, %routes, %trace /users.

    `app` is the app and `client` asks it without a port: client.get("/users").json. Beside them are the names of the
    notebook or module, and what the app's shell context processors give. current_app, g and url_for work; there is no
    request.

    \b
    A prompt:      nbmicro shell app.ipynb
    One question:  nbmicro shell app.ipynb -c 'print(client.get("/users").json)'
    """
)
@click.argument("file")
@click.option("-c", "--command", metavar="CODE", help="Run this code and end.")
def shell(file: str, command: str | None) -> None:
    loaded = load_target(file)
    names = _names(loaded)
    with ExitStack() as context:
        if isinstance(loaded.app, App):
            context.enter_context(loaded.app.app_context())
        if command is not None:
            exec(compile(command, "<nbmicro shell -c>", "exec"), names)
            return
        end = "Ctrl-Z, Enter" if sys.platform == "win32" else "Ctrl-D"
        banner = f"Python {sys.version.split()[0]}, {loaded.name}: app and client are ready. Leave: {end}"
        # What is piped in is for Python: IPython answers a terminal.
        if sys.stdin.isatty() and find_spec("IPython") is not None:
            from IPython import start_ipython

            del names["client"]  # that of the magics shows what it asks
            click.echo(banner)
            start_ipython(argv=["--no-banner", "--ext=nbmicro"], user_ns=names)
            return
        complete(names)
        code.interact(banner, local=names, exitmsg="")


def _names(loaded: Loaded) -> dict[str, Any]:
    from nbmicro.client.client import Client

    module = sys.modules.get(str(getattr(loaded.app, "import_name", "")))
    found = loaded.names or (vars(module) if module is not None else {})
    names = {name: value for name, value in found.items() if not name.startswith("__")}
    names.update(app=loaded.app, client=Client(loaded.app))
    if isinstance(loaded.app, App):
        names.update(loaded.app.make_shell_context())
    return names
