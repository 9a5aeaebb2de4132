"""Messages for the visitor's next page."""

from __future__ import annotations

from typing import Any

import pytest

from nbmicro import App, flash, get_flashed_messages, render_template_string, session
from nbmicro.web.signals import message_flashed


@pytest.fixture
def app() -> App:
    app = App("shop")
    app.secret_key = "k"

    @app.get("/say")
    def say() -> str:
        flash("one")
        flash("two", "error")
        flash("three", "warning")
        return ""

    return app


def test_messages_are_heard_once(app: App) -> None:
    """The next request gets the messages in their order; the one after it gets none, and the session is empty."""
    app.add_url_rule("/hear", "hear", lambda: {"heard": get_flashed_messages(), "left": dict(session)})
    client = app.test_client()
    client.get("/say")
    assert client.get("/hear").json == {"heard": ["one", "two", "three"], "left": {}}
    assert client.get("/hear").json == {"heard": [], "left": {}}


def test_within_a_request_they_can_be_asked_again(app: App) -> None:
    """Several calls in one request give the same messages, with and without categories, all or some of them."""

    @app.get("/hear")
    def hear() -> list[Any]:
        return [
            get_flashed_messages(with_categories=True),
            get_flashed_messages(category_filter=["error", "warning"]),
            get_flashed_messages(with_categories=True, category_filter=["error"]),
            get_flashed_messages(category_filter=["nothing"]),
        ]

    client = app.test_client()
    client.get("/say")
    assert client.get("/hear").json == [
        [["message", "one"], ["error", "two"], ["warning", "three"]],
        ["two", "three"],
        [["error", "two"]],
        [],
    ]


def test_templates_know_them(app: App) -> None:
    """get_flashed_messages is a name of every template."""
    app.add_url_rule(
        "/hear", "hear", lambda: render_template_string("{{ get_flashed_messages(category_filter=['error']) }}")
    )
    client = app.test_client()
    client.get("/say")
    assert client.get("/hear").text == "[&#39;two&#39;]"


def test_a_signal_tells_of_them(app: App) -> None:
    """message_flashed comes with the message and its category, from the app."""
    heard = []

    def receive(sender: Any, message: str, category: str, **extra: Any) -> None:
        heard.append((sender, message, category))

    with message_flashed.connected_to(receive, app):
        app.test_client().get("/say")
    assert heard == [(app, "one", "message"), (app, "two", "error"), (app, "three", "warning")]


def test_outside_a_request_there_is_nobody_to_tell(app: App) -> None:
    """flash needs a request."""
    with app.app_context(), pytest.raises(RuntimeError, match="request context"):
        flash("one")
