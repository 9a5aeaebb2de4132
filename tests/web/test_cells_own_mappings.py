"""What a cell changes in one of Flask's public mappings lives and dies with it, as what its decorators declare."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.test import Client

from nbmicro import App, Blueprint
from nbmicro.web.ledger import Ledger, start_run
from nbmicro.web.owners import Owner

KINDS = [
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "url_value_preprocessors",
    "url_default_functions",
    "template_context_processors",
]
Cell = Callable[[], object]


class Notebook:
    """An app with a blueprint, and cells that are run and deleted."""

    def __init__(self) -> None:
        self.app = App("shop", root_path="/", static_folder=None)
        self.part = Blueprint("part", "shop", root_path="/", url_prefix="/part")
        self.calls: list[str] = []
        self.run("base", self.base)

    def base(self) -> None:
        self.app.add_url_rule("/", "index", lambda: "index")
        self.part.add_url_rule("/", "index", lambda: "part")
        self.app.register_blueprint(self.part)

    def run(self, cell: str, code: Cell, *, fails: bool = False) -> None:
        run = start_run(Owner(("cell", cell), f"cell {cell}", "cell"))
        code()
        run.finish(success=not fails)

    def delete(self, *cells: str) -> None:
        for ledger in list(Ledger.every):
            ledger.drop_owners({("cell", cell) for cell in cells})

    def hook(self, name: str) -> Callable[..., Any]:
        def hook(*args: Any) -> Any:
            self.calls.append(name)
            return args[0] if args else None

        hook.__name__ = hook.__qualname__ = name
        return hook

    def before(self, scope: str | None = None) -> list[str]:
        return [one.__name__ for one in self.app.before_request_funcs[scope]]

    def called(self, path: str = "/") -> list[str]:
        self.calls.clear()
        assert Client(self.app).get(path).status_code == 200
        return list(self.calls)

    def picture(self) -> Any:
        """All that the mappings of app and blueprint show."""
        return [
            {name: {scope: list(own) for scope, own in getattr(part, name).items() if own} for name in KINDS}
            | {"views": dict(part.view_functions), "handlers": handlers_of(part)}
            for part in (self.app, self.part)
        ] + [list(self.app.teardown_appcontext_funcs), list(self.app.shell_context_processors)]


def handlers_of(part: Any) -> dict[Any, Any]:
    return {
        (scope, code, kind): function
        for scope, codes in part.error_handler_spec.items()
        for code, handlers in codes.items()
        for kind, function in handlers.items()
    }


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


def test_a_hook_goes_with_the_cell_that_inserted_it(notebook: Notebook) -> None:
    funcs = notebook.app.before_request_funcs
    notebook.run("a", lambda: notebook.app.before_request(notebook.hook("a")))
    notebook.run("b", lambda: funcs[None].insert(0, notebook.hook("b")))
    notebook.run("c", lambda: funcs.setdefault("part", []).append(notebook.hook("c")))
    assert (notebook.called(), notebook.called("/part/")) == (["b", "a"], ["b", "a", "c"])
    notebook.run("b", lambda: funcs[None].insert(0, notebook.hook("b changed")))
    assert notebook.called() == ["b changed", "a"]
    notebook.delete("b", "c")
    assert (notebook.called(), notebook.called("/part/")) == (["a"], ["a"])


def test_a_hook_that_another_cell_removed_comes_back_when_that_cell_removes_it_no_more(notebook: Notebook) -> None:
    hook = notebook.hook("a")
    notebook.run("a", lambda: notebook.app.before_request(hook))
    notebook.run("b", lambda: notebook.app.before_request_funcs[None].remove(hook))
    assert notebook.called() == []
    notebook.run("b", lambda: notebook.app.before_request_funcs[None].remove(hook))
    assert notebook.called() == []
    notebook.delete("b")
    assert notebook.called() == ["a"]


def test_a_removed_hook_that_its_cell_declares_anew_is_there_again(notebook: Notebook) -> None:
    notebook.run("a", lambda: notebook.app.before_request(notebook.hook("a")))
    notebook.run("b", lambda: notebook.app.before_request_funcs[None].clear())
    notebook.run("a", lambda: notebook.app.before_request(notebook.hook("a")))
    assert notebook.called() == ["a"]


def test_what_stands_in_a_hooks_place_goes_with_it(notebook: Notebook) -> None:
    """A wrapper calls the function that it was made of: when that is declared anew, the wrapper is of no more use."""
    notebook.run("a", lambda: notebook.app.before_request(notebook.hook("old")))
    notebook.run("z", lambda: notebook.app.before_request(notebook.hook("z")))

    def wrap() -> None:
        notebook.app.before_request_funcs[None][0] = notebook.hook("wrapped")

    notebook.run("b", wrap)
    assert notebook.called() == ["wrapped", "z"]
    notebook.run("a", lambda: notebook.app.before_request(notebook.hook("new")))
    assert notebook.called() == ["new", "z"]
    notebook.run("b", wrap)
    assert notebook.called() == ["wrapped", "z"]
    notebook.delete("b")
    assert notebook.called() == ["new", "z"]


def test_an_inserted_hook_keeps_its_place_when_the_others_are_declared_anew(notebook: Notebook) -> None:
    for name in "abc":
        notebook.run(name, lambda name=name: notebook.app.before_request(notebook.hook(name)))
    notebook.run("x", lambda: notebook.app.before_request_funcs[None].insert(1, notebook.hook("x")))
    notebook.run("first", lambda: notebook.app.before_request_funcs[None].insert(0, notebook.hook("first")))
    for name in "abc":
        notebook.run(name, lambda name=name: notebook.app.before_request(notebook.hook(name)))
    assert notebook.called() == ["first", "a", "x", "b", "c"]


def test_a_cell_that_fails_changes_no_mapping(notebook: Notebook) -> None:
    notebook.run("a", lambda: notebook.app.before_request(notebook.hook("a")))

    def change() -> None:
        notebook.app.before_request_funcs = defaultdict(list)
        notebook.app.view_functions.clear()

    notebook.run("b", change, fails=True)
    assert notebook.called() == ["a"]


def test_the_running_cell_sees_its_change_before_everyone_else(notebook: Notebook) -> None:
    run = start_run(Owner(("cell", "a"), "cell a", "cell"))
    notebook.app.before_request_funcs[None].append(notebook.hook("a"))
    assert notebook.before() == ["a"]
    assert not notebook.app.tables.committed().scoped["before_request"]
    run.finish(success=True)
    assert notebook.called() == ["a"]


def test_a_wrapped_view_is_unwrapped_when_the_wrapping_cell_goes(notebook: Notebook) -> None:
    def wrap() -> None:
        own = notebook.app.view_functions["index"]
        notebook.app.view_functions["index"] = lambda: f"wrapped {own()}"

    notebook.run("wrap", wrap)
    notebook.run("wrap", wrap)
    assert Client(notebook.app).get("/").text == "wrapped index"
    notebook.run("base", notebook.base)
    assert Client(notebook.app).get("/").text == "index"
    notebook.run("wrap", wrap)
    notebook.delete("wrap")
    assert Client(notebook.app).get("/").text == "index"


def test_a_view_that_was_taken_away_comes_back(notebook: Notebook) -> None:
    notebook.run("a", lambda: notebook.app.view_functions.pop("index"))
    assert Client(notebook.app).get("/").status_code == 500
    notebook.run("a", lambda: None)
    assert Client(notebook.app).get("/").text == "index"


def test_error_handlers_names_and_commands_go_with_their_cell(notebook: Notebook) -> None:
    app = notebook.app

    def change() -> None:
        app.error_handler_spec[None][404][NotFound] = lambda error: "caught"
        del app.jinja_env.filters["upper"]
        app.jinja_env.globals.update(word="here")
        app.extensions["mine"] = 1
        app.blueprints.pop("part")
        app.cli.command("hello")(lambda: None)

    def there() -> tuple[Any, ...]:
        word, sizes = app.jinja_env.globals.get("word"), (len(app.extensions), len(app.cli.commands))
        return Client(app).get("/none").text == "caught", "upper" in app.jinja_env.filters, word, sizes

    for _ in range(2):
        notebook.run("a", change)
        assert (*there(), "part" in app.blueprints) == (True, False, "here", (1, 1), False)
    notebook.delete("a")
    assert (*there(), "part" in app.blueprints) == (False, True, None, (0, 0), True)


@pytest.mark.parametrize("seed", range(40))
def test_any_course_of_cells_leaves_nothing_behind(seed: int) -> None:
    """A cell run twice is as if it was run once; a failing one changes nothing; deleted cells leave no trace."""
    notebook, dice = Notebook(), random.Random(seed)
    at_first = notebook.picture()

    def change(part: Any, dice: random.Random) -> object:
        scope, kind = dice.choice([None, "part"]), dice.choice(KINDS)
        functions, new = getattr(part, kind)[scope], notebook.hook(dice.choice("abc"))
        endpoint = dice.choice(["index", "part.index", "new"])
        return dice.choice(
            [
                lambda: functions.append(new),
                lambda: functions.insert(0, new),
                lambda: functions.insert(1, new),
                lambda: functions.pop() if functions else None,
                lambda: functions.clear(),
                lambda: functions.reverse(),
                lambda: setattr(part, kind, {None: [new]}),
                lambda: getattr(part, kind).pop(scope, None),
                lambda: part.view_functions.update({endpoint: new}),
                lambda: part.view_functions.pop(endpoint, None),
                lambda: part.error_handler_spec[scope][404].update({NotFound: new}),
                lambda: part.error_handler_spec.pop(scope, None),
                lambda: notebook.app.teardown_appcontext_funcs.insert(0, new),
                lambda: notebook.app.shell_context_processors.append(new),
            ]
        )()

    for _ in range(12):
        cell, cell_seed = dice.choice("uvwxyz"), dice.random()

        def code(cell_seed: float = cell_seed) -> None:
            own = random.Random(cell_seed)
            for _ in range(own.randrange(5)):
                change(own.choice([notebook.app, notebook.part]), own)

        before = notebook.picture()
        notebook.run(cell, code, fails=True)
        assert notebook.picture() == before
        notebook.run(cell, code)
        names = shape(notebook.picture())
        notebook.run(cell, code)
        assert shape(notebook.picture()) == names
        Client(notebook.app).get("/part/")
    notebook.delete(*"uvwxyz")
    assert notebook.picture() == at_first


def shape(picture: Any) -> Any:
    """The picture with functions by their names: each run makes them anew."""
    if isinstance(picture, dict):
        return {key: shape(inner) for key, inner in picture.items()}
    return [shape(one) for one in picture] if isinstance(picture, list) else getattr(picture, "__name__", picture)
