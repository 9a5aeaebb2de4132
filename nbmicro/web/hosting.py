"""What a host, a notebook or a command line, sets in the core.

A host sets the attributes of :data:`hosting` and resets them when it leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Hosting:
    """What the host has set.

    Attributes
    ----------
    run_app:
        Called as ``run_app(app, host, port)`` instead of starting a blocking development server; None without a host.
    ephemeral_keys:
        Whether an app without a secret key may have one that lasts as long as the process; only a live kernel says so.
    auto_reload:
        Whether templates on disk are looked at again each time, where the app's configuration does not say.
    explain_none:
        Called with a handler that returned None; gives its last line and the hint, or None.
    return_lines:
        Called with a handler whose return value was rejected; gives the lines where it returns, or None.
    users_trace:
        Called with a traceback that is to be logged; gives the part of it that the user wrote.
    decorator_made:
        Called with an app or blueprint, a rule, its methods, and the decorator that is made of them; the decorator gets
        an attribute ``used`` when it stands above a function.
    context_pushed, context_popped:
        Called with each context that is pushed and popped by its methods.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the host."""
        self.run_app: Callable[..., Any] | None = None
        self.ephemeral_keys: bool = False
        self.auto_reload: bool = False
        self.explain_none: Callable[[Any], str | None] | None = None
        self.return_lines: Callable[[Any], str | None] | None = None
        self.users_trace: Callable[[Any], Any] | None = None
        self.decorator_made: Callable[[Any, str, Any, Any], None] | None = None
        self.context_pushed: Callable[[Any], None] | None = None
        self.context_popped: Callable[[Any], None] | None = None


hosting = Hosting()

_keys: dict[str, str] = {}


def ephemeral_key(app: Any) -> str | None:
    """A secret key for an app that has none, for as long as this process lives; None where the host allows none."""
    if not hosting.ephemeral_keys:
        return None
    if "key" not in _keys:
        import secrets

        _keys["key"] = secrets.token_hex()
    return _keys["key"]
