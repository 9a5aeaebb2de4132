"""Clients that mean no good, or are broken: refused in words, and the server goes on for everyone else."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbmicro.server.host_check import allowed_host
from nbmicro.server.limits import Limits
from nbmicro.server.server import BackgroundServer
from nbmicro.web.app import App
from tests.support.asking import DEADLINE, ask, ask_raw

Serve = Callable[..., BackgroundServer]
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


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
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-length"] == str(len(body))
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
    assert ask(serve(allow_hosts=["app.example."]).port, headers={"Host": "app.example"})[0] == 200
    domain = serve(allow_hosts=[".example.org"]).port
    assert ask(domain, headers={"Host": "a.b.example.org"})[0] == 200
    assert ask(domain, headers={"Host": "badexample.org"})[0] == 403
    assert ask(serve(allow_hosts=["*"]).port, headers={"Host": "any.thing"})[0] == 200


@pytest.mark.parametrize(
    ("allowed", "let_in", "others"),
    [
        (
            "example.org",
            ["example.org", "EXAMPLE.org:80", "example.org."],
            ["evilexample.org", "a.example.org", "example.org.evil.test", "example.or", "xample.org", "org", "example"],
        ),
        (
            ".example.org",
            ["example.org", "a.example.org", "b.a.Example.org:8000"],
            ["evilexample.org", "example.org.evil.test", "a.example.orgs", "ample.org", "org"],
        ),
    ],
)
def test_a_host_allowed_by_name_lets_no_other_in(
    serve: Serve, allowed: str, let_in: list[str], others: list[str]
) -> None:
    """A name lets in itself alone, with a dot before it the domain with what is below it; nothing that contains it."""
    port = serve(allow_hosts=[allowed]).port
    assert {host: ask(port, headers={"Host": host})[0] for host in let_in} == dict.fromkeys(let_in, 200)
    assert {host: ask(port, headers={"Host": host})[0] for host in others} == dict.fromkeys(others, 403)


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
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n" + CHUNKED + SMUGGLED, 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n" + SMUGGLED, 501),
        (b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n" + CHUNKED + SMUGGLED, 400),
        *(
            (b"POST / HTTP/1.1\r\nHost: localhost\r\n" + header + b"Content-Length: 5\r\n\r\nhello" + SMUGGLED, 400)
            for header in (
                b"Transfer-Encoding:\r\n",
                b"transfer-encoding: \t \r\n",
                b"Transfer-Encoding: ,\r\n",
                b"Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n",
            )
        ),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding:\r\n\r\nhello" + SMUGGLED, 400),
        (b"GET http://[/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET http://[x]/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nY: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rY: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_broken_or_oversized_requests_are_refused_with_their_status(
    serve: Serve, request_bytes: bytes, status: int
) -> None:
    """Garbage, smuggling, oversized headers and bodies get the status that says what was wrong; then one more works."""
    server = serve()
    answer = ask_raw(server.port, request_bytes)
    assert status_of(answer) == status
    assert len(re.findall(rb"HTTP/1\.[01] \d{3} ", answer)) == 1  # nothing behind it was taken for a request
    assert ask(server.port)[0] == 200


def test_a_client_that_sends_a_huge_body_reads_why_it_is_refused(serve: Serve) -> None:
    """16 MB are refused with 413, and the answer is not lost in a connection reset while the client still sends."""
    server = serve(limits=Limits(body=1 << 20))
    refused, _, body = ask(server.port, method="POST", body=bytes(16 << 20))
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
            # It may have been cut off just now; its answer can be read all the same.
            with contextlib.suppress(OSError):
                sock.sendall(b"a")
            with contextlib.suppress(TimeoutError):
                answer = sock.recv(1000)
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


def test_slow_readers_do_not_hold_the_threads_that_others_wait_for(serve: Serve) -> None:
    """With every thread held by a client that drinks its answer by drops, others are served within seconds."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == "/small":
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]
        start_response("200 OK", [("Content-Length", str(64 << 20))])
        return (b"x" * (1 << 20) for _ in range(64))

    server = serve(app, limits=Limits(threads=2, idle_when_full=1.0))
    done = threading.Event()
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) for _ in range(4)]

    def drink() -> None:
        while not done.wait(0.1):
            for sock in slow:
                with contextlib.suppress(OSError):
                    sock.recv(1)

    for sock in slow:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    drinking = threading.Thread(target=drink)
    drinking.start()
    try:
        assert ask(server.port, "/small")[2] == b"ok"
    finally:
        done.set()
        drinking.join(DEADLINE)
        for sock in slow:
            sock.close()


def test_a_path_never_leads_out_of_the_static_folder(serve: Serve, tmp_path: Path) -> None:
    """Dots, encoded once and twice, backslashes, NUL and absolute paths: 404, or a redirect to such a path."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.txt").write_text("inside")
    (tmp_path / "secret.txt").write_text("SECRET")
    server = serve(App("hostile", root_path=str(tmp_path)))
    assert ask(server.port, "/static/a.txt")[2] == b"inside"
    up = ("..", "%2e%2e", "%252e%252e", "....", "%c0%ae%c0%ae", ".%2e", "a/../..")
    paths = [f"/static/{dots}{slash}secret.txt" for dots in up for slash in ("/", "%2f", "%5c", "\\", "%255c", "//")]
    paths += [
        "/../secret.txt",
        "/static/a.txt%00.png",
        f"/static/{tmp_path}/secret.txt",
        "/static/%2e%2e%00/secret.txt",
    ]
    for path in paths:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        answer = ask_raw(server.port, request.encode())
        assert status_of(answer) in (308, 404), path
        assert b"SECRET" not in answer


def test_a_websocket_is_not_begun(serve: Serve) -> None:
    """The upgrade is skipped (RFC 9110, 7.8): an answer in plain HTTP, and the connection goes on with requests."""
    server = serve()
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQ==\r\n"
    again = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = ask_raw(server.port, f"GET / HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n{again}".encode())
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"200"]


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


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 20\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n14\r\nhalf"]
)
def test_half_a_body_reaches_no_handler(serve: Serve, framing: bytes) -> None:
    """A client that goes away in the middle of its body has asked for nothing."""
    bodies = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        bodies.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return []

    server = serve(app)
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n" + framing)
        sock.shutdown(socket.SHUT_WR)
        answer = sock.recv(1000)
    assert answer == b"" or status_of(answer) in {400, 408}
    assert ask(server.port, method="POST", body=b"whole")[0] == 200
    assert bodies == [b"whole"]
