"""The blog of Flask's tutorial in three lives: on Flask, on nbmicro in Flask's place, and with its import changed."""

from __future__ import annotations

import importlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from werkzeug.security import generate_password_hash

import nbmicro

HERE = Path(__file__).parent
SOURCE = HERE.parent / "flaskr"
IMPORT = re.compile(r"^from flask import ", re.MULTILINE)


@pytest.fixture(params=["on Flask", "in Flask's place", "its import changed"])
def flask(
    request: pytest.FixtureRequest, free_place: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """What the blog imports its names from."""
    shutil.copytree(SOURCE, tmp_path / "flaskr", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(tmp_path)
    if request.param == "its import changed":
        for file in (tmp_path / "flaskr").rglob("*.py"):
            changed, number = IMPORT.subn("from nbmicro import ", file.read_text("utf-8"))
            assert number == 1
            file.write_text(changed, "utf-8")
        return nbmicro
    if request.param == "in Flask's place":
        nbmicro.install_as_flask()
    return importlib.import_module("flask")


@pytest.fixture
def flaskr(flask: ModuleType) -> ModuleType:
    """The blog."""
    return importlib.import_module("flaskr")


@pytest.fixture(scope="session")
def data() -> str:
    """Two people and a post."""
    text = (HERE / "data.sql").read_text("utf-8")
    return text.format(**{name: generate_password_hash(name, "pbkdf2:sha256:1") for name in ("test", "other")})


@pytest.fixture
def app(flaskr: ModuleType, tmp_path: Path, data: str) -> Iterator[Any]:
    """The app with a database of its own."""
    app = flaskr.create_app({"TESTING": True, "DATABASE": str(tmp_path / "test.sqlite")})
    with app.app_context():
        importlib.import_module("flaskr.db").init_db()
        importlib.import_module("flaskr.db").get_db().executescript(data)
    return app


@pytest.fixture
def database(app: Any) -> Iterator[sqlite3.Connection]:
    """Its database, looked at from outside."""
    connection = sqlite3.connect(app.config["DATABASE"])
    yield connection
    connection.close()


@pytest.fixture
def client(app: Any) -> Any:
    return app.test_client()


@pytest.fixture
def runner(app: Any) -> Any:
    return app.test_cli_runner()


class Auth:
    """Signs in and out."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def login(self, username: str = "test", password: str = "test") -> Any:
        return self.client.post("/auth/login", data={"username": username, "password": password})

    def logout(self) -> Any:
        return self.client.get("/auth/logout")


@pytest.fixture
def auth(client: Any) -> Auth:
    return Auth(client)
