"""Running a cell again is the normal case: drafts, covers, deleted cells, async and nested cells, in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel


def ask(kernel: RealKernel, path: str) -> str:
    return kernel.check(f"%http {path}", cell_id="ask").text


def test_a_route_cell_says_the_same_line_on_every_run(kernel: RealKernel) -> None:
    cell = "%%route /hello/<name>\nf'Hello, {name}!'"
    first = kernel.check(cell, cell_id="route").shown
    assert [kernel.check(cell, cell_id="route").shown for _ in range(3)] == [first] * 3
    assert first == "GET /hello/<name> → hello_name\n"


def test_an_edited_rule_answers_and_the_old_one_is_gone(kernel: RealKernel) -> None:
    kernel.check("%%route /old\n'one'", cell_id="route")
    kernel.check("%%route /new\n'two'", cell_id="route")
    assert "two" in ask(kernel, "/new")
    assert "404 NOT FOUND" in ask(kernel, "/old")


@pytest.mark.parametrize(
    ("cell", "line", "request_line", "status"),
    [
        ("%%route /cut/<name>\nname", "%%route /cut/<name>", "/cut/Ada", 404),
        ("@app.get('/cut')\ndef cut(): return 'x'", "@app.get('/cut')", "/cut", 404),
        ("%%template cut.html\n<p>", "%%template cut.html", "/shows", 500),
        ("%%static cut.css\np {}", "%%static cut.css", "/static/cut.css", 404),
    ],
)
def test_what_a_cut_and_pasted_cell_declared_is_missed_with_the_cell_to_run(
    kernel: RealKernel, cell: str, line: str, request_line: str, status: int
) -> None:
    """It keeps its id, so that nothing tells the kernel that it is back."""
    kernel.check("%%route /shows\nrender_template('cut.html')", cell_id="shows")
    kernel.check(cell, cell_id="cut")
    ask = f"x = %http {request_line}\nassert x.status == {{}}"
    kernel.check("1", cell_id="other")
    missed = kernel.run(ask.format(status), cell_id="ask", deleted=["cut"])
    assert missed.status == "ok"
    told = f"The cell `{line}` declared it and was deleted. If it is in the notebook again, run it."
    assert f"Note: {told}" in missed.text
    kernel.check(cell, cell_id="cut")
    assert "was deleted" not in kernel.check(ask.format(200), cell_id="ask").text


def test_a_deleted_cell_takes_its_route_along(kernel: RealKernel) -> None:
    kernel.check("%%route /gone\n'here'", cell_id="route")
    kernel.run("1", cell_id="other", deleted=["route"])
    assert "404 NOT FOUND" in ask(kernel, "/gone")


def test_a_cell_that_takes_a_rule_over_says_whose_and_gives_it_back(kernel: RealKernel) -> None:
    kernel.check("%%route /hello/<who>\n'first'", cell_id="a")
    line = kernel.check("%%route /hello/<name>\n'second'", cell_id="b").stdout
    assert line == 'GET /hello/<name> → hello_name, in place of the one in the cell "%%route /hello/<who>"\n'
    assert "second" in ask(kernel, "/hello/x")
    kernel.run("1", cell_id="c", deleted=["b"])
    assert "first" in ask(kernel, "/hello/x")


def test_a_cell_that_fails_declares_nothing_and_says_so(kernel: RealKernel) -> None:
    kernel.check("@app.get('/x')\ndef x(): return 'old'", cell_id="route")
    reply = kernel.run("@app.get('/x')\ndef x(): return 'new'\n1/0", cell_id="route")
    assert reply.stderr == "not declared: GET /x\n"
    assert reply.error is not None
    assert "old" in ask(kernel, "/x")


def test_a_syntax_error_points_at_its_line_and_the_old_route_goes_on(kernel: RealKernel) -> None:
    kernel.check("%%route /x\n'old'", cell_id="route")
    reply = kernel.run("%%route /x\ny = 1\n'new", cell_id="route")
    assert reply.error is not None
    assert "line 3" in reply.error.value
    assert "    3 │ 'new" in reply.error.traceback
    assert "IPython" not in reply.error.traceback
    assert "old" in ask(kernel, "/x")


def test_a_decorator_cell_says_the_same_lines_as_a_route_cell(kernel: RealKernel) -> None:
    cell = "@app.route('/a')\ndef a(): return 'a'\n@app.post('/b')\ndef b(): return 'b'"
    assert kernel.check(cell, cell_id="both").stdout == "GET /a → a\nPOST /b → b\n"


def test_a_cell_sees_its_own_draft_before_it_ends(kernel: RealKernel) -> None:
    kernel.check("@app.get('/x')\ndef x(): return 'old'", cell_id="route")
    cell = "@app.get('/x')\ndef x(): return 'new'\nprint(app.test_client().get('/x').text)"
    assert kernel.check(cell, cell_id="route").stdout == "new\nGET /x → x\n"


def test_an_async_cell_commits_what_it_declares_after_an_await(kernel: RealKernel) -> None:
    cell = "import asyncio\nawait asyncio.sleep(0)\n@app.get('/x')\ndef x(): return 'async'\nawait asyncio.sleep(0)"
    assert kernel.check(cell, cell_id="route").stdout == "GET /x → x\n"
    assert "async" in ask(kernel, "/x")
    kernel.check(cell.replace("'/x'", "'/y'"), cell_id="route")
    assert "404" in ask(kernel, "/x")


def test_nested_cells_belong_to_the_outer_one(kernel: RealKernel) -> None:
    inner = 'get_ipython().run_cell(\'@app.get("/{0}")\\ndef x(): return "inner"\')\n'
    cell = inner + "@app.get('/{0}2')\ndef z(): return 'z'"
    kernel.check(cell.format("x"), cell_id="outer")
    assert "inner" in ask(kernel, "/x")
    kernel.check(cell.format("y"), cell_id="outer")
    assert "404" in ask(kernel, "/x")
    assert "404" in ask(kernel, "/x2")


def test_capture_joins_its_cell(kernel: RealKernel) -> None:
    kernel.check("%%capture out\n@app.get('/x')\ndef x(): return 'captured'", cell_id="outer")
    assert "captured" in ask(kernel, "/x")
    kernel.check("1", cell_id="outer")
    assert "404" in ask(kernel, "/x")


def test_a_hook_cell_runs_once_however_often_its_cell_ran(kernel: RealKernel) -> None:
    hook = "@app.before_request\ndef count():\n    g.setdefault('n', []).append(1)"
    for _ in range(3):
        kernel.check(hook, cell_id="hook")
    kernel.check("%%route /n\nstr(len(g.n))", cell_id="route")
    assert ask(kernel, "/n").endswith("1")


def test_a_function_defined_elsewhere_belongs_to_the_cell_that_calls_it(kernel: RealKernel) -> None:
    kernel.check("def page(rule):\n    app.add_url_rule(rule, rule.strip('/'), lambda: rule)", cell_id="helper")
    kernel.check("page('/x')", cell_id="caller")
    kernel.check("def page(rule): pass", cell_id="helper")
    assert "/x" in ask(kernel, "/x")
    kernel.check("page('/none')", cell_id="caller")
    assert "404" in ask(kernel, "/x")


def test_serving_in_a_cell_commits_what_it_declared_so_far(kernel: RealKernel) -> None:
    cell = """
@app.get('/x')
def x(): return 'so far'
get_ipython().run_line_magic('serve', '')
import urllib.request
from nbmicro.notebook.extension import session
print(urllib.request.urlopen(session().server.url + 'x', timeout=30).read())
get_ipython().run_line_magic('serve', '--stop')
"""
    assert "b'so far'" in kernel.check(cell, cell_id="route").stdout


def test_without_cell_ids_a_route_is_known_by_its_methods_and_rule() -> None:
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check("%%route /x\n'one'")
        kernel.check("%%route /y\n'other'")
        # A cell that was changed and another cell look the same from here.
        taken = 'GET /x → x, in place of an earlier "%%route /x"\n'
        assert kernel.check("%%route /x\n'two'").stdout == taken
        assert "two" in kernel.check("%http /x").text
        assert "other" in kernel.check("%http /y").text
        kernel.check("%routes --drop /y")
        assert "404" in kernel.check("%http /y").text


def test_an_app_made_again_keeps_the_routes_of_other_cells(kernel: RealKernel) -> None:
    kernel.check("from nbmicro import App\napp = App(__name__)", cell_id="app")
    kernel.check("%%route /x\n'kept'", cell_id="route")
    kernel.check("from nbmicro import App\napp = App(__name__)", cell_id="app")
    assert "kept" in ask(kernel, "/x")


def test_a_script_that_a_cell_runs_belongs_to_the_cell(kernel: RealKernel, tmp_path: Path) -> None:
    script = tmp_path / "pages.py"
    script.write_text("@app.get('/x')\ndef x(): return 'of the script'\n")
    kernel.check(f"%run -i {script}", cell_id="outer")
    assert "of the script" in ask(kernel, "/x")
    kernel.check("1", cell_id="outer")
    assert "404" in ask(kernel, "/x")


def test_a_module_keeps_its_routes_when_its_importing_cell_runs_again(kernel: RealKernel, tmp_path: Path) -> None:
    (tmp_path / "own_views.py").write_text(
        "from nbmicro import current_app\n@current_app.get('/x')\ndef x(): return 'of the module'\n"
    )
    kernel.check(f"import sys; sys.path.insert(0, {str(tmp_path)!r})", cell_id="path")
    for _ in range(2):
        kernel.check("import own_views", cell_id="import")
        assert "of the module" in ask(kernel, "/x")
    (tmp_path / "own_views.py").write_text(
        "from nbmicro import current_app\n@current_app.get('/y')\ndef y(): return 'reloaded module'\n"
    )
    kernel.check("import importlib; _ = importlib.reload(own_views)", cell_id="reload")
    assert "404" in ask(kernel, "/x")
    assert "reloaded module" in ask(kernel, "/y")


def test_taking_a_rule_over_reads_the_same_with_cell_ids_and_without(kernel: RealKernel) -> None:
    cells = ["@app.get('/x')\ndef x(): return 'first'", "%%route /x\n'second'", "%%route /x\n'third'"]
    with_ids = [kernel.check(cell, cell_id=str(number)).stdout for number, cell in enumerate(cells)]
    with RealKernel() as other:
        other.check("%load_ext nbmicro")
        without = [other.check(cell).stdout for cell in cells]
    assert with_ids == without
    assert with_ids == [
        "GET /x → x\n",
        "GET /x → x, in place of the one in the cell \"@app.get('/x')\"\n",
        'GET /x → x, in place of an earlier "%%route /x"\n',
    ]


def test_a_cell_that_runs_again_takes_nothing_over_but_a_copy_that_was_changed_does(kernel: RealKernel) -> None:
    taken = 'GET /x → x, in place of an earlier "%%route /x"\n'
    for number in (1, 2):
        assert kernel.check("%%route /x\n'first'", cell_id="a").stdout == "GET /x → x\n", number
    for number in (1, 2):
        assert kernel.check("%%route /x\n'second'", cell_id="b").stdout == taken, number
    assert kernel.check("%%route /x\n'first'", cell_id="a").stdout == taken
    with RealKernel() as other:
        other.check("%load_ext nbmicro")
        assert [other.check("%%route /x\n'first'").stdout for _ in range(2)] == ["GET /x → x\n"] * 2
        assert other.check("%%route /x\n'second'").stdout == taken


def test_a_try_that_lacks_its_url_declares_nothing(kernel: RealKernel) -> None:
    reply = kernel.run("%%route /double/<int:n> --try\nn * 2", cell_id="route")
    assert reply.error is not None
    assert "%%route /double/<int:n> --try /double/1" in reply.error.value
    assert reply.stdout == reply.stderr == ""


def test_the_table_lists_routes_in_the_order_of_their_declaration(kernel: RealKernel) -> None:
    for number, method in enumerate(("POST", "GET", "PUT")):
        kernel.check(f"%%route {method} /a\n'{method}'", cell_id=str(number))
    assert [line.split()[0] for line in kernel.check("%routes").text.splitlines()] == ["POST", "GET", "PUT"]
