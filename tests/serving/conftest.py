"""What the serving tests share: servers that are stopped at the end, and programs of their own."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmicro.server.server import BackgroundServer
from tests.serving.asking import free_port, hello
from tests.serving.notebooks import write_notebook


@pytest.fixture
def serve() -> Iterator[Callable[..., BackgroundServer]]:
    """Starts servers on free ports; all of them are stopped at the end."""
    started: list[BackgroundServer] = []

    def start(app: Any = hello, **options: Any) -> BackgroundServer:
        options.setdefault("port", free_port())
        options.setdefault("environ", {})
        server = BackgroundServer(app, **options)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop(timeout=1.0)


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], list[str]]:
    """Writes a Python program and gives the command that runs it."""

    def write(source: str) -> list[str]:
        file = tmp_path / f"program{len(os.listdir(tmp_path))}.py"
        file.write_text(textwrap.dedent(source))
        return [sys.executable, "-u", str(file)]

    return write


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Writes notebooks; what they put into this process is taken out of it at the end."""
    modules, folders, where = set(sys.modules), list(sys.path), Path.cwd()

    def write(*cells: str | tuple[str, list[str]], name: str = "app.ipynb", **extra: Any) -> Path:
        return write_notebook(tmp_path / name, *cells, **extra)

    yield write
    for added in set(sys.modules) - modules:
        if str(getattr(sys.modules[added], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[added]
    sys.path[:] = folders
    os.chdir(where)
