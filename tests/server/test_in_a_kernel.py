"""The background server of a live kernel: it ends with the kernel, however that ends, and never takes it along."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel
from tests.support.asking import DEADLINE, ask, can_listen, free_port

pytestmark = pytest.mark.kernel


def prepare(real: RealKernel) -> None:
    real.check("%load_ext nbmicro")
    real.check("%%route /\n'here'", cell_id="home")


@pytest.fixture(scope="module")
def shared() -> Iterator[RealKernel]:
    with RealKernel() as real:
        yield real


@pytest.fixture
def kernel(shared: RealKernel) -> Iterator[RealKernel]:
    """A kernel that lives on, with a page and no server."""
    prepare(shared)
    yield shared
    shared.check("%reload_ext nbmicro")


@pytest.fixture
def mortal() -> Iterator[RealKernel]:
    """A kernel for a test that ends it."""
    with RealKernel() as real:
        prepare(real)
        yield real


def wait_until_free(port: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while not can_listen(port):
        assert time.monotonic() < deadline, f"port {port} is still held"
        time.sleep(0.02)


def test_a_kernel_that_is_shut_down_frees_its_port(mortal: RealKernel) -> None:
    """After a proper shutdown the port can be had at once."""
    port = free_port()
    mortal.check(f"%serve --port {port}")
    assert ask(port)[2] == b"here"
    mortal.shutdown()
    wait_until_free(port)


def test_a_kernel_that_is_killed_frees_its_port(mortal: RealKernel) -> None:
    """After SIGKILL too."""
    port = free_port()
    mortal.check(f"%serve --port {port}")
    assert ask(port)[2] == b"here"
    mortal.shutdown(now=True)
    wait_until_free(port)


def test_stop_and_unload_leave_no_thread(kernel: RealKernel) -> None:
    """%serve --stop and %unload_ext end every thread of the server, and free the port."""
    port = free_port()
    threads = "import threading; sorted(t.name for t in threading.enumerate() if t.name.startswith('nbmicro-'))"
    kernel.check(f"%serve --port {port}")
    assert "nbmicro-server" in kernel.check(threads).text
    kernel.check("%serve --stop")
    assert kernel.check(threads).text == "[]"
    assert can_listen(port)
    kernel.check(f"%serve --port {port}")
    kernel.check("%unload_ext nbmicro")
    assert kernel.check(threads).text == "[]"
    assert can_listen(port)


def test_a_taken_port_is_said_and_the_kernel_lives_on(kernel: RealKernel) -> None:
    """The cell fails with who has the port and what would do; the next cell runs, and so does the offered line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        reply = kernel.run(f"%serve --port {port}")
        assert reply.error is not None
        assert f"Port {port} is taken by " in reply.error.traceback
        assert "%serve --port " in reply.error.traceback
        offered = int(reply.error.traceback.partition("%serve --port ")[2].split()[0])
        assert kernel.check("1 + 1").text == "2"
        kernel.check(f"%serve --port {offered}")
        assert ask(offered)[2] == b"here"


def test_serving_again_on_the_same_port_serves_the_new_app(kernel: RealKernel) -> None:
    """A re-run of %serve replaces the server, and the answers are those of the app as it is now."""
    port = free_port()
    kernel.check(f"%serve --port {port}")
    assert ask(port)[2] == b"here"
    kernel.check("%%route /\n'there'", cell_id="home")
    kernel.check(f"%serve --port {port}")
    assert ask(port)[2] == b"there"


def test_requests_are_answered_while_a_cell_is_busy(kernel: RealKernel) -> None:
    """A cell that computes does not hold up the server's clients."""
    port = free_port()
    kernel.check(f"%serve --port {port}")
    kernel.check("import threading; done = threading.Event()")
    kernel.check("%%route /finish\ndone.set()\n'finished'")
    busy = kernel.send("print('begun', flush=True); done.wait(30)")
    busy.wait_for_output("begun", timeout=DEADLINE)
    answers: list[bytes] = []
    clients = [threading.Thread(target=lambda: answers.append(ask(port)[2])) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(DEADLINE)
    assert answers == [b"here"] * 4
    assert ask(port, "/finish")[2] == b"finished"
    assert busy.result(timeout=DEADLINE).text == "True"


def test_an_interrupt_ends_the_cell_and_not_the_server(kernel: RealKernel) -> None:
    """The stop button is the cell's; visitors are answered before and after, by the same server."""
    port = free_port()
    kernel.check(f"%serve --port {port}")
    busy = kernel.send("import time\nprint('begun', flush=True)\ntime.sleep(60)")
    busy.wait_for_output("begun", timeout=DEADLINE)
    kernel.interrupt()
    error = busy.result(timeout=DEADLINE).error
    assert error is not None
    assert error.name == "KeyboardInterrupt"
    assert ask(port)[2] == b"here"


def test_a_kernel_that_is_restarted_can_serve_on_its_port_at_once(mortal: RealKernel) -> None:
    """Restart, run the cells again: the port is the same, and so is the address in the output."""
    port = free_port()
    shown = mortal.check(f"%serve --port {port}").text
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"here"
    mortal.shutdown()
    with RealKernel() as again:
        again.check("%load_ext nbmicro")
        again.check("%%route /\n'again'")
        assert again.check(f"%serve --port {port}").text == shown
        assert ask(port)[2] == b"again"
    connection.close()


def test_serve_moves_warns_and_stops_as_it_is_told(kernel: RealKernel) -> None:
    """Another port frees the first; --host warns whose rights handlers have; --stop may be said twice."""
    first, second = free_port(), free_port()
    kernel.check(f"%serve --port {first}")
    moved = kernel.check(f"%serve --port {second} --host 0.0.0.0").text
    assert f"http://127.0.0.1:{second}/" in moved
    assert "its handlers run with all of your rights" in moved
    assert can_listen(first)
    assert ask(second)[2] == b"here"
    assert kernel.check("%serve --stop").stdout == f"Stopped; port {second} is free.\n"
    assert can_listen(second)
    assert kernel.check("%serve --stop").stdout == "No server is running. Start one: %serve\n"
    shown = kernel.check("%serve")
    assert shown.html.count('target="_blank" rel="noopener"') == 1
    assert kernel.check("%serve").text == shown.text


def test_a_handler_that_never_returns_is_told_of_when_its_server_stops(kernel: RealKernel) -> None:
    """The port is free all the same, its client is cut off, and the cell says what can be done."""
    port = free_port()
    kernel.check("import threading; entered = threading.Event(); release = threading.Event()")
    kernel.check("%%route /stuck\nentered.set()\nrelease.wait(60)\n'late'")
    kernel.check(f"%serve --port {port}")
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as client:
        client.sendall(b"GET /stuck HTTP/1.1\r\nHost: localhost\r\n\r\n")
        kernel.check("entered.wait(10)")
        said = kernel.check("%serve --stop").stdout
        assert "A handler is still running, and nothing can end it from outside" in said
        assert can_listen(port)
        assert client.recv(10) == b""
    kernel.check("release.set()")
