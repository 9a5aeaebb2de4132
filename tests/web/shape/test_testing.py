"""Testing an app, in Flask's shape."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import click
import pytest
from werkzeug.wrappers import Request as WerkzeugRequest

from nbmicro import App, Blueprint, Response, g, jsonify, redirect, request, session
from nbmicro.web.testing import CliRunner, EnvironBuilder, TestClient

MakeApp = Callable[..., App]


@pytest.fixture
def app(make_app: MakeApp) -> App:
    app = make_app()
    app.secret_key = "key"

    @app.route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def echo() -> Any:
        return jsonify(
            method=request.method,
            args=request.args,
            form=request.form,
            json=request.get_json(silent=True),
            auth=request.authorization.username if request.authorization else None,
            header=request.headers.get("X-Y"),
            url=request.url,
            agent=request.user_agent.string,
            addr=request.remote_addr,
            custom=request.environ.get("CUSTOM"),
        )

    app.add_url_rule("/away", "away", lambda: redirect("/echo?a=1"))
    app.add_url_rule("/name/<name>", "name", lambda name: session.update(name=name) or name)
    return app


# == test client: requests without a server


def test_requests_are_sent_in_every_form(app: App) -> None:
    """json, query_string, data, headers, auth, and a method each."""
    client = app.test_client()
    sent = client.post("/echo", json={"a": 1}, query_string={"q": "x"}, headers={"X-Y": "z"}, auth=("ada", "pw"))
    assert sent.json is not None
    assert {key: sent.json[key] for key in ("method", "json", "args", "header", "auth")} == {
        "method": "POST",
        "json": {"a": 1},
        "args": {"q": "x"},
        "header": "z",
        "auth": "ada",
    }
    for method in ("get", "put", "patch", "delete"):
        assert getattr(client, method)("/echo").json["method"] == method.upper()
    assert client.open("/echo", method="POST", data={"f": "1"}).json["form"] == {"f": "1"}
    assert client.post("/echo", data={"file": (io.BytesIO(b"x"), "x"), "f": "2"}).json["form"] == {"f": "2"}


def test_a_response_has_more_than_a_response(app: App) -> None:
    """json, text, request and history; redirects are followed when asked."""
    client = app.test_client()
    plain = client.get("/away")
    assert (plain.status_code, plain.location, plain.history) == (302, "/echo?a=1", ())
    followed = client.get("/away", follow_redirects=True)
    assert followed.json["args"] == {"a": "1"}
    assert followed.request.path == "/echo"
    assert [one.status_code for one in followed.history] == [302]
    assert '"method"' in followed.text


def test_the_url_can_be_set_in_parts(make_app: MakeApp) -> None:
    """base_url, subdomain and url_scheme; a full URL as the path."""
    app = make_app()
    app.config["SERVER_NAME"] = "shop.example:8000"
    app.add_url_rule("/x", "x", lambda: request.url)
    client = app.test_client()
    assert client.get("/x").text == "http://shop.example:8000/x"
    assert client.get("/x", url_scheme="https").text == "https://shop.example:8000/x"
    assert client.get("/x", base_url="https://other.example/root/").text == "https://other.example/root/x"
    assert client.get("/x", subdomain="sub").text == "http://sub.shop.example:8000/x"
    assert client.get("https://full.example/x?q=1").text == "https://full.example/x?q=1"
    with pytest.raises((ValueError, AssertionError)):
        client.get("/x", base_url="http://a.example", subdomain="sub")


def test_a_builder_an_environ_or_a_request_may_be_sent(app: App) -> None:
    """``open`` takes each; what is sent is not changed by it."""
    client = app.test_client()
    builder = EnvironBuilder(app, "/echo", method="PUT", json=[1])
    assert client.open(builder).json["json"] == [1]
    environ = EnvironBuilder(app, "/echo?e=1").get_environ()
    assert client.open(environ).json["args"] == {"e": "1"}
    made = EnvironBuilder(app, "/echo?r=1").get_request(WerkzeugRequest)
    assert client.open(made).json["args"] == {"r": "1"}


def test_environ_base_is_for_every_request(app: App) -> None:
    """The client's address and agent, and what one adds; a request may say otherwise."""
    client = app.test_client()
    assert client.get("/echo").json["addr"] == "127.0.0.1"
    assert client.get("/echo").json["agent"].startswith("Werkzeug/")
    client.environ_base["REMOTE_ADDR"] = "10.0.0.1"
    client.environ_base["CUSTOM"] = "mine"
    assert client.get("/echo").json["addr"] == "10.0.0.1"
    assert client.get("/echo").json["custom"] == "mine"
    assert client.get("/echo", environ_base={"REMOTE_ADDR": "10.0.0.2"}).json["addr"] == "10.0.0.2"


def test_cookies_are_kept_unless_turned_off(app: App) -> None:
    """``use_cookies``."""
    client = app.test_client()
    client.get("/name/Ada")
    assert client.get_cookie("session") is not None
    with client.session_transaction() as kept:
        assert kept["name"] == "Ada"
    without = app.test_client(use_cookies=False)
    with pytest.raises(TypeError, match="cookies"), without.session_transaction():
        pass


def test_a_session_can_be_prepared(app: App) -> None:
    """``session_transaction`` opens and saves the session around a block."""
    app.add_url_rule("/read", "read", lambda: session.get("n", "none"))
    client = app.test_client()
    with client.session_transaction() as kept:
        kept["n"] = "42"
    assert client.get("/read").text == "42"
    keyless = App("x").test_client()
    with pytest.raises(RuntimeError, match="did not open a session"), keyless.session_transaction():
        pass


def test_in_a_with_block_the_context_stays(app: App) -> None:
    """request, session and g can be looked at; the next request replaces them."""
    app.before_request(lambda: setattr(g, "path", request.path))
    with app.test_client() as client:
        client.get("/name/Ada")
        assert (request.view_args, session["name"], g.path) == ({"name": "Ada"}, "Ada", "/name/Ada")
        client.get("/name/Bob")
        assert (session["name"], g.path) == ("Bob", "/name/Bob")
    assert not request


def test_a_context_stays_after_an_error_too(app: App) -> None:
    """The error is raised and the request is still there. (Flask 3.1 has left it by then.)"""
    app.testing = True
    app.add_url_rule("/fail", "fail", lambda: 1 // 0)
    with app.test_client() as client:
        with pytest.raises(ZeroDivisionError):
            client.get("/fail")
        assert request.path == "/fail"
        client.get("/name/Ada")
        assert request.path == "/name/Ada"


def test_with_blocks_of_one_client_do_not_nest(app: App) -> None:
    """RuntimeError."""
    with app.test_client() as client, pytest.raises(RuntimeError, match="nest"), client:
        pass


def test_testing_raises_errors(app: App) -> None:
    """TESTING propagates what no handler took; without it they are a 500."""
    app.add_url_rule("/fail", "fail", lambda: 1 // 0)
    assert app.test_client().get("/fail").status_code == 500
    app.testing = True
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/fail")


def test_a_streamed_body_is_read_at_once_when_asked(app: App) -> None:
    """``buffered`` runs the whole stream and closes it."""
    ended: list[str] = []

    def pieces() -> Any:
        try:
            yield "a"
            yield "b"
        finally:
            ended.append("closed")

    app.add_url_rule("/stream", "stream", lambda: Response(pieces()))
    response = app.test_client().get("/stream", buffered=True)
    assert ended == ["closed"]
    assert response.data == b"ab"


def test_the_client_may_be_of_a_class_of_ones_own(app: App) -> None:
    """``test_client_class``, given the keywords of ``test_client``."""

    class MyClient(TestClient):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.authentication = kwargs.pop("authentication", None)
            super().__init__(*args, **kwargs)

    app.test_client_class = MyClient
    client = app.test_client(authentication="Basic x")
    assert isinstance(client, MyClient)
    assert client.authentication == "Basic x"
    assert client.get("/echo").status_code == 200


# == cli runner: commands without a terminal


def test_commands_run_with_the_app(app: App) -> None:
    """``test_cli_runner().invoke`` by arguments or by command, in the app's context."""

    @app.cli.command("hello")
    @click.argument("name")
    def hello(name: str) -> None:
        from nbmicro import current_app

        click.echo(f"Hello, {name} of {current_app.name}")

    bp = Blueprint("bp", __name__)
    bp.cli.command("count")(lambda: click.echo("1"))
    app.register_blueprint(bp)
    runner = app.test_cli_runner()
    assert isinstance(runner, CliRunner)
    assert runner.invoke(args=["hello", "Ada"]).output == "Hello, Ada of shop\n"
    assert runner.invoke(hello, ["Bob"]).output == "Hello, Bob of shop\n"
    assert runner.invoke(args=["bp", "count"]).output == "1\n"
    assert runner.invoke(args=["missing"]).exit_code != 0


# == EnvironBuilder: the environ of a made-up request


def test_an_environ_follows_the_apps_configuration(make_app: MakeApp) -> None:
    """Host, prefix, scheme; JSON is written as the app writes it."""
    app = make_app()
    app.config.update(SERVER_NAME="shop.example", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
    builder = EnvironBuilder(app, "/x?q=1", subdomain="api", json={"b": 1, "a": 2})
    environ = builder.get_environ()
    assert builder.base_url == "https://api.shop.example/root/"
    assert (environ["PATH_INFO"], environ["QUERY_STRING"], environ["CONTENT_TYPE"]) == ("/x", "q=1", "application/json")
    assert environ["wsgi.input"].read() == b'{"a": 2, "b": 1}'
