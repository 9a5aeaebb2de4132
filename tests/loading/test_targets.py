"""What can be served: notebooks, files and modules, by the name people give them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nbmicro
from nbmicro.errors import LoadError
from nbmicro.loading.loader import load, load_target
from tests.support.notebook_files import ask_app, write_notebook

Notebook = Callable[..., Path]
ROUTE = "@app.route('/')\ndef index(): return 'here'\n"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_package_offers_load(notebook: Notebook) -> None:
    """gunicorn 'nbmicro:load("app.ipynb")' finds the function."""
    assert ask_app(nbmicro.load(notebook("%load_ext nbmicro", "%%route /\n'x'")), "/") == (200, "x")


def test_a_notebook_is_a_module(notebook: Notebook) -> None:
    """It has a name, a file and a spec, is found in sys.modules, and can be imported there."""
    path = notebook(
        "import sys\nfrom nbmicro import App\napp = App(__name__)",
        "@app.route('/')\ndef index(): return f'{__name__} {sys.modules[__name__].__file__} {__spec__.name}'",
        "@app.route('/root')\ndef root(): return app.root_path + ' ' + app.instance_path",
        name="my.shop.ipynb",
    )
    app = load(path)
    name = "nbmicro_notebook.my_shop"
    assert ask_app(app, "/") == (200, f"{name} {path} {name}")
    assert ask_app(app, "/root") == (200, f"{path.parent} {path.parent / 'instance'}")
    module = __import__(name, fromlist=["app"])
    assert module.app is app


def test_two_notebooks_of_one_name_are_two_modules(tmp_path: Path, notebook: Notebook) -> None:
    """Notebooks called app.ipynb in two folders do not take each other's names."""
    (tmp_path / "b").mkdir()
    first = load(notebook("%load_ext nbmicro", "x = 'first'", "%%route /\nx"))
    second = load(write_notebook(tmp_path / "b" / "app.ipynb", "%load_ext nbmicro", "x = 'second'", "%%route /\nx"))
    assert (ask_app(first, "/")[1], ask_app(second, "/")[1]) == ("first", "second")
    assert "nbmicro_notebook.app_2" in sys.modules


def test_cells_run_in_the_notebooks_folder(tmp_path: Path, notebook: Notebook) -> None:
    """Files and modules beside the notebook are found as in Jupyter, wherever the command stands."""
    write(tmp_path, "data.txt", "from the file")
    write(tmp_path, "beside.py", "value = 'from the module'")
    write(tmp_path, "templates/t.txt", "{{ x }} from disk")
    before = os.getcwd()
    path = notebook(
        "%load_ext nbmicro",
        "from pathlib import Path\nfrom beside import value\ntext = Path('data.txt').read_text()",
        "%%route /\nrender_template('t.txt', x=f'{text} {value}')",
    )
    assert ask_app(load(os.path.relpath(path)), "/") == (200, "from the file from the module from disk")
    assert os.getcwd() == before


@pytest.mark.parametrize(
    "text", ["import nbmicro\napp = nbmicro.App(__name__)\n", "from flask import Flask\napp = Flask(__name__)\n"]
)
def test_a_python_file_is_served(tmp_path: Path, notebook: Notebook, text: str) -> None:
    """A .py with an app in it, ours or Flask's, even if it calls app.run()."""
    file = write(tmp_path, "plain_file.py", text + ROUTE + "app.run()\n" if "nbmicro" in text else text + ROUTE)
    assert ask_app(load(file), "/") == (200, "here")


def test_what_stands_behind_a_colon_is_the_app(
    tmp_path: Path, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """module:name, module:factory(), file:name and notebook:name each say which object."""
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        "colon_shop.py",
        "from nbmicro import App\n"
        "def make(text='made'):\n    app = App(__name__)\n"
        "    @app.route('/')\n    def index(): return text\n    return app\n"
        "one, two = make('one'), make('two')\n"
        "class Box:\n    app = make('boxed')\n",
    )
    for target, text in {
        "colon_shop:one": "one",
        "colon_shop.py:two": "two",
        "colon_shop:make()": "made",
        "colon_shop:make('given')": "given",
        "colon_shop:Box.app": "boxed",
    }.items():
        assert ask_app(load(target), "/") == (200, text)
    path = notebook("from nbmicro import App\nother = App('other')", "@other.get('/')\ndef index(): return 'other'")
    assert ask_app(load(f"{path}:other"), "/") == (200, "other")


@pytest.mark.parametrize(
    ("target", "words", "way_out"),
    [
        ("no_such_module_here", "no module 'no_such_module_here'", "app.ipynb"),
        ("targets_of_a_test:nothing", "no 'nothing'", ""),
        ("targets_of_a_test:number", "answers no requests", ""),
        ("targets_of_a_test:fail()", "fail() failed: ValueError: no", ""),
        ("targets_of_a_test:a b", "neither a name nor a call", "create_app"),
        ("targets_of_a_test", "no app was found", "targets_of_a_test:name"),
        ("broken_target_of_a_test", "ZeroDivisionError", ""),
        ("notes.txt", "neither a notebook nor a Python file", "nbmicro run app.ipynb"),
        ("missing.py", "no file missing.py", ""),
        ("what is this", "neither a file here nor the name of a module", "shop:app"),
    ],
)
def test_a_target_that_is_none_says_what_would_be_one(
    tmp_path: Path, notebook: Notebook, monkeypatch: pytest.MonkeyPatch, target: str, words: str, way_out: str
) -> None:
    """Every wrong target is an error with the next step, and none is a traceback."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "targets_of_a_test.py", "number = 3\ndef fail(): raise ValueError('no')\n")
    write(tmp_path, "broken_target_of_a_test.py", "x = 1\n1 / 0\n")
    write(tmp_path, "notes.txt", "")
    with pytest.raises(LoadError) as caught:
        load(target)
    assert words in caught.value.message
    assert way_out in str(caught.value.hint)


def test_a_foreign_app_in_a_notebook_is_served_as_it_is(notebook: Notebook) -> None:
    """A notebook may make any WSGI callable; %app module:name serves one from elsewhere."""
    path = notebook("def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'raw']")
    assert ask_app(load(path), "/") == (200, "raw")
    write(
        path.parent,
        "elsewhere_of_a_test.py",
        "from nbmicro import App\nsite = App(__name__)\n" + ROUTE.replace("app", "site"),
    )
    other = notebook("%load_ext nbmicro", "%app elsewhere_of_a_test:site", "%%route /added\n'added'")
    app = load_target(other).app
    assert ask_app(app, "/") == (200, "here")
    assert ask_app(app, "/added") == (200, "added")


def test_serving_a_notebook_imports_nothing_of_jupyter(notebook: Notebook, program: Callable[[str], list[str]]) -> None:
    """With IPython, ipywidgets, anywidget, traitlets and Jupyter's libraries blocked, a notebook loads and answers."""
    path = notebook(
        "%load_ext nbmicro", "%matplotlib inline", "%%route /\nrender_template_string('{{ 6 * 7 }}')", "%http /"
    )
    command = program(f"""
        import sys
        for name in ("IPython", "ipywidgets", "anywidget", "traitlets", "ipykernel", "jupyter_core", "jupyter_client",
                     "jupyter_server", "nbformat", "nbclient", "comm"):
            sys.modules[name] = None
        import nbmicro
        from nbmicro import cli
        app = nbmicro.load({str(path)!r})
        print(app.test_client().get("/").text)
        print([name for name in sys.modules if name.startswith("nbmicro.notebook")])
    """)
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout == "42\n[]\n", done.stderr


def test_a_module_that_loads_a_notebook_when_it_is_imported_has_all_of_its_routes(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``app = load("app.ipynb")`` in a wsgi.py: the cells declare, not the module that is being imported."""
    cells = ("%%route /a\n'a'", "%%static b.txt\nb", "@app.get('/c')\ndef c(): return 'c'", "%%route /d\n'd'")
    path = notebook("%load_ext nbmicro", *cells)
    write(path.parent, "wsgi_of_a_test.py", "from nbmicro import load\n\napp = load('app.ipynb')\n")
    monkeypatch.chdir(path.parent)
    app = load("wsgi_of_a_test:app")
    answers = [ask_app(app, target)[1].strip() for target in ("/a", "/static/b.txt", "/c", "/d")]
    assert answers == ["a", "b", "c", "d"]
    assert [route.owner.label for route in app.routes() if route.rule == "/a"] == ["%%route /a"]
