"""Notebooks run in processes of their own, at the price of a fork: a program that reads jobs and writes what came.

A job is a line of JSON: ``ids`` (whether cells have ids) and ``steps``, each a list: ``["run", cell, source,
deleted]``, ``["file", name, text]``, ``["ask"]``, or ``["load", cells]``, which asks what ``nbmicro.load`` serves. The
result is the list of what each "run" printed if it failed (else None), and of the responses to each "ask" and "load".
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

Response = dict[str, Any]

#: What is asked of each notebook: method and path.
REQUESTS = [
    *(("GET", f"/r{number}") for number in range(4)),
    ("POST", "/r0"),
    ("HEAD", "/r1"),
    ("OPTIONS", "/r0"),
    ("DELETE", "/r1"),
    *(("GET", path) for path in ("/n/5", "/n/x", "/raw", "/ep", "/raises", "/below", "/abort", "/missing")),
    *(("GET", path) for path in ("/words", "/template", "/static/kind.txt", "/urls", "/made", "/extension")),
    *(("GET", f"/{prefix}/x") for prefix in ("a1", "a2", "b1", "b2", "a1/b1", "a2/b2", "b1/a1", "b2/a1")),
    *(("GET", f"/{prefix}/{page}") for prefix in ("a1", "a2", "b1/a1") for page in ("late", "recorded")),
    *(("GET", path) for path in ("/module", "/loading")),
]


class CellJobs:
    """The program, as a test speaks to it."""

    def __enter__(self) -> CellJobs:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def run(self, steps: list[list[Any]], *, ids: bool) -> list[Any]:
        """Do the steps in a process of their own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ids": ids, "steps": steps}) + "\n")
        self._process.stdin.flush()
        result = json.loads(self._process.stdout.readline())
        assert isinstance(result, list), result
        return result


def do(job: dict[str, Any]) -> list[Any]:
    """Do a job, in a folder of its own."""
    from tests.support.shell import NotebookShell

    results: list[Any] = []
    notebook = NotebookShell(ids=job["ids"]).__enter__()
    for kind, *details in job["steps"]:
        if kind == "run":
            cell, source, deleted = details
            results.append(None if notebook.run(cell, source, deleted=deleted) else notebook.output)
        elif kind == "file":
            Path(details[0]).write_text(details[1], "utf-8")
        elif kind == "ask":
            results.append(answers(notebook.shell.user_ns["app"]))
        else:
            results.append(answers(_loaded(details[0])))
    return results


def answers(app: Any) -> dict[str, Response]:
    """The responses to each request."""
    from werkzeug.test import Client

    client = Client(app)
    found = {}
    for method, path in REQUESTS:
        answered = client.open(path, method=method)
        found[f"{method} {path}"] = {
            "status": answered.status_code,
            "text": answered.text if answered.status_code != 500 else "",
            "allow": ",".join(sorted(answered.headers.get("Allow", "").replace(" ", "").split(","))),
            "hooks": [answered.headers.get("X-Before", ""), *answered.headers.getlist("X-After")],
        }
    return found


def _loaded(cells: list[str]) -> Any:
    import nbmicro

    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{number}",
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                "source": source,
            }
            for number, source in enumerate(cells)
        ],
    }
    Path("served.ipynb").write_text(json.dumps(notebook), "utf-8")
    return nbmicro.load("served.ipynb")


def main() -> None:
    """Fork for each job; what jobs import is here at once."""
    logging.disable(logging.CRITICAL)
    for name in json.loads(_forked(_imported, "")):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for line in sys.stdin:
        print(_forked(_done, line), flush=True)


def _forked(function: Callable[[str], Any], argument: str) -> str:
    """What a function gives in a process of its own, as JSON."""
    read_from, write_to = os.pipe()
    child = os.fork()
    if not child:
        os.close(read_from)
        devnull = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(devnull, standard)
        try:
            with os.fdopen(write_to, "w", encoding="utf-8") as out:
                out.write(json.dumps(function(argument)))
        finally:
            os._exit(0)
    os.close(write_to)
    with os.fdopen(read_from, encoding="utf-8") as result:
        text = result.read()
    os.waitpid(child, 0)
    return text


def _done(line: str) -> Any:
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            sys.path.insert(0, folder)
            sys.dont_write_bytecode = True
            try:
                return do(json.loads(line))
            finally:
                os.chdir("/")
    except BaseException:
        return traceback.format_exc()


def _imported(_: str) -> list[str]:
    """The modules that a job imports."""
    from tests.support.cell_model import RandomNotebook

    for seed in (0, 2):
        notebook = RandomNotebook(seed, ids=True)
        _done(json.dumps({"ids": True, "steps": notebook.steps}))
    cells = ["%load_ext nbmicro", "%%route /\n'page'"]
    _done(json.dumps({"ids": True, "steps": [["load", cells]]}))
    return [name for name in sys.modules if name not in ("__main__", "made_module") and "notebook.served" not in name]


if __name__ == "__main__":
    main()
