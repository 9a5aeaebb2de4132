"""`PSOT /users` is a slip of the hand: it is not sent, unless the app says that it knows such a method."""

from __future__ import annotations

import pytest

from nbmicro import App
from nbmicro.client.client import Client
from nbmicro.errors import RequestError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.runner.run import run_script
from tests.support.commands import run_command


def shop() -> App:
    app = App("shop")
    app.add_url_rule("/users", "users", lambda: "listed")
    app.add_url_rule("/pot", "pot", lambda: ("short and stout", 418), methods=["BREW"])
    return app


@pytest.mark.parametrize(
    ("line", "column", "meant"),
    [
        ("PSOT /users name=Ada", 7, "POST"),
        ("--reset PTU /users", 15, "PUT"),
        ("delte /users", 7, "DELETE"),
        ("PATHC /users/1", 7, "PATCH"),
    ],
)
def test_a_mistyped_method_is_not_sent(line: str, column: int, meant: str) -> None:
    """The error has its place, and the method that was meant."""
    client = Client(shop())
    with pytest.raises(RequestError) as caught:
        run_command(parse_line(line), client, {})
    assert (caught.value.line, caught.value.column) == (1, column)
    assert "is no method of HTTP, and no route of the app declares it. Nothing was sent." in caught.value.message
    assert f"Did you mean  {meant} " in (caught.value.hint or "")
    assert len(client.history) == 0


def test_a_cell_with_a_mistyped_method_sends_none_of_its_requests() -> None:
    """Neither those above it."""
    client = Client(shop())
    script = parse_script("", "GET /users\n\n###\n  PSOT /users\nX-A: b\n")
    with pytest.raises(RequestError) as caught:
        run_script(script, client, {})
    assert (caught.value.line, caught.value.column) == (5, 3)
    assert caught.value.hint == ('Did you mean  POST /users\nTo send it all the same:  client.open("PSOT", "/users")')
    assert len(client.history) == 0


def test_a_mistyped_method_on_the_line_of_the_cell_has_its_column() -> None:
    """Which is counted from the beginning of the line."""
    with pytest.raises(RequestError) as caught:
        run_script(parse_script("GTE /users", "\nHTTP 200"), Client(shop()), {})
    assert (caught.value.line, caught.value.column) == (1, 8)


def test_what_a_route_declares_or_http_knows_is_sent() -> None:
    """A method of the app's own, on whatever path; those of IANA's registry; and all that Python sends."""
    client = Client(shop())
    assert run_command(parse_line("BREW /pot"), client, {}).status == 418
    assert run_command(parse_line("BREW /users"), client, {}).status == 405
    assert run_command(parse_line("PROPFIND /users"), client, {}).status == 405
    assert run_command(parse_line("purge /users"), client, {}).status == 405
    assert client.open("PSOT", "/users").status == 405


def test_an_app_that_does_not_tell_its_routes_gets_whatever_is_no_slip() -> None:
    """A plain WSGI function may answer anything; what is nearly POST is still POST mistyped."""

    def application(environ, start_response):  # type: ignore[no-untyped-def]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["REQUEST_METHOD"].encode()]

    client = Client(application)
    assert run_command(parse_line("BREW /pot"), client, {}).text == "BREW"
    with pytest.raises(RequestError, match="and it is nearly one"):
        run_command(parse_line("PSOT /pot"), client, {})


def test_a_flask_app_tells_its_methods() -> None:
    """As %app hands it over."""
    flask = pytest.importorskip("flask")
    from nbmicro.foreign.app import ForeignApp

    app = flask.Flask("theirs")
    app.add_url_rule("/pot", "pot", lambda: "tea", methods=["BREW"])
    client = Client(ForeignApp(app))
    assert run_command(parse_line("BREW /pot"), client, {}).text == "tea"
    with pytest.raises(RequestError, match="no route of the app declares it"):
        run_command(parse_line("STEEP /pot"), client, {})
