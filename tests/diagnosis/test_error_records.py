"""A handler that raises gives an exchange with the exception: the user's own lines, called by what declares them."""

from __future__ import annotations

import linecache
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import flask
import jinja2
import pytest

import nbmicro
from nbmicro.client.client import Client
from nbmicro.diagnosis.error_records import error_record
from nbmicro.diagnosis.user_code import is_users, label_of
from nbmicro.errors import CellError
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.records import ErrorRecord
from tests.support.apps import calling


def _cell(name: str, source: str, namespace: dict[str, Any]) -> None:
    """Run source text as a cell of this file name."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    code: CodeType = compile(source, name, "exec")
    exec(code, namespace)


def _raised(function: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        function()
    return caught.value


def _error_of(exchange: Exchange) -> ErrorRecord:
    assert exchange.error is not None
    return exchange.error


def test_only_the_users_own_frames_are_told_with_the_lines_of_their_cell() -> None:
    app = nbmicro.App("shop")
    space: dict[str, Any] = {"app": app}
    _cell("<GET /boom>", "def total(cart):\n    return sum(cart) / len(cart)\n", space)
    _cell("<ipython-input-7-0123456789ab>", "def boom():\n    return str(total([]))\n", space)
    app.add_url_rule("/boom", view_func=space["boom"])
    exchange = Client(app).get("/boom")
    assert exchange.status == 500
    error = _error_of(exchange)
    assert (error.type, error.message) == ("ZeroDivisionError", "division by zero")
    assert [(frame.label, frame.line, frame.function, frame.source) for frame in error.frames] == [
        ("a cell", 2, "boom", "return str(total([]))"),
        ("GET /boom", 2, "total", "return sum(cart) / len(cart)"),
    ]


def test_the_exception_itself_stays_for_the_debugger() -> None:
    exchange = Client(calling(lambda environ: 1 // 0)).get("/")
    assert isinstance(exchange.exception, ZeroDivisionError)
    assert exchange.exception.__traceback__ is not None


def test_frames_of_installed_packages_and_of_python_are_left_out() -> None:
    app = flask.Flask("foreign")
    app.add_url_rule("/", view_func=lambda: flask.json.loads("{"))
    frames = _error_of(Client(app).get("/")).frames
    assert [frame.label for frame in frames] == [Path(__file__).name]


@pytest.mark.parametrize(
    ("filename", "users", "label"),
    [
        ("<GET /boom>", True, "GET /boom"),
        ("/tmp/ipykernel_4711/123456.py", True, "a cell"),
        ("<ipython-input-3-abcdef>", True, "a cell"),
        ("/home/ada/shop/views.py", True, "views.py"),
        ("<template hello.html>", True, "template hello.html"),
        (jinja2.__file__, False, "jinja2/__init__.py"),
        (sqlite3.__file__, False, "sqlite3/__init__.py"),
        (nbmicro.__file__, False, "nbmicro/__init__.py"),
        ("/somewhere/site-packages/x/y.py", False, "y.py"),
        ("<frozen importlib._bootstrap>", False, "frozen importlib._bootstrap"),
    ],
)
def test_a_file_is_known_as_the_users_and_never_called_by_its_path(filename: str, users: bool, label: str) -> None:
    assert (is_users(filename), label_of(filename)) == (users, label)


def test_the_host_may_name_its_cells() -> None:
    space: dict[str, Any] = {}
    _cell("/tmp/ipykernel_1/2.py", "def broken(environ):\n    return 1 / 0\n", space)
    client = Client(calling(space["broken"]), frame_labels=lambda name: "%%app" if "ipykernel" in name else None)
    assert [frame.label for frame in _error_of(client.get("/")).frames][1:] == ["%%app"]


def test_a_template_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "hello.html").write_text("<p>\n{{ user.name.first }}\n</p>")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path), autoescape=True)
    record = error_record(_raised(lambda: environment.get_template("hello.html").render()))
    assert (record.type, record.message) == ("UndefinedError", "'user' is undefined")
    last = record.frames[-1]
    assert (last.label, last.line, last.function, last.source) == ("hello.html", 2, "", "{{ user.name.first }}")


def test_a_template_that_cannot_be_read_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("<p>\n{% if %}\n</p>")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path), autoescape=True)
    record = error_record(_raised(lambda: environment.get_template("bad.html")))
    assert record.type == "TemplateSyntaxError"
    assert {frame.label for frame in record.frames[:-1]} == {Path(__file__).name}
    last = record.frames[-1]
    assert (last.label, last.line, last.source) == ("bad.html", 2, "{% if %}")
    assert "line" not in record.message


def test_a_module_that_cannot_be_read_names_its_line() -> None:
    record = error_record(_raised(lambda: compile("x = 1\ny = (\n", "/home/ada/views.py", "exec")))
    assert (record.frames[-1].label, record.frames[-1].line) == ("views.py", 2)
    assert record.message == "'(' was never closed"


def test_a_cause_is_told_too() -> None:
    def handler(environ: dict[str, Any]) -> str:
        try:
            raise KeyError("SICP")
        except KeyError as error:
            raise ValueError("no such book") from error

    cause = _error_of(Client(calling(handler)).get("/")).cause
    assert cause is not None
    assert (cause.type, cause.message) == ("KeyError", "'SICP'")


def test_an_address_in_a_message_is_not_told() -> None:
    record = error_record(TypeError(f"no {object()!r}"))
    assert record.message == "no <object object at 0x…>"


def test_a_message_that_cannot_be_read_is_no_second_error() -> None:
    class Mean(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert error_record(Mean()).message == "(its message cannot be read: RuntimeError)"


def test_a_very_long_message_and_a_deep_recursion_are_cut() -> None:
    def deep(environ: dict[str, Any]) -> str:
        return deep(environ)

    error = _error_of(Client(calling(deep)).get("/"))
    assert error.type == "RecursionError"
    assert [(frame.function, frame.more) for frame in error.frames] == [("app", ""), ("deep", "again and again")]
    assert len(error_record(ValueError("x" * 10**6)).message) < 5000


def test_a_notebooks_name_that_a_route_cell_assigns_gets_the_line_to_write() -> None:
    space: dict[str, Any] = {"count": 0}
    _cell("<POST /count>", "def count_post(environ):\n    count = count + 1\n    return 'x'\n", space)
    error = _error_of(Client(calling(space["count_post"])).post("/count"))
    assert error.hint is not None
    assert error.hint.endswith("To change the notebook's `count`, begin the cell with `global count`.")
    local: dict[str, Any] = {}
    _cell("<POST /count>", "def count_post(environ):\n    count = count + 1\n    return 'x'\n", local)
    assert _error_of(Client(calling(local["count_post"])).post("/count")).hint is None


def test_an_error_of_ours_brings_its_place_and_hint() -> None:
    record = error_record(CellError("is wrong", hint="Do this.", where="%%route GET /x", line=3))
    assert (record.message, record.hint) == ("%%route GET /x, line 3: is wrong", "Do this.")


def test_a_handler_that_leaves_the_program_does_not_take_the_kernel_along() -> None:
    def leaving(environ: dict[str, Any]) -> str:
        raise SystemExit(3)

    exchange = Client(calling(leaving)).get("/")
    assert (exchange.status, _error_of(exchange).type) == (500, "SystemExit")


def test_a_stream_that_breaks_keeps_its_status_and_says_so() -> None:
    def breaking(environ: dict[str, Any]) -> Iterator[bytes]:
        yield b"first "
        raise ValueError("broken")

    exchange = Client(calling(breaking)).get("/")
    assert (exchange.status, exchange.text, exchange.notes) == (200, "first ", ("The response broke off here.",))
    assert _error_of(exchange).message == "broken"
    assert exchange.response.body.truncated


def test_an_error_before_the_first_byte_is_a_500() -> None:
    def breaking(environ: dict[str, Any]) -> Iterator[bytes]:
        yield b""
        raise ValueError("broken")

    assert Client(calling(breaking)).get("/").status == 500


def test_an_apps_own_error_page_stays_its_answer() -> None:
    app = nbmicro.App("shop")

    @app.errorhandler(ZeroDivisionError)
    def sorry(error: ZeroDivisionError) -> tuple[str, int]:
        return "Sorry!", 503

    @app.get("/")
    def index() -> str:
        return str(1 // 0)

    exchange = Client(app).get("/")
    assert (exchange.status, exchange.text, exchange.error) == (503, "Sorry!", None)
