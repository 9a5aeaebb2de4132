"""``nbmicro run FILE``: an app served until Ctrl-C."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from nbmicro.cli.ending import ends_in_time
from nbmicro.cli.files import FILE
from nbmicro.errors import LoadError, NbmicroError, ServeError
from nbmicro.foreign.app import ForeignApp
from nbmicro.foreign.known import kind_of
from nbmicro.loading.loader import Loaded, load_target
from nbmicro.loading.reload import Overtaken, Reloader
from nbmicro.server.address import is_loopback
from nbmicro.server.server import BackgroundServer
from nbmicro.web.app import App

if TYPE_CHECKING:
    from werkzeug.debug import DebuggedApplication


class _Port(click.IntRange):
    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value} is no port. A port is a number from {self.min} to {self.max}.", param, ctx)


@click.command(
    help=f"""Serve an app until Ctrl-C.

    {FILE}

    Of a notebook, the cells that make the app run once, from the first to the last. Cells that only look (%http,
    %serve, %routes …) are skipped, and so is a cell that begins `# nbmicro: skip`. Paths are taken from the
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
    type=_Port(0, 65535),
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
    "--allow-origin",
    "allow_origins",
    multiple=True,
    metavar="ORIGIN",
    envvar="NBMICRO_ALLOW_ORIGIN",
    show_envvar=True,
    help="An origin, such as https://pay.example, whose pages may send forms here, besides the app's own; * for all. "
    "May be given several times.",
)
@click.option(
    "--debug",
    is_flag=True,
    help="Show an error in the browser, with a console behind a PIN, and load the app anew whenever its notebook, or "
    "a module beside it, is saved; no request is lost. On this machine only.",
)
@ends_in_time
def run(
    file: str, host: str, port: int | None, allow_hosts: Sequence[str], allow_origins: Sequence[str], debug: bool
) -> None:
    os.environ["NBMICRO_RUN_FROM_CLI"] = "true"
    if debug and not is_loopback(host):
        raise ServeError(
            f"--debug gives whoever asks a console on this machine, so it does not go with --host {host}.",
            hint=f"One of them:  nbmicro run {file} --debug   or:  nbmicro run {file} --host {host}",
        )
    # Until it serves, either signal ends it where it stands, be it in a cell.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The port comes first: that it is taken should not be learnt after a minute of loading.
    server = BackgroundServer(
        _loading,
        host=host,
        port=port,
        allow_hosts=allow_hosts,
        allow_origins=allow_origins,
        command=f"nbmicro run {file}",
    ).reserve()
    reloader, note = _watching(file) if debug else (None, None)
    loaded = _ready(reloader.load() if reloader is not None else load_target(file), debug)
    _report(loaded)
    if loaded.report is not None:
        # As in Jupyter: what a handler opens by a relative path is beside the notebook.
        os.chdir(loaded.folder)
    debugger = _debugger(loaded.app) if debug else None
    server.replace(debugger or loaded.app)
    stopped = threading.Event()
    try:
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        server.start()
        click.echo(f"Serving {loaded.name} at {server.url}  Stop: Ctrl-C")
        pin = f"Debugger PIN: {debugger.pin}" if debugger is not None and debugger.pin else None
        for line in (server.warning, pin, note):
            if line:
                click.echo(line, err=True)
        if reloader is not None and debugger is not None:
            _serve_the_newest(reloader, debugger, stopped)
        # On Windows a wait without end would not hear Ctrl-C.
        while not stopped.wait(1.0):
            pass
    except KeyboardInterrupt:
        pass
    finally:
        server.stop(timeout=1.0)


def _report(loaded: Loaded) -> None:
    for line in [loaded.report, *loaded.report.notes] if loaded.report is not None else ():
        click.echo(line)


def _loading(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """What would answer before the app is loaded; the server starts when it is, so nobody is answered by it."""
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []


def _ready(loaded: Loaded, debug: bool) -> Loaded:
    """What was loaded, in debug mode if asked for, and as WSGI: an ASGI app by way of a2wsgi, as ``%app`` has it."""
    if debug and isinstance(loaded.app, App):
        loaded.app.debug = True
    kind = kind_of(loaded.app)
    if kind is None or not kind.is_async:
        return loaded
    if find_spec("a2wsgi") is None:
        raise LoadError(
            f"{loaded.name} makes an ASGI app, and this server speaks WSGI.",
            hint="pip install 'nbmicro[asgi]'   or serve it with an ASGI server:  uvicorn "
            + (loaded.name if ":" in loaded.name else f"{loaded.name.removesuffix('.py')}:app"),
        )
    return replace(loaded, app=ForeignApp(loaded.app))


def _watching(file: str) -> tuple[Reloader | None, str | None]:
    """What loads the app anew when it is saved; where that cannot be had, why."""
    try:
        return Reloader(file), None
    except ServeError as error:
        return None, str(error)


def _debugger(app: Any) -> DebuggedApplication:
    """The app behind Werkzeug's debugger, whose PIN opens its console."""
    from werkzeug.debug import DebuggedApplication

    return DebuggedApplication(app, evalex=True, pin_security=True, pin_logging=False)


def _serve_the_newest(reloader: Reloader, debugger: DebuggedApplication, stopped: threading.Event) -> None:
    """Until ``stopped``, swap in each app that was saved; one that fails to load is shown, and changes nothing."""
    while reloader.wait(stopped):
        try:
            with reloader.watch(stopped, partial(click.echo, err=True)):
                loaded = _ready(reloader.load(), debug=True)
        except Overtaken:
            continue
        except NbmicroError as error:
            click.echo(f"Error: {error}\nThe app from before goes on serving.", err=True)
            continue
        debugger.app = loaded.app
        # The console of an error in the old app would keep all of it; now its files and connections are closed.
        debugger.frames.clear()
        debugger.frame_contexts.clear()
        gc.collect()
        _report(loaded)
        click.echo(f"Serving the new {loaded.name}")
