"""The pytest plugin: an app of a notebook, and a client of it, in somebody's own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.notebook_files import write_notebook

TESTS = """
import pytest
from nbmicro.errors import LoadError


def test_app(nbmicro_app):
    app = nbmicro_app("shop.ipynb")
    assert app.test_client().get("/users").get_json() == ["Ada"]


def test_each_load_has_a_state_of_its_own(nbmicro_client):
    first, second = nbmicro_client("shop.ipynb"), nbmicro_client("shop.ipynb")
    assert first.post("/users", json={"name": "Eve"}).status == 201
    assert (first.get("/users").json, second.get("/users").json) == (["Ada", "Eve"], ["Ada"])


def test_client_of_an_app(nbmicro_app, nbmicro_client):
    assert nbmicro_client(nbmicro_app("../shop/shop.ipynb:app")).get("/users").status == 200


def test_missing(nbmicro_app):
    with pytest.raises(LoadError, match="nowhere.ipynb"):
        nbmicro_app("nowhere.ipynb")
"""


def test_an_app_and_a_client_for_tests_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    write_notebook(
        folder / "shop.ipynb",
        "%load_ext nbmicro",
        "users = ['Ada']",
        "%%route /users\nusers",
        "%%route POST /users\nusers.append(request.get_json()['name'])\nusers, 201",
    )
    (folder / "test_shop.py").write_text(TESTS)
    # From another folder: paths are looked for beside the test.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider", "shop"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "4 passed" in done.stdout, done.stdout + done.stderr
