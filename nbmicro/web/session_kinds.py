"""The kinds of sessions: dicts that note when they are looked at and when they are changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug.datastructures import CallbackDict

from nbmicro.web.proxies import offered

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_keys, dict_values

__all__ = ["NO_KEY", "NullSession", "SecureCookieSession", "SessionMixin"]

NO_KEY = (
    "The session is unavailable: the app has no secret key to sign it with. Set one that only the app knows: "
    'app.secret_key = "…". To make one: python -c "import secrets; print(secrets.token_hex())"'
)


class SessionMixin(MutableMapping[str, Any]):
    """What a session has besides the items of a dict.

    Attributes
    ----------
    new:
        Whether it began with this request; a kind of session that cannot tell says False.
    modified:
        Whether it must be saved. A kind that cannot tell says True.
    accessed:
        Whether the handler looked at it, so that the response depends on the cookie. A kind that cannot tell says True.
    """

    new = False
    modified = True
    accessed = True

    @property
    def permanent(self) -> bool:
        """Whether the cookie outlives the browser's session, for ``PERMANENT_SESSION_LIFETIME``."""
        return bool(self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


class SecureCookieSession(CallbackDict[str, Any], SessionMixin):
    """A session that is a dict, and notes when it is looked at and when it is changed.

    A change inside a value (``session["cart"].append(…)``) is not seen: set ``session.modified = True`` then.

    Parameters
    ----------
    initial:
        What the cookie held.
    """

    modified = False
    accessed = False

    def __init__(self, initial: Mapping[str, Any] | None = None) -> None:
        def changed(session: Any) -> None:
            session.modified = session.accessed = True

        super().__init__(initial, changed)

    def __getitem__(self, key: str) -> Any:
        self.accessed = True
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The item ``key``, or ``default``."""
        self.accessed = True
        return dict.get(self, key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The item ``key``, set to ``default`` first if it is missing."""
        self.accessed = True
        return super().setdefault(key, default)

    def __contains__(self, key: object) -> bool:
        self.accessed = True
        return dict.__contains__(self, key)

    def __iter__(self) -> Iterator[str]:
        self.accessed = True
        return dict.__iter__(self)

    def __len__(self) -> int:
        self.accessed = True
        return dict.__len__(self)

    def keys(self) -> dict_keys[str, Any]:
        """The names of the items."""
        self.accessed = True
        return dict.keys(self)

    def values(self) -> dict_values[str, Any]:
        """The items' values."""
        self.accessed = True
        return dict.values(self)

    def items(self) -> dict_items[str, Any]:
        """The items, as pairs."""
        self.accessed = True
        return dict.items(self)


class NullSession(SecureCookieSession):
    """The session of an app without a secret key: it can be read, and is empty; writing it raises RuntimeError."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(NO_KEY)

    __setitem__ = __delitem__ = clear = pop = popitem = update = setdefault = __ior__ = _refuse


offered["Session"] = SecureCookieSession
