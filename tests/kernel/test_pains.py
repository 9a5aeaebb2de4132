"""What hurts with Flask in a notebook does not hurt here: declaring, contexts, replies, models; a test per pain."""

from __future__ import annotations

import re
from collections.abc import Iterator

import IPython
import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def notebook() -> Iterator[RealKernel]:
    """One kernel for all; each test has URLs and names of its own."""
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        yield real


def ask(kernel: RealKernel, path: str) -> str:
    """What a request shows below its status line."""
    return kernel.check(f"%http {path}", cell_id="ask").text.partition("\n")[2]


def test_pain_1_a_route_cell_runs_again(notebook: RealKernel) -> None:
    cell = "@app.route('/p1')\ndef p1():\n    return 'one'"
    notebook.check(cell, cell_id="p1")
    notebook.check(cell, cell_id="p1")
    notebook.check(cell.replace("one", "two"), cell_id="p1")
    assert ask(notebook, "/p1") == "two"


def test_pain_2_set_up_goes_on_after_a_request(notebook: RealKernel) -> None:
    notebook.check("app.test_client().get('/p2').status", cell_id="p2 request")
    notebook.check("@app.route('/p2')\ndef p2():\n    return g.p2", cell_id="p2 route")
    notebook.check("@app.before_request\ndef give():\n    g.p2 = 'late'", cell_id="p2 hook")
    notebook.check("@app.template_filter()\ndef loud(text):\n    return text.upper()", cell_id="p2 filter")
    notebook.check(
        "@app.errorhandler(418)\ndef tea(error):\n    return render_template_string('{{ \"tea\"|loud }}')",
        cell_id="p2 error",
    )
    notebook.check("@app.route('/p2/tea')\ndef pot():\n    abort(418)", cell_id="p2 tea")
    assert ask(notebook, "/p2") == "late"
    assert ask(notebook, "/p2/tea") == "TEA"


def test_pain_3_a_renamed_function_takes_its_url_over(notebook: RealKernel) -> None:
    notebook.check("@app.route('/p3')\ndef old():\n    return 'old'", cell_id="p3")
    notebook.check("@app.route('/p3')\ndef new():\n    return 'new'", cell_id="p3")
    assert ask(notebook, "/p3") == "new"


def test_pain_4_hooks_and_receivers_run_once_however_often_their_cell_ran(notebook: RealKernel) -> None:
    notebook.check("from nbmicro import request_started\nhooked, heard = [], []", cell_id="p4 lists")
    hook = "@app.before_request\ndef note():\n    hooked.append(1)"
    signal = "@request_started.connect_via(app)\ndef hear(sender, **more):\n    heard.append(1)"
    for _ in range(3):
        notebook.check(hook, cell_id="p4 hook")
        notebook.check(signal, cell_id="p4 signal")
    ask(notebook, "/p4")
    assert notebook.check("hooked, heard", cell_id="p4 look").text == "([1], [1])"
    notebook.check("None", cell_id="p4 signal")


def test_pain_5_a_blueprint_cell_runs_again_and_takes_late_routes(notebook: RealKernel) -> None:
    made = "bp = Blueprint('bp', __name__, url_prefix='/p5')"
    registered = "app.register_blueprint(bp)"
    for _ in range(2):
        notebook.check(made, cell_id="p5 made")
        notebook.check(registered, cell_id="p5 registered")
    notebook.check("@bp.route('/late')\ndef late():\n    return 'late'", cell_id="p5 late")
    assert ask(notebook, "/p5/late") == "late"
    notebook.check(f"{made}\n{registered}", cell_id="p5 made")


def test_pain_11_an_async_view_answers_in_any_cell(notebook: RealKernel) -> None:
    notebook.check(
        "import asyncio\n@app.get('/p11')\nasync def p11():\n    await asyncio.sleep(0)\n    return 'awaited'",
        cell_id="p11",
    )
    assert ask(notebook, "/p11") == "awaited"
    asked = "await asyncio.sleep(0)\nclient.get('/p11').text, app.test_client().get('/p11').text"
    assert notebook.check(asked, cell_id="p11 look").text.endswith("('awaited', 'awaited')")


@pytest.mark.parametrize("wait", ["", "import asyncio; await asyncio.sleep(0)\n"])
def test_pain_13_a_pushed_context_lasts_over_cells_until_it_is_popped(notebook: RealKernel, wait: str) -> None:
    notebook.check(f"{wait}ctx = app.test_request_context('/?who=Ada')\nctx.push()", cell_id="p13 push")
    assert notebook.check("request.args['who']", cell_id="p13 look").text == "'Ada'"
    assert notebook.check(f"{wait}request.args['who']", cell_id="p13 look").text == "'Ada'"
    notebook.check(f"{wait}ctx.pop()", cell_id="p13 pop")
    error = notebook.run("request.args", cell_id="p13 look").error
    assert error is not None
    assert error.value.startswith("Working outside of request context")


def test_pain_13_a_cell_that_fails_leaves_no_context_behind(notebook: RealKernel) -> None:
    assert notebook.run("app.test_request_context('/p13').push()\n1/0", cell_id="p13 fails").error is not None
    assert notebook.run("request.path", cell_id="p13 look").error is not None


def test_pain_14_contexts_need_no_ceremony_in_a_plain_cell(notebook: RealKernel) -> None:
    notebook.check("@app.route('/p14/<name>')\ndef p14(name):\n    return name", cell_id="p14")
    assert notebook.check("url_for('p14', name='Ada')", cell_id="p14 url").text == "'/p14/Ada'"
    assert notebook.check("render_template_string('{{ 6 * 7 }}')", cell_id="p14 page").text == "'42'"
    assert notebook.check("jsonify(a=1).json", cell_id="p14 json").text == "{'a': 1}"
    notebook.check("g.seen = 'still here'", cell_id="p14 set")
    assert notebook.check("g.seen, current_app.name", cell_id="p14 get").text == "('still here', 'notebook')"


def test_pain_15_files_are_looked_for_in_the_notebooks_folder(notebook: RealKernel) -> None:
    where = notebook.check("import os\nhere = os.getcwd()\nos.path.basename(here)", cell_id="p15").text
    assert where == "'work'"
    (notebook.cwd / "templates").mkdir()
    (notebook.cwd / "templates" / "p15.html").write_text("from the folder")
    looked = "from nbmicro import App\nos.chdir('/')\nfound = render_template('p15.html')\nos.chdir(here)\nfound"
    assert notebook.check(looked, cell_id="p15 look").text == "'from the folder'"
    assert notebook.check("App('pandas').root_path == here", cell_id="p15 name").text == "True"


def test_pain_17_a_response_shows_what_it_is(notebook: RealKernel) -> None:
    notebook.check("@app.get('/p17')\ndef p17():\n    return {'n': 1}", cell_id="p17")
    for asked in ("client.get('/p17')", "app.test_client().get('/p17')"):
        reply = notebook.check(asked, cell_id="p17 ask")
        assert reply.text.splitlines() == ["GET /p17 → 200 OK · application/json", "{", '  "n": 1', "}"]
        assert reply.html.startswith("<div")
    assert notebook.check("app.test_client().get('/p17').json", cell_id="p17 value").text == "{'n': 1}"


def test_pain_17_an_error_shows_its_own_line_and_nothing_on_stderr(notebook: RealKernel) -> None:
    notebook.check("@app.get('/p17/boom')\ndef boom():\n    return 1 / 0", cell_id="p17 boom")
    reply = notebook.check("client.get('/p17/boom')", cell_id="p17 ask")
    assert "    3 │ return 1 / 0\nZeroDivisionError: division by zero" in reply.text
    assert reply.stderr == ""
    logged = notebook.check("app.test_client().get('/p17/boom').status", cell_id="p17 test client").stderr
    assert "return 1 / 0" in logged
    assert "nbmicro/web" not in logged


def test_pain_18_what_a_cell_shows_a_handler_may_return(notebook: RealKernel) -> None:
    notebook.check("import numpy as np, pandas as pd\nframe = pd.DataFrame({'n': [1, float('nan')]})", cell_id="p18")
    replies = {"frame": "frame", "array": "{'a': np.arange(3)}", "scalar": "{'a': np.int64(7), 'b': float('nan')}"}
    for name, value in replies.items():
        notebook.check(f"%%route /p18/{name}\n{value}", cell_id=f"p18 {name}")
    told = {name: notebook.check(f"client.get('/p18/{name}').json", cell_id="p18 ask").text for name in replies}
    assert "[{'n': 1.0}, {'n': None}]" in told["frame"]
    assert "{'a': [0, 1, 2]}" in told["array"]
    assert "{'a': 7, 'b': None}" in told["scalar"]


def test_pain_18_a_figure_is_a_picture_and_does_not_show_twice(notebook: RealKernel) -> None:
    notebook.check("%matplotlib inline\nimport matplotlib.pyplot as plt", cell_id="p18 plt", timeout=60)
    notebook.check("%%route /p18/figure\nplt.plot([1, 2])\nplt.gcf()", cell_id="p18 figure")
    reply = notebook.check("drawn = client.get('/p18/figure')\ndrawn.headers['Content-Type']", cell_id="p18 ask")
    assert reply.outputs[-1].text == "'image/png'"
    assert not any("image/png" in output.data for output in reply.outputs)


def test_pain_18_visitors_plots_are_theirs_while_cells_plot(notebook: RealKernel) -> None:
    """Visitors ask while cells draw: each gets the picture that is drawn alone, each cell shows its own alone."""
    notebook.check("%matplotlib inline\nimport matplotlib.pyplot as plt", cell_id="p18 plt", timeout=60)
    route = """@app.get('/p18/<int:n>')
def p18(n):
    fig, ax = plt.subplots(figsize=(2, 1))
    for step in range(40):
        ax.plot([n, step])
    ax.set_title(f'visitor {n}')
    return fig"""
    notebook.check(route, cell_id="p18 plot")
    notebook.check("alone = [client.get(f'/p18/{n}').body for n in range(4)]", cell_id="p18 alone", timeout=60)
    notebook.check("%serve", cell_id="p18 serve")
    visits = """import threading, urllib.request
answers, stop = [], threading.Event()
def visit(n, port):
    while not stop.is_set():
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/p18/{n}') as answer:
            answers.append((n, answer.read()))"""
    notebook.check(visits, cell_id="p18 visits")
    served = notebook.check("%serve", cell_id="p18 serve").text
    port = int(re.findall(r"127\.0\.0\.1:(\d+)", served)[0])
    begin = f"visitors = [threading.Thread(target=visit, args=(n, {port})) for n in range(4)]"
    notebook.check(f"{begin}\nfor one in visitors: one.start()", cell_id="p18 begin")
    seen = set()
    for round_ in range(8):
        cell = "plt.figure(figsize=(1, 1))\nfor step in range(200): plt.plot([step, 1])\nplt.title('mine')\nNone"
        shown = notebook.check(cell, cell_id=f"p18 mine {round_ % 2}", timeout=60)
        pictures = [output.data["image/png"] for output in shown.outputs if "image/png" in output.data]
        assert len(pictures) == 1
        seen.update(pictures)
        assert notebook.check("len(plt.get_fignums())", cell_id="p18 open").text == "0"
    assert len(seen) == 1
    ended = "stop.set()\nfor one in visitors: one.join()\n"
    told = "len(answers) >= 20, [n for n, answer in answers if answer != alone[n]]"
    assert notebook.check(ended + told, cell_id="p18 told", timeout=60).text == "(True, [])"
    notebook.check("%serve --stop", cell_id="p18 stop")


def test_pain_18_a_view_that_only_prints_is_told_what_to_write(notebook: RealKernel) -> None:
    notebook.check("@app.get('/p18/print')\ndef shout():\n    print('hello')", cell_id="p18 print")
    text = ask(notebook, "/p18/print")
    assert "3 │ print('hello')      Write `return 'hello'`." in text
    assert "printed │ hello" in text


def test_pain_22_a_test_client_left_open_by_a_failing_cell_opens_again(notebook: RealKernel) -> None:
    notebook.check("@app.get('/p22')\ndef p22():\n    return 'open'", cell_id="p22")
    notebook.check("tester = app.test_client()", cell_id="p22 made")
    assert notebook.run("tester.__enter__()\ntester.get('/p22')\n1/0", cell_id="p22 fails").error is not None
    again = "with tester:\n    print(tester.get('/p22').text, request.path)"
    assert notebook.check(again, cell_id="p22 again").stdout == "open /p22\n"
    assert notebook.check(again, cell_id="p22 again").stdout == "open /p22\n"


def test_pain_23_a_model_cell_says_how_it_can_run_again() -> None:
    model = "class User(db.Model):\n    id = db.Column(db.Integer, primary_key=True)"
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check("import nbmicro\nnbmicro.install_as_flask()\nfrom flask_sqlalchemy import SQLAlchemy")
        database = "app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite://'\ndb = SQLAlchemy(app)"
        kernel.check(database, cell_id="database")
        kernel.check(database, cell_id="database")
        kernel.check(model, cell_id="model")
        error = kernel.run(model, cell_id="model").error
        assert error is not None
        # IPython 7 ends what it shows of the cell with an empty line.
        assert len(error.traceback.splitlines()) < 12 + (IPython.version_info < (8,))
        cure = error.traceback.rstrip().splitlines()[-1].partition("Begin it with:  ")[2]
        assert cure == "from nbmicro.flask_compat.sqlalchemy import forget; forget(db)"
        kernel.check(f"{cure}\n{model}", cell_id="model")
        kernel.check("db.create_all()\nUser.query.count()", cell_id="use")
