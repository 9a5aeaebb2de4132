"""Jinja2's environment as an app has it, with sources from memory before those on disk.

It is imported when the first template is needed, since Jinja2 takes its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import BaseLoader, Template, TemplateNotFound
from jinja2.utils import LRUCache

from nbmicro.printable import did_you_mean
from nbmicro.web.contexts import current_request_context, has_request_context, table_here
from nbmicro.web.declarations import GONE
from nbmicro.web.live import LiveDict, differences
from nbmicro.web.silence import Undefined

if TYPE_CHECKING:
    from nbmicro.web.app import App
    from nbmicro.web.scaffold import Scaffold
    from nbmicro.web.table import TemplateNames


_missing = object()
#: Compiled templates that are kept, for each of so many sets of filters, tests and globals.
_TEMPLATES, _SETS_OF_NAMES = 400, 2


class DeclaredNames(LiveDict):
    """Jinja's filters, tests or globals: those that owners declared before those that were there. ``base`` is what
    Jinja brings, ``declared`` gives the declared ones in effect now, and ``declare`` is called with a name and what it
    is set to."""

    def __init__(self, base: Any, declared: Callable[[], dict[str, Any]], declare: Callable[[str, Any], None]) -> None:
        super().__init__()
        self._base = dict(base)
        self._declared, self._declare = declared, declare

    def __getitem__(self, name: str) -> Any:
        declared = self._declared()
        value = declared[name] if name in declared else self._base[name]
        if value is GONE:
            raise KeyError(name)
        return value

    def _read(self) -> dict[str, Any]:
        names = {**self._base, **self._declared()}
        return {name: value for name, value in names.items() if value is not GONE}

    def copy(self) -> dict[str, Any]:
        """An ordinary dict of them."""
        return self._read()

    def __setitem__(self, name: str, value: Any) -> None:
        self._declare(name, value)

    def _write(self, changed: dict[str, Any]) -> None:
        for name, value in differences(self._read(), changed):
            self._declare(name, value)


class Environment(jinja2.Environment):
    """Jinja2's environment for one app: it looks for a template among the declared ones first. The options are
    Jinja2's; the loader is the app's unless they name one."""

    def __init__(self, app: App, **options: Any) -> None:
        if "loader" not in options:
            options["loader"] = app.create_global_jinja_loader()
        options.setdefault("undefined", Undefined)
        self.app = app
        super().__init__(**options)

    #: Whether a source without a name escapes as it did the last time: nobody else is to be asked.
    keeps_sources = True
    _caches: Any
    _last_cache: tuple[TemplateNames | None, Any]

    @property
    def cache(self) -> Any:
        """The compiled templates.

        Jinja2 computes filters of constants while it compiles, so what was compiled with other filters, tests or
        globals is another template; the last sets of them are kept apart, for requests in flight may differ in that.
        """
        names = table_here(self.app).template_names
        known, cache = self._last_cache
        if cache is None or known is not names:
            cache = self._caches.get(names)
            if cache is None:
                cache = self._caches[names] = LRUCache(_TEMPLATES)
            self._last_cache = (names, cache)
        return cache

    @cache.setter
    def cache(self, cache: object) -> None:
        self._caches = LRUCache(_SETS_OF_NAMES)
        self._last_cache = (None, None)

    def make_globals(self, d: Any) -> dict[str, Any]:
        """The globals of a template, in one dict: Jinja's chain of two costs each rendering more than a small page."""
        return {**self.globals.copy(), **(d or {})}

    def _load_template(self, name: str, globals: Any) -> Template:
        source = table_here(self.app).templates.get(name)
        if source is None:
            return super()._load_template(name, globals)
        template: Template | None = self.cache.get((name, source))
        if template is None:
            code = self.compile(source, name, f"<template {name}>")
            template = self.template_class.from_code(self, code, self.make_globals(None))
            self.cache[name, source] = template
        if globals:
            template.globals.update(globals)
        return template

    def from_source(self, source: str) -> Template:
        """The template of a source without a name; compiled once, however often it is rendered."""
        if not self.keeps_sources:
            return self.from_string(source)
        template: Template | None = self.cache.get((None, source))
        if template is None:
            template = self.cache[None, source] = self.from_string(source)
        return template


def declare_names(app: App, environment: jinja2.Environment) -> None:
    """Let an environment's filters, tests and globals be owned: whoever sets one declares it."""
    for kind in ("filter", "test", "global"):
        full, attribute = f"template_{kind}", f"{kind}s"
        base = getattr(environment, attribute)

        def declared(full: str = full) -> dict[str, Any]:
            return table_here(app).named[full]

        def declare(name: str, value: Any, full: str = full) -> None:
            if has_request_context() and table_here(app).named[full].get(name, _missing) is value:
                return  # a handler that sets it in each request
            app.declare(full, name, value, instead=True)

        if not isinstance(base, DeclaredNames):
            setattr(environment, attribute, DeclaredNames(base, declared, declare))


class AppLoader(BaseLoader):
    """Loads templates from the app's folder, then from its blueprints' in the order of their registration."""

    def __init__(self, app: App) -> None:
        self.app = app

    def _loaders(self) -> Iterator[tuple[Scaffold, BaseLoader]]:
        if self.app.jinja_loader is not None:
            yield self.app, self.app.jinja_loader
        for blueprint in table_here(self.app).blueprints.values():
            if blueprint.jinja_loader is not None:
                yield blueprint, blueprint.jinja_loader

    def get_source(self, environment: jinja2.Environment, template: str) -> Any:
        found = None
        attempts: list[tuple[BaseLoader, Scaffold, Any]] = []
        explains = self.app.config["EXPLAIN_TEMPLATE_LOADING"]
        for scaffold, loader in self._loaders():
            try:
                source = loader.get_source(environment, template)
            except TemplateNotFound:
                source = None
            attempts.append((loader, scaffold, source))
            found = found or source
            if found is not None and not explains:
                break
        if explains:
            _explain(self.app, template, attempts)
        if found is None:
            raise TemplateNotFound(template, message=_not_found(self.app, template))
        return found

    def list_templates(self) -> list[str]:
        names = set(table_here(self.app).templates)
        for _, loader in self._loaders():
            names.update(loader.list_templates())
        return sorted(names)


def _explain(app: App, template: str, attempts: Sequence[tuple[BaseLoader, Scaffold, Any]]) -> None:
    """Write to the app's log where a template was looked for, and what was found there (as Flask does)."""
    lines = [f"Locating template {template!r}:"]
    for number, (loader, scaffold, source) in enumerate(attempts, 1):
        whose = f"application {app.import_name!r}"
        if scaffold is not app:
            whose = f"blueprint {getattr(scaffold, 'name', '')!r} ({scaffold.import_name})"
        lines.append(f"{number:5}: trying loader of {whose}")
        lines.append(f"       class: {type(loader).__module__}.{type(loader).__name__}")
        lines += [f"       searched: {folder}" for folder in getattr(loader, "searchpath", ())]
        lines.append("       -> no match" if source is None else f"       -> found ({source[1] or '<string>'!r})")
    found = sum(source is not None for *_, source in attempts)
    if found != 1:
        lines.append("Warning: several loaders have it." if found else "Error: the template could not be found.")
        here = current_request_context()
        if here is not None and here.request.blueprint is not None:
            lines.append(f"  An endpoint of the blueprint {here.request.blueprint!r} asked for it.")
            lines.append("  Is it in the right folder? See https://flask.palletsprojects.com/blueprints/#templates")
    app.logger.info("\n".join(lines))


def _not_found(app: App, name: str) -> str:
    known = AppLoader(app).list_templates()
    near = did_you_mean(name, known)
    text = f"{name}: no template of that name."
    if near:
        return f"{text} Did you mean {near}?"
    return f"{text} Known: {', '.join(known[:8])}." if known else f"{text} There are none yet."
