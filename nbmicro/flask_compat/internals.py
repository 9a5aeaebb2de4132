"""What Flask's modules have under private names and extensions read, over nbmicro's own parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from importlib.metadata import version
from typing import Any

from blinker import Namespace

from nbmicro.web import signals
from nbmicro.web.blueprints import BlueprintSetupState
from nbmicro.web.commands.cli import group_options
from nbmicro.web.contexts import AppContext, current_context, current_request_context
from nbmicro.web.declarations import blueprints_of
from nbmicro.web.files import send_file_settings

_sentinel = object()
_env_file_option, _app_option, _debug_option, version_option = group_options(add_version=True, set_debug=True)
_signals = Namespace()
_signals.update({signal.name: signal for signal in vars(signals).values() if isinstance(signal, signals.OwnedSignal)})

DeferredSetupFunction = Callable[[BlueprintSetupState], None]
BeforeFirstRequestCallable = Callable[[], None]


class _ContextVariable:
    """A context variable of Flask's, to be read: nbmicro keeps both contexts in one of its own."""

    def __init__(self, name: str, current: Callable[[], AppContext | None]) -> None:
        self.name = name
        self._current = current

    def get(self, *default: Any) -> Any:
        """The context in effect here, else ``default``; LookupError where neither is."""
        context = self._current()
        if context is None and not default:
            raise LookupError(self.name)
        return default[0] if context is None else context


def _app_part() -> AppContext | None:
    context = current_context()
    return None if context is None or context.is_default else context.app_part


_cv_app = _ContextVariable("flask.app_ctx", _app_part)
_cv_request = _ContextVariable("flask.request_ctx", current_request_context)


def setupmethod(f: Callable[..., Any]) -> Callable[..., Any]:
    """A method that declares something; nbmicro's may do so at any time."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return f(self, *args, **kwargs)

    return update_wrapper(call, f)


def _endpoint_from_view_func(view_func: Callable[..., Any]) -> str:
    return view_func.__name__


def _split_blueprint_path(name: str) -> list[str]:
    """``a.b.c`` as ``["a.b.c", "a.b", "a"]``."""
    return blueprints_of(f"{name}.view")


def _prepare_send_file_kwargs(**kwargs: Any) -> dict[str, Any]:
    """What ``werkzeug.utils.send_file`` takes for the app and the request in effect here."""
    return kwargs | send_file_settings(kwargs.get("max_age"))


_werkzeug_version = ""


def _get_werkzeug_version() -> str:
    global _werkzeug_version
    _werkzeug_version = _werkzeug_version or version("werkzeug")
    return _werkzeug_version
