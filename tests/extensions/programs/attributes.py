"""What is a plain attribute in Flask can be set, deleted and patched."""

from __future__ import annotations

from unittest import mock

import flask
import jinja2
import pytest
from flask import Flask
from flask.globals import app_ctx, request_ctx


@pytest.fixture
def app():
    app = Flask("app")
    app.secret_key = "k"
    app.add_url_rule("/", "index", lambda: "index")
    return app


@pytest.mark.parametrize("name", ["request", "_session", "url_adapter", "app", "flashes"])
def test_of_the_request_context(app, name):
    with app.test_request_context("/"):
        context = request_ctx._get_current_object()
        with mock.patch.object(context, name, "patched"):
            assert getattr(context, name) == "patched"
        assert getattr(context, name) != "patched"


@pytest.mark.parametrize("name", ["g", "app", "url_adapter"])
def test_of_the_app_context(app, name):
    with app.app_context():
        context = app_ctx._get_current_object()
        with mock.patch.object(context, name, "patched"):
            assert getattr(context, name) == "patched"
        setattr(context, name, getattr(context, name))


def test_a_request_put_in_the_context(app):
    with app.test_request_context("/one"), app.test_request_context("/two") as two:
        two.request = app.request_class({"PATH_INFO": "/mine", "REQUEST_METHOD": "GET", "wsgi.url_scheme": "http"})
        assert flask.request.path == "/mine"


def test_g_put_in_the_context(app):
    with app.app_context() as context:
        context.g = type("G", (), {"word": "mine"})()
        assert flask.g.word == "mine"


def test_the_clients_builder(app):
    client = app.test_client()
    request = client._request_from_builder_args(("/x",), {"query_string": {"a": 1}})
    assert (request.path, request.args["a"]) == ("/x", "1")


@pytest.mark.parametrize("headers", [{"X-A": "1"}, [("X-A", "1"), ("X-B", "2")]])
def test_headers_of_a_response(app, headers):
    def view():
        response = flask.make_response("x")
        response.headers = headers
        return response

    app.add_url_rule("/headers", "headers", view)
    response = app.test_client().get("/headers")
    assert response.status_code in (200, 500)


NAMES = [
    "name",
    "import_name",
    "root_path",
    "instance_path",
    "template_folder",
    "static_folder",
    "static_url_path",
    "secret_key",
    "testing",
    "debug",
    "config",
    "logger",
    "json",
    "session_interface",
    "response_class",
    "request_class",
    "test_client_class",
    "test_cli_runner_class",
    "jinja_options",
    "url_map",
    "url_map_class",
    "url_rule_class",
    "subdomain_matching",
    "cli",
    "aborter",
    "permanent_session_lifetime",
    "app_ctx_globals_class",
    "config_class",
    "jinja_environment",
    "json_provider_class",
    "aborter_class",
    "blueprints",
    "extensions",
    "has_static_folder",
    "url_build_error_handlers",
    "shell_context_processors",
    "teardown_appcontext_funcs",
    "view_functions",
]


@pytest.mark.parametrize("name", NAMES)
def test_of_the_app(app, note, name):
    value = getattr(app, name)
    try:
        setattr(app, name, value)
    except AttributeError:
        note("read only")
        return
    assert getattr(app, name) == value
    note("can be set")


def test_an_environment_of_ones_own(app):
    app.jinja_env = jinja2.Environment(loader=jinja2.DictLoader({"a.html": "own {{ x }}"}))
    app.add_url_rule("/own", "own", lambda: flask.render_template("a.html", x=1))
    with mock.patch.object(app, "update_template_context"):
        assert app.test_client().get("/own").status_code in (200, 500)


def test_its_name_and_its_text(app, note):
    note([repr(app), str(app), type(app).__name__, type(app).__module__, app.name])
    note([repr(flask.Blueprint("b", "b")), repr(app.config)[:8]])


def test_what_hangs_on_classes(note):
    note(sorted(name for name in ("default_config", "session_interface", "test_client_class") if hasattr(Flask, name)))
    note([Flask.__name__, Flask.__qualname__])
