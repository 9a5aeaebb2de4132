"""The module that a notebook becomes: its text, and that it answers as the notebook does."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nbmicro.cli import main
from nbmicro.errors import LoadError
from nbmicro.export.notebook_export import Exported, export_notebook
from nbmicro.loading.loader import load
from tests.support.notebook_files import ask_app

Notebook = Callable[..., Path]
LOAD = "%load_ext nbmicro"


def exported(path: Path, **options: Any) -> Exported:
    """The export, which compiles and which the linter passes."""
    result = export_notebook(path, path.with_name("shop.py"), **options)
    compile(result.module, "shop.py", "exec")
    check = ["ruff", "check", "--isolated", "--select", "E,F,W,I,B,UP,C4,PT", "--line-length", "120", "shop.py"]
    path.with_name("shop.py").write_text(result.module)
    done = subprocess.run(
        [sys.executable, "-m", *check], cwd=path.parent, capture_output=True, text=True, timeout=60, check=False
    )
    path.with_name("shop.py").unlink()
    assert done.returncode == 0, f"{done.stdout}\n{result.module}"
    return result


def body_of(path: Path, **options: Any) -> str:
    """The module's text behind its docstring."""
    return exported(path, **options).module.split('"""\n', 2)[-1].strip("\n")


def module_app(path: Path, **options: Any) -> Any:
    """The app of the module, imported as a program would."""
    result = exported(path, **options)
    folder = path.parent / "out"
    folder.mkdir(exist_ok=True)
    out = folder / "shop.py"
    out.write_text(result.module)
    for name, content in result.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    spec = importlib.util.spec_from_file_location("shop", out)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["shop"] = module
    spec.loader.exec_module(module)
    return getattr(module, result.target)


def assert_same(path: Path, *targets: str | tuple[str, str], **options: Any) -> list[tuple[int, str]]:
    """The module answers each request as the served notebook does."""
    asked = [(target, "GET") if isinstance(target, str) else target for target in targets]
    notebook, module = load(path), module_app(path, **options)
    answers = [ask_app(notebook, *one) for one in asked]
    assert [ask_app(module, *one) for one in asked] == answers
    return answers


def refused(path: Path) -> LoadError:
    with pytest.raises(LoadError) as caught:
        export_notebook(path, path.with_name("shop.py"))
    return caught.value


# -- the text --------------------------------------------------------------------------------------------------------


def test_a_notebook_becomes_what_a_person_would_have_written(notebook: Notebook) -> None:
    """Docstring, imports, app, functions; comments stay; what looks is not there."""
    path = notebook(
        LOAD,
        "import math\nimport json  # for the log",
        "# how far it is\ndef far(x):\n    return math.sqrt(x)",
        "%%route /far/<int:x>\n# in miles\nd = far(x)\nf'{d:.1f}'",
        "%%route GET,POST /both --name two\ndef both():\n    'Either.'\n    return request.method",
        "%http /far/4",
        "far(4)",
    )
    assert exported(path).module == (
        '"""A title.\n\nExported from the notebook app.ipynb.\n"""\n\n'
        "import math\n\n"
        "from nbmicro import App, request\n\n"
        "app = App(__name__)\n\n\n"
        "# how far it is\n"
        "def far(x):\n    return math.sqrt(x)\n\n\n"
        '@app.get("/far/<int:x>")\n'
        "def far_x(x):\n    # in miles\n    d = far(x)\n    return f'{d:.1f}'\n\n\n"
        '@app.route("/both", methods=["GET", "POST"], endpoint="two")\n'
        "def both():\n    'Either.'\n    return request.method\n\n\n"
        "far(4)\n"
    )
    assert_same(path, "/far/9", "/both", ("/both", "POST"))


def test_a_functions_name_means_nothing_else_in_the_notebook(notebook: Notebook) -> None:
    """A body's function that would hide a builtin, a variable or an import of the notebook is named otherwise."""
    path = notebook(
        LOAD,
        "users = [1, 2]\nimport math",
        "%%route /users\nstr(users)",
        "%%route /sum\nstr(sum(users))",
        "%%route /math\nstr(math.floor(2.5)) + url_for('users') + url_for('sum')",
        "%%route /url_for\nurl_for('math')",
    )
    text = body_of(path)
    assert '@app.get("/users", endpoint="users")\ndef users_view():' in text
    assert '@app.get("/sum", endpoint="sum")\ndef sum_view():' in text
    assert [body for _, body in assert_same(path, "/users", "/sum", "/math", "/url_for")] == [
        "[1, 2]",
        "3",
        "2/users/sum",
        "/math",
    ]


def test_the_inside_of_strings_is_not_indented(notebook: Notebook) -> None:
    """A page over several lines is the same page."""
    path = notebook(
        LOAD,
        '%%route /page\ntitle = "x"\nf"""\n<h1>\n  {title}\n</h1>\n"""',
        '%%route /doc\n"""What it\n\n  does."""\n"a" \\\n    "b"',
        '%%route /nested\ntext = """\nif x:\n""" + "y"\nif True:\n    text += """\n z"""\ntext',
    )
    answers = assert_same(path, "/page", "/doc", "/nested")
    assert answers[0] == (200, "\n<h1>\n  x\n</h1>\n")
    assert answers[2] == (200, "\nif x:\ny\n z")


def test_every_form_of_a_body_is_a_function(notebook: Notebook) -> None:
    """`global`, streams, `await`, raising, returning, a tuple, a trailing semicolon, two statements on a line."""
    path = notebook(
        LOAD,
        "hits = 0\nasync def later(x):\n    return x",
        "%%route /hits\nglobal hits\nhits += 1\nstr(hits)",
        "%%route /stream\nfor n in range(3):\n    yield str(n)",
        "%%route /await\nawait later('came')",
        "%%route /async\n[x async for x in numbers()]",
        "async def numbers():\n    yield 1\n    yield 2",
        "%%route /raise\nraise KeyError('x') if False else __import__('werkzeug').exceptions.Gone()",
        "%%route /if\nif True:\n    return 'yes'\nreturn 'no'",
        "%%route /tuple\n'made', 201",
        "%%route /semicolon\nx = 1; y = 2\nstr(x + y);  # both",
        "%%route /fold\nx = (1 +\n     2)\nx = str(x)\nx",
        "%%route /<uuid:id>/<any(a, b):kind>\nf'{id} {kind}'",
    )
    uuid = "/12345678-1234-5678-1234-567812345678/a"
    targets = ("/hits", "/hits", "/stream", "/await", "/async", "/raise", "/if", "/tuple", "/semicolon", "/fold", uuid)
    answers = assert_same(path, *targets)
    assert [status for status, _ in answers] == [200, 200, 200, 200, 200, 410, 200, 201, 200, 200, 200]
    text = body_of(path)
    assert "async def await_():" in text or "async def await():" not in text
    assert "return str(x)\n" in text
    assert "    return str(x + y)  # both\n" in text


def test_a_later_cell_takes_over_from_an_earlier_one(notebook: Notebook) -> None:
    """In a module the first rule would win; so what is covered is left out, wholly or for its methods."""
    path = notebook(
        LOAD,
        "%%route /x\n'old'",
        "%%route GET,POST /y\nrequest.method + ' old'",
        "@app.route('/z')\ndef z():\n    return 'old'",
        "%%route /u/<a>\ndef kept(a):\n    return a",
        "%%route /x\n'new'",
        "%%route POST /y\n'new'",
        "%%route /z\n'new'",
        "%%route /u/<b>\nkept(b) + '!'",
    )
    targets = ("/x", "/y", ("/y", "POST"), "/z", "/u/1", ("/x", "POST"), ("/y", "PUT"))
    assert [body for _, body in assert_same(path, *targets)][:5] == ["new", "GET old", "new", "new", "1!"]
    error = refused(
        notebook(LOAD, "@app.route('/y', methods=['GET', 'POST'])\ndef y(): return 'x'", "%%route POST /y\n'new'")
    )
    assert (error.where, error.line) == ("app.ipynb, cell 2 (@app.route('/y', methods=['GET', 'POST']))", 1)
    assert error.hint == "Leave over to it what it still answers:  methods=['GET']"


def test_two_functions_with_one_endpoint_keep_both_rules(notebook: Notebook) -> None:
    """Between cells the second gets `_2`, in the notebook and in the module."""
    path = notebook(
        LOAD,
        "%%route /a/<int:id>\n'int'",
        "%%route /a/<id>\n'text ' + url_for('a_id', id=1) + url_for('a_id_2', id='x')",
        "@app.route('/b', endpoint='a_id')\ndef b():\n    return url_for('a_id_3')",
        "%%route /static\n'no file'",
    )
    assert [body for _, body in assert_same(path, "/a/1", "/a/x", "/b", "/static")] == [
        "int",
        "text /a/1/a/x",
        "/b",
        "no file",
    ]


def test_imports_stand_at_the_top_once(notebook: Notebook) -> None:
    """Merged and sorted; those only lookers need are gone; those that must stay where they are do."""
    (notebook(LOAD).parent / "models.py").write_text("x = 1\n")
    path = notebook(
        LOAD,
        "from pathlib import Path\nimport os, tempfile",
        "from collections import OrderedDict, abc\nfrom collections import Counter as C\nimport models",
        "%%route /\nimport json\nPath('x').name + json.dumps(C('a')) + str(OrderedDict(a=abc.Sized is None))",
        "os.environ['SHOP'] = '1'",
        "import werkzeug.http\nfrom jinja2 import Environment",
        "%%route /env\nos.environ['SHOP'] + werkzeug.http.http_date(0) + str(Environment is None)",
        "# nbmicro: skip\nfolder = tempfile.mkdtemp()",
    )
    text = body_of(path)
    assert text.startswith(
        "import os\nfrom collections import Counter as C\nfrom collections import OrderedDict, abc\n"
        "from pathlib import Path\n\nfrom nbmicro import App\n\nimport models  # noqa: F401\n\napp = App(__name__)\n"
    )
    assert (
        "os.environ['SHOP'] = '1'\n\nimport werkzeug.http  # noqa: E402\nfrom jinja2 import Environment  # noqa: E402"
        in text
    )
    assert "tempfile" not in text


def test_a_future_import_comes_first(notebook: Notebook) -> None:
    """It holds for the module, as for the cell."""
    path = notebook(
        LOAD,
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n"
        "@dataclass\nclass User:\n    name: str\n    kind: ClassVar[str] = 'user'",
        "%%route /\nrepr(User('Ada'))",
    )
    assert body_of(path).startswith("from __future__ import annotations\n\nfrom dataclasses")
    assert assert_same(path, "/") == [(200, "User(name='Ada')")]


def test_what_the_notebook_binds_is_the_notebooks(notebook: Notebook) -> None:
    """A name of ours that it binds itself is not imported, unless it is read before."""
    path = notebook(LOAD, "first = type(session)", "session = 'mine'", "%%route /\nsession + first.__name__")
    assert "from nbmicro import App, session\n" in body_of(path)
    assert assert_same(path, "/")[0][0] == 200
    path = notebook(LOAD, "session = 'mine'", "%%route /\nsession + request.path")
    assert "from nbmicro import App, request\n" in body_of(path)
    assert assert_same(path, "/") == [(200, "mine/")]


def test_an_app_of_the_notebooks_own_is_the_module_s(notebook: Notebook) -> None:
    """Its own `App(…)` stays as it stands; %app says which of several is served."""
    path = notebook(
        LOAD,
        "from nbmicro import Flask\napp = Flask(__name__, template_folder='pages')",
        "%%template t.txt\n{{ x }}",
        "%%route /\nrender_template('t.txt', x=1)",
    )
    assert body_of(path).count("app = ") == 1
    assert list(exported(path).files) == ["pages/t.txt"]
    assert assert_same(path, "/") == [(200, "1")]
    several = notebook(LOAD, "from nbmicro import App\nshop = App('shop')", "%app shop", "%%route /x\n'shop'")
    result = exported(several)
    assert result.target == "shop"
    assert '@shop.get("/x")' in result.module
    assert "\napp = " not in result.module
    error = refused(notebook(LOAD, "%app elsewhere:site"))
    assert error.line == 1
    assert "nbmicro run elsewhere:site" in str(error.hint)
    back = notebook(LOAD, "%app elsewhere:site", "%http /", "%app app", "%%route /own\n'own'", "%http /own")
    result = exported(back, tests=True)
    assert result.notes == ("Requests to elsewhere:site are not among the tests.",)
    assert result.tests is not None
    assert result.tests.count("client.") == 1
    assert refused(notebook(LOAD, "%app elsewhere:site", "%%route /own\n'own'", "%app app")).line == 1


def test_cells_that_need_the_notebooks_app_context_get_one(notebook: Notebook) -> None:
    """`url_for` in a plain cell works in the module, directly and through a function."""
    path = notebook(
        LOAD,
        "%%route /there\n'x'",
        "def link():\n    return url_for('there')",
        "both = url_for('there') + link()",
        "url_for('there')",
        "%%route /\nboth",
    )
    assert "with app.app_context():\n    both = url_for('there') + link()\n" in body_of(path)
    assert assert_same(path, "/") == [(200, "/there/there")]
    error = refused(notebook(LOAD, "g.seen = 1"))
    assert (error.where, error.line) == ("app.ipynb, cell 2 (g.seen = 1)", 1)


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (
            ["link = lambda: url_for('there')  # noqa: E731\nvalue = link()"],
            "with app.app_context():\n    value = link()\n",
        ),
        (["class K:\n    value = url_for('there')", "value = K.value"], "with app.app_context():\n    class K:\n"),
        (
            [
                "def fixed(f):\n    found = url_for('there')\n    return lambda: found",
                "@fixed\ndef link(): ...\nvalue = link()",
            ],
            "with app.app_context():\n    @fixed\n    def link(): ...\n",
        ),
        (
            ["def link(to=url_for('there')):  # noqa: B008\n    return to", "value = link()"],
            "with app.app_context():\n    def link(",
        ),
    ],
    ids=["lambda", "class body", "decorator", "default"],
)
def test_what_runs_with_a_definition_or_is_a_lambda_has_the_context(
    notebook: Notebook, cells: list[str], written: str
) -> None:
    """A lambda that is called, a class body, a decorator that is applied and a default ask for an address."""
    path = notebook(LOAD, "%%route /there\n'x'", *cells, "%%route /\nvalue")
    assert written in body_of(path)
    assert assert_same(path, "/") == [(200, "/there")]


def test_definitions_that_only_read_the_context_later_stand_outside_of_it(notebook: Notebook) -> None:
    """A decorator whose function asks for the user when a request comes, and the columns of a table, need none."""
    path = notebook(
        LOAD,
        "import functools\nfrom nbmicro import g, redirect, url_for",
        "def login_required(view):\n    @functools.wraps(view)\n    def wrapped():\n"
        "        return view() if 'user' in g else redirect(url_for('there'))\n    return wrapped",
        "%%route /there\n'x'",
        "@app.get('/')\n@login_required\ndef index():\n    return 'x'",
        "@app.context_processor\ndef more():\n    return {'link': url_for('there')}",
        "class Page:\n    link = staticmethod(lambda: 1)\n    def show(self):\n        return url_for('there')",
        "class Home(Page):\n    other: Page | None = None",
    )
    assert "app_context()" not in body_of(path)


@pytest.mark.parametrize(
    ("imported", "name"),
    [
        ("from nbmicro import g, current_app", "g"),
        ("from nbmicro import current_app, g as ctx", "ctx"),
        ("import nbmicro\ncurrent_app = nbmicro.current_app", "nbmicro.g"),
        ("import nbmicro as nb\nfrom nbmicro import current_app", "nb.g"),
        ("from nbmicro import g as _g, current_app\nctx = _g", "ctx"),
        ("from nbmicro.globals import current_app, g", "g"),
    ],
)
def test_imported_names_of_the_context_are_those_the_notebook_is_given(
    notebook: Notebook, imported: str, name: str
) -> None:
    """Whoever changes the import of a Flask lesson exports a module that can be imported."""
    path = notebook(
        LOAD,
        imported,
        f"def get_db():\n    if 'db' not in {name}:\n        {name}.db = 'open'\n    return {name}.db",
        f"def close_db(error=None):\n    {name}.pop('db', None)",
        "app.teardown_appcontext(close_db)",
        "state = get_db()\ncalled = current_app.name",
        "%%route /\nstate + get_db()",
    )
    body = body_of(path)
    assert "with app.app_context():\n    state = get_db()\n    called = current_app.name\n" in body
    assert "\napp.teardown_appcontext(close_db)\n" in body
    assert assert_same(path, "/") == [(200, "openopen")]
    assert refused(notebook(LOAD, imported, f"{name}.seen = 1")).line == 1


def test_a_factory_does_not_call_the_handlers_that_it_makes(notebook: Notebook) -> None:
    """It makes the app in no context, whatever is read in functions inside; what it calls itself counts."""
    factory = (
        "from nbmicro import App, current_app, g, url_for\n"
        "def close(error=None):\n    g.pop('x', None)\n"
        "def create_app():\n    app = App('shop')\n    app.teardown_appcontext(close)\n    @app.get('/')\n"
        "    def index():\n        g.x = url_for('index')\n        return g.x\n"
        "    with app.app_context():\n        app.config['OWN'] = current_app.name\n    return app"
    )
    path = notebook(factory, "app = create_app()")
    assert "app_context()" not in body_of(path).partition("return app")[2]
    assert assert_same(path, "/") == [(200, "/")]
    inner = "def name():\n    def found():\n        from nbmicro import current_app\n        return current_app.name\n"
    path = notebook(LOAD, f"{inner}    return found()", "called = name()", "%%route /\ncalled")
    assert "with app.app_context():\n    called = name()\n" in body_of(path)


@pytest.mark.parametrize(
    ("imported", "called"),
    [
        ("from store import init_db, init_app", "init_db()"),
        ("import store\nfrom store import init_app", "store.init_db()"),
    ],
)
def test_a_function_of_a_module_beside_the_notebook_has_the_context(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, imported: str, called: str
) -> None:
    """What is called of it and reads `g` or `current_app`, at once or by another one, runs in the app's context."""
    path = notebook(LOAD, imported, f"init_app(app)\nready = {called}", "%%route /\nready")
    (path.parent / "store.py").write_text(
        "from nbmicro import current_app, g\n\n\ndef get_db():\n    g.db = current_app.name\n    return g.db\n\n\n"
        "def close_db(error=None):\n    g.pop('db', None)\n\n\n"
        "def init_db():\n    return 'ready' if get_db() else ''\n\n\n"
        "def init_app(app):\n    app.teardown_appcontext(close_db)\n"
    )
    monkeypatch.syspath_prepend(path.parent)
    assert f"\ninit_app(app)\nwith app.app_context():\n    ready = {called}\n" in body_of(path)
    try:
        assert assert_same(path, "/") == [(200, "ready")]
    finally:
        sys.modules.pop("store", None)


def test_a_context_that_the_notebook_enters_itself_is_the_only_one(notebook: Notebook) -> None:
    """What stands under `with app.app_context():` is written as it is."""
    cells = ("def path():\n    return url_for('there')", "with app.app_context():\n    found = path()")
    body = body_of(notebook(LOAD, "from nbmicro import url_for", "%%route /there\n'x'", *cells, "%%route /\nfound"))
    assert body.count("app_context()") == 1


def test_a_cell_that_awaits_has_the_app_context(notebook: Notebook) -> None:
    """A coroutine that asks for an address runs in a context of the module's app."""
    path = notebook(
        LOAD,
        "from nbmicro import url_for",
        "%%route /there\n'x'",
        "async def look():\n    return url_for('there')",
        "where = await look()",
        "%%route /\nwhere",
    )
    assert assert_same(path, "/") == [(200, "/there")]


def test_an_extension_that_has_the_app_asks_it_in_a_context(notebook: Notebook) -> None:
    """Tables are made and rows added in the module as in a cell; what only describes them is written as it is."""
    pytest.importorskip("flask_sqlalchemy")
    path = notebook(
        LOAD,
        "import nbmicro\nnbmicro.install_as_flask()\nfrom flask_sqlalchemy import SQLAlchemy",
        "app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite://'\ndb = SQLAlchemy(app)",
        "tags = db.Table('tags', db.Column('id', db.Integer))\ndb.mark = 'x'",
        "class User(db.Model):\n    id = db.Column(db.Integer, primary_key=True)",
        "def init_db():\n    db.create_all()",
        "init_db()\n\nada = User()\n# the first\ndb.session.add(ada)\ndb.session.commit()\nready = True",
    )
    body = exported(path).module
    assert (
        "with app.app_context():\n    init_db()\n\n    ada = User()\n    # the first\n    db.session.add(ada)\n"
        "    db.session.commit()\nready = True\n"
    ) in body
    assert "\ntags = db.Table('tags', db.Column('id', db.Integer))\ndb.mark = 'x'\n" in body


def test_top_level_await_becomes_a_function_that_is_run(notebook: Notebook) -> None:
    """A module cannot await; what awaited binds the module's names."""
    path = notebook(
        LOAD,
        "import asyncio\nasync def answer():\n    await asyncio.sleep(0)\n    return 42",
        "# wait for it\nvalue = await answer()\nvalues = [await answer() for _ in range(2)]\ntext = '''\nx'''",
        "%%route /\nf'{value} {values} {text}'",
    )
    text = body_of(path)
    assert "async def prepare() -> None:\n    global value, values\n\n    # wait for it\n    value = await" in text
    assert assert_same(path, "/") == [(200, "42 [42, 42] \nx")]


def test_display_and_magics_leave_no_trace(notebook: Notebook) -> None:
    """Timed and captured code stays, without its magic; `display` shows nothing."""
    path = notebook(
        LOAD,
        "%matplotlib inline\n%time a = 1\nb = %time 1 + 1",
        "%%time\nc = 3; d = 4  # both",
        "%%capture out\nprint('x')\ne = 5",
        "from IPython.display import display, Markdown\nx = display(a)\ndisplay(a)\na",
        "%%route /\nf'{a + b + c + d + e} {x}'",
        "r = %http /\nassert r.status == 200",
    )
    text = body_of(path)
    assert "a = 1\nb = 1 + 1\n" in text
    assert "c = 3\nd = 4" in text
    assert "IPython" not in text
    assert "http" not in text
    assert "print('x')" in text
    assert assert_same(path, "/") == [(200, "15 None")]


def test_app_run_is_for_the_program_alone(notebook: Notebook) -> None:
    """Importing the module, as gunicorn does, starts no server."""
    path = notebook(
        "from nbmicro import Flask\napp = Flask(__name__)", "@app.get('/')\ndef index(): return 'x'", "app.run()"
    )
    assert body_of(path).endswith('if __name__ == "__main__":\n    app.run()')
    assert assert_same(path, "/") == [(200, "x")]


def test_comments_stay_with_their_statements(notebook: Notebook) -> None:
    """Above, behind and at the end of a cell; those of what is left out go with it, and so do marks of tools."""
    path = notebook(
        LOAD,
        "# NBVAL_SKIP\n# one\n\n# two\na = 1  # three\n\n# of the show\na\n# four\nb = 2\n\n# five",
        "%%route /\n# six\nx = a  # seven\n\n# eight\nstr(x + b)\n# nine",
    )
    assert body_of(path).partition("__name__)\n\n")[2] == (
        "# one\n\n# two\na = 1  # three\n# four\nb = 2\n\n# five\n\n\n"
        '@app.get("/")\ndef index():\n    # six\n    x = a  # seven\n\n    # eight\n    return str(x + b)\n    # nine'
    )


# -- templates and files ---------------------------------------------------------------------------------------------

RESOURCES = (
    LOAD,
    "%%template t.html\n<h1>{{ x }}</h1>\n",
    '%%template odd.html\n{{ \'\\\\\' }}"""é{{ x }}',
    "%%static style.css\nh1 { color: red }",
    "%%static ü.txt\nü",
    "%%route /\nrender_template('t.html', x='<')",
    "%%route /odd\nrender_template('odd.html', x='<')",
)


@pytest.mark.parametrize("inline", [False, True])
def test_templates_and_static_files_are_the_cells(notebook: Notebook, inline: bool) -> None:
    """As files beside the module or in its text, they give the same bytes."""
    path = notebook(*RESOURCES)
    assert_same(path, "/", "/odd", "/static/style.css", "/static/none.css", inline=inline)
    assert sorted(exported(path, inline=inline).files) == (
        [] if inline else ["static/style.css", "static/ü.txt", "templates/odd.html", "templates/t.html"]
    )


def test_a_static_cell_has_the_headers_of_a_file(notebook: Notebook) -> None:
    """But for its time and tag, which a cell cannot have."""
    path = notebook(*RESOURCES)
    apps = [load(path), module_app(path)]
    answers = []
    for app in apps:
        with app.test_client().get("/static/style.css") as response:
            answers.append(response.headers)
    own = {"Date", "Last-Modified", "ETag"}
    notebooks, modules = ({name: value for name, value in one if name not in own} for one in answers)
    assert notebooks == modules
    assert notebooks["Content-Disposition"] == "inline; filename=style.css"


def test_a_module_elsewhere_takes_the_notebooks_files_along(notebook: Notebook) -> None:
    """What lies in templates/ and static/ beside the notebook is needed where the module stands."""
    path = notebook(LOAD, "%%template b.txt\n{% extends 'a.txt' %}", "%%route /\nrender_template('b.txt')")
    (path.parent / "templates").mkdir()
    (path.parent / "templates" / "a.txt").write_text("from the folder")
    elsewhere = export_notebook(path, path.parent / "build" / "shop.py")
    assert elsewhere.files == {"templates/a.txt": b"from the folder", "templates/b.txt": b"{% extends 'a.txt' %}\n"}
    assert list(export_notebook(path, path.with_name("shop.py")).files) == ["templates/b.txt"]


def test_titles_become_comments_where_something_follows(notebook: Notebook) -> None:
    """The first title is the module's; the others stand above the code of their section, without marks."""
    path = notebook(LOAD, "%%route /\n'x'")
    text = path.read_text()
    cells = '{"cell_type": "markdown", "metadata": {}, "source": ["## The `first` [page](x)\\n", "```\\n# no\\n```"]}, '
    path.write_text(text.replace('{"cell_type": "code"', f'{cells}{{"cell_type": "code"'))
    module = exported(path).module
    assert '"""A title.' in module
    assert module.count("# --- The first page ---") == 2
    assert "# no" not in module


# -- the command -----------------------------------------------------------------------------------------------------


def command(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["export", *words])
    return done.exit_code, done.output


def test_the_command_writes_and_does_not_replace(notebook: Notebook, tmp_path: Path) -> None:
    """Module, tests and files are written together or not at all; --force replaces."""
    path = notebook(*RESOURCES, "%http /")
    out = tmp_path / "build" / "shop.py"
    code, printed = command(str(path), "-o", str(out), "--tests")
    assert code == 0, printed
    assert printed.splitlines()[:2] == [f"wrote {out}", f"wrote {out.with_name('test_shop.py')}"]
    assert (out.parent / "templates" / "t.html").read_text() == "<h1>{{ x }}</h1>\n"
    assert command(str(path), "-o", str(out), "--tests")[0] == 0
    out.write_text("mine")
    (out.parent / "static" / "style.css").write_text("mine")
    code, printed = command(str(path), "-o", str(out))
    assert code == 1
    assert f"{out}, {out.parent / 'static' / 'style.css'} are there already. Nothing was written." in printed
    assert "--force" in printed
    assert out.read_text() == "mine"
    assert command(str(path), "-o", str(out), "--force")[0] == 0
    assert "app = App" in out.read_text()


def test_the_command_prints_without_a_name(notebook: Notebook) -> None:
    """To look at it: the whole app in one text."""
    code, printed = command(str(notebook(*RESOURCES)))
    assert code == 0
    assert 'app.add_template(\n    "t.html",\n    """\\\n<h1>{{ x }}</h1>\n""",\n)\n' in printed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["app.py"], "app.py is no notebook"),
        (["{notebook}", "-o", "shop"], "-o shop.py"),
        (["{notebook}", "--tests"], "--tests needs a module"),
        (["missing.ipynb", "-o", "x.py"], "there is no file missing.ipynb"),
        (["{notebook}", "-o", "nbmicro.py"], "nbmicro.py would hide the module `nbmicro`, which it needs itself."),
        (["{notebook}", "-o", "build/calendar.py"], "Take another name:  -o calendar_app.py"),
        (["{notebook}", "-o", "class.py", "--tests"], "`class` is a word of Python"),
        (["{notebook}", "-o", "{notebook}/x.py"], "x.py cannot be written: "),
    ],
)
def test_the_command_says_what_it_needs(notebook: Notebook, words: Sequence[str], says: str) -> None:
    """Each mistake has its sentence and exit code 1."""
    path = notebook(LOAD)
    code, printed = command(*(word.format(notebook=path) for word in words))
    assert code == 1
    assert says in printed


def test_a_module_may_not_hide_what_it_imports(notebook: Notebook) -> None:
    """The notebook's own imports count, whether they are installed here or not."""
    path = notebook(LOAD, "from shop.orders import Order", "%%route /\nOrder().name")
    code, printed = command(str(path), "-o", str(path.with_name("shop.py")))
    assert (code, path.with_name("shop.py").exists()) == (1, False)
    assert "shop.py would hide the module `shop`" in printed


@pytest.mark.parametrize("cells", [(), ("x = 1",)])
def test_a_notebook_without_an_app_is_refused_as_run_does(notebook: Notebook, cells: Sequence[str]) -> None:
    """There would be nothing to serve."""
    path = notebook(*cells)
    code, printed = command(str(path))
    assert code == 1
    with pytest.raises(LoadError, match="the notebook makes no `app`") as refused:
        load(path)
    assert str(refused.value) in printed


def test_notes_say_what_the_module_lacks(notebook: Notebook) -> None:
    """A key for sessions, a value that only a marked cell gives, a name that cannot be imported."""
    path = notebook(
        LOAD, "STORE = 'here'", "# nbmicro: skip\nSTORE = 'elsewhere'", "%%route /\nsession['x'] = STORE\nSTORE"
    )
    notes = export_notebook(path, path.with_name("04-shop.py")).notes
    assert notes == (
        "04-shop.py cannot be imported by its name; shop.py could be.",
        "It keeps sessions and sets no key: set app.secret_key before it is served.",
        "cell 3 is skipped, so `STORE` has the value of the cells that run.",
    )


def test_names_of_nbmicro_that_only_lookers_need_are_gone(notebook: Notebook) -> None:
    """They do nothing when they are imported, so that one line imports what the module needs."""
    path = notebook(
        "from nbmicro import App, make_response, url_for\nfrom nbmicro import jsonify as j\napp = App('shop')",
        "%%route /\nurl_for('index')",
        "make_response",
    )
    assert "\n\nfrom nbmicro import App, url_for\n\n" in exported(path).module


@pytest.mark.parametrize(
    ("settings", "is_told"),
    [
        ("from nbmicro import session", True),
        ("from nbmicro import flash", True),
        ("app.config.from_mapping(DEBUG=False)", True),
        ("app.config.from_object('settings')", False),
        ("app.config.from_pyfile('settings.py')", False),
        ("app.config.from_prefixed_env()", False),
        ("app.config['SECRET_KEY'] = 'k'", False),
    ],
)
def test_a_key_that_comes_with_the_settings_is_not_missed(notebook: Notebook, settings: str, is_told: bool) -> None:
    """A file, an object or the environment may have it; where nothing can, its lack is told."""
    path = notebook(LOAD, settings, "%%route /\nsession['x'] = 1\nflash('y')\n'z'")
    told = [note for note in export_notebook(path, path.with_name("shop.py")).notes if "sets no key" in note]
    assert bool(told) is is_told


@pytest.mark.parametrize(
    ("cell", "line"),
    [("!ls", 1), ("x = 1\n%%bash\nls", 2), ("%%route /<request>\n1", 1), ("%%route /x\ny = 1", 2), ("x = (", 1)],
)
def test_what_cannot_be_served_cannot_be_exported(notebook: Notebook, cell: str, line: int) -> None:
    """The loader's own words: cell, line and the way out."""
    error = refused(notebook(LOAD, cell))
    assert error.where is not None
    assert error.where.startswith("app.ipynb, cell 2 (")
    assert error.line == line
