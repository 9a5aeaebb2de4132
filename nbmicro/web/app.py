"""The app: a WSGI application in Flask's shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import quote

from werkzeug.routing import BuildError, MapAdapter
from werkzeug.wsgi import get_host

from nbmicro.web import quick
from nbmicro.web.asyncs import outside_loop, outside_loop_stream, run_async, running_loop
from nbmicro.web.contexts import (
    AppContext,
    RequestContext,
    current_request_context,
    need_request_context,
    table_here,
)
from nbmicro.web.declarations import Route, blueprints_of
from nbmicro.web.environ import ERROR, PRESERVE_CONTEXT
from nbmicro.web.failures import ErrorHandling
from nbmicro.web.files import send_app_static
from nbmicro.web.handler_errors import no_response
from nbmicro.web.json.provider import is_plain
from nbmicro.web.overrides import watched
from nbmicro.web.return_values import response_of
from nbmicro.web.sessions import SecureCookieSessionInterface
from nbmicro.web.signals import (
    appcontext_tearing_down,
    request_finished,
    request_started,
    request_tearing_down,
)
from nbmicro.web.table import Table
from nbmicro.web.templating import update_context


class Plan:
    """What surrounds the handler of one endpoint in one table: looked up once, used by every request for it. The
    endpoint is None where no rule matched."""

    __slots__ = ("after", "before", "call", "ends", "guarded", "preprocessors", "says_more", "teardown", "view")

    def __init__(self, table: Table, endpoint: str | None, blueprints: list[str] | None = None) -> None:
        names = [None, *reversed(blueprints_of(endpoint) if blueprints is None else blueprints)]
        self.view = table.views.get(endpoint) if endpoint is not None else None
        self.call: Any = None  # the view as the short way calls it
        self.preprocessors = table.chain("url_value_preprocessor", names)
        self.before = table.chain("before_request", names)
        self.guarded = bool(self.preprocessors or self.before)
        self.after = table.chain("after_request", names)[::-1]
        self.teardown = table.chain("teardown_request", names)[::-1]
        self.ends = bool(self.teardown or table.teardown_appcontext)
        self.says_more = bool(self.guarded or self.after or self.ends or table.error_handlers)


def plan_of(context: RequestContext) -> Plan:
    """The plan for the request of ``context``."""
    if context.as_flask:
        request = context.request
        return Plan(context.table, request.endpoint, request.blueprints)
    endpoint = context.endpoint
    plans = context.table.plans
    plan: Plan | None = plans.get(endpoint)
    if plan is None:
        plan = plans[endpoint] = Plan(context.table, endpoint)
    return plan


StartResponse = Callable[..., Any]


@watched(quick.POINTS)
class App(ErrorHandling):
    """A WSGI application in the shape of Flask's ``Flask``.

    Parameters
    ----------
    import_name:
        The module it belongs to, usually ``__name__``.
    static_url_path:
        Where static files are served; by default the folder's name.
    static_folder:
        Folder of static files, relative to ``root_path``; None for none.
    static_host:
        The host of the static files, with ``host_matching``.
    host_matching, subdomain_matching:
        Whether rules name hosts, or subdomains of SERVER_NAME.
    template_folder:
        Folder of templates, relative to ``root_path``.
    instance_path:
        Absolute path of the instance folder; by default beside the module.
    instance_relative_config:
        Whether configuration files are looked for there.
    root_path:
        The folder that relative paths start from.

    Unlike Flask's, it may be added to at any time, and a cell or module that runs again replaces what it declared.
    """

    # -- the WSGI side -------------------------------------------------------------------------------------------

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        loop = running_loop()
        if loop is not None:
            body = outside_loop(loop, self.wsgi_app, environ, start_response)
            return body if isinstance(body, list) else outside_loop_stream(body)
        return self.wsgi_app(environ, start_response)

    def wsgi_app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application itself (PEP 3333); wrap it to add middleware: ``app.wsgi_app = M(app.wsgi_app)``."""
        body = quick.answer(self.__dict__.get("_newest", self), environ, start_response)  # newest(), sooner
        if body is not None:
            return body
        context = self.request_context(environ)
        error: BaseException | None = None
        try:
            try:
                context.push()
                response = self.full_dispatch_request()
            except Exception as failure:
                error = failure
                response = self.handle_exception(failure)
            except BaseException as failure:
                error = failure
                raise
            result: Iterable[bytes] = response(environ, start_response)
            return result
        finally:
            preserve = environ.get(PRESERVE_CONTEXT)
            if preserve is not None:
                preserve(context)
            if error is not None and self.should_ignore_error(error):
                error = None
            context.pop(error)

    def plan(self, table: Table, route: Route) -> Plan | None:
        """What surrounds the handler of a route; None where the route has no handler yet."""
        plan: Plan | None = table.plans.get(route.endpoint)
        if plan is None:
            plan = table.plans[route.endpoint] = Plan(table, route.endpoint)
        if plan.call is None and plan.view is not None:
            plan.call = self.ensure_sync(plan.view)
        return plan if plan.call is not None else None

    def plan_of_misses(self, table: Table) -> Plan:
        """What surrounds a request that no rule matches."""
        plan: Plan = table.plans.setdefault(None, Plan(table, None))
        return plan

    def app_context(self) -> AppContext:
        """A context for work outside a request: ``with app.app_context(): …``."""
        return AppContext(self)

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """The context of the request that a WSGI environ describes."""
        return RequestContext(self, environ)

    def test_request_context(self, *args: Any, **kwargs: Any) -> RequestContext:
        """A context of a made-up request; the arguments are those of Werkzeug's ``EnvironBuilder``."""
        from nbmicro.web.testing import EnvironBuilder

        builder = EnvironBuilder(self, *args, **kwargs)
        try:
            context = self.request_context(builder.get_environ())
            context.made_up = True
            return context
        finally:
            builder.close()

    # -- the life of a request -----------------------------------------------------------------------------------

    def full_dispatch_request(self) -> Any:
        """Hooks, handler and error handlers; the finished response."""
        self._got_first_request = True
        try:
            if request_started.receivers:
                request_started.send(self.newest(), _async_wrapper=self.ensure_sync)
            value = self.preprocess_request()
            if value is None:
                value = self.dispatch_request()
        except Exception as error:
            value = self.handle_user_exception(error)
        return self.finalize_request(value)

    def preprocess_request(self) -> Any:
        """Run URL preprocessors and before hooks; a return value other than None ends the request."""
        context = need_request_context()
        plan = plan_of(context)
        for function in plan.preprocessors:
            function(context.request.endpoint, context.request.view_args)
        for function in plan.before:
            value = self.ensure_sync(function)()
            if value is not None:
                context._responder = ("before_request", function)
                return value
        return None

    def dispatch_request(self) -> Any:
        """Call the handler of the matched rule; raise why there is none."""
        context = need_request_context()
        request: Any = context.request  # what stands there counts: a hook may have set it
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        rule = request.url_rule
        if getattr(rule, "provide_automatic_options", False) and request.method == "OPTIONS":
            return self.make_default_options_response()
        view = context.table.views.get(rule.endpoint)
        if view is None:
            raise KeyError(f"The endpoint {rule.endpoint!r} of the rule {rule.rule!r} has no function.")
        return self.ensure_sync(view)(**(request.view_args or {}))

    def finalize_request(self, rv: Any, from_error_handler: bool = False) -> Any:
        """Make the response and run the after hooks; on the way of an error, their failure is only logged."""
        response = self.make_response(rv)
        try:
            response = self.process_response(response)
            if request_finished.receivers:
                request_finished.send(self.newest(), _async_wrapper=self.ensure_sync, response=response)
        except Exception:
            if not from_error_handler:
                raise
            shown = ERROR in need_request_context().environ
            text = "Request finalizing failed with an error while handling an error"
            self.logger.exception(text, extra={"nbmicro_shown": shown})
        return response

    def make_response(self, rv: Any) -> Any:
        """The response for what a handler returned."""
        return response_of(self, rv)

    def process_response(self, response: Any) -> Any:
        """Run the after hooks, last declared first, and save the session."""
        context = need_request_context()
        for function in (*context._after, *plan_of(context).after):
            response = self.ensure_sync(function)(response)
            if response is None:
                raise no_response(function)
        self._save_session(context, response)
        return response

    def _save_session(self, context: RequestContext, response: Any) -> None:
        interface = self.session_interface
        if context._session is None:
            # Nobody asked for the session. It matters only if its cookie must be refreshed.
            cookies = context.environ.get("HTTP_COOKIE")
            if cookies is None or interface.get_cookie_name(self) not in cookies:
                return
        if not interface.is_null_session(context.session):
            interface.save_session(self, context.session, response)

    @property
    def opens_sessions_early(self) -> bool:
        """Whether every request opens its session, since a JSON provider of the user's is to be called for it."""
        return not is_plain(self.json)

    def open_session(self, context: RequestContext) -> Any:
        """The session of a request: its interface's, or the null session that it makes where there can be none."""
        interface = self.session_interface
        session: Any
        if context.as_flask or not isinstance(interface, SecureCookieSessionInterface):
            session = interface.open_session(self, context.request)
        else:
            session = interface.open_from_environ(self, context.environ)
        return interface.make_null_session(self) if session is None else session

    def make_default_options_response(self) -> Any:
        """The response to OPTIONS that names the methods of the URL."""
        adapter = need_request_context().url_adapter
        response = self.response_class()
        if adapter is not None:
            response.allow.update(sorted(adapter.allowed_methods()))
        return response

    def create_url_adapter(self, request: Any) -> MapAdapter | None:
        """What matches and builds URLs for ``request`` (None: outside a request); an override point.

        Raises werkzeug.exceptions.SecurityError, a 400, when the host is not one of TRUSTED_HOSTS.
        """
        config = self.config
        if request is None:
            if config["SERVER_NAME"] is None:
                return None
            return self.url_map.bind(
                config["SERVER_NAME"],
                script_name=config["APPLICATION_ROOT"],
                url_scheme=config["PREFERRED_URL_SCHEME"],
            )
        trusted = config["TRUSTED_HOSTS"]
        if trusted is not None:
            request.trusted_hosts = trusted
        request.host = get_host(request.environ, request.trusted_hosts)
        server_name = config["SERVER_NAME"]
        subdomain = None
        rules = table_here(self).map
        if rules.host_matching:
            server_name = None
        elif not self.subdomain_matching:
            # Without subdomain matching the host does not count: every rule answers on each.
            subdomain = rules.default_subdomain or ""
        return rules.bind_to_environ(request.environ, server_name=server_name, subdomain=subdomain)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """``func`` as a function that can be called: a coroutine function is run to its end; an override point."""
        return self.async_to_sync(func) if iscoroutinefunction(func) else func

    def async_to_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """``func`` run in an event loop of its own, wherever it is called from; an override point."""
        return run_async(func)

    # -- the end of contexts -------------------------------------------------------------------------------------

    def should_ignore_error(self, error: BaseException | None) -> bool:
        """Whether teardown functions do not get ``error``; an override point."""
        return False

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Run the teardown functions of the request, inner blueprints first."""
        for function in plan_of(need_request_context()).teardown:
            self.ensure_sync(function)(exc)
        if request_tearing_down.receivers:
            request_tearing_down.send(self.newest(), _async_wrapper=self.ensure_sync, exc=exc)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Run the teardown functions of the app context, last declared first."""
        for function in reversed(table_here(self).teardown_appcontext):
            self.ensure_sync(function)(exc)
        if appcontext_tearing_down.receivers:
            appcontext_tearing_down.send(self.newest(), _async_wrapper=self.ensure_sync, exc=exc)

    # -- URLs, redirects, files, templates -----------------------------------------------------------------------

    def url_for(
        self,
        /,
        endpoint: str,
        *,
        _anchor: str | None = None,
        _method: str | None = None,
        _scheme: str | None = None,
        _external: bool | None = None,
        **values: Any,
    ) -> str:
        """The URL of an endpoint; unknown values become its query (Flask, ``url_for``)."""
        context = current_request_context()
        adapter: MapAdapter | None = None
        if context is not None and context.app is self.newest():
            # Relative to the host, unless a full URL is asked for.
            adapter = context.url_adapter
            if endpoint[:1] == ".":
                blueprint = context.request.blueprint
                endpoint = f"{blueprint}{endpoint}" if blueprint is not None else endpoint[1:]
            if _external is None:
                _external = _scheme is not None
        else:
            # A full URL where SERVER_NAME is set, else a path: notebook, served and exported app agree on that.
            adapter = context.url_adapter if context is not None and context.app is self.newest() else None
            adapter = adapter if adapter is not None else self.create_url_adapter(None)
            if _external is None:
                _external = adapter is not None
            if adapter is None and _external:
                raise RuntimeError(
                    "A full URL outside a request needs to know the host: set app.config['SERVER_NAME'], and perhaps"
                    " APPLICATION_ROOT and PREFERRED_URL_SCHEME."
                )
        if adapter is None:
            adapter = table_here(self).map.bind("localhost", script_name=self.config["APPLICATION_ROOT"])
        if _scheme is not None and not _external:
            raise ValueError("When specifying '_scheme', '_external' must be True.")
        self.inject_url_defaults(endpoint, values)
        try:
            url = adapter.build(endpoint, values, method=_method, url_scheme=_scheme, force_external=_external)
        except BuildError as error:
            values.update(_anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external)
            return self.handle_url_build_error(error, endpoint, values)
        return f"{url}#{quote(_anchor, safe='%!#$&()*+,/:;=?@~')}" if _anchor is not None else url

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        """Let ``url_defaults`` functions add to the values of a URL: the app's, then those of outer to inner
        blueprints."""
        for function in table_here(self).chain("url_defaults", [None, *reversed(blueprints_of(endpoint))]):
            function(endpoint, values)

    def handle_url_build_error(self, error: BuildError, endpoint: str, values: dict[str, Any]) -> str:
        """Ask ``url_build_error_handlers`` in turn for a URL that could not be built; None asks the next one."""
        for handler in self.url_build_error_handlers:
            try:
                url = handler(error, endpoint, values)
            except BuildError as again:
                error = again
            else:
                if url is not None:
                    return url
        raise error

    def redirect(self, location: str, code: int = 302) -> Any:
        """A redirect response; an override point."""
        from werkzeug.utils import redirect

        return redirect(location, code, Response=self.response_class)

    def update_template_context(self, context: dict[str, Any]) -> None:
        """Add what context processors give to a template's names."""
        update_context(self, context)

    def send_static_file(self, filename: str) -> Any:
        """The response with a static file: a declared one, else one of the static folder."""
        return send_app_static(self, filename)

    # -- running and testing -------------------------------------------------------------------------------------

    def test_client(self, use_cookies: bool = True, **kwargs: Any) -> Any:
        """Flask's test client for this app."""
        from nbmicro.web.testing import TestClient

        client_class = self.test_client_class or TestClient
        return client_class(self, self.response_class, use_cookies=use_cookies, **kwargs)

    def test_cli_runner(self, **kwargs: Any) -> Any:
        """A runner for the app's commands."""
        from nbmicro.web.testing import CliRunner

        return (self.test_cli_runner_class or CliRunner)(self, **kwargs)

    def run(
        self,
        host: str | None = None,
        port: int | None = None,
        debug: bool | None = None,
        load_dotenv: bool = True,
        **options: Any,
    ) -> Any:
        """Serve the app: in a notebook in the background, else with the development server until it is stopped."""
        from nbmicro.web.commands.server import run_app

        return run_app(self, host, port, debug, load_dotenv, options)


quick.serve(App)
