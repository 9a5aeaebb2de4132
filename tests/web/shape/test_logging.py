"""An app's log, in Flask's shape."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator

import pytest

from nbmicro import App
from nbmicro.web.logs import default_handler, has_level_handler, wsgi_errors_stream

# == logging: app.logger, and where it writes


@pytest.fixture
def alone() -> Iterator[Callable[[], None]]:
    """Takes the root's handlers away, pytest's own among them, as in a program that set up no logging."""
    root = logging.getLogger()
    before: list[logging.Handler] = []

    def clear() -> None:
        before.extend(root.handlers)
        root.handlers.clear()

    yield clear
    root.handlers[:] = before
    for name in ("log_one", "log_two", "log_two.part"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)


def test_the_logger_is_named_as_the_app_and_has_a_handler(alone: Callable[[], None]) -> None:
    """The default one, since nothing else would see its records."""
    alone()
    app = App("log_one")
    assert app.logger.name == "log_one"
    assert app.logger is app.logger
    assert app.logger.level == logging.NOTSET
    assert app.logger.handlers == [default_handler]


def test_it_gets_no_handler_where_there_is_one(alone: Callable[[], None]) -> None:
    """At the root, or above in its name."""
    alone()
    logging.getLogger().addHandler(logging.StreamHandler(io.StringIO()))
    assert App("log_one").logger.handlers == []
    logging.getLogger().handlers.clear()
    logging.getLogger("log_two").addHandler(logging.StreamHandler(io.StringIO()))
    assert App("log_two.part").logger.handlers == []
    assert has_level_handler(logging.getLogger("log_two.part"))


def test_a_handler_that_takes_no_such_records_does_not_count(alone: Callable[[], None]) -> None:
    """And a logger that passes nothing on is on its own."""
    alone()
    logger = logging.getLogger("log_one")
    logging.getLogger().addHandler(logging.StreamHandler(io.StringIO()))
    logger.propagate = False
    try:
        assert not has_level_handler(logger)
    finally:
        logger.propagate = True
    assert has_level_handler(logger)
    logging.getLogger().handlers[0].setLevel(logging.CRITICAL)
    assert not has_level_handler(logger)


def test_debug_mode_shows_everything(alone: Callable[[], None]) -> None:
    """The level is DEBUG unless one is set."""
    alone()
    app = App("log_one")
    app.debug = True
    assert app.logger.level == logging.DEBUG
    logging.getLogger("log_two").setLevel(logging.WARNING)
    other = App("log_two")
    other.debug = True
    assert other.logger.level == logging.WARNING


def test_it_writes_to_the_servers_error_stream(alone: Callable[[], None]) -> None:
    """``wsgi.errors`` during a request, else standard error."""
    alone()
    app = App("log_one")
    app.add_url_rule("/", "index", lambda: app.logger.warning("careful") or "")
    errors = io.StringIO()
    app.test_client().get("/", errors_stream=errors)
    assert "careful" in errors.getvalue()
    with app.test_request_context(errors_stream=errors):
        assert wsgi_errors_stream._get_current_object() is errors  # type: ignore[attr-defined]
    assert wsgi_errors_stream._get_current_object() is sys.stderr  # type: ignore[attr-defined]


def test_how_errors_are_logged_can_be_overridden(alone: Callable[[], None]) -> None:
    """``log_exception`` is given the error's triple."""
    alone()
    logged: list[object] = []

    class MyApp(App):
        def log_exception(self, exc_info: object) -> None:
            logged.append(exc_info)

    app = MyApp("log_one")
    app.add_url_rule("/", "index", lambda: 1 // 0)
    assert app.test_client().get("/").status_code == 500
    ((kind, error, trace),) = logged  # type: ignore[misc]
    assert kind is ZeroDivisionError
    assert error is not None
    assert trace is not None
