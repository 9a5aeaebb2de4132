"""Notebooks made for a test, and apps asked without a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Write = Callable[..., Path]


def write_notebook(path: Path, *cells: str | tuple[str, list[str]], **extra: Any) -> Path:
    """Write an .ipynb whose code cells are ``cells``; one given as a pair has tags."""
    entries = []
    for cell in cells:
        text, tags = cell if isinstance(cell, tuple) else (cell, [])
        entries.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {"tags": tags} if tags else {},
                "outputs": [],
                "source": text.splitlines(keepends=True),
            }
        )
    entries.insert(0, {"cell_type": "markdown", "metadata": {}, "source": ["# A title"]})
    path.write_text(json.dumps({"cells": entries, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **extra}))
    return path


def ask_app(app: Any, target: str, method: str = "GET") -> tuple[int, str]:
    """The status and text with which a WSGI app answers."""
    found: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        found.append(status)

    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": _Empty(),
        "wsgi.errors": _Empty(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    answer = app(environ, start_response)
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return int(found[0].split()[0]), body.decode()


class _Empty:
    def read(self, size: int = -1) -> bytes:
        return b""

    def readline(self, size: int = -1) -> bytes:
        return b""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def write(self, text: str) -> None: ...

    def flush(self) -> None: ...
