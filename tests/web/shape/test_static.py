"""Static files in Flask's shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nbmicro import App, Blueprint, url_for

MakeApp = Callable[..., App]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place in ("static", "assets", "bp/static"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.css").write_text(f"/* {place} */")
    (tmp_path / "bp/static" / "b.css").write_text("/* b */")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


def get(app: App, path: str) -> tuple[int, str]:
    response = app.test_client().get(path, buffered=True)
    return response.status_code, response.text if response.status_code == 200 else ""


# == static: files of a folder below a path


def test_static_files_are_served(make_app: MakeApp, folder: Path) -> None:
    """Of ``static`` below ``/static``, by the endpoint ``static``."""
    app = make_app(root_path=str(folder))
    assert get(app, "/static/a.css") == (200, "/* static */")
    assert get(app, "/static/missing.css") == (404, "")
    assert get(app, "/static/../secret.txt") == (404, "")
    assert get(app, "/static/%2e%2e/secret.txt") == (404, "")
    with app.test_request_context():
        assert url_for("static", filename="a b.css") == "/static/a%20b.css"
    response = app.test_client().get("/static/a.css", buffered=True)
    assert response.mimetype == "text/css"
    assert response.headers["Cache-Control"] == "no-cache"
    known = {"If-None-Match": response.headers["ETag"]}
    assert app.test_client().get("/static/a.css", headers=known, buffered=True).status_code == 304


@pytest.mark.parametrize("as_path", [False, True])
def test_folder_and_path_can_be_others(make_app: MakeApp, folder: Path, as_path: bool) -> None:
    """A name, an absolute path, a PathLike; the URL follows the folder's name unless it is given."""
    where = folder / "assets" if as_path else "assets"
    app = make_app(root_path=str(folder), static_folder=where)
    assert app.static_folder == str(folder / "assets")
    assert app.static_url_path == "/assets"
    assert get(app, "/assets/a.css") == (200, "/* assets */")
    other = make_app(root_path=str(folder), static_folder=where, static_url_path="/files/")
    assert get(other, "/files/a.css") == (200, "/* assets */")


def test_an_empty_path_serves_at_the_root(make_app: MakeApp, folder: Path) -> None:
    """Routes of one's own come first."""
    app = make_app(root_path=str(folder), static_url_path="")
    app.add_url_rule("/mine", "mine", lambda: "mine")
    assert get(app, "/a.css") == (200, "/* static */")
    assert get(app, "/mine") == (200, "mine")


def test_the_route_is_there_even_if_the_folder_is_not(make_app: MakeApp, tmp_path: Path) -> None:
    """It answers 404 until there are files."""
    app = make_app(root_path=str(tmp_path))
    assert "static" in app.view_functions
    assert get(app, "/static/a.css") == (404, "")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.css").write_text("late")
    assert get(app, "/static/a.css") == (200, "late")


def test_none_means_no_static_files(make_app: MakeApp, folder: Path) -> None:
    """No folder, no route."""
    app = make_app(root_path=str(folder), static_folder=None)
    assert app.static_folder is None
    assert app.static_url_path is None
    assert not app.has_static_folder
    assert "static" not in app.view_functions
    assert get(app, "/static/a.css") == (404, "")


def test_a_blueprint_may_have_files_of_its_own(make_app: MakeApp, folder: Path) -> None:
    """Below its prefix; without one, the app's files come first."""
    app = make_app(root_path=str(folder))
    bp = Blueprint("bp", __name__, root_path=str(folder / "bp"), static_folder="static", url_prefix="/bp")
    app.register_blueprint(bp)
    assert get(app, "/bp/static/a.css") == (200, "/* bp/static */")
    with app.test_request_context():
        assert url_for("bp.static", filename="a.css") == "/bp/static/a.css"
    bare = make_app(root_path=str(folder))
    bare.register_blueprint(Blueprint("bp", __name__, root_path=str(folder / "bp"), static_folder="static"))
    assert get(bare, "/static/a.css") == (200, "/* static */")
    assert get(bare, "/static/b.css") == (404, "")
    moved = make_app(root_path=str(folder))
    moved.register_blueprint(
        Blueprint("bp", __name__, root_path=str(folder / "bp"), static_folder="static", static_url_path="/bp-files")
    )
    assert get(moved, "/bp-files/b.css") == (200, "/* b */")


def test_a_static_host_has_them_alone(make_app: MakeApp, folder: Path) -> None:
    """With host matching; any other host has none."""
    app = make_app(root_path=str(folder), host_matching=True, static_host="static.example")
    client = app.test_client()
    assert client.get("/static/a.css", base_url="http://static.example", buffered=True).status_code == 200
    assert client.get("/static/a.css", base_url="http://other.example", buffered=True).status_code == 404


def test_how_files_are_sent_can_be_overridden(folder: Path) -> None:
    """``send_static_file`` and ``get_send_file_max_age``."""

    class MyApp(App):
        def get_send_file_max_age(self, filename: str | None) -> int | None:
            return 60

    app = MyApp("x", root_path=str(folder))
    response = app.test_client().get("/static/a.css", buffered=True)
    assert response.cache_control.max_age == 60
    with app.test_request_context():
        sent = app.send_static_file("a.css")
        sent.close()
        assert sent.mimetype == "text/css"
