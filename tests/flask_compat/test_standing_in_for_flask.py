"""nbmicro in Flask's place: what `import flask` gives, what it says, and how it ends."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import pytest

import nbmicro
from nbmicro import flask_compat
from nbmicro.errors import NbmicroError
from nbmicro.flask_compat.stand_in import FLASK_VERSION, SAME
from start import ROOT


def python(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A new Python at the root of the project."""
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.usefixtures("as_flask")
@pytest.mark.parametrize(("theirs", "ours"), SAME.items())
def test_a_module_is_one_object_under_both_names(theirs: str, ours: str) -> None:
    module = importlib.import_module(ours)
    spec = module.__spec__
    assert importlib.import_module(theirs) is module
    assert (module.__name__, module.__spec__) == (ours, spec), "and keeps its own name and spec"


def test_names_that_extensions_import_are_flasks_own(free_place: None) -> None:
    """Values without a type of Flask's, which the comparison of modules passes over: Flask-RESTX needs this one."""
    theirs = importlib.import_module("flask.views").http_method_funcs
    for name in [name for name in sys.modules if name.partition(".")[0] == "flask"]:
        del sys.modules[name]
    nbmicro.install_as_flask()
    assert importlib.import_module("flask.views").http_method_funcs == theirs


@pytest.mark.usefixtures("as_flask")
def test_the_names_are_ours_so_isinstance_works() -> None:
    flask = importlib.import_module("flask")
    assert flask.Flask is nbmicro.App
    assert isinstance(nbmicro.App("x", root_path="/"), flask.Flask)
    assert isinstance(nbmicro.Blueprint("x", "x", root_path="/"), importlib.import_module("flask.blueprints").Blueprint)
    assert flask.request is nbmicro.request is importlib.import_module("flask.globals").request
    assert importlib.import_module("flask.wrappers").Request is nbmicro.Request
    client = nbmicro.App("x", root_path="/").test_client()
    assert isinstance(client, importlib.import_module("flask.testing").FlaskClient)


@pytest.mark.usefixtures("as_flask")
def test_modules_are_there_without_an_import_as_flask_has_them() -> None:
    flask = importlib.import_module("flask")
    assert flask.cli.AppGroup is importlib.import_module("nbmicro.web.commands.cli").AppGroup
    assert flask.signals is nbmicro.signals
    with pytest.raises(AttributeError, match="which is nbmicro here, has no attribute 'nonsense'"):
        _ = flask.nonsense
    assert set(flask.__all__) <= set(dir(flask))


@pytest.mark.usefixtures("as_flask")
def test_flasks_modules_leave_no_trace_on_ours() -> None:
    """`flask.testing` and `flask.cli` are not `nbmicro.testing` and `nbmicro.cli`."""
    importlib.import_module("flask.testing")
    importlib.import_module("flask.cli")
    assert importlib.import_module("nbmicro.testing").__name__ == "nbmicro.testing"
    assert importlib.import_module("nbmicro.cli").__name__ == "nbmicro.cli"


@pytest.mark.usefixtures("as_flask")
@pytest.mark.parametrize("name", ["flask.ext", "flask.json.plain", "flask.__main__"])
def test_a_module_that_we_have_not_is_an_import_error_that_says_so(name: str) -> None:
    """Nor is a file of ours run a second time under Flask's name."""
    with pytest.raises(ModuleNotFoundError, match=f"nbmicro stands in for Flask here and has no module '{name}'"):
        importlib.import_module(name)


@pytest.mark.usefixtures("free_place")
def test_it_is_undone_and_done_again() -> None:
    nbmicro.install_as_flask()
    nbmicro.install_as_flask()
    assert importlib.import_module("flask").Flask is nbmicro.App
    flask_compat.uninstall()
    flask_compat.uninstall()
    assert importlib.import_module("flask").Flask is not nbmicro.App
    assert importlib.import_module("flask.globals") is not importlib.import_module("nbmicro.web.proxies")
    assert nbmicro.signals.__name__ == "nbmicro.web.signals"


@pytest.mark.usefixtures("free_place")
def test_where_flask_is_imported_already_it_says_what_to_do() -> None:
    importlib.import_module("flask_login")
    with pytest.raises(NbmicroError) as caught:
        nbmicro.install_as_flask()
    assert "Flask itself is imported already (and so are flask_login)." in str(caught.value)
    assert "before anything imports flask" in str(caught.value)
    assert importlib.import_module("flask").Flask is not nbmicro.App, "nothing has changed"


def test_it_wins_over_an_installed_flask_and_says_so_once() -> None:
    run = python(
        "import nbmicro, sys\n"
        "nbmicro.install_as_flask(); nbmicro.install_as_flask()\n"
        "from nbmicro import flask_compat\n"
        "flask_compat.uninstall(); nbmicro.install_as_flask()\n"
        "import flask; print(flask.Flask is nbmicro.App)",
        "-W",
        "error",
    )
    assert (run.stdout, run.stderr) == (
        "True\n",
        "nbmicro stands in for Flask: `import flask` gives nbmicro, not the Flask installed here.\n",
    )


def test_nothing_stands_in_for_flask_unasked() -> None:
    assert python("import nbmicro, flask; print(flask.Flask is nbmicro.App)").stdout == "False\n"


def test_without_flask_installed_its_extensions_run_and_its_version_is_answered(tmp_path: Path) -> None:
    """A folder of all that is installed, but Flask."""
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if entry.name != "flask" and not entry.name.lower().startswith("flask-3"):
            (tmp_path / entry.name).symlink_to(entry)
    code = (
        "import importlib.util, json, nbmicro\n"
        "from importlib.metadata import PackageNotFoundError, distribution, version\n"
        "assert importlib.util.find_spec('flask') is None\n"
        "nbmicro.install_as_flask()\n"
        "import flask_login, flask_sqlalchemy, flask_wtf, flask\n"
        "app = flask.Flask('club', root_path='.')\n"
        "app.config.update(SECRET_KEY='x', SQLALCHEMY_DATABASE_URI='sqlite://')\n"
        "flask_sqlalchemy.SQLAlchemy(app); flask_login.LoginManager(app); flask_wtf.CSRFProtect(app)\n"
        "print(json.dumps([version('flask'), version('Flask'), distribution('flask').name, sorted(app.extensions)]))\n"
        "nbmicro.flask_compat.uninstall()\n"
        "try: version('flask')\n"
        "except PackageNotFoundError: print('gone')"
    )
    run = python(code, "-S", PYTHONPATH=os.pathsep.join([str(ROOT), str(tmp_path)]))
    assert run.stderr == ""
    answers, gone = run.stdout.splitlines()
    assert json.loads(answers) == [FLASK_VERSION, FLASK_VERSION, "Flask", ["csrf", "sqlalchemy"]]
    assert gone == "gone"


@pytest.mark.usefixtures("as_flask")
def test_other_packages_keep_their_versions() -> None:
    assert version("flask") == version("Flask") == FLASK_VERSION
    assert version("flask-login").startswith("0.6")
    assert version("werkzeug").startswith("3.")
