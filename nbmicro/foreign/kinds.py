"""What an object is that is to answer requests: whose app, and whether it speaks WSGI or ASGI."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """Whose app an object is.

    Parameters
    ----------
    framework:
        ``Flask``, ``Django`` …; ``WSGI`` or ``ASGI`` where it is nobody's that we know.
    is_async:
        Whether it speaks ASGI.
    """

    framework: str
    is_async: bool

    @property
    def spoken(self) -> str:
        """``a Flask app``, ``an ASGI app``."""
        return f"{'an' if self.framework[0] in 'A' else 'a'} {self.framework} app"


# The more special class stands first.
_CLASSES = (
    ("flask", "Flask", "Flask", False),
    ("django.core.handlers.wsgi", "WSGIHandler", "Django", False),
    ("django.core.handlers.asgi", "ASGIHandler", "Django", True),
    ("fastapi", "FastAPI", "FastAPI", True),
    ("starlette.applications", "Starlette", "Starlette", True),
    ("quart", "Quart", "Quart", True),
    ("litestar", "Litestar", "Litestar", True),
    ("bottle", "Bottle", "Bottle", False),
    ("falcon.asgi", "App", "Falcon", True),
    ("falcon", "App", "Falcon", False),
    ("pyramid.router", "Router", "Pyramid", False),
)
#: Attributes under which a middleware keeps the app that it wraps, and how many of them are followed.
_WRAPPED = ("app", "wsgi_app", "application", "wrapped")
_DEPTH = 8


def kind_of(found: object) -> Kind | None:
    """What an object is; None for one that cannot answer requests."""
    if inspect.isclass(found) and (_known(found) is not None or not hasattr(found, "__iter__")):
        return None
    if inspect.ismodule(found) or not callable(found):
        return None
    own = _known(type(found))
    if own is not None:
        return own
    try:
        speaks = _protocol(found)
    except Exception:
        # A proxy of something that is not there now: Flask's `request` outside a request.
        return None
    if speaks is None:
        return None
    inner = _known(type(core_of(found)))
    return Kind(inner.framework if inner is not None else ("ASGI" if speaks else "WSGI"), speaks)


def core_of(app: object) -> Any:
    """The framework's own app inside the middlewares that are put around it; the object itself where none is seen."""
    seen = app
    for _ in range(_DEPTH):
        if _known(type(seen)) is not None:
            return seen
        inner = getattr(seen, "__self__", None) if inspect.ismethod(seen) else None
        if inner is None:
            inner = next((one for name in _WRAPPED if callable(one := _attribute(seen, name))), None)
        if inner is None:
            return app
        seen = inner
    return app


def _attribute(found: object, name: str) -> Any:
    try:
        return getattr(found, name, None)
    except Exception:
        # A property of somebody's object; it tells us nothing.
        return None


def _known(kind: type) -> Kind | None:
    for module, name, framework, is_async in _CLASSES:
        known = getattr(sys.modules.get(module), name, None)
        if isinstance(known, type) and issubclass(kind, known):
            return Kind(framework, is_async)
    return None


def _protocol(found: Any) -> bool | None:
    """True for an ASGI app, False for a WSGI app, None for neither, as far as its signature says."""
    if inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(getattr(found, "__call__", None)):  # noqa: B004
        return True
    try:
        signature = inspect.signature(found)
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
