"""Messages for the visitor's next page."""

from __future__ import annotations

from collections.abc import Iterable

from nbmicro.web.contexts import need_app_context
from nbmicro.web.request_context import need_request_context
from nbmicro.web.signals import message_flashed

__all__ = ["flash", "get_flashed_messages"]


def flash(message: str, category: str = "message") -> None:
    """Keep a message for the next page that asks for messages.

    Parameters
    ----------
    message:
        What to say; Markup stays markup.
    category:
        Of which kind it is: ``"message"``, ``"error"``, ``"info"``, ``"warning"`` or any other word.
    """
    app = need_app_context().app
    session = need_request_context().session
    # Assigned anew, for the session does not see that a list inside it has grown.
    session["_flashes"] = [*session.get("_flashes", ()), (category, message)]
    message_flashed.send(app, _async_wrapper=app.ensure_sync, message=message, category=category)


def get_flashed_messages(
    with_categories: bool = False, category_filter: Iterable[str] = ()
) -> list[str] | list[tuple[str, str]]:
    """Take the messages out of the session; further calls in the same request give the same messages.

    Parameters
    ----------
    with_categories:
        Whether to give ``(category, message)`` pairs.
    category_filter:
        The categories wanted; none means all.
    """
    context = need_request_context()
    if context.flashes is None:
        session = context.session
        context.flashes = list(session.pop("_flashes")) if "_flashes" in session else []
    wanted = frozenset([category_filter] if isinstance(category_filter, str) else category_filter)
    pairs = [(category, text) for category, text in context.flashes if not wanted or category in wanted]
    return pairs if with_categories else [text for _, text in pairs]
