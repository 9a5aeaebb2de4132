"""What failed can be debugged right after; with the next request all that its handler held is let go."""

from __future__ import annotations

import asyncio
import gc
import logging
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from werkzeug.test import Client as WerkzeugClient

import nbmicro
from nbmicro.client.bench import measure
from nbmicro.client.browser_session import BrowserSession
from nbmicro.client.client import Client
from nbmicro.client.recorder import Recorder
from nbmicro.errors import DeadlineExceeded
from nbmicro.exchange.exchange import History
from nbmicro.http.messages import RequestRecord


class Held:
    """Stands for a cursor, a file, a lock: something that is let go with its last user."""

    every: ClassVar[weakref.WeakSet[Held]] = weakref.WeakSet()

    def __init__(self) -> None:
        Held.every.add(self)


def held() -> list[Held]:
    """What is held still, but for pytest, which keeps log records."""
    for handler in logging.root.handlers:
        getattr(handler, "records", []).clear()
    return list(Held.every)


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Whether something is let go may not depend on when the garbage collector comes by."""
    Held.every.clear()
    gc.disable()
    yield
    gc.enable()


def failing_app() -> nbmicro.App:
    """Every way in which a request fails while its handler holds something; `/ok` answers."""
    app = nbmicro.App("failing")

    @app.get("/ok")
    def ok() -> str:
        return "ok"

    @app.get("/raises")
    def raises() -> str:
        held = Held()
        raise KeyError(id(held))

    @app.get("/asyncs")
    async def asyncs() -> str:
        held = Held()
        await asyncio.sleep(0)
        raise KeyError(id(held))

    @app.get("/chained")
    def chained() -> str:
        held = Held()
        try:
            raises()
        except KeyError as error:
            raise ValueError(id(held)) from error

    @app.get("/grouped")
    def grouped() -> str:
        errors = []
        for _ in range(2):
            try:
                raises()
            except KeyError as error:
                errors.append(error)
        raise ExceptionGroup("several", errors)

    @app.get("/circle")
    def circle() -> str:
        held, errors = Held(), []
        try:
            raises()
        except KeyError as error:
            errors.append(error)
        raise ValueError(id(held), len(errors))

    @app.get("/template")
    def template() -> str:
        held = Held()
        return nbmicro.render_template_string("{{ held }} {{ missing.name }}", held=held)

    @app.get("/aborts")
    def aborts() -> str:
        held = Held()
        nbmicro.abort(404, f"there is no {id(held)}")

    @app.get("/unavailable")
    def unavailable() -> str:
        held = Held()
        nbmicro.abort(503, f"there is no {id(held)}")

    @app.get("/key")
    def key() -> str:
        held = Held()
        return nbmicro.request.args[f"key{id(held)}"]

    @app.get("/none")
    def none() -> None:
        nbmicro.g.held = Held()

    @app.get("/late")
    def late() -> str:
        held = Held()
        threading.Event().wait(20)
        return str(held)

    @app.get("/breaks")
    def breaks() -> Iterator[str]:
        held = Held()
        yield "begins\n"
        raise KeyError(id(held))

    @app.get("/logs")
    def logs() -> str:
        held = Held()
        try:
            raises()
        except KeyError:
            app.logger.exception("it went wrong with %r", id(held))
        return "logged"

    @app.get("/handled")
    def handled() -> str:
        held = Held()
        raise ZeroDivisionError(id(held))

    @app.errorhandler(ZeroDivisionError)
    def divided(error: ZeroDivisionError) -> tuple[str, int]:
        return "handled", 500

    for kind in ("before", "after", "teardown"):
        hooked = nbmicro.Blueprint(kind, __name__)

        @hooked.get(f"/{kind}")
        def answer() -> str:
            return "answered"

        def fails(argument: Any = None) -> Any:
            held = Held()
            raise KeyError(id(held), argument)

        register: Callable[[Any], Any] = getattr(hooked, f"{kind}_request")
        register(fails)
        app.register_blueprint(hooked)
    return app


#: The failing routes whose exception is shown, and the status that each answers with.
SHOWN = {
    "/raises": 500,
    "/asyncs": 500,
    "/chained": 500,
    "/grouped": 500,
    "/circle": 500,
    "/template": 500,
    "/aborts": 404,
    "/key": 400,
    "/none": 500,
    "/late": 500,
    "/breaks": 200,
    "/before": 500,
    "/after": 500,
    "/teardown": 500,
}
#: Those that answer otherwise, or whose app handles the exception itself.
UNSEEN = {"/unavailable": 503, "/logs": 200, "/handled": 500}


def timeout_of(path: str) -> float:
    return 0.1 if path == "/late" else 30.0


@pytest.mark.parametrize("trace", [False, True], ids=["plain", "traced"])
@pytest.mark.parametrize("path", [*SHOWN, *UNSEEN])
def test_the_next_request_lets_go_of_what_the_failed_one_held(path: str, trace: bool) -> None:
    client = Client(failing_app())
    exchange = client.get(path, timeout=timeout_of(path), trace=trace)
    assert exchange.status == {**SHOWN, **UNSEEN}[path]
    client.get("/ok")
    assert held() == []
    assert client.history[0] is exchange


@pytest.mark.parametrize("path", [path for path in SHOWN if path not in {"/none", "/teardown"}])
def test_until_then_a_debugger_finds_the_frames(path: str) -> None:
    client = Client(failing_app())
    exchange = client.get(path, timeout=timeout_of(path))
    assert len(Held.every) >= 1
    assert exchange.exception is not None
    assert exchange.exception.__traceback__ is not None


@pytest.mark.parametrize("path", [*SHOWN, *UNSEEN])
def test_a_visitors_failure_is_let_go_with_the_next_visit(path: str) -> None:
    if path == "/late":
        pytest.skip("a visitor waits")
    visitor = WerkzeugClient(Recorder(failing_app(), History()))
    try:
        visitor.get(path, buffered=True)
    except KeyError:
        assert path in {"/breaks", "/teardown"}  # what a server logs
    visitor.get("/ok", buffered=True)
    assert held() == []


@pytest.mark.parametrize("path", [*SHOWN, *UNSEEN])
def test_a_pages_failure_is_let_go_with_the_next_page(path: str) -> None:
    browser = BrowserSession(Client(failing_app()))
    try:
        browser.send(RequestRecord("GET", path), timeout=timeout_of(path)).read_body(1000)
    except (KeyError, DeadlineExceeded):
        assert path in {"/late", "/breaks", "/teardown"}
    browser.send(RequestRecord("GET", "/ok")).read_body(1000)
    assert held() == []


@pytest.mark.parametrize("path", [*SHOWN, *UNSEEN])
def test_what_a_page_or_a_measurement_asks_for_keeps_nothing(path: str) -> None:
    client = Client(failing_app())
    client.fetch(path, timeout=timeout_of(path))
    assert held() == []
    if path != "/late":
        measure(client, RequestRecord("GET", path), 3)
        assert held() == []


def test_a_picture_of_a_failed_page_leaves_its_frames_to_the_debugger() -> None:
    client = Client(failing_app())
    exchange = client.get("/raises")
    assert client.fetch("/raises") is None
    assert exchange.exception is not None
    assert exchange.exception.__traceback__ is not None


def test_a_request_within_a_handler_lets_go_of_the_one_before_it() -> None:
    app = failing_app()
    client = Client(app)

    @app.get("/outer")
    def outer() -> str:
        client.get("/raises")
        client.get("/ok")
        return str(len(Held.every))

    assert client.get("/outer").text == "0"


@pytest.mark.filterwarnings("error")
def test_what_is_let_go_warns_of_nothing() -> None:
    app = failing_app()

    async def work() -> str:
        return "done"

    @app.get("/unawaited")
    def unawaited() -> str:
        working: Any = work()
        return working + "!"  # type: ignore[no-any-return]

    client = Client(app)
    assert "await" in str(client.get("/unawaited").error)
    assert client.get("/ok").output == ()


def test_an_interrupted_request_is_let_go_with_the_next_one() -> None:
    app = failing_app()

    @app.get("/stops")
    def stops() -> str:
        held = Held()
        raise KeyboardInterrupt(id(held))

    client = Client(app)
    with pytest.raises(KeyboardInterrupt) as stopped:
        client.get("/stops")
    assert len(Held.every) == 1
    client.get("/ok")
    assert held() == []
    assert stopped.value.args


def test_a_database_can_be_written_after_a_handler_failed_in_the_midst_of_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "books.db"
    with sqlite3.connect(file) as setting_up:
        setting_up.execute("create table books (name text)")
        setting_up.executemany("insert into books values (?)", [("Dune",), ("Emma",), ("Ulysses",)])
    setting_up.close()
    app = nbmicro.App("books")

    @app.get("/books")
    def books() -> list[str]:
        database = sqlite3.connect(file)
        database.row_factory = sqlite3.Row
        rows = database.execute("select name from books")
        return [row["title"] for row in rows]

    @app.post("/books")
    def add() -> tuple[str, int]:
        database = sqlite3.connect(file, timeout=0)
        with database:
            database.execute("insert into books values ('Middlemarch')")
        database.close()
        return "", 201

    client = Client(app)
    assert client.get("/books").status == 500
    assert client.post("/books").status == 201
    held = client.get("/books")
    assert held.status == 500
    visitor = WerkzeugClient(Recorder(app, History()))
    assert visitor.post("/books", buffered=True).status_code == 201
