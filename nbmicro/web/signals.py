"""The signals an app sends while it works, in blinker's form; a receiver that a cell connects is the cell's."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import blinker
from blinker import ANY, NamedSignal

from nbmicro.web.declarations import Declaration
from nbmicro.web.ledger import Ledger
from nbmicro.web.owners import current_owner, current_run

F = TypeVar("F", bound=Callable[..., Any])

_ledger = Ledger()
_OWNED = "connections of cells"


def _nobody(sender: Any, **kwargs: Any) -> None:
    """Stands in blinker's table for the connections that cells own; blinker never calls it."""


class Connection:
    """One connection that a cell made. The sender may be blinker's ``ANY``."""

    __slots__ = ("__weakref__", "connected", "receiver", "sender", "signal")

    def __init__(self, signal: OwnedSignal, receiver: Callable[..., Any], sender: Any) -> None:
        self.signal, self.receiver, self.sender = signal, receiver, sender
        self.connected = True

    def hears(self, signal: OwnedSignal, sender: Any) -> bool:
        """Whether the receiver is to be called for ``sender``."""
        if not self.connected or self.signal is not signal:
            return False
        # Equality, since an app that its cell made again equals the one before.
        return self.sender is ANY or self.sender is sender or self.sender == sender


class OwnedSignal(NamedSignal):
    """blinker's signal. A receiver that a cell connects is the cell's, and is held until the cell gives it up; one that
    a program or a module connects is blinker's as ever, weakly held."""

    def connect(self, receiver: F, sender: Any = ANY, weak: bool = True) -> F:
        """Call ``receiver`` whenever the signal is sent by ``sender``."""
        who = current_owner()
        if who.run is None or who.owner.kind != "cell":
            return super().connect(receiver, sender, weak)
        name = getattr(receiver, "__qualname__", type(receiver).__qualname__)
        with _ledger.lock:
            _ledger.declare(Declaration("receiver", f"{self.name} {name}", Connection(self, receiver, sender)), who)
            # Whoever asks whether there are receivers at all, as the short way does, looks at blinker's own table.
            self.receivers[_OWNED] = _nobody
        return receiver

    def disconnect(self, receiver: Callable[..., Any], sender: Any = ANY) -> None:
        """Call ``receiver`` no more for ``sender``; for none at all without one."""
        for connection in self._connections():
            if connection.receiver == receiver and (sender is ANY or connection.sender == sender):
                connection.connected = False
        super().disconnect(receiver, sender)

    def receivers_for(self, sender: Any) -> Generator[Callable[..., Any], None, None]:
        """The receivers to call for ``sender``: those of cells as the running cell sees them, and all others."""
        yield from super().receivers_for(sender)
        if _OWNED in self.receivers:
            hearing = [one.receiver for one in self._connections() if one.hears(self, sender)]
            if not hearing:
                self._forget_cells()
            yield from hearing

    def has_receivers_for(self, sender: Any) -> bool:
        """Whether anyone is called for ``sender``."""
        return next(self.receivers_for(sender), None) is not None

    def _forget_cells(self) -> None:
        """Take blinker's table back to what it was where no cell is connected any more, nor one about to be."""
        with _ledger.lock:
            if not any(
                one.value.signal is self and one.value.connected
                for one in _ledger.everything()
                if one.kind == "receiver"
            ):
                self.receivers.pop(_OWNED, None)

    @staticmethod
    def _connections() -> list[Connection]:
        run = current_run()
        seen = run if run is not None and id(_ledger) in run.ledgers else None
        return [entry.declaration.value for entry in _ledger.entries(seen)]


class Namespace(blinker.Namespace):
    """blinker's namespace, whose signals know the cells that connect to them."""

    def signal(self, name: str, doc: str | None = None) -> NamedSignal:
        """The signal of this name, made when it is first asked for."""
        if name not in self:
            self[name] = OwnedSignal(name, doc)
        return self[name]


_ours = Namespace()

#: A template is about to be rendered; comes with ``template`` and ``context``.
before_render_template = _ours.signal("before-render-template")
#: A template was rendered; comes with ``template`` and ``context``.
template_rendered = _ours.signal("template-rendered")
#: A request begins: its context is there, no hook has run.
request_started = _ours.signal("request-started")
#: A response is ready to be sent; comes with ``response``.
request_finished = _ours.signal("request-finished")
#: A request's context goes away; comes with ``exc``.
request_tearing_down = _ours.signal("request-tearing-down")
#: An exception became a 500, or is about to be raised again; comes with ``exception``.
got_request_exception = _ours.signal("got-request-exception")
#: An app context goes away; comes with ``exc``.
appcontext_tearing_down = _ours.signal("appcontext-tearing-down")
#: An app context came into effect.
appcontext_pushed = _ours.signal("appcontext-pushed")
#: An app context is no longer in effect.
appcontext_popped = _ours.signal("appcontext-popped")
#: A message was flashed; comes with ``message`` and ``category``.
message_flashed = _ours.signal("message-flashed")
