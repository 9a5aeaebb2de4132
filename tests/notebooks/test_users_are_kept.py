"""Lesson 4 when it is served: its users are the same in every process, and still there after a restart."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.notebooks.store import NOTEBOOKS
from tests.support.asking import DEADLINE, ask, free_port, takes_connections

LESSON = "04-crud.ipynb"
AS_JSON = {"Content-Type": "application/json"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the lessons, without what they stored."""
    copy = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, copy, ignore=shutil.ignore_patterns("instance", ".ipynb_checkpoints"))
    return copy


@contextmanager
def two_workers(folder: Path) -> Iterator[int]:
    """Gunicorn with two processes on the lesson, as the lesson says; its port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
    log = folder / "gunicorn.log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            [*command, f'nbmicro:load("{LESSON}")'],
            cwd=folder,
            stdout=written,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    try:
        deadline = time.monotonic() + DEADLINE
        while not takes_connections(port) or log.read_text("utf-8").count("Booting worker") < 2:
            assert server.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.05)  # between two looks at a server that is not up yet
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(DEADLINE)


def create(port: int, number: int) -> tuple[int, str]:
    body = json.dumps({"name": f"User {number}", "email": f"{number}@example.org"}).encode()
    status, headers, _ = ask(port, "/users", method="POST", headers=AS_JSON, body=body)
    return status, headers["location"]


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run on Windows")
def test_two_processes_share_the_users_and_a_restart_keeps_them(folder: Path) -> None:
    pytest.importorskip("gunicorn")
    with two_workers(folder) as port, ThreadPoolExecutor(8) as visitors:
        created = list(visitors.map(lambda number: create(port, number), range(40)))
        assert {status for status, _ in created} == {201}
        assert {location for _, location in created} == {f"/users/{id}" for id in range(1, 41)}
        again = list(visitors.map(lambda _: ask(port, "/users/count")[2], range(20)))
        assert set(again) == {b"40 users"}
    with two_workers(folder) as port:
        assert ask(port, "/users/count")[2] == b"40 users"


@pytest.mark.kernel
def test_in_a_kernel_it_begins_with_no_users_and_leaves_none_behind(folder: Path) -> None:
    """Run in a notebook, it neither reads nor touches the users of the service."""
    notebook = nbformat.read(folder / LESSON, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=60, resources=resources).execute()
    assert not (folder / "instance" / "users.db").exists()
