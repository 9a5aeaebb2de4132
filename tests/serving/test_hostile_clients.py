"""Clients that mean no good, or are broken: refused in words, and the server goes on for everyone else."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from nbmicro.serving.gate import allowed_host
from nbmicro.serving.limits import Limits
from nbmicro.serving.server import BackgroundServer
from tests.serving.asking import DEADLINE, ask, ask_raw

Serve = Callable[..., BackgroundServer]


def status_of(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.[01] (\d+)", answer)
    assert found, answer[:200]
    return int(found[1])


def test_a_page_that_rebinds_its_name_is_refused(serve: Serve) -> None:
    """A foreign Host is answered 403 with the way out, before the app is asked, whatever else it sends."""
    asked = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        asked.append(environ["HTTP_HOST"])
        start_response("200 OK", [])
        return []

    server = serve(app)
    for extra in ({}, {"X-Forwarded-Prefix": "/x"}, {"X-Forwarded-Host": "localhost"}, {"X-ProxyContextPath": "/x"}):
        status, headers, body = ask(server.port, headers={"Host": "evil.example:5000", **extra})
        assert status == 403
        assert headers["content-type"].startswith("text/plain")
        assert b"%serve --allow-host evil.example\n" in body
    assert asked == []


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8888", "app.localhost", "127.0.0.1:1", "[::1]:5000", "10.0.0.7"]
)
def test_loopback_names_and_addresses_are_let_through(host: str) -> None:
    """What cannot be rebound is served: localhost and what is below it, and every IP address."""
    assert allowed_host(host)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "notlocalhost", "127.0.0.1.nip.io", "", "a b", "localhost@evil"]
)
def test_names_that_only_look_like_loopback_are_not(host: str) -> None:
    """No part of a foreign name makes it ours."""
    assert not allowed_host(host)


def test_hosts_that_the_user_allows_are_served(serve: Serve) -> None:
    """--allow-host lets a name through, with a dot a domain, with a star all."""
    assert ask(serve(allow_hosts=["App.example"]).port, headers={"Host": "app.example:80"})[0] == 200
    domain = serve(allow_hosts=[".example.org"]).port
    assert ask(domain, headers={"Host": "a.b.example.org"})[0] == 200
    assert ask(domain, headers={"Host": "badexample.org"})[0] == 403
    assert ask(serve(allow_hosts=["*"]).port, headers={"Host": "any.thing"})[0] == 200


def test_the_machines_own_name_is_served_only_where_the_network_is_asked_for() -> None:
    """Bound to all addresses, this machine's name is let through; bound to loopback it is not."""
    own = socket.gethostname()
    if own.lower() == "localhost":
        pytest.skip("this machine has no name of its own")
    assert allowed_host(own, "0.0.0.0")
    assert not allowed_host(own, "127.0.0.1")
    assert not allowed_host("evil.example", "0.0.0.0")


def test_the_name_of_its_own_jupyter_is_served(serve: Serve) -> None:
    """A Jupyter server on a named machine passes that name on through its proxy."""
    server = serve(servers=[{"pid": 1, "url": "http://lab.example:8888/"}, {"pid": 2}])
    assert ask(server.port, headers={"Host": "lab.example:8888"})[0] == 200
    assert ask(server.port, headers={"Host": "other.example"})[0] == 403


def test_behind_a_hubs_proxy_any_host_is_served(serve: Serve) -> None:
    """Where a proxy brings its own Host the check is off; not for a server that the network reaches directly."""
    environ = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ann/"}
    assert ask(serve(environ=environ).port, headers={"Host": "hub.example"})[0] == 200
    assert ask(serve(environ=environ, host="0.0.0.0").port, headers={"Host": "hub.example"})[0] == 403


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a, b\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: <script>\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: [::::]\r\nConnection: close\r\n\r\n", 403),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n", 413),
        (b"GET / HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_broken_or_oversized_requests_are_refused_with_their_status(
    serve: Serve, request_bytes: bytes, status: int
) -> None:
    """Garbage, smuggling, oversized headers and bodies get the status that says what was wrong; then one more works."""
    server = serve()
    assert status_of(ask_raw(server.port, request_bytes)) == status
    assert ask(server.port)[0] == 200


def test_a_client_that_sends_a_huge_body_reads_why_it_is_refused(serve: Serve) -> None:
    """100 MB are refused with 413, and the answer is not lost in a connection reset while the client still sends."""
    server = serve()
    refused, _, body = ask(server.port, method="POST", body=bytes(100 << 20))
    assert refused == 413
    assert b"max_body" in body


def test_a_body_without_a_length_is_cut_at_the_limit(serve: Serve) -> None:
    """A chunked body that grows over the limit is answered 413, not collected."""
    server = serve(limits=Limits(body=100_000))
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(head + chunk * 7)
        assert status_of(sock.recv(1000)) == 413


def test_a_client_that_drips_its_headers_is_cut_off(serve: Serve) -> None:
    """A request whose headers do not end is answered 408 at its deadline, although bytes keep coming."""
    server = serve(limits=Limits(head_seconds=0.5))
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        sock.settimeout(0.2)
        answer, deadline = b"", time.monotonic() + DEADLINE
        while not answer:
            assert time.monotonic() < deadline
            try:
                sock.sendall(b"a")
                answer = sock.recv(1000)
            except TimeoutError:
                continue
        assert status_of(answer) == 408


def test_a_client_that_drips_its_body_is_cut_off(serve: Serve) -> None:
    """A body that arrives byte by byte is answered 408."""
    server = serve(limits=Limits(head_seconds=0.5))
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx")
        assert status_of(sock.recv(1000)) == 408


def test_slow_clients_do_not_shut_others_out(serve: Serve) -> None:
    """With every connection taken by a silent client, another one is answered within the deadline."""
    server = serve(limits=Limits(connections=20, head_seconds=0.5, idle_when_full=0.5))
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) for _ in range(40)]
    try:
        for number, sock in enumerate(silent):
            if number % 2:
                sock.sendall(b"GET / HT")
        assert ask(server.port)[0] == 200
    finally:
        for sock in silent:
            sock.close()


def test_a_client_that_stops_reading_gives_its_thread_back(serve: Serve) -> None:
    """A download nobody reads does not hold a handler's thread for ever."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == "/small":
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]
        start_response("200 OK", [("Content-Length", str(64 << 20))])
        return (b"x" * (1 << 20) for _ in range(64))

    server = serve(app, limits=Limits(threads=1, idle=1.0))
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert sock.recv(10).startswith(b"HTTP/1.1")
        assert ask(server.port, "/small")[2] == b"ok"


def test_pipelined_garbage_does_not_reach_the_next_client(serve: Serve) -> None:
    """Bytes after a good request are refused on their own connection; others are answered meanwhile."""
    server = serve()
    good = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answers: list[bytes] = []
    clients = [
        threading.Thread(target=lambda: answers.append(ask_raw(server.port, good * 3 + b"\x00garbage\r\n\r\n")))
        for _ in range(8)
    ]
    for client in clients:
        client.start()
    assert ask(server.port)[0] == 200
    for client in clients:
        client.join(DEADLINE)
    assert [answer.count(b"200 OK") for answer in answers] == [3] * 8
    assert all(b"400 Bad Request" in answer for answer in answers)
