"""The namespace behind ``g``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbmicro.web.contexts import current_context

__all__ = ["Namespace"]

_MISSING: Any = object()


class Namespace:
    """The namespace behind ``g``: attributes that live as long as an app context."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def get(self, name: str, default: Any = None) -> Any:
        """The attribute ``name``, or ``default``."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: Any = _MISSING) -> Any:
        """Remove the attribute ``name`` and return it; without a default a missing one raises KeyError."""
        return self.__dict__.pop(name) if default is _MISSING else self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The attribute ``name``, set to ``default`` first if it is missing."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, item: str) -> bool:
        return item in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        context = current_context()
        return f"<nbmicro.g of {context.app.name!r}>" if context is not None else object.__repr__(self)
