"""`%%template` and `%%static` cells: a name on the first line, and how a wrong one is rejected."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nbmicro.cells.resource_cell import parse_static_cell, parse_template_cell
from nbmicro.errors import CellError

PARSERS: dict[str, Callable[[str, str], object]] = {"%%template": parse_template_cell, "%%static": parse_static_cell}


def test_a_name_and_the_text_below_it_are_the_resource() -> None:
    template = parse_template_cell("mail/hello.html --try name=Ada", "<p>{{ name }}")
    assert (template.name, template.source, template.attempt) == ("mail/hello.html", "<p>{{ name }}\n", {"name": "Ada"})
    static = parse_static_cell("/static/css/style.css", "a {}")
    assert (static.path, static.content, static.mimetype) == ("css/style.css", b"a {}\n", "text/css")
    assert parse_template_cell('"a b.html"', "").name == "a b.html"


@pytest.mark.parametrize(
    ("body", "content"), [("a\nb", b"a\nb\n"), ("a\n", b"a\n"), ("a\n\n", b"a\n\n"), ("\n", b""), ("", b"")]
)
def test_the_text_is_the_same_whoever_ended_its_last_line(body: str, content: bytes) -> None:
    """IPython hands a cell over with a line break at its end, a notebook's file has none: both give one file."""
    assert parse_static_cell("a.txt", body).content == content
    assert parse_template_cell("a.txt", body).source.encode() == content


@pytest.mark.parametrize("magic", sorted(PARSERS))
@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("a b.html", "one name is wanted, and there are 2", 'a_b.html\nOr with spaces in it:  MAGIC "a b.html"'),
        ("../x.html", "`../x.html` is no path below the FOLDER folder", "x.html"),
        ("a/../../x.html", "is no path below the FOLDER folder", "a/x.html"),
        ("./x.html", "is no path below the FOLDER folder", "x.html"),
        ("'a\\x y.html'", "is no path below the FOLDER folder", "'a/x y.html'"),
        ("..", "`..` is no path below the FOLDER folder", "EXAMPLE"),
        (".", "`.` is no path below the FOLDER folder", "EXAMPLE"),
        ("", "a name is missing", "EXAMPLE"),
        ("''", "a name is missing", "EXAMPLE"),
    ],
)
def test_a_name_that_cannot_be_is_rejected_with_one_that_can(magic: str, line: str, message: str, hint: str) -> None:
    with pytest.raises(CellError) as caught:
        PARSERS[magic](line, "")
    folder, example = {"%%template": ("templates", "hello.html"), "%%static": ("static", "style.css")}[magic]
    assert message.replace("FOLDER", folder) in caught.value.message
    assert caught.value.hint == f"Try:  {magic} {hint.replace('EXAMPLE', example).replace('MAGIC', magic)}"
    assert caught.value.line == 1


def test_a_template_is_named_from_its_folder_and_not_from_the_root() -> None:
    with pytest.raises(CellError, match="no path below the templates folder"):
        parse_template_cell("/x.html", "")


def test_the_line_to_write_keeps_the_name_of_the_template() -> None:
    with pytest.raises(CellError) as caught:
        parse_template_cell("ab.html --try x", "")
    assert caught.value.hint == "Try:  %%template ab.html --try x=Ada"
