"""The part of an app that is set up: configuration, routes, blueprints, extensions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, MutableMapping
from datetime import timedelta
from functools import cached_property
from typing import IO, Any, ClassVar, TypeVar
from weakref import WeakSet

from werkzeug.datastructures import ImmutableDict
from werkzeug.exceptions import Aborter
from werkzeug.routing import Map, Rule

from nbmicro.web.app_templates import AppTemplates
from nbmicro.web.blueprints import Blueprint, check_blueprint, declare_registration
from nbmicro.web.config import Config, ConfigAttribute
from nbmicro.web.declarations import Route, StaticFile
from nbmicro.web.extensions import Extensions
from nbmicro.web.hosting import hosting
from nbmicro.web.json.provider import DefaultJSONProvider, JSONProvider
from nbmicro.web.ledger import Ledger
from nbmicro.web.logs import create_logger
from nbmicro.web.namespace import Namespace
from nbmicro.web.owners import Run
from nbmicro.web.proxies import g
from nbmicro.web.request import Request
from nbmicro.web.resources import find_instance_path
from nbmicro.web.response import Response
from nbmicro.web.routes import ViewFunctions, declare_route, make_route
from nbmicro.web.rulemap import LiveMap, RouteRule, live_map_class, rule_of
from nbmicro.web.sessions import SecureCookieSessionInterface, SessionInterface
from nbmicro.web.table import Table, Tables

__all__ = ["Setup"]

F = TypeVar("F", bound=Callable[..., Any])
_TRUE = {"1", "true", "yes", "on", "t", "y"}


def _lifetime(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)


class Setup(AppTemplates):
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
    test_client_class: Any = None
    test_cli_runner_class: Any = None

    testing = ConfigAttribute[bool]("TESTING")
    secret_key = ConfigAttribute[str | bytes | None]("SECRET_KEY")
    permanent_session_lifetime = ConfigAttribute[timedelta]("PERMANENT_SESSION_LIFETIME", get_converter=_lifetime)

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
            instance_path = find_instance_path(import_name, self.name, self.root_path)
        elif not os.path.isabs(instance_path):
            raise ValueError(f"The instance path must be absolute; {instance_path!r} is not.")
        self.instance_path = instance_path
        self.subdomain_matching = subdomain_matching
        self.every.add(self)
        if not again:
            self.config = self.make_config(instance_relative_config)
            self.ledger = Ledger()
            self.tables = Tables(self.ledger, self._make_table)
            self.extensions: MutableMapping[str, Any] = Extensions(self.ledger)
            self.url_build_error_handlers: list[Callable[[Exception, str, dict[str, Any]], str]] = []
            self._got_first_request = False
        self.aborter = self.make_aborter()
        self.json: JSONProvider = self.json_provider_class(self._app)
        self.url_map: Map = self._live_map(host_matching)
        self.tables.start_anew()
        if self.has_static_folder:
            if bool(static_host) != host_matching:
                raise AssertionError("static_host and host_matching go together: give both or neither.")
            self.add_url_rule(
                f"{self.static_url_path}/<path:filename>", "static", self.send_static_file, host=static_host
            )

    def send_static_file(self, filename: str) -> Any:
        """The response with a static file: a declared one, else one of the static folder."""
        raise NotImplementedError("The app says how a static file is sent.")

    def _make_table(self, run: Run | None) -> Table:
        return Table(self.ledger, run, self.url_map, self.url_rule_class, self.url_map_class)

    def _live_map(self, host_matching: bool) -> Map:
        live = live_map_class(self.url_map_class)(host_matching=host_matching)
        if isinstance(live, LiveMap):
            live.connect(
                lambda: self.tables.current().map,
                lambda rule: self.declare("rule", str(rule.rule), rule),
                lambda: self.tables.start_anew(),
            )
        return live

    # -- identity ------------------------------------------------------------------------------------------------

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
        flag = os.environ.get("NBMICRO_DEBUG", os.environ.get("FLASK_DEBUG", ""))
        defaults["DEBUG"] = flag.lower() in _TRUE
        return self.config_class(root, defaults)

    def make_aborter(self) -> Aborter:
        """What ``abort`` calls; an override point."""
        return self.aborter_class()

    @property
    def debug(self) -> bool:
        """Whether debug mode is on."""
        return bool(self.config["DEBUG"])

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value
        if self.config["TEMPLATES_AUTO_RELOAD"] is None and "jinja_env" in self.__dict__:
            self.jinja_env.auto_reload = value or hosting.auto_reload

    # -- routes --------------------------------------------------------------------------------------------------

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Declare a route (Flask, "URL Route Registrations"), at any time.

        Raises
        ------
        TypeError
            ``methods`` is a string, or there is neither an endpoint nor a function.
        AssertionError
            The same cell, or the same program, gave the endpoint to another function.
        ValueError, LookupError
            The rule is malformed, or names a converter that there is not.
        """
        answers = bool(self.config["PROVIDE_AUTOMATIC_OPTIONS"])
        route = make_route(rule, endpoint, view_func, provide_automatic_options, options, answers_options=answers)
        rule_of(route, self.url_rule_class).bind(self.url_map)
        declare_route(self, route)

    def routes(self) -> tuple[Route, ...]:
        """The routes in effect."""
        return tuple(self.tables.current().routes)

    def openapi(self, *, title: str | None = None, version: str | None = None) -> dict[str, Any]:
        """The app described in OpenAPI 3.1, ready for ``json.dumps``; see :func:`nbmicro.web.openapi.describe`."""
        from nbmicro.web.openapi import describe

        return describe(self._app, title=title, version=version)

    @property
    def view_functions(self) -> ViewFunctions:
        """The function of each endpoint; setting one declares it."""
        return ViewFunctions(self)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Make a blueprint's declarations part of the app, those to come too (Flask, ``register_blueprint``)."""
        check_blueprint(blueprint)
        first = blueprint.newest() not in [one.newest() for one in self.blueprints.values()]
        name = declare_registration(self, blueprint, options)
        state = blueprint.make_setup_state(self._app, {**options, "name": name}, first)
        blueprint._states.add(state)
        self.__dict__.setdefault("_setup_states", {})[name] = state
        for _, function in list(blueprint._recorded):
            function(state)

    @property
    def blueprints(self) -> dict[str, Blueprint]:
        """The registered blueprints by their full name."""
        return self.tables.current().blueprints

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

    # -- files ---------------------------------------------------------------------------------------------------

    def add_static_file(self, path: str, content: bytes, mimetype: str) -> None:
        """Declare a static file by its content; it comes before one of that path on disk."""
        self.declare("static", path, StaticFile(path, content, mimetype))

    def open_instance_resource(self, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
        """Open a file of the instance folder."""
        path = os.path.join(self.instance_path, resource)
        return open(path, mode) if "b" in mode else open(path, mode, encoding=encoding)

    @cached_property
    def cli(self) -> Any:
        """The group that the app's commands belong to."""
        from nbmicro.web.groups import AppCommands

        return AppCommands(self._app)
