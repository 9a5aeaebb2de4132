"""Nested names of items: their placeholders, the place of an error, and that nothing is sent for one."""

from __future__ import annotations

import json

import pytest

from nbmicro.errors import RequestError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.runner.run import run_script
from tests.support.commands import run_command
from tests.support.echo_app import echo_client


def sent(line: str, **names: object) -> object:
    exchange = run_command(parse_line(line), echo_client(), dict(names))
    return json.loads(exchange.json["body"])


def test_a_value_that_fills_a_name_is_never_read_as_brackets() -> None:
    assert sent("/x user[{{ key }}]=Ada", key="a][b") == {"user": {"a][b": "Ada"}}
    assert sent("/x {{ key }}=Ada", key="a[b]") == {"a[b]": "Ada"}
    assert sent("/x {{ key }}_{{ n }}[x{{ n }}]=Ada", key="a[", n=1) == {"a[_1": {"x1": "Ada"}}


def test_a_number_alone_in_brackets_is_an_index() -> None:
    assert sent("/x a[{{ n }}]=y a[0]=x", n=1) == {"a": ["x", "y"]}
    assert sent("/x a[{{ n }}]=y", n="1") == {"a": {"1": "y"}}
    assert sent("/x a[{{ n }}]=y", n=True) == {"a": {"true": "y"}}


def test_values_are_filled_as_in_any_item() -> None:
    assert sent("/x a[b]={{ x }} a[c]:={{ y }}", x=1, y=[1, None]) == {"a": {"b": "1", "c": [1, None]}}


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("/x a=1 user[name=Ada", 23),
        ("/x a]=1", 11),
        ("/x a[b]c=1", 14),
        ("/x a[-1]=1", 12),
        ("/x [name]=1", 11),
        (r"/x 'a\:b[c=1'", 17),
        ('/x "a b[c"=1', 17),
    ],
)
def test_a_bracket_that_is_wrong_has_its_column(line: str, column: int) -> None:
    with pytest.raises(RequestError) as caught:
        parse_line(line)
    assert (caught.value.line, caught.value.column) == (1, column)
    assert "user[name]=Ada" in (caught.value.hint or "")


@pytest.mark.parametrize("line", ["/x a=1 a[b]=2", "/x a[]=1 b=2 a[b]=1", "/x a[100000]=1"])
def test_what_fits_no_place_is_not_sent(line: str) -> None:
    client = echo_client()
    with pytest.raises(RequestError, match="Nothing was sent") as caught:
        run_command(parse_line(line), client, {})
    assert caught.value.line == 1
    assert caught.value.column is not None
    assert not client.history


def test_a_colon_in_brackets_says_how_it_is_written() -> None:
    with pytest.raises(RequestError) as caught:
        parse_line("/x foo[bar:baz]=x")
    assert caught.value.fix == r"foo[bar\:baz]=x"
    assert sent(rf"/x {caught.value.fix}") == {"foo": {"bar:baz": "x"}}


def test_items_of_a_cell_are_nested_too() -> None:
    (exchange,) = run_script(parse_script("POST /x a[b]=c", "X-T: 1\n\nHTTP 200"), echo_client(), {})
    assert json.loads(exchange.json["body"]) == {"a": {"b": "c"}}
