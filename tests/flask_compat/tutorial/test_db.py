"""The tutorial's database: one connection per context, closed at its end; a command makes the tables."""

from __future__ import annotations

import importlib
import sqlite3
from typing import Any

import pytest


def test_a_context_has_one_connection_and_closes_it(app: Any) -> None:
    get_db = importlib.import_module("flaskr.db").get_db
    with app.app_context():
        db = get_db()
        assert db is get_db()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")


def test_the_command_makes_the_tables(runner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr("flaskr.db.init_db", lambda: called.append(True))
    result = runner.invoke(args=["init-db"])
    assert "Initialized" in result.output
    assert called == [True]


def test_the_command_empties_the_database(app: Any, runner: Any, database: sqlite3.Connection) -> None:
    assert database.execute("SELECT COUNT(*) FROM post").fetchone() == (1,)
    with app.app_context():  # the command line enters one for every command
        assert runner.invoke(args=["init-db"]).exit_code == 0
    assert database.execute("SELECT COUNT(*) FROM post").fetchone() == (0,)
