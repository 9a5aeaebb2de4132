"""Flask's modules and where nbmicro has what is in them."""

from __future__ import annotations

FLASK_VERSION = "3.1.3"
"""The release of Flask whose public behaviour nbmicro has."""

SAME: dict[str, str] = {
    "flask.blueprints": "nbmicro.web.blueprints",
    "flask.config": "nbmicro.web.config",
    "flask.globals": "nbmicro.web.proxies",
    "flask.json": "nbmicro.web.json",
    "flask.json.provider": "nbmicro.web.json.provider",
    "flask.json.tag": "nbmicro.web.json.tag",
    "flask.logging": "nbmicro.web.logs",
    "flask.sessions": "nbmicro.web.sessions",
    "flask.signals": "nbmicro.web.signals",
    "flask.typing": "nbmicro.flask_compat.annotations",
    "flask.views": "nbmicro.web.views",
    "flask.wrappers": "nbmicro.web.wrappers",
}
"""Flask's module: ours. Both names give one module object."""

_SIGNALS = (
    "appcontext_popped appcontext_pushed appcontext_tearing_down before_render_template got_request_exception"
    " message_flashed request_finished request_started request_tearing_down template_rendered"
)

FACADES: dict[str, dict[str, str]] = {
    "flask": {
        "nbmicro": (
            "Blueprint Config Flask Request Response abort after_this_request copy_current_request_context current_app"
            " flash g get_flashed_messages get_template_attribute has_app_context has_request_context json jsonify"
            " make_response redirect render_template render_template_string request send_file send_from_directory"
            " session stream_template stream_template_string stream_with_context url_for"
        ),
        "nbmicro.web.signals": _SIGNALS,
    },
    "flask.app": {"nbmicro.web.app": "Flask=App"},
    "flask.cli": {
        "nbmicro.web.commands.cli": "AppGroup FlaskGroup routes_command shell_command with_appcontext",
        "nbmicro.web.commands.dotenv": "load_dotenv get_load_dotenv=wants_dotenv",
        "nbmicro.web.commands.finding": (
            "NoAppException ScriptInfo find_app_by_string find_best_app get_debug_flag=ScriptInfo.debug_wanted"
            " locate_app pass_script_info prepare_import"
        ),
        "nbmicro.web.commands.server": "CertParamType=CertificateType SeparatedPathType=PathsType run_command",
    },
    "flask.ctx": {
        "nbmicro.web.contexts": (
            "AppContext RequestContext _AppCtxGlobals=Namespace has_app_context has_request_context"
        ),
        "nbmicro.web.streaming": "after_this_request copy_current_request_context",
    },
    "flask.debughelpers": {
        "nbmicro.web.failures": "DebugFilesKeyError FormDataRoutingRedirect UnexpectedUnicodeError",
    },
    "flask.helpers": {
        "nbmicro": (
            "abort flash get_flashed_messages get_template_attribute make_response redirect send_file"
            " send_from_directory stream_with_context url_for"
        ),
        "nbmicro.web.commands.finding": "get_debug_flag=ScriptInfo.debug_wanted",
        "nbmicro.web.commands.dotenv": "get_load_dotenv=wants_dotenv",
        "nbmicro.web.proxies": "current_app request session",
        "nbmicro.web.resources": "get_root_path=find_root_path",
        "nbmicro.web.signals": "message_flashed",
    },
    "flask.sansio": {},
    "flask.sansio.app": {"nbmicro.web.app": "App"},
    "flask.sansio.blueprints": {"nbmicro.web.blueprints": "Blueprint BlueprintSetupState"},
    "flask.sansio.scaffold": {
        "nbmicro.web.resources": "find_package",
        "nbmicro.web.scaffold": "Scaffold",
    },
    "flask.templating": {
        "nbmicro.web.environment": "DispatchingJinjaLoader=AppLoader Environment",
        "nbmicro.web.templating": ("render_template render_template_string stream_template stream_template_string"),
    },
    "flask.testing": {
        "nbmicro.web.testing": "EnvironBuilder FlaskClient=TestClient FlaskCliRunner=CliRunner",
    },
}
"""Flask's module: our modules, each with the names it gives; ``theirs=ours`` where they differ."""

PACKAGES = frozenset({"flask", "flask.json", "flask.sansio"})
"""Which of the modules have modules in them."""


def is_known(name: str) -> bool:
    """Whether Flask's module ``name`` has a counterpart here."""
    return name in SAME or name in FACADES
