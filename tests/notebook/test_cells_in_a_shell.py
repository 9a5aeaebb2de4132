"""What a cell declares is what it says now: in the cell that loads nbmicro, with classes made anew, with parts that
fail; in IPython's own shell, with cell ids and without."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmicro.notebook.extension import session
from nbmicro.notebook.kernel.cell_notes import CellNotes
from nbmicro.web.owners import Run, current_run
from tests.support.shell import NotebookShell


@pytest.fixture(params=[True, False], ids=["with ids", "without ids"])
def shell(request: pytest.FixtureRequest) -> Iterator[NotebookShell]:
    with NotebookShell(ids=request.param) as notebook:
        yield notebook


@pytest.fixture
def notebook(shell: NotebookShell) -> NotebookShell:
    """One that has loaded nbmicro, and has a page."""
    shell.check("load", "%load_ext nbmicro")
    shell.check("page", "@app.get('/page')\ndef page(): return g.get('seen', 'page')")
    return shell


def says(rule: str, text: str) -> str:
    return f"@app.get('{rule}')\ndef say(): return '{text}'"


# -- the cell that loads nbmicro ---------------------------------------------------------------------------------------

LOADS_AND_MAKES = "%load_ext nbmicro\nfrom nbmicro import App\napp = App(__name__)\n"


@pytest.mark.parametrize("load", ["%load_ext nbmicro", "%reload_ext nbmicro"])
def test_the_cell_that_loads_nbmicro_and_makes_the_app_runs_again(shell: NotebookShell, load: str) -> None:
    first = LOADS_AND_MAKES.replace("%load_ext nbmicro", load)
    for _ in range(3):
        shell.check("load", first)
        if _ == 0:
            shell.check("x", says("/x", "kept"))
        assert shell.text("/x") == "kept"


@pytest.mark.parametrize("load", ["%load_ext nbmicro", "%reload_ext nbmicro"])
def test_a_hook_in_the_cell_that_loads_nbmicro_counts_once(shell: NotebookShell, load: str) -> None:
    hook = "@app.before_request\ndef note(): g.seen = g.get('seen', '') + 'v'\n"
    first = LOADS_AND_MAKES.replace("%load_ext nbmicro", load) + hook
    for _ in range(2):
        shell.check("load", first)
    shell.check("page", "@app.get('/page')\ndef page(): return g.seen")
    assert shell.text("/page") == "v"


def test_a_route_edited_in_the_cell_that_loads_nbmicro_takes_the_old_one_away() -> None:
    with NotebookShell() as shell:
        shell.check("load", LOADS_AND_MAKES + says("/old", "one"))
        shell.check("load", LOADS_AND_MAKES + says("/new", "two"))
        assert (shell.text("/old"), shell.text("/new")) == ("404", "two")


def test_a_loading_cell_that_fails_declares_nothing(shell: NotebookShell) -> None:
    assert not shell.run("load", "%load_ext nbmicro\n" + says("/x", "half") + "\n1/0")
    assert "not declared: GET /x" in shell.output
    assert shell.text("/x") == "404"


# -- objects that are made again ---------------------------------------------------------------------------------------


def test_an_app_of_a_class_that_is_made_again_keeps_the_routes_of_other_cells(notebook: NotebookShell) -> None:
    cell = "from nbmicro import App\nclass Shop(App):\n    def till(self): return {}\napp = Shop(__name__)"
    notebook.check("shop", cell.format(1))
    notebook.check("x", "shop = app\n" + says("/x", "kept"))
    notebook.check("shop", cell.format(1))
    assert notebook.text("/x") == "kept"
    notebook.check("shop", cell.format(2))
    assert notebook.text("/x") == "kept"
    notebook.check("till", "assert (app.till(), shop.till()) == (2, 2)")


def test_an_app_may_become_one_of_another_class(notebook: NotebookShell) -> None:
    for _ in range(2):
        notebook.check("app", "from nbmicro import App\napp = App(__name__)")
    notebook.check("x", says("/x", "kept"))
    notebook.check("app", "from nbmicro import App\nclass Shop(App): pass\napp = Shop(__name__)")
    assert notebook.text("/x") == "kept"


def test_an_error_handler_is_for_the_class_when_it_is_made_again(notebook: NotebookShell) -> None:
    notebook.check("class", "class Gone(Exception): pass")
    notebook.check("below", "class Sold(Gone): pass")
    notebook.check("handler", "@app.errorhandler(Gone)\ndef gone(error): return 'handled'")
    notebook.check("all", "@app.errorhandler(Exception)\ndef all_(error): return 'any'")
    notebook.check("raises", "@app.get('/x')\ndef x(): raise Gone\n@app.get('/y')\ndef y(): raise Sold")
    assert (notebook.text("/x"), notebook.text("/y")) == ("handled", "handled")
    notebook.check("class", "class Gone(Exception): pass")
    assert (notebook.text("/x"), notebook.text("/y")) == ("handled", "handled")
    notebook.check("later", "@app.errorhandler(Gone)\ndef later(error): return 'later'")
    assert (notebook.text("/x"), notebook.text("/y")) == ("later", "later")


def test_classes_of_one_name_that_functions_make_are_two(notebook: NotebookShell) -> None:
    notebook.check("make", "def make():\n    class Gone(Exception): pass\n    return Gone\none, two = make(), make()")
    notebook.check("one", "app.register_error_handler(one, lambda error: 'one')")
    notebook.check("two", "app.register_error_handler(two, lambda error: 'two')")
    notebook.check("raises", "@app.get('/x')\ndef x(): raise one")
    assert notebook.text("/x") == "one"


# -- nothing by halves -------------------------------------------------------------------------------------------------

MADE = {
    "a blueprint's prefix": "bp = Blueprint('bp', __name__, url_prefix='/▮')\napp.register_blueprint(bp)\n",
    "a blueprint's defaults": "bp = Blueprint('bp', __name__, url_prefix='/1', url_defaults={'n': ▮})\n"
    "app.register_blueprint(bp)\n",
    "an app's folder": "app = App(__name__, static_url_path='/▮', static_folder='/')\n",
    "an app's host matching": "app = App(__name__, host_matching=▮ == 2, static_folder=None)\n",
}


@pytest.mark.parametrize("kind", MADE)
def test_a_cell_that_fails_leaves_what_it_made_as_it_was(notebook: NotebookShell, kind: str) -> None:
    route = "@bp.get('/x')\ndef x(**values): return f'v▮ {values}'\n" if "bp" in MADE[kind] else ""
    cell = "from nbmicro import App, Blueprint\n" + MADE[kind] + route
    for _ in range(2):  # so that a text that is not known is one that was edited, where cells have no ids
        notebook.check("made", cell.replace("▮", "1"))
    notebook.check("here", says("/here", "here"))

    def seen() -> list[object]:
        rules = "sorted((rule.rule, rule.host or '') for rule in app.url_map.iter_rules())"
        notebook.check("look", f"looked = {rules}")
        return [*notebook.shell.user_ns["looked"], *map(notebook.text, ["/1/x", "/2/x", "/here"])]

    before = seen()
    assert not notebook.run("made", cell.replace("▮", "2") + "1/0")
    assert seen() == before
    notebook.check("made", cell.replace("▮", "2"))
    assert seen() != before


@pytest.mark.parametrize("magic", ["%%capture\n{}", "%run -i {path}"])
def test_a_cell_whose_code_a_magic_runs_fails_with_it(notebook: NotebookShell, magic: str, tmp_path: Path) -> None:
    notebook.check("x", says("/x", "whole"))
    code = says("/x", "half") + "\n1/0\n"
    script = tmp_path / "part.py"
    script.write_text(code, "utf-8")
    notebook.run("x", magic.format(code, path=script))
    assert "not declared: GET /x" in notebook.output
    assert notebook.text("/x") == "whole"


def test_a_part_that_fails_declares_nothing_and_the_rest_does(notebook: NotebookShell) -> None:
    part = says("/part", "half") + "\nbp = Blueprint('bp', __name__, url_prefix='/{}')\n{}\n"
    notebook.check("bp", "from nbmicro import Blueprint\n" + part.format("1", "app.register_blueprint(bp)"))
    notebook.check("in", "@bp.get('/in')\ndef inside(): return 'inside'")
    failing = part.replace("/part", "/failing").format("2", "1/0")
    cell = f"{says('/before', 'b')}\n_ = get_ipython().run_cell({failing!r})\n{says('/after', 'a').replace('say', 'a')}"
    notebook.check("cell", cell)
    assert [*map(notebook.text, ["/before", "/failing", "/after"])] == ["b", "404", "a"]
    assert (notebook.text("/1/in"), notebook.text("/2/in")) == ("inside", "404")


def test_a_module_that_fails_half_way_declares_nothing(
    notebook: NotebookShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = tmp_path / "pages_that_fail.py"
    pages = "import builtins\napp = builtins.app_of_test\n"
    notebook.check("give", "import builtins; builtins.app_of_test = app")
    module.write_text(pages + says("/x", "first"), "utf-8")
    notebook.check("import", "import importlib, pages_that_fail")
    assert notebook.text("/x") == "first"
    module.write_text(pages + says("/x", "second, half") + "\n1/0\n", "utf-8")
    assert not notebook.run("reload", "importlib.reload(pages_that_fail)")
    assert notebook.text("/x") == "first"
    notebook.check("tried", "try: importlib.reload(pages_that_fail)\nexcept ZeroDivisionError: pass")
    assert notebook.text("/x") == "first"
    module.write_text(pages + says("/x", "third, whole"), "utf-8")
    assert not notebook.run("fails after", "importlib.reload(pages_that_fail)\n1/0")
    assert notebook.text("/x") == "third, whole", "the module is there, whatever the cell did then"
    del sys.modules["pages_that_fail"]


def test_a_cell_ends_whatever_its_end_runs_into(notebook: NotebookShell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> list[object]:
        raise RuntimeError("in the end")

    with monkeypatch.context() as patched:
        patched.setattr(CellNotes, "declared", fails)
        notebook.run("x", says("/x", "there"))
    assert current_run() is None
    assert notebook.text("/x") == "there"
    notebook.check("y", says("/y", "too"))


def test_a_cell_that_ended_keeps_no_table(notebook: NotebookShell) -> None:
    runs: list[weakref.ref[Run]] = []
    for version in range(5):
        notebook.check("x", says("/x", f"{version}") + "\nclient.get('/x')")
        session_here = session()
        assert session_here is not None
        tables = notebook.shell.user_ns["app"].tables
        runs += map(weakref.ref, tables._pending)
    gc.collect()
    assert not tables._pending
    assert not [run for run in runs if run() is not None]


# -- blueprints in blueprints ------------------------------------------------------------------------------------------

TWO = """
from nbmicro import Blueprint
a, b = Blueprint("a", __name__, url_prefix="/a"), Blueprint("b", __name__, url_prefix="/b")
@a.get("/x")
def of_a(): return "a"
@b.get("/x")
def of_b(): return "b"
"""


def test_a_nesting_may_be_turned_round() -> None:
    with NotebookShell() as notebook:
        notebook.check("load", "%load_ext nbmicro")
        notebook.check("two", TWO)
        for _ in range(2):
            notebook.check("nest", "a.register_blueprint(b)\napp.register_blueprint(a)")
            assert [*map(notebook.text, ["/a/x", "/a/b/x", "/b/x", "/b/a/x"])] == ["a", "b", "404", "404"]
            notebook.check("nest", "b.register_blueprint(a)\napp.register_blueprint(b)")
            assert [*map(notebook.text, ["/a/x", "/a/b/x", "/b/x", "/b/a/x"])] == ["404", "404", "b", "a"]


def test_a_blueprint_in_itself_by_way_of_another_is_rejected(notebook: NotebookShell) -> None:
    notebook.check("two", TWO)
    notebook.check("nest", "a.register_blueprint(b)\napp.register_blueprint(a)")
    assert not notebook.run("round", "b.register_blueprint(a)")
    assert "'b' is in 'a' already" in notebook.output
    assert [*map(notebook.text, ["/a/x", "/a/b/x", "/page"])] == ["a", "b", "page"]


def test_what_is_recorded_goes_with_the_cell_that_recorded_it() -> None:
    with NotebookShell() as notebook:
        notebook.check("load", "%load_ext nbmicro")
        notebook.check("two", TWO)
        notebook.check("register", "app.register_blueprint(a)")
        record = "a.record(lambda state: state.add_url_rule('/{0}', 'recorded', lambda: '{0}'))"
        for register in ("1", "app.register_blueprint(a)"):
            notebook.check("record", record.format("one"))
            notebook.check("register" if register != "1" else "other", register)
            assert (notebook.text("/a/one"), notebook.text("/a/two")) == ("one", "404")
            notebook.check("record", record.format("two"))
            assert (notebook.text("/a/one"), notebook.text("/a/two")) == ("404", "two")
            notebook.check("record", "1")
            assert (notebook.text("/a/one"), notebook.text("/a/two")) == ("404", "404")


def test_a_converter_that_is_not_there_is_rejected_on_a_blueprint_too(notebook: NotebookShell) -> None:
    notebook.check("two", TWO)
    notebook.check("register", "app.register_blueprint(a)")
    for cell in ("@a.get('/<integer:id>')\ndef late(id): return 'x'", "app.register_blueprint(b)"):
        if "register" in cell:
            notebook.run("early", "@b.get('/<integer:id>')\ndef early(id): return 'x'")
        assert not notebook.run("wrong", cell)
        assert "integer" in notebook.output
        assert (notebook.text("/a/x"), notebook.text("/none")) == ("a", "404")


# -- the order ---------------------------------------------------------------------------------------------------------

NAMED = {
    "route": "@app.get('/seen')\ndef seen(): return '▮'",
    "context processor": "@app.context_processor\ndef words▮(): return {'word': '▮'}",
    "view function": "app.view_functions['ep'] = lambda: '▮'",
    "rule of the map": "app.url_map.add(Rule('/seen', endpoint='▮'))\napp.view_functions['▮'] = lambda: '▮'",
    "error handler": "@app.errorhandler(404)\ndef missing▮(error): return '▮'",
    "filter": "@app.template_filter('f')\ndef f▮(text): return '▮'",
    "template": "%%template t.html\n▮",
    "extension": "app.extensions['e'] = '▮'",
}

LOOK = """
from werkzeug.routing import Rule
app.add_url_rule("/ep", "ep")
@app.get("/words")
def words_(): return render_template_string("{{ word }}{{ 1 | f if 'f' is filter else '' }}")
@app.get("/t")
def t_(): return render_template("t.html")
@app.get("/extension")
def extension_(): return str(app.extensions.get("e", ""))
"""


@pytest.mark.parametrize("kind", NAMED)
def test_of_two_cells_that_declare_one_thing_the_one_that_ran_last_wins(notebook: NotebookShell, kind: str) -> None:
    notebook.check("look", LOOK)

    def check(cell: str) -> None:
        notebook.check(cell, NAMED[kind].replace("▮", cell))
        assert cell in {*map(notebook.text, ["/seen", "/ep", "/words", "/extension", "/t"])}

    for cell in "ABABBA":
        check(cell)


def test_what_two_cells_record_for_one_endpoint_goes_to_the_one_that_ran_last(notebook: NotebookShell) -> None:
    notebook.check("two", TWO)
    record = "a.record(lambda state: state.add_url_rule('/r', 'r', lambda: '{0}'))"
    notebook.check("A", record.format("A"))
    notebook.check("B", record.format("B"))
    for _ in range(2):
        notebook.check("register", "app.register_blueprint(a)")
        assert notebook.text("/a/r") == "B"


# -- cells without ids -------------------------------------------------------------------------------------------------


def hook(text: str) -> str:
    return f"@app.before_request\ndef note(): g.seen = g.get('seen', '') + '{text}'"


def test_two_cells_with_a_hook_of_one_name_are_two(notebook: NotebookShell) -> None:
    notebook.check("one", hook("1"))
    notebook.check("two", hook("2"))
    notebook.check("fails", "def note(): pass")
    assert notebook.text("/page") == "12"
    notebook.check("one", hook("1"))
    assert notebook.text("/page") == "12"


def test_two_cells_with_a_receiver_or_a_filter_of_one_name_are_as_with_ids(notebook: NotebookShell) -> None:
    receiver = (
        "from nbmicro import request_started\n@request_started.connect\ndef hear(sender, **more): heard.append({})"
    )
    notebook.check("heard", "from nbmicro import request_started\nheard = []")
    for number in (1, 2):
        notebook.check(f"receiver {number}", receiver.format(number))
        notebook.check(f"filter {number}", f"@app.template_filter('f')\ndef f(text): return 'f{number}'")
        notebook.check(f"template {number}", f"%%template t.html\n{number}{{{{ 1 | f }}}}")
        notebook.check(f"errors {number}", f"@app.errorhandler(410)\ndef gone(error): return '{number}'")
    notebook.check(
        "pages", "@app.get('/t')\ndef t(): return render_template('t.html')\n@app.get('/e')\ndef e(): abort(410)"
    )
    assert (notebook.text("/t"), notebook.text("/e")) == ("2f2", "2")
    assert notebook.shell.user_ns["heard"] == [1, 2, 1, 2]


def test_without_ids_an_edited_cell_is_known_by_what_it_declares_once_a_cell_has_run_again() -> None:
    with NotebookShell(ids=False) as notebook:
        notebook.check("load", "%load_ext nbmicro")
        notebook.check("page", "@app.get('/page')\ndef page(): return g.seen")
        for version in ("1", "1", "2", "3", "1", "2"):
            notebook.check("hook", hook(version))
            assert notebook.text("/page") == version


def test_a_cell_keeps_the_place_of_its_first_run() -> None:
    with NotebookShell() as notebook:
        notebook.check("load", "%load_ext nbmicro")
        notebook.check("page", "@app.get('/page')\ndef page(): return g.seen")
        notebook.check("first", "0")
        for cell in ("second", "first", "third"):
            notebook.check(cell, hook(cell[0]))
        assert notebook.text("/page") == "fst"
        notebook.check("first", "0")
        notebook.check("first", hook("f"))
        assert notebook.text("/page") == "fst"
        notebook.check("other", "0", deleted=["first"])
        notebook.check("first", hook("f"))
        assert notebook.text("/page") == "stf", "what was deleted and comes back comes last"
