"""The line of ``%app`` is read as it is meant, and what cannot be is rejected with what would do."""

from __future__ import annotations

import pytest

from nbmicro.cells.app_line import AppLine, parse_app_line
from nbmicro.errors import OptionError


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", AppLine()),
        ("app", AppLine("app")),
        ("shop:app  # the shop", AppLine("shop:app")),
        ("shop:create_app('a b', debug=True) --reload", AppLine("shop:create_app('a b', debug=True)", (), True)),
        ("'my shop/app.py'", AppLine("my shop/app.py")),
        ("-H 'X-A: 1' shop:app --header=X-B:2", AppLine("shop:app", (("X-A", "1"), ("X-B", "2")))),
        ("a:b -H 'T: {{ f(1, \"x\") }}'", AppLine("a:b", (("T", '{{ f(1, "x") }}'),))),
        ("-H X:1", AppLine(None, (("X", "1"),))),
    ],
)
def test_a_line_is_read(text: str, read: AppLine) -> None:
    """Blanks inside quotes, parentheses and braces belong to their word."""
    assert parse_app_line(text) == read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", "takes one app; here are a and b"),
        ("a --reloed", "Did you mean --reload?"),
        ("a -H", "nothing is none"),
        ("a -H 'no colon'", "-H takes a header"),
        ("a -H 'two words: x'", "-H takes a header"),
        ("a:b('x", "a quote is open"),
        ("a:b(", "a parenthesis is open"),
    ],
)
def test_a_wrong_line_says_what_would_do(text: str, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_app_line(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("target", "is_name"), [("app", True), ("shop:app", False), ("shop.wsgi", False), ("manage.py", False)]
)
def test_a_name_of_the_notebook_is_told_from_a_module(target: str, is_name: bool) -> None:
    assert AppLine(target).is_name is is_name
