"""No file is lost to a command that writes one: not what it reads, not what is there, not on a full disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from nbmicro.cli import main
from tests.support.notebook_files import write_notebook

WRITERS = {
    "export": (["export", "shop.ipynb"], "shop.py", "shop.ipynb"),
    "export --tests": (["export", "shop.ipynb", "--tests"], "shop.py", "shop.ipynb"),
    "openapi": (["openapi", "shop.ipynb"], "shop.json", "shop.ipynb"),
    "import": (["import", "api.http"], "api.ipynb", "api.http"),
}
Writer = tuple[list[str], str, str]


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writer:
    """The words of a command, the file that it is told to write, and the one that it reads."""
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path / "shop.ipynb", "%load_ext nbmicro", "%%route /\n'x'", "%http /", "%%template a.html\n<p>")
    (tmp_path / "api.http").write_text("GET http://localhost:5000/\n")
    words, output, source = WRITERS[request.param]
    return words, output, source


def run(words: list[str]) -> tuple[int, str]:
    done = CliRunner().invoke(main, words)
    return done.exit_code, done.output


def hidden_files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*") if path.is_file()]


def test_what_is_read_is_not_replaced(writer: Writer, tmp_path: Path) -> None:
    """Not even with --force, nor by way of a link."""
    words, output, source = writer
    before = (tmp_path / source).read_bytes()
    link = tmp_path / output
    link.symlink_to(tmp_path / source)
    for name in (source, output):
        code, said = run([*words, "-o", name, "--force"])
        assert code == 1, said
        assert (tmp_path / source).read_bytes() == before


def test_another_file_is_replaced_only_by_force(writer: Writer, tmp_path: Path) -> None:
    """It keeps its mode then; and the same content needs no force."""
    words, output, _ = writer
    (tmp_path / output).write_text("precious")
    (tmp_path / output).chmod(0o640)
    code, said = run([*words, "-o", output])
    assert (code, (tmp_path / output).read_text()) == (1, "precious")
    assert f"{output} is there already. Nothing was written." in said
    assert "--force" in said
    assert run([*words, "-o", output, "--force"])[0] == 0
    assert (tmp_path / output).read_text() != "precious"
    assert (tmp_path / output).stat().st_mode & 0o777 == 0o640
    assert run([*words, "-o", output])[0] == 0
    assert hidden_files(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process")
def test_a_full_disk_costs_nothing_that_is_there(writer: Writer, tmp_path: Path) -> None:
    """A file that may have 40 bytes stands for the disk: the old one stays, and none is left half."""
    words, output, _ = writer
    (tmp_path / output).write_text("precious")
    code = (
        "import resource, sys; from nbmicro.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40)); main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *words, "-o", output, "--force"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{output} cannot be written: File too large." in done.stderr
    assert (tmp_path / output).read_text() == "precious"
    assert hidden_files(tmp_path) == []
    assert not (tmp_path / "test_shop.py").exists()


def test_a_document_that_was_written_before_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`nbmicro openapi -o` is run again whenever the app changes."""
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path / "shop.ipynb", "%load_ext nbmicro", "%%route /\n'x'")
    assert run(["openapi", "shop.ipynb", "-o", "api.json"])[0] == 0
    write_notebook(tmp_path / "shop.ipynb", "%load_ext nbmicro", "%%route /\n'x'", "%%route /more\n'x'")
    assert run(["openapi", "shop.ipynb", "-o", "api.json"])[0] == 0
    assert '"/more"' in (tmp_path / "api.json").read_text()
