"""The tutorial's blog: who may read, write, change and delete."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest


def test_everyone_reads(client: Any, auth: Any) -> None:
    page = client.get("/").data
    assert b"Log In" in page
    assert b"Register" in page
    auth.login()
    page = client.get("/").data
    for text in (b"Log Out", b"test title", b"by test on 2018-01-01", b"test\nbody", b'href="/1/update"'):
        assert text in page


@pytest.mark.parametrize("path", ["/create", "/1/update", "/1/delete"])
def test_only_who_is_signed_in_writes(client: Any, path: str) -> None:
    assert client.post(path).headers["Location"] == "/auth/login"


def test_only_the_author_changes_a_post(client: Any, auth: Any, database: sqlite3.Connection) -> None:
    database.execute("UPDATE post SET author_id = 2 WHERE id = 1")
    database.commit()
    auth.login()
    assert client.post("/1/update").status_code == 403
    assert client.post("/1/delete").status_code == 403
    assert b'href="/1/update"' not in client.get("/").data


@pytest.mark.parametrize("path", ["/2/update", "/2/delete"])
def test_a_post_that_is_not_there(client: Any, auth: Any, path: str) -> None:
    auth.login()
    response = client.post(path)
    assert response.status_code == 404
    assert b"Post id 2 doesn" in response.data


def test_a_post_is_written(client: Any, auth: Any, database: sqlite3.Connection) -> None:
    auth.login()
    assert client.get("/create").status_code == 200
    response = client.post("/create", data={"title": "created", "body": "<b>"}, follow_redirects=True)
    assert response.request.path == "/"
    assert b"created" in response.data
    assert b"&lt;b&gt;" in response.data
    assert database.execute("SELECT COUNT(id) FROM post").fetchone() == (2,)


def test_a_post_is_changed(client: Any, auth: Any, database: sqlite3.Connection) -> None:
    auth.login()
    assert client.get("/1/update").status_code == 200
    client.post("/1/update", data={"title": "updated", "body": ""})
    assert database.execute("SELECT title FROM post WHERE id = 1").fetchone() == ("updated",)


@pytest.mark.parametrize("path", ["/create", "/1/update"])
def test_a_post_has_a_title(client: Any, auth: Any, path: str) -> None:
    auth.login()
    assert b"Title is required." in client.post(path, data={"title": "", "body": ""}).data


def test_a_post_is_deleted(client: Any, auth: Any, database: sqlite3.Connection) -> None:
    auth.login()
    assert client.post("/1/delete").headers["Location"] == "/"
    assert database.execute("SELECT * FROM post WHERE id = 1").fetchone() is None
