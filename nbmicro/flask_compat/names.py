"""Names that Flask's modules have without being their purpose: what they import, and private ones that extensions read.

By Flask's module and the module that a name comes from; ``flasks=others`` where two names differ. A name from ``""`` is
a module itself. What comes from one of Flask's own modules is looked for there.
"""

from __future__ import annotations

_VARIABLES = (
    "T_after_request T_before_request T_error_handler T_teardown T_template_context_processor T_template_filter"
    " T_template_global T_template_test T_url_defaults T_url_value_preprocessor"
)
_CONTEXTS = "_cv_app _cv_request"
_HERE = "nbmicro.flask_compat.internals"

IMPORTED: dict[str, dict[str, str]] = {
    "flask": {
        "": (
            "t=typing app=flask.app blueprints=flask.blueprints cli=flask.cli config=flask.config ctx=flask.ctx"
            " globals=flask.globals helpers=flask.helpers logging=flask.logging sansio=flask.sansio"
            " sessions=flask.sessions signals=flask.signals templating=flask.templating typing=flask.typing"
            " wrappers=flask.wrappers"
        ),
    },
    "flask.app": {
        "": "cabc=collections.abc cli=flask.cli click ft=flask.typing os sys t=typing weakref",
        "datetime": "timedelta",
        "flask.ctx": "AppContext RequestContext",
        "flask.globals": f"{_CONTEXTS} current_app g request request_ctx session",
        "flask.helpers": "get_debug_flag get_flashed_messages get_load_dotenv send_from_directory",
        "flask.sansio.app": "App",
        "flask.sessions": "SecureCookieSessionInterface SessionInterface",
        "flask.signals": (
            "appcontext_tearing_down got_request_exception request_finished request_started request_tearing_down"
        ),
        "flask.templating": "Environment",
        "flask.wrappers": "Request Response",
        "inspect": "iscoroutinefunction",
        "itertools": "chain",
        "nbmicro.web.setup": "_make_timedelta=as_timedelta",
        _HERE: "_sentinel",
        "types": "TracebackType",
        "typing.TypeVar": ("T_shell_context_processor T_teardown T_template_filter T_template_global T_template_test"),
        "urllib.parse": "_url_quote=quote",
        "werkzeug.datastructures": "Headers ImmutableDict",
        "werkzeug.exceptions": "BadRequestKeyError HTTPException InternalServerError",
        "werkzeug.routing": "BuildError MapAdapter RequestRedirect RoutingException Rule",
        "werkzeug.serving": "is_running_from_reloader",
        "werkzeug.wrappers": "BaseResponse=Response",
        "werkzeug.wsgi": "get_host",
    },
    "flask.blueprints": {
        "": "t=typing",
        "datetime": "timedelta",
        "flask.cli": "AppGroup",
        "flask.globals": "current_app",
        "flask.helpers": "send_from_directory",
        "flask.sansio.blueprints": "SansioBlueprint=Blueprint",
        _HERE: "_sentinel",
    },
    "flask.cli": {
        "": "ast cabc=collections.abc importlib inspect os platform re sys t=typing traceback",
        "click.core": "ParameterSource",
        "flask.globals": "current_app",
        "functools": "update_wrapper",
        _HERE: "_app_option _debug_option _env_file_option version_option",
        "nbmicro.web.commands.cli": "_env_file_callback=_read_env_file _set_app cli get_version main",
        "nbmicro.web.commands.server": "_set_debug show_server_banner",
        "operator": "itemgetter",
        "types": "ModuleType",
        "typing.TypeVar": "F",
        "werkzeug.serving": "is_running_from_reloader run_simple",
        "werkzeug.utils": "import_string",
    },
    "flask.config": {"": "t=typing types"},
    "flask.ctx": {
        "": "contextvars ft=flask.typing sys t=typing",
        "flask.globals": _CONTEXTS,
        "flask.signals": "appcontext_popped appcontext_pushed",
        "functools": "update_wrapper",
        _HERE: "_sentinel",
        "types": "TracebackType",
        "typing.TypeVar": "F",
        "werkzeug.exceptions": "HTTPException",
    },
    "flask.debughelpers": {
        "": "t=typing",
        "flask.blueprints": "Blueprint",
        "flask.globals": "request_ctx",
        "flask.sansio.app": "App",
        "jinja2": "BaseLoader",
        "nbmicro.web.environment": "explain_template_loading_attempts=_explain",
        "werkzeug.routing": "RequestRedirect",
    },
    "flask.globals": {
        "": "t=typing",
        "contextvars": "ContextVar",
        _HERE: _CONTEXTS,
        "nbmicro.web.contexts": "_no_app_msg=NO_APP _no_req_msg=NO_REQUEST",
    },
    "flask.helpers": {
        "": "importlib os sys t=typing werkzeug",
        "datetime": "datetime",
        "flask.globals": f"{_CONTEXTS} request_ctx",
        "functools": "cache update_wrapper",
        _HERE: "_prepare_send_file_kwargs _split_blueprint_path",
        "werkzeug.exceptions": "_wz_abort=abort",
        "werkzeug.utils": "_wz_redirect=redirect",
        "werkzeug.wrappers": "BaseResponse=Response",
    },
    "flask.json": {"": "_json=json t=typing", "flask.globals": "current_app", "flask.json.provider": "_default"},
    "flask.json.provider": {"": "t=typing", "nbmicro.web.json.provider": "_default=plain"},
    "flask.json.tag": {"": "t=typing"},
    "flask.logging": {"": "t=typing", "flask.globals": "request"},
    "flask.sansio": {
        "": "app=flask.sansio.app blueprints=flask.sansio.blueprints scaffold=flask.sansio.scaffold",
    },
    "flask.sansio.app": {
        "": "ft=flask.typing logging os sys t=typing",
        "datetime": "timedelta",
        "flask.app": "_make_timedelta",
        "flask.config": "Config ConfigAttribute",
        "flask.ctx": "_AppCtxGlobals",
        "flask.helpers": "_split_blueprint_path get_debug_flag",
        "flask.json.provider": "DefaultJSONProvider JSONProvider",
        "flask.logging": "create_logger",
        "flask.sansio.scaffold": "Scaffold _endpoint_from_view_func find_package setupmethod",
        "flask.templating": "DispatchingJinjaLoader Environment",
        "itertools": "chain",
        "typing.TypeVar": ("T_shell_context_processor T_teardown T_template_filter T_template_global T_template_test"),
        "werkzeug.exceptions": "Aborter BadRequest BadRequestKeyError",
        "werkzeug.routing": "BuildError Map Rule",
        "werkzeug.sansio.response": "Response",
        "werkzeug.utils": "_wz_redirect=redirect cached_property",
    },
    "flask.sansio.blueprints": {
        "": "ft=flask.typing os t=typing",
        "collections": "defaultdict",
        "flask.sansio.scaffold": "Scaffold _endpoint_from_view_func setupmethod",
        "functools": "update_wrapper",
        _HERE: "DeferredSetupFunction _sentinel",
        "typing.TypeVar": _VARIABLES,
    },
    "flask.sansio.scaffold": {
        "": "ft=flask.typing importlib os pathlib sys t=typing",
        "collections": "defaultdict",
        "flask.helpers": "get_root_path",
        "flask.templating": "_default_template_ctx_processor",
        "functools": "update_wrapper",
        "jinja2": "BaseLoader FileSystemLoader",
        _HERE: "_endpoint_from_view_func _sentinel setupmethod",
        "typing.TypeVar": (
            "F T_after_request T_before_request T_error_handler T_route T_teardown T_template_context_processor"
            " T_url_defaults T_url_value_preprocessor"
        ),
        "werkzeug.exceptions": "HTTPException default_exceptions",
        "werkzeug.utils": "cached_property",
    },
    "flask.sessions": {
        "": "c=collections.abc t=typing",
        "datetime": "timezone",
        "itsdangerous": "BadSignature",
        "nbmicro.web.sessions": "_lazy_sha1=_sha1",
    },
    "flask.signals": {_HERE: "_signals"},
    "flask.templating": {
        "": "t=typing",
        "flask.globals": f"{_CONTEXTS} current_app request",
        "flask.helpers": "stream_with_context",
        "flask.signals": "before_render_template template_rendered",
        "jinja2": "BaseEnvironment=Environment BaseLoader Template TemplateNotFound",
        "nbmicro.web.environment": "DispatchingJinjaLoader=AppLoader Environment",
    },
    "flask.testing": {
        "": "importlib t=typing werkzeug",
        "click.testing": "CliRunner Result",
        "contextlib": "ExitStack contextmanager",
        "copy": "copy",
        "flask.cli": "ScriptInfo",
        "flask.sessions": "SessionMixin",
        _HERE: "_get_werkzeug_version _werkzeug_version",
        "types": "TracebackType",
        "urllib.parse": "urlsplit",
        "werkzeug.test": "Client",
        "werkzeug.wrappers": "BaseRequest=Request",
    },
    "flask.typing": {"": "cabc=collections.abc t=typing", _HERE: "BeforeFirstRequestCallable"},
    "flask.views": {
        "": "ft=flask.typing t=typing",
        "flask.globals": "current_app request",
        "typing.TypeVar": "F",
    },
    "flask.wrappers": {
        "": "t=typing",
        "flask.globals": "current_app",
        "flask.helpers": "_split_blueprint_path",
    },
}

_STEPS = "a private step of a command line that nbmicro takes in another way"
LEFT_OUT: dict[str, dict[str, str]] = {
    "flask.cli": dict.fromkeys(("_called_with_wrong_args", "_path_is_ancestor", "_validate_key"), _STEPS),
    "flask.debughelpers": {
        "_dump_loader_info": "a private step of an explanation that nbmicro words itself",
        "attach_enctype_error_multidict": "nbmicro's form raises the error itself",
    },
    "flask.sansio.scaffold": {"_find_package_path": "a private step of find_package"},
}
"""What a module of Flask's has and nbmicro has not, with the reason."""
