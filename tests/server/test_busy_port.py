"""A port that is taken: who has it, what would do, and never a crash or an old server that goes on in silence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from nbmicro.errors import ServeError
from nbmicro.server import ports
from nbmicro.server.ports import DEFAULT_PORT, Holder, PortTaken, holder_of, listen, listen_on_free
from nbmicro.server.server import BackgroundServer
from tests.support.asking import DEADLINE, ask, free_port, hello

Serve = Callable[..., BackgroundServer]
linux = pytest.mark.skipif(sys.platform != "linux", reason="who holds a port is read from /proc")


@pytest.fixture
def other_program() -> Iterator[tuple[int, int]]:
    """Another process that listens: its port and its process id."""
    source = (
        "import socket, sys; listening = socket.create_server(('127.0.0.1', 0));"
        "print(listening.getsockname()[1], flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield int(process.stdout.readline()), process.pid
    process.communicate(timeout=DEADLINE)


@linux
def test_a_named_port_of_another_program_says_who_has_it(other_program: tuple[int, int]) -> None:
    """The error names the port, the program, its process id, and a port that is free; quickly."""
    port, pid = other_program
    began = time.monotonic()
    with pytest.raises(PortTaken) as caught:
        BackgroundServer(hello, port=port).start()
    assert time.monotonic() - began < 5
    error = caught.value
    assert isinstance(error, ServeError)
    assert error.holder.pid == pid
    assert f"Port {port} is taken by python" in error.message
    assert f"(process {pid})" in error.message
    assert error.hint is not None
    assert "%serve --port" in error.hint
    assert f"kill {pid}" in error.hint


@linux
def test_the_port_that_the_error_offers_is_free(other_program: tuple[int, int], serve: Serve) -> None:
    """The corrected line of the error works as it stands."""
    with pytest.raises(PortTaken) as caught:
        BackgroundServer(hello, port=other_program[0]).start()
    offered = int(str(caught.value.hint).partition("--port ")[2].split()[0])
    assert ask(serve(port=offered).port)[0] == 200


def test_a_port_of_our_own_server_says_so(serve: Serve) -> None:
    """The error knows the kernel's own server, offers %serve --stop, and the old one is not passed off as the new."""
    server = serve()
    with pytest.raises(PortTaken) as caught:
        BackgroundServer(hello, port=server.port).start()
    assert caught.value.message == f"Port {server.port} is taken by this kernel's own server."
    assert "%serve --stop" in str(caught.value.hint)


@linux
def test_a_port_of_another_server_in_this_process_says_so() -> None:
    """A socket that this process opened without us is told from another program."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        assert holder_of(port).pid == os.getpid()
        with pytest.raises(PortTaken, match="another server in this same process"):
            BackgroundServer(hello, port=port).start()


def test_a_holder_that_cannot_be_known_is_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system tells nothing, the error still says what would do."""
    monkeypatch.setattr("nbmicro.server.ports.holder_of", lambda port: Holder())
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(PortTaken, match="taken by another program") as caught:
            BackgroundServer(hello, port=port, command="nbmicro run app.ipynb").start()
    assert "nbmicro run app.ipynb --port" in str(caught.value.hint)
    assert "kill" not in str(caught.value.hint)


def test_without_a_named_port_the_next_free_one_is_taken() -> None:
    """Where the first port is busy, the server is on a later one and nobody has to ask."""
    first = free_port()
    with socket.create_server(("127.0.0.1", first)), listen_on_free("127.0.0.1", first) as sock:
        assert sock.getsockname()[1] > first


def test_without_a_named_port_it_is_5000_or_the_next(serve: Serve) -> None:
    """The default is a port that people know."""
    assert DEFAULT_PORT <= serve(port=None).port < DEFAULT_PORT + 100


def test_a_port_where_localhost_reaches_someone_else_is_not_chosen() -> None:
    """A server on ::1 would answer a browser that is sent to localhost, so its port is not free for us."""
    try:
        other = listen("::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with other:
        taken = other.getsockname()[1]
        with listen_on_free("127.0.0.1", taken) as sock:
            assert sock.getsockname()[1] != taken


def test_two_servers_never_share_a_port(serve: Serve) -> None:
    """The address everyone uses and loopback cannot both be listened on at one port."""
    server = serve()
    for host in ("127.0.0.1", "0.0.0.0"):
        with pytest.raises(OSError, match="in use"):
            listen(host, server.port)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": 70000}, "70000 is no port"),
        ({"host": "no.such.host.invalid"}, "'no.such.host.invalid' is no address"),
        ({"host": "203.0.113.7"}, "'203.0.113.7' is no address"),
    ],
)
def test_an_address_that_cannot_be_bound_says_what_would_do(options: dict[str, object], words: str) -> None:
    """A wrong port or host is an error with a way out, not one of the socket module."""
    with pytest.raises(ServeError, match=words) as caught:
        BackgroundServer(hello, **{"port": free_port(), **options}).start()  # type: ignore[arg-type]
    assert caught.value.hint


def test_a_port_of_the_administrator_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses a low port, the error says why and names one that works."""

    def refuse(host: str, port: int) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("nbmicro.server.ports.listen", refuse)
    with pytest.raises(ServeError, match="below 1024") as caught:
        BackgroundServer(hello, port=80).start()
    assert "--port 5000" in str(caught.value.hint)


def test_a_long_command_is_shortened() -> None:
    """A diagnosis stays one line, however long the program's command line is."""
    text = str(Holder(4711, ports._shorten(["/usr/bin/python3", "-c", "x" * 500])))
    assert text.startswith("python3 -c xxx")
    assert len(text) < 100
