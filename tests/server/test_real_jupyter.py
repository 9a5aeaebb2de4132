"""A real Jupyter server with its proxy in front: the way a browser comes to an app on a hub."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from nbmicro.server.address import browser_url, jupyter_servers
from nbmicro.server.server import BackgroundServer
from tests.support.asking import DEADLINE, free_port, show_environ

pytest.importorskip("jupyter_server_proxy")
pytestmark = pytest.mark.kernel

TOKEN = "0123456789abcdef0123456789abcdef"
START_SECONDS = 120


class Jupyter:
    """A running Jupyter server with the base URL of a hub's user."""

    def __init__(self, port: int, runtime: Path, pid: int) -> None:
        self.port = port
        self.runtime = runtime
        self.pid = pid

    def ask(self, target: str, headers: dict[str, str] | None = None) -> tuple[int, HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request("GET", target, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    home = tmp_path_factory.mktemp("jupyter")
    port = free_port()
    options = ["base_url=/user/ann/", f"port={port}", "port_retries=0", "open_browser=False", "allow_root=True"]
    environ = {
        **os.environ,
        "JUPYTER_TOKEN": TOKEN,
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
    }
    log = home / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *(f"--ServerApp.{option}" for option in options)],
            env=environ,
            cwd=home,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    running = Jupyter(port, home / "runtime", process.pid)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                running.ask("/user/ann/api")
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield running
    finally:
        process.terminate()
        process.wait(DEADLINE)


def test_the_url_that_is_shown_opens_the_app_and_no_secret_comes_along(
    jupyter: Jupyter, serve: Callable[..., BackgroundServer]
) -> None:
    """By token in the header, by token in the query and by login cookie: the app answers, and sees nothing of it."""
    servers = jupyter_servers(jupyter.runtime)
    environ = {"JPY_PARENT_PID": str(jupyter.pid)}
    server = serve(show_environ, environ=environ, servers=servers)
    shown = browser_url(server.port, "/a", environ={"JUPYTERHUB_SERVICE_PREFIX": "/user/ann/"}, servers=servers)
    assert shown.route == "hub"
    target = shown.url
    assert target == f"/user/ann/proxy/{server.port}/a"
    _, headers, _ = jupyter.ask(f"/user/ann/tree?token={TOKEN}")
    login = "; ".join(cookie.partition(";")[0] for cookie in headers.get_all("Set-Cookie", []))
    assert "username-" in login
    for way, credentials in {
        "": {"Authorization": f"token {TOKEN}"},
        "?token=" + TOKEN: {},
        "?x=1": {"Cookie": f"{login}; own=1"},
    }.items():
        status, _, body = jupyter.ask(target + way, credentials)
        assert status == 200, body
        environ_seen = json.loads(body)
        assert environ_seen["SCRIPT_NAME"] == f"/user/ann/proxy/{server.port}"
        assert environ_seen["PATH_INFO"] == "/a"
        assert TOKEN not in body.decode()
        assert "HTTP_AUTHORIZATION" not in environ_seen
        assert environ_seen.get("HTTP_COOKIE", "own=1") == "own=1"


def test_a_redirect_is_not_doubled(jupyter: Jupyter, serve: Callable[..., BackgroundServer]) -> None:
    """A redirect to the app's own URL leads below the prefix once, from any depth, through this proxy's rewriting."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("302 FOUND", [("Location", f"{environ['SCRIPT_NAME']}/t?x=1")])
        return []

    server = serve(app, environ={"JPY_PARENT_PID": "1"})
    base = f"/user/ann/proxy/{server.port}"
    for path, location in (("/", "./t?x=1"), ("/a/b", "../t?x=1")):
        status, headers, _ = jupyter.ask(base + path, {"Authorization": f"token {TOKEN}"})
        assert (status, headers["Location"]) == (302, location)
