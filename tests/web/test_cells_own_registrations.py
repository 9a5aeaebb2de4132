"""Blueprints that overriding classes and recorded functions register, in cells: each part goes with the cell that it is
for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import Client

from nbmicro import App, Blueprint
from nbmicro.web.blueprints import BlueprintSetupState
from nbmicro.web.ledger import Ledger, start_run
from nbmicro.web.owners import Owner


class Doubling(BlueprintSetupState):
    """Adds each rule twice."""

    def add_url_rule(self, rule: str, endpoint: Any = None, view_func: Any = None, **options: Any) -> None:
        super().add_url_rule(rule, endpoint, view_func, **options)
        super().add_url_rule(f"{rule}/again", endpoint, view_func, **options)


class Doubled(Blueprint):
    """A blueprint whose rules are added twice."""

    def make_setup_state(self, app: Any, options: Any, first_registration: bool = False) -> Any:
        return Doubling(self, app, options, first_registration)


class Notebook:
    """Cells that make, fill and register blueprints of one class."""

    def __init__(self, kind: type[Blueprint]) -> None:
        self.kind = kind
        self.app = App("shop", root_path="/", static_folder=None)
        self.part: Any = None
        self.inner: Any = None

    def run(self, cell: str, code: Callable[[], object], *, fails: bool = False) -> None:
        run = start_run(Owner(("cell", cell), f"cell {cell}", "cell"))
        code()
        run.finish(success=not fails)

    def delete(self, cell: str) -> None:
        for ledger in list(Ledger.every):
            ledger.drop_owners({("cell", cell)})

    def make(self, prefix: str = "/part") -> None:
        self.part = self.kind("part", "shop", root_path="/", url_prefix=prefix)

    def rules(self) -> set[str]:
        rules = {rule.rule for rule in self.app.url_map.iter_rules()}
        for rule in rules:
            assert Client(self.app).get(rule).status_code == 200
        return rules

    def expected(self, *rules: str) -> set[str]:
        return {*rules, *(f"{rule}/again" for rule in rules if self.kind is Doubled)}


@pytest.fixture(params=[Blueprint, Doubled])
def notebook(request: pytest.FixtureRequest) -> Notebook:
    made = Notebook(request.param)
    made.run("make", made.make)
    return made


def page() -> str:
    return "page"


def test_a_route_is_added_changed_and_deleted_before_and_after_the_registration(notebook: Notebook) -> None:
    notebook.run("early", lambda: notebook.part.add_url_rule("/early", "early", page))
    notebook.run("register", lambda: notebook.app.register_blueprint(notebook.part))
    notebook.run("late", lambda: notebook.part.add_url_rule("/late", "late", page))
    assert notebook.rules() == notebook.expected("/part/early", "/part/late")
    notebook.run("early", lambda: notebook.part.add_url_rule("/changed", "early", page))
    notebook.run("late", lambda: notebook.part.add_url_rule("/failing", "late", page), fails=True)
    assert notebook.rules() == notebook.expected("/part/changed", "/part/late")
    notebook.delete("early")
    assert notebook.rules() == notebook.expected("/part/late")
    notebook.delete("register")
    assert notebook.rules() == set()


def test_a_blueprint_that_is_made_anew_has_its_new_prefix(notebook: Notebook) -> None:
    notebook.run("route", lambda: notebook.part.add_url_rule("/x", "x", page))
    notebook.run("inner", lambda: notebook.part.register_blueprint(inner_of(notebook)))
    notebook.run("register", lambda: notebook.app.register_blueprint(notebook.part))
    assert notebook.rules() == notebook.expected("/part/x", "/part/inner/y")
    notebook.run("make", lambda: notebook.make("/moved"))
    assert notebook.rules() == notebook.expected("/moved/x", "/moved/inner/y")
    notebook.run("inner", lambda: notebook.part.register_blueprint(inner_of(notebook), url_prefix="/other"))
    assert notebook.rules() == notebook.expected("/moved/x", "/moved/other/y")
    notebook.delete("inner")
    assert notebook.rules() == notebook.expected("/moved/x")


def inner_of(notebook: Notebook) -> Blueprint:
    inner = notebook.kind("inner", "shop", root_path="/", url_prefix="/inner")
    inner.add_url_rule("/y", "y", page)
    return inner


def test_what_a_recorded_function_declares_goes_with_the_cell_that_recorded_it(notebook: Notebook) -> None:
    def record(rule: str) -> None:
        def recorded(state: Any) -> None:
            state.add_url_rule(rule, "recorded", page)
            state.app.before_request_funcs[None].append(hook)
            state.app.view_functions["named"] = page

        def hook() -> None:
            called.append(rule)

        notebook.part.record(recorded)

    called: list[str] = []
    notebook.run("record", lambda: record("/one"))
    notebook.run("register", lambda: notebook.app.register_blueprint(notebook.part))
    assert notebook.rules() == notebook.expected("/part/one")
    notebook.run("record", lambda: record("/two"))
    called.clear()
    assert notebook.rules() == notebook.expected("/part/two")
    assert set(called) == {"/two"}
    notebook.run("register", lambda: notebook.app.register_blueprint(notebook.part))
    assert notebook.rules() == notebook.expected("/part/two")
    notebook.run("record", lambda: None)
    assert notebook.rules() == set()
    assert not notebook.app.before_request_funcs[None]
    assert "named" not in notebook.app.view_functions


def test_an_extension_of_a_nested_blueprint_is_called_whenever_it_comes(notebook: Notebook) -> None:
    """As ``Api(blueprint)`` does it: the function is recorded, and adds its rules when the blueprint is registered."""
    inner = notebook.kind("inner", "shop", root_path="/", url_prefix="/inner")
    notebook.run("nest", lambda: notebook.part.register_blueprint(inner))
    notebook.run("register", lambda: notebook.app.register_blueprint(notebook.part))
    notebook.run("api", lambda: inner.record(lambda state: state.add_url_rule("/api", "api", page)))
    assert notebook.rules() == notebook.expected("/part/inner/api")
    notebook.run("register", lambda: notebook.app.register_blueprint(notebook.part, url_prefix="/moved"))
    assert notebook.rules() == notebook.expected("/moved/inner/api")
    notebook.delete("nest")
    assert notebook.rules() == set()


def test_a_registration_keeps_what_the_blueprint_had(notebook: Notebook) -> None:
    """One blueprint on two apps, with another prefix each."""
    other = App("other", root_path="/", static_folder=None)
    notebook.part.add_url_rule("/x", "x", page)
    notebook.app.register_blueprint(notebook.part)
    notebook.part.url_prefix = "/later"
    other.register_blueprint(notebook.part)
    assert notebook.rules() == notebook.expected("/part/x")
    assert {rule.rule for rule in other.url_map.iter_rules()} == notebook.expected("/later/x")
