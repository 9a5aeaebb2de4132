"""The part of an app that templates are set up with: their filters, tests and names, and Jinja2's environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from werkzeug.datastructures import ImmutableDict

from nbmicro.web.hosting import hosting
from nbmicro.web.proxies import g, request, session
from nbmicro.web.scaffold import Scaffold
from nbmicro.web.templating import autoescapes

if TYPE_CHECKING:
    from jinja2 import BaseLoader

    from nbmicro.web.app import App
    from nbmicro.web.environment import Environment

__all__ = ["AppTemplates"]

F = TypeVar("F", bound=Callable[..., Any])


class _EnvironmentClass:
    """The class of the templates' environment, loaded when it is first asked for."""

    def __get__(self, app: Any, kind: Any = None) -> type[Environment]:
        from nbmicro.web.environment import Environment

        return Environment


class AppTemplates(Scaffold):
    """What an app and its cells say of templates; see :class:`nbmicro.App`."""

    jinja_environment: type[Environment] = cast(Any, _EnvironmentClass())
    jinja_options: Mapping[str, Any] = ImmutableDict()

    @property
    def _app(self) -> App:
        """This object as what it always is: set-up is only ever part of an app."""
        return cast("App", self)

    def add_template(self, name: str, source: str) -> None:
        """Declare a template by its source; it comes before one of that name on disk."""
        self.declare("template", name, source)

    def template_filter(self, name: Any = None) -> Any:
        """Declare the decorated function as a template filter."""
        return self._named("template_filter", name)

    def add_template_filter(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Declare ``f`` as a template filter."""
        self.declare("template_filter", name or f.__name__, f)

    def template_test(self, name: Any = None) -> Any:
        """Declare the decorated function as a template test."""
        return self._named("template_test", name)

    def add_template_test(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Declare ``f`` as a template test."""
        self.declare("template_test", name or f.__name__, f)

    def template_global(self, name: Any = None) -> Any:
        """Declare the decorated function as a name that every template has."""
        return self._named("template_global", name)

    def add_template_global(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Declare ``f`` as a name that every template has."""
        self.declare("template_global", name or f.__name__, f)

    def _named(self, kind: str, name: Any) -> Any:
        if callable(name):  # @app.template_filter without parentheses
            self.declare(kind, name.__name__, name)
            return name

        def decorate(f: F) -> F:
            self.declare(kind, name or f.__name__, f)
            return f

        return decorate

    @cached_property
    def jinja_env(self) -> Environment:
        """Jinja2's environment, made when it is first needed."""
        return self.create_jinja_environment()

    def create_jinja_environment(self) -> Environment:
        """A new Jinja2 environment; an override point."""
        from nbmicro.web.flashing import get_flashed_messages

        options = dict(self.jinja_options)
        options.setdefault("autoescape", self.select_jinja_autoescape)
        if "auto_reload" not in options:
            reload = self._app.config["TEMPLATES_AUTO_RELOAD"]
            options["auto_reload"] = self._app.debug or hosting.auto_reload if reload is None else reload
        environment = self.jinja_environment(self._app, **options)
        environment.globals.update(
            url_for=self._app.url_for,
            get_flashed_messages=get_flashed_messages,
            config=self._app.config,
            request=request,
            session=session,
            g=g,
        )
        environment.policies["json.dumps_function"] = self._app.json.dumps
        environment.declared_names()
        return environment

    def create_global_jinja_loader(self) -> BaseLoader:
        """The loader of all templates on disk; an override point."""
        from nbmicro.web.environment import AppLoader

        return AppLoader(self._app)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Whether a template escapes what it shows; an override point."""
        return autoescapes(filename)
