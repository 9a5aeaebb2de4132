"""What beginners put above a `%%` line does no harm; what would, is an error that shows the hint."""

from __future__ import annotations

import pytest

from nbmicro.cells.input_transformer import transform_cell
from nbmicro.errors import CellError


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("# greets\n%%route /x\n1", "%%route /x\n# greets\n1"),
        ("\n\n%%route /x\n1", "%%route /x\n\n\n1"),
        ("# NBVAL_IGNORE_OUTPUT\n%%route /x\n1\n", "%%route /x\n# NBVAL_IGNORE_OUTPUT\n1\n"),
        ("  # a\n\n# b\n%%route /x\n1", "%%route /x\n# a\n\n# b\n1"),
        ("# only\n%%route /x", "%%route /x\n# only\n"),
    ],
)
def test_comments_and_blank_lines_move_below_and_the_lines_keep_their_numbers(text: str, tidied: str) -> None:
    assert transform_cell(text) == tidied
    assert tidied.split("\n")[-1] == text.split("\n")[-1] or tidied.endswith("\n")


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("  %%route /x\n  if a:\n      return 1\n\n  2", "%%route /x\nif a:\n    return 1\n\n2"),
        ("\t%%route /x\n\t1", "%%route /x\n1"),
        ("  %%route /x\nif a:\n    return 1\n2", "%%route /x\nif a:\n    return 1\n2"),
    ],
)
def test_indent_before_the_magic_is_taken_from_the_cell(text: str, tidied: str) -> None:
    assert transform_cell(text) == tidied


@pytest.mark.parametrize("name", ["http GET /x", "http", "route /x", "template a.html", "static a.css"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_lone_line_gets_its_empty_body(name: str, end: str) -> None:
    assert transform_cell(f"%%{name}{end}") == f"%%{name}\n\n"


def test_a_blank_line_above_http_does_not_end_its_headers() -> None:
    text = "\n# NBVAL_SKIP\n%%http POST /x\nContent-Type: text/plain\n\nhello"
    assert transform_cell(text) == "%%http POST /x\n#\n# NBVAL_SKIP\nContent-Type: text/plain\n\nhello"


@pytest.mark.parametrize("magic", ["%%template a.html", "%%static a.txt"])
def test_what_stands_above_content_is_never_served(magic: str) -> None:
    assert transform_cell(f"# NBVAL_SKIP\n\n# mine\n{magic}\n<p>") == f"{magic}\n<p>"
    assert (
        transform_cell(f"{magic}\n# NBVAL_SKIP\n# NBVAL_TEST_NAME: page\n<p>\n# NBVAL_SKIP")
        == f"{magic}\n<p>\n# NBVAL_SKIP"
    )
    assert transform_cell(f"{magic}\n# a heading\n<p>") == f"{magic}\n# a heading\n<p>"
    assert transform_cell(f"{magic}\n# NBVAL_SKIP") == f"{magic}\n\n"


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("%http GET /x?", "%http GET /x? #"),
        ("%http /x?\n", "%http /x? #\n"),
        ("x = 1\nr = %http GET /x?\nr", "x = 1\nr = %http GET /x? #\nr"),
        ("if x:\n    %trace /x?  \n", "if x:\n    %trace /x? #  \n"),
        ("%http POST /x \\\n  a=1 /b?\ny", "%http POST /x \\\n  a=1 /b? #\ny"),
        ("%bench /a?\n%http /b?", "%bench /a? #\n%http /b? #"),
        ("%http /x?\r\ny", "%http /x? #\r\ny"),
    ],
)
def test_a_question_mark_at_the_end_of_a_url_is_no_question(text: str, tidied: str) -> None:
    assert transform_cell(text) == tidied


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "# %%route\nx = 1",
        "%http?",
        "%%http?",
        "%%route??",
        "?%%route",
        "%http GET /x",
        "%http /x?a=b",
        "%matplotlib?",
        "x?",
        "s = '''\n%http /x?\n%%route /x\n'''",
        "%%writefile a.txt\n%%route /x\n%%route /y",
        "%%time\n%%http GET /x",
        "# c\n%%capture\n%%route /x",
        "%%routes\n1",
        "  x = 1\n  %http /x",
        "%%route /x\n1\n",
        "%%http GET /x\n\n",
        "%%route /x\ns = '''\n%%route /y\n'''\ns",
        "%%template a.html\n%%route /x\n%%http",
        "%%http POST /x\n\n```\n%%route /y\n1\n```\n",
        "%%http\r\nGET /x\r\n",
    ],
)
def test_every_other_cell_stays_as_it_is(text: str) -> None:
    assert transform_cell(text) == text


def rejected(text: str) -> CellError:
    with pytest.raises(CellError) as caught:
        transform_cell(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        (
            "import os\n%%route /x\n1",
            2,
            "%%route must be the first line of its cell; here it is line 2, below `import os`.",
            "Move that line to a cell above, or below the %%route line.",
        ),
        (
            "# c\nx = 1\n\ny = 2\n%%route /x\n1",
            5,
            "%%route must be the first line of its cell; here it is line 5, below `x = 1` and 1 more.",
            "Move those lines to a cell above, or below the %%route line.",
        ),
        (
            "%load_ext nbmicro\n%%route /x\n1",
            2,
            "%%route must be the first line of its cell; here it is line 2, below `%load_ext nbmicro`.",
            "Move that line to a cell above.",
        ),
        (
            "x = 1\n  \n%%http GET /x",
            3,
            "%%http must be the first line of its cell; here it is line 3, below `x = 1`.",
            "Move that line to a cell above.",
        ),
        (
            "x = 1\ny = 2\n%%template a.html\n<p>",
            3,
            "%%template must be the first line of its cell; here it is line 3, below `x = 1` and 1 more.",
            "Move those lines to a cell above, or cut the cell above the %%template line.",
        ),
    ],
)
def test_code_above_the_magic_is_rejected_with_the_hint(text: str, line: int, message: str, hint: str) -> None:
    error = rejected(text)
    assert (error.line, error.message, error.hint) == (line, message, hint)


@pytest.mark.parametrize(
    ("text", "line", "second"),
    [
        ("%%route /x\n1\n\n%%route POST /y\n2", 4, "%%route POST /y"),
        ("# c\n\n%%route /x\n1\n  %%route /y\n2", 5, "%%route /y"),
        ("%%route /x\n1\n%%http GET /x", 3, "%%http GET /x"),
        ("%%http GET /x\n\n%%route /y\n1", 3, "%%route /y"),
        ("%%http GET /x\n```\n%%route\n```\n%%template a", 5, "%%template a"),
    ],
)
def test_a_second_magic_of_nbmicro_in_the_cell_is_rejected_with_the_hint(text: str, line: int, second: str) -> None:
    error = rejected(text)
    assert error.line == line
    assert error.message == f"a cell has one %% line, its first; line {line} is a second: `{second}`."
    assert error.hint == f"Cut the cell above that line: `{second}` begins a cell of its own."


def test_two_requests_in_a_cell_are_told_of_their_separator() -> None:
    assert "write `###` in its place" in str(rejected("%%http GET /x\n%%http GET /y").hint)


@pytest.mark.parametrize(
    ("text", "line", "below"),
    [
        ("%http POST /x\nContent-Type: application/json\n\n{}", 2, "Content-Type: application/json"),
        ("# a\n\n%http POST /x\n\nX-Token: abc", 5, "X-Token: abc"),
        ("%http POST /x\nAccept: text/html\n# c\nX-A: 1\n", 2, "Accept: text/html"),
        ('%http POST /x\n{"name": "Ada"}\n\nHTTP 201\n[Asserts]\nstatus == 201', 2, '{"name": "Ada"}'),
        ("  %http POST /x\n  Host: a b\n", 2, "Host: a b"),
    ],
)
def test_a_request_below_one_percent_sign_is_told_of_the_second(text: str, line: int, below: str) -> None:
    error = rejected(text)
    assert error.line == line
    assert error.message == f"`{below}` belongs to the request, and `%http` takes no line but its own."
    assert error.hint == "With two percent signs the cell is the request:  %%http POST /x"


@pytest.mark.parametrize(
    "text",
    [
        "%http POST /x\n{'a': 1}",
        '%http POST /x\n\n{"a": 1}\n',
        "%http /x\nage: int = 3\nage",
        "%http /x\nage: int = 3\nfoo(",
        "%http /x\nif a:\n    b\nelse: c",
        "%http /x\n[1, 2]\nfoo(",
        "%http /x\nfor x in y: z z",
        "r = %http POST /x\nX-A: 1",
        "x = 1\n%http /x\nX-A: 1",
        "%http /x\n%http /y\nprint(",
        '%http /x\n"""\nX-A: 1\n"""',
    ],
)
def test_python_below_a_request_is_left_to_python(text: str) -> None:
    assert transform_cell(text) == text


@pytest.mark.parametrize(
    "text", ["# c\n\n%%route /x\n1", "  %%http GET /x?", "\n%%template a\n<p>", "%http GET /x?", "r = %http /x?"]
)
def test_ipython_runs_a_tidied_cell_as_the_magic_it_is(text: str) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    transformed = TransformerManager().transform_cell(transform_cell(text))
    assert "run_cell_magic(" in transformed or "run_line_magic('http', '" in transformed
    assert "pinfo" not in transformed
