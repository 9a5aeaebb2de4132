"""``%exchanges``: the last exchanges, whoever sent them.

What lives here: the magic. What must not: the history.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import no_var_expand

from nbmicro.errors import OptionError
from nbmicro.exchange.record import Exchange
from nbmicro.notebook.magics.help import asks_for_help
from nbmicro.notebook.magics.options import read_options
from nbmicro.notebook.session import Session

__all__ = ["make"]


def make(session: Session) -> Callable[..., Any]:
    """The magic of a session."""

    @no_var_expand
    def exchanges(line: str) -> None:
        """Show the last exchanges, newest last: from cells, from client, and from visitors of the server.

        %exchanges [N]

        N         how many; 10 unless said otherwise. The last 100 are kept.

        In plain Python:  list(client.history)
        """
        if asks_for_help(line, exchanges):
            return
        words = read_options("%exchanges", line, {}, words=1)["words"]
        if words and not words[0].isdecimal():
            raise OptionError(f"%exchanges takes a number; `{words[0]}` is none.", hint="Try:  %exchanges 20")
        print(_table(session, int(words[0]) if words else 10))

    return exchanges


def _table(session: Session, count: int) -> str:
    kept = list(session.history)
    shown = list(enumerate(kept, 1))[-count:] if count else []
    if not shown:
        return "No exchange yet. Send a request:  %http /"
    rows = [
        (str(number), one.request.method, one.request.target, str(one.status), _remark(one)) for number, one in shown
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([row[0].rjust(widths[0]), *(row[at].ljust(widths[at]) for at in (1, 2, 3)), row[4]]).rstrip()
        for row in rows
    )


def _remark(exchange: Exchange) -> str:
    """Who sent it, where that was a visitor of the server, and what failed."""
    words = ["server"] if exchange.origin == "server" else []
    if exchange.error is not None:
        frame = exchange.error.frames[-1] if exchange.error.frames else None
        place = f" ({frame.label}, line {frame.line})" if frame is not None else ""
        words.append(f"{exchange.error.type}: {exchange.error.message.partition(chr(10))[0]}{place}")
    return "  ".join(words)
