"""A text in braces without the f of an f-string is noted beside the response that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nbmicro
from nbmicro.client.client import Client

title = "Shop"


def plain(name: str) -> Any:
    return "Hello {name}"


def expression(name: str) -> Any:
    return "<p>{name.upper()}</p>"


def in_json(name: str) -> Any:
    return {"greeting": "Hello {name}", "name": name}


def of_a_global(name: str) -> Any:
    return f"{name}: " + "{title}"


def inside(name: str) -> Any:
    return (lambda: "Hello {name}" + name[:0])()


def doubled(name: str) -> Any:
    return f"<p>{{ name }} {name}</p>"


def another_name(name: str) -> Any:
    return "Hello {other}"


def of_a_value(name: str) -> Any:
    return name


def style(name: str) -> Any:
    return f"<style>p {{ color: red }}</style>{name}"


def template(name: str) -> Any:
    return nbmicro.render_template_string("{% raw %}{name}{% endraw %}")


@pytest.mark.parametrize(
    ("handler", "note"),
    [
        (plain, "With an f before the quote it is the value:  f'Hello {name}'"),
        (expression, "f'<p>{name.upper()}</p>'"),
        (in_json, "f'Hello {name}'"),
        (of_a_global, "f'{title}'"),
        (inside, "f'Hello {name}'"),
        (doubled, "in an f-string one pair of braces is a value:  {name}"),
        (another_name, None),
        (of_a_value, None),
        (style, None),
        (template, None),
    ],
)
def test_a_name_in_braces_is_noted_where_the_handler_wrote_it(handler: Callable[..., Any], note: str | None) -> None:
    app = nbmicro.App("shop")
    app.add_url_rule("/<name>", "page", handler)
    exchange = Client(app).get("/%7Bname%7D")
    assert exchange.notes == () if note is None else note in exchange.notes[0]
    assert note is None or "stands in the response as text" not in exchange.text
