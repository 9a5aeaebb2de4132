"""``nbmicro run FILE``: an app served until Ctrl-C.

What lives here: the command and what it prints. What must not: loading or serving; a command parses and calls.
"""

from __future__ import annotations

import inspect
import os
import signal
import threading
from collections.abc import Sequence
from typing import Any

import click

from nbmicro.cli.target import FILE
from nbmicro.errors import LoadError, ServeError
from nbmicro.serving.loader import Loaded, load_target
from nbmicro.serving.server import BackgroundServer
from nbmicro.web.app import App

__all__ = ["run"]


@click.command(
    help=f"""Serve an app until Ctrl-C.

    {FILE}

    Of a notebook, the cells that make the app run once, from the first to the last. Cells that only look (%http,
    %serve, %routes …) are passed over, and so is a cell that begins `# nbmicro: skip`. Paths are taken from the
    notebook's folder, as in Jupyter.

    \b
    On port 8000:                  nbmicro run app.ipynb --port 8000
    For the whole network:         nbmicro run app.ipynb --host 0.0.0.0
    Behind Nginx as example.org:   nbmicro run app.ipynb --allow-host example.org
    """
)
@click.argument("file")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar="NBMICRO_HOST",
    show_envvar=True,
    help="The address to listen on. With another than this one, everyone who reaches it can call the app.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    envvar="NBMICRO_PORT",
    show_envvar=True,
    help="The port to listen on. If none is named: 5000, or the next free one.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    envvar="NBMICRO_ALLOW_HOST",
    show_envvar=True,
    help="A host name to answer to, besides localhost and IP addresses; .example.org for a whole domain, * for all. "
    "May be given several times.",
)
@click.option(
    "--debug",
    is_flag=True,
    help="Show an error in the browser, with a console behind a PIN. On this machine only.",
)
def run(file: str, host: str, port: int | None, allow_hosts: Sequence[str], debug: bool) -> None:
    os.environ["NBMICRO_RUN_FROM_CLI"] = "true"
    if debug and host not in ("127.0.0.1", "localhost", "::1"):
        raise ServeError(
            f"--debug gives whoever asks a console on this machine, so it does not go with --host {host}.",
            hint=f"One of them:  nbmicro run {file} --debug   or:  nbmicro run {file} --host {host}",
        )
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    # The port comes first: that it is taken should not be learnt after a minute of loading.
    server = BackgroundServer(
        _loading, host=host, port=port, allow_hosts=allow_hosts, command=f"nbmicro run {file}"
    ).reserve()
    loaded = load_target(file)
    _refuse_asgi(loaded)
    if loaded.report is not None:
        click.echo(str(loaded.report))
        for note in loaded.report.notes:
            click.echo(note)
        # As in Jupyter: what a handler opens by a relative path is beside the notebook.
        os.chdir(loaded.folder)
    app, pin = _debugged(loaded.app) if debug else (loaded.app, None)
    server.replace(app)
    server.start()
    try:
        click.echo(f"Serving {loaded.name} at {server.url}  Stop: Ctrl-C")
        for remark in (server.warning, f"Debugger PIN: {pin}" if pin else None):
            if remark:
                click.echo(remark, err=True)
        # On Windows a wait without end would not hear Ctrl-C.
        while not stopped.wait(1.0):
            pass
    except KeyboardInterrupt:
        pass
    finally:
        server.stop(timeout=1.0)


def _loading(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """What would answer before the app is loaded; the server starts when it is, so nobody is answered by it."""
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []


def _refuse_asgi(loaded: Loaded) -> None:
    app = loaded.app
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__):
        raise LoadError(
            f"{loaded.name} makes an ASGI app, and this server speaks WSGI.",
            hint="Serve it with an ASGI server:  uvicorn module:app",
        )


def _debugged(app: Any) -> tuple[Any, str | None]:
    """The app behind Werkzeug's debugger, with the PIN that opens its console."""
    from werkzeug.debug import DebuggedApplication

    if isinstance(app, App):
        app.debug = True
    debugger = DebuggedApplication(app, evalex=True, pin_security=True, pin_logging=False)
    return debugger, debugger.pin
