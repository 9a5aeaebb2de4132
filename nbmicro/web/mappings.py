"""Flask's public mappings of an app or blueprint: they show what is declared, and a change in them is a declaration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from nbmicro.web.declarations import Declaration, Place
from nbmicro.web.hooks import joined_name
from nbmicro.web.live import LiveDefaults, LiveDict, LiveList, differences, plain
from nbmicro.web.registration import Deferred

if TYPE_CHECKING:
    from nbmicro.web.scaffold import Scaffold
    from nbmicro.web.setup import Setup


class LiveMapping:
    """An attribute of apps and blueprints that is one of the classes below; setting it replaces all that is in it."""

    def __init__(self, make: Callable[..., Any], *details: Any) -> None:
        self._make, self._details = make, details

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, scaffold: Scaffold | None, owner: type | None = None) -> Any:
        if scaffold is None:
            return self
        # Held weakly: it holds the app, which is to go when nobody else does.
        known = scaffold.__dict__.setdefault("_mappings", WeakValueDictionary())
        mapping = known.get(self._name)
        if mapping is None:
            mapping = known[self._name] = self._make(scaffold, *self._details)
        return mapping

    def __set__(self, scaffold: Scaffold, value: Any) -> None:
        mapping = self.__get__(scaffold)
        scaffold.__dict__.setdefault("_before_set", {})[self._name] = plain(mapping)
        mapping._write(plain(value))

    def __delete__(self, scaffold: Scaffold) -> None:
        """Take back what was set: so ``mock.patch.object`` leaves a mapping as it was."""
        try:
            before = scaffold.__dict__.get("_before_set", {}).pop(self._name)
        except KeyError:
            raise AttributeError(self._name) from None
        self.__get__(scaffold)._write(before)


class Hooks(LiveDefaults):
    """The hooks of one kind: a list for each scope."""

    def __init__(self, scaffold: Scaffold, kind: str) -> None:
        super().__init__(list, _empty(scaffold, kind))
        self._scaffold, self._kind = scaffold, kind

    def _read(self) -> dict[Any, Any]:
        placed = self._scaffold.effects().placed
        return {
            scope: [one.value for one in standing]
            for (kind, scope), standing in placed.items()
            if kind == self._kind and standing
        }

    def _inner(self, key: Any) -> LiveList:
        return hook_list(self._scaffold, self._kind, key)


def _empty(scaffold: Scaffold, kind: Any) -> dict[Any, None]:
    """The keys of a mapping that are there with nothing declared."""
    return scaffold.__dict__.setdefault("_empty_keys", {}).setdefault(kind, {})  # type: ignore[no-any-return]


def merge_keys(app: Scaffold, blueprint: Scaffold, name: str) -> None:
    """Let the app's mappings have the keys that a blueprint's have with nothing declared, as it is registered."""
    for kind, keys in blueprint.__dict__.get("_empty_keys", {}).items():
        if isinstance(kind, tuple):
            _empty(app, (kind[0], joined_name(name, kind[1]))).update(keys)
        else:
            _empty(app, kind).update(dict.fromkeys(joined_name(name, key) for key in keys))


def hook_list(scaffold: Scaffold, kind: str, scope: str | None = None) -> LiveList:
    """The hooks of one kind and scope."""

    def read() -> list[Any]:
        return [_value(one, kind) for one in scaffold.effects().placed.get((kind, scope), ())]

    def write(changed: list[Any]) -> None:
        replace_hooks(scaffold, kind, scope, changed)
        _empty(scaffold, kind).setdefault(scope)  # the key stays when its list is empty

    return LiveList(read, write)


def replace_hooks(scaffold: Scaffold, kind: str, scope: str | None, functions: Sequence[Any]) -> None:
    """Let the hooks of a scope be these: what is missing is retracted, what is new is declared in its place."""
    before = scaffold.effects().placed.get((kind, scope), [])
    own = scope if scope is not None else False
    for removed, added, after in _differences(before, kind, functions):
        for number, target in enumerate(removed):
            origin = scaffold.retract(target, own, replaced=number < len(added))
            if number < len(added):
                place = Place(not before.index(target), after, origin)
                placed = place if after or origin is not None else None
                scaffold.declare(kind, _key(added[number]), added[number], scope=own, place=placed)
        for function in added[len(removed) :]:
            place = Place(not before or (bool(after) and before[0] is after[0]), after)
            scaffold.declare(kind, _key(function), function, scope=own, place=place if after else None)


def _differences(
    before: list[Declaration], kind: str, functions: Sequence[Any]
) -> Iterator[tuple[list[Declaration], list[Any], tuple[Declaration, ...]]]:
    """What was removed, what was added in its place, and what stands after it."""
    kept: list[int | None] = []
    start = 0
    for function in functions:
        found = next((at for at in range(start, len(before)) if _is(before[at], kind, function)), None)
        kept.append(found)
        start = found + 1 if found is not None else start
    begin, added = 0, list[Any]()
    for function, at in [*zip(functions, kept, strict=True), (None, len(before))]:
        if at is None:
            added.append(function)
            continue
        if before[begin:at] or added:
            yield before[begin:at], added, tuple(before[at:])
        begin, added = at + 1, []


def _value(one: Declaration, kind: str) -> Any:
    """What a declaration is in a list: its function, or one that declares it, among what a blueprint records."""
    return Deferred(one) if kind == "recorded" and one.kind != "recorded" else one.value


def _is(one: Declaration, kind: str, function: Any) -> bool:
    return one.value is function or (isinstance(function, Deferred) and _value(one, kind) == function)


def _key(function: Any) -> str:
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)


class ErrorHandlers(LiveDefaults):
    """``error_handler_spec``: by scope, status code and exception class."""

    def __init__(self, scaffold: Scaffold) -> None:
        super().__init__(lambda: defaultdict(dict), _empty(scaffold, "errorhandler"))
        self._scaffold = scaffold

    def _read(self) -> dict[Any, Any]:
        return self._scaffold.effects().error_handlers

    def _inner(self, key: Any) -> Any:
        return ErrorHandlersOfScope(self._scaffold, key)


class ErrorHandlersOfScope(LiveDefaults):
    """The handlers of one scope, by status code and exception class."""

    def __init__(self, scaffold: Scaffold, scope: str | None) -> None:
        super().__init__(dict, _empty(scaffold, ("errorhandler", scope)))
        self._scaffold, self._scope = scaffold, scope

    def _read(self) -> dict[Any, Any]:
        return self._scaffold.effects().error_handlers.get(self._scope, {})

    def _inner(self, key: Any) -> Any:
        return ErrorHandlersOfCode(self._scaffold, self._scope, key)


class ErrorHandlersOfCode(LiveDict):
    """The handlers of one scope and code, by exception class."""

    def __init__(self, scaffold: Scaffold, scope: str | None, code: int | None) -> None:
        super().__init__()
        self._scaffold, self._scope, self._code = scaffold, scope, code

    def _read(self) -> dict[Any, Any]:
        return self._scaffold.effects().error_handlers.get(self._scope, {}).get(self._code, {})

    def _write(self, changed: dict[Any, Any]) -> None:
        scope = self._scope if self._scope is not None else False
        _empty(self._scaffold, "errorhandler").setdefault(self._scope)
        _empty(self._scaffold, ("errorhandler", self._scope)).setdefault(self._code)
        for kind, function in differences(self._read(), changed):
            key = (self._code, f"{kind.__module__}.{kind.__qualname__}")
            self._scaffold.declare("errorhandler", key, (self._code, kind, function), scope=scope, instead=True)


class ViewFunctions(LiveDict):
    """``view_functions``: the function of each endpoint."""

    def __init__(self, scaffold: Scaffold) -> None:
        super().__init__()
        self._scaffold = scaffold

    def _read(self) -> dict[Any, Any]:
        return self._scaffold.effects().views

    def _write(self, changed: dict[Any, Any]) -> None:
        for endpoint, function in differences(self._read(), changed):
            self._scaffold.declare("view", endpoint, function, claim=endpoint, holder=function, instead=True)


class Blueprints(LiveDict):
    """``app.blueprints``: the registered blueprints by their full name."""

    def __init__(self, app: Setup) -> None:
        super().__init__()
        self._app = app

    def _read(self) -> dict[Any, Any]:
        return self._app.effects().blueprints

    def _write(self, changed: dict[Any, Any]) -> None:
        for name, blueprint in differences(self._read(), changed):
            self._app.declare("listed", name, blueprint, instead=True)
