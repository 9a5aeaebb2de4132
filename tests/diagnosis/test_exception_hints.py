"""What to do about an exception is known from its kind, its message and the user's own frame."""

from __future__ import annotations

import linecache
import sqlite3
import threading
from typing import Any

import pytest

from nbmicro.client.client import Options
from nbmicro.diagnosis import exception_hints
from nbmicro.diagnosis.error_records import error_record
from nbmicro.diagnosis.exception_hints import REQUEST_OPTIONS, exception_hint


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
    "_missing_template": ("import jinja2\nraise jinja2.TemplateNotFound('a.html')", "%%template a.html"),
    "_flasks_extension": (
        "import flask, flask_login\nexec(\"def f(): raise RuntimeError('Working outside of x')\", vars(flask_login))\n"
        "flask_login.f.__globals__['f']()",
        "asks Flask itself, and the app is nbmicro's",
    ),
    "_flasks_name": ("import flask\nfrom flask import request\nrequest.args", "from nbmicro import request"),
}


@pytest.mark.parametrize("name", [hint.__name__ for hints in exception_hints._HINTS.values() for hint in hints])
def test_every_hint_has_a_failure_that_it_is_for(name: str) -> None:
    if name == "<lambda>":
        return  # of the table of messages, see below
    source, text = HINTS[name]
    assert text in (exception_hint(raised(source)) or "")


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
        "OSError": ["connection to 127.0.0.1 refused"],
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
