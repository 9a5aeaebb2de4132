"""A `%%route` cell that is one function: Flask's own code."""

from __future__ import annotations

import functools

import pytest

from nbmicro.cells.route_cell import parse_route_cell
from tests.cells.building import Build, Rejection


def test_the_function_is_a_name_of_the_notebook_and_gives_the_endpoint(build: Build) -> None:
    names: dict[str, object] = {}
    handler = build("/hello/<name>", "# greets\ndef hello(name):\n    '''Greets.'''\n    return f'Hello {name}'", names)
    assert handler is names["hello"]
    assert handler(name="Ada") == "Hello Ada"
    cell = parse_route_cell("/hello/<name>", "def hello(name):\n    '''Greets.'''\n    return name")
    assert (cell.form, cell.endpoint, cell.doc) == ("function", "hello", "Greets.")


def test_imports_beside_the_function_are_names_of_the_notebook(build: Build) -> None:
    names: dict[str, object] = {}
    handler = build(
        "/x", "import json\nfrom os import path as p\n\ndef x():\n    return json.dumps(1)\n\nimport re", names
    )
    assert handler() == "1"
    assert {"json", "p", "re", "x"} <= set(names)


def test_a_future_import_holds_for_the_function(build: Build) -> None:
    handler = build("/x", "from __future__ import annotations\ndef x(a: int = 1):\n    return 1")
    assert handler.__annotations__ == {"a": "int"}


def test_name_gives_the_endpoint_and_leaves_the_functions_name(build: Build) -> None:
    assert parse_route_cell("/x --name page", "def x():\n    return 1").endpoint == "page"
    assert build("/x --name page", "def x():\n    return 1").__name__ == "x"


def test_the_colours_are_the_functions_own() -> None:
    assert parse_route_cell("/x", "async def x():\n    return 1").is_async
    assert parse_route_cell("/x", "def x():\n    yield 1").is_generator
    assert not parse_route_cell("/x", "def x():\n    return (y for y in 'a')").is_generator


@pytest.mark.parametrize(
    "definition",
    [
        "def f(a, b)",
        "def f(b, a, c=1)",
        "def f(*, a, b)",
        "def f(**values)",
        "def f(a, *rest, **more)",
    ],
)
def test_a_function_that_takes_the_rules_values_is_right(definition: str) -> None:
    parse_route_cell("/<a>/<b>", f"{definition}:\n    return 1")


@pytest.mark.parametrize(
    ("line", "definition", "message", "hint"),
    [
        ("/<name>", "def hi():", "`hi` takes no `name`, which /<name> gives", "Write:  def hi(name):"),
        ("/<a>/<b>", "def hi(x=1):", "`hi` takes no `a` and `b`", "Write:  def hi(a, b, x=1):"),
        ("/<a>", "async def hi(a, /, **more):", "`hi` takes no `a`", "Write:  async def hi(a, **more):"),
        ("/<name>", "def hi(nmae):", "For `nmae`, did you mean `name`?", "Write:  def hi(name):"),
        ("/<name>", "def hi(nmae, x=1):", "For `nmae`, did", "Write:  def hi(name, x=1):"),
        ("/<a>/<name>", "def hi(*, a, Name):", "For `Name`, did you mean `name`?", "Write:  def hi(*, a, name):"),
        ("/<name>", "def hi(db):", "`hi` takes no `name`", "Write:  def hi(name, db):"),
        ("/<a>", "def hi(*rest):", "`hi` takes no `a`", "Write:  def hi(a, *rest):"),
        ("POST /x/", "def hi(a, *, b):", "`hi` needs `a` and `b`, and /x/ gives no values", "%%route POST /x/<a>/<b>"),
        ("/<a>", "def hi(a, b, c=1):", "`hi` needs `b`, and /<a> gives `a`", "Or give it a default:  b=…"),
    ],
)
def test_parameters_that_do_not_fit_the_rule_are_rejected_with_the_corrected_line(
    rejection: Rejection, line: str, definition: str, message: str, hint: str
) -> None:
    error = rejection(line, f"import os\n\n{definition}\n    return 1")
    assert error.line == 4
    assert message in error.message
    assert f"    4 │ {definition}" in error.message
    assert hint in str(error.hint)


# --- decorators ---


def inject(function: object) -> object:
    return lambda **values: function(db=1, **values)  # type: ignore[operator]


def test_a_decorator_may_give_what_the_rule_does_not(build: Build) -> None:
    assert build("/<a>", "@inject\ndef f(a, db):\n    return a + db", {"inject": inject})(a=1) == 2


def test_a_decorator_that_wraps_is_looked_at_and_not_through(build: Build) -> None:
    def only_once(function: object) -> object:
        @functools.wraps(function)  # type: ignore[arg-type]
        def once(*args: object, **values: object) -> object:
            return function(user="Ada", **values)  # type: ignore[operator]

        return once

    assert build("/x", "@deco\ndef f(user):\n    return user", {"deco": only_once})() == "Ada"


def test_what_decorators_made_must_take_the_rules_values(rejection: Rejection) -> None:
    error = rejection("/<a>", "import functools\n@deco\ndef f(a):\n    return a", {"deco": lambda function: lambda: 1})
    assert error.line == 4
    assert "after its decorators `f()` cannot be called with what /<a> gives (`a`)" in error.message
    assert "*args, **kwargs" in str(error.hint)
    assert (
        "cannot be called" in rejection("/<a>", "import functools\n@functools.cache\ndef f(b):\n    return b").message
    )


def test_a_decorator_that_returns_nothing_is_told_to(rejection: Rejection) -> None:
    error = rejection("/x", "@deco\ndef f():\n    return 1", {"deco": lambda function: None})
    assert "after its decorators `f` is 'NoneType', which cannot be called" in error.message
    assert error.hint == "A decorator ends with `return function`."


def test_what_a_decorator_raises_passes_through(build: Build) -> None:
    with pytest.raises(NameError, match="missing"):
        build("/x", "@missing\ndef f():\n    return 1")


def test_a_path_value_of_a_function_may_have_any_name_it_likes(build: Build) -> None:
    assert build("/<session>", "def show(session):\n    return session")(session=1) == 1
