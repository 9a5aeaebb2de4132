"""Route decorators that a cell made and put above no function, which declares nothing.

``app.route("/y")`` without @.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbmicro.web.owners import Run, current_run


class UnusedDecorators:
    """The decorators that were made while cells run."""

    def __init__(self) -> None:
        self._made: list[tuple[Run, Any, str, Any, Any]] = []

    def made(self, maker: Any, rule: str, methods: Any, decorator: Any) -> None:
        """Note one; outside of a cell nobody would be told."""
        run = current_run()
        if run is not None:
            self._made.append((run, maker, rule, methods, decorator))

    def told(self, run: Run, names: Mapping[str, Any]) -> list[str]:
        """What is to be said of those of a cell that ended; they are forgotten then.

        Parameters
        ----------
        run:
            The cell's run.
        names:
            The notebook's variables. A decorator that has a name there is kept for later.
        """
        own = [one for one in self._made if one[0] is run]
        self._made = [one for one in self._made if one[0] is not run]
        return [
            _line(maker, rule, methods, names)
            for _, maker, rule, methods, decorator in own
            if not hasattr(decorator, "used") and not any(value is decorator for value in _named(names).values())
        ]


def _named(names: Mapping[str, Any]) -> dict[str, Any]:
    # IPython's own names, `_` and `_12`, hold whatever a cell's last line gave.
    return {name: value for name, value in list(names.items()) if not name.startswith("_")}


def _line(maker: Any, rule: str, methods: Any, names: Mapping[str, Any]) -> str:
    name = next((name for name, value in _named(names).items() if value is maker), "app")
    more = f", methods={list(methods)!r}" if methods else ""
    return (
        f"not declared: {name}.route({rule!r}) is a decorator, and stands above no function. "
        f"Write  @{name}.route({rule!r}{more})  above one, or  {name}.add_url_rule({rule!r}, view_func=…{more})"
    )
