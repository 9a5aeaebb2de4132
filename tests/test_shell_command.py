"""``nbmicro shell``: a Python prompt with the app of a notebook."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.notebook_files import write_notebook

CELLS = ("%load_ext nbmicro", "users = ['Ada']", "%%route /users\nusers", "%http /users")


def shell(folder: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbmicro", "shell", *words],
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


def test_in_a_terminal_the_prompt_is_ipythons_with_the_magics(tmp_path: Path) -> None:
    """`app` is what the file has, the magics and `client` ask it, and its names are there."""
    pexpect = pytest.importorskip("pexpect", reason="a terminal to drive is there on Linux and macOS only")
    write_notebook(tmp_path / "shop.ipynb", *CELLS)
    environ = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython"), "TERM": "dumb", "PROMPT_TOOLKIT_NO_CPR": "1"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "nbmicro", "shell", "shop.ipynb"],
        env=environ,
        encoding="utf-8",
        dimensions=(50, 160),
        timeout=120,
        cwd=str(tmp_path),
    )
    try:
        child.expect_exact("shop.ipynb: app and client are ready.")
        for typed, shown in (
            ("%http /users", "GET /users → 200 OK"),
            ("%routes", "%%route /users"),
            ("client.get('/users').json == users", "True"),
        ):
            child.expect(r"In \[")
            child.send(f"{typed}\r")
            child.expect_exact(shown)
        child.expect(r"In \[")
        child.send("exit\r")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == 0


def test_without_ipython_the_prompt_is_pythons(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect", reason="a terminal to drive is there on Linux and macOS only")
    write_notebook(tmp_path / "shop.ipynb", *CELLS)
    without = "import sys; sys.modules['IPython'] = None; sys.argv[0] = 'nbmicro'; from nbmicro.cli import main; main()"
    child = pexpect.spawn(
        sys.executable,
        ["-c", without, "shell", "shop.ipynb"],
        env={**os.environ, "TERM": "dumb"},
        encoding="utf-8",
        timeout=120,
        cwd=str(tmp_path),
    )
    try:
        child.expect_exact(">>> ")
        child.send("client.get('/users').json == users\r")
        child.expect_exact("True")
    finally:
        child.close(force=True)


def test_a_file_that_does_not_load_is_an_error(tmp_path: Path) -> None:
    done = shell(tmp_path, "nowhere.ipynb")
    assert done.returncode == 1
    assert "nowhere.ipynb" in done.stderr
