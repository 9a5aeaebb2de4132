"""``%exchanges``: the last exchanges, whoever sent them."""

from __future__ import annotations

from nbmicro.errors import OptionError
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics.magic import magic


@magic("exchanges", options={}, words=1)
def exchanges(session: Session, count: str = "10") -> None:
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
    if not (count.isdecimal() and int(count)):
        raise OptionError(f"%exchanges takes a number, 1 or more; `{count}` is none.", hint="Try:  %exchanges 20")
    from nbmicro.render.exchange import list_exchanges

    session.host.display(list_exchanges(list(session.history), int(count)))
