"""A `%%route` cell that is no handler is rejected, with its line and the hint."""

from __future__ import annotations

import pytest

from tests.cells.building import Rejection

# --- it never replies ---

NEVER = [
    (
        "greeting = f'Hello'",
        2,
        "an assignment, and only a value is a return value",
        "`greeting`, or write `return greeting`",
    ),
    ("x = 1\nx += 1", 3, "an assignment", "Add the line `x`"),
    ("x: int = 1", 2, "an assignment", "Add the line `x`"),
    ("x: int", 2, "a type hint", "Add a last line with the return value."),
    ("a, b = 1, 2", 2, "an assignment", "Add a last line with the return value."),
    ("session['n'] = 1", 2, "an assignment", "Add a last line with the return value."),
    ("x = (1,\n  2)", 2, "an assignment", "Add the line `x`"),
    ("import os", 2, "an import", "Add a last line"),
    ("pass", 2, "a `pass`", "Add a last line"),
    ("x = 1\ndel x", 3, "a `del`", "Add a last line"),
    ("assert True", 2, "an `assert`", "Add a last line"),
    ("global x", 2, "a `global`", "Add a last line"),
    ("return", 2, "a `return` without a value", "Write the value behind it"),
    ("return None", 2, "a `return` without a value", "Write the value behind it"),
    ("for i in 'ab':\n    print(i)", 2, "a loop", "or write `yield …` in it to stream"),
    ("while False:\n    1", 2, "a loop", "or write `yield …`"),
    (
        "if x:\n    'even'\nelse:\n    'odd'",
        3,
        "the end of an `if`, which has no value",
        "`return 'even'`, and so in every",
    ),
    ("if x:\n    y = 1", 2, "an `if` without an `else`", "Add a last line"),
    ("if x:\n    pass\nelif y:\n    if z:\n        'deep'", 2, "an `if`", "Add a last line"),
    ("if y:\n    if z:\n        'deep'", 4, "the end of an `if`", "Write `return 'deep'`."),
    ("with x:\n    'in'", 3, "the end of a `with`", "Write `return 'in'`."),
    ("with x:\n    y = 1", 2, "a `with`", "Add a last line"),
    ("try:\n    'a'\nexcept E:\n    'b'", 3, "the end of a `try`", "Write `return 'a'`, and so in every branch."),
    ("match x:\n    case 1:\n        'one'\n    case _:\n        'more'", 4, "the end of a `match`", "every branch"),
    ("x = lambda: (yield)", 2, "an assignment", "Add the line `x`"),
    ("def f():\n    return 1\nx = f()", 4, "an assignment", "Add the line `x`"),
    ("'''only words'''\nx = 1", 3, "an assignment", "Add the line `x`"),
]


@pytest.mark.parametrize(("body", "line", "kind", "hint"), NEVER)
def test_a_body_that_returns_nothing_shows_its_last_line_and_the_hint(
    rejection: Rejection, body: str, line: int, kind: str, hint: str
) -> None:
    error = rejection("/x", body)
    assert error.line == line
    assert f"the handler returns nothing. Its last line is {kind}" in error.message
    assert f"{line} │ {body.splitlines()[line - 2].rstrip()}" in error.message
    assert error.hint is not None
    assert hint in error.hint


def test_the_whole_text_of_a_body_that_returns_nothing(rejection: Rejection) -> None:
    assert str(rejection("/hello/<name>", 'greeting = f"Hello {name}"')) == (
        "%%route GET /hello/<name>, line 2: the handler returns nothing."
        " Its last line is an assignment, and only a value is a return value:\n"
        '    2 │ greeting = f"Hello {name}"\n'
        "Add the line `greeting`, or write `return greeting`."
    )


@pytest.mark.parametrize("body", ["", "\n\n", "# only a comment\n"])
def test_an_empty_cell_is_rejected(rejection: Rejection, body: str) -> None:
    error = rejection("/x", body)
    assert error.message == "the cell is empty, so the route returns nothing."
    assert 'For example:  "Hello!"' in str(error.hint)


# --- it ends in a definition ---


def test_a_function_beside_other_statements_is_told_to_stand_alone(rejection: Rejection) -> None:
    error = rejection("/x", "limit = 10\nimport os\n\ndef show(n, m=1):\n    return limit")
    assert error.line == 5
    assert "the cell ends with `def show`, which is no return value" in error.message
    assert "    2 │ limit = 10" in error.message
    assert "Move line 2 to a cell above" in str(error.hint)
    assert "Or end the cell with the return value:  show(n)" in str(error.hint)


def test_of_two_functions_one_belongs_in_a_cell_above(rejection: Rejection) -> None:
    error = rejection("/x", "def helper():\n    return 1\n\nasync def page():\n    return helper()")
    assert "Move `helper` (line 2) to a cell above" in str(error.hint)
    assert "await page()" in str(error.hint)


def test_a_string_above_a_function_makes_a_body_of_the_cell(rejection: Rejection) -> None:
    assert "Move line 2 to a cell above" in str(rejection("/x", "'''The page.'''\ndef page():\n    return 1").hint)


@pytest.mark.parametrize("body", ["class Page:\n    x = 1", "x = 1\nclass Page:\n    pass"])
def test_a_class_at_the_end_is_no_return_value(rejection: Rejection, body: str) -> None:
    error = rejection("/x", body)
    assert "the cell ends with `class Page`, which is no return value" in error.message
    assert "end this one with the return value" in str(error.hint)


def test_a_definition_at_the_end_is_rejected_even_where_something_else_replies(rejection: Rejection) -> None:
    assert "the cell ends with `def f`" in rejection("/x", "if x:\n    return 1\ndef f():\n    pass").message


# --- what a streaming handler loses ---


def test_a_last_expression_of_a_streaming_handler_is_lost(rejection: Rejection) -> None:
    error = rejection("/x", "yield 'a'\ndone()")
    assert (error.line, error.hint) == (3, "To send it, write `yield done()`; only to run it, `_ = done()`.")
    assert (
        "the handler streams, since line 2 yields, so its last line is not returned and its value is lost"
        in error.message
    )


def test_a_returned_value_of_a_streaming_handler_is_lost(rejection: Rejection) -> None:
    error = rejection("/x", "if x:\n    return 'no', 404\nyield 'a'")
    assert error.line == 3
    assert "the handler streams, since line 4 yields, so a returned value is lost" in error.message
    assert error.hint == "Write `yield 'no', 404`, and on the next line `return`."


def test_a_returned_value_of_an_async_streaming_handler_has_its_own_error(rejection: Rejection) -> None:
    hint = rejection("/x", "yield await y\nreturn 1").hint
    assert "In an async handler Python does not even allow it." in str(hint)


# --- statements that a body may not hold ---


@pytest.mark.parametrize(
    ("body", "line", "message", "hint"),
    [
        ("nonlocal n\nn", 2, "`nonlocal n`: there is no function around", "write `global n`"),
        ("1\nfrom os import *\n1", 3, "`import *` is not allowed in a function", "Name what you need"),
        ("if 1:\n    from os import *\n1", 3, "`import *` is not allowed", "import it in a plain cell above"),
        ("from __future__ import annotations\n1", 2, "changes a whole module", "Leave the line out"),
    ],
)
def test_statements_of_a_module_or_of_an_inner_function_are_rejected(
    rejection: Rejection, body: str, line: int, message: str, hint: str
) -> None:
    error = rejection("/x", body)
    assert error.line == line
    assert message in error.message
    assert body.splitlines()[line - 2] in error.message
    assert hint in str(error.hint)


# --- names that a path value may not have ---


def test_a_path_value_may_not_hide_what_every_handler_has(rejection: Rejection) -> None:
    error = rejection("/login/<int:session>", "session")
    assert error.line == 1
    assert "the path value `session` would hide `session`" in error.message
    assert error.hint == "Try:  %%route /login/<int:session_id>"


def test_a_path_value_may_not_be_global(rejection: Rejection) -> None:
    error = rejection("/<n>", "global n\nn")
    assert (error.line, error.column) == (2, 1)
    assert "Give the parameter in the rule another one." in str(error.hint)


# --- IPython's syntax ---


@pytest.mark.parametrize(
    ("body", "line", "message", "hint"),
    [
        ("!ls\n1", 2, "`!ls` is IPython's way to run a command", "subprocess.run"),
        ("files = !ls -l\nfiles", 2, "`!ls -l` is IPython's way to run a command", "subprocess.run"),
        ("x = 1\nif x:\n    %time x\n1", 4, "`%time` is a magic of IPython", "%http / --show time"),
        ("%http GET /\n1", 2, "`%http` is a magic of IPython", "--try"),
        ("%matplotlib inline\n1", 2, "`%matplotlib` is a magic of IPython", "in a cell of its own"),
        ("1\n%%time\n1", 3, "`%%time` is a magic of IPython", "Cut the cell above line 3"),
        ("len?\n1", 2, "`len?` is IPython's way to ask for help", "Ask in a cell of its own:  len?"),
        ("1\n?len", 3, "`?len` is IPython's way to ask for help", "Ask in a cell of its own:  ?len"),
        ("def f():\n    !ls\n    return 1", 3, "`!ls` is IPython's way", "subprocess.run"),
    ],
)
def test_ipythons_syntax_is_rejected_in_either_form(
    rejection: Rejection, body: str, line: int, message: str, hint: str
) -> None:
    error = rejection("/x", body)
    assert error.line == line
    assert message in error.message
    assert "a handler is plain Python" in error.message
    assert hint in str(error.hint)


# --- Python's own errors ---


@pytest.mark.parametrize(
    ("body", "line", "column", "message"),
    [
        ("x = 1\nif x = 1:\n    1", 3, 4, "invalid syntax"),
        ("return (1", 2, 8, "'(' was never closed"),
        ("x = 'é' é", 2, 9, "invalid syntax"),
        ("'''never ends", 2, 1, "unterminated triple-quoted string"),
        ("x = 1\nbreak\nx", 3, 1, "'break' outside loop"),
        ("x = 'ü'; continue\nx", 2, 10, "'continue' not properly in loop"),
        ("x = 1\nglobal x\nx", 3, 1, "assigned to before global"),
        ("if True:\nx", 3, 1, "expected an indented block"),
        ("await x\nyield from y", 3, 1, "'yield from' inside async function"),
        ("def f():\n    return 1\n  x", 4, 4, "unindent does not match"),
        ("x = 1 +\n", 2, 8, "invalid syntax"),
    ],
)
def test_an_error_of_python_points_at_the_cells_own_line(
    rejection: Rejection, body: str, line: int, column: int, message: str
) -> None:
    error = rejection("/x", body)
    assert (error.line, error.column) == (line, column)
    assert message in error.message
    told, shown, caret = error.message.split("\n")
    assert shown == f"{line:>5} │ {body.splitlines()[line - 2]}"
    assert caret.index("^") == 8 + column - 1
    assert told


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("    return 1", "begin at the left edge"),
        ("x = 1\n  return x", "begin at the left edge"),
        ("<h1>Hello</h1>", "%%template"),
        ("{% if x %}", "%%template"),
    ],
)
def test_a_usual_slip_of_python_has_a_cure(rejection: Rejection, body: str, hint: str) -> None:
    assert hint in str(rejection("/x", body).hint)


def test_text_that_is_no_text_is_rejected_too(rejection: Rejection) -> None:
    assert "null byte" in rejection("/x", "x\x00").message
    assert "surrogates" in rejection("/x", "'\ud800'").message
