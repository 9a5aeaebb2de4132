"""A server's life in one process: started, asked, stopped, started again."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from nbmicro.errors import ServeError
from nbmicro.server.address import is_loopback
from nbmicro.server.ports import listen
from nbmicro.server.server import BackgroundServer
from tests.support.asking import DEADLINE, ask, ask_raw, can_listen, free_port, hello

Serve = Callable[..., BackgroundServer]


def test_a_started_server_answers_at_its_url(serve: Serve) -> None:
    """What start() returns is running and its url leads to the app."""
    server = serve()
    assert server.running
    assert server.url == f"http://127.0.0.1:{server.port}/"
    assert ask(server.port)[::2] == (200, b"hello")


def test_stop_leaves_no_thread_and_frees_the_port(serve: Serve) -> None:
    """After stop() no thread of the server is alive and the port can be listened on at once."""
    before = set(threading.enumerate())
    server = serve()
    ask(server.port)
    assert server.threads
    assert server.stop()
    assert server.threads == ()
    assert set(threading.enumerate()) == before
    assert can_listen(server.port)
    assert not server.running


def test_stop_closes_idle_keep_alive_connections(serve: Serve) -> None:
    """A browser's open connection neither delays stop() nor goes on being answered."""
    server = serve()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    connection.request("GET", "/")
    connection.getresponse().read()
    began = time.monotonic()
    assert server.stop()
    assert time.monotonic() - began < 6
    assert connection.sock.recv(1) == b""
    connection.close()


def test_a_server_starts_again_on_its_port_right_after_stop(serve: Serve) -> None:
    """Ten restarts in a row on one port, each with a connection left open, each answer from the new server."""
    port = free_port()
    left_open = []
    for turn in range(10):

        def app(environ: dict[str, Any], start_response: Callable[..., Any], turn: int = turn) -> list[bytes]:
            start_response("200 OK", [("Content-Length", "1")])
            return [str(turn).encode()]

        server = serve(app, port=port)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        connection.request("GET", "/")
        assert connection.getresponse().read() == str(turn).encode()
        left_open.append(connection)
        assert server.stop()
    for connection in left_open:
        connection.close()


def test_a_request_in_flight_gets_its_answer(serve: Serve) -> None:
    """stop() waits for a handler that is at work, and its client reads the whole response."""
    entered, go_on = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        entered.set()
        go_on.wait(DEADLINE)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    server = serve(app)
    answers: list[bytes] = []
    client = threading.Thread(target=lambda: answers.append(ask(server.port)[2]))
    client.start()
    assert entered.wait(DEADLINE)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    deadline = time.monotonic() + DEADLINE
    while not can_listen(server.port):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    go_on.set()
    client.join(DEADLINE)
    stopping.join(DEADLINE)
    assert answers == [b"done"]
    assert server.threads == ()


def test_a_handler_that_never_ends_does_not_hold_up_stop(serve: Serve) -> None:
    """stop() comes back at its deadline, says that a thread is left, and the port is free all the same."""
    entered, release = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        entered.set()
        release.wait(60)
        start_response("200 OK", [])
        return []

    server = serve(app)
    client = threading.Thread(target=lambda: ask_raw(server.port, b"GET / HTTP/1.0\r\n\r\n"))
    client.start()
    try:
        assert entered.wait(DEADLINE)
        began = time.monotonic()
        assert server.stop(timeout=0.5) is False
        assert time.monotonic() - began < 5
        assert can_listen(server.port)
    finally:
        release.set()
        client.join(DEADLINE)


def test_a_client_that_does_not_read_does_not_hold_up_stop(serve: Serve) -> None:
    """A response nobody reads is dropped at the deadline, and no thread is left."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Length", str(64 << 20))])
        return [b"x" * (1 << 20)] * 64

    server = serve(app)
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert sock.recv(10) == b"HTTP/1.1 2"
        began = time.monotonic()
        server.stop(timeout=0.5)
        assert time.monotonic() - began < 6
    deadline = time.monotonic() + DEADLINE
    while any(thread.name.startswith("nbmicro-") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_start_and_stop_may_be_repeated(serve: Serve) -> None:
    """A second start() keeps the running server; stop() of a stopped one does nothing."""
    server = serve()
    threads = server.threads
    assert server.start() is server
    assert server.threads == threads
    assert server.stop()
    assert server.stop()
    assert BackgroundServer(hello).stop()


def test_handlers_run_at_the_same_time(serve: Serve) -> None:
    """A slow handler does not keep another request waiting."""
    barrier = threading.Barrier(4, timeout=DEADLINE)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        barrier.wait()
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    server = serve(app)
    answers: list[int] = []
    clients = [threading.Thread(target=lambda: answers.append(ask(server.port)[0])) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(DEADLINE)
    assert answers == [200] * 4


def test_a_handler_that_raises_out_of_wsgi_is_a_500(serve: Serve) -> None:
    """An app that breaks WSGI answers 500 without its traceback, and the server goes on."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise RuntimeError("secret detail")

    server = serve(app)
    status, _, body = ask(server.port)
    assert status == 500
    assert b"secret" not in body
    assert ask(server.port)[0] == 500


def test_only_another_address_than_loopback_is_warned_of() -> None:
    """On loopback there is no warning; on 0.0.0.0 it says whose rights handlers have."""
    assert BackgroundServer(hello).warning is None
    assert BackgroundServer(hello, host="localhost").warning is None
    warning = BackgroundServer(hello, host="0.0.0.0").warning
    assert warning is not None
    assert "your rights" in warning


def test_a_server_for_the_whole_network_says_an_address_that_others_can_open(serve: Callable[..., Any]) -> None:
    """Neither 0.0.0.0 nor loopback: an address of this machine, under which the app answers."""
    server = serve(host="0.0.0.0")
    address = urlsplit(re.findall(r"http://\S+/", server.warning)[0])
    assert address.hostname not in ("0.0.0.0", "127.0.0.1", "localhost")
    assert not is_loopback(str(address.hostname))
    with urllib.request.urlopen(address.geturl(), timeout=DEADLINE) as response:
        assert response.read() == b"hello"


def test_a_server_on_ipv6_says_so_in_its_url(serve: Serve) -> None:
    """Bound to ::1, the url has brackets and the server answers there."""
    try:
        listen("::1", 0).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = serve(host="::1")
    assert server.url == f"http://[::1]:{server.port}/"
    with socket.create_connection(("::1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: [::1]:{server.port}\r\nConnection: close\r\n\r\n".encode())
        assert sock.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_in_the_browsers_python_start_says_why_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under Pyodide start() refuses with the way to go on, and opens nothing."""
    monkeypatch.setattr(sys, "platform", "emscripten")
    server = BackgroundServer(hello)
    with pytest.raises(ServeError, match="no sockets") as caught:
        server.start()
    assert "%browse" in str(caught.value)
    assert server.threads == ()


def test_nothing_is_opened_by_an_import(program: Callable[[str], list[str]]) -> None:
    """Importing the server starts no thread and opens no socket."""
    command = program("""
        import socket, threading
        def refuse(*args, **options): raise AssertionError("opened at import")
        class Socket(socket.socket):
            __init__ = refuse
        socket.socket = Socket
        threading.Thread.start = refuse
        import nbmicro.server.server
        print("fine")
    """)
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout == "fine\n", done.stderr
