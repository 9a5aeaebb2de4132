"""Which override points of Flask's are replaced: by a subclass, on an object, or on one of the public classes itself.

The short way through the core calls none of them, so each request asks. A public class is therefore an empty one over
the class that was written: what a test or a tracer sets on it later lies alone in its dictionary, and to ask costs the
length of that. (A metaclass would notice too, and would forbid the user's: ``class Site(Flask, metaclass=Singleton)``.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from nbmicro.web.app import App


Kind = TypeVar("Kind", bound=type)

_COPIED = ("__module__", "__qualname__", "__doc__", "__firstlineno__", "__static_attributes__")

#: The public classes.
_watched: set[type] = set()
#: Empty until an override point is first set on an object, or an app gets a part of another class than the public one.
#: From then on each request looks at the objects themselves.
touched: list[str] = []

#: What an app is made of: its requests, its sessions, its JSON.
_PARTS = frozenset({"request_class", "session_interface", "json"})


class Replaceable:
    """An object of which it is noted when one of its override points is set on it."""

    #: The names of the override points that the short way leaves out or relies on.
    _points: frozenset[str] = frozenset()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if touched:
            return
        if name in self._points or (
            name in _PARTS and (value if isinstance(value, type) else type(value)) not in _watched
        ):
            touched.append(name)


def watched(points: str) -> Callable[[Kind], Kind]:
    """Put an empty class of the same name over the decorated one. ``points`` names its override points, those of the
    classes above it too."""

    def cover(written: Kind) -> Kind:
        own = vars(written)
        public: Kind = type(written)(written.__name__, (written,), {name: own[name] for name in _COPIED if name in own})
        written._points = frozenset(points.split())  # type: ignore[attr-defined]
        _watched.add(public)
        return public

    return cover


def overrides(kind: type) -> bool:
    """Whether a class replaces an override point of the public class that it is or comes from; True for one that comes
    from none."""
    points: frozenset[str] = getattr(kind, "_points", frozenset())
    below = True
    for one in kind.__mro__:
        is_public = one in _watched
        if (below or is_public) and not points.isdisjoint(vars(one)):
            return True
        below = below and not is_public
    return below


def is_own(one: object) -> bool:
    """Whether an object has an override point of its own, or one of its class."""
    return overrides(type(one)) or not type(one)._points.isdisjoint(one.__dict__)  # type: ignore[attr-defined]


def is_replaced(app: App) -> bool:
    """Whether a request of ``app`` must take each step when and as often as Flask does."""
    return is_own(app) or overrides(app.request_class) or is_own(app.session_interface)
