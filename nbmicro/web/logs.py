"""An app's log."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, TextIO

from werkzeug.local import LocalProxy

from nbmicro.web.contexts import environ_here

if TYPE_CHECKING:
    from nbmicro.web.app import App


wsgi_errors_stream: TextIO = LocalProxy(lambda: environ_here().get("wsgi.errors", sys.stderr))  # type: ignore[assignment]
"""Where errors are written: the server's ``wsgi.errors`` (PEP 3333) during a request, else ``sys.stderr``."""

default_handler: logging.StreamHandler[TextIO] = logging.StreamHandler(wsgi_errors_stream)
"""The handler that an app's logger gets when no handler would see its records."""

default_handler.setFormatter(logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s"))


def has_level_handler(logger: logging.Logger) -> bool:
    """Whether a handler of the logger, or one it passes records on to, takes records of the logger's level."""
    level = logger.getEffectiveLevel()
    current: logging.Logger | None = logger
    while current is not None:
        if any(handler.level <= level for handler in current.handlers):
            return True
        current = current.parent if current.propagate else None
    return False


def create_logger(app: App) -> logging.Logger:
    """The logger named as the app: at level DEBUG in debug mode, with :data:`default_handler` if it needs a handler."""
    logger = logging.getLogger(app.name)
    if app.debug and not logger.level:
        logger.setLevel(logging.DEBUG)
    if not has_level_handler(logger):
        logger.addHandler(default_handler)
    return logger
