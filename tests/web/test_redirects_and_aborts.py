"""Redirects and aborts, with and without an app."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as BaseResponse

from nbmicro import App, Response, abort, redirect
from nbmicro.web.signals import Namespace


def test_a_redirect_keeps_its_location_and_has_the_status_asked_for() -> None:
    """302 unless said otherwise; a relative Location stays relative."""
    app = App("shop")
    app.add_url_rule("/", "index", lambda: redirect("/there?a=ü"))
    app.add_url_rule("/see", "see", lambda: redirect("https://example.org/", code=303))
    client = app.test_client()
    response = client.get("/")
    assert (response.status_code, response.headers["Location"]) == (302, "/there?a=%C3%BC")
    assert client.get("/see").status_code == 303
    assert redirect("/x").status_code == 302


def test_a_redirect_is_of_the_apps_class_and_the_app_may_change_it() -> None:
    """app.redirect is asked where there is an app."""

    class Mine(Response):
        pass

    class Shop(App):
        response_class = Mine

        def redirect(self, location: str, code: int = 302) -> BaseResponse:
            return super().redirect(f"/shop{location}", code)

    with Shop("shop").app_context():
        response = redirect("/x")
    assert isinstance(response, Mine)
    assert response.location == "/shop/x"


def test_abort_raises_the_error_of_the_status() -> None:
    """abort works with and without an app, with a description or a response; unknown statuses are a LookupError."""
    with pytest.raises(NotFound, match="gone fishing"):
        abort(404, "gone fishing")
    app = App("shop")
    with app.app_context():
        with pytest.raises(NotFound, match="gone fishing"):
            abort(404, "gone fishing")
        with pytest.raises(LookupError):
            abort(999)
        response = Response("mine", 418)
        with pytest.raises(HTTPException) as caught:
            abort(response)
        assert caught.value.get_response() is response


def test_an_app_may_have_errors_of_its_own() -> None:
    """app.aborter.mapping says which error a status is."""

    class Teapot(HTTPException):
        code = 799
        description = "short and stout"

    app = App("shop")
    app.aborter.mapping[799] = Teapot

    @app.get("/")
    def index() -> Any:
        abort(799)

    assert app.test_client().get("/").status_code == 799


def test_extensions_make_signals_from_our_namespace() -> None:
    """nbmicro.signals.Namespace is blinker's."""
    heard: list[Any] = []
    signal = Namespace().signal("mine")

    def receive(sender: Any) -> None:
        heard.append(sender)

    signal.connect(receive)
    signal.send("sender")
    assert heard == ["sender"]
