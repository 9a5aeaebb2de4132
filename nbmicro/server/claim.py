"""An address for a server: its listening socket, or the words that say why it cannot be had and what would do."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Collection

from nbmicro.errors import ServeError
from nbmicro.server.port import Holder, PortTaken, holder_of, listen, listen_on_free


def claim(host: str, port: int | None, *, command: str, own: Collection[int] = ()) -> socket.socket:
    """Listen on a port of ``host``; without a port on 5000, or the next free one.

    Parameters
    ----------
    host:
        The address to bind, or a name for it.
    port:
        The TCP port.
    command:
        What the user typed, for the way out.
    own:
        The ports of this process's own servers.

    Raises
    ------
    PortTaken
        Someone has the port; says who.
    ServeError
        The address is none of this machine, or may not be had.
    """
    if port is not None and not 0 <= port <= 65535:
        raise ServeError(f"{port} is no port: they go from 1 to 65535.", hint=f"{command} --port 5000")
    try:
        return listen_on_free(host) if port is None else listen(host, port)
    except socket.gaierror as error:
        raise _no_address(host, command) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE and port is not None:
            raise _taken(host, port, command, port in own) from None
        if error.errno == errno.EACCES:
            raise ServeError(
                f"This user may not listen on port {port}: ports below 1024 belong to the administrator.",
                hint=f"{command} --port 5000",
            ) from error
        if error.errno == errno.EADDRNOTAVAIL:
            raise _no_address(host, command) from error
        raise ServeError(f"Port {port} of {host} cannot be had: {error.strerror}.") from error


def _no_address(host: str, command: str) -> ServeError:
    return ServeError(
        f"{host!r} is no address of this machine, nor a name for one.",
        hint=f"Leave --host away for this machine alone. For the whole network:  {command} --host 0.0.0.0",
    )


def _taken(host: str, port: int, command: str, is_ours: bool) -> PortTaken:
    in_kernel = command.startswith("%")
    holder = Holder(os.getpid()) if is_ours else holder_of(port)
    who = "this kernel's own server" if is_ours and in_kernel else str(holder)
    cures = [f"{command} --port {_next_free(host, port + 1)}"]
    if is_ours and in_kernel:
        cures.append(f"{command} --stop")
    elif holder.pid is not None and not holder.is_this_process:
        cures.append(f"end that program (kill {holder.pid})")
    return PortTaken(
        f"Port {port} is taken by {who}.",
        hint=f"What would do:  {'   or:  '.join(cures)}",
        port=port,
        holder=holder,
    )


def _next_free(host: str, first: int) -> int:
    with contextlib.suppress(OSError), listen_on_free(host, first) as sock:
        return int(sock.getsockname()[1])
    return first
