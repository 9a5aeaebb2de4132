"""What to do about an exception is known from its kind, its message and the user's own frame."""

from __future__ import annotations

import linecache
import os
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import nbmicro
from nbmicro.client.client import Options
from nbmicro.diagnosis import exception_hints
from nbmicro.diagnosis.error_records import error_record
from nbmicro.diagnosis.exception_hints import REQUEST_OPTIONS, exception_hint
from nbmicro.diagnosis.raised import HINTS as ALL_HINTS


def raised(source: str, **names: Any) -> BaseException:
    """The exception of a cell."""
    linecache.cache["<GET /x>"] = len(source), None, source.splitlines(keepends=True), "<GET /x>"
    try:
        exec(compile(source, "<GET /x>", "exec"), names)
    except BaseException as error:
        return error
    raise AssertionError("the cell should have failed")


def test_a_request_takes_what_the_client_takes() -> None:
    assert set(REQUEST_OPTIONS) == set(Options.__annotations__)


@pytest.mark.parametrize(
    ("source", "cure"),
    [
        ("total = 1\nprint(totl)", "Did you mean `total`?"),
        ("null", "Python writes it `None`."),
        ("itertools.count()", "import itertools"),
        ("abort(404)", "from nbmicro import abort"),
        ("import nosuchthing.part", "%pip install nosuchthing"),
        ("data = {'name': 1}\ndata.name", '["name"]'),
        ("raise SystemExit(1)", "abort(500)"),
        ("raise RuntimeError('asyncio.run() cannot be called from a running event loop')", "async def"),
        ("raise OSError('[Errno 111] Connection refused')", "%serve"),
    ],
)
def test_the_line_to_write_is_told(source: str, cure: str) -> None:
    assert cure in (exception_hint(raised(source)) or "")


HINTS = {
    "_unbound_name": ("count = 1\ndef f():\n    count += 1\nf()", "begin the function `f` with `global count`"),
    "_undefined_name": ("total = 1\nprint(totl)", "Did you mean `total`?"),
    "_not_installed": ("import nosuchthing.part", "%pip install nosuchthing"),
    "_dict_attribute": ("data = {'name': 1}\ndata.name", '["name"]'),
    "_no_json": ("import json\njson.dumps({1, 2})", "Make a list of it:  list(…)"),
    "_client_option": ("raise TypeError(\"Client.get() got an unexpected keyword argument 'params'\")", "`query=`?"),
    "_rule_option": (
        "method = 'post'\nraise TypeError(\"Rule.__init__() got an unexpected keyword argument 'method'\")",
        'Write  methods=["POST"]',
    ),
    "_hidden_builtin": ("str = 'abc'\nstr(5)", "to have Python's:  del str"),
    "_not_awaited": (
        "import inspect\nasync def f(): pass\nawaited = f()\ntry: awaited.text\nfinally: awaited.close()",
        "write `await` before the call",
    ),
    "_taken_client": (
        "get_ipython = client = None\nclient.get('/')",
        "`client` is the notebook's own here (None).",
    ),
    "_hidden_name": ("def f(request): return request.args\nf('x')", "`request` is here a value of the handler's own"),
    "_no_error_status": ("raise LookupError(\"no exception for '404'\")", "abort(404)"),
    "_number": ("class request: args = {'n': 'x'}\nint(request.args['n'])", "request.args.get(…, type=int)"),
    "_keyboard": ("raise EOFError(input(1) if 0 else 0)", "A handler cannot ask at the keyboard"),
    "_undefined_in_template": (
        "import jinja2\njinja2.Template('{{ nmae }}', undefined=jinja2.StrictUndefined).render(name=1)",
        "The template was given no `nmae` but `name`: did you mean that?",
    ),
    "_unknown_tag": (
        "import jinja2\njinja2.Environment().from_string('{% blockk title %}{% endblock %}')",
        "Did you mean  {% block %}",
    ),
    "_missing_template": ("import jinja2\nraise jinja2.TemplateNotFound('a.html')", "%%template a.html"),
    "_requests_part": (
        "class Request: args = {}\nrequest = Request()\nrequest.query_params['a']",
        "Write  request.args",
    ),
    "_unset_in_g": ("from nbmicro import App, g\nwith App('x').app_context():\n    g.user", 'Ask with  g.get("user")'),
    "_misspelt_attribute": ("class App:\n    def route(self): pass\nApp().rout('/x')", "Did you mean `.route`?"),
    "_called_mapping": ("rows = [1]\nrows(0)", "It is read with brackets:  rows[0]"),
    "_endpoint_as_function": (
        "import operator\nurl_for = operator.itemgetter(0)\ndef index(): pass\nurl_for(index)",
        'as text:  url_for("index")',
    ),
    "_endpoint_as_path": (
        "class BuildError(LookupError): pass\nraise BuildError(\"Could not build url for endpoint '/books'.\")",
        "/books is a path: write the path as it is",
    ),
    "_subscripted_function": ("data = {}\ndata.get['a']", "A function is called with parentheses:  data.get('a')"),
    "_values_by_name": (
        "def render_template(name, **values): pass\nuser = 1\nrender_template('x.html', user)",
        "given by name:  render_template('x.html', user=user)",
    ),
    "_text_and_number": ("def page(n): return n + 1\npage('5')", "`n` is text. A number of it is  int(n)"),
    "_missing_in_mapping": ("session = {}\nsession['user']", "Ask with  session.get('user')"),
    "_missing_column": (
        "import sqlite3\nbase = sqlite3.connect(':memory:')\nbase.row_factory = sqlite3.Row\n"
        "row = base.execute('select 1 as name').fetchone()\nbase.close()\nrow['nme']",
        "The row has: name. Did you mean  row['name']",
    ),
    "_django_in_async": (
        "class SynchronousOnlyOperation(Exception): pass\nraise SynchronousOnlyOperation('You cannot call this')",
        'os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"',
    ),
    "_flask_not_installed": ("import flask.nosuchmodule", "nbmicro.install_as_flask()"),
    "_no_such_part": ("import json.decodr", "`json` has no module `decodr`. Did you mean `json.decoder`?"),
    "_no_such_name": ("from nbmicro import jsonfy", "Did you mean  from nbmicro import jsonify"),
    "_flasks_extension": (
        "import flask, flask_login\nexec(\"def f(): raise RuntimeError('Working outside of x')\", vars(flask_login))\n"
        "flask_login.f.__globals__['f']()",
        "asks Flask itself, and the app is nbmicro's",
    ),
    "_flasks_name": ("import flask\nfrom flask import request\nrequest.args", "from nbmicro import request"),
}


@pytest.mark.parametrize("name", [hint.__name__ for hints in ALL_HINTS.values() for hint in hints])
def test_every_hint_has_a_failure_that_it_is_for(name: str) -> None:
    if name == "<lambda>":
        return  # of the table of messages, see below
    source, text = HINTS[name]
    assert text in (exception_hint(raised(source)) or "")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        # What another framework calls it.
        ("request.GET['a']", "Write  request.args"),
        ("request.POST['a']", "Write  request.form"),
        ("request.FILES['a']", "Write  request.files"),
        ("request.body", "request.get_data(as_text=True)"),
        ("request.get('q')", "request.args.get('q')   or, of a form,  request.form.get('q')"),
        ("request.arg['q']", "Write  request.args"),
        ("request.xyzzy", None),
        # Brackets and parentheses.
        ("request.args('q')", "request.args['q']   or  request.args.get('q')"),
        ("request.args.get['q']", "request.args.get('q')"),
        # Text and numbers.
        ("1 + request.args['n']", "request.args.get('n', type=int)"),
        ("request.args.get('n') > 5", "request.args.get('n', type=int)"),
        ("'total: ' + 5", "write an f-string"),
        ("n = '5'\nn * 2.5", "int(n)"),
        ("price = '2.5'\nprice + 1", "float(price)"),
        ("[] + 1", None),
        # Keys.
        ("book = {'title': 1}\nbook['titl']", "Did you mean  book['title']"),
        ("app.config['MAIL']", "app.config['MAIL'] = …"),
        ("os.environ['NIX_OF_IT']", "os.environ.get('NIX_OF_IT')"),
        ("book = {'title': 1}\nbook['author']", None),
        # Templates.
        ("render_template('x.html', {'name': 'Ada'})", "render_template('x.html', name='Ada')"),
        ("render_template('x.html', 'Ada')", "render_template('x.html', name='Ada')"),
        ("x = render_template('x.html', user, title='x')", "render_template('x.html', user=user, title='x')"),
        # Decorators without their app.
        ("@route('/x')\ndef page(): pass", "@app.route('/x')"),
        ("@get('/x')\ndef page(): pass", "@app.get('/x')"),
    ],
)
def test_what_is_nearly_right_is_told_as_it_is_written_here(source: str, text: str | None) -> None:
    app = nbmicro.App("shop")
    names = {"app": app, "os": os, "request": nbmicro.request, "render_template": nbmicro.render_template, "user": 1}
    with app.test_request_context("/?q=tea&n=3"):
        told = exception_hint(raised(source, **names))
    assert told is None if text is None else text in (told or "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sklern", "Did you mean `sklearn`? On PyPI `sklearn` is called scikit-learn:  %pip install scikit-learn"),
        ("cv2", "On PyPI `cv2` is called opencv-python:  %pip install opencv-python"),
        ("jsn", "Did you mean `json`?"),
        ("shpo", "Did you mean `shop`?"),
        ("seaborn.objects", "It is not installed for this kernel:  %pip install seaborn"),
        ("flask_nosuch", "%pip install flask-nosuch"),
        ("urllib2", "import urllib.request"),
        ("nosuchthing", "no package of that name is installed for this kernel. If PyPI has one:  %pip install nosuch"),
    ],
)
def test_a_module_that_is_not_there_is_told_by_its_package(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt name is not told to be installed: on PyPI it may be anybody's."""
    (tmp_path / "shop.py").touch()
    monkeypatch.chdir(tmp_path)
    told = exception_hint(ModuleNotFoundError(f"No module named {name!r}", name=name)) or ""
    assert text in told
    assert "Did you mean" not in told or f"pip install {name}" not in told


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("from flask import Flask, request", "nbmicro has Flask's names:  from nbmicro import Flask, request\n"),
        ("import flask", "nbmicro has Flask's names:  import nbmicro as flask\n"),
        ("from flask.views import MethodView", "import nbmicro; nbmicro.install_as_flask()"),
        ("from flask import nosuchname", "import nbmicro; nbmicro.install_as_flask()"),
        ("import flask_login", "let its first cell put nbmicro in Flask's place"),
    ],
)
def test_an_import_of_flask_where_it_is_not_is_told_nbmicros(
    line: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [module for module in sys.modules if module.partition(".")[0] in {"flask", "flask_login"}]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "flask", None)
    told = exception_hint(raised(line)) or ""
    assert text in told
    assert "pip install" not in told


@pytest.mark.parametrize(("kind", "pattern", "text"), exception_hints._BY_MESSAGE)
def test_every_hint_of_a_message_is_given(kind: str, pattern: str, text: str) -> None:
    messages = {
        "RuntimeError": [
            "asyncio.run() cannot be called from a running event loop",
            "A 'SQLAlchemy' instance has already been registered on this Flask app.",
        ],
        "LookupError": ["the converter 'x' does not exist"],
        "ProgrammingError": ["SQLite objects created in a thread can only be used in that same thread"],
        "OperationalError": ["(sqlite3.OperationalError) database is locked", "database table is locked: books"],
        "InvalidRequestError": ["Table 'user' is already defined for this MetaData instance."],
        "SystemExit": ["1"],
        "OSError": ["connection to 127.0.0.1 refused", "[Errno 28] No space left on device"],
    }
    made = type(kind, (Exception,), {})
    assert text in {exception_hint(made(message)) for message in messages[kind]}


@pytest.mark.parametrize(
    "source",
    [
        "1/0",
        "qqqqqqq",
        "{}.name",
        "raise RuntimeError('working')",
        "raise OSError('[Errno 111] Connection refused by api.example.org')",
        "raise KeyError('a')",
        "int('x')",
    ],
)
def test_where_nothing_is_known_nothing_is_said(source: str) -> None:
    error = raised(source)
    if "api.example.org" in str(error):
        error.args = ("Connection refused by api.example.org",)
    assert exception_hint(error) is None


def test_the_threads_of_sqlite_have_no_numbers() -> None:
    connection = sqlite3.connect(":memory:")
    errors: list[BaseException] = []

    def ask() -> None:
        errors.append(raised("db.execute('select 1')", db=connection))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    connection.close()
    record = error_record(errors[0])
    assert record.message.endswith("created in thread … and this is thread ….")
    assert "check_same_thread=False" in (record.hint or "")


def test_an_exception_that_cannot_say_its_message_has_its_record() -> None:
    error = raised("class Mute(ValueError):\n    def __str__(self): return 1 / 0\nraise Mute")
    record = error_record(error)
    assert (record.message, record.hint) == ("(its message cannot be read: ZeroDivisionError)", None)
