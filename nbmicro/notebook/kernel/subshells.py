"""Which thread of the kernel hears a widget: the one that the front end names, also while a cell runs."""

from __future__ import annotations

from typing import Any


def hear_at_once(widget: Any) -> None:
    """Let the messages of a widget, and of those inside it, come by the subshell that the front end sends them to.

    ipykernel 7.4 brings them to the shell that last spoke for the widget instead: of one that a cell has made, to the
    shell that runs cells, where they wait until a running cell has ended, and come later than those of other widgets.
    An older kernel does not know the question, and there nothing changes.
    """
    comm: Any = getattr(widget, "comm", None)
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
    for child in getattr(widget, "children", ()):
        hear_at_once(child)
