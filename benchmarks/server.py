"""The background server of a live, idle kernel beside Flask's development server: the same load on both, in turns."""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from psutil import Process

from benchmarks.report import figure, table, times
from nbmicro.testing.kernel import RealKernel

__all__ = ["measure"]

REQUEST = b"GET /hello/Ada HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark\r\nAccept: */*\r\n\r\n"
BODY = b"Hello, Ada!"
PATIENCE = 10.0
FLASK = """
import flask, logging
logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = flask.Flask("benchmark")
@app.route("/hello/<name>")
def hello(name):
    return f"Hello, {name}!"
app.run(port=%d, threaded=True, use_reloader=False)
"""


def measure(quick: bool = False) -> str:
    """The table."""
    seconds, rounds = (0.5, 2) if quick else (1.5, 5)
    rows = []
    with _flask_server() as theirs, _kernel_server() as ours:
        for connections, aim in ((1, "≥ 3×"), (16, "≥ 2×")):
            rates: dict[Server, list[float]] = {theirs: [], ours: []}
            costs: dict[Server, list[float]] = {theirs: [], ours: []}
            for _ in range(rounds):
                for server in rates:
                    rate, cost = _load(server, connections, seconds)
                    rates[server].append(rate)
                    costs[server].append(cost)
            title = f"{connections} connection{'s' if connections > 1 else ''}"
            shown = [figure(median(rates[server])) for server in rates]
            spent = [figure(median(costs[server]) * 1e6) for server in costs]
            quicker = median(our / their for our, their in zip(rates[ours], rates[theirs], strict=True))
            cheaper = median(their / our for our, their in zip(costs[ours], costs[theirs], strict=True))
            rows.append([title, *shown, times(quicker), aim, *spent, times(cheaper)])
    head = ["requests per second", "Flask", "nbmicro", "times", "aim", "CPU µs: Flask", "nbmicro", "times"]
    note = (
        f"The median of {rounds} rounds of {seconds:g} s on loopback, and the CPU time a request cost the server.\n"
        "Flask's closes every connection, which is part of its cost; nbmicro's keeps them. Where the machine is busy\n"
        "with other things, the CPU time says more."
    )
    return table("Servers", head, rows, note)


@dataclass(frozen=True)
class Server:
    """A server that answers: its port on loopback, and its process."""

    port: int
    pid: int

    def spent(self) -> float:
        """Seconds of CPU time that the process has used so far."""
        times = Process(self.pid).cpu_times()
        return float(times.user + times.system)


@contextmanager
def _flask_server() -> Iterator[Server]:
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", FLASK % port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def _kernel_server() -> Iterator[Server]:
    with RealKernel() as kernel:
        kernel.check("%load_ext nbmicro")
        kernel.check("%%route /hello/<name>\nf'Hello, {name}!'", cell_id="hello")
        shown = kernel.check(f"%serve --port {_free_port()}").shown
        found = re.search(r"127\.0\.0\.1:(\d+)", shown)
        if found is None:
            raise SystemExit(f"%serve said: {shown}")
        _wait_for(int(found[1]))
        yield Server(int(found[1]), int(kernel.check("import os; os.getpid()").text))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise SystemExit(f"nothing answers on port {port}") from None
            time.sleep(0.05)


class Connection:
    """One client: it sends a request, reads the answer, and sends the next; a connection that was closed it opens anew.

    Parameters
    ----------
    port:
        Of the server, on loopback.
    selector:
        Tells when something came.
    """

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self.port = port
        self.selector = selector
        self.answered = 0
        self.open()

    def open(self) -> None:
        """Connect, and send the first request."""
        self.socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.selector.register(self.socket, selectors.EVENT_READ, self)
        self.socket.sendall(REQUEST)

    def close(self) -> None:
        """Hang up."""
        self.selector.unregister(self.socket)
        self.socket.close()

    def read(self) -> None:
        """Take in what came."""
        data = self.socket.recv(65536)
        self.received += data
        if data and not self.received.endswith(BODY):
            return
        if not self.received.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"port {self.port} answered {self.received[:200]!r}")
        self.answered += 1
        if not data or b"\r\nConnection: close\r\n" in self.received:
            self.close()
            self.open()
        else:
            self.received = b""
            self.socket.sendall(REQUEST)


def _load(server: Server, connections: int, seconds: float) -> tuple[float, float]:
    """Requests per second that the server answers so many connections, and its CPU time for one of them."""
    with selectors.DefaultSelector() as selector:
        clients = [Connection(server.port, selector) for _ in range(connections)]
        before, begin = server.spent(), time.perf_counter()
        end = begin + seconds
        while time.perf_counter() < end:
            for key, _ in selector.select(PATIENCE):
                key.data.read()
        taken, spent = time.perf_counter() - begin, server.spent() - before
        for client in clients:
            client.close()
        answered = sum(client.answered for client in clients)
        return answered / taken, spent / answered
