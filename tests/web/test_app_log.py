"""The app's logger."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from nbmicro import App
from nbmicro.web.logs import create_logger, default_handler, has_level_handler, wsgi_errors_stream


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An app whose logger has no handlers yet, and no parent but one without handlers."""
    logger = logging.getLogger("nbt_log")
    monkeypatch.setattr(logger, "parent", logging.Logger("nbt_root"))
    yield App("nbt_log")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


def test_it_is_named_as_the_app_and_writes_where_the_server_says(app: App) -> None:
    """Records of a request go to wsgi.errors, others to sys.stderr."""

    @app.get("/")
    def index() -> str:
        app.logger.warning("oh %s", "no")
        return ""

    errors = io.StringIO()
    app.test_client().get("/", errors_stream=errors)
    assert app.logger.name == "nbt_log"
    assert errors.getvalue().endswith("WARNING in test_app_log: oh no\n")


def test_outside_a_request_it_writes_to_stderr(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    """The stream is looked up when it is written to."""
    app.logger.error("outside")
    assert capsys.readouterr().err.endswith("ERROR in test_app_log: outside\n")
    print("more", file=wsgi_errors_stream)
    assert capsys.readouterr().err == "more\n"


def test_debug_mode_lets_everything_through(app: App) -> None:
    """In debug mode the level is DEBUG, unless one was set."""
    app.debug = True
    assert app.logger.level == logging.DEBUG
    logger = logging.getLogger("nbt_log")
    logger.setLevel(logging.ERROR)
    assert create_logger(app).level == logging.ERROR


def test_logging_that_was_set_up_is_left_alone(app: App) -> None:
    """A handler of the root logger that takes the records is enough; one that does not, or no propagation, is not."""
    logger = logging.getLogger("nbt_log")
    root = logger.parent
    assert root is not None
    high = logging.StreamHandler(io.StringIO())
    high.setLevel(logging.CRITICAL)
    root.handlers.append(high)
    assert not has_level_handler(logger)
    root.handlers.append(logging.StreamHandler(io.StringIO()))
    assert has_level_handler(logger)
    assert create_logger(app).handlers == []
    logger.propagate = False
    try:
        assert not has_level_handler(logger)
        assert create_logger(app).handlers == [default_handler]
        assert create_logger(app).handlers == [default_handler]
    finally:
        logger.propagate = True


def test_an_unhandled_exception_is_logged_with_its_request(app: App) -> None:
    """The record names path and method, and has the traceback."""
    errors = io.StringIO()

    def fail() -> Any:
        raise ZeroDivisionError("oh no")

    app.add_url_rule("/a", "a", fail)
    assert app.test_client().get("/a", errors_stream=errors).status_code == 500
    assert "Exception on /a [GET]" in errors.getvalue()
    assert errors.getvalue().endswith("ZeroDivisionError: oh no\n")
