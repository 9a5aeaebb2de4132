"""The mistakes that beginners make in cells, made on purpose: each text leads to the cure in one step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import IPython
import pytest

from nbmicro.testing.kernel import RealKernel, Reply

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def notebook() -> Iterator[RealKernel]:
    """One kernel for all: a mistake leaves nothing behind."""
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        yield real


def refused(reply: Reply) -> str:
    """What is shown of a cell that failed: under one screen, and without a line of nbmicro's own files."""
    assert reply.error is not None
    told = reply.error.traceback
    assert len(told.splitlines()) <= 14, told
    for trace in ("site-packages", "nbmicro/", "werkzeug/", "ipykernel_"):
        # IPython 7 names a cell by the file that ipykernel thinks up for it.
        assert trace not in told or (trace == "ipykernel_" and IPython.version_info < (8,))
    return told


@pytest.mark.parametrize(
    ("cell", "cure"),
    [
        # Magics
        ("%route /x", "Did you mean  %%route /x"),
        ("%%routes /x\n'hi'", "Did you mean  %%route /x"),
        ("%%rout /x\n'hi'", "Did you mean  %%route /x"),
        ("%%Route /x\n'hi'", "Did you mean  %%route /x"),
        ("%htpp /x", "Did you mean  %http /x"),
        ("x = 1\n%sevre", "line 2: there is no magic `%sevre`.\nDid you mean  %serve"),
        ("%%templte a.html\n<p>", "Did you mean  %%template a.html"),
        ("import os\n%%route /x\n'x'", "line 2"),
        ("%%route /a\n'x'\n%%route /b\n'y'", "`%%route /b` begins a cell of its own"),
        ("%%route /x\n'x'\n%http /x", "end the %%route line with --try"),
        ("flask run", "Here it is  %serve"),
        ("http://localhost:5000/", "Write  %http http://localhost:5000/"),
        # The line of a route
        ("%http /name/Ada Lovelace", 'Write  %http "/name/Ada Lovelace"'),
        ("%http /x HTTP 200", "Write  %http /x --expect 200"),
        ("%http /x 200", "Write  %http /x --expect 200"),
        ("%http GET/x", "Try:  %http GET /x"),
        ("%%http\nGET /x 200", "stands on a line of its own, below the request:  HTTP 200"),
        ("%%http\nGET /name/Ada Lovelace", "In a URL a space is %20:  GET /name/Ada%20Lovelace"),
        ("%%http\nGET /x HTTP 200", "stands on a line of its own, below the request:  HTTP 200"),
        ("%%route /hello/{name}\n'x'", "Try:  %%route /hello/<name>"),
        ("%%route /hello/:name\n'x'", "Try:  %%route /hello/<name>"),
        ("%%route hello\n'x'", "Try:  %%route /hello"),
        ("%%route\n'x'", "Try:  %%route /"),
        ("%%route /x methods=['POST']\n'x'", "%%route POST /x"),
        ("%%route /h/<foo:name>\nname", "int path string uuid"),
        ("%%route /h/<request>\n'x'", "Try:  %%route /h/<request_id>"),
        ("%%route /<int n>\n'x'", "Try:  %%route /<int:n>"),
        ("%%route /<n int>\n'x'", "Try:  %%route /<int:n>"),
        ("%%route /<first name>\n'x'", "Try:  %%route /<first_name>"),
        ("%%route /<number:x>\n'x'", "there is no converter `number`: a whole number is int, one with a point float."),
        ("%%route /<str:x>\n'x'", "there is no converter `str`."),
        ("%%route /<integer:x>\n'x'", "Did you mean  /<int:x>"),
        ("%%route /r\ndef r(request):\n    return 'x'", "Write:  def r():"),
        ("%%route /r/<name>\ndef r(request):\n    return 'x'", "Write:  def r(name):"),
        ("%%route /r\ndef r(session, g, n=1):\n    return 'x'", "Write:  def r(n=1):"),
        ("%%route /r\ndef r(self):\n    return 'x'", "Write:  def r():"),
        ("%%route /r\ndef r(q):\n    return 'x'", 'or read it from the query:  q = request.args["q"]'),
        ("%%route /a/<int:n> --try 4\n'x'", "Try:  %%route /a/<int:n> --try /a/4"),
        ("%%route /a --try 4\n'x'", "In the query it has a name:  --try name==4"),
        # Python
        ("%%route /x\ndef x()\n    return 'x'", "expected ':'"),
        ("%%route /x\ndef x():\nreturn 'x'", "Indent the lines below by four spaces."),
        ("%%route /x\nretrun 'x'", "Did you mean `return`?"),
        ("%%route /x\nx == 5:\n    'y'", "A line that ends with a colon begins with one of: if elif"),
        ("%%route /x\n'Hello", "A string ends with the quote that it began with"),
        ("%%route /x\nreturn “it\u2019s”", """Write  return "it's\""""),
        ("@app.route(\u2018/x\u2019)\ndef x():\n    return 'x'", "line 1: invalid character '\u2018' (U+2018)"),
        ("x = (1,\xa02)", "A space in code is a plain one. Write  x = (1, 2)"),
        ("%%route /x\ndef aw(): await x()\naw()", "Write  async def aw(): await x()"),
        ("%%route /x\ndef page():\n    rows = [r async for r in x()]\n    return rows", "Write  async def page():"),
        ("%%route /x\nx = (1,\n'x'", "'(' was never closed"),
        ("%%route /x\n  'a'\n    'b'", "begin at the left edge"),
        ("%%route /x\n<h1>Hello</h1>", "%%template page.html"),
        ("%%route /x\ncount = 1", "Add the line `count`"),
        ("%%route /x\n", 'For example:  "Hello!"'),
        ("%%route /x\ndef a(): pass\ndef b(): pass", "line 2"),
        ("%%route /x\nglobal request\nrequest = request.args\n'x'", "Leave the line out, and use another name"),
        (
            "%%route /x\ndef x():\n    global g\n    g = 5\n    return 'x'",
            "line 3: `global g`: to assign nbmicro's `g`",
        ),
        ("%%route /hello/<name>\ndef hello():\n    return 'x'", "Write:  def hello(name):"),
        ("%%route /hello/<name>\ndef hello(nme):\n    return 'x'", "did you mean `name`?"),
        # Imports, and names of cells that have not run
        ("import sklern", "Did you mean `sklearn`? On PyPI `sklearn` is called scikit-learn"),
        ("import cv2", "%pip install opencv-python"),
        ("import nosuchthing", "no package of that name is installed for this kernel"),
        ("import json.decodr", "Did you mean `json.decoder`?"),
        ("bookshelves", "If another cell makes `bookshelves`, run that cell first."),
        ("@route('/x')\ndef x(): return 'x'", "It is the app's:  @app.route('/x')"),
        ("app.rout('/x')", "Did you mean `.route`?"),
        # Requests
        ("x = http /books/1", "It is a magic:  x = %http /books/1"),
        ("x = http GET /books/1", "Write  x = %http GET /books/1"),
        ('%http POST /users {"name": "Ada"}', "Write  %http POST /users name=Ada"),
        (
            """%http POST /users '{"name": "Ada L", "age": 3, "tags": [1]}'""",
            "Write  %http POST /users 'name=Ada L' age:=3 'tags:=[1]'",
        ),
        ('%%http\nPOST /users {"name": "Ada"}', 'below an empty line:\nPOST /users\n\n{"name": "Ada"}'),
        ("%http POST /users name = Ada", "Write  %http POST /users name=Ada"),
        ("%http POST /users age := 3 name=Ada", "Write  %http POST /users age:=3 name=Ada"),
        ("%http POST /users [1, 2]", "%%http POST /users\n\n[1, 2]"),
        ("%app http://localhost:5000", "an address.\nName the app behind it"),
        ("%app localhost:5000", "Name the app behind it"),
        ("%app nbmicro.web.ap:app", "Did you mean  %app nbmicro.web.app:app"),
        ("%http x", "Try:  %http /x"),
        ("%http", "Write  %http /"),
        ('%http "/x?q=1', 'the quote " is never closed'),
        ("%http https://api.example.com/users", "%http /users"),
        ("%http /x --expectt 200", "--expect"),
        ("%%http\nGET /hello/{{ nobody }}", "nobody"),
        ("client.get('x')", "/x"),
        ("client.get('/x', params={'a': 1})", "Did you mean `query=`?"),
        # Templates, files, the server
        ("%%template\n<p>", "Try:  %%template hello.html"),
        ("%%static\np {}", "Try:  %%static style.css"),
        ("%%template x.html\n<p>{% if x %}\n<b>{% endif </b>", "line 3"),
        ("%%template x.html\n{% blockk title %}{% endblock %}", "Did you mean  {% block %}"),
        ("%%template x.html\n<p>{% name %}", "If it is a value, two braces show it:  {{ name }}"),
        ("%%template x.html\n{{ x | nofilter }}", "line 2: No filter named 'nofilter'."),
        ("%serve --prot 5000", "Did you mean --port?"),
        # Plain cells
        ("@app.route\ndef page():\n    return 'x'", '@app.route("/page")'),
        ("@app.route('/x/<integer:id>')\ndef page(id):\n    return 'x'", "There are: int float path string uuid any"),
        ("@app.route('x')\ndef page():\n    return 'x'", "must start with a slash"),
        ("@app.route('/x', methods='POST')\ndef page():\n    return 'x'", "methods=['POST']"),
        ("@app.route('/x', method='POST')\ndef page():\n    return 'x'", 'Write  methods=["POST"]'),
        ("@app.route('/x', endpoints='p')\ndef page():\n    return 'x'", "Did you mean `endpoint=`?"),
        ("(lambda str: str(5))('abc')", "`str` is here a value of your own (of type str)"),
        ("abort('404')", "A status is a number, without quotes:  abort(404)"),
        ("@app.get('/x', methods=['POST'])\ndef page():\n    return 'x'", "write route(…, methods=[…])"),
        ("request.args", "Inside a handler there is always one"),
        ("session['a'] = 1", "Inside a handler there is always one"),
        ("url_for('nowhere')", "Could not build url for endpoint 'nowhere'"),
        ("import requests\nrequests.get('http://127.0.0.1:9/')", "Or start a server first:  %serve"),
        ("import urllib.request\nurllib.request.urlopen('http://localhost:9/')", "%http /"),
        ("app.run(prot=5000)", "Did you mean `port=`?"),
    ],
)
def test_a_mistake_in_a_cell_shows_its_cure(notebook: RealKernel, cell: str, cure: str) -> None:
    assert cure in refused(notebook.run(cell, cell_id="wrong"))


def test_an_app_that_was_overwritten_is_told_with_the_line_that_makes_one() -> None:
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check("app = 5")
        assert "app = App(__name__)" in refused(kernel.run("%%route /x\n'x'"))
        kernel.check("from nbmicro import App; app = App(__name__)")
        kernel.check("%%route /x\n'x'")


@pytest.mark.parametrize(
    ("before", "cell", "was"),
    [
        ("prices = [1, 2]", "%%route /p\ndef prices():\n    return 'x'", "it was a list of the notebook's"),
        ("prices = 1.5", "@app.route('/p')\ndef prices():\n    return 'x'", "it was a float of the notebook's"),
        ("prices = {}", "%%route /p\nasync def prices():\n    return 'x'", "it was a dict of the notebook's"),
        (
            "def prices(): pass",
            "@app.route('/p')\ndef prices():\n    return 'x'",
            "it was a function of the notebook's",
        ),
        ("class prices: pass", "%%route /p\ndef prices():\n    return 'x'", "it was a class of the notebook's"),
        ("import math as prices", "%%route /p\ndef prices():\n    return 'x'", "it was a module"),
        ("pass", "prices = [1]\n@app.route('/p')\ndef prices():\n    return 'x'", "it was a value of this cell"),
        # Nothing is lost: the handler's own earlier run, a body, a function that is no handler, a name of another.
        ("@app.route('/p')\ndef prices():\n    return 'y'", "%%route /p\ndef prices():\n    return 'x'", None),
        ("prices = [1]", "%%route /p\nprices", None),
        ("prices = [1]", "def prices(): pass", None),
        ("rates = [1]", "%%route /p\ndef prices():\n    return 'x'", None),
    ],
)
def test_a_handler_that_takes_the_name_of_a_value_is_told(
    notebook: RealKernel, before: str, cell: str, was: str | None
) -> None:
    notebook.check(f"globals().pop('prices', None)\n{before}", cell_id="value")
    told = notebook.check(cell, cell_id="handler").stdout
    assert ("Note: `prices` is now this handler's function" in told) == (was is not None)
    assert was is None or f"{was}. Use another name for the function:  def prices_page(" in told


def test_a_handler_that_takes_a_name_of_pythons_is_told_at_each_run(notebook: RealKernel) -> None:
    for _ in range(2):
        told = notebook.check("%%route /l\ndef list():\n    return 'x'", cell_id="handler").stdout
        assert "it was Python's own" in told
        assert "to have Python's again:  del list" in told
    notebook.check("del list", cell_id="value")


def test_a_template_that_would_show_nothing_is_told_where_it_is_declared(notebook: RealKernel) -> None:
    notebook.check("%%template base.html\n{% block content %}{% endblock %}", cell_id="base")
    child = "%%template child.html --try x=Ada\n{% extends 'base.html' %}\n{% block contentt %}{{ name }}{% endblock %}"
    assert "Note: base.html has no block `contentt`" in notebook.check(child, cell_id="child").stdout
    told = notebook.check("%%template x.html --try nmae=Ada\n<p>{name} {{ name }}", cell_id="page").stdout
    assert "Note: `{name}` is text; a template shows a value with two braces:  {{ name }}" in told
    assert (
        "Note: Line 2 of %%template x.html was given no `name`, and shows nothing there. Did you mean `nmae`?" in told
    )


def test_a_shell_command_below_a_foreign_magic_is_left_alone(notebook: RealKernel) -> None:
    """What stands below `%%bash` is not searched for misspelt magics."""
    assert "%htpp" in notebook.check("%%bash\necho '\n%htpp x\n'", cell_id="bash").stdout


def test_what_ipython_takes_as_a_command_may_have_any_quotes(notebook: RealKernel) -> None:
    """A magic without its `%` and a call without brackets are IPython's, unless the notebook gave the name a value."""
    assert "Object `“a”` not found." in notebook.check("pinfo “a”", cell_id="command").stdout
    assert notebook.check("x = 1\n;len “a”", cell_id="command").text == "3"
    assert 'Write  len("a")' in refused(notebook.run("len(“a”)", cell_id="command"))
    assert 'Write  pinfo "a"' in refused(notebook.run("x = 1\npinfo “a”", cell_id="command"))
    notebook.check("pinfo = 1", cell_id="value")
    assert 'Write  pinfo "a"' in refused(notebook.run("pinfo “a”", cell_id="command"))
    notebook.check("del pinfo", cell_id="value")


def test_a_served_page_of_a_lesson_runs_from_pasted_flask_code(notebook: RealKernel) -> None:
    """`if __name__ == "__main__": app.run(debug=True)` at the end of a pasted app is no mistake here."""
    pasted = (
        "from nbmicro import App as Flask\npasted = Flask(__name__)\n\n@pasted.route('/')\ndef index():\n"
        "    return 'pasted'\n\nif __name__ == '__main__':\n    pasted.run(port=0, debug=True)"
    )
    assert "Serving" in notebook.check(pasted, cell_id="pasted").shown
    assert "Stopped" in notebook.check("%serve --stop", cell_id="stop").stdout


def test_a_decorator_above_no_function_is_told_when_its_cell_ends(notebook: RealKernel) -> None:
    """`app.route("/y")` without its @ declares nothing; one that is used, or has a name, is nobody's mistake."""
    reply = notebook.check('app.route("/y")\n"hello"', cell_id="y")
    assert reply.stderr == (
        "not declared: app.route('/y') is a decorator, and stands above no function. "
        "Write  @app.route('/y')  above one, or  app.add_url_rule('/y', view_func=…)\n"
    )
    assert "@app.route('/y', methods=['POST'])  above" in notebook.check('app.post("/y")', cell_id="y").stderr
    assert notebook.check("kept = app.route('/kept')", cell_id="kept").stderr == ""
    assert notebook.check("@kept\ndef kept_page(): return 'x'", cell_id="page").stderr == ""
    assert notebook.check("app.route('/one')(lambda: '1')", cell_id="one").stderr == ""
    failed = notebook.run("app.route('/y')\n1/0", cell_id="y")
    assert failed.stderr == ""


def test_a_name_of_nbmicros_that_a_cell_takes_is_told_at_once(notebook: RealKernel) -> None:
    """The same however often the cell runs; an import says what it means, and is not told."""
    for _ in range(2):
        assert notebook.check("request = {'q': 1}", cell_id="taken").stdout == (
            "Note: `request` is now the notebook's own (of type dict), in every handler too. "
            "Use another name for it, and have nbmicro's again:  from nbmicro import request\n"
        )
    assert notebook.check("len(request)", cell_id="read").stdout == ""
    assert notebook.check("from nbmicro import request", cell_id="back").stdout == ""
    assert notebook.check("from collections import Counter as g", cell_id="import").stdout == ""
    assert notebook.check("from nbmicro import g", cell_id="back").stdout == ""
    by_function = "def page():\n    global request\n    request = request.args\n    return 'x'"
    told = "Note: `global request` lets a function take nbmicro's `request` from every handler."
    assert told in notebook.check(by_function, cell_id="function").stdout
    assert notebook.check("def page():\n    global request\n    return request", cell_id="function").stdout == ""


def test_a_name_that_all_of_a_module_brings_is_not_told(tmp_path: Path) -> None:
    """`from store import *` says what it means as every import; what its functions take besides is told."""
    (tmp_path / "store.py").write_text("session = 'a database'\nrows = []\n")
    with RealKernel(cwd=tmp_path) as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check("def take():\n    globals()['g'] = 1")
        for _ in range(2):
            assert kernel.check("from store import *\nprint(session)").stdout == "a database\n"
        kernel.check("from nbmicro import session")
        told = kernel.check("from store import *\ntake()").stdout
        assert told.startswith("Note: `g` is now the notebook's own (of type int)")
        assert "session" not in told


def test_a_name_that_the_notebook_has_taken_is_its_handlers_to_change() -> None:
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check("session = 0")
        kernel.check("%%route /count\nglobal session\nsession += 1\nstr(session)")
        assert [kernel.check("%http /count").text.splitlines()[-1] for _ in range(2)] == ["1", "2"]
