"""In a real kernel: a handler that failed keeps neither its database locked nor its files open, and can be debugged."""

from __future__ import annotations

import pytest

from nbmicro.testing.kernel import RealKernel

pytestmark = pytest.mark.kernel

STORE = """\
import gc, sqlite3
gc.disable()
with sqlite3.connect("books.db") as setting_up:
    setting_up.execute("create table books (name text)")
    setting_up.executemany("insert into books values (?)", [("Dune",), ("Emma",), ("Ulysses",)])
setting_up.close()

@app.before_request
def open_store():
    g.store = sqlite3.connect("books.db", timeout=0.1)
    g.store.row_factory = sqlite3.Row

@app.get("/books")
def books():
    mark = 41
    rows = g.store.execute("select name from books")
    return [row["title"] for row in rows]

@app.post("/books")
def add():
    with g.store:
        g.store.execute("insert into books values ('Middlemarch')")
    return "", 201

@app.get("/page")
def page():
    rows = g.store.execute("select name from books")
    return render_template_string("{{ rows.fetchone().name }} {{ missing.name }}", rows=rows)

@app.get("/stops")
def stops():
    rows = g.store.execute("select name from books")
    next(rows)
    raise KeyboardInterrupt
"""
#: A write without a request.
WRITE = """\
with sqlite3.connect("books.db", timeout=0.1) as plain:
    plain.execute("insert into books values ('Persuasion')")
plain.close()
"""


@pytest.fixture
def books(kernel: RealKernel) -> RealKernel:
    kernel.check(STORE, cell_id="store")
    return kernel


@pytest.mark.parametrize("cell", ["%http /books", "%trace /books", "client.get('/books')", "answer = %http /page"])
def test_the_next_request_can_write_after_a_handler_failed(books: RealKernel, cell: str) -> None:
    for _ in range(2):
        assert "500 INTERNAL SERVER ERROR" in books.check(cell, cell_id="ask").text
        assert "201 CREATED" in books.check("%http POST /books", cell_id="add").text


def test_the_next_request_can_write_after_the_failure_was_debugged(books: RealKernel) -> None:
    books.check("%http /books", cell_id="ask")
    reply = books.run("%debug", cell_id="debug", typed=["p rows", "up", "p mark", "rows", "q"])
    assert "41" in reply.stdout.splitlines()
    assert "201 CREATED" in books.check("%http POST /books", cell_id="add").text


def test_the_next_request_can_write_after_an_interrupt(books: RealKernel) -> None:
    error = books.run("%http /stops", cell_id="ask").error
    assert error is not None
    assert error.name == "KeyboardInterrupt"
    assert "201 CREATED" in books.check("%http POST /books", cell_id="add").text


def test_a_plain_cell_that_finds_the_database_locked_is_told_what_to_do_and_works_then(books: RealKernel) -> None:
    books.check("%http /books", cell_id="ask")
    error = books.run(WRITE, cell_id="write").error
    assert error is not None
    assert error.name == "OperationalError"
    assert "run this again" in error.traceback
    books.check(WRITE, cell_id="write")


def test_a_visitor_does_not_take_the_frames_from_an_open_debugger(books: RealKernel) -> None:
    books.check("%http /books", cell_id="ask")
    ask = (
        "import threading; asked = threading.Thread(target=client.get, args=('/missing',), kwargs={'announce': False})"
    )
    books.check(ask, cell_id="thread")
    typed = ["asked.start()", "asked.join()", "up", "p mark", "q"]
    reply = books.run("%debug", cell_id="debug", typed=typed)
    assert "41" in reply.stdout.splitlines()


def test_once_its_frames_are_let_go_there_is_nothing_to_debug(books: RealKernel) -> None:
    books.check("%http /books", cell_id="ask")
    books.check("%http POST /books", cell_id="add")
    reply = books.run("%debug", cell_id="debug")
    assert "nothing to debug" in reply.stderr
    assert "No traceback" in books.run("%tb", cell_id="tb").shown
