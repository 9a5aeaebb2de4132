"""What declarations amount to where several stand together: hooks in order, error handlers, functions of endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from nbmicro.web.declarations import GONE, Declaration, Place

SCOPED_KINDS = (
    "before_request",
    "after_request",
    "teardown_request",
    "url_value_preprocessor",
    "url_defaults",
    "context_processor",
)
APP_KINDS = ("teardown_appcontext", "shell_context")
"""Hooks that only an app has, without scopes."""

Placed = dict[tuple[str, str | None], list[Declaration]]
Handlers = dict[str | None, dict[int | None, dict[type[Exception], Callable[..., Any]]]]


def _default_template_ctx_processor() -> dict[str, Any]:
    """The names that every template has without asking."""
    from nbmicro.web.proxies import g, request, session

    return {"g": g, "request": request, "session": session}


DEFAULT_PROCESSOR = Declaration("context_processor", "default", _default_template_ctx_processor)
"""As Flask lists it, first of each scope; templates have its names in any case."""


def joined_name(outer: str | None, inner: str | None) -> str | None:
    """The full name of a blueprint in another."""
    return f"{outer}.{inner}" if outer and inner else outer or inner


def scope_of(declaration: Declaration, outer: str | None) -> str | None:
    """The name of the blueprint that a declaration is for; None: the app. ``outer`` is where it is declared."""
    if isinstance(declaration.scope, str):
        return joined_name(outer, declaration.scope)
    return None if declaration.scope else outer


def class_key(kind: type) -> Any:
    """What a class is known by when the cell or module that made it makes it anew: its name, unless a function made
    it."""
    return kind if "<locals>" in kind.__qualname__ else (kind.__module__, kind.__qualname__)


def is_made_anew(one: type, other: type) -> bool:
    """Whether two classes are one that was made again."""
    return one.__qualname__ == other.__qualname__ and class_key(one) == class_key(other)


def handler_for(handlers: dict[type[Exception], Callable[..., Any]], kind: type) -> Callable[..., Any] | None:
    """The handler for exceptions of a class: of the nearest class above it that has one."""
    for ancestor in kind.__mro__:
        if ancestor in handlers:
            return handlers[ancestor]
        for known, handler in handlers.items():
            if is_made_anew(known, ancestor):
                return handler
    return None


class Effects:
    """Collects declarations, and says what they amount to."""

    def __init__(self) -> None:
        self.placed: Placed = {("context_processor", None): [DEFAULT_PROCESSOR]}
        self.error_handlers: Handlers = {}
        self.set_views: dict[str, Declaration] = {}
        self._gone: set[tuple[int, str | None]] = set()
        self._edits: list[tuple[str | None, Declaration]] = []
        self._ranks: dict[Any, int] = {}

    def retract(self, declarations: Iterable[Declaration], name: str | None) -> None:
        """Note which declarations are taken away, before any is collected."""
        for one in declarations:
            if one.kind == "retract":
                self._gone.add((id(one.value), scope_of(one, name)))

    def is_gone(self, declaration: Declaration, name: str | None) -> bool:
        """Whether a declaration was taken away by another."""
        if not self._gone:
            return False
        return (id(declaration), scope_of(declaration, name)) in self._gone or (id(declaration), name) in self._gone

    def collect(self, declaration: Declaration, name: str | None) -> bool:
        """Collect one that is declared where ``name`` is; False if it is of no kind that is collected here."""
        kind, scope = declaration.kind, scope_of(declaration, name)
        if kind in SCOPED_KINDS or kind in APP_KINDS:
            if declaration.place is not None:
                self._edits.append((scope, declaration))
            else:
                self.placed.setdefault((kind, scope), []).append(declaration)
        elif kind == "errorhandler":
            code, error_class, function = declaration.value
            if self.wins((kind, scope, code, class_key(error_class)), declaration):
                handlers = self.error_handlers.setdefault(scope, {}).setdefault(code, {})
                for other in [one for one in handlers if one is not error_class and is_made_anew(one, error_class)]:
                    del handlers[other]
                handlers[error_class] = function
        elif kind == "view":  # a blueprint's too: ``bp.endpoint`` takes the full name
            if self.wins((kind, declaration.key), declaration):
                self.set_views[str(declaration.key)] = declaration
        else:
            return kind == "retract"
        return True

    def collect_own(self, declaration: Declaration) -> None:
        """Collect a blueprint's own: what a registration calls, in order, and what the app is given as it is."""
        kind = declaration.kind
        if kind == "nested":
            self.placed.setdefault(("nested", None), []).append(declaration)
        elif kind == "recorded" and declaration.place is not None:
            self._edits.append((None, declaration))
        elif kind in ("recorded", "route") or declaration.scope is True:
            self.placed.setdefault(("recorded", None), []).append(declaration)
        else:
            self.collect(declaration, None)

    def wins(self, key: Any, declaration: Declaration) -> bool:
        """Whether a declaration is the latest so far of those with the same key."""
        if declaration.number < self._ranks.get(key, 0):
            return False
        self._ranks[key] = declaration.number
        return True

    def finish(self) -> None:
        """Put in its place what has one, and leave out what was taken away."""
        for (kind, _), standing in self.placed.items():
            if kind == "context_processor":
                # Of two that give one name the later counts: as of all that has a name, that of the cell that ran last.
                standing.sort(key=attrgetter("number"))
        for scope, one in sorted(self._edits, key=lambda edit: edit[1].number):
            place: Place = one.place  # type: ignore[assignment]
            standing = self.placed.setdefault((one.kind, scope), [])
            target = place.instead_of
            if target is None:
                standing.insert(_index(standing, place), one)
            elif target in standing:
                standing.insert(standing.index(target), one)
                self._gone.add((id(target), scope))
        if self._gone:
            for (kind, scope), standing in self.placed.items():
                self.placed[kind, scope] = [one for one in standing if (id(one), scope) not in self._gone]
        for name, codes in list(self.error_handlers.items()):
            for code, handlers in list(codes.items()):
                codes[code] = {kind: function for kind, function in handlers.items() if function is not GONE}
            self.error_handlers[name] = {code: handlers for code, handlers in codes.items() if handlers}
        self.error_handlers = {name: codes for name, codes in self.error_handlers.items() if codes}

    @property
    def views(self) -> dict[str, Callable[..., Any]]:
        """The functions that were set for endpoints."""
        return {endpoint: one.value for endpoint, one in self.set_views.items() if one.value is not GONE}

    def functions(self, kind: str) -> dict[str | None, list[Callable[..., Any]]]:
        """The hooks of a kind, by scope."""
        return {
            scope: functions
            for (one, scope), standing in self.placed.items()
            if one == kind and (functions := [hook.value for hook in standing if hook is not DEFAULT_PROCESSOR])
        }


def _index(standing: Sequence[Declaration], place: Place) -> int:
    """Where what ``place`` says stands among others. A hook that its cell has declared anew is known by its name."""
    for anchor in place.before:
        for index, one in enumerate(standing):
            if one is anchor or (one.key == anchor.key and anchor not in standing):
                return index
    return 0 if place.front else len(standing)
