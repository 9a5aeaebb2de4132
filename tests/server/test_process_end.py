"""A process that ends, however it ends, leaves its port free; so does one that has forked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.asking import DEADLINE, ask, can_listen
from tests.support.notebook_files import Write

Program = Callable[[str], list[str]]
SERVE = """
    import os, signal, sys, threading, time
    from nbmicro.server.server import BackgroundServer
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]
    server = BackgroundServer(app, port=0).start()
    print(server.port, flush=True)
"""


@contextmanager
def running(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signalled_process_frees_its_port_at_once(program: Program, how: signal.Signals) -> None:
    """SIGTERM, SIGINT and SIGKILL end the process and its port, while a connection is open."""
    with running(program(SERVE + "    time.sleep(60)\n")) as (process, port):
        assert ask(port)[2] == b"ok"
        began = time.monotonic()
        process.send_signal(how)
        process.wait(DEADLINE)
        assert time.monotonic() - began < 8
        assert can_listen(port)


def test_a_program_that_comes_to_its_end_is_not_kept_alive_by_its_server(program: Program) -> None:
    """The end of the main program is the end of the server: no thread holds the process."""
    with running(program(SERVE)) as (process, port):
        assert process.wait(DEADLINE) == 0
        assert can_listen(port)
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_an_exit_with_a_handler_at_work_is_quick(program: Program) -> None:
    """sys.exit() while a handler sleeps for a minute takes seconds, not a minute."""
    source = SERVE.replace(
        '        start_response("200', '        entered.set(); time.sleep(60)\n        start_response("200'
    )
    source = source.replace("    def app", "    entered = threading.Event()\n    def app")
    source += """
    import socket
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    entered.wait(10)
    """
    with running(program(source)) as (process, port):
        assert process.wait(DEADLINE) == 0
        assert can_listen(port)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_keep_the_port(program: Program) -> None:
    """A child made by fork lives on; after stop() in the parent the port is free all the same."""
    source = (
        SERVE
        + """
    child = os.fork()
    if child == 0:
        print("child", server.running, server.threads, flush=True)
        time.sleep(60)
        os._exit(0)
    sys.stdin.readline()
    print("stopped", server.stop(), flush=True)
    sys.stdin.readline()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    """
    )
    with running(program(source)) as (process, port):
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "child False ()\n"
        assert ask(port)[2] == b"ok"
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "stopped True\n"
        assert can_listen(port)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(DEADLINE) == 0


def test_a_child_program_does_not_keep_the_port(program: Program) -> None:
    """A program started by a handler or a cell inherits no socket of ours."""
    source = (
        SERVE
        + """
    import subprocess
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
    print("stopped", server.stop(), flush=True)
    sys.stdin.readline()
    child.kill()
    child.wait()
    """
    )
    with running(program(source)) as (process, port):
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "stopped True\n"
        assert can_listen(port)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(DEADLINE) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_still_loading_ends_at_once_and_in_silence(
    tmp_path: Path, notebook: Write, how: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM reach a cell that takes long: no traceback, no word, exit code 130."""
    notebook("%load_ext nbmicro", "open('begun', 'w').close()\nimport time\ntime.sleep(60)")
    command = [sys.executable, "-m", "nbmicro", "run", "app.ipynb", "--port", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + DEADLINE
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(how)
        said, _ = process.communicate(timeout=DEADLINE)
        assert (process.returncode, said) == (130, b"")
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE)


WORKS_ON = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), name='miner').start()"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_served_notebook_ends_although_a_cell_began_a_thread_that_works_on(
    tmp_path: Path, notebook: Write, how: signal.Signals
) -> None:
    """It says which thread it has cut off; what the app registered for the end is done, and the exit code is 0."""
    at_exit = "import atexit\natexit.register(print, 'goodbye')"
    notebook("%load_ext nbmicro", f"{WORKS_ON}\n{at_exit}", "%%route /\n'here'")
    command = [sys.executable, "-m", "nbmicro", "run", "app.ipynb", "--port", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("Serving"):
            assert process.poll() is None
        process.send_signal(how)
        said, told = process.communicate(timeout=DEADLINE)
        assert (process.returncode, said) == (0, "goodbye\n")
        assert "miner" in told
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE)


@pytest.mark.parametrize(
    ("arguments", "cells", "code"),
    [
        (["routes"], [], 0),
        (["openapi"], [], 0),
        (["run", "--port", "0"], ["ratio = 1 / 0"], 1),
    ],
)
def test_a_command_that_looks_at_an_app_ends_although_a_cell_began_a_thread(
    tmp_path: Path, notebook: Write, arguments: list[str], cells: list[str], code: int
) -> None:
    """Also where a later cell fails."""
    notebook("%load_ext nbmicro", WORKS_ON, "%%route /\n'here'", *cells)
    command = [sys.executable, "-m", "nbmicro", arguments[0], "app.ipynb", *arguments[1:]]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE)
    assert (ended.returncode, "miner" in ended.stderr) == (code, True)


def test_threads_of_a_pool_end_with_their_pool(tmp_path: Path, notebook: Write) -> None:
    """They are no daemons either, and Python ends them: nothing is cut off, nothing is said."""
    pool = "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor()\npool.submit(print).result()"
    notebook("%load_ext nbmicro", pool, "%%route /\n'here'")
    command = [sys.executable, "-m", "nbmicro", "routes", "app.ipynb"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE)
    assert (ended.returncode, ended.stderr) == (0, "")
