"""Flask-Dance: an OAuth dance, as far as it goes without a network."""

from __future__ import annotations

from unittest import mock

from flask import Flask, redirect, url_for
from flask_dance.consumer import OAuth2ConsumerBlueprint, oauth_authorized, oauth_error
from flask_dance.consumer.storage import MemoryStorage
from flask_dance.contrib.github import github, make_github_blueprint


def make(storage=None, **options):
    app = Flask(__name__)
    app.secret_key = "k"
    blueprint = make_github_blueprint(
        client_id="id", client_secret="secret", redirect_to="index", storage=storage, **options
    )
    app.register_blueprint(blueprint, url_prefix="/login")

    @app.get("/")
    def index():
        if not github.authorized:
            return redirect(url_for("github.login"))
        return f"token {github.token['access_token']}"

    return app, blueprint


def test_who_is_not_authorized_is_sent_away():
    app, _ = make()
    client = app.test_client()
    assert client.get("/").headers["Location"] == "/login/github"
    with mock.patch("requests_oauthlib.OAuth2Session.new_state", return_value="state"):
        response = client.get("/login/github")
    assert response.headers["Location"].startswith(
        "https://github.com/login/oauth/authorize?response_type=code&client_id=id"
    )
    with client.session_transaction() as kept:
        assert "github_oauth_state" in kept


def test_the_way_back():
    app, blueprint = make()
    told = []

    @oauth_authorized.connect_via(blueprint)
    def on(blueprint, token):
        told.append(token["access_token"])

    client = app.test_client()
    with client.session_transaction(base_url="https://localhost") as kept:
        kept["github_oauth_state"] = "s"
    with mock.patch(
        "requests_oauthlib.OAuth2Session.fetch_token", return_value={"access_token": "t", "token_type": "b"}
    ):
        response = client.get("/login/github/authorized?code=c&state=s", base_url="https://localhost")
    assert (response.status_code, response.headers["Location"], told) == (302, "/", ["t"])
    assert client.get("/", base_url="https://localhost").text == "token t"


def test_a_wrong_state_begins_again():
    app, _ = make()
    client = app.test_client()
    with client.session_transaction() as kept:
        kept["github_oauth_state"] = "s"
    response = client.get("/login/github/authorized?code=c&state=other")
    assert response.status_code == 500
    assert client.get("/login/github/authorized?code=c").headers["Location"] == "/login/github"


def test_an_error_of_the_provider():
    app, blueprint = make()
    told = []

    @oauth_error.connect_via(blueprint)
    def on(blueprint, error, **rest):
        told.append(error)

    client = app.test_client()
    with client.session_transaction() as kept:
        kept["github_oauth_state"] = "s"
    assert client.get("/login/github/authorized?error=denied&state=s").status_code == 302
    assert told == ["denied"]


def test_a_kept_token():
    app, blueprint = make(MemoryStorage({"access_token": "kept"}))
    client = app.test_client()
    assert client.get("/").text == "token kept"
    with app.test_request_context("/"):
        app.preprocess_request()
        assert blueprint.session.authorized
        del blueprint.token
        assert not blueprint.session.authorized


def test_settings_come_from_the_config():
    app = Flask("config")
    app.secret_key = "k"
    app.config["GITHUB_OAUTH_CLIENT_ID"] = "from config"
    blueprint = make_github_blueprint()
    app.register_blueprint(blueprint)
    with app.test_request_context("/"):
        app.preprocess_request()
        assert blueprint.client_id == "from config"
    assert "from+config" in app.test_client().get("/github").headers["Location"]


def test_a_provider_of_ones_own(note):
    app = Flask("own")
    app.secret_key = "k"
    blueprint = OAuth2ConsumerBlueprint(
        "own",
        __name__,
        client_id="i",
        client_secret="s",
        base_url="https://own.org",
        authorization_url="https://own.org/auth",
        token_url="https://own.org/token",
        login_url="/in/<int:n>",
        authorized_url="/back",
    )
    app.register_blueprint(blueprint, url_prefix="/own")
    note(sorted((rule.rule, rule.endpoint) for rule in app.url_map.iter_rules()))
    note([len(app.before_request_funcs.get(None, ())), len(app.teardown_appcontext_funcs)])
    assert app.test_client().get("/own/in/3").status_code == 500
