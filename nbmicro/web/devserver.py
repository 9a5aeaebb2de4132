"""``app.run()``: the development server, or the background server of a notebook."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nbmicro.printable import did_you_mean
from nbmicro.web.appfinding import ScriptInfo
from nbmicro.web.dotenv import load_dotenv as read_env_files
from nbmicro.web.dotenv import wants_dotenv
from nbmicro.web.hosting import hosting

if TYPE_CHECKING:
    from nbmicro.web.app import App

__all__ = ["run_app"]

#: What Werkzeug's development server takes besides; a notebook's server has no need of it.
OPTIONS = frozenset(
    [
        "use_reloader",
        "use_debugger",
        "use_evalex",
        "extra_files",
        "exclude_patterns",
        "reloader_interval",
        "reloader_type",
        "threaded",
        "processes",
        "request_handler",
        "static_files",
        "passthrough_errors",
        "ssl_context",
    ]
)


def _meant(name: str) -> str:
    near = did_you_mean(name, ["host", "port", "debug", "load_dotenv", *OPTIONS])
    return f" Did you mean `{near}=`?" if near else ""


def run_app(
    app: App, host: str | None, port: int | None, debug: bool | None, load_dotenv: bool, options: dict[str, Any]
) -> Any:
    """Serve ``app``; returns at once in a notebook, else when the server is stopped.

    Host and port default to SERVER_NAME's, then 127.0.0.1 and 5000. Does nothing when a command line already serves.
    """
    if os.environ.get("NBMICRO_RUN_FROM_CLI") == "true" or os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        return None
    if hosting.run_app is not None:
        for name in options:
            if name not in OPTIONS:
                raise TypeError(f"app.run() got an unexpected keyword argument {name!r}.{_meant(name)}")
        return hosting.run_app(app, host, port)
    if load_dotenv and wants_dotenv():
        read_env_files()
        if "NBMICRO_DEBUG" in os.environ or "FLASK_DEBUG" in os.environ:
            app.debug = ScriptInfo.debug_wanted()
    if debug is not None:
        app.debug = bool(debug)
    name_host, _, name_port = (app.config["SERVER_NAME"] or "").partition(":")
    host = host or name_host or "127.0.0.1"
    if port is None:
        port = int(name_port) if name_port else 5000
    options.setdefault("use_reloader", app.debug)
    options.setdefault("use_debugger", app.debug)
    options.setdefault("threaded", True)
    from werkzeug.serving import run_simple

    try:
        run_simple(host, port, app, **options)
    finally:
        app._got_first_request = False
    return None
