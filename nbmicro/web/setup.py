"""The part of an app that is set up: configuration, routes, blueprints, templates, extensions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeVar, cast
from weakref import WeakSet, ref

from werkzeug.datastructures import ImmutableDict
from werkzeug.exceptions import Aborter
from werkzeug.routing import Map, Rule

from nbmicro.web.blueprints import Blueprint, check_blueprint, check_slash
from nbmicro.web.config import Config, ConfigAttribute, debug_wanted
from nbmicro.web.contexts import Namespace, table_here
from nbmicro.web.declarations import Route, Scope, StaticFile
from nbmicro.web.extension_entries import Extensions
from nbmicro.web.figures import keep_figures_apart
from nbmicro.web.files import find_instance_path, open_file
from nbmicro.web.hosting import hosting
from nbmicro.web.json.provider import DefaultJSONProvider, JSONProvider
from nbmicro.web.ledger import Ledger
from nbmicro.web.logs import create_logger
from nbmicro.web.mappings import Blueprints, LiveMapping, hook_list
from nbmicro.web.overrides import Replaceable
from nbmicro.web.owners import Run, current_owner, current_run
from nbmicro.web.proxies import g, request, session
from nbmicro.web.registration import is_registering
from nbmicro.web.rulemap import LiveMap, RouteRule, live_map_class, rule_of
from nbmicro.web.scaffold import Scaffold
from nbmicro.web.sessions import SecureCookieSessionInterface, SessionInterface
from nbmicro.web.table import Table, Tables
from nbmicro.web.templating import autoescapes
from nbmicro.web.wrappers import Request, Response

if TYPE_CHECKING:
    from jinja2 import BaseLoader

    from nbmicro.web.app import App
    from nbmicro.web.environment import Environment


F = TypeVar("F", bound=Callable[..., Any])


_ADD_URL_RULE = Scaffold.add_url_rule


class _EnvironmentClass:
    """The class of the templates' environment, loaded when it is first asked for."""

    def __get__(self, app: Any, kind: Any = None) -> type[Environment]:
        from nbmicro.web.environment import Environment

        return Environment


class _TemplatesEnvironment(cached_property[Any]):
    """The environment of the templates: what is declared belongs to one that is set, too."""

    def __set__(self, app: Any, environment: Any) -> None:
        from nbmicro.web.environment import declare_names

        app.__dict__[self.attrname] = environment
        if hasattr(environment, "filters"):
            declare_names(app._app, environment)

    def __delete__(self, app: Any) -> None:
        del app.__dict__[self.attrname]


def as_timedelta(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)


class Setup(Replaceable, Scaffold):
    """Everything of an app that is used while it is put together; see :class:`nbmicro.App`."""

    every: ClassVar[WeakSet[Any]] = WeakSet()
    """All apps there are; a host looks here for what a cell has declared."""

    request_class: type[Request] = Request
    response_class: type[Response] = Response
    url_rule_class: type[Rule] = RouteRule
    url_map_class: type[Map] = Map
    config_class: type[Config] = Config
    app_ctx_globals_class: type = Namespace
    aborter_class: type[Aborter] = Aborter
    json_provider_class: type[JSONProvider] = DefaultJSONProvider
    session_interface: SessionInterface = SecureCookieSessionInterface()
    jinja_environment: type[Environment] = cast(Any, _EnvironmentClass())
    jinja_options: Mapping[str, Any] = ImmutableDict()
    test_client_class: Any = None
    test_cli_runner_class: Any = None

    teardown_appcontext_funcs = LiveMapping(hook_list, "teardown_appcontext")
    shell_context_processors = LiveMapping(hook_list, "shell_context")
    blueprints = LiveMapping(Blueprints)

    testing = ConfigAttribute[bool]("TESTING")
    secret_key = ConfigAttribute[str | bytes | None]("SECRET_KEY")
    permanent_session_lifetime = ConfigAttribute[timedelta]("PERMANENT_SESSION_LIFETIME", get_converter=as_timedelta)

    default_config = ImmutableDict(
        {
            "DEBUG": None,
            "TESTING": False,
            "PROPAGATE_EXCEPTIONS": None,
            "SECRET_KEY": None,
            "SECRET_KEY_FALLBACKS": None,
            "PERMANENT_SESSION_LIFETIME": timedelta(days=31),
            "USE_X_SENDFILE": False,
            "TRUSTED_HOSTS": None,
            "SERVER_NAME": None,
            "APPLICATION_ROOT": "/",
            "SESSION_COOKIE_NAME": "session",
            "SESSION_COOKIE_DOMAIN": None,
            "SESSION_COOKIE_PATH": None,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SECURE": False,
            "SESSION_COOKIE_PARTITIONED": False,
            "SESSION_COOKIE_SAMESITE": None,
            "SESSION_REFRESH_EACH_REQUEST": True,
            "MAX_CONTENT_LENGTH": None,
            "MAX_FORM_MEMORY_SIZE": 500_000,
            "MAX_FORM_PARTS": 1_000,
            "SEND_FILE_MAX_AGE_DEFAULT": None,
            "TRAP_BAD_REQUEST_ERRORS": None,
            "TRAP_HTTP_EXCEPTIONS": False,
            "EXPLAIN_TEMPLATE_LOADING": False,
            "PREFERRED_URL_SCHEME": "http",
            "TEMPLATES_AUTO_RELOAD": None,
            "MAX_COOKIE_SIZE": 4093,
            "PROVIDE_AUTOMATIC_OPTIONS": True,
        }
    )

    def __init__(
        self,
        import_name: str,
        static_url_path: str | None = None,
        static_folder: str | os.PathLike[str] | None = "static",
        static_host: str | None = None,
        host_matching: bool = False,
        subdomain_matching: bool = False,
        template_folder: str | os.PathLike[str] | None = "templates",
        instance_path: str | None = None,
        instance_relative_config: bool = False,
        root_path: str | None = None,
    ) -> None:
        again = self._succeed("app", import_name)
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        for stale in ("jinja_loader", "jinja_env", "name", "logger"):
            self.__dict__.pop(stale, None)
        if instance_path is None:
            instance_path = self.auto_find_instance_path()
        elif not os.path.isabs(instance_path):
            raise ValueError(f"The instance path must be absolute; {instance_path!r} is not.")
        self.instance_path = instance_path
        self.subdomain_matching = subdomain_matching
        if not again:
            self.config = self.make_config(instance_relative_config)
            self.ledger = Ledger()
            held = self._held()
            self.tables = Tables(self.ledger, lambda run: held()._make_table(run))
            self.extensions: MutableMapping[str, Any] = Extensions(self.ledger)
            self.url_build_error_handlers: list[Callable[[Exception, str, dict[str, Any]], str]] = []
            self._got_first_request = False
        self.aborter = self.make_aborter()
        self.json: JSONProvider = self.json_provider_class(self._app)
        self._connect(self.url_map_class(host_matching=host_matching))
        self.every.add(self)
        keep_figures_apart()
        if self.has_static_folder:
            if bool(static_host) != host_matching:
                raise AssertionError("static_host and host_matching go together: give both or neither.")
            self.add_url_rule(f"{self.static_url_path}/<path:filename>", "static", _static_view(self), host=static_host)

    def _make_table(self, run: Run | None) -> Table:
        return Table(self.ledger, run, self.url_map, self.url_rule_class, self.url_map_class)

    def _held(self) -> Callable[[], Setup]:
        """What the app holds holds the app weakly, so that its last user frees it, at once."""
        return cast("Callable[[], Setup]", ref(self))

    @property
    def url_map(self) -> Map:
        """The rules in effect; adding to it declares. Another map may be set: its rules take the place of all."""
        if "url_map" not in self.__dict__:
            raise AttributeError(f"{self!r} has no map of rules: it was deleted")
        value: Map = self.__dict__["url_map"]
        return value

    @url_map.deleter
    def url_map(self) -> None:
        del self.__dict__["url_map"]

    @url_map.setter
    def url_map(self, value: Map) -> None:
        before = self.__dict__.get("url_map")
        if value is before:
            return
        if not isinstance(before, Map) or not isinstance(value, Map):
            self.__dict__["url_map"] = value  # What is no map is no more than an attribute, as in Flask.
            return
        rules = [] if isinstance(value, LiveMap) else list(value.iter_rules())
        in_effect = [one.declaration for one in self.ledger.entries(current_run())]
        before.__dict__["_left"] = [one for one in in_effect if one.kind in ("route", "rule")]
        views = dict(self.view_functions)
        for declaration in before.__dict__["_left"]:
            self.retract(declaration)
        self._connect(value)
        self.view_functions.update(views)  # they stay, without a rule
        for rule in rules:
            self.declare("rule", str(rule.rule), rule)
        for declaration in value.__dict__.pop("_left", ()):
            self.ledger.declare(declaration)

    def _connect(self, url_map: Map) -> None:
        """Make a map of Werkzeug's the live one of this app."""
        held = self._held()
        url_map.__class__ = live_map_class(type(url_map))
        assert isinstance(url_map, LiveMap)
        url_map.connect(
            lambda: held().tables.current().map,
            lambda rule: held().declare("rule", str(rule.rule), rule),
            lambda: held().tables.start_anew(),
        )
        self.__dict__["url_map"] = url_map
        self.tables.start_anew()

    # -- identity ------------------------------------------------------------------------------------------------

    @property
    def _app(self) -> App:
        """This object as what it always is: set-up is only ever part of an app."""
        return cast("App", self)

    @cached_property
    def name(self) -> str:  # type: ignore[override]
        """The import name, or the file's name when the app is in ``__main__``."""
        if self.import_name == "__main__":
            path = getattr(sys.modules["__main__"], "__file__", None)
            return os.path.splitext(os.path.basename(path))[0] if path else "__main__"
        return self.import_name

    @cached_property
    def logger(self) -> Any:
        """The app's logger, named as the app is."""
        return create_logger(self._app)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    # -- configuration -------------------------------------------------------------------------------------------

    def make_config(self, instance_relative: bool = False) -> Config:
        """The configuration with its defaults; an override point."""
        root = self.instance_path if instance_relative else self.root_path
        defaults = dict(self.default_config)
        defaults["DEBUG"] = debug_wanted()
        return self.config_class(root, defaults)

    def make_aborter(self) -> Aborter:
        """What ``abort`` calls; an override point."""
        return self.aborter_class()

    @property
    def debug(self) -> bool:
        """Whether debug mode is on."""
        on: bool = self.config["DEBUG"]
        return on

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value
        if self.config["TEMPLATES_AUTO_RELOAD"] is None and "jinja_env" in self.__dict__:
            self.jinja_env.auto_reload = value or hosting.auto_reload

    # -- routes --------------------------------------------------------------------------------------------------

    @property
    def _answers_options(self) -> bool:
        return bool(self.config["PROVIDE_AUTOMATIC_OPTIONS"])

    def _checked(self, route: Route) -> Route:
        return replace(route, bound=rule_of(route, self.url_rule_class, self.url_map))

    def _claimed(self, claim: str) -> Any:
        who = current_owner()
        claimed = self.ledger.claimed(claim, who)
        if claimed is None and "." in claim and who.owner.kind != "cell" and not is_registering():
            return self.view_functions.get(claim)  # a blueprint's
        return claimed

    def routes(self) -> tuple[Route, ...]:
        """The routes in effect."""
        return tuple(self.tables.current().routes)

    def openapi(self, *, title: str | None = None, version: str | None = None) -> dict[str, Any]:
        """The app described in OpenAPI 3.1, ready for ``json.dumps``; see :func:`nbmicro.web.openapi.describe`."""
        from nbmicro.web.openapi import describe

        return describe(self._app, title=title, version=version)

    def effects(self) -> Table:
        """What the declarations amount to now: the table in effect here."""
        return table_here(self._app)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Make a blueprint's declarations part of the app, those to come too (Flask, ``register_blueprint``)."""
        check_blueprint(blueprint)
        blueprint.register(self._app, options)

    @property
    def adds_rules_plainly(self) -> bool:
        """Whether nobody has overridden what adds a blueprint's routes, here or in the configuration."""
        own = type(self).add_url_rule is _ADD_URL_RULE and "add_url_rule" not in self.__dict__
        return own and bool(self.config["PROVIDE_AUTOMATIC_OPTIONS"])

    def scoped(self, route: Route, scope: Scope) -> Route:
        """A blueprint's route as one of the app's; raise where it cannot be."""
        scoped = scope.route(route)
        check_slash(scoped.rule)
        return self._checked(scoped)

    def iter_blueprints(self) -> Any:
        """The registered blueprints in the order of registration."""
        return self.blueprints.values()

    # -- hooks of the app alone ----------------------------------------------------------------------------------

    def teardown_appcontext(self, f: F) -> F:
        """Call ``f(exc)`` when an app context ends."""
        return self._hook("teardown_appcontext", f)

    def shell_context_processor(self, f: F) -> F:
        """Let ``f()`` give names to the interactive shell."""
        return self._hook("shell_context", f)

    def make_shell_context(self) -> dict[str, Any]:
        """The names an interactive shell begins with."""
        names: dict[str, Any] = {"app": self, "g": g}
        for function in self.tables.current().shell_context:
            names.update(function())
        return names

    # -- templates -----------------------------------------------------------------------------------------------

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

    @_TemplatesEnvironment
    def jinja_env(self) -> Environment:
        """Jinja2's environment, made when it is first needed. One of the user's may be set in its place."""
        return self.create_jinja_environment()

    def create_jinja_environment(self) -> Environment:
        """A new Jinja2 environment; an override point."""
        from nbmicro.web.environment import declare_names
        from nbmicro.web.sessions import get_flashed_messages

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
        declare_names(self._app, environment)
        escapes = options["autoescape"]
        own = getattr(escapes, "__func__", escapes)
        environment.keeps_sources = not callable(own) or own is Setup.select_jinja_autoescape
        return environment

    def create_global_jinja_loader(self) -> BaseLoader:
        """The loader of all templates on disk; an override point."""
        from nbmicro.web.environment import AppLoader

        return AppLoader(self._app)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Whether a template escapes what it shows; an override point."""
        return autoescapes(filename)

    # -- files ---------------------------------------------------------------------------------------------------

    def add_static_file(self, path: str, content: bytes, mimetype: str) -> None:
        """Declare a static file by its content; it comes before one of that path on disk."""
        self.declare("static", path, StaticFile(path, content, mimetype))

    def auto_find_instance_path(self) -> str:
        """Where the instance folder is, unless the app was made with an ``instance_path``."""
        return find_instance_path(self.import_name, self.name, self.root_path)

    def open_instance_resource(self, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
        """Open a file of the instance folder."""
        return open_file(self.instance_path, resource, mode, encoding)

    @cached_property
    def cli(self) -> Any:
        """The group that the app's commands belong to."""
        from nbmicro.web.commands.cli import AppCommands

        return AppCommands(self._app)


def _static_view(app: Setup) -> Callable[..., Any]:
    """The handler of the static files: the method as it stands when a file is asked for."""
    held = ref(app)

    def send_static_file(filename: str) -> Any:
        return cast(Any, held()).send_static_file(filename)

    return send_static_file
