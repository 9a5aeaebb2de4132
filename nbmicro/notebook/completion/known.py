"""What the notebook knows that Tab can offer: routes and their paths, templates, files, names, the last responses."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

from nbmicro.exchange.exchange import Exchange
from nbmicro.http.methods import COMMON_METHODS
from nbmicro.web.app import App
from nbmicro.web.route_info import RouteInfo, routes_of
from nbmicro.web.rules import CONVERTERS, Parameter, literal_start, parameters, rule_parts
from nbmicro.web.table import Table

#: As many are offered at once; nobody reads more.
MOST = 200
_WITH_SLASHES = ("path", "rule", "file")
_MOST_FILES = 500
_LARGEST_JSON = 256 * 1024

_routes: WeakKeyDictionary[Table, tuple[RouteInfo, ...]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to put at the cursor, and what kind of thing it is (shown beside it)."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Completed:
    """What stands before the cursor and would be replaced, and what by."""

    fragment: str
    offers: tuple[Offer, ...]

    @classmethod
    def among(cls, fragment: str, words: Iterable[str], kind: str) -> Completed:
        """The words that begin as ``fragment`` does, in any case."""
        low = fragment.lower()
        return cls(fragment, tuple(Offer(word, kind) for word in words if word.lower().startswith(low))[:MOST])

    def from_last_slash(self) -> Completed:
        """The same, with the folders that are typed already left alone.

        JupyterLab adds words of the cell that begin as the last word does, and would list them before a path that
        began further left: ``%http /h`` with Tab and Enter would make ``/http``.
        """
        typed = self.fragment[: self.fragment.rfind("/") + 1]
        whole = all(offer.kind in _WITH_SLASHES and offer.text.startswith(typed) for offer in self.offers)
        if not typed or not whole:
            return self
        offers = tuple(Offer(text, offer.kind) for offer in self.offers if (text := offer.text[len(typed) :]))
        return Completed(self.fragment[len(typed) :], offers)

    def and_(self, other: Completed) -> Completed:
        """These and those of ``other``, which replaces the same."""
        return Completed(self.fragment, (*self.offers, *other.offers)[:MOST])


class Known:
    """What can be offered.

    Parameters
    ----------
    target:
        Gives the app that requests go to; it may raise when there is none.
    names:
        The notebook's variables, without those that are hidden from ``%who``.
    history:
        The exchanges so far, oldest first.
    helps:
        The help of each magic, by its name.
    folder:
        Where files are looked for.
    """

    def __init__(
        self,
        target: Callable[[], Any],
        names: Mapping[str, Any],
        history: Iterable[Exchange] = (),
        helps: Mapping[str, str] | None = None,
        folder: str = ".",
    ) -> None:
        self._target, self.names, self._history = target, names, history
        self.helps = helps or {}
        self.folder = folder

    @property
    def app(self) -> App | None:
        """The app, where it is nbmicro's."""
        app = self._app()
        return app if isinstance(app, App) else None

    def _app(self) -> Any:
        try:
            return self._target()
        except Exception:  # whatever it is that the notebook has no app: Tab is not the place to say so
            return None

    # -- the app -------------------------------------------------------------------------------------------------

    def routes(self) -> Sequence[RouteInfo]:
        """The routes of the app, in order."""
        app = self._app()
        if not isinstance(app, App):
            return routes_of(app) if app is not None else ()
        table = app.newest().tables.current()
        known = _routes.get(table)
        if known is None:
            every = COMMON_METHODS
            known = _routes[table] = tuple(
                RouteInfo(route.rule, tuple(route.methods or every), route.endpoint) for route in table.routes
            )
        return known

    def templates(self) -> list[str]:
        """The names of templates, those of cells and those on disk."""
        if self.app is None:
            return []
        from nbmicro.web.environment import AppLoader

        return sorted(AppLoader(self.app.newest()).list_templates())

    def template_names(self, kind: str) -> list[str]:
        """Jinja's ``filters``, ``tests`` or ``globals`` of the app."""
        return sorted(getattr(self.app.newest().jinja_env, kind)) if self.app is not None else []

    def static_paths(self) -> list[str]:
        """The paths of static files, those of cells and those on disk."""
        if self.app is None:
            return []
        app = self.app.newest()
        folder = app.static_folder
        found = set(app.tables.current().static_files)
        for place, _, files in os.walk(folder) if folder else ():
            if len(found) > _MOST_FILES:
                break
            found.update(os.path.relpath(os.path.join(place, file), folder).replace(os.sep, "/") for file in files)
        return sorted(found)

    # -- the last responses --------------------------------------------------------------------------------------

    def paths_of(self, rule: str) -> list[str]:
        """Paths that were asked for and that ``rule`` answered, newest first."""
        return self._paths().get(rule, [])

    def _paths(self) -> dict[str, list[str]]:
        if not hasattr(self, "_asked"):
            self._asked: dict[str, list[str]] = {}
            for exchange in reversed(list(self._history)):
                if exchange.rule is not None and exchange.status < 400:
                    paths = self._asked.setdefault(exchange.rule, [])
                    if exchange.request.path not in paths:
                        paths.append(exchange.request.path)
        return self._asked

    def last_exchange(self, method: str = "", path: str = "", *, json: bool = False) -> Exchange | None:
        """The exchange of the last such request; else the last of all."""
        best = None
        for exchange in reversed(list(self._history)):
            if json and (exchange.response.body.size > _LARGEST_JSON or exchange.json is None):
                continue
            if (exchange.request.method, exchange.request.path) == (method, path):
                return exchange
            best = best or exchange
        return best

    # -- the notebook --------------------------------------------------------------------------------------------

    def options(self, magic: str) -> tuple[str, ...]:
        """The options that a magic's help has."""
        found = re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", self.helps.get(magic, ""))
        return (*dict.fromkeys(option for option in found if option != "-"), "--help")

    def files(self, fragment: str, ends: tuple[str, ...] = ()) -> list[str]:
        """Files and folders whose path begins with ``fragment``; ``ends`` are the endings that files may have."""
        place, _, start = fragment.rpartition("/")
        root = os.path.join(self.folder, os.path.expanduser(f"{place}/" if place or fragment.startswith("/") else ""))
        found = []
        try:
            with os.scandir(root or ".") as entries:
                for entry in entries:
                    if not entry.name.startswith(start) or (entry.name.startswith(".") and not start):
                        continue
                    folder = entry.is_dir()
                    if folder or not ends or entry.name.endswith(ends):
                        found.append(f"{fragment[: len(fragment) - len(start)]}{entry.name}{'/' if folder else ''}")
                    if len(found) >= _MOST_FILES:
                        break
        except OSError:
            return []
        return sorted(found)


def paths(typed: str, known: Known, methods: tuple[str, ...] = (), *, first: str | None = None) -> Completed:
    """The paths that ``typed`` is the beginning of, of routes that answer one of ``methods`` (any without).

    ``first`` is a rule that counts before them, though it need not be declared yet.
    """
    wanted = set(methods)
    found: dict[str, None] = {}
    for route in chain([RouteInfo(first, methods)] if first is not None else [], known.routes()):
        if len(found) >= MOST:
            break
        if wanted and wanted.isdisjoint(route.methods):
            continue
        if "<" not in route.rule:
            if route.rule.startswith(typed):
                found[route.rule] = None
            continue
        if route.endpoint.rpartition(".")[2] == "static":
            found.update(dict.fromkeys(_static(route.rule, typed, known)))
            continue
        path = _filled(route.rule, typed)
        if path is None:
            continue
        asked = [path for path in known.paths_of(route.rule) if path.startswith(typed)]
        found.update(dict.fromkeys([*asked[:2], path]))
    found.pop(typed, None)
    return Completed(typed, tuple(Offer(path, "path") for path in found))


def _static(rule: str, typed: str, known: Known) -> list[str]:
    """The files that there are, in the place of a folder's rule."""
    head = literal_start(rule)
    files = known.static_paths() if typed.startswith(head) or head.startswith(typed) else []
    return [path for file in files if (path := f"{head}{file}").startswith(typed)]


def endpoint_values(endpoint: str, routes: tuple[RouteInfo, ...] | list[RouteInfo]) -> list[str]:
    """The names of the values that ``url_for`` wants for an endpoint."""
    names = (parameter.name for route in routes if route.endpoint == endpoint for parameter in parameters(route.rule))
    return list(dict.fromkeys(names))


def _filled(rule: str, typed: str) -> str | None:
    """``typed`` completed to a path that ``rule`` answers; None where it cannot become one."""
    head = literal_start(rule)
    if not (typed.startswith(head) or head.startswith(typed)):
        return None
    try:
        parts = rule_parts(rule)
    except ValueError:
        return None
    path, left = "", typed
    for part in parts:
        if isinstance(part, str):
            if left.startswith(part):
                left = left[len(part) :]
            elif part.startswith(left):
                left = ""
            else:
                return None
            path += part
            continue
        value = left if part.converter == "path" else left.partition("/")[0]
        if value and not _fits(part, value):
            return None
        left = left[len(value) :]
        path += value or _example(part)
    return None if left else path


def _example(parameter: Parameter) -> str:
    if parameter.converter == "any":
        return parameter.words[0]
    converter = CONVERTERS.get(parameter.converter)
    return converter.example if converter is not None else parameter.name


def _fits(parameter: Parameter, value: str) -> bool:
    if "{{" in value:
        return True
    return parameter.converter not in ("int", "float") or value.lstrip("-").replace(".", "", 1).isdigit()
