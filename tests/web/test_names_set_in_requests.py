"""A handler that gives templates a name in every request adds one declaration, not one for each request."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from werkzeug.test import Client

from nbmicro import App, render_template_string


@pytest.mark.parametrize("value", [lambda: len, lambda: lambda words: len(words)], ids=["the same", "a new one"])
def test_a_filter_set_in_each_request_is_declared_once(value: Callable[[], Callable[..., int]]) -> None:
    app = App("shop", root_path="/")

    def page() -> str:
        app.jinja_env.filters["size"] = value()
        app.jinja_env.globals["shop"] = "shop"
        return render_template_string("{{ shop | size }}")

    app.add_url_rule("/", "page", page)
    client = Client(app)
    assert [client.get("/").text for _ in range(20)] == ["4"] * 20
    declared = [one for one in app.ledger.everything() if one.kind in ("template_filter", "template_global")]
    assert len(declared) == 2


def test_a_name_set_anew_has_its_new_value() -> None:
    app = App("shop", root_path="/")
    for value in ("one", "two"):
        app.jinja_env.globals["word"] = value
        with app.app_context():
            assert render_template_string("{{ word }}") == value
