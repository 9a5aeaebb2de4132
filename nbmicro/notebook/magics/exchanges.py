"""``%exchanges``: the last exchanges, whoever sent them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import no_var_expand

from nbmicro.errors import OptionError
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.help import asks_for_help
from nbmicro.notebook.magics.options import read_options


def make(session: Session) -> Callable[..., Any]:
    """The magic of a session."""

    @no_var_expand
    def exchanges(line: str) -> None:
        """Show the last exchanges, newest last: from cells, from client, widgets, and visitors of the server.

        %exchanges [N]

        N         how many; 10 unless said otherwise. The last 100 are kept.

        Each line opens what its exchange shows. They are the items of client.history, the last one is
        client.history[-1]. Of an exchange x:

            x.status  x.headers  x.json  x.text  x.output  x.logs  x.error  x.checks  x.request  x.response
            x.replay()     send the same request once more
            x.as_curl()    the request as a curl command; as_curl(secrets=True) with its secrets
            x.as_http()    the request as the text of a %%http cell

        In plain Python:  list(client.history)
        """
        if asks_for_help(line, exchanges):
            return
        words = read_options("%exchanges", line, {}, words=1)["words"]
        if words and not (words[0].isdecimal() and int(words[0])):
            raise OptionError(
                f"%exchanges takes a number, 1 or more; `{words[0]}` is none.", hint="Try:  %exchanges 20"
            )
        from nbmicro.render.listing import list_exchanges

        session.host.display(list_exchanges(list(session.history), int(words[0]) if words else 10))

    return exchanges
