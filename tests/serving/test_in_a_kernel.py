"""The background server of a live kernel: it ends with the kernel, however that ends, and never takes it along."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel
from tests.serving.asking import DEADLINE, ask, can_listen, free_port

pytestmark = pytest.mark.kernel


@pytest.fixture
def kernel() -> Iterator[RealKernel]:
    with RealKernel() as real:
        real.check("%load_ext nbmicro")
        real.check("%%route /\n'here'")
        yield real


def wait_until_free(port: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not can_listen(port):
        assert time.monotonic() < deadline, f"port {port} is still held"
        time.sleep(0.02)


def test_a_kernel_that_is_shut_down_frees_its_port(kernel: RealKernel) -> None:
    """After a proper shutdown the port can be had at once."""
    port = free_port()
    kernel.check(f"%serve --port {port}")
    assert ask(port)[2] == b"here"
    kernel.shutdown()
    wait_until_free(port, 2.0)


def test_a_kernel_that_is_killed_frees_its_port(kernel: RealKernel) -> None:
    """After SIGKILL too."""
    port = free_port()
    kernel.check(f"%serve --port {port}")
    assert ask(port)[2] == b"here"
    kernel.shutdown(now=True)
    wait_until_free(port, 2.0)


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
    kernel.check("%%route /\n'there'")
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
