"""A module's declarations belong to its import: they outlive the cell that imported it, and a reload replaces them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from werkzeug.test import Client

from nbmicro import App
from nbmicro.web.ledger import start_run
from nbmicro.web.owners import Owner

Write = Callable[[str], None]

VIEWS = """
from nbmicro import current_app
{imports}
def show():
    return "{text}"

current_app.add_url_rule("{rule}", "show", show)
{after}
"""


@pytest.fixture
def app() -> App:
    return App("shop", root_path="/")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes the module ``own_views``."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text: str, rule: str = "/views", after: str = "") -> None:
        (tmp_path / "own_views.py").write_text(VIEWS.format(text=text, rule=rule, after=after, imports=""))
        importlib.invalidate_caches()

    yield write
    sys.modules.pop("own_views", None)


def in_cell(app: App, code: Callable[[], object], *, cell: str = "a") -> None:
    run = start_run(Owner(("cell", cell), cell))
    try:
        with app.app_context():
            code()
    except BaseException:
        run.finish(success=False)
        raise
    run.finish(success=True)


def load() -> ModuleType:
    return importlib.import_module("own_views")


def ask(app: App, path: str) -> str:
    answer = Client(app).get(path)
    return answer.text if answer.status_code == 200 else str(answer.status_code)


def test_a_cell_that_imports_the_module_again_changes_nothing(app: App, write: Write) -> None:
    write("one")
    in_cell(app, load)
    in_cell(app, load)
    assert ask(app, "/views") == "one"


def test_a_cell_that_imports_it_no_more_leaves_its_routes(app: App, write: Write) -> None:
    write("one")
    in_cell(app, load)
    in_cell(app, lambda: None)
    assert ask(app, "/views") == "one"


def test_a_reload_replaces_what_the_module_declared(app: App, write: Write) -> None:
    write("one", rule="/old")
    in_cell(app, load)
    write("second text", rule="/new")
    in_cell(app, lambda: importlib.reload(sys.modules["own_views"]))
    assert (ask(app, "/old"), ask(app, "/new")) == ("404", "second text")


def test_a_cell_that_fails_after_the_import_leaves_the_module_its_routes(app: App, write: Write) -> None:
    write("one")

    def code() -> None:
        load()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_cell(app, code)
    assert ask(app, "/views") == "one", "a second import of the module would declare nothing"


def test_a_module_whose_import_fails_declares_nothing(app: App, write: Write) -> None:
    write("one", after="1 / 0")
    with pytest.raises(ZeroDivisionError):
        in_cell(app, load)
    assert ask(app, "/views") == "404"


def test_two_functions_of_one_endpoint_in_a_program_are_an_error(app: App, write: Write) -> None:
    write("one")
    with app.app_context():
        load()
    with pytest.raises(AssertionError, match="show"):
        app.add_url_rule("/other", "show", lambda: "other")
