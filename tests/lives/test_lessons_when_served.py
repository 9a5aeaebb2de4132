"""What a saved lesson shows is what it answers when it is served: in process, by the command, and under gunicorn."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nbmicro.cells.input_transformer import transform_cell
from nbmicro.cells.notebook_cell import MagicCell, split_cell
from nbmicro.client.client import Client
from nbmicro.exchange.exchange import Exchange
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.loading.loader import load
from nbmicro.render.exchange import mime_bundle
from nbmicro.render.summary import RenderOptions
from nbmicro.runner.run import run_script
from tests.support.asking import DEADLINE, takes_connections
from tests.support.commands import run_command

LESSONS = [
    path
    for path in sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
    # What takes Flask's place needs a process of its own; tests/flask_compat gives it one.
    # One that speaks to several apps has its own test, in test_apps_of_other_frameworks.
    if not re.search(r"install_as_flask|%app apps", path.read_text("utf-8"))
]
# What the server in front of an app adds or takes: it differs by server, not by app.
OF_THE_SERVER = {"date", "server", "connection", "transfer-encoding", "content-length"}


def requests_of(path: Path) -> list[tuple[str, list[str]]]:
    """The cells that are one or more requests and nothing else, each with the texts its stored outputs show."""
    found = []
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"])
        shown = ["".join(output.get("data", {}).get("text/plain", "")) for output in cell.get("outputs", ())]
        if cell["cell_type"] == "code" and source.lstrip().startswith(("%http ", "%%http")):
            found.append((transform_cell(source), shown))
    return found


def asks_what_is_replaced(path: Path) -> set[str]:
    """The requests to a route that a later cell declares again: what is served is the later one."""
    sources = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    found = set()
    for number, source in enumerate(sources):
        before, after = sources[:number], sources[number + 1 :]
        heads = {one.split("\n")[0] for one in before if one.startswith("%%route ")}
        for head in heads & {one.split("\n")[0] for one in after}:
            prefix = head.split()[-1].partition("<")[0]
            if prefix != "/" and f" {prefix}" in source and source.startswith("%http "):
                found.add(transform_cell(source))
    return found


def told(text: str) -> str:
    """The text of an exchange; of a failing one its status: the lines of a cell are told by the notebook alone."""
    return text.split("\n")[0] if re.match(r"\S+ \S+ → 5\d\d ", text) else text


def send(source: str, client: Client, namespace: dict[str, Any]) -> list[Exchange]:
    cut = split_cell(source)
    options: dict[str, Any] = {"protected": lambda name, value: False, "announce": lambda *shown: None}
    # Files that a request names lie beside the lessons.
    options["folder"] = Path(__file__).parents[2] / "notebooks"
    if isinstance(cut, MagicCell):
        return list(run_script(parse_script(cut.line, cut.body), client, namespace, **options))
    sent = [run_command(parse_line(one.rest), client, namespace, **options) for one in cut.statements]
    return [one for one in sent if isinstance(one, Exchange)]


def through(port: int) -> Callable[..., Any]:
    """A WSGI app that asks the server on ``port``, so that the notebook's own requests go over a socket."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        target = environ.get("REQUEST_URI") or environ["PATH_INFO"]
        connection.request(environ["REQUEST_METHOD"], target, body=body or None, headers=headers)
        response = connection.getresponse()
        content = response.read()
        start_response(f"{response.status} {response.reason}", response.getheaders())
        connection.close()
        return [content]

    return app


def essence(exchange: Exchange) -> tuple[str, int, dict[str, str], bytes]:
    kept = {name.lower(): value for name, value in exchange.response.headers if name.lower() not in OF_THE_SERVER}
    if "allow" in kept:
        kept["allow"] = ", ".join(sorted(kept["allow"].split(", ")))
    return exchange.request.target, exchange.status, kept, exchange.body


@contextmanager
def served(*words: str, port: int, cwd: Path) -> Iterator[None]:
    """A command that serves on ``port``, with IPython out of its reach."""
    blocked = cwd / "blocked"
    for name in ("IPython", "ipywidgets", "traitlets"):
        (blocked / name).mkdir(parents=True, exist_ok=True)
        (blocked / name / "__init__.py").write_text("raise ImportError('blocked')\n")
    server = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=cwd,
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
        yield
    finally:
        server.terminate()
        server.communicate(timeout=DEADLINE)


@pytest.fixture
def fresh(tmp_path: Path, notebook: Callable[..., Path]) -> Callable[[Path], Path]:
    """Copies a lesson with all that lies beside it into one place, each time without what it stored there before."""

    def copy(lesson: Path) -> Path:
        folder = tmp_path / "lessons"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(lesson.parent, folder, ignore=shutil.ignore_patterns("instance", ".ipynb_checkpoints"))
        return folder / lesson.name

    return copy


def loaded(path: Path) -> tuple[Client, dict[str, Any]]:
    """A client of the app that the loader makes, and a copy of the notebook's names, for its checks."""
    app = load(path)
    module = next(one for one in sys.modules.values() if getattr(one, "__file__", None) == str(path))
    return Client(app), dict(vars(module))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_answers_as_its_saved_outputs_show(lesson: Path, fresh: Callable[[Path], Path]) -> None:
    """Each request of a lesson, sent to the app that the loader makes of it, gives the text stored below its cell."""
    client, names = loaded(fresh(lesson))
    requests, replaced = requests_of(lesson), asks_what_is_replaced(lesson)
    for number, (source, shown) in enumerate(requests):
        answers = [told(mime_bundle(one, RenderOptions())["text/plain"]) for one in send(source, client, names)]
        # A lesson asks the same twice, before and after a route is edited; what is served is the edited one.
        is_before_edit = source.startswith("%http /") and source in [later for later, _ in requests[number + 1 :]]
        assert is_before_edit or source in replaced or answers == [told(text) for text in shown], source
