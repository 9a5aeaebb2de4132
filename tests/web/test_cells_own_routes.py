"""A cell's declarations live and die with it: run again, edited, shadowed, failed, deleted."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from werkzeug.test import Client

from nbmicro import App, Blueprint, g, render_template
from nbmicro.web.ledger import Ledger, start_run
from nbmicro.web.owners import Owner


class Notebook:
    """Cells that are run, with or without ids, and an app that is asked."""

    def __init__(self) -> None:
        self.app = App("shop", root_path="/")

    def run(self, cell: str | None, code: Callable[[App], object], *, fails: bool = False) -> None:
        key = ("cell", cell) if cell else None
        run = start_run(Owner(key, f"cell {cell}", "cell"))
        code(self.app)
        run.finish(success=not fails)

    def ask(self, path: str, method: str = "GET") -> str:
        answer = Client(self.app).open(path, method=method)
        return answer.text if answer.status_code == 200 else str(answer.status_code)


def says(rule: str, text: str, *methods: str) -> Callable[[App], object]:
    """A cell that declares a route with this answer."""

    def code(app: App) -> None:
        def view() -> str:
            return text

        app.add_url_rule(rule, "page", view, methods=methods or ("GET",))

    return code


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


def test_a_cell_that_runs_again_replaces_its_route(notebook: Notebook) -> None:
    notebook.run("a", says("/x", "one"))
    notebook.run("a", says("/x", "two"))
    assert notebook.ask("/x") == "two"


def test_an_edited_rule_takes_the_old_one_away(notebook: Notebook) -> None:
    notebook.run("a", says("/old", "one"))
    notebook.run("a", says("/new", "one"))
    assert (notebook.ask("/old"), notebook.ask("/new")) == ("404", "one")


def test_a_cell_that_fails_leaves_what_it_declared_before(notebook: Notebook) -> None:
    notebook.run("a", says("/x", "one"))
    notebook.run("a", says("/x", "broken"), fails=True)
    assert notebook.ask("/x") == "one"


def test_a_cell_that_declares_nothing_any_more_gives_its_routes_up(notebook: Notebook) -> None:
    notebook.run("a", says("/x", "one"))
    notebook.run("a", lambda app: None)
    assert notebook.ask("/x") == "404"


def test_a_deleted_cell_takes_its_routes_along(notebook: Notebook) -> None:
    notebook.run("a", says("/x", "one"))
    for ledger in list(Ledger.every):
        ledger.drop_owners({("cell", "a")})
    assert notebook.ask("/x") == "404"


def test_the_later_cell_covers_a_rule_and_the_earlier_returns_when_it_goes(notebook: Notebook) -> None:
    notebook.run("a", says("/x", "first"))
    notebook.run("b", says("/x", "second"))
    assert notebook.ask("/x") == "second"
    notebook.run("b", says("/elsewhere", "second"))
    assert notebook.ask("/x") == "first"


def test_a_shadowed_cell_that_runs_again_shadows_in_its_turn(notebook: Notebook) -> None:
    notebook.run("a", says("/x", "first"))
    notebook.run("b", says("/x", "second"))
    notebook.run("a", says("/x", "first again"))
    assert notebook.ask("/x") == "first again"


def test_covering_one_method_leaves_the_others(notebook: Notebook) -> None:
    notebook.run("a", says("/x", "both", "GET", "POST"))
    notebook.run("b", says("/x", "only post", "POST"))
    assert (notebook.ask("/x"), notebook.ask("/x", "POST")) == ("both", "only post")


def test_rules_that_differ_in_the_names_of_their_values_cover_each_other(notebook: Notebook) -> None:
    notebook.run("a", lambda app: app.add_url_rule("/u/<who>", "a", lambda who: f"a {who}"))
    notebook.run("b", lambda app: app.add_url_rule("/u/<name>", "b", lambda name: f"b {name}"))
    assert notebook.ask("/u/ada") == "b ada"


def test_the_running_cell_sees_its_pending_declarations_and_everyone_else_what_is_committed(notebook: Notebook) -> None:
    notebook.run("a", says("/x", "old"))
    seen: list[str] = []

    def code(app: App) -> None:
        says("/x", "new")(app)
        seen.append(notebook.ask("/x"))
        outside = Thread(target=lambda: seen.append(notebook.ask("/x")))
        outside.start()
        outside.join()

    notebook.run("a", code)
    assert seen == ["new", "old"]
    assert notebook.ask("/x") == "new"


def test_pending_declarations_do_not_show_what_the_cell_declared_before(notebook: Notebook) -> None:
    notebook.run("a", says("/old", "old"))
    seen: list[str] = []
    notebook.run("a", lambda app: seen.append(notebook.ask("/old")))
    assert seen == ["404"]


def test_two_functions_of_one_endpoint_in_one_cell_are_an_error(notebook: Notebook) -> None:
    def code(app: App) -> None:
        says("/x", "one")(app)
        with pytest.raises(AssertionError, match="page"):
            says("/y", "two")(app)

    notebook.run("a", code)


def test_two_cells_may_have_functions_of_one_name_and_each_keeps_its_own(notebook: Notebook) -> None:
    notebook.run("a", says("/x", "of a"))
    notebook.run("b", says("/y", "of b"))
    assert (notebook.ask("/x"), notebook.ask("/y")) == ("of a", "of b")
    assert [route.endpoint for route in notebook.app.routes()][1:] == ["page", "page_2"]


def test_hooks_do_not_pile_up_and_keep_their_order(notebook: Notebook) -> None:
    def hook(letter: str) -> Callable[[App], object]:
        def code(app: App) -> None:
            @app.before_request
            def note() -> None:
                g.setdefault("seen", []).append(letter)

        return code

    notebook.run("a", hook("a"))
    notebook.run("b", hook("b"))
    notebook.run("c", lambda app: app.add_url_rule("/x", "x", lambda: "".join(g.seen)))
    notebook.run("a", hook("A"))
    assert notebook.ask("/x") == "Ab"


def test_error_handlers_filters_and_templates_are_replaced_and_withdrawn(notebook: Notebook) -> None:
    def code(text: str) -> Callable[[App], object]:
        def declare(app: App) -> None:
            app.register_error_handler(404, lambda error: (f"nothing here, {text}", 200))
            app.add_template_filter(lambda value: f"{value} {text}", "mark")
            app.add_template("page.html", "{{ 'x'|mark }}")

        return declare

    notebook.run("view", lambda app: app.add_url_rule("/page", "page", lambda: render_template("page.html")))
    notebook.run("a", code("one"))
    assert (notebook.ask("/none"), notebook.ask("/page")) == ("nothing here, one", "x one")
    notebook.run("a", code("two"))
    assert (notebook.ask("/none"), notebook.ask("/page")) == ("nothing here, two", "x two")
    notebook.run("a", lambda app: None)
    assert (notebook.ask("/none"), notebook.ask("/page")) == ("404", "500")


def test_a_blueprint_may_be_added_to_after_its_registration_and_by_a_cell_that_runs_again(notebook: Notebook) -> None:
    shop = Blueprint("shop", "shop", url_prefix="/shop", root_path="/")
    notebook.run("register", lambda app: app.register_blueprint(shop))
    for text in ("one", "two"):
        notebook.run("late", lambda app, text=text: shop.add_url_rule("/late", "late", lambda: text))
        assert notebook.ask("/shop/late") == text
    notebook.run("register", lambda app: app.register_blueprint(shop))
    assert notebook.ask("/shop/late") == "two"
    notebook.run("register", lambda app: None)
    assert notebook.ask("/shop/late") == "404"


def test_what_a_blueprint_recorded_is_recorded_anew_when_its_cell_runs_again(notebook: Notebook) -> None:
    made: list[Blueprint] = []

    def blueprint(text: str) -> Callable[[App], object]:
        def code(app: App) -> None:
            made.append(Blueprint("bp", "x"))
            made[-1].record(lambda state: state.add_url_rule("/page", "page", lambda: text))

        return code

    def register(app: App) -> None:
        app.register_blueprint(made[-1])

    notebook.run("A", blueprint("one"))
    notebook.run("B", register)
    assert notebook.ask("/page") == "one"
    notebook.run("A", blueprint("two"))
    assert notebook.ask("/page") == "two"
    for _ in range(2):
        notebook.run("B", register)
        assert notebook.ask("/page") == "two"


def test_without_cell_ids_a_blueprint_that_is_made_again_keeps_what_other_cells_recorded() -> None:
    app = App("shop", root_path="/")
    made: list[Blueprint] = []

    def run(first_line: str, code: Callable[[], object]) -> None:
        cell = start_run(Owner(None, first_line, "cell"))
        code()
        cell.finish(success=True)

    def records() -> None:
        made[-1].record(lambda state: state.add_url_rule("/page", "page", lambda: "kept"))

    run("bp = Blueprint('bp')", lambda: made.append(Blueprint("bp", "x")))
    run("@bp.record", records)
    run("bp = Blueprint('bp')", lambda: made.append(Blueprint("bp", "x")))
    assert made[0] == made[1]
    run("app.register_blueprint(bp)", lambda: app.register_blueprint(made[-1]))
    assert Client(app).get("/page").text == "kept"


def test_an_app_that_its_cell_makes_again_keeps_what_other_cells_declared(notebook: Notebook) -> None:
    apps: list[App] = []
    for _ in range(2):
        notebook.run("app", lambda _: apps.append(App("made here", root_path="/")))
        if len(apps) == 1:
            notebook.run("x", lambda _: says("/x", "kept")(apps[0]))
    old, new = apps
    assert old is not new
    assert Client(new).get("/x").text == "kept"
    notebook.run("y", lambda _: says("/y", "later")(new))
    assert Client(old).get("/y").text == "later", "whoever holds the old app goes on with the new one"


def test_without_cell_ids_a_route_is_known_by_its_methods_and_rule(notebook: Notebook) -> None:
    notebook.run(None, says("/x", "one"))
    notebook.run(None, says("/y", "other"))
    notebook.run(None, says("/x", "two"))
    assert (notebook.ask("/x"), notebook.ask("/y")) == ("two", "other")


def test_what_is_declared_after_the_cell_ended_has_no_owner(notebook: Notebook) -> None:
    notebook.run("a", lambda app: None)
    says("/x", "late")(notebook.app)
    notebook.run("a", lambda app: None)
    assert notebook.ask("/x") == "late"


def test_what_a_thread_of_the_cell_declares_has_no_owner(notebook: Notebook) -> None:
    def code(app: App) -> None:
        thread = Thread(target=says("/x", "from a thread"), args=(app,))
        thread.start()
        thread.join()

    notebook.run("a", code)
    notebook.run("a", lambda app: None)
    assert notebook.ask("/x") == "from a thread"


def test_two_cells_that_run_at_once_keep_their_declarations_apart(notebook: Notebook) -> None:
    both_began, seen = Barrier(2, timeout=10), dict[str, tuple[str, str]]()

    def cell(name: str) -> None:
        def code(app: App) -> None:
            app.add_url_rule(f"/{name}", name, lambda: name)
            both_began.wait()
            seen[name] = notebook.ask("/a"), notebook.ask("/b")
            both_began.wait()

        notebook.run(name, code, fails=name == "b")

    threads = [Thread(target=cell, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert seen == {"a": ("a", "404"), "b": ("404", "b")}
    assert (notebook.ask("/a"), notebook.ask("/b")) == ("a", "404"), "one committed, the other failed"


def test_a_request_goes_on_with_the_table_that_it_began_with(notebook: Notebook) -> None:
    def first(app: App) -> None:
        def view() -> str:
            other = Thread(target=lambda: notebook.run("b", says_other("/other")))
            other.start()
            other.join()
            return app.url_for("other")

        app.add_url_rule("/x", "x", view)

    def says_other(rule: str) -> Callable[[App], object]:
        return lambda app: app.add_url_rule(rule, "other", lambda: "other")

    notebook.run("b", says_other("/old"))
    notebook.run("a", first)
    assert notebook.ask("/x") == "/old"
