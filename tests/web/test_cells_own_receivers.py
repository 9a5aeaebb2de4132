"""A receiver of a signal that a cell connects lives and dies with the cell."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import Client

from nbmicro import App, request_started
from nbmicro.web.ledger import Ledger, start_run
from nbmicro.web.owners import Owner
from nbmicro.web.signals import Namespace


@pytest.fixture
def app() -> Iterator[App]:
    app = App("shop", root_path="/")
    app.add_url_rule("/", "home", lambda: "home")
    yield app
    for ledger in list(Ledger.every):
        ledger.drop_owners({("cell", one) for one in ("a", "b", "app", "receiver")})


def run(code: Callable[[], object], *, fails: bool = False, cell: str = "a") -> None:
    started = start_run(Owner(("cell", cell), cell))
    code()
    started.finish(success=not fails)


def connects(app: App, heard: list[str], text: str) -> Callable[[], object]:
    def code() -> None:
        @request_started.connect_via(app)
        def note(sender: App) -> None:
            heard.append(text)

    return code


def test_a_cell_that_runs_again_is_called_once(app: App) -> None:
    heard: list[str] = []
    for text in ("one", "two", "three"):
        run(connects(app, heard, text))
    Client(app).get("/")
    assert heard == ["three"]


def test_a_cell_that_fails_leaves_its_receiver_of_before(app: App) -> None:
    heard: list[str] = []
    run(connects(app, heard, "old"))
    run(connects(app, heard, "new"), fails=True)
    Client(app).get("/")
    assert heard == ["old"]


def test_the_running_cell_hears_with_its_pending_declarations(app: App) -> None:
    heard: list[str] = []
    run(connects(app, heard, "old"))

    def code() -> None:
        connects(app, heard, "new")()
        Client(app).get("/")

    run(code)
    assert heard == ["new"]


def test_a_deleted_cell_hears_no_more(app: App) -> None:
    heard: list[str] = []
    run(connects(app, heard, "one"))
    for ledger in list(Ledger.every):
        ledger.drop_owners({("cell", "a")})
    Client(app).get("/")
    assert heard == []


def test_a_receiver_can_be_disconnected_by_hand(app: App) -> None:
    heard: list[str] = []

    def note(sender: App) -> None:
        heard.append("heard")

    run(lambda: request_started.connect(note, app))
    request_started.disconnect(note, app)
    Client(app).get("/")
    assert heard == []


def test_another_apps_requests_are_not_heard(app: App) -> None:
    heard: list[str] = []
    run(connects(App("other", root_path="/"), heard, "other"))
    Client(app).get("/")
    assert heard == []


def test_a_receiver_follows_an_app_that_its_cell_makes_again(app: App) -> None:
    heard: list[str] = []
    apps: list[App] = []
    run(lambda: apps.append(App("made here", root_path="/")), cell="app")
    run(connects(apps[0], heard, "heard"), cell="receiver")
    run(lambda: apps.append(App("made here", root_path="/")), cell="app")
    Client(apps[1]).get("/none")
    assert heard == ["heard"]


def test_signals_of_an_extension_are_owned_too(app: App) -> None:
    signal = Namespace().signal("sold")
    heard: list[str] = []
    for text in ("one", "two"):
        run(lambda text=text: signal.connect(lambda sender: heard.append(text)))
    signal.send("shop")
    assert heard == ["two"]


@pytest.mark.parametrize("ends", ["deleted", "disconnected", "failed"])
def test_once_nobody_hears_requests_take_the_short_way_again(app: App, ends: str) -> None:
    def note(sender: App) -> None:
        raise AssertionError("nobody is to hear this")

    run(lambda: request_started.connect(note, app), fails=ends == "failed")
    if ends == "deleted":
        for ledger in list(Ledger.every):
            ledger.drop_owners({("cell", "a")})
    elif ends == "disconnected":
        request_started.disconnect(note, app)
    Client(app).get("/")
    assert not request_started.receivers


def test_a_receiver_that_nobody_has_committed_is_not_forgotten_by_a_request_of_others(app: App) -> None:
    heard: list[str] = []
    pending = start_run(Owner(("cell", "b"), "b"))
    connects(app, heard, "heard")()
    contextvars.Context().run(Client(app).get, "/")
    assert heard == []
    pending.finish(success=True)
    Client(app).get("/")
    assert heard == ["heard"]
