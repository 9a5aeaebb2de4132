"""nbmicro: a web microframework that lives in a notebook.

What lives here: the public names, :func:`load` for WSGI servers, and the two functions IPython calls for ``%load_ext
nbmicro``. What must not: anything that needs IPython when it is imported.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from markupsafe import Markup as Markup
from markupsafe import escape as escape

from nbmicro.web import blueprints, config, json, proxies, sessions, signals, views
from nbmicro.web.app import App
from nbmicro.web.blueprints import Blueprint
from nbmicro.web.config import Config
from nbmicro.web.contexts import has_app_context, has_request_context
from nbmicro.web.files import send_file, send_from_directory
from nbmicro.web.json import jsonify, provider, tag
from nbmicro.web.proxies import current_app, g, request, session
from nbmicro.web.return_values import make_response
from nbmicro.web.sessions import flash, get_flashed_messages
from nbmicro.web.signals import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    before_render_template,
    got_request_exception,
    message_flashed,
    request_finished,
    request_started,
    request_tearing_down,
    template_rendered,
)
from nbmicro.web.streaming import after_this_request, copy_current_request_context, stream_with_context
from nbmicro.web.templating import (
    get_template_attribute,
    render_template,
    render_template_string,
    stream_template,
    stream_template_string,
)
from nbmicro.web.urls import abort, redirect, url_for
from nbmicro.web.wrappers import Request, Response

if TYPE_CHECKING:
    from os import PathLike

    from nbmicro.client.bench import measure as measure
    from nbmicro.client.client import Client as Client
    from nbmicro.exchange.exchange import Exchange as Exchange

__version__ = "0.1.0"

Flask = App
"""The app under the name that a Flask lesson knows it by."""

# Flask's submodules by their names, so that `from flask.views import MethodView` needs only its first word changed.
# They are the same module objects as under nbmicro.web; flask.testing and flask.cli have none, as ours mean others.
for _name, _module in {
    "blueprints": blueprints,
    "config": config,
    "globals": proxies,
    "json": json,
    "json.provider": provider,
    "json.tag": tag,
    "sessions": sessions,
    "signals": signals,
    "views": views,
}.items():
    sys.modules[f"nbmicro.{_name}"] = _module

__all__ = [
    "App",
    "Blueprint",
    "Client",
    "Config",
    "Exchange",
    "Flask",
    "Markup",
    "Request",
    "Response",
    "abort",
    "after_this_request",
    "appcontext_popped",
    "appcontext_pushed",
    "appcontext_tearing_down",
    "before_render_template",
    "browse",
    "copy_current_request_context",
    "current_app",
    "escape",
    "explore",
    "flash",
    "g",
    "get_flashed_messages",
    "get_template_attribute",
    "got_request_exception",
    "has_app_context",
    "has_request_context",
    "install_as_flask",
    "json",
    "jsonify",
    "load",
    "make_response",
    "measure",
    "message_flashed",
    "redirect",
    "render_template",
    "render_template_string",
    "request",
    "request_finished",
    "request_started",
    "request_tearing_down",
    "send_file",
    "send_from_directory",
    "session",
    "signals",
    "stream_template",
    "stream_template_string",
    "stream_with_context",
    "template_rendered",
    "url_for",
]


# Names that an app does without: their modules are imported when they are first asked for.
_LAZY = {
    "Client": "nbmicro.client.client",
    "Exchange": "nbmicro.exchange.exchange",
    "measure": "nbmicro.client.bench",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LAZY[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def load(target: str | PathLike[str]) -> App:
    """Load an app for a WSGI server: ``gunicorn 'nbmicro:load("app.ipynb")'``.

    Parameters
    ----------
    target:
        A notebook, a Python file, or ``module:attribute``.

    Raises nbmicro.errors.LoadError, which names the cell and line, when it cannot be loaded.
    """
    from nbmicro.loading.loader import load as load_target

    return load_target(target)


def install_as_flask() -> None:
    """Let ``import flask`` give nbmicro from now on, so that extensions written for Flask run on it unmodified.

    Call it before anything imports Flask; ``nbmicro.flask_compat.uninstall()`` undoes it.

    Raises nbmicro.errors.NbmicroError when Flask itself is imported already.
    """
    from nbmicro.flask_compat.stand_in import install_as_flask as install

    install()


def browse(path: str = "/") -> None:
    """Show a browser in the running cell, as ``%browse`` does.

    Parameters
    ----------
    path:
        Where it begins.

    Raises nbmicro.errors.NbmicroError outside of a notebook in which nbmicro is loaded, RequestError for a path that is
    none, or where anywidget is not installed.
    """
    from nbmicro.notebook import extension

    extension.call("browse", path)


def explore() -> None:
    """Show the routes of the app with a form for each in the running cell, as ``%explore`` does.

    Raises nbmicro.errors.NbmicroError outside of a notebook in which nbmicro is loaded, RequestError where ipywidgets
    is not installed.
    """
    from nbmicro.notebook import extension

    extension.call("explore")


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython for ``%load_ext nbmicro``."""
    from nbmicro.notebook import extension

    extension.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Called by IPython for ``%unload_ext nbmicro``."""
    from nbmicro.notebook import extension

    extension.unload(shell)
