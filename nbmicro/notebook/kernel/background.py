"""The background server of a notebook: started, replaced and stopped by ``%serve`` and ``app.run()``."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from html import escape
from typing import Any

from nbmicro.client.recorder import Recorder
from nbmicro.notebook.kernel.session import Session
from nbmicro.server.address import Address, browser_url, jupyter_servers
from nbmicro.server.server import BackgroundServer
from nbmicro.web.owners import current_run


def serve(
    session: Session,
    *,
    port: int | None = None,
    host: str | None = None,
    allow_host: str | None = None,
    app: Any = None,
) -> None:
    """Start the server, in place of the one that runs; commit first what the running cell declared so far."""
    run = current_run()
    if run is not None:
        run.commit()
    before = session.server
    if before is not None and port is None and host in (None, before.host):
        port = before.port
    if before is not None and port == before.port:
        session.stop_server()
    target = session.target if app is None else lambda: app
    target()  # an `app` that is none is told here, not to each visitor

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        return target()(environ, start_response)

    servers = _servers()
    server = BackgroundServer(
        Recorder(
            answer,
            session.history,
            frame_labels=session.label_of_file,
            secret_names=session.client.secret_names,
        ),
        host=host or "127.0.0.1",
        port=port,
        allow_hosts=(allow_host,) if allow_host else (),
        servers=servers,
    )
    server.start()
    session.stop_server()
    session.server = server
    found = address(server.port, server.host, servers)
    remarks = [remark for remark in (found.note, server.warning) if remark]
    session.host.display(_said(session.spoken.name if app is None else "app", found.url, remarks))


def address(port: int, host: str, servers: list[dict[str, object]] | None = None) -> Address:
    """Where the user's own browser finds what listens on ``port``; ``servers`` are the running Jupyters if known."""
    return browser_url(
        port,
        environ=os.environ,
        host=host,
        servers=_servers() if servers is None else servers,
        has_server_proxy=importlib.util.find_spec("jupyter_server_proxy") is not None,
        colab="google.colab" in sys.modules,
    )


def stop(session: Session) -> None:
    """Stop the server and say so."""
    server = session.server
    if server is None:
        print("No server is running. Start one: %serve")
        return
    ended = session.stop_server()
    print(f"Stopped; port {server.port} is free.")
    if not ended:
        print(
            "A handler is still running, and nothing can end it from outside: restart the kernel if it never returns."
        )


def _said(name: str, url: str, remarks: Sequence[str]) -> dict[str, str]:
    """Where the app is, as text and with a link: behind a hub the address is a path, which no front end makes one."""
    text = "\n".join([f"Serving {name} at {url}  Stop: %serve --stop", *remarks])
    shown = escape(url)
    if url.startswith(("http://", "https://", "/")):
        shown = f'<a href="{shown}" target="_blank" rel="noopener">{shown}</a>'
    first = f"Serving {escape(name)} at {shown} \N{MIDDLE DOT} Stop: <code>%serve --stop</code>"
    lines = [first, *map(escape, remarks)]
    return {"text/plain": text, "text/html": "".join(f"<div>{line}</div>" for line in lines)}


def _servers() -> list[dict[str, object]]:
    """The records of the running Jupyter servers, where Jupyter is installed."""
    if importlib.util.find_spec("jupyter_core") is None:
        return []
    from jupyter_core.paths import jupyter_runtime_dir

    return jupyter_servers(jupyter_runtime_dir())
