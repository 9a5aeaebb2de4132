"""docs/deploy.md: what it tells people to type works, and behind Nginx the promises that it makes hold."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import os
import re
import shlex
import shutil
import signal
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from start import ROOT
from tests.support.asking import DEADLINE, ask, free_port
from tests.support.deploying import blocks, commands, nginx, started

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="servers of Unix, and /proc")

RECIPES = [
    *commands("nbmicro"),
    *(line for line in commands("gunicorn") if ":8000" in line),
    *commands("uwsgi"),
    *commands("waitress-serve"),
]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The page's folder: the lesson, and the module that it says to write."""
    shutil.copy(ROOT / "notebooks" / "04-crud.ipynb", tmp_path)
    (module,) = [block for block in blocks("python") if block.startswith("# wsgi.py\n")]
    (tmp_path / "wsgi.py").write_text(module)
    return tmp_path


@pytest.mark.parametrize("command", RECIPES, ids=lambda command: " ".join(shlex.split(command)[:2]))
def test_a_command_of_the_page_serves_the_notebook(folder: Path, command: str) -> None:
    """Typed as it stands, on another port: a user is made, read and found in the list."""
    port = free_port()
    with started(command, folder, {8000: port}):
        status, headers, body = ask(
            port, "/users", method="POST", headers=JSON, body=b'{"name": "Ada", "email": "a@b.org"}'
        )
        assert (status, urllib.parse.urlsplit(headers["location"]).path) == (201, "/users/1")
        assert json.loads(ask(port, "/users")[2]) == [json.loads(body)]
        assert ask(port, "/users/2")[0] == 404


def test_the_unit_and_the_container_run_the_command_that_is_tested() -> None:
    """systemd's ExecStart and the Dockerfile's CMD are gunicorn's line, but for their folder and address."""
    tested = [shlex.split(line) for line in RECIPES]
    (unit,) = blocks("ini")
    start = shlex.split(re.findall(r"^ExecStart=/srv/notebook/\.venv/bin/(.*)$", unit, re.MULTILINE)[0])
    (dockerfile,) = blocks("dockerfile")
    words = json.loads(re.findall(r"^CMD (.*)$", dockerfile, re.MULTILINE)[0])
    assert start in tested
    assert [word.replace("0.0.0.0", "127.0.0.1") for word in words] in tested
    keywords = {line.split()[0] for line in dockerfile.splitlines()}
    assert keywords <= {"FROM", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "CMD"}


class Load:
    """Clients that read lists and make users without a pause, and what went wrong for them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.lost: dict[str, list[str]] = {"GET": [], "POST": []}
        self.answered = {"GET": 0, "POST": 0}
        self.made: set[str] = set()
        self._numbers = count()
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(method,)) for method in ["GET"] * 5 + ["POST"]]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(DEADLINE)

    def _client(self, method: str) -> None:
        while not self._done.is_set():
            name = f"user{next(self._numbers)}@example.org"
            body = json.dumps({"name": "Ada", "email": name}).encode() if method == "POST" else None
            try:
                status, _, answer = ask(self.port, "/users", method=method, headers=JSON, body=body)
            except (OSError, http.client.HTTPException) as error:
                self.lost[method].append(repr(error))
                continue
            if status == (201 if method == "POST" else 200):
                self.answered[method] += 1
                if method == "POST":
                    self.made.add(name)
            else:
                self.lost[method].append(f"{status} {answer[:80]!r}")

    def wait_for(self, more: int) -> None:
        """Until so many more of each kind have been answered."""
        wanted = {method: number + more for method, number in self.answered.items()}
        deadline = time.monotonic() + 2 * DEADLINE
        while any(self.answered[method] < number for method, number in wanted.items()):
            assert time.monotonic() < deadline, (self.answered, self.lost)
            time.sleep(0.01)


def workers_of(master: int) -> list[int]:
    children = Path(f"/proc/{master}/task/{master}/children").read_text()
    return [int(word) for word in children.split()]


def test_killing_a_worker_behind_nginx_loses_no_request_but_the_one_it_was_answering(folder: Path) -> None:
    """A POST that it was at is answered 502, a GET only lost if its answer had begun; what was answered is kept."""
    ports = {8001: free_port(), 8002: free_port(), 80: free_port()}
    first, second = [line for line in commands("gunicorn") if ":8000" not in line]
    with (
        started(first, folder, ports) as one,
        started(second, folder, ports) as other,
        nginx(folder, ports),
        Load(ports[80]) as load,
    ):
        for master in (one.pid, other.pid):
            load.wait_for(20)
            (victim,) = workers_of(master)
            os.kill(victim, signal.SIGKILL)
            load.wait_for(20)
        assert len(load.lost["GET"]) + len(load.lost["POST"]) <= 2
        assert all(answer.startswith("IncompleteRead") for answer in load.lost["GET"])
        assert all(answer.startswith(("502 ", "IncompleteRead")) for answer in load.lost["POST"])
        kept = {user["email"] for user in json.loads(ask(ports[80], "/users")[2])}
        assert load.made <= kept


@pytest.fixture
def club(tmp_path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lesson with a login, in two processes behind Nginx: its port, and the two addresses behind."""
    shutil.copy(ROOT / "notebooks" / "10-flask-extensions.ipynb", tmp_path)
    ports = {8001: free_port(), 8002: free_port(), 80: free_port()}
    with ExitStack() as stack:
        for line in [line for line in commands("gunicorn") if ":8000" not in line]:
            command = line.replace("04-crud", "10-flask-extensions")
            # One after the other: the first makes the tables.
            stack.enter_context(started(command, tmp_path, ports, CLUB_KEY="the same for both"))
            _wait_until_it_answers(next(port for named, port in ports.items() if str(named) in command))
        stack.enter_context(nginx(tmp_path, ports, add="add_header X-Upstream $upstream_addr always;"))
        yield ports[80], [f"127.0.0.1:{ports[8001]}", f"127.0.0.1:{ports[8002]}"]


def _wait_until_it_answers(port: int) -> None:
    assert ask(port, "/")[0] == 200


def test_a_login_holds_across_processes(club: tuple[int, list[str]]) -> None:
    """Joined in one process, signed in by the next, read from both: session, flash and form token are shared."""
    port, addresses = club
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    answered: list[str] = []

    def visit(path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with browser.open(f"http://127.0.0.1:{port}{path}", data, timeout=DEADLINE) as answer:
            answered.append(answer.headers["X-Upstream"])
            return str(answer.read().decode())

    def fill_in(path: str, **form: str) -> str:
        token = re.search(r'name="csrf_token" .*value="(.+?)"', visit(path))
        assert token is not None
        return visit(path, csrf_token=token[1], **form)

    assert "Welcome, Ada!" in fill_in("/join", name="Ada", password="countess")
    assert "<h1>Notes of Ada</h1>" in fill_in("/sign-in", name="Ada", password="countess")
    assert "<li>Tell Grace.</li>" in fill_in("/notes/new", text="Tell Grace.")
    for _ in range(6):
        assert "<li>Tell Grace.</li>" in visit("/notes")
    assert set(answered) == set(addresses)
    assert "Hello, guest!" in fill_in("/sign-out", send="Sign out")
    assert "Sign in" in visit("/notes")
