"""A notebook's cell is cut as IPython cuts it, and magics are found only where a statement begins."""

from __future__ import annotations

import pytest

from nbmicro.cells.ipython_syntax import MagicStatement, magic_statements
from nbmicro.cells.notebook_cell import MagicCell, PlainCell, split_cell


def found(text: str) -> list[tuple[int, str, str, str, str | None]]:
    return [(each.line, each.kind, each.name, each.rest, each.assigned_to) for each in magic_statements(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%time x = 1", (1, "%", "time", "x = 1", None)),
        ("%matplotlib", (1, "%", "matplotlib", "", None)),
        ("%  time x", (1, "%", "time", "x", None)),
        ("!echo it's (", (1, "!", "", "echo it's (", None)),
        ("!!ls", (1, "!", "", "ls", None)),
        ("x = 1\n\n# c\n!ls", (4, "!", "", "ls", None)),
        ("if x:\n    %cd y\n", (2, "%", "cd", "y", None)),
        ("files = !ls -l", (1, "!", "", "ls -l", "files")),
        ("a, b = %pair 1", (1, "%", "pair", "1", "a, b")),
        ("d['a=b'] = %pair", (1, "%", "pair", "", "d['a=b']")),
        ("x.y=!ls", (1, "!", "", "ls", "x.y")),
        ("?x", (1, "?", "", "x", None)),
        ("??x.y", (1, "?", "", "x.y", None)),
        ("x?", (1, "?", "", "x", None)),
        ("x.y[0]??  ", (1, "?", "", "x.y[0]", None)),
        ("d['a']?", (1, "?", "", "d['a']", None)),
        ("%time?", (1, "?", "", "%time", None)),
        ("x = 1\n%%time", (2, "%%", "time", "", None)),
        ("%http GET /x?", (1, "%", "http", "GET /x?", None)),
        ("s = 'a' \\\n  'b'\n!ls", (3, "!", "", "ls", None)),
        ("f(\n  1,\n)\n%cd x", (4, "%", "cd", "x", None)),
    ],
)
def test_what_is_ipythons_is_found_where_a_statement_begins(
    text: str, expected: tuple[int, str, str, str, str | None]
) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "x = 7 \\\n% 4",
        "x = (7\n% 4)",
        "s = '''\n%time\n!ls\nx?\n'''",
        "def f():\n    '''\n    %%route /x\n    '''",
        "f'''\n%time\n{x}\n!ls\n'''",
        "s = '= !ls'",
        "# x = !ls",
        "print(1)  # why?",
        "'why?'",
        "x = a == b != c",
        "f(x=1)\nassert x != 1",
        "c = a = !ls",
        "",
        "\n\n",
    ],
)
def test_a_string_a_comment_and_an_operator_are_not(text: str) -> None:
    assert found(text) == []


def test_a_backslash_continues_a_magic_and_the_lines_keep_their_count() -> None:
    text = "%http POST /x \\\n  a=1 \\\n  b=2\nx = 1"
    assert magic_statements(text) == (
        MagicStatement(1, 3, "%", "http", "POST /x    a=1    b=2", None, "", "%http POST /x    a=1    b=2"),
    )
    cell = split_cell(text)
    assert isinstance(cell, PlainCell)
    assert cell.python == "pass\n\n\nx = 1"


def test_a_plain_cell_can_be_rewritten_statement_by_statement() -> None:
    cell = split_cell("if x:\n    !ls\nr = %http GET /\n%time y = 1\nr.status")
    assert isinstance(cell, PlainCell)
    assert cell.python == "if x:\n    pass\nr = None\npass\nr.status"
    written = cell.rewritten(lambda statement: f"run({statement.kind!r}, {statement.rest!r})")
    assert written == "if x:\n    run('!', 'ls')\nrun('%', 'GET /')\nrun('%', 'y = 1')\nr.status"


@pytest.mark.parametrize(
    ("text", "name", "line", "body", "first_line"),
    [
        ("%%route /x\n1\n2", "route", "/x", "1\n2", 1),
        ("%%http   GET /x?  ", "http", "GET /x?", "", 1),
        ("\n\n%%time\nx", "time", "", "x", 3),
        ("  %%capture out\n  x = 1\n    y\n", "capture", "out", "x = 1\n  y\n", 1),
        ("%%", "", "", "", 1),
        ("%%!ls -l\nx", "!ls", "-l", "x", 1),
        ("%%writefile a.py\n%%route /x", "writefile", "a.py", "%%route /x", 1),
        ("%%route\t/x\n1", "route", "/x", "1", 1),
    ],
)
def test_a_cell_magic_takes_the_whole_cell(text: str, name: str, line: str, body: str, first_line: int) -> None:
    assert split_cell(text) == MagicCell(name, line, body, text, first_line)


@pytest.mark.parametrize("text", ["%%time?", "%%time??", "%%http? GET", "# c\n%%time", "x = 1", "", "  \n"])
def test_every_other_cell_is_plain(text: str) -> None:
    assert isinstance(split_cell(text), PlainCell)


def test_a_cell_that_is_indented_as_a_whole_is_python_all_the_same() -> None:
    cell = split_cell("    x = 1\n    if x:\n        !ls\n\n    y")
    assert isinstance(cell, PlainCell)
    assert cell.python == "x = 1\nif x:\n    pass\n\ny"


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n!ls\ny",
        "%time x",
        "a = !ls",
        "?x",
        "x?",
        "%%time\nx",
        "  %%time\n  x",
        "\n\n%%time\nx",
        "if x:\n    !ls",
    ],
)
def test_ipython_cuts_the_cell_the_same_way(text: str) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    transformed = TransformerManager().transform_cell(text)
    cell = split_cell(text)
    if isinstance(cell, MagicCell):
        expected = f"get_ipython().run_cell_magic({cell.name!r}, {cell.line!r}, {cell.body + chr(10)!r})\n"
        assert transformed == expected
    else:
        assert transformed.count("get_ipython()") == len(cell.statements)
