"""The frameworks that are known, and what they know together: whose app an object is, whose page a body, a module."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbmicro.foreign.adapter import Adapter
from nbmicro.foreign.bottle import Bottle
from nbmicro.foreign.django import Django
from nbmicro.foreign.flask import Flask, Quart
from nbmicro.foreign.starlette import FastAPI, Starlette

if TYPE_CHECKING:
    from nbmicro.exchange.records import ExchangeRecord
    from nbmicro.http.messages import ResponseRecord


class Litestar(Adapter):
    name = "Litestar"
    classes = (("litestar", "Litestar", True),)
    modules = frozenset({"litestar"})


class Falcon(Adapter):
    name = "Falcon"
    classes = (("falcon.asgi", "App", True), ("falcon", "App", False))
    modules = frozenset({"falcon"})


class Pyramid(Adapter):
    name = "Pyramid"
    classes = (("pyramid.router", "Router", False),)
    modules = frozenset({"pyramid", "webob"})


#: One that is built on another stands before it. Of the last three only the classes are known.
ADAPTERS: tuple[Adapter, ...] = (
    Flask(),
    Django(),
    FastAPI(),
    Starlette(),
    Quart(),
    Bottle(),
    Litestar(),
    Falcon(),
    Pyramid(),
)
#: What is known of an app that is no known framework's.
UNKNOWN = Adapter()

# Libraries whose code calls an app's, or is called for every request.
_LIBRARIES = frozenset({"a2wsgi", "click", "jinja2", "nbmicro", "waitress", "werkzeug"})
# Attributes under which a middleware keeps the app that it wraps, and how many of them are followed.
_WRAPPED = ("app", "wsgi_app", "application", "wrapped")
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """Whose app an object is, by the adapter of its framework, and whether it speaks ASGI."""

    adapter: Adapter
    is_async: bool

    @property
    def framework(self) -> str:
        """``Flask``, ``Django`` …; ``WSGI`` or ``ASGI`` where it is nobody's that we know."""
        return self.adapter.name or ("ASGI" if self.is_async else "WSGI")

    @property
    def spoken(self) -> str:
        """``a Flask app``, ``an ASGI app``."""
        return f"{'an' if self.framework[0] in 'A' else 'a'} {self.framework} app"


# -- apps --------------------------------------------------------------------------------------------------------------


def kind_of(candidate: object) -> Kind | None:
    """What an object is; None for one that cannot answer requests."""
    if inspect.isclass(candidate) and (_known(candidate) is not None or not hasattr(candidate, "__iter__")):
        return None
    if inspect.ismodule(candidate) or not callable(candidate):
        return None
    kind = _known(type(candidate))
    if kind is not None:
        return kind
    try:
        is_async = _speaks_asgi(candidate)
    except Exception:
        # A proxy of something that is not there now: Flask's `request` outside a request.
        return None
    if is_async is None:
        return None
    inner = _known(type(core_of(candidate)))
    return Kind(inner.adapter if inner is not None else UNKNOWN, is_async)


def core_of(app: object) -> Any:
    """The framework's own app inside the middlewares that are put around it; the object itself where none is seen."""
    core = app
    for _ in range(_DEPTH):
        if _known(type(core)) is not None:
            return core
        inner = getattr(core, "__self__", None) if inspect.ismethod(core) else None
        if inner is None:
            inner = next((value for name in _WRAPPED if callable(value := _attribute(core, name))), None)
        if inner is None:
            return app
        core = inner
    return app


def adapter_of(core: object) -> Adapter:
    """The adapter that reads an app's own object: by its class, else by how it keeps its routes."""
    kind = _known(type(core))
    if kind is not None:
        return kind.adapter
    return next((adapter for adapter in ADAPTERS if adapter.has_shape(core)), UNKNOWN)


def _attribute(candidate: object, name: str) -> Any:
    try:
        return getattr(candidate, name, None)
    except Exception:
        return None  # a property of somebody's object that fails


def _known(kind: type) -> Kind | None:
    for adapter in ADAPTERS:
        for module, name, is_async in adapter.classes:
            known = getattr(sys.modules.get(module), name, None)
            if isinstance(known, type) and issubclass(kind, known):
                return Kind(adapter, is_async)
    return None


def _speaks_asgi(candidate: Any) -> bool | None:
    """True for an ASGI app, False for a WSGI app, None for neither, as far as its signature shows."""
    call = getattr(candidate, "__call__", None)  # noqa: B004
    if inspect.iscoroutinefunction(candidate) or inspect.iscoroutinefunction(call):
        return True
    try:
        signature = inspect.signature(candidate)
    except (TypeError, ValueError):
        # Written in C: it cannot be looked at, so it is taken at its word.
        return False
    for count, is_async in ((2, False), (3, True)):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return is_async
    return None


# -- code, pages, requests ---------------------------------------------------------------------------------------------


def is_framework(module: str) -> bool:
    """Whether a module is Python's, nbmicro's or a web framework's, by its name."""
    top = module.partition(".")[0]
    return top in _LIBRARIES or top in sys.stdlib_module_names or any(top in adapter.modules for adapter in ADAPTERS)


def is_framework_page(response: ResponseRecord) -> bool:
    """Whether a body is an error page that a framework made by itself."""
    return not response.body.is_undecoded and any(adapter.is_page(response) for adapter in ADAPTERS)


def framework_hint(exchange: ExchangeRecord) -> str | None:
    """What to do about a response that refuses and is a framework's own; None where there is nothing to say."""
    if exchange.response.body.is_undecoded:
        return None
    return next((hint for adapter in ADAPTERS if (hint := adapter.hint(exchange))), None)


def framework_marks() -> dict[tuple[str, str], tuple[str, str]]:
    """The functions of all frameworks whose call is a step of a trace."""
    return {place: mark for adapter in ADAPTERS for place, mark in adapter.marks.items()}


def loading_hint(error: BaseException) -> str | None:
    """What to do about an app that failed while it was loaded."""
    return next((hint for adapter in ADAPTERS if (hint := adapter.loading_hint(error))), None)


def project_adapter(file: Path) -> Adapter | None:
    """The adapter of the framework whose project a file is known by; None for any other file."""
    return next((adapter for adapter in ADAPTERS if adapter.project_file == file.name), None)


def kept_modules() -> dict[str, str]:
    """The modules that some framework lets nobody import twice, each with the reason."""
    return {name: reason for adapter in ADAPTERS for name, reason in adapter.kept_modules().items()}


def no_server() -> Mapping[str, str]:
    """The environment variables that let no framework start a server while its app is loaded."""
    return {name: value for adapter in ADAPTERS for name, value in adapter.no_server.items()}
