"""Taking Flask's place among the modules, and giving it back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, DistributionFinder, PackageNotFoundError, requires
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from nbmicro.errors import NbmicroError
from nbmicro.flask_compat.names import IMPORTED

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
    "flask.templating": "nbmicro.web.templating",
    "flask.typing": "nbmicro.flask_compat.annotations",
    "flask.views": "nbmicro.web.views",
    "flask.wrappers": "nbmicro.web.wrappers",
}
"""By Flask's module, nbmicro's. Both names give one module object."""

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
        "nbmicro.web.commands.cli": "AppGroup FlaskGroup click routes_command shell_command with_appcontext",
        "nbmicro.web.commands.dotenv": "load_dotenv get_load_dotenv=wants_dotenv",
        "nbmicro.web.commands.finding": (
            "NoAppException ScriptInfo find_app_by_string find_best_app locate_app pass_script_info prepare_import"
        ),
        "nbmicro.web.config": "get_debug_flag=debug_wanted",
        "nbmicro.web.commands.server": "CertParamType=CertificateType SeparatedPathType=PathsType run_command",
    },
    "flask.ctx": {
        "nbmicro.web.contexts": (
            "AppContext RequestContext _AppCtxGlobals=Namespace has_app_context has_request_context"
        ),
        "nbmicro.web.streaming": "after_this_request copy_current_request_context",
    },
    "flask.debughelpers": {
        "nbmicro.web.handler_errors": "DebugFilesKeyError FormDataRoutingRedirect UnexpectedUnicodeError",
    },
    "flask.helpers": {
        "nbmicro": (
            "abort flash get_flashed_messages get_template_attribute make_response redirect send_file"
            " send_from_directory stream_with_context url_for"
        ),
        "nbmicro.web.config": "get_debug_flag=debug_wanted",
        "nbmicro.web.commands.dotenv": "get_load_dotenv=wants_dotenv",
        "nbmicro.web.proxies": "current_app request session",
        "nbmicro.web.files": "get_root_path=find_root_path",
        "nbmicro.web.signals": "message_flashed",
    },
    "flask.sansio": {},
    "flask.sansio.app": {"nbmicro.web.app": "App"},
    "flask.sansio.blueprints": {"nbmicro.web.blueprints": "Blueprint BlueprintSetupState"},
    "flask.sansio.scaffold": {
        "nbmicro.web.files": "find_package",
        "nbmicro.web.scaffold": "Scaffold",
    },
    "flask.testing": {
        "nbmicro.web.testing": "EnvironBuilder FlaskClient=TestClient FlaskCliRunner=CliRunner",
    },
}
"""By Flask's module, nbmicro's modules and the names that each gives; ``flasks=nbmicros`` where two names differ."""

PACKAGES = frozenset({"flask", "flask.json", "flask.sansio"})
"""Which of the modules have modules in them."""


def is_known(name: str) -> bool:
    """Whether Flask's module ``name`` has a counterpart here."""
    return name in SAME or name in FACADES


NOTE = "nbmicro stands in for Flask: `import flask` gives nbmicro, not the Flask installed here."


class FlaskDistribution(Distribution):
    """The metadata of a Flask that is not there: its name, and the version whose behaviour nbmicro has."""

    def read_text(self, filename: str) -> str | None:
        """The text of a metadata file; only ``METADATA`` is there."""
        if filename != "METADATA":
            return None
        try:
            requirements = requires("nbmicro") or []
        except PackageNotFoundError:  # a checkout that is imported from where it lies
            requirements = []
        needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requirements)
        head = f"Metadata-Version: 2.1\nName: Flask\nVersion: {FLASK_VERSION}\nSummary: nbmicro, in Flask's place\n"
        return head + needs

    def locate_file(self, path: str | PathLike[str]) -> Path:
        """Where a file of the distribution would be."""
        return Path(__file__).parent / Path(path)


class FlaskFinder(DistributionFinder, Loader):
    """Finds ``flask`` and its modules in nbmicro. It stands first in ``sys.meta_path``."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of one of Flask's modules; None for modules that are not Flask's.

        Raises ModuleNotFoundError for a module of Flask's that nbmicro has no counterpart of: nobody else may answer,
        or a module of nbmicro's would be run again under a second name.
        """
        if fullname.partition(".")[0] != "flask":
            return None
        if not is_known(fullname):
            known = ", ".join(sorted(SAME | FACADES))
            raise ModuleNotFoundError(
                f"nbmicro stands in for Flask here and has no module {fullname!r}. It has: {known}.", name=fullname
            )
        spec = ModuleSpec(fullname, self, origin="nbmicro", is_package=fullname in PACKAGES)
        if fullname == "flask":
            # Who looks for files of Flask's looks here; modules are asked of this finder first.
            spec.submodule_search_locations = [str(Path(__file__).parents[1])]
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module of nbmicro's, loaded already or now; or an empty one that is to show names of several."""
        same = SAME.get(spec.name)
        if same is None:
            return ModuleType(spec.name, f"Flask's ``{spec.name}``, as nbmicro has it.")
        module = import_module(same)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Fill a module of names; a module of nbmicro's was run long ago and keeps the spec that it was found by."""
        spec = module.__spec__
        if spec is not None and spec.name in FACADES:
            module.__dict__.update(_offered(spec.name))
            module.__dict__["__getattr__"] = _submodule_of(spec.name)
        elif spec is not None:
            module.__spec__ = spec.loader_state
            for name, value in _imported(spec.name).items():
                module.__dict__.setdefault(name, value)

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterable[Distribution]:
        """The distribution named ``flask``, for who asks for it by name."""
        asked = context.name if context is not None else None
        return [FlaskDistribution()] if str(asked or "").lower() == "flask" else []


def _offered(facade: str) -> dict[str, Any]:
    """What a facade shows."""
    shown = {
        flasks: getattr(import_module(module_name), nbmicros)
        for module_name, names in FACADES[facade].items()
        for flasks, nbmicros in _pairs(names)
    }
    shown["__all__"] = sorted(name for name in shown if not name.startswith("_"))
    shown["__file__"] = import_module(next(iter(FACADES[facade]), "nbmicro")).__file__
    if facade == "flask":
        shown["__version__"] = FLASK_VERSION
    return _imported(facade) | shown


def _pairs(names: str) -> Iterator[tuple[str, str]]:
    for name in names.split():
        flasks, _, others = name.partition("=")
        yield flasks, others or flasks


def _imported(module: str) -> dict[str, Any]:
    """What one of Flask's modules has besides its purpose: libraries, names of other modules, private names."""
    shown: dict[str, Any] = {"annotations": annotations}
    for source, names in IMPORTED.get(module, {}).items():
        for flasks, others in _pairs(names):
            if source == "typing.TypeVar":
                shown[flasks] = TypeVar(flasks)
            else:
                shown[flasks] = _found(source, others)
    return shown


def _found(source: str, name: str) -> Any:
    """A name of a module; of one of Flask's, without running that module, which may be the one that asks."""
    if not source:
        return import_module(name)
    if source in SAME and hasattr(import_module(SAME[source]), name):
        return getattr(import_module(SAME[source]), name)
    if not is_known(source):
        return getattr(import_module(source), name)
    for table in (FACADES, IMPORTED):
        for other, names in table.get(source, {}).items():
            found = dict(_pairs(names)).get(name)
            if found is not None:
                return _found(other, found)
    raise AttributeError(f"module {source!r} has no name {name!r} here")


def _submodule_of(package: str) -> Callable[[str], ModuleType]:
    """``__getattr__`` of a facade: Flask loads its modules with itself, so ``flask.cli`` is there without an import."""

    def find(name: str) -> ModuleType:
        if is_known(f"{package}.{name}"):
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r}, which is nbmicro here, has no attribute {name!r}")

    return find


_finder = FlaskFinder()
_noted: list[str] = []


def install_as_flask() -> None:
    """Let ``import flask`` and ``from flask.… import …`` give nbmicro from now on, so that extensions of Flask's run on
    it unmodified.

    Flask need not be installed; where it is, nbmicro comes before it and says so, once, on stderr. A second call
    changes nothing. :func:`nbmicro.flask_compat.uninstall` undoes it.

    Raises
    ------
    NbmicroError
        Flask itself was imported before: its objects are in use already, and would not be nbmicro's.
    """
    if _finder in sys.meta_path:
        return
    if "flask" in sys.modules:
        users = sorted({name.partition(".")[0] for name in sys.modules if name.startswith("flask_")})
        raise NbmicroError(
            "Flask itself is imported already" + (f" (and so are {', '.join(users)})" if users else "") + ".",
            hint="Call nbmicro.install_as_flask() before anything imports flask: first thing in the program; in a"
            " notebook restart the kernel and make it the first cell.",
        )
    installed = PathFinder.find_spec("flask") is not None
    sys.meta_path.insert(0, _finder)
    _call_app("Flask", "flask.app")
    if installed and not _noted:
        _noted.append("flask")
        print(NOTE, file=sys.stderr)


def _call_app(name: str, module: str) -> None:
    """Give the class of apps the name that extensions read and print."""
    from nbmicro.web.app import App

    App.__name__ = App.__qualname__ = name
    App.__module__ = module


def uninstall() -> None:
    """Undo :func:`nbmicro.install_as_flask`: ``import flask`` gives Flask again, where it is installed.

    Extensions that were imported meanwhile keep what they imported.
    """
    if _finder not in sys.meta_path:
        return
    sys.meta_path.remove(_finder)
    _call_app("App", "nbmicro.web.app")
    for name in [*SAME, *FACADES]:
        sys.modules.pop(name, None)
