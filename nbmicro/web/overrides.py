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


class Replaceable:
    """An object that notes whether one of its override points is set on it."""

    #: The names of the override points that the short way leaves out or relies on.
    _points: frozenset[str] = frozenset()
    _replaced = False

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in self._points:
            self.__dict__["_replaced"] = True

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in self._points:
            self.__dict__["_replaced"] = not self._points.isdisjoint(self.__dict__)


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


def is_replaced(app: App) -> bool:
    """Whether a request of ``app`` must take each step when and as often as Flask does."""
    interface = app.session_interface
    return (
        app._replaced
        or getattr(interface, "_replaced", True)
        or overrides(type(app))
        or overrides(app.request_class)
        or overrides(type(interface))
    )
