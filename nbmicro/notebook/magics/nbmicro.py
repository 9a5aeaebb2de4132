"""``%nbmicro``: the card of everything, and the doctor: what this notebook runs on, and what is amiss with its hint."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbmicro import __version__
from nbmicro.errors import NbmicroError, OptionError
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic
from nbmicro.web.app import App
from nbmicro.web.names import HANDLER_NAMES

if TYPE_CHECKING:
    from nbmicro.server.address import Address

CARD = """\
%%route /hello/<name>       this cell answers GET /hello/…       %%route? for all of it
%%template hello.html       this cell is a template              render_template("hello.html", name=name)
%%static style.css          this cell is a file                  /static/style.css
%http /hello/Ada            ask the app                          %http POST /users name=Ada age:=36
%%http                      a request with headers, a body, and what to expect of the answer
%routes                     all routes                           %routes /hello says what answers
%exchanges                  the last requests and answers, also those of visitors
%trace /hello/Ada           a request with its life: match, hooks, handler, template, response
%bench /hello/Ada           how long the app takes               %bench /hello/Ada -n 200
%app shop:create_app()      %http and the others ask this app    %app app goes back
%browse /                   a browser in the cell, without a port
%explore                    a form for every route, in the cell
%serve                      a server in the background           %serve --stop
nbmicro run app.ipynb       this notebook as a service           gunicorn 'nbmicro:load("app.ipynb")'
%nbmicro doctor             what the notebook runs on, and what is amiss

Every magic answers %name? and %name --help."""


@magic("nbmicro", options={}, words=1)
def nbmicro(session: Session, word: str | None = None) -> None:
    """Show the card of nbmicro: what there is, and what this notebook has of it.

    %nbmicro [doctor]

    doctor    what the notebook runs on: versions, the front end, how a browser reaches %serve, widgets, names
              and magics that others took, the app; with a cure for each thing that is amiss

        %nbmicro
        %nbmicro doctor

    In plain Python:  help("nbmicro")
    """
    if word == "doctor":
        print(report(examine(session)))
    elif word is not None:
        raise OptionError(f"%nbmicro does not take `{word}`.", hint="Try:  %nbmicro doctor")
    else:
        print(f"{CARD}\n")
        print(_state(session))


def _state(session: Session) -> str:
    from nbmicro.notebook.route_table import shown_routes

    count = len(shown_routes(session.target.app()))
    routes = {0: "no route yet", 1: "1 route"}.get(count, f"{count} routes")
    if session.target.peek() is None:
        routes = f"the magics speak to {session.target.description()}"
    server = f"serving at {session.server.url}" if session.server is not None else "no server: none is needed"
    return f"This notebook: {routes}; {server}."


# -- the doctor --------------------------------------------------------------------------------------------------------

_ABOUT = ("IPython", "ipykernel", "ipywidgets", "anywidget", "jupyterlab", "notebook", "jupyter-server-proxy", "nbval")
_WHY = {
    "override": "NBMICRO_BROWSER_URL says so",
    "colab": "this is Google Colab",
    "codespaces": "this is a codespace",
    "vscode-proxy": "VSCODE_PROXY_URI says so",
    "hub": "JUPYTERHUB_SERVICE_PREFIX is set: through the hub's proxy",
    "jupyter": "through jupyter-server-proxy of the Jupyter that started this kernel",
    "direct": "directly: the browser needs no proxy, or none was found",
}
_LABEXTENSIONS = ("anywidget", "@jupyter-widgets/jupyterlab-manager")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, its state, and a hint where something is amiss."""

    about: str
    state: str
    hint: str = ""


def report(findings: list[Finding]) -> str:
    """The findings in two columns, each hint below its line, and at the end how many there are."""
    width = max(len(finding.about) for finding in findings) + 2
    lines = []
    for finding in findings:
        lines.append(f"{finding.about.ljust(width)}{finding.state}")
        lines += [f"{' ' * width}→ {hint}" for hint in finding.hint.splitlines()]
    amiss = sum(bool(finding.hint) for finding in findings)
    counted = {0: "Nothing is amiss.", 1: "One thing to mend: see its arrow."}
    return "\n".join([*lines, "", counted.get(amiss, f"{amiss} things to mend: see their arrows.")])


def examine(session: Session) -> list[Finding]:
    """Look at everything."""
    return [
        *_versions(),
        Finding("front end", front_end(os.environ, session.host.cell_metadata(), has_kernel=session.host.has_kernel)),
        _serving(session),
        _widgets(),
        *_magics(session),
        *_names(session),
        *_cut_off(session),
        *_flask(session),
        *_app(session),
    ]


def _versions() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    versions = {name: version for name in _ABOUT if (version := _version(name)) is not None}
    yield Finding("nbmicro", f"{__version__} on Python {python}", _outdated(_version("nbmicro")))
    yield Finding("beside it", " · ".join(f"{name} {version}" for name, version in versions.items()))


def _version(name: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _outdated(installed: str | None) -> str:
    if installed in (None, __version__):
        return ""
    return f"{installed} is installed by now; restart the kernel to use it."


def front_end(environ: Mapping[str, str], sent: Mapping[str, object], *, has_kernel: bool) -> str:
    """Which front end this is, as far as a kernel can know.

    Parameters
    ----------
    environ:
        The environment of the kernel.
    sent:
        The metadata that came with the cell.
    has_kernel:
        Whether the shell belongs to a kernel; a terminal's does not.
    """
    if "google.colab" in sys.modules:
        return "Google Colab"
    if not has_kernel:
        return "a terminal; cells have no ids there"
    if sys.platform == "emscripten":
        name = "JupyterLite, or another one whose Python runs in the browser"
    elif environ.get("VSCODE_PID") or environ.get("VSCODE_CWD"):
        name = "VS Code"
    elif "deletedCells" in sent or "cellId" in sent:
        name = "JupyterLab or Notebook"
    else:
        return "a program that sends no cell ids (nbval, nbclient, papermill …)"
    if environ.get("BINDER_SERVICE_HOST") or environ.get("BINDER_LAUNCH_HOST"):
        name += " on Binder"
    elif environ.get("JUPYTERHUB_SERVICE_PREFIX"):
        name += " in a JupyterHub"
    return f"{name}; {'cells have ids' if sent.get('cellId') else 'this cell has no id'}"


def _why(way: Address) -> str:
    """The reason for the way that a browser takes to the server."""
    return _WHY.get(way.route, way.route)


def _serving(session: Session) -> Finding:
    if sys.platform == "emscripten":
        return Finding("%serve", "not in a browser's Python, which cannot listen on a port")
    from nbmicro.notebook.magics.serve import address

    if session.server is not None:
        way = address(session.server.port, session.server.host)
        return Finding("%serve", f"serving at {way.url} ({_why(way)})")
    way = address(5000, "127.0.0.1")
    return Finding("%serve", f"would say {way.url}, or the next free port ({_why(way)})", way.note)


def _widgets() -> Finding:
    missing = [name for name in ("ipywidgets", "anywidget") if importlib.util.find_spec(name) is None]
    if missing:
        return Finding("widgets", f"{' and '.join(missing)} not installed", f"%pip install {' '.join(missing)}")
    started, folders = None, [Path(sys.prefix, "share", "jupyter", "labextensions")]
    if importlib.util.find_spec("jupyter_core") is not None:
        from jupyter_core.paths import jupyter_path, jupyter_runtime_dir

        folders = [Path(folder) for folder in jupyter_path("labextensions")]
        record = Path(jupyter_runtime_dir(), f"jpserver-{os.environ.get('JPY_PARENT_PID', '')}.json")
        started = record.stat().st_mtime if record.exists() else None
    return widget_state(folders, started)


def widget_state(folders: list[Path], started: float | None) -> Finding:
    """Whether the browser's side of the widgets is there, and was there when Jupyter started.

    Parameters
    ----------
    folders:
        The folders in which Jupyter looks for its extensions.
    started:
        When the Jupyter server that started this kernel did (seconds since the epoch); None if it is not known.
    """
    there = {
        name: file for name in _LABEXTENSIONS for folder in folders if (file := folder / name / "package.json").exists()
    }
    missing = [name for name in _LABEXTENSIONS if name not in there]
    if missing:
        return Finding(
            "widgets",
            f"installed for Python; Jupyter's part of them is not here ({', '.join(missing)})",
            "Where Jupyter itself is installed:  pip install ipywidgets anywidget, then restart Jupyter.",
        )
    if started is not None and any(file.stat().st_ctime > started for file in there.values()):
        return Finding(
            "widgets",
            "installed after Jupyter was started",
            "Restart Jupyter itself (not only the kernel), then reload the page.",
        )
    return Finding("widgets", "installed")


def _magics(session: Session) -> Iterator[Finding]:
    taken, replaced = session.host.taken_magics(), session.host.replaced_magics()
    states = [f"{_listed(taken)} taken over by others" if taken else "all nbmicro's"]
    if replaced:
        states.append(f"in place of {_listed(replaced)}, until %unload_ext nbmicro")
    yield Finding("magics", "; ".join(states), "%reload_ext nbmicro takes them back." if taken else "")


def _cut_off(session: Session) -> Iterator[Finding]:
    """The cells whose end IPython never told, since an interrupt came there."""
    labels = session.host.edges.cut_off.values()
    if labels:
        cells = " · ".join(f'"{label}"' for label in labels)
        yield Finding("interrupted", f"{cells}: counted as failed, so nothing of it is declared", "Run it again.")


def _listed(magics: Mapping[str, str]) -> str:
    return ", ".join(f"%{name} ({module})" for name, module in magics.items())


def _names(session: Session) -> Iterator[Finding]:
    from nbmicro.diagnosis.exception_hints import CLIENT_BACK

    space = session.host.namespace
    users = {
        name: f"{type(space[name]).__module__}.{type(space[name]).__qualname__}" if name in space else "deleted"
        for name, value in {**HANDLER_NAMES, "client": session.client}.items()
        if space.get(name) is not value
    }
    if not users:
        yield Finding("names", "request, session, url_for … are nbmicro's")
        return
    listed = ", ".join(f"`{name}` ({kind})" for name, kind in users.items())
    handlers = [name for name in users if name in HANDLER_NAMES]
    hints = [f"To have them in handlers:  from nbmicro import {', '.join(handlers)}"] if handlers else []
    if "client" in users:
        back = CLIENT_BACK if "client" in space else "%reload_ext nbmicro"
        hints.append(f"To have nbmicro's client:  {back}")
    yield Finding("names", f"the notebook's own: {listed}", "   ".join(hints))


def _flask(session: Session) -> Iterator[Finding]:
    """Flask itself beside nbmicro: as it should be where the magics speak to an app of Flask's, else a trap."""
    from nbmicro.diagnosis.exception_hints import flask_itself
    from nbmicro.diagnosis.module_hints import FLASKS_PLACE

    if not flask_itself():
        return
    users = sorted({name.partition(".")[0] for name in sys.modules if name.startswith("flask_")})
    by = f" (and {', '.join(users)} for it)" if users else ""
    try:
        is_nbmicros = isinstance(session.target.app(), App)
    except NbmicroError:
        is_nbmicros = True
    hint = f"Its extensions do not work with nbmicro's app. {FLASKS_PLACE}" if is_nbmicros else ""
    yield Finding("Flask", f"imported{by}: two Flasks in one kernel, that one and nbmicro", hint)


def _app(session: Session) -> Iterator[Finding]:
    try:
        app = session.target.app()
    except NbmicroError as error:
        yield Finding("app", error.message, error.hint or "")
        return
    if not isinstance(app, App):
        yield Finding("app", f"{session.target.description()}: its pages are declared as its framework does it")
        return
    from nbmicro.notebook.route_table import shown_routes

    count = len(shown_routes(app))
    yield Finding("app", f"{app.name}, {'1 route' if count == 1 else f'{count} routes'}")
    yield Finding("root path", app.root_path)
    for about, folder, declared in (
        ("templates", app.template_folder, len(app.tables.current().templates)),
        ("static", app.static_folder, len(app.tables.current().static_files)),
    ):
        yield Finding(about, _folder(app.root_path, folder, declared))
    if app.secret_key:
        yield Finding("secret key", "set")
    else:
        yield Finding("secret key", "none: sessions last until the kernel ends; set app.secret_key before serving it")


def _folder(root: str, folder: str | os.PathLike[str] | None, declared: int) -> str:
    cells = f"{declared} from cells" if declared else "none from cells"
    if folder is None:
        return cells
    path = Path(root, folder)
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    if not path.is_dir():
        return f"{cells}; there is no folder {name}/"
    files = sum(file.is_file() for file in path.rglob("*"))
    return f"{cells}, {files} on disk in {name}/"
