"""``nbmicro shell``: a Python prompt with the app of a notebook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.notebook_files import write_notebook

CELLS = ("%load_ext nbmicro", "users = ['Ada']", "%%route /users\nusers", "%http /users")


def shell(folder: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbmicro.cli", "shell", *words],
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("print(client.get('/users').json)", "['Ada']"),
        ("users.append('Eve'); print(client.get('/users').json)", "['Ada', 'Eve']"),
        ("from nbmicro import url_for; print(url_for('users'))", "/users"),
        ("print(app.test_client().get('/users').status)", "200 OK"),
    ],
)
def test_one_question_is_answered(tmp_path: Path, code: str, printed: str) -> None:
    write_notebook(tmp_path / "shop.ipynb", *CELLS)
    done = shell(tmp_path, "shop.ipynb", "-c", code)
    assert (done.stdout.strip(), done.returncode) == (printed, 0), done.stderr


def test_a_prompt_takes_lines_until_its_end(tmp_path: Path) -> None:
    write_notebook(tmp_path / "shop.ipynb", *CELLS)
    done = shell(tmp_path, "shop.ipynb", typed="client.get('/users').status\n1 / 0\nlen(users)\n")
    assert "shop.ipynb: app and client are ready." in done.stderr
    assert "200" in done.stdout
    assert "ZeroDivisionError" in done.stderr
    assert done.stdout.split() == [">>>", "200", ">>>", ">>>", "1", ">>>"]
    assert done.returncode == 0


def test_a_file_that_does_not_load_is_an_error(tmp_path: Path) -> None:
    done = shell(tmp_path, "nowhere.ipynb")
    assert done.returncode == 1
    assert "nowhere.ipynb" in done.stderr
