"""The test client in Flask's way, its environs, and its runner of commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import click
import pytest
import werkzeug.test

from nbmicro import App, Request, g, has_request_context, redirect, request, session
from nbmicro.web.testing import CliRunner, EnvironBuilder, TestClient


@pytest.fixture
def app() -> App:
    app = App("shop")
    app.secret_key = "k"
    app.testing = True
    return app


@pytest.mark.parametrize(
    ("arguments", "base_url", "path", "query"),
    [
        ({"path": "/x"}, "http://example.com/root/", "/x", ""),
        ({"path": "/x?a=1", "subdomain": "sub"}, "http://sub.example.com/root/", "/x", "a=1"),
        ({"path": "/x", "url_scheme": "https"}, "https://example.com/root/", "/x", ""),
        ({"path": "https://other.org/p?q=1"}, "https://other.org/root/", "/p", "q=1"),
        ({"path": "/x", "base_url": "https://h/z"}, "https://h/z/", "/x", ""),
        ({"path": "/x", "query_string": {"b": "2"}}, "http://example.com/root/", "/x", "b=2"),
    ],
)
def test_an_environ_follows_the_configuration(
    app: App, arguments: dict[str, Any], base_url: str, path: str, query: str
) -> None:
    """SERVER_NAME, APPLICATION_ROOT and PREFERRED_URL_SCHEME fill in what the arguments leave open."""
    app.config.update(SERVER_NAME="example.com", APPLICATION_ROOT="/root")
    builder = EnvironBuilder(app, **arguments)
    try:
        assert (builder.base_url, builder.path, builder.query_string) == (base_url, path, query)
    finally:
        builder.close()


def test_a_base_url_and_its_parts_exclude_each_other(app: App) -> None:
    """base_url with subdomain or url_scheme is an error."""
    with pytest.raises(AssertionError, match="base_url"):
        EnvironBuilder(app, "/", base_url="http://h/", subdomain="sub")
    with pytest.raises(AssertionError, match="base_url"):
        EnvironBuilder(app, "/", base_url="http://h/", url_scheme="https")


def test_json_is_written_as_the_app_writes_it(app: App) -> None:
    """json= goes through the app's provider."""
    import datetime

    app.add_url_rule("/", "echo", lambda: request.json, methods=["POST"])
    assert app.test_client().post("/", json={"at": datetime.date(2024, 2, 29)}).json == {
        "at": "Thu, 29 Feb 2024 00:00:00 GMT"
    }


def test_requests_are_sent_in_every_form(app: App) -> None:
    """A path, a builder, an environ or a request; with query, headers, auth and data."""

    @app.route("/", methods=["GET", "POST"])
    def index() -> dict[str, Any]:
        auth = request.authorization
        return {
            "method": request.method,
            "args": request.args,
            "form": request.form,
            "x": request.headers.get("X-A"),
            "user": auth.username if auth else None,
            "agent": request.user_agent.string.partition("/")[0],
            "from": request.remote_addr,
        }

    client = app.test_client()
    got = client.post("/", query_string={"a": "1"}, data={"f": "2"}, headers={"X-A": "3"}, auth=("ada", "secret")).json
    assert got == {
        "method": "POST",
        "args": {"a": "1"},
        "form": {"f": "2"},
        "x": "3",
        "user": "ada",
        "agent": "Werkzeug",
        "from": "127.0.0.1",
    }
    builder = EnvironBuilder(app, "/?a=1")
    plain = werkzeug.test.EnvironBuilder("/?a=1")
    for form in (builder, plain, builder.get_environ(), Request(builder.get_environ())):
        response = client.open(form)
        assert response.json["args"] == {"a": "1"}
        assert response.json["from"] == "127.0.0.1"
    builder.close()
    plain.close()


def test_environ_base_is_for_every_request(app: App) -> None:
    """What is put into environ_base is sent each time, unless the request says otherwise."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = "10.0.0.1"
    app.add_url_rule("/", "index", lambda: request.remote_addr or "")
    assert client.get("/").text == "10.0.0.1"
    assert client.get("/", environ_base={"REMOTE_ADDR": "10.0.0.2"}).text == "10.0.0.2"


def test_redirects_are_followed_when_asked(app: App) -> None:
    """follow_redirects goes to the last response; history has the others."""
    app.add_url_rule("/a", "a", lambda: redirect("/b"))
    app.add_url_rule("/b", "b", lambda: redirect("/c"))
    app.add_url_rule("/c", "c", lambda: "end")
    client = app.test_client()
    assert client.get("/a").status_code == 302
    response = client.get("/a", follow_redirects=True)
    assert (response.text, response.request.path) == ("end", "/c")
    assert [step.request.path for step in response.history] == ["/a", "/b"]
    with client:
        assert client.get("/a", follow_redirects=True).text == "end"
        assert request.path == "/c"


def test_cookies_are_kept_unless_turned_off(app: App) -> None:
    """A client keeps cookies; use_cookies=False makes one that does not."""

    @app.get("/")
    def count() -> str:
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])

    client = app.test_client()
    assert [client.get("/").text, client.get("/").text] == ["1", "2"]
    client = app.test_client(use_cookies=False)
    assert [client.get("/").text, client.get("/").text] == ["1", "1"]
    with pytest.raises(TypeError, match="use_cookies"), client.session_transaction():
        pass


def test_a_session_can_be_prepared_and_looked_at(app: App) -> None:
    """session_transaction opens the session that the next request finds, and keeps what was changed."""
    app.add_url_rule("/", "index", lambda: dict(session))
    client = app.test_client()
    with client.session_transaction() as items:
        items["user"] = "ada"
        assert not has_request_context()
    assert client.get("/").json == {"user": "ada"}
    with client.session_transaction("/other", base_url="http://localhost") as items:
        assert items["user"] == "ada"
        items.clear()
    assert client.get("/").json == {}


def test_a_session_needs_a_key() -> None:
    """Without a secret key there is none to change."""
    client = App("keyless").test_client()
    with pytest.raises(RuntimeError, match="Session backend did not open a session"), client.session_transaction():
        pass


def test_the_error_of_a_session_without_a_key_shows_the_line_that_sets_one() -> None:
    """To be copied."""
    with pytest.raises(RuntimeError, match=r"app\.secret_key = "), App("keyless").test_client().session_transaction():
        pass


def test_in_a_with_block_each_context_ends_once(app: App) -> None:
    """After a request request, session and g can be looked at; each teardown runs once, when its context goes."""
    torn = []

    @app.get("/<name>")
    def index(name: str) -> str:
        g.name = session["name"] = name
        return name

    @app.teardown_request
    def teardown(error: Any) -> None:
        torn.append(g.name)

    client = app.test_client()
    with client:
        client.get("/a")
        assert (g.name, session["name"], request.path, torn) == ("a", "a", "/a", [])
        client.get("/b")
        assert (g.name, request.path, torn) == ("b", "/b", ["a"])
    assert torn == ["a", "b"]
    assert not has_request_context()
    client.get("/c")
    assert torn == ["a", "b", "c"]
    assert not has_request_context()


def test_a_failed_request_stays_as_well(app: App) -> None:
    """Also when the handler raised, its request can be looked at."""
    app.add_url_rule("/", "fail", lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    with app.test_client() as client:
        with pytest.raises(ZeroDivisionError):
            client.get("/")
        assert request.path == "/"
    assert not has_request_context()


def test_with_blocks_do_not_nest(app: App) -> None:
    """A second with on the same client, inside the first, is a RuntimeError; one after the other is not."""
    client = app.test_client()
    with client, pytest.raises(RuntimeError, match="Cannot nest client invocations"), client:
        pass
    with client:
        pass
    with ExitStack() as stack:
        stack.enter_context(client)
        with pytest.raises(RuntimeError, match="Cannot nest"):
            client.__enter__()

    def fixture() -> Iterator[TestClient]:
        with client as entered:
            yield entered

    running = fixture()
    with pytest.raises(RuntimeError, match="Cannot nest"), next(running):
        pass
    running.close()


def test_client_and_runner_classes_can_be_changed(app: App) -> None:
    """test_client_class and test_cli_runner_class are made with the arguments given."""

    class Mine(TestClient):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.user = kwargs.pop("user", None)
            super().__init__(*args, **kwargs)

    class Runner(CliRunner):
        pass

    app.test_client_class = Mine
    app.test_cli_runner_class = Runner
    assert app.test_client(user="ada").user == "ada"
    assert isinstance(app.test_cli_runner(), Runner)


def test_commands_run_with_the_app(app: App) -> None:
    """The runner runs the app's commands with the app as theirs; another command may be given."""
    from nbmicro import current_app
    from nbmicro.web.commands.cli import with_appcontext

    @app.cli.command()
    @click.argument("name")
    def greet(name: str) -> None:
        click.echo(f"{name} from {current_app.name}")

    @click.command()
    @with_appcontext
    def other() -> None:
        click.echo(current_app.name)

    runner = app.test_cli_runner()
    assert runner.invoke(args=["greet", "Ada"]).output == "Ada from shop\n"
    assert runner.invoke(other).output == "shop\n"
    assert not has_request_context()
