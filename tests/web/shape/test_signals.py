"""Signals in Flask's shape."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import blinker
import pytest

import nbmicro
from nbmicro import App, flash, g, render_template_string, request, stream_template_string
from nbmicro.web import signals

MakeApp = Callable[..., App]

NAMES = [
    "template_rendered",
    "before_render_template",
    "request_started",
    "request_finished",
    "request_tearing_down",
    "got_request_exception",
    "appcontext_pushed",
    "appcontext_popped",
    "appcontext_tearing_down",
    "message_flashed",
]


@pytest.fixture
def heard(app: App) -> Any:
    """What each signal of the app sent, in order: name and what came with it."""
    app.secret_key = "key"
    log: list[tuple[str, dict[str, Any]]] = []
    receivers = {}
    for name in NAMES:

        def receive(sender: Any, name: str = name, **extra: Any) -> None:
            log.append((name, extra))

        receivers[name] = receive
        getattr(signals, name).connect(receive, app)
    yield log
    for name, receive in receivers.items():
        getattr(signals, name).disconnect(receive, app)


def names(log: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, _ in log]


# == signals: the moments of a request, for whoever listens


@pytest.mark.parametrize("name", NAMES)
def test_signals_are_public_names(name: str) -> None:
    """Of the package itself."""
    assert getattr(nbmicro, name) is getattr(signals, name)


def test_a_request_sends_its_signals_in_order(app: App, heard: Any) -> None:
    """Pushed, started, finished, torn down, popped."""
    app.add_url_rule("/", "index", lambda: "index")
    assert app.test_client().get("/").text == "index"
    assert names(heard) == [
        "appcontext_pushed",
        "request_started",
        "request_finished",
        "request_tearing_down",
        "appcontext_tearing_down",
        "appcontext_popped",
    ]
    sent = dict(heard)
    assert sent["request_finished"]["response"].data == b"index"
    assert sent["request_tearing_down"] == {"exc": None}
    assert sent["appcontext_tearing_down"] == {"exc": None}


def test_templates_send_theirs_with_template_and_context(app: App, heard: Any) -> None:
    """Before and after rendering, streamed ones too; a receiver may change the context before."""

    def change(sender: App, context: dict[str, Any], **extra: Any) -> None:
        context["name"] = "changed"

    app.add_url_rule("/", "index", lambda: render_template_string("{{ name }}", name="Ada"))
    app.add_url_rule("/stream", "stream", lambda: stream_template_string("{{ name }}", name="Bob"))
    client = app.test_client()
    assert client.get("/").text == "Ada"
    sent = {name: extra for name, extra in heard if "template" in name}
    assert list(sent) == ["before_render_template", "template_rendered"]
    assert sent["template_rendered"]["context"]["name"] == "Ada"
    assert sent["template_rendered"]["template"].name is None
    heard.clear()
    with signals.before_render_template.connected_to(change, app):
        assert client.get("/stream").text == "changed"
    assert [name for name in names(heard) if "template" in name] == ["before_render_template", "template_rendered"]


def test_errors_and_messages_send_theirs(app: App, heard: Any) -> None:
    """got_request_exception with the exception, message_flashed with message and category."""
    error = ValueError()

    def fail() -> str:
        flash("careful", "warning")
        raise error

    app.add_url_rule("/", "index", fail)
    assert app.test_client().get("/").status_code == 500
    sent = dict(heard)
    assert sent["got_request_exception"] == {"exception": error}
    assert sent["message_flashed"] == {"message": "careful", "category": "warning"}
    assert sent["request_tearing_down"] == {"exc": error}
    assert "request_finished" in sent


def test_an_app_context_sends_its_signals(app: App, heard: Any) -> None:
    """Without any request."""
    with app.app_context():
        assert names(heard) == ["appcontext_pushed"]
    assert names(heard)[1:] == ["appcontext_tearing_down", "appcontext_popped"]


def test_the_sender_is_the_app_itself(make_app: MakeApp) -> None:
    """Not a proxy; another app's requests are not heard."""
    one, two = make_app("one"), make_app("two")
    senders: list[Any] = []

    def receive(sender: App, **extra: Any) -> None:
        senders.append(sender)

    for app in (one, two):
        app.add_url_rule("/", "index", lambda: "")
    with signals.request_started.connected_to(receive, one):
        one.test_client().get("/")
        two.test_client().get("/")
    assert senders == [one]
    assert type(senders[0]) is App


def test_receivers_see_the_context(app: App) -> None:
    """request and g are there; what started left is there at the end."""
    seen: list[Any] = []

    def started(sender: App, **extra: Any) -> None:
        g.path = request.path

    def ended(sender: App, **extra: Any) -> None:
        seen.append(g.path)

    app.add_url_rule("/x", "x", lambda: "")
    with signals.request_started.connected_to(started, app), signals.request_tearing_down.connected_to(ended, app):
        app.test_client().get("/x")
    assert seen == ["/x"]


def test_receivers_are_held_weakly(app: App) -> None:
    """One that nobody keeps is gone."""
    calls: list[int] = []

    def connect() -> None:
        def receive(sender: App, **extra: Any) -> None:
            calls.append(1)

        signals.request_finished.connect(receive, app)

    connect()
    gc.collect()
    app.add_url_rule("/", "index", lambda: "")
    app.test_client().get("/")
    assert calls == []


def test_receivers_may_be_async(app: App) -> None:
    """They are run as an async handler is."""
    calls: list[str] = []

    async def receive(sender: App, **extra: Any) -> None:
        calls.append(request.path)

    app.add_url_rule("/", "index", lambda: "")
    for name in ("request_started", "request_finished", "request_tearing_down"):
        signal: blinker.Signal = getattr(signals, name)
        with signal.connected_to(receive, app):
            app.test_client().get("/")
    assert calls == ["/"] * 3


def test_a_receiver_may_be_there_for_a_while(app: App) -> None:
    """``connected_to`` and ``connect`` with or without a sender, even between two requests."""
    calls: list[str] = []

    def receive(sender: App, **extra: Any) -> None:
        calls.append("heard")

    app.add_url_rule("/", "index", lambda: "")
    client = app.test_client()
    client.get("/")
    with signals.request_finished.connected_to(receive):
        client.get("/")
    client.get("/")
    assert calls == ["heard"]
    assert isinstance(signals.Namespace(), blinker.Namespace)
