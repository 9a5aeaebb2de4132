"""The commands of a clone: what a person types behind `start.py` reaches JupyterLab, or a step of the tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

import start


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("", []),
        ("--port 8931", ["--port", "8931"]),
        ("--here --port 8931", ["--port", "8931"]),
        ("lab --port 8931", ["--port", "8931"]),
        ("--port=8931 --no-browser", ["--port=8931", "--no-browser"]),
    ],
)
def test_jupyterlabs_own_options_may_follow(
    monkeypatch: pytest.MonkeyPatch, typed: str, options: Sequence[str]
) -> None:
    opened: list[Sequence[str]] = []
    monkeypatch.setattr("sys.argv", ["start.py", *typed.split()])
    monkeypatch.setattr(start, "open_lab", lambda environment, extra: opened.append(extra) or 0)
    assert start.main() == 0
    assert opened == [options]


def test_jupyterlab_begins_where_the_lessons_commands_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its terminal opens in the folder of the lessons, which finds `nbmicro` and the others; its root is the clone."""
    began: list[tuple[list[str], str, Path]] = []
    here = Path.cwd()

    def execute(program: str, command: list[str], variables: dict[str, str]) -> None:
        began.append((command, variables["PATH"].split(os.pathsep)[0], Path.cwd()))

    monkeypatch.setattr(start.Environment, "provide", lambda self, extra: None)
    monkeypatch.setattr(start, "WINDOWS", False)
    monkeypatch.setattr("os.execve", execute)
    monkeypatch.setattr("subprocess.run", lambda *args, **options: type("Ended", (), {"returncode": 0}))
    environment = start.Environment(start.ROOT / ".venv")
    try:
        start.open_lab(environment, [])
    finally:
        os.chdir(here)
    [(command, first, folder)] = began
    assert folder == start.ROOT / "notebooks"
    assert f"--ServerApp.root_dir={start.ROOT}" in command
    assert first == str(environment.scripts)
