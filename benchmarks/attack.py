"""A served notebook under attack: what the attackers are answered, how others are served meanwhile, and the memory."""

from __future__ import annotations

import http.client
import json
import random
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from psutil import Process

from benchmarks.report import figure, table

__all__ = ["measure"]

CELLS = (
    "%load_ext nbmicro",
    "%%route /\n'here'",
    "%%route /big\nResponse((b'x' * 65536 for _ in range(1024)), mimetype='application/octet-stream')",
    "%%route POST /\nstr(sum(len(part) for part in iter(lambda: request.stream.read(65536), b'')))",
)
HOST = b"Host: localhost\r\n"
PATIENCE = 30.0
Answers = Counter[str]


def measure(quick: bool = False) -> str:
    """The table."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    many = 300 if quick else min(hard - 200, 10_000)
    seconds = 5.0 if quick else 20.0
    slow_head = b"GET / HTTP/1.1\r\n" + HOST + b"X: "
    upgrade = _get("/", b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
    attacks: list[tuple[str, int, Callable[[int], Answers]]] = [
        ("foreign Host", 500, lambda port: _each(port, _foreign_hosts(500))),
        ("headers of 1 MB", 100, lambda port: _each(port, [slow_head + b"a" * 1_000_000] * 100)),
        ("slow headers", many, lambda port: _swarm(port, many, seconds, slow_head, b"a")),
        ("slow bodies", many, lambda port: _swarm(port, many, seconds, _head(b"Content-Length: 1000000"), b"a")),
        ("slow readers of 64 MB", 300, lambda port: _swarm(port, 300, seconds, _get("/big"), b"")),
        ("pipelined garbage", 500, lambda port: _each(port, _garbage(500))),
        ("smuggling", 10 * len(SMUGGLING), lambda port: _each(port, SMUGGLING * 10)),
        ("paths out of static", 10 * len(PATHS), lambda port: _each(port, [_get(path) for path in PATHS] * 10)),
        ("bodies of 100 MB, length said", 16, lambda port: _bodies(port, 16, 100, chunked=False)),
        ("bodies of 100 MB, chunked", 16, lambda port: _bodies(port, 16, 100, chunked=True)),
        ("bodies of 60 MB, allowed", 16, lambda port: _bodies(port, 16, 60, chunked=False)),
        ("WebSocket", 100, lambda port: _each(port, [upgrade] * 100)),
    ]
    rows = []
    with _served() as (process, port):
        before = _megabytes(process)
        for name, number, attack in attacks:
            with Others(port, process) as others:
                answers = attack(port)
                others.settle()
            shown = ", ".join(f"{status}: {count}" for status, count in answers.most_common(4))
            times = [1e3 * one for one in sorted(others.times)]
            row = [str(len(times)), figure(times[len(times) // 2]), figure(times[-1]), str(others.failed)]
            rows.append([name, f"{number:,}", shown, *row, figure(others.peak)])
        after = _megabytes(process)
    head = ["attack", "clients", "answers", "others served", "median ms", "slowest ms", "failed", "peak MB"]
    note = (
        f"Others are asked for a page on a new connection every 50 ms, with {PATIENCE:.0f} s of patience.\n"
        f"The server's memory was {before:.0f} MB before and {after:.0f} MB after. Cut: closed without an answer, or\n"
        "open to the end of the attack. Slow clients send or read a byte a second, and come again when they are cut."
    )
    return table("Attacks on nbmicro run", head, rows, note)


@contextmanager
def _served() -> Iterator[tuple[Process, int]]:
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in CELLS]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "static").mkdir()
        Path(folder, "secret.txt").write_text("SECRET")
        content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        Path(folder, "app.ipynb").write_text(json.dumps(content))
        command = [sys.executable, "-u", "-m", "nbmicro.cli", "run", "app.ipynb", "--port", "0"]
        with Path(folder, "log").open("w+") as log:
            server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
            try:
                line = ""
                while not (found := re.match(r"Serving .*:(\d+)/", line)):
                    line = server.stdout.readline() if server.stdout else ""
                    if not line:
                        raise SystemExit(f"nbmicro run ended: {Path(log.name).read_text()}")
                yield Process(server.pid), int(found[1])
            finally:
                server.terminate()
                server.wait(PATIENCE)


def _megabytes(process: Process) -> float:
    return float(process.memory_info().rss) / 1e6


class Others:
    """Somebody who means well and asks for a page now and then, and an eye on the server's memory."""

    def __init__(self, port: int, process: Process) -> None:
        self.port = port
        self.process = process
        self.times: list[float] = []
        self.failed = 0
        self.peak = 0.0
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._ask), threading.Thread(target=self._watch)]

    def __enter__(self) -> Others:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)

    def settle(self) -> None:
        """Wait until at least ten have been served."""
        end = time.monotonic() + PATIENCE
        while len(self.times) < 10 and time.monotonic() < end:
            time.sleep(0.05)

    def _ask(self) -> None:
        while not self._done.is_set():
            began = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.request("GET", "/")
                self.failed += connection.getresponse().read() != b"here"
            except (OSError, http.client.HTTPException):
                self.failed += 1
            connection.close()
            self.times.append(time.perf_counter() - began)
            self._done.wait(0.05)

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.peak = max(self.peak, _megabytes(self.process))


# -- attacks ---------------------------------------------------------------------------------------------------------


def _head(*fields: bytes, method: bytes = b"POST", version: bytes = b"1.1") -> bytes:
    return b"".join([method, b" / HTTP/", version, b"\r\n", HOST, *(field + b"\r\n" for field in fields), b"\r\n"])


def _get(path: str, fields: bytes = b"") -> bytes:
    return b"GET " + path.encode("latin-1") + b" HTTP/1.1\r\n" + HOST + fields + b"\r\n"


INNER = b"0\r\n\r\n" + _get("/smuggled")
SMUGGLING = [
    _head(b"Content-Length: 4", b"Transfer-Encoding: chunked") + INNER,
    _head(b"Content-Length: 5", b"Content-Length: 60") + INNER,
    _head(b"Content-Length: 5", b"Content-Length: 5") + INNER,
    _head(b"Content-Length: +5") + INNER,
    _head(b"Transfer-Encoding : chunked") + INNER,
    _head(b"Transfer-Encoding:\r\n chunked") + INNER,
    _head(b"Transfer-Encoding: xchunked") + INNER,
    _head(b"Transfer-Encoding: chunked, identity") + INNER,
    _head(b"Transfer-Encoding: chunked", version=b"1.0") + INNER,
    _head(b"X: a\nTransfer-Encoding: chunked") + INNER,
    _head(b"X: a\rTransfer-Encoding: chunked") + INNER,
    _head(b"X: a\0b", method=b"GET"),
]
PATHS = [
    f"/static/{dots}{slash}secret.txt"
    for dots in ("..", "%2e%2e", "%252e%252e", "....", "%c0%ae%c0%ae")
    for slash in ("/", "%2f", "%5c", "\\", "//")
] + ["/../secret.txt", "/static/%00", "/static//etc/passwd"]


def _foreign_hosts(number: int) -> list[bytes]:
    return [b"GET / HTTP/1.1\r\nHost: evil%d.example\r\n\r\n" % one for one in range(number)]


def _garbage(number: int) -> list[bytes]:
    source = random.Random(1)
    return [_get("/") * 3 + source.randbytes(2000) + b"\r\n\r\n" for _ in range(number)]


def _each(port: int, requests: list[bytes]) -> Answers:
    """Each request on a connection of its own, eight at a time; the last status of each, and what it should not get."""

    def send(request: bytes) -> str:
        answer = b""
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 3.0) as client:
            with suppress(OSError):
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
            while data := client.recv(65536):
                answer += data
        if b"SECRET" in answer or b"root:" in answer or b"smuggled" in answer:
            return "LET THROUGH"
        found = re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)
        return found[-1].decode() if found else "cut"

    with ThreadPoolExecutor(8) as threads:
        return Counter(threads.map(send, requests))


def _bodies(port: int, number: int, megabytes: int, *, chunked: bool) -> Answers:
    """So many clients that send a large body at once, whether it is wanted or not."""
    part = b"x" * 1_000_000

    def send(_: int) -> str:
        field = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (megabytes * len(part))
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            with suppress(OSError):
                client.sendall(_head(field))
                for _ in range(megabytes):
                    client.sendall(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                client.sendall(b"0\r\n\r\n" if chunked else b"")
            with suppress(OSError):
                found = re.match(rb"HTTP/1\.[01] (\d{3}) ", client.recv(1000))
                return found[1].decode() if found else "cut"
        return "cut"

    with ThreadPoolExecutor(number) as threads:
        return Counter(threads.map(send, range(number)))


class Swarm:
    """Slow clients: they send ``first``, then a drop every second, or read a byte; cut off, they come again."""

    def __init__(self, port: int, first: bytes, drop: bytes) -> None:
        self.port = port
        self.first = first
        self.drop = drop
        self.answers: Answers = Counter()
        self.clients: set[socket.socket] = set()
        self.selector = selectors.DefaultSelector()

    def begin(self) -> None:
        """One more connects; it waits until the server takes it."""
        client = socket.socket()
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect_ex(("127.0.0.1", self.port))
        self.clients.add(client)
        self.selector.register(client, selectors.EVENT_WRITE)

    def leave(self, client: socket.socket, data: bytes = b"") -> None:
        """One goes, with an answer or without."""
        found = re.match(rb"HTTP/1\.[01] (\d{3}) ", data)
        self.answers[found[1].decode() if found else "cut"] += 1
        with suppress(KeyError):
            self.selector.unregister(client)
        self.clients.discard(client)
        client.close()

    def look(self) -> None:
        """Send what can be sent for the first time, and see who has been answered."""
        for key, events in self.selector.select(0.05):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            try:
                if events & selectors.EVENT_READ:
                    self.leave(client, client.recv(1000))
                    continue
                client.send(self.first)
                self.selector.unregister(client)
                if self.drop:
                    self.selector.register(client, selectors.EVENT_READ)
            except BlockingIOError:
                continue
            except OSError:
                self.leave(client)

    def drip(self) -> None:
        """A drop of each."""
        for client in list(self.clients):
            try:
                if self.drop:
                    client.send(self.drop)
                elif not client.recv(1):
                    self.leave(client)
            except BlockingIOError:
                continue
            except OSError:
                self.leave(client)


def _swarm(port: int, number: int, seconds: float, first: bytes, drop: bytes) -> Answers:
    """So many slow clients for so long."""
    swarm = Swarm(port, first, drop)
    end = time.monotonic() + seconds
    next_drop = time.monotonic() + 1.0
    while time.monotonic() < end:
        for _ in range(min(200, number - len(swarm.clients))):
            swarm.begin()
        swarm.look()
        if time.monotonic() >= next_drop:
            next_drop = time.monotonic() + 1.0
            swarm.drip()
    for client in list(swarm.clients):
        swarm.leave(client)
    swarm.selector.close()
    return swarm.answers
