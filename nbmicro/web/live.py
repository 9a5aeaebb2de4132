"""Lists and dicts that show what is declared, and declare what is changed in them.

They hold nothing themselves: what is read is made anew of the declarations in effect, so each thread and each cell sees
its own. Their classes are kinds of ``list`` and ``dict``, as Flask's mappings are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from nbmicro.web.declarations import GONE

_LIST_READS = """__add__ __contains__ __eq__ __ge__ __getitem__ __gt__ __iter__ __le__ __len__ __lt__ __mul__ __ne__
    __repr__ __reversed__ __rmul__ copy count index"""
_LIST_WRITES = "__delitem__ __iadd__ __imul__ __setitem__ append clear extend insert pop remove reverse sort"
_DICT_READS = """__contains__ __eq__ __ge__ __gt__ __iter__ __le__ __len__ __lt__ __ne__ __or__ __repr__ __reversed__
    __ror__ copy get items keys values"""
_DICT_WRITES = "__delitem__ __ior__ __setitem__ clear pop popitem update"


def _reading(name: str) -> Callable[..., Any]:
    def read(self: Any, /, *args: Any, **options: Any) -> Any:
        return getattr(self._shown(), name)(*map(_shown, args), **options)

    read.__name__ = name
    return read


def _writing(name: str) -> Callable[..., Any]:
    def write(self: Any, /, *args: Any, **options: Any) -> Any:
        changed = self._plain()
        result = getattr(changed, name)(*args, **options)
        self._write(changed)
        return self if result is changed else result

    write.__name__ = name
    return write


def _shown(value: Any) -> Any:
    return value._shown() if isinstance(value, (LiveList, LiveDict, LiveDefaults)) else value


def plain(value: Any) -> Any:
    """The same as ordinary lists and dicts, copied."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [*value] if isinstance(value, list) else value


def differences(before: dict[Any, Any], after: dict[Any, Any]) -> Iterable[tuple[Any, Any]]:
    """The keys whose values are not what they were, each with its new one; GONE where it has none."""
    gone = [(key, GONE) for key in before if key not in after]
    return [*gone, *((key, value) for key, value in after.items() if key not in before or before[key] is not value)]


class LiveList(list[Any]):
    """A list of declarations' values. ``read`` gives them, ``write`` is called with what they are to be."""

    __slots__ = ("__weakref__", "_read", "_write")

    def __init__(self, read: Callable[[], list[Any]], write: Callable[[list[Any]], None]) -> None:
        super().__init__()
        self._read, self._write = read, write

    def _shown(self) -> list[Any]:
        return self._read()

    def _plain(self) -> list[Any]:
        return [*self._read()]

    def __radd__(self, other: list[Any]) -> list[Any]:
        return other + self._read()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return list, (self._plain(),)


class _Dict:
    """What live dicts have in common."""

    __slots__ = ()

    def _read(self) -> dict[Any, Any]:
        raise NotImplementedError

    def _write(self, changed: dict[Any, Any]) -> None:
        raise NotImplementedError

    def _shown(self) -> dict[Any, Any]:
        return self._read()

    def _plain(self) -> dict[Any, Any]:
        return plain(self._read())  # type: ignore[no-any-return]

    def __getitem__(self, key: Any) -> Any:
        return self._read()[key]

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """As of dict."""
        if key not in self._read():
            self[key] = default
        return self[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        raise NotImplementedError

    def __reduce_ex__(self, protocol: Any) -> Any:
        return dict, (self._plain(),)


class LiveDict(_Dict, dict[Any, Any]):
    """A dict of declarations' values."""

    __slots__ = ("__weakref__",)


class LiveDefaults(_Dict, defaultdict[Any, Any]):
    """A dict of live lists or dicts, one for each key that is asked for.

    Parameters
    ----------
    empty:
        The keys that stay when nothing is declared for them, in order; kept by whoever makes this anew.
    """

    __slots__ = ("__weakref__", "_empty")

    def __init__(self, factory: Callable[[], Any], empty: dict[Any, None]) -> None:
        super().__init__(factory)
        self._empty = empty

    def _inner(self, key: Any) -> Any:
        """The live list or dict of a key."""
        raise NotImplementedError

    def _write(self, changed: dict[Any, Any]) -> None:
        for key in {**self._empty, **self._read(), **changed}:
            inner = self._inner(key)
            inner._write(changed.get(key, type(inner._plain())()))
        self._empty.clear()
        self._empty.update(dict.fromkeys(changed))

    def _keys(self) -> Iterable[Any]:
        return dict.fromkeys([*list(self._empty), *self._read()])

    def _shown(self) -> dict[Any, Any]:
        return {key: self._inner(key) for key in self._keys()}

    def _plain(self) -> dict[Any, Any]:
        return {key: plain(self._inner(key)) for key in self._keys()}

    def __getitem__(self, key: Any) -> Any:
        if key not in self._empty:
            self._empty.update(dict.fromkeys([*self._read(), key]))
        return self._inner(key)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """As of dict."""
        if default and key not in self._keys():
            self[key] = default
        return self[key]

    def __missing__(self, key: Any) -> Any:
        return self[key]


for _kind, _reads, _writes in (
    (LiveList, _LIST_READS, _LIST_WRITES),
    (LiveDict, _DICT_READS, _DICT_WRITES),
    (LiveDefaults, _DICT_READS, _DICT_WRITES),
):
    for _name in _reads.split():
        setattr(_kind, _name, _reading(_name))
    for _name in _writes.split():
        setattr(_kind, _name, _writing(_name))
