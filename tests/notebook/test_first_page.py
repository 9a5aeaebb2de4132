"""The page that a browser gets where the app served by the notebook has no route for ``/``."""

from __future__ import annotations

from typing import Any

import pytest

from nbmicro import App
from nbmicro.client.client import Client
from nbmicro.foreign.app import ForeignApp
from nbmicro.notebook.first_page import with_first_page

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def opened(app: Any, path: str = "/", headers: dict[str, str] = BROWSER) -> Any:
    return Client(with_first_page(lambda: app, lambda: "shop")).get(path, headers=headers)


def shop() -> App:
    app = App("shop")
    app.add_url_rule("/books", "books", lambda: "all")
    app.add_url_rule("/books/<int:number>", "book", lambda number: "one")
    app.add_url_rule("/buy", "buy", lambda: "bought", methods=["POST"])
    app.add_url_rule("/cart", "cart", lambda: "cart", methods=["GET", "POST"])
    return app


def test_a_browser_sees_the_routes_and_follows_those_that_take_nothing() -> None:
    page = opened(shop())
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "No route answers <code>/</code>." in page.text
    assert '<a href="./books"><code>/books</code></a>' in page.text
    assert '<a href="./cart">' in page.text
    assert "<code>/books/&lt;int:number&gt;</code>" in page.text
    assert "<small>POST</small><code>/buy</code>" in page.text


def test_what_the_app_answers_itself_stays() -> None:
    """A page at `/`, a 404 page of its own, other paths, and programs that are no browsers."""
    app = shop()
    assert opened(app, headers={"Accept": "*/*"}).text == app.test_client().get("/").text
    assert opened(app, "/none").text == app.test_client().get("/none").text
    app.register_error_handler(404, lambda error: ("lost", 404))
    assert opened(app).text == "lost"
    app.add_url_rule("/", "home", lambda: "home")
    assert opened(app).text == "home"


def test_an_app_of_another_framework_is_listed_as_well() -> None:
    flask = pytest.importorskip("flask")
    app = flask.Flask("other")
    app.add_url_rule("/list", "listed", lambda: "listed")
    assert '<a href="./list"><code>/list</code></a>' in opened(ForeignApp(app)).text


def test_an_app_without_routes_says_how_to_declare_one() -> None:
    assert "%%route /" in opened(App("shop", static_folder=None)).text
