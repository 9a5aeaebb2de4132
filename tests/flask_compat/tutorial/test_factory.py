"""The tutorial's factory makes an app, for tests and otherwise."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def test_a_test_gives_its_own_configuration(flaskr: ModuleType) -> None:
    assert not flaskr.create_app().testing
    assert flaskr.create_app({"TESTING": True}).testing


def test_it_reads_its_configuration_from_the_instance_folder(flaskr: ModuleType) -> None:
    from pathlib import Path

    folder = Path(flaskr.create_app().instance_path)
    (folder / "config.py").write_text("SECRET_KEY = 'from the file'\n")
    assert flaskr.create_app().secret_key == "from the file"


def test_it_says_hello(client: Any) -> None:
    assert client.get("/hello").data == b"Hello, World!"


def test_its_style_sheet_is_served(client: Any) -> None:
    response = client.get("/static/style.css")
    assert (response.status_code, response.mimetype) == (200, "text/css")
    response.close()
