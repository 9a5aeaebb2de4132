"""The widgets that live in a notebook: the browsers of ``%browse`` and the panels of ``%explore``."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from nbmicro.threads.interrupts import AllOrNothing
from nbmicro.web.owners import CellOfText, current_run

if TYPE_CHECKING:
    from nbmicro.notebook.kernel.host import Host
    from nbmicro.notebook.kernel.target import Target

#: Widgets of one kind that live at once; the oldest ends when one more is opened.
LIMIT = 16
VIEW_TYPE = "application/vnd.jupyter.widget-view+json"


class LiveWidget(Protocol):
    """A widget that talks to the kernel as long as it lives."""

    @property
    def model_id(self) -> str:
        """The model of its view."""
        ...

    @property
    def targets(self) -> Sequence[Target]:
        """The apps that it asks, whatever the magics speak to."""
        ...

    def cell_ended(self) -> None:
        """Look what a cell has changed; return at once."""
        ...

    def close(self) -> None:
        """End it, with all that it holds."""
        ...


class LiveWidgets:
    """The widgets of one notebook, each known by its kind and the cell that opened it.

    A widget ends when its cell opens another one, when too many of its kind are open, and with the session.

    Parameters
    ----------
    host:
        Shows them.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kinds: dict[str, OrderedDict[Hashable, LiveWidget]] = {}
        #: Those that have ended and may have to be closed yet.
        self._replaced: list[LiveWidget] = []

    def show(
        self,
        kind: str,
        widget: LiveWidget,
        text: str,
        still: Mapping[str, str] | None,
        *,
        without_cell: Hashable = None,
    ) -> None:
        """Show a widget that the running cell has opened.

        Parameters
        ----------
        kind, widget:
            The name of its magic, and the widget.
        text:
            What is shown where there are no widgets.
        still:
            What readers who run nothing see below it.
        without_cell:
            What makes a widget the same one when it is opened again, where cells have no ids.
        """
        run = current_run()
        key = run.owner.key if run is not None else None
        if key is None or isinstance(key, CellOfText):
            key = without_cell
        opened = self._kinds.setdefault(kind, OrderedDict())
        with AllOrNothing() as changes:
            changes.on_failure(widget.close)
            changes.on_failure(partial(opened.pop, key, None))
            if key in opened:
                self._replaced.append(opened[key])
            opened[key] = widget
            opened.move_to_end(key)
            while len(opened) > LIMIT:
                self._leave(opened, next(iter(opened)))
            self._close_replaced()
            view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
            self._host.display({VIEW_TYPE: view, "text/plain": text})
            if still is not None:
                html = still.get("text/html")
                drawn = {} if html is None else {"text/html": f'<div class="nbmicro-{kind}-still">{html}</div>'}
                self._host.display({**still, **drawn})

    def __iter__(self) -> Iterator[LiveWidget]:
        # Threads read this too, while a cell opens one.
        return iter([widget for opened in list(self._kinds.values()) for widget in list(opened.values())])

    def cell_ended(self) -> None:
        """Let each look what a cell has changed."""
        self._close_replaced()
        for widget in self:
            widget.cell_ended()

    def close(self) -> None:
        """End all of them, the newest first."""
        for opened in self._kinds.values():
            while opened:
                self._leave(opened, next(reversed(opened)))
                self._close_replaced()

    def _leave(self, opened: OrderedDict[Hashable, LiveWidget], key: Hashable) -> None:
        self._replaced.append(opened[key])
        del opened[key]

    def _close_replaced(self) -> None:
        """Close what has ended, that too of which an interrupt kept it."""
        while self._replaced:
            self._replaced[-1].close()
            self._replaced.pop()
