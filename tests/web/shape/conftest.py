"""Apps for the promises of Flask's shape, in every way that a request can take through the core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nbmicro import App
from nbmicro.web.signals import request_started

MakeApp = Callable[..., App]


@pytest.fixture(params=["short", "hooked", "long"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """How requests go: with nothing out of the ordinary, with hooks that change nothing, or with a receiver."""
    if request.param != "long":
        yield request.param
        return

    def receive(sender: Any, **extra: Any) -> None:
        """Listens, and does nothing."""

    request_started.connect(receive)
    yield request.param
    request_started.disconnect(receive)


@pytest.fixture
def make_app(way: str) -> MakeApp:
    """Makes an app whose requests go ``way``; arguments as of :class:`App`."""

    def make(import_name: str = "shop", **options: Any) -> App:
        app = App(import_name, **options)
        if way == "hooked":
            app.before_request(lambda: None)
            app.after_request(lambda response: response)
            app.teardown_request(lambda exc: None)
            app.teardown_appcontext(lambda exc: None)
        return app

    return make


@pytest.fixture
def app(make_app: MakeApp) -> App:
    """An app without routes of its own."""
    return make_app()
