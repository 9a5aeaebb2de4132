"""Sending files: conditional requests, ranges, names, and folders that cannot be left."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nbmicro import App, send_file, send_from_directory


@pytest.fixture
def app(tmp_path: Path) -> App:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("0123456789")
    (tmp_path / "secret.txt").write_text("secret")
    return App("shop", root_path=str(tmp_path))


def served(app: App, send: Callable[[], Any]) -> Any:
    """A client whose GET / sends the file."""
    app.add_url_rule("/", "file", send)
    return app.test_client()


def test_a_file_is_sent_whole_with_its_type_and_tag(app: App) -> None:
    """send_file's path is relative to the app; the response has type, length, ETag, and asks for checking each time."""
    response = served(app, lambda: send_file("files/a.txt")).get("/", buffered=True)
    assert (response.status_code, response.text, response.mimetype) == (200, "0123456789", "text/plain")
    assert response.content_length == 10
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["ETag"]
    assert response.headers["Last-Modified"]


def test_what_the_browser_has_is_not_sent_again(app: App) -> None:
    """A conditional request with the ETag is answered 304 without a body."""
    client = served(app, lambda: send_file("files/a.txt"))
    tag = client.get("/", buffered=True).headers["ETag"]
    response = client.get("/", buffered=True, headers={"If-None-Match": tag})
    assert (response.status_code, response.data) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "status", "body"), [("bytes=2-4", 206, b"234"), ("bytes=-3", 206, b"789"), ("bytes=50-60", 416, None)]
)
def test_a_part_of_a_file_is_sent(app: App, wanted: str, status: int, body: bytes | None) -> None:
    """Range requests are answered 206 with the part, or 416 if there is no such part."""
    response = served(app, lambda: send_file("files/a.txt")).get("/", buffered=True, headers={"Range": wanted})
    assert response.status_code == status
    if body is not None:
        assert response.data == body


def test_a_file_may_be_an_attachment_under_another_name(app: App) -> None:
    """as_attachment and download_name become Content-Disposition, by RFC 6266 where the name is not ASCII."""
    response = served(app, lambda: send_file("files/a.txt", as_attachment=True, download_name="ü.txt")).get(
        "/", buffered=True
    )
    assert response.headers["Content-Disposition"] == "attachment; filename=u.txt; filename*=UTF-8''%C3%BC.txt"


def test_an_open_file_is_sent(app: App) -> None:
    """A binary file object needs a type or a name."""
    client = served(app, lambda: send_file(io.BytesIO(b"png"), mimetype="image/png"))
    response = client.get("/", buffered=True)
    assert (response.data, response.mimetype) == (b"png", "image/png")


def test_how_long_a_browser_keeps_files_can_be_set(app: App) -> None:
    """SEND_FILE_MAX_AGE_DEFAULT is in seconds or a timedelta; max_age and get_send_file_max_age come before it."""
    client = served(app, lambda: send_file("files/a.txt"))
    app.add_url_rule("/own", "own", lambda: send_file("files/a.txt", max_age=5))
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    assert client.get("/", buffered=True).cache_control.max_age == 3600
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = timedelta(minutes=1)
    assert client.get("/", buffered=True).cache_control.max_age == 60
    assert client.get("/own", buffered=True).cache_control.max_age == 5

    class Keeping(App):
        def get_send_file_max_age(self, filename: str | None) -> int | None:
            return len(str(filename))

    kept = Keeping("kept", root_path=app.root_path)
    length = len(str(Path(app.root_path) / "files/a.txt"))
    assert served(kept, lambda: send_file("files/a.txt")).get("/", buffered=True).cache_control.max_age == length


def test_the_server_may_send_the_file(app: App) -> None:
    """With USE_X_SENDFILE the response names the file for the server and has no body."""
    app.config["USE_X_SENDFILE"] = True
    response = served(app, lambda: send_file("files/a.txt")).get("/", buffered=True)
    assert response.headers["X-Sendfile"].endswith("a.txt")
    assert response.data == b""


@pytest.mark.parametrize(
    "path", ["../secret.txt", "..\\secret.txt", "/etc/passwd", "none.txt", "a.txt/../../secret.txt", "a\0.txt", "", "."]
)
def test_a_folder_cannot_be_left(app: App, path: str) -> None:
    """send_from_directory answers 404 for what is not a file inside the folder."""
    response = served(app, lambda: send_from_directory("files", path)).get("/", buffered=True)
    assert response.status_code == 404


def test_a_file_of_a_folder_is_sent(app: App) -> None:
    """The folder is relative to the app, whatever the current folder is; further arguments are send_file's."""
    client = served(app, lambda: send_from_directory(Path("files"), "a.txt", max_age=7, as_attachment=True))
    response = client.get("/", buffered=True)
    assert (response.text, response.cache_control.max_age) == ("0123456789", 7)
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_a_missing_file_of_ones_own_is_an_error(app: App) -> None:
    """send_file is for names that the app knows: a missing file is the app's mistake."""
    app.testing = True
    with pytest.raises(FileNotFoundError):
        served(app, lambda: send_file("none.txt")).get("/", buffered=True)
