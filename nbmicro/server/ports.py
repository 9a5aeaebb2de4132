"""Ports: which one to take, how to hold it alone, and who has the one that is taken."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from nbmicro.errors import ServeError

DEFAULT_PORT = 5000
_TRIES = 100
#: Connections that may wait to be taken; who finds no place there tries again after 1, 3, 7 … seconds.
BACKLOG = 1024
_LISTEN_STATE = "0A"  # TCP_LISTEN in /proc/net/tcp
_SEARCH_SECONDS = 1.0


@dataclass(frozen=True)
class Holder:
    """Who listens on a port.

    Parameters
    ----------
    pid:
        The process id, or None where the system does not tell it to this user.
    command:
        The command line of the process, shortened; empty when unknown.
    """

    pid: int | None = None
    command: str = ""

    @property
    def is_this_process(self) -> bool:
        """Whether it is the process that asks."""
        return self.pid == os.getpid()

    def __str__(self) -> str:
        if self.pid is None:
            return "another program"
        if self.is_this_process:
            return "another server in this same process"
        return f"{self.command or 'a program'} (process {self.pid})"


class PortTaken(ServeError):
    """A port that was asked for by number is in use. ``holder`` is who listens there, as far as it could be found
    out."""

    def __init__(self, message: str, *, hint: str | None, port: int, holder: Holder) -> None:
        super().__init__(message, hint=hint)
        self.port = port
        self.holder = holder


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen, so that nobody else has the port and it can be had again right after it is closed.

    Raises
    ------
    OSError
        As the system says it: ``EADDRINUSE`` for a busy port, ``EACCES``, ``EADDRNOTAVAIL``; ``socket.gaierror`` for a
        host name that means nothing.
    """
    platform: str = sys.platform
    if platform == "darwin" and port and _answers_elsewhere(port):
        # There one may bind a loopback address beside someone's `*:port`, and localhost would go on reaching them.
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    infos = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )
    # Of a name that has both, the IPv4 address: it is what ``localhost`` means to most clients, and in URLs.
    family, kind, proto, _, address = min(infos, key=lambda entry: entry[0] != socket.AF_INET)
    sock = socket.socket(family, kind, proto)
    try:
        sock.set_inheritable(False)
        if sys.platform == "win32":
            # There SO_REUSEADDR would let two servers share the port, each getting some of the requests.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Lets a restart take the port over closed connections that linger; a second listener is still rejected.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def listen_on_free(host: str, first: int = DEFAULT_PORT) -> socket.socket:
    """Listen on ``first`` or the next port nobody has; any free one when a hundred in a row are taken."""
    for port in range(first, first + _TRIES):
        if _answers_elsewhere(port):
            continue
        try:
            return listen(host, port)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    return listen(host, 0)


def _answers_elsewhere(port: int) -> bool:
    """Whether a browser that is sent to ``localhost:port`` would reach someone, on either loopback address.

    Binding alone does not tell: ``localhost`` may mean ``::1``, where another server can sit.
    """
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(0.2)
            probe.connect((address, port))
            return True
    return False


def holder_of(port: int) -> Holder:
    """Who listens on a port, within a second: from /proc on Linux, from ``lsof`` on macOS, else unknown."""
    platform: str = sys.platform
    with contextlib.suppress(OSError):
        if platform == "linux":
            return _holder_from_proc(port)
        if platform == "darwin":
            return _holder_from_lsof(port)
    return Holder()


def _holder_from_proc(port: int) -> Holder:
    inodes = set(_listening_inodes(port))
    if not inodes:
        return Holder()
    links = {f"socket:[{inode}]" for inode in inodes}
    deadline = time.monotonic() + _SEARCH_SECONDS
    # This process first: it is the likeliest in a notebook, and then nothing else has to be read.
    this = os.getpid()
    others = (int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != this)
    for pid in (this, *others):
        if time.monotonic() > deadline:
            break
        if _holds(pid, links):
            return Holder(pid, _command(pid))
    return Holder()


def _listening_inodes(port: int) -> Iterator[str]:
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[1].endswith(wanted) and fields[3] == _LISTEN_STATE:
                    yield fields[9]


def _holds(pid: int, links: set[str]) -> bool:
    folder = f"/proc/{pid}/fd"
    # A process may end, or belong to someone else, while it is looked at.
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                if os.readlink(f"{folder}/{name}") in links:
                    return True
    return False


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        return _shorten(words)
    return ""


def _shorten(words: list[str]) -> str:
    """``/usr/bin/python3 -m http.server 5000`` as ``python3 -m http.server 5000``: enough to know it again."""
    words = [word for word in words if word]
    if not words:
        return ""
    words[0] = words[0].rpartition("/")[2]
    text = " ".join(" ".join(words).split())
    return text if len(text) <= 60 else text[:59] + "…"


def _holder_from_lsof(port: int) -> Holder:
    import subprocess

    try:
        output = subprocess.run(
            ["/usr/sbin/lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"],
            capture_output=True,
            text=True,
            timeout=2 * _SEARCH_SECONDS,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired:
        return Holder()
    fields = {line[:1]: line[1:] for line in reversed(output.splitlines()) if line}
    if not fields.get("p", "").isdigit():
        return Holder()
    command = fields.get("c", "")
    if command.startswith("ControlCe"):
        command = "macOS's AirPlay Receiver"
    return Holder(int(fields["p"]), command)


def bind(host: str, port: int | None, *, command: str, served: Collection[int] = ()) -> socket.socket:
    """Listen on a port of ``host``; without a port on 5000, or the next free one.

    Parameters
    ----------
    host:
        The address to bind, or a name for it.
    port:
        The TCP port.
    command:
        What the user typed, for the hint.
    served:
        The ports of the servers of this process.

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
            raise _taken(host, port, command, port in served) from None
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


def _taken(host: str, port: int, command: str, is_served: bool) -> PortTaken:
    in_kernel = command.startswith("%")
    holder = Holder(os.getpid()) if is_served else holder_of(port)
    who = "this kernel's own server" if is_served and in_kernel else str(holder)
    free = port + 1
    with contextlib.suppress(OSError), listen_on_free(host, free) as sock:
        free = sock.getsockname()[1]
    hints = [f"{command} --port {free}"]
    if is_served and in_kernel:
        hints.append(f"{command} --stop")
    elif holder.pid is not None and not holder.is_this_process:
        hints.append(f"end that program (kill {holder.pid})")
    return PortTaken(
        f"Port {port} is taken by {who}.",
        hint=f"What would do:  {'   or:  '.join(hints)}",
        port=port,
        holder=holder,
    )
