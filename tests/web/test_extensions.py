"""What an extension keeps on an app belongs to the cell or module that put it there."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest
from werkzeug.test import Client

from nbmicro import App, Blueprint, current_app
from nbmicro.web.ledger import Ledger, start_run
from nbmicro.web.owners import Owner


class Store:
    """An extension as many are: it refuses to be set up twice on one app."""

    def __init__(self, app: App) -> None:
        if "store" in app.extensions:
            raise RuntimeError("already registered on this app")
        app.extensions["store"] = self
        app.after_request(self.mark)

    def mark(self, response: object) -> object:
        response.headers.add("X-Store", f"{id(self)}")  # type: ignore[attr-defined]
        return response


@pytest.fixture
def app() -> App:
    made = App("shop", root_path="/")
    made.add_url_rule("/", "index", lambda: "here")
    return made


def cell(name: str | None, code: Callable[[], object], *, fails: bool = False) -> None:
    run = start_run(Owner(("cell", name) if name else None, f"cell {name}", "cell"))
    code()
    run.finish(success=not fails)


def type_in(source: str, names: dict[str, object]) -> None:
    """A cell of a front end without cell ids."""
    run = start_run(Owner(None, source.partition("\n")[0], "cell"), names)
    success = False
    try:
        exec(compile(source, f"<input {len(names)}>", "exec"), names)
        success = True
    finally:
        run.finish(success=success)


def test_a_program_has_a_dict(app: App) -> None:
    app.extensions["a"] = 1
    app.extensions.setdefault("b", 2)
    app.extensions.update(c=3)
    assert app.extensions.pop("a") == 1
    assert dict(app.extensions) == {"b": 2, "c": 3}
    assert app.extensions == {"b": 2, "c": 3}
    del app.extensions["b"]
    assert (list(app.extensions), len(app.extensions), repr(app.extensions)) == (["c"], 1, "{'c': 3}")
    with pytest.raises(KeyError):
        del app.extensions["b"]
    app.extensions["b"] = 4
    assert app.extensions["b"] == 4


def test_a_program_may_not_set_an_extension_up_twice(app: App) -> None:
    Store(app)
    with pytest.raises(RuntimeError, match="already registered"):
        Store(app)


def test_entries_that_are_set_again_and_again_take_no_more_room(app: App) -> None:
    for number in range(1000):
        app.extensions["last"] = number
    assert app.extensions["last"] == 999
    kept = [one for one in app.ledger.entries() if one.declaration.kind == "extension"]
    assert len(kept) == 1


def test_a_handler_finds_what_it_has_just_put_there(app: App) -> None:
    def lazily() -> str:
        current_app.extensions["cache"] = "warm"
        return str(current_app.extensions["cache"])

    app.add_url_rule("/lazy", "lazy", lazily)
    assert Client(app).get("/lazy").text == "warm"
    assert app.extensions["cache"] == "warm"


def test_the_cell_that_sets_an_extension_up_may_run_again(app: App) -> None:
    cell("a", lambda: Store(app))
    first = app.extensions["store"]
    cell("a", lambda: Store(app))
    assert app.extensions["store"] is not first
    marks = Client(app).get("/").headers.getlist("X-Store")
    assert marks == [f"{id(app.extensions['store'])}"], "its hooks do not pile up"


def test_another_cell_may_not_set_it_up_a_second_time(app: App) -> None:
    cell("a", lambda: Store(app))

    def again() -> None:
        with pytest.raises(RuntimeError, match="already registered"):
            Store(app)

    cell("b", again)


def test_others_keep_the_old_entry_until_the_cell_has_ended(app: App) -> None:
    def set_to(text: str) -> Callable[[], None]:
        def code() -> None:
            app.extensions["x"] = text
            assert app.extensions["x"] == text

        return code

    cell("a", set_to("old"))
    cell("a", set_to("new"), fails=True)
    assert app.extensions["x"] == "old", "a cell that fails changes nothing"
    cell("a", set_to("new"))
    assert app.extensions["x"] == "new"


def test_a_cell_that_sets_it_no_more_or_is_deleted_takes_it_along(app: App) -> None:
    cell("a", lambda: Store(app))
    cell("a", lambda: None)
    assert "store" not in app.extensions
    cell("a", lambda: Store(app))
    for ledger in list(Ledger.every):
        ledger.drop_owners({("cell", "a")})
    assert "store" not in app.extensions


def test_a_deletion_lives_with_its_cell_too(app: App) -> None:
    cell("a", lambda: Store(app))
    cell("b", lambda: app.extensions.pop("store"))
    assert "store" not in app.extensions
    cell("b", lambda: None)
    assert "store" in app.extensions


def test_without_cell_ids_the_same_statement_may_run_again(app: App) -> None:
    names: dict[str, object] = {"Store": Store, "app": app}
    type_in("# the shop\nstore = Store(app)", names)
    first = names["store"]
    type_in("kept = app.extensions['store']", names)
    assert names["kept"] is first, "another statement sees it"
    type_in("# the shop\nstore = Store(app)", names)
    assert app.extensions["store"] is names["store"] is not first
    with pytest.raises(RuntimeError, match="already registered"):
        type_in("other = Store(app)", names)
    assert app.extensions["store"] is names["store"]


def test_a_module_that_is_loaded_again_sets_its_extension_up_again(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"from {__name__} import HELD, Store\nstore = Store(HELD[0])\n"
    (tmp_path / "shop_of_extensions.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or importlib.import_module(__name__))
    HELD[:] = [app]
    module = importlib.import_module("shop_of_extensions")
    first = app.extensions["store"]
    importlib.reload(module)
    assert app.extensions["store"] is module.store is not first
    monkeypatch.delitem(sys.modules, "shop_of_extensions")


HELD: list[App] = []


def test_an_app_or_blueprint_made_again_is_the_one_an_extension_knows() -> None:
    """Extensions keep apps in weak dictionaries and blueprints in sets."""
    engines: WeakKeyDictionary[App, str] = WeakKeyDictionary()
    exempt: set[Blueprint] = set()
    made: dict[str, object] = {}

    def make() -> None:
        made["app"] = App("made here", root_path="/")
        made["bp"] = Blueprint("pages", "made here", root_path="/")

    cell("app", make)
    engines[made["app"]], other = "engine", App("made here", root_path="/")  # type: ignore[index]
    exempt.add(made["bp"])  # type: ignore[arg-type]
    cell("app", make)
    assert engines[made["app"]] == "engine"  # type: ignore[index]
    assert made["bp"] in exempt
    assert other not in engines
