"""The command ``nbmicro``: what it prints, how it ends, and that it serves as the notebook does."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from nbmicro.cli import COMMANDS, main
from tests.support.asking import DEADLINE, ask, can_listen, free_port, takes_connections
from tests.support.notebook_files import write_notebook

CELLS = (
    "%load_ext nbmicro",
    "%matplotlib inline",
    "users = {1: 'Ada'}",
    "%%route /users/<int:uid>\nusers.get(uid) or abort(404)",
    "%%route POST /users\nusers[len(users) + 1] = request.get_json()['name']\nusers, 201",
    "%http /users/1",
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "shop.ipynb", *CELLS)


@contextmanager
def running(*words: str, cwd: Path, **environ: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command as a process, with the lines it has printed once it serves."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "nbmicro", *words],
        cwd=cwd,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines: list[str] = []
        assert process.stdout is not None
        while not lines or not lines[-1].startswith("Serving "):
            line = process.stdout.readline()
            if not line:
                raise AssertionError(process.communicate(timeout=DEADLINE))
            lines.append(line.rstrip("\n"))
        yield process, lines
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE)


def run(*words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbmicro", *words],
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_run_serves_a_notebook_and_says_where(shop: Path) -> None:
    """One command: what ran, what was skipped, the URL; then the routes answer."""
    port = free_port()
    with running("run", "shop.ipynb", "--port", str(port), cwd=shop.parent) as (_, lines):
        assert lines[0].startswith("shop.ipynb: 4 cells ran in ")
        assert lines[0].endswith(", 2 that only look skipped")
        assert lines[1] == "cell 2: %matplotlib inline skipped; where the app is served there is no screen"
        assert lines[2] == f"Serving shop.ipynb at http://127.0.0.1:{port}/  Stop: Ctrl-C"
        assert ask(port, "/users/1")[::2] == (200, b"Ada")
        json = {"Content-Type": "application/json"}
        assert ask(port, "/users", method="POST", headers=json, body=b'{"name": "Bob"}')[0] == 201
        assert ask(port, "/users/2")[::2] == (200, b"Bob")
        assert ask(port, "/users/3")[0] == 404
        assert ask(port, "/users/1", method="PUT")[0] == 405
        assert ask(port, "/users/1", headers={"Host": "evil.example"})[0] == 403


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_run_ends_at_once(shop: Path, how: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end it within a moment, without a traceback, though a connection is open; the port is free."""
    with running("run", "shop.ipynb", "--port", "0", cwd=shop.parent) as (process, lines):
        port = int(lines[-1].split(":")[2].split("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        connection.request("GET", "/users/1")
        connection.getresponse().read()
        began = time.monotonic()
        process.send_signal(how)
        assert process.wait(DEADLINE) == 0
        assert time.monotonic() - began < 8
        assert can_listen(port)
        assert process.stderr is not None
        assert process.stderr.read() == ""
        connection.close()


def test_a_taken_port_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    """The diagnosis of %serve, exit code 1, and no cell has run; another port that it offers works."""
    write_notebook(tmp_path / "slow.ipynb", *CELLS, "open('ran', 'w').close()")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("run", "slow.ipynb", "--port", str(port), cwd=tmp_path)
    assert done.returncode == 1
    assert f"Error: Port {port} is taken by " in done.stderr
    assert "nbmicro run slow.ipynb --port " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "ran").exists()


def test_handlers_find_files_beside_the_notebook(tmp_path: Path) -> None:
    """A handler that opens a relative path finds it where Jupyter would, wherever the command stands."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "data.txt").write_text("data")
    write_notebook(folder / "app.ipynb", "%load_ext nbmicro", "%%route /\nopen('data.txt').read()")
    with running("run", "notebooks/app.ipynb", "--port", "0", cwd=tmp_path) as (_, lines):
        assert ask(int(lines[-1].split(":")[2].split("/")[0]))[::2] == (200, b"data")


def test_options_come_from_the_environment_and_from_dotenv(shop: Path) -> None:
    """NBMICRO_PORT in the environment and NBMICRO_ALLOW_HOST in .env count as if they were typed."""
    port = free_port()
    (shop.parent / ".env").write_text("NBMICRO_ALLOW_HOST=shop.example\nNBMICRO_PORT=1\n")
    with running("run", "shop.ipynb", cwd=shop.parent, NBMICRO_PORT=str(port)):
        assert ask(port, "/users/1", headers={"Host": "shop.example"})[0] == 200
        assert ask(port, "/users/1", headers={"Host": "other.example"})[0] == 403


@pytest.mark.parametrize(("words", "environ"), [(["--host", "0.0.0.0"], {}), ([], {"NBMICRO_HOST": "0.0.0.0"})])
def test_another_host_warns(shop: Path, words: list[str], environ: dict[str, str]) -> None:
    """Listening for the network, as typed or by the environment, says whose rights the handlers have."""
    with running("run", "shop.ipynb", "--port", "0", *words, cwd=shop.parent, **environ) as (process, _):
        assert process.stderr is not None
        assert "your rights" in process.stderr.readline()


def test_debug_shows_the_error_behind_a_pin_and_only_here(tmp_path: Path) -> None:
    """--debug answers an error with Werkzeug's debugger, prints its PIN, and refuses another host than loopback."""
    write_notebook(tmp_path / "app.ipynb", "%load_ext nbmicro", "%%route /\n1 / 0")
    with running("run", "app.ipynb", "--port", "0", "--debug", cwd=tmp_path) as (process, lines):
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Debugger PIN: ")
        status, _, body = ask(int(lines[-1].split(":")[2].split("/")[0]))
        assert status == 500
        assert b"ZeroDivisionError" in body
        assert b"&lt;GET /&gt;" in body
    refused = run("run", "app.ipynb", "--debug", "--host", "0.0.0.0", cwd=tmp_path)
    assert refused.returncode == 1
    assert "console on this machine" in refused.stderr


def test_without_debug_an_error_shows_nothing_of_it(tmp_path: Path) -> None:
    """A handler that raises is a plain 500 for the client, and a traceback with the cell's line on the terminal."""
    write_notebook(tmp_path / "app.ipynb", "%load_ext nbmicro", "%%route /\n\n1 / 0")
    with running("run", "app.ipynb", "--port", "0", cwd=tmp_path) as (process, lines):
        status, _, body = ask(int(lines[-1].split(":")[2].split("/")[0]))
        assert status == 500
        assert b"ZeroDivisionError" not in body
        process.terminate()
        _, errors = process.communicate(timeout=DEADLINE)
        assert 'File "<GET />", line 3' in errors


def test_a_notebook_that_cannot_be_loaded_exits_with_its_place(tmp_path: Path) -> None:
    """File, cell and line, exit code 1, no traceback."""
    write_notebook(tmp_path / "app.ipynb", "%load_ext nbmicro", "x = 1\n!ls")
    done = run("run", "app.ipynb", cwd=tmp_path)
    assert done.returncode == 1
    assert "Error: app.ipynb, cell 2 (x = 1), line 2: `!ls` is a command" in done.stderr
    assert "Traceback" not in done.stderr


def test_routes_shows_the_table(shop: Path) -> None:
    """Methods, rule, endpoint and the cell of each route, in the order of their declaration, as %routes has it."""
    done = run("routes", "shop.ipynb", cwd=shop.parent)
    assert done.returncode == 0, done.stderr
    lines = [line.split("  ") for line in done.stdout.splitlines()]
    table = [[word.strip() for word in line if word.strip()] for line in lines]
    assert table[1:] == [
        ["GET", "/users/<int:uid>", "users_uid", "%%route /users/<int:uid>"],
        ["POST", "/users", "users_post", "%%route POST /users"],
    ]


def test_an_apps_own_commands_run_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`nbmicro --app blog.ipynb init-db`, as `flask --app blog init-db`: in the app's context, with its options."""
    own = (
        "import click\n@app.cli.command('init-db')\n@click.option('--rows', default=1)\ndef init_db(rows):\n"
        "    'Make the tables.'\n    click.echo(f'{current_app.name}: {rows} rows')\n"
        "@click.command('plain')\n"
        "@click.argument('name', callback=lambda context, parameter, value: f'{value} of {current_app.name}')\n"
        "def plain(name):\n    click.echo(f'{name} in {current_app.name}')\napp.cli.add_command(plain)"
    )
    write_notebook(tmp_path / "blog.ipynb", "%load_ext nbmicro", own, "%%route /x\n'x'")
    monkeypatch.chdir(tmp_path)

    def said(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, words)
        return done.exit_code, done.output

    assert said("--app", "blog.ipynb", "init-db", "--rows", "3") == (0, "notebook: 3 rows\n")
    # The tutorial of Flask adds its init-db so: a plain command of click's.
    assert said("--app", "blog.ipynb", "plain", "posts") == (0, "posts of notebook in notebook\n")
    assert re.search(r"^  init-db +Make the tables", said("-A", "blog.ipynb", "--help")[1], re.MULTILINE)
    assert "No such command 'init'" in said("-A", "blog.ipynb", "init")[1]
    assert said("-A", "blog.ipynb", "routes") == said("routes", "blog.ipynb")
    (tmp_path / "api.http").write_text("GET /x\n")
    assert said("-A", "shop:app", "import", "api.http")[0] == 0
    assert "%app shop:app" in (tmp_path / "api.ipynb").read_text("utf-8")
    code, told = said("-A", "none.ipynb", "init-db")
    assert (code, "there is no file" in told) == (1, True)


ASGI = """
async def api(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"tea"})
"""


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_an_asgi_app_of_a_module_is_served(tmp_path: Path, debug: tuple[str, ...]) -> None:
    """As one that a notebook's %app names is."""
    (tmp_path / "asgi_of_a_test.py").write_text(ASGI)
    with running("run", "asgi_of_a_test:api", "--port", "0", *debug, cwd=tmp_path) as (_, lines):
        port = re.search(r"127\.0\.0\.1:(\d+)", lines[-1])
        assert port is not None
        assert ask(int(port[1]))[::2] == (200, b"tea")


def test_an_asgi_app_is_told_where_it_belongs_where_nothing_bridges_it(tmp_path: Path) -> None:
    """The command for its own kind of server has the name that was given."""
    (tmp_path / "asgi_of_a_test.py").write_text(ASGI)
    code = "import sys; sys.modules['a2wsgi'] = None; from nbmicro.cli import main; main()"
    words = [sys.executable, "-c", code, "run", "asgi_of_a_test:api"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "pip install 'nbmicro[asgi]'" in done.stderr
    assert done.stderr.endswith("uvicorn asgi_of_a_test:api\n")


@pytest.mark.parametrize("port", ["22x", "65536", "-1"])
def test_a_port_that_is_none_is_told_what_would_be_one(port: str) -> None:
    """In words, not in those of the library that reads the command line."""
    done = CliRunner().invoke(main, ["run", "app.ipynb", f"--port={port}"])
    assert done.exit_code == 2
    assert f"{port} is no port. A port is a number from 0 to 65535." in done.output


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_teaches(words: list[str]) -> None:
    """The command itself shows a line to copy, and names every command with what it does."""
    shown = CliRunner().invoke(main, words).output
    assert "app.ipynb" in shown
    for name in COMMANDS:
        assert re.search(rf"^  {name} +[A-Z]", shown, re.MULTILINE), name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_and_ends_as_commands_do(name: str, tmp_path: Path) -> None:
    """Help with a line of its own to copy; 2 where it was not understood, 1 and no traceback where a file is not."""
    done = CliRunner().invoke(main, [name, "-h"])
    assert done.exit_code == 0
    assert re.search(rf"^  .+: +nbmicro {name} \S", done.output, re.MULTILINE)
    assert CliRunner().invoke(main, [name]).exit_code == 2
    assert CliRunner().invoke(main, [name, "x.ipynb", "--no-such-option"]).exit_code == 2
    failed = run(name, "nothing.ipynb", cwd=tmp_path)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert re.match(r"Error: .*nothing\.ipynb", failed.stderr)
    assert "Traceback" not in failed.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn")
def test_gunicorn_serves_the_same_bytes(shop: Path) -> None:
    """gunicorn 'nbmicro:load("shop.ipynb")', with IPython blocked, answers as nbmicro run does."""
    pytest.importorskip("gunicorn")
    port = free_port()
    blocked = shop.parent / "blocked"
    (blocked / "IPython").mkdir(parents=True)
    (blocked / "IPython" / "__init__.py").write_text("raise ImportError('blocked')\n")
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", 'nbmicro:load("shop.ipynb")'],
        cwd=shop.parent,
        env={**os.environ, "PYTHONPATH": str(blocked)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + DEADLINE
        while not takes_connections(port):
            assert server.poll() is None, server.communicate(timeout=DEADLINE)
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with running("run", "shop.ipynb", "--port", "0", cwd=shop.parent) as (_, lines):
            own = int(lines[-1].split(":")[2].split("/")[0])
            json = {"Content-Type": "application/json"}
            for method, path, body in (
                ("GET", "/users/1", None),
                ("POST", "/users", b'{"name": "Bob"}'),
                ("GET", "/users/2", None),
                ("GET", "/users/3", None),
                ("PUT", "/users/1", None),
                ("OPTIONS", "/users", None),
                ("POST", "/users", b"{"),
            ):
                answers = []
                for one in (port, own):
                    status, headers, content = ask(one, path, method=method, body=body, headers=json)
                    kept: dict[str, object] = {
                        name: value for name, value in headers.items() if name not in _OF_THE_SERVER
                    }
                    # The order of methods in Allow says nothing (RFC 9110, 10.2.1).
                    kept["allow"] = sorted(headers.get("allow", "").split(", "))
                    answers.append((status, kept, content))
                assert answers[0] == answers[1], (method, path)
    finally:
        server.terminate()
        server.communicate(timeout=DEADLINE)


_OF_THE_SERVER = {"date", "server", "connection"}
