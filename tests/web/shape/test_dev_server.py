"""``app.run()``, in Flask's shape."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nbmicro import App
from tests.support.asking import DEADLINE, ask, free_port, takes_connections

pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the server was started with, instead of starting it."""
    calls: list[Any] = []
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *args, **kwargs: calls.append((args, kwargs)))
    return calls


# == dev server: app.run()


def test_it_listens_on_5000_of_this_machine_with_threads(started: list[Any]) -> None:
    """Without reloader and debugger."""
    app = App("shop")
    app.run()
    ((args, options),) = started
    assert args == ("127.0.0.1", 5000, app)
    assert options == {"use_reloader": False, "use_debugger": False, "threaded": True}


def test_debug_mode_turns_reloader_and_debugger_on(started: list[Any]) -> None:
    """``debug=True`` sets the mode; options may say otherwise."""
    app = App("shop")
    app.run(debug=True)
    assert app.debug
    app.run(use_reloader=False, threaded=False, ssl_context="adhoc")
    (_, first), (_, second) = started
    assert (first["use_reloader"], first["use_debugger"]) == (True, True)
    assert second == {"use_reloader": False, "use_debugger": True, "threaded": False, "ssl_context": "adhoc"}


@pytest.mark.parametrize(
    ("server_name", "given", "expected"),
    [
        ("shop.example:8000", {}, ("shop.example", 8000)),
        ("shop.example", {}, ("shop.example", 5000)),
        ("shop.example:8000", {"host": "0.0.0.0", "port": 9000}, ("0.0.0.0", 9000)),
        (None, {"port": 0}, ("127.0.0.1", 0)),
    ],
)
def test_host_and_port_may_come_from_the_server_name(
    started: list[Any], server_name: str | None, given: dict[str, Any], expected: tuple[str, int]
) -> None:
    """Arguments beat it; port 0 means any free one."""
    app = App("shop")
    app.config["SERVER_NAME"] = server_name
    app.run(**given)
    assert started[0][0][:2] == expected


def test_env_files_are_read_and_set_the_debug_mode(started: list[Any], tmp_path: Path) -> None:
    """``load_dotenv=False`` leaves them alone; FLASK_DEBUG counts as it is then."""
    (tmp_path / ".env").write_text("FLASK_DEBUG=1\n")
    app = App("shop")
    app.run(load_dotenv=False)
    assert not app.debug
    try:
        app.run()
        assert app.debug
    finally:
        os.environ.pop("FLASK_DEBUG", None)


def test_the_first_request_is_forgotten_when_it_ends(started: list[Any]) -> None:
    """So that an interactive app may go on being set up."""
    app = App("shop")
    app.test_client().get("/")
    app.run()
    app.add_url_rule("/", "index", lambda: "later")
    assert app.test_client().get("/").text == "later"


SERVER = """
import sys
from nbmicro import App
from tests.support.asking import DEADLINE, ask, free_port, takes_connections
app = App("shop")
app.add_url_rule("/", "index", lambda: "served")
app.run(port=int(sys.argv[1]))
"""


def serve(folder: Path, port: int) -> subprocess.Popen[str]:
    """A process that runs the app."""
    (folder / "serve.py").write_text(SERVER)
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "serve.py", str(port)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """Over a real socket."""
    port = free_port()
    process = serve(tmp_path, port)
    try:
        deadline = time.monotonic() + DEADLINE
        while not takes_connections(port):
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert ask(port)[2] == b"served"
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE)


def test_a_taken_port_is_said_and_ends_the_program(tmp_path: Path) -> None:
    """ "Address already in use", what to do, exit status 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = serve(tmp_path, taken.getsockname()[1])
        output, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert "Address already in use" in output
    assert "in use by another program" in output
