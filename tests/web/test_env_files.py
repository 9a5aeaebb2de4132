"""Environment variables from .env files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmicro.web.commands.dotenv import load_dotenv, parse_dotenv, wants_dotenv


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test has its own environment and folder."""
    before = dict(os.environ)
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1\nB = two words \n", {"A": "1", "B": "two words"}),
        ("export A=1", {"A": "1"}),
        ("# A=1\n\nB=2 # comment\nC=x#y", {"B": "2", "C": "x#y"}),
        ("A='single # \\n quoted' # c", {"A": "single # \\n quoted"}),
        ('A="line\\nnext \\"q\\" # x"', {"A": 'line\nnext "q" # x'}),
        ('A="two\nlines"\nB=1', {"A": "two\nlines", "B": "1"}),
        ("A=\nB=''", {"A": "", "B": ""}),
        ("A=1\nB=${A}2\nC='${A}'\nD=${NONE:-d}\nE=${NONE}", {"A": "1", "B": "12", "C": "1", "D": "d", "E": ""}),
        ("A=1\nA=2", {"A": "2"}),
        ("just words\n=x\nalone\nA=1", {"A": "1"}),
        ("A=a=b", {"A": "a=b"}),
    ],
)
def test_lines_are_read_as_python_dotenv_reads_them(text: str, found: dict[str, str]) -> None:
    """Quotes, comments, export, escapes, several lines, references; what is no such line is skipped."""
    assert parse_dotenv(text) == found


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    """No text is an error."""
    assert all(isinstance(value, str) for value in parse_dotenv(text).values())


def test_the_environment_wins_then_env_then_flaskenv(tmp_path: Path) -> None:
    """A variable that is set stays; .env comes before .flaskenv, a file that is named before both."""
    os.environ["NBT_SET"] = "real"
    (tmp_path / ".env").write_text("NBT_SET=env\nNBT_ENV=env\nNBT_NAMED=env\n")
    (tmp_path / ".flaskenv").write_text("NBT_SET=flaskenv\nNBT_ENV=flaskenv\nNBT_FLASKENV=flaskenv\n")
    (tmp_path / "named").write_text("NBT_NAMED=named\n")
    assert load_dotenv("named") is True
    assert {name: os.environ[name] for name in ("NBT_SET", "NBT_ENV", "NBT_FLASKENV", "NBT_NAMED")} == {
        "NBT_SET": "real",
        "NBT_ENV": "env",
        "NBT_FLASKENV": "flaskenv",
        "NBT_NAMED": "named",
    }


def test_files_are_found_in_the_folders_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest file counts, here or above; the current folder stays what it is."""
    (tmp_path / ".env").write_text("NBT_ABOVE=1\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert load_dotenv() is True
    assert os.environ["NBT_ABOVE"] == "1"
    assert Path.cwd() == below


def test_no_file_is_no_error(tmp_path: Path) -> None:
    """False says that there was nothing to read."""
    assert load_dotenv(tmp_path / "none", load_defaults=False) is False


@pytest.mark.parametrize("variable", ["FLASK_SKIP_DOTENV", "NBMICRO_SKIP_DOTENV"])
@pytest.mark.parametrize(("value", "wanted"), [("1", False), ("true", False), ("0", True), ("false", True), ("", True)])
def test_reading_can_be_turned_off(variable: str, value: str, wanted: bool) -> None:
    """A variable that says so keeps the files from being read."""
    os.environ[variable] = value
    assert wants_dotenv() is wanted
