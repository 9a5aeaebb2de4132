"""Every kind of cell: which run when a notebook is served, which are skipped, and which are rejected."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from nbmicro.cells.magics import MAGIC_KINDS
from nbmicro.cells.notebook_cell import NotebookCell
from nbmicro.errors import LoadError
from nbmicro.loading.loader import load, load_target
from nbmicro.loading.notebook_module import LoadReport
from nbmicro.loading.selection import Action, select
from tests.support.notebook_files import ask_app

Notebook = Callable[..., Path]
LOAD = "%load_ext nbmicro"


def skipped(path: Path) -> dict[int, str]:
    report = load_target(path).report
    assert report is not None
    return {one.cell.number: one.why for one in report.skipped}


def rejected(path: Path) -> LoadError:
    with pytest.raises(LoadError) as caught:
        load(path)
    return caught.value


def test_a_notebook_of_every_kind_answers(notebook: Notebook) -> None:
    """Routes of both forms, a decorator, a template, a static file, state: all answer, and no request was sent."""
    app = load(
        notebook(
            LOAD,
            "users = {1: 'Ada'}",
            "# shows one user\n\n%%route /users/<int:uid>\nusers[uid]",
            "%%route POST /users\nusers[len(users) + 1] = 'new'\nf'{len(users)}'",
            "%%route /hello/<name>\ndef hello(name):\n    return render_template('hello.html', name=name)",
            "%%template hello.html\n<h1>{{ name }}</h1>",
            "%%static style.css\nh1 { color: red }",
            "@app.route('/plain')\ndef plain():\n    return jsonify(n=len(users))",
            "%http POST /users",
            "%%http\nGET /users/1\nHTTP 200",
            "r = %http /users/1\nassert r.status == 200",
        )
    )
    assert ask_app(app, "/users/1") == (200, "Ada")
    assert ask_app(app, "/plain") == (200, '{"n":1}\n')
    assert ask_app(app, "/users", "POST") == (200, "2")
    assert ask_app(app, "/hello/<Ada>") == (200, "<h1>&lt;Ada&gt;</h1>")
    assert ask_app(app, "/static/style.css") == (200, "h1 { color: red }\n")
    assert ask_app(app, "/nothing")[0] == 404


@pytest.mark.parametrize(
    "cell",
    [
        "%http /x",
        "%%http\nGET /x",
        "%%http GET /x",
        "%serve",
        "%serve --stop",
        "%routes",
        "%routes /x",
        "%explore",
        "%browse /",
        "%exchanges 3",
        "%trace /x",
        "%bench /x -n 5",
        "%nbmicro",
        "%nbmicro doctor",
        "app?",
        "?app.route",
        "app.route??",
        "%http /a\n%http /b",
        "for name in 'ab':\n    %http /x/{{ name }}",
        "r = %http /x",
        "%matplotlib inline",
        "%config InlineBackend.figure_format = 'svg'",
        "%pip install pandas",
        "%load_ext autoreload",
        "%autoreload 2",
        "%%html\n<b>bold</b>",
        "%%javascript\nalert(1)",
        "%timeit 1 + 1",
        "Out[3]",
        "print(_)",
        "client.get('/x')",
        "assert True",
        "users",
        "display(users)",
        "# nbmicro: skip\n1/0",
        "# NBVAL_SKIP\n\n# Only here.\n# nbmicro: skip\nx = 1/0",
        "#  a comment\n# nothing else",
    ],
)
def test_a_cell_that_only_looks_is_skipped(notebook: Notebook, cell: str) -> None:
    """Requests, pictures, questions, checks and marked cells are left out, and the app answers all the same."""
    path = notebook(LOAD, "users = []", "%%route /x\n'x'", cell)
    assert list(skipped(path)) == [4]
    assert ask_app(load(path), "/x") == (200, "x")


@pytest.mark.parametrize("name", MAGIC_KINDS)
def test_each_magic_of_the_table_is_to_a_served_notebook_what_the_table_says(name: str) -> None:
    kind = MAGIC_KINDS[name]
    for sign in {"line": ["%"], "cell": ["%%"], "line_cell": ["%", "%%"]}[kind.form]:
        word = "page" if kind.takes in ("template", "file") else "/x"
        text = f"{sign}{name} {word}" + ("\n'x'" if sign == "%%" else "")
        found = select([NotebookCell(1, text, frozenset(), "app.ipynb")])
        assert bool(found.skipped) == (kind.effect == "looks")
        assert bool(found.steps) != bool(found.skipped)
        if kind.effect == "chooses":
            assert [part.name for part in found.steps[0].parts if isinstance(part, Action)] == [name]
        elif kind.effect == "declares":
            assert found.steps[0].route or found.steps[0].resource


def test_a_tagged_cell_is_skipped(notebook: Notebook) -> None:
    """The tag nbmicro-skip leaves any cell out, even one that is no Python."""
    path = notebook(LOAD, ("this is !! not python", ["nbmicro-skip"]), "%%route /\n'x'")
    assert skipped(path) == {2: "it is marked to be skipped"}


def test_what_follows_from_a_request_is_skipped_transitively(notebook: Notebook) -> None:
    """A cell that reads a name which only a request gives, and a cell that reads that cell's, are both left out."""
    path = notebook(
        LOAD,
        "%%route /x\n{'id': 7}",
        "r = %http /x",
        "body = r.json",
        "ident = body['id']\nother = 1",
        "assert ident == 7",
        "%%http\n# @name create\nGET /x\n\n[Captures]\nuid: json['id']",
        "assert create.status == 200 and uid == 7",
        "copy = uid + 1",
    )
    why = skipped(path)
    assert list(why) == [3, 4, 5, 6, 7, 8, 9]
    assert why[4] == "it reads `r`, which comes only from cell 3 (r = %http /x)"
    assert why[5] == "it reads `body`, which comes only from cell 4 (body = r.json)"
    assert "uid" in why[9]


def test_a_name_that_another_cell_binds_too_is_not_lost(notebook: Notebook) -> None:
    """A name is lost only if nothing that runs binds it."""
    path = notebook(LOAD, "total = 3", "total = %http /x", "double = total * 2", "%%route /\nstr(double)")
    assert ask_app(load(path), "/") == (200, "6")


def test_a_cell_that_looks_and_does_more_runs_in_part(notebook: Notebook) -> None:
    """Beside a request, what binds and declares runs; what reads the answer, shows or checks does not."""
    path = notebook(
        LOAD,
        "users = []",
        "@app.route('/n')\ndef n():\n    return str(len(users))\nlimit = 5\nr = %http /n\nseen = r.text\n"
        "assert len(users) == 1\nprint(users)",
        "%%route /limit\nstr(limit)",
    )
    app = load(path)
    assert ask_app(app, "/limit") == (200, "5")
    assert ask_app(app, "/n") == (200, "0")
    assert skipped(path) == {}


def test_timed_and_captured_code_runs(notebook: Notebook) -> None:
    """%time, %%time and %%capture run what they hold, on the lines of the cell."""
    path = notebook(
        LOAD,
        "%time a = 1",
        "b = %time 1 + 1",
        "%%time\nc = 3\nd = c + 1",
        "%%capture out\nprint('x')\ne = 5",
        "%%time\n%%route /sum\nstr(a + b + c + d + e)",
        "out.show()",
    )
    app = load(path)
    assert ask_app(app, "/sum") == (200, "15")
    assert "out" in skipped(path)[7]
    error = rejected(notebook(LOAD, "%%time\nx = 1\n1 / 0"))
    assert error.line == 3


def test_display_does_nothing_and_needs_no_ipython(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notebook's display, and one imported from IPython, show nothing where nobody looks."""
    monkeypatch.setitem(__import__("sys").modules, "IPython", None)
    monkeypatch.setitem(__import__("sys").modules, "IPython.display", None)
    path = notebook(
        LOAD,
        "from IPython.display import display\nx = display('a')",
        "from IPython.display import display as show\ny = show('b')",
        "z = display('c', raw=True)",
        "%%route /\nrepr([x, y, z])",
    )
    assert ask_app(load(path), "/") == (200, "[None, None, None]")


def test_top_level_await_runs(notebook: Notebook) -> None:
    """A cell may await, as in the notebook."""
    path = notebook(
        LOAD,
        "import asyncio\nasync def answer():\n    await asyncio.sleep(0)\n    return 42",
        "value = await answer()\nvalues = [await answer() for _ in range(2)]",
        "%%route /\nf'{value} {values}'",
    )
    assert ask_app(load(path), "/") == (200, "42 [42, 42]")


def test_a_dataclass_under_future_annotations_runs(notebook: Notebook) -> None:
    """The notebook is a real module that dataclasses and pickle find; an import from `__future__` lasts for
    the cells below, as in the notebook."""
    path = notebook(
        LOAD,
        "from __future__ import annotations\nfrom dataclasses import dataclass\nimport pickle\n"
        "from typing import ClassVar\n@dataclass\nclass User:\n    name: str\n    kind: ClassVar[str] = 'user'",
        "copy = pickle.loads(pickle.dumps(User('Ada')))\nclass Later:\n    def next(self) -> Later: ...",
        "%%route /\nf'{copy} {User.__module__}'",
    )
    assert ask_app(load(path), "/") == (200, "User(name='Ada') nbmicro_notebook.app")


@pytest.mark.parametrize(
    ("cell", "line", "words", "way_out"),
    [
        ("x = 1\n!ls -l", 2, "`!ls -l` is a command of the shell", "subprocess.run"),
        ("files = !ls", 1, "`files = !ls` is a command", "subprocess.run"),
        ("%cd /tmp", 1, "`%cd /tmp` is a magic", "notebook's folder"),
        ("%env KEY=1", 1, "`%env KEY=1` is a magic", "os.environ"),
        ("%run other.py", 1, "`%run other.py`", "Import"),
        ("%%bash\nls", 1, "`%%bash` is a magic", "subprocess.run"),
        ("\n%%sql\nselect 1", 2, "`%%sql` is a magic", "plain Python"),
        ("if True:\n    %sql select 1", 2, "`%sql select 1`", "nbmicro: skip"),
        ("ip = get_ipython()", 1, "get_ipython() asks for the notebook", "nbmicro-skip"),
        ("if True:\n    %load_ext nbmicro", 2, "stands inside another statement", "left edge"),
    ],
)
def test_what_only_a_notebook_can_do_is_rejected(
    notebook: Notebook, cell: str, line: int, words: str, way_out: str
) -> None:
    """A foreign magic or a shell command names its cell and line, and the way out."""
    error = rejected(notebook(LOAD, cell))
    assert error.where is not None
    assert error.where.startswith("app.ipynb, cell 2 (")
    assert error.line == line
    assert words in error.message
    assert way_out in str(error.hint)


def test_magics_are_told_from_python(notebook: Notebook) -> None:
    """A percent sign in a string, as an operator, or on a continued line is no magic."""
    path = notebook(
        LOAD,
        'text = """\n%http /x\n!ls\n"""\nrest = (17\n  % 5)\nlast = 9 \\\n  % 4\nquestion = "what?"',
        "%%route /\nf'{len(text)} {rest} {last} {question}'",
    )
    assert ask_app(load(path), "/") == (200, "14 2 1 what?")


def test_a_declaration_is_never_skipped_in_silence(notebook: Notebook) -> None:
    """A cell that declares and needs what a request gave fails with the chain; so does a handler that sends one."""
    error = rejected(
        notebook(LOAD, "r = %http /x", "token = r.json", "p = token['p']\n@app.route('/y')\ndef y(): return p")
    )
    assert error.where == "app.ipynb, cell 4 (p = token['p'])"
    assert "`token`" in error.message
    assert "cell 3 (token = r.json)" in error.message
    assert "Declare in one cell, and look in another." in str(error.hint)
    error = rejected(notebook(LOAD, "@app.route('/y')\ndef y():\n    r = %http /x\n    return r.text"))
    assert "`r = %http /x` only looks" in error.message


def test_a_handler_that_needs_a_lost_name_fails_with_the_chain(notebook: Notebook) -> None:
    """Directly, or through a function it calls: the error names handler, name and cell."""
    error = rejected(notebook(LOAD, "r = %http /x", "%%route /y\nr.text"))
    assert error.where == "app.ipynb, cell 3 (%%route /y)"
    assert "the handler of GET /y reads `r`" in error.message
    assert "cell 2 (r = %http /x)" in error.message
    error = rejected(
        notebook(LOAD, "r = %http /x", "def text():\n    return r.text", "@app.get('/y')\ndef y():\n    return text()")
    )
    assert "`y` reads `r`, through `text`" in error.message
    error = rejected(notebook(LOAD, "%%route /y\nclient.get('/x').text"))
    assert "which only a notebook has" in error.message


def test_a_function_nobody_serves_may_need_a_lost_name(notebook: Notebook) -> None:
    """Only what handlers reach counts."""
    path = notebook(LOAD, "r = %http /x", "def show():\n    print(r.text)", "shown = show()", "%%route /\n'ok'")
    assert skipped(path)[4] == "it reads `show`, which needs `r`, and that comes only from cell 2 (r = %http /x)"
    assert ask_app(load(path), "/") == (200, "ok")


def test_app_run_in_a_notebook_starts_nothing(notebook: Notebook) -> None:
    """app.run() and what stands under __main__ are left to the command that serves."""
    path = notebook(
        "from nbmicro import Flask\napp = Flask(__name__)",
        "@app.route('/')\ndef index(): return 'here'",
        "app.run()",
        "if __name__ == '__main__':\n    raise SystemExit('ran as main')",
    )
    assert ask_app(load(path), "/") == (200, "here")


def test_the_names_of_a_notebook_are_there_unless_it_has_its_own(notebook: Notebook) -> None:
    """%load_ext gives what a handler wants; a name that the notebook bound before stays the notebook's."""
    path = notebook("session = 'mine'", LOAD, "%%route /\nf'{session} {request.path} {url_for(\"index\")}'")
    assert ask_app(load(path), "/") == (200, "mine / /")


def test_plain_cells_have_an_app_context(notebook: Notebook) -> None:
    """current_app, g, url_for and render_template work in a plain cell, as in the notebook, and not after loading."""
    from nbmicro import has_app_context

    path = notebook(
        LOAD,
        "%%template t.txt\n{{ x }}",
        "%%route /there\n'x'",
        "g.seen = url_for('there') + render_template('t.txt', x=1)",
        "both = f'{g.seen} {current_app.name}'",
        "%%route /\nboth",
    )
    assert ask_app(load(path), "/") == (200, "/there1 notebook")
    assert not has_app_context()


def test_two_cells_with_one_endpoint_behave_as_in_the_kernel(notebook: Notebook) -> None:
    """Each cell owns its routes: a clash of endpoints between cells leaves both answering."""
    path = notebook(
        LOAD,
        "@app.route('/a')\ndef page(): return 'a'",
        "@app.route('/b')\ndef page(): return 'b'",
        "%%route /a2\ndef page():\n    return 'a2'",
    )
    app = load(path)
    assert [ask_app(app, target)[1] for target in ("/a", "/b", "/a2")] == ["a", "b", "a2"]
    error = rejected(notebook(LOAD, "@app.route('/a')\ndef page(): return 1\n@app.route('/b')\ndef page(): return 2"))
    assert "AssertionError" in error.message


def test_a_later_cell_covers_an_earlier_ones_rule(notebook: Notebook) -> None:
    """The effective routes are those of a fresh run from top to bottom."""
    app = load(notebook(LOAD, "%%route /\n'old'", "%%route /\n'new'"))
    assert ask_app(app, "/") == (200, "new")


def test_app_says_which_app_is_served(notebook: Notebook) -> None:
    """%app NAME is honoured: routes go there, and it is what is served; %app app goes back."""
    path = notebook(
        LOAD,
        "from nbmicro import App\nshop = App('shop')",
        "%app shop",
        "%%route /x\n'shop'",
    )
    assert ask_app(load(path), "/x") == (200, "shop")
    back = notebook(LOAD, "from nbmicro import App\nshop = App('shop')", "%app shop", "%app app", "%%route /x\n'app'")
    assert load(back).name == "notebook"
    missing = rejected(notebook(LOAD, "%app nobody"))
    assert "no `nobody`" in missing.message
    assert missing.line == 1


def test_the_report_says_what_ran_and_what_was_skipped(notebook: Notebook, caplog: pytest.LogCaptureFixture) -> None:
    """One line: file, cells, time, the slowest, and how many only look; notes for magics left out."""
    with caplog.at_level(logging.INFO, "nbmicro.loading"):
        load(notebook(LOAD, "x = 1", "%http /", "%matplotlib inline"))
    first, note = [record.getMessage() for record in caplog.records]
    assert first.startswith("app.ipynb: 2 cells ran in ")
    assert first.endswith(" ms, 2 that only look skipped")
    assert note == "cell 4: %matplotlib inline skipped; where the app is served there is no screen"
    report = LoadReport("app.ipynb", {2: 1.0, 7: 38.2, 9: 2.0}, (), ())
    assert str(report) == "app.ipynb: 3 cells ran in 41 s (slowest: cell 7, 38 s)"
    assert str(LoadReport("a.ipynb", {1: 0.004}, (), ())) == "a.ipynb: 1 cell ran in 4 ms"
