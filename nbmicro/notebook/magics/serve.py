"""``%serve`` and ``app.run()``: the background server of a notebook, started, replaced and stopped."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from nbmicro.client.recorder import Recorder
from nbmicro.notebook.first_page import with_first_page
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic
from nbmicro.web.owners import current_run

if TYPE_CHECKING:
    from nbmicro.server.address import Address


@magic("serve", options={"--port": int, "--host": str, "--allow-host": str, "--allow-origin": str, "--stop": None})
def serve(session: Session, *, stop: bool = False, **options: Any) -> None:
    """Serve the app in the background, so that a browser can open it; run it again to start it anew.

    %serve [--port N] [--host H] [--allow-host NAME] [--allow-origin ORIGIN] [--stop]

    --port          5000, or the next free one, unless asked for
    --host          127.0.0.1: only this machine
    --allow-host    also answer to this host name
    --allow-origin  also take forms that pages of this origin send; * for all
    --stop          end it; its port is free at once

        %serve
        %serve --port 8080
        %serve --stop

    In plain Python:  app.run()
    """
    if stop:
        _stop(session)
    else:
        start(session, **options)


def start(
    session: Session,
    *,
    port: int | None = None,
    host: str | None = None,
    allow_host: str | None = None,
    allow_origin: str | None = None,
    app: Any = None,
) -> None:
    """Start the server, in place of the one that runs; commit first what the running cell declared so far."""
    from nbmicro.server.server import BackgroundServer

    run = current_run()
    if run is not None:
        run.commit()
    before = session.server
    if before is not None and port is None and host in (None, before.host):
        port = before.port
    if before is not None and port == before.port:
        session.stop_server()

    def served() -> Any:
        return session.target.app() if app is None else app

    served()  # an `app` that is none is an error here, not at each request

    def name() -> str:
        return session.target.name if app is None else "app"

    servers = _jupyters()
    server = BackgroundServer(
        Recorder(
            with_first_page(served, name),
            session.history,
            frame_labels=session.label_of_file,
            secret_names=session.client.secret_names,
        ),
        host=host or "127.0.0.1",
        port=port,
        allow_hosts=(allow_host,) if allow_host else (),
        allow_origins=(allow_origin,) if allow_origin else (),
        servers=servers,
    )
    session.serve(server)
    way = address(server.port, server.host, servers)
    notes = [note for note in (way.note, server.warning) if note]
    session.host.display(_bundle(name(), way.url, notes))


def _stop(session: Session) -> None:
    server = session.server
    if server is None:
        print("No server is running. Start one: %serve")
        return
    port = server.port
    ended = session.stop_server()
    print(f"Stopped; port {port} is free.")
    if not ended:
        print(
            "A handler is still running, and nothing can end it from outside: restart the kernel if it never returns."
        )


def address(port: int, host: str, servers: list[dict[str, object]] | None = None) -> Address:
    """Where the user's own browser finds what listens on ``port``; ``servers`` are the running Jupyters if known."""
    from nbmicro.server.address import browser_url

    return browser_url(
        port,
        environ=os.environ,
        host=host,
        servers=_jupyters() if servers is None else servers,
        has_server_proxy=importlib.util.find_spec("jupyter_server_proxy") is not None,
        colab="google.colab" in sys.modules,
    )


def _jupyters() -> list[dict[str, object]]:
    """The records of the running Jupyter servers, where Jupyter is installed."""
    if importlib.util.find_spec("jupyter_core") is None:
        return []
    from jupyter_core.paths import jupyter_runtime_dir

    from nbmicro.server.address import jupyter_servers

    return jupyter_servers(jupyter_runtime_dir())


def _bundle(name: str, url: str, notes: Sequence[str]) -> dict[str, str]:
    """Where the app is, as text and with a link: behind a hub the address is a path, which no front end makes one."""
    from markupsafe import Markup

    from nbmicro.render.markup import output, row

    text = "\n".join([f"Serving {name} at {url}  Stop: %serve --stop", *notes])
    shown = escape(url)
    if url.startswith(("http://", "https://", "/")):
        shown = f'<a href="{shown}" target="_blank" rel="noopener">{shown}</a>'
    first = f"Serving {escape(name)} at {shown} \N{MIDDLE DOT} Stop: <code>%serve --stop</code>"
    lines = [first, *map(escape, notes)]
    return {"text/plain": text, "text/html": output(*(row(Markup(line)) for line in lines))}
