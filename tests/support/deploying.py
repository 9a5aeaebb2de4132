"""What docs/deploy.md tells people to type, and servers started by those very words on free ports."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from start import ROOT
from tests.support.asking import DEADLINE, takes_connections

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
START_SECONDS = 120.0


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[str]:
    """The lines of the page's shell blocks that begin with a program."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.split()[0] == program]


@contextmanager
def started(command: str, folder: Path, ports: dict[int, int], **environ: str) -> Iterator[subprocess.Popen[str]]:
    """A command of the page, with its ports replaced, once it listens; ended with all that it started."""
    # In one go: a port that was put in may hold the digits of another.
    command = re.sub(r"\b(?:80\d\d|80)\b", lambda found: str(ports.get(int(found[0]), found[0])), command)
    program, *words = shlex.split(command)
    log = folder / f"{Path(program).name}-{len(os.listdir(folder))}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / program), *words],
            cwd=folder,
            env={**os.environ, **environ},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        wait_for(next(port for port in ports.values() if str(port) in command), process, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(DEADLINE)


def wait_for(port: int, process: subprocess.Popen[str], log: Path) -> None:
    """Until something listens on the port; the program's words where it ends instead."""
    deadline = time.monotonic() + START_SECONDS
    while not takes_connections(port):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


@contextmanager
def nginx(folder: Path, ports: dict[int, int], *, add: str = "") -> Iterator[None]:
    """Nginx with the page's configuration; ``add`` goes into its ``server``, port 80 is one of ``ports``."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        assert "CI" not in os.environ, "there is no nginx here, and in CI its test may not be skipped"
        pytest.skip("no nginx on this machine; apt install nginx")
    (site,) = blocks("nginx")
    port = ports[80]
    site = site.replace("listen 80;", f"listen 127.0.0.1:{port};{add}")
    site = re.sub(r"(?<=127\.0\.0\.1:)80\d\d\b", lambda found: str(ports[int(found[0])]), site)
    places = "".join(
        f"{kind}_temp_path {folder}/nginx-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        f"events {{ }}\nhttp {{ access_log off; {places}\n{site}\n}}\n"
    )
    process = subprocess.Popen([program, "-c", str(configuration), "-e", str(folder / "nginx.log")], text=True)
    try:
        wait_for(port, process, folder / "nginx.log")
        yield
    finally:
        process.terminate()
        process.wait(DEADLINE)
