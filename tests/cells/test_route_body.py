"""A `%%route` cell that is a body: what it answers, and what of it is the notebook's."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from nbmicro.cells.route_cell import parse_route_cell
from tests.cells.building import Build

# --- the reply ---


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        ('"Hello!"', "Hello!"),
        ('"Hello!";', "Hello!"),
        ('"Hello!"  # a comment\n\n# and more\n', "Hello!"),
        ("x = 2\nx * 21", 42),
        ("x = 2; x * 21;", 42),
        ("return 1", 1),
        ("if True:\n    return 1\nreturn 2", 1),
        ("if False:\n    return 1\n2", 2),
        ("for i in range(9):\n    if i == 3:\n        return i", 3),
        ("while True:\n    return 1", 1),
        ("with open(__file__):\n    return 1", 1),
        ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    return 'caught'", "caught"),
        ("try:\n    x = 1\nfinally:\n    y = 2\n(x, y)", (1, 2)),
        ("match 3:\n    case 1:\n        return 'one'\n    case n:\n        return n", 3),
        ("(n := 5)", 5),
        ("n = [m := 4 for _ in 'a']\nm", 4),
        ("def double(n):\n    return 2 * n\ndouble(4)", 8),
        ("class Point:\n    x = 1\nPoint.x", 1),
        ("n = 2\n[n * m for m in range(3)]", [0, 2, 4]),
        ("n: int = 2\nn", 2),
        ('text = """\n  a\n"""\ntext', "\n  a\n"),
        ("f'{1}' 'a'", "1a"),
        ("lambda: (yield)", None),
    ],
)
def test_the_last_expression_or_a_returned_value_is_the_reply(build: Build, body: str, reply: object) -> None:
    answer = build("/x", body, {"__file__": __file__})()
    assert answer == reply or (reply is None and callable(answer))


def test_a_raise_is_enough_to_be_a_handler(build: Build) -> None:
    with pytest.raises(LookupError, match="gone"):
        build("/x", "x = 1\nraise LookupError('gone')")()


# --- the docstring ---


def test_a_first_string_before_more_is_the_docstring(build: Build) -> None:
    handler = build("/x", '"""Says hello.\n\n    In full.\n"""\n"Hello!"')
    assert handler.__doc__ == "Says hello.\n\nIn full."
    assert handler() == "Hello!"


def test_a_string_alone_is_the_reply_and_no_docstring(build: Build) -> None:
    handler = build("/x", '"""Hello!"""')
    assert (handler(), handler.__doc__) == ("Hello!", None)


def test_a_formatted_string_is_no_docstring(build: Build) -> None:
    assert build("/x", 'f"{1}"\n2').__doc__ is None


# --- names ---


def test_the_handler_is_named_after_its_endpoint(build: Build) -> None:
    handler = build("POST /users/<int:id>", "id")
    assert (handler.__name__, handler.__qualname__) == ("users_id_post", "users_id_post")
    assert build("/x --name page", "1").__name__ == "page"


def test_a_body_binds_no_name_in_the_notebook(build: Build) -> None:
    names: dict[str, object] = {"kept": 1}
    build("/x", "y = 2\nimport os\ny", names)()
    assert names == {"kept": 1}


def test_the_notebooks_names_are_read_live(build: Build) -> None:
    names: dict[str, object] = {"greeting": "Hello"}
    handler = build("/x", "greeting", names)
    names["greeting"] = "Hi"
    assert handler() == "Hi"


def test_assignment_is_local_and_global_rebinds(build: Build) -> None:
    names: dict[str, object] = {"hits": 0, "last": 0}
    handler = build("/x", "global hits\nhits += 1\nlast = hits\nlast", names)
    assert [handler(), handler()] == [1, 2]
    assert names == {"hits": 2, "last": 0}


def test_two_requests_share_no_local(build: Build) -> None:
    handler = build("/<n>", "if n:\n    seen = n\nreturn locals()")
    assert handler(n=1) == {"n": 1, "seen": 1}
    assert handler(n=0) == {"n": 0}


def test_path_values_are_keyword_only_locals(build: Build) -> None:
    handler = build("/<int:id>/<name>", "id = id + 1\n(id, name)")
    kinds = {parameter.kind for parameter in inspect.signature(handler).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
    assert handler(id=1, name="Ada") == (2, "Ada")


def test_a_reserved_name_may_be_a_local_of_the_body(build: Build) -> None:
    assert build("/x", "session = 1\nsession")() == 1


def test_nested_functions_see_the_bodys_locals(build: Build) -> None:
    handler = build("/<n>", "def more():\n    nonlocal n\n    n += 1\n    return n\nmore()\nmore()")
    assert handler(n=1) == 3


# --- streaming and async ---


def test_a_yield_of_its_own_streams(build: Build) -> None:
    cell = parse_route_cell("/x", "for i in range(3):\n    yield str(i)")
    assert (cell.is_generator, cell.is_async) == (True, False)
    assert list(build("/x", "'''doc'''\nyield 'a'\nif True:\n    return\nyield 'b'")()) == ["a"]  # type: ignore[call-overload]
    assert list(build("/x", "yield from 'ab'")()) == ["a", "b"]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "body",
    [
        "def rows():\n    yield 1\nrows()",
        "lambda: (yield)",
        "(x for x in 'a')",
        "[x for x in 'a']",
        "async def rows():\n    yield 1\nrows()",
        "class A:\n    def rows(self):\n        yield 1\nA()",
    ],
)
def test_a_yield_of_another_function_does_not_stream(body: str) -> None:
    cell = parse_route_cell("/x", body)
    assert (cell.is_generator, cell.is_async) == (False, False)


@pytest.mark.parametrize(
    "body",
    [
        "await x",
        "y = await x\ny",
        "async for y in x:\n    pass\ny",
        "async with x as y:\n    return y",
        "[y async for y in x]",
        "{await y for y in x}",
        "{y: z async for y, z in x}",
        "[[z async for z in y] for y in x]",
        "(y for y in await x)",
        "f'{await x}'",
        "def f(a=await x):\n    return a\nf()",
        "lambda a=await x: a",
    ],
)
def test_an_await_of_its_own_makes_it_async(build: Build, body: str) -> None:
    assert parse_route_cell("/x", body).is_async
    assert inspect.iscoroutinefunction(build("/x", body))


@pytest.mark.parametrize(
    "body",
    [
        "async def f():\n    await x\nf",
        "(y async for y in x)",
        "(await y for y in x)",
        "async def f():\n    return [y async for y in x]\nf",
    ],
)
def test_an_await_of_another_scope_does_not(body: str) -> None:
    assert not parse_route_cell("/x", body).is_async


def test_an_async_body_replies_with_its_last_expression(build: Build) -> None:
    handler = build("/<n>", "import asyncio\nawait asyncio.sleep(0, n)")
    answer = handler(n=3)
    assert isinstance(answer, Coroutine)
    assert asyncio.run(answer) == 3


def test_an_async_body_may_stream(build: Build) -> None:
    cell = parse_route_cell("/x", "import asyncio\nawait asyncio.sleep(0)\nyield 1\nyield 2")
    assert (cell.is_async, cell.is_generator) == (True, True)

    async def all_of(stream: AsyncIterator[Any]) -> list[Any]:
        return [part async for part in stream]

    stream = build("/x", cell.source.partition("\n")[2])()
    assert isinstance(stream, AsyncIterator)
    assert asyncio.run(all_of(stream)) == [1, 2]


# --- the record ---


def test_the_record_of_a_cell_says_what_it_is() -> None:
    cell = parse_route_cell(" POST /users ", "'''Adds a user.'''\n'ok'")
    assert (cell.form, cell.endpoint, cell.doc) == ("body", "users_post", "Adds a user.")
    assert cell.source == "%%route POST /users\n'''Adds a user.'''\n'ok'"
    assert (cell.where, cell.filename, cell.first_line) == (
        "%%route POST /users",
        "<POST /users>",
        "%%route POST /users",
    )


def test_a_cell_can_be_built_many_times(build: Build) -> None:
    cell = parse_route_cell("/x", "1\n2")
    assert [build("/x", "1\n2")() for _ in range(3)] == [2, 2, 2]
    assert parse_route_cell("/x", "1\n2") == cell
    assert hash(cell) == hash(parse_route_cell("/x", "1\n2"))


def test_no_future_import_of_nbmicro_reaches_a_cell(build: Build) -> None:
    handler = build("/x", "def f(a: int): ...\nf.__annotations__")
    assert handler() == {"a": int}
