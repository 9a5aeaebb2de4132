"""The tutorial's sign-in: registering, signing in and out, and what is said about mistakes."""

from __future__ import annotations

import sqlite3
from types import ModuleType
from typing import Any

import pytest


def test_one_registers(client: Any, database: sqlite3.Connection) -> None:
    assert client.get("/auth/register").status_code == 200
    response = client.post("/auth/register", data={"username": "a", "password": "a"})
    assert (response.status_code, response.headers["Location"]) == (302, "/auth/login")
    assert database.execute("SELECT COUNT(*) FROM user WHERE username = 'a'").fetchone() == (1,)


@pytest.mark.parametrize(
    ("username", "password", "message"),
    [
        ("", "", b"Username is required."),
        ("a", "", b"Password is required."),
        ("test", "test", b"already registered"),
    ],
)
def test_registering_says_what_is_wrong(client: Any, username: str, password: str, message: bytes) -> None:
    response = client.post("/auth/register", data={"username": username, "password": password})
    assert message in response.data


def test_one_signs_in(client: Any, auth: Any, flask: ModuleType) -> None:
    assert client.get("/auth/login").status_code == 200
    assert auth.login().headers["Location"] == "/"
    with client:
        client.get("/")
        assert flask.session["user_id"] == 1
        assert flask.g.user["username"] == "test"


@pytest.mark.parametrize(
    ("username", "password", "message"),
    [("a", "test", b"Incorrect username."), ("test", "a", b"Incorrect password.")],
)
def test_signing_in_says_what_is_wrong(auth: Any, username: str, password: str, message: bytes) -> None:
    assert message in auth.login(username, password).data


def test_a_message_is_shown_once(auth: Any, client: Any) -> None:
    auth.login("a", "b")
    assert b"Incorrect" not in client.get("/auth/login").data


def test_one_signs_out(client: Any, auth: Any, flask: ModuleType) -> None:
    auth.login()
    with client:
        auth.logout()
        assert "user_id" not in flask.session


def test_a_form_without_its_field_is_a_bad_request(client: Any) -> None:
    client.application.testing = False
    assert client.post("/auth/login", data={"username": "test"}).status_code == 400
