"""What an app, a class or a test puts in the place of Flask's own methods is called, as often as in Flask."""

from __future__ import annotations

import json as plain_json
from unittest import mock

import flask
import pytest
from flask import Flask, Response
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import NotFound

STEPS = [
    "full_dispatch_request",
    "preprocess_request",
    "dispatch_request",
    "make_response",
    "finalize_request",
    "process_response",
    "do_teardown_request",
    "do_teardown_appcontext",
    "request_context",
    "create_url_adapter",
    "handle_exception",
    "ensure_sync",
    "handle_user_exception",
    "handle_http_exception",
    "raise_routing_exception",
    "log_exception",
    "make_default_options_response",
    "inject_url_defaults",
    "should_ignore_error",
    "update_template_context",
    "app_context",
    "wsgi_app",
    "async_to_sync",
]
PATHS = ("/", "/data", "/boom", "/nowhere", "/slash", "/page", "/url", "/abort")


def with_routes(app):
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/data", "data", lambda: {"ä": 1})
    app.add_url_rule("/boom", "boom", lambda: 1 / 0)
    app.add_url_rule("/slash/", "slash", lambda: "slash")
    app.add_url_rule("/page", "page", lambda: flask.render_template_string("page"))
    app.add_url_rule("/url", "url", lambda: flask.url_for("slash"))
    app.add_url_rule("/abort", "abort", lambda: flask.abort(418))
    return app


def counted(function, calls, name):
    def call(*args, **kwargs):
        calls.append(name)
        return function(*args, **kwargs)

    return call


def answers(app):
    client = app.test_client()
    return [client.get(path).status_code for path in PATHS] + [client.options("/").status_code]


@pytest.mark.parametrize("early", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_on_the_app(note, step, early):
    app, calls = with_routes(Flask("app")), []
    if not early:
        answers(app)
    setattr(app, step, counted(getattr(app, step), calls, step))
    note(answers(app))
    note(len(calls))
    delattr(app, step)
    calls.clear()
    note(answers(app))
    assert calls == []


@pytest.mark.parametrize("early", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_on_the_class(note, step, early):
    app, calls = with_routes(Flask("app")), []
    if not early:
        answers(app)
    with mock.patch(f"flask.app.Flask.{step}", counted(getattr(Flask, step), calls, step)):
        note(answers(app))
        note(len(calls))
    calls.clear()
    note(answers(app))
    assert calls == []


@pytest.mark.parametrize("step", STEPS)
def test_on_a_subclass(note, step):
    calls = []
    app = with_routes(type("Sub", (Flask,), {step: counted(getattr(Flask, step), calls, step)})("app"))
    note(answers(app))
    note(len(calls))


def test_a_step_that_answers_itself():
    app = with_routes(Flask("app"))
    client = app.test_client()
    assert client.get("/").text == "index"
    app.preprocess_request = lambda: ("no", 403)
    assert (client.get("/").text, client.get("/nowhere").status_code) == ("no", 403)
    del app.preprocess_request
    app.dispatch_request = lambda: "mine"
    assert (client.get("/").text, client.get("/nowhere").text) == ("mine", "mine")


def test_a_handler_of_errors_on_the_app():
    app = with_routes(Flask("app"))
    app.handle_user_exception = lambda error: (type(error).__name__, 499)
    client = app.test_client()
    assert [client.get(path).text for path in ("/boom", "/nowhere", "/abort")] == [
        "ZeroDivisionError",
        "NotFound",
        "ImATeapot",
    ]
    del app.handle_user_exception
    app.handle_http_exception = lambda error: (f"http {error.code}", error.code)
    assert client.get("/nowhere").text == "http 404"


@pytest.mark.parametrize("early", [True, False], ids=["before", "after"])
def test_the_response_class(early, note):
    class Mine(Response):
        default_mimetype = "application/x-mine"
        made = 0

        def __init__(self, *args, **kwargs):
            type(self).made += 1
            super().__init__(*args, **kwargs)

    app = with_routes(Flask("app"))
    if not early:
        answers(app)
    app.response_class = Mine
    assert app.test_client().get("/").mimetype == "application/x-mine"
    note(answers(app))
    note(Mine.made)


def test_the_mimetype_patched_on_the_class():
    app = with_routes(Flask("app"))
    client = app.test_client()
    client.get("/")
    with mock.patch.object(Response, "default_mimetype", "text/x-patched"):
        assert client.get("/").mimetype == "text/x-patched"
    assert client.get("/").mimetype == "text/html"


def test_the_request_class():
    class Mine(flask.Request):
        @property
        def blueprint(self):
            return f"mine {self.path}"

    app = with_routes(Flask("app"))
    app.request_class = Mine
    app.add_url_rule("/path", "path", lambda: flask.request.blueprint)
    assert app.test_client().get("/path").text == "mine /path"


@pytest.mark.parametrize("early", [True, False], ids=["before", "after"])
def test_a_provider_of_json(early):
    class Provider(DefaultJSONProvider):
        def dumps(self, value, **kwargs):
            return f"<{plain_json.dumps(value)}>"

    app = with_routes(Flask("app"))
    if not early:
        app.test_client().get("/data")
    app.json = Provider(app)
    app.add_url_rule("/jsonify", "jsonify", lambda: flask.jsonify(a=1)) if early else None
    assert app.test_client().get("/data").text == '<{"\\u00e4": 1}>\n'


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ensure_ascii", False),
        ("sort_keys", False),
        ("compact", False),
        ("mimetype", "application/x-json"),
        ("default", staticmethod(lambda value: f"default {type(value).__name__}")),
    ],
)
@pytest.mark.parametrize("early", [True, False], ids=["before", "after"])
def test_settings_of_json(setting, value, early):
    app = with_routes(Flask("app"))
    app.add_url_rule("/many", "many", lambda: {"ü": 1, "a": [object]})
    client = app.test_client()
    if not early:
        client.get("/many")
    setattr(app.json, setting, value.__func__ if isinstance(value, staticmethod) else value)
    assert client.get("/data").status_code == 200
    assert client.get("/many").status_code == (200 if setting == "default" else 500)


@pytest.mark.parametrize("name", ["response", "dumps"])
def test_a_method_of_the_provider_is_replaced(name):
    app = with_routes(Flask("app"))
    client = app.test_client()
    client.get("/data")
    if name == "response":
        app.json.response = lambda *args, **kwargs: Response("mine", mimetype="text/x-json")
    else:
        app.json.dumps = lambda value, **kwargs: "mine"
    assert client.get("/data").text.strip() == "mine"


@pytest.mark.parametrize(
    "name", ["open_session", "save_session", "make_null_session", "is_null_session", "should_set_cookie"]
)
@pytest.mark.parametrize("where", ["instance", "class", "subclass"])
def test_the_session_interface(note, name, where):
    calls = []
    wrapped = counted(getattr(SecureCookieSessionInterface, name), calls, name)
    app = Flask("app")
    app.secret_key = "k"
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/write", "write", lambda: str(flask.session.setdefault("a", 1)))
    app.session_interface = SecureCookieSessionInterface()  # Flask's own is one for all apps
    client = app.test_client()

    def ask():
        note([client.get(path).status_code for path in ("/", "/write", "/")])

    if where == "instance":
        client.get("/")
        setattr(app.session_interface, name, counted(getattr(app.session_interface, name), calls, name))
        ask()
    elif where == "class":
        client.get("/")
        with mock.patch.object(SecureCookieSessionInterface, name, wrapped):
            ask()
    else:
        app.session_interface = type("Sub", (SecureCookieSessionInterface,), {name: wrapped})()
        ask()
    note(len(calls))


def test_signals_and_hooks_see_what_was_replaced(note):
    app, told = with_routes(Flask("app")), []
    app.before_request(lambda: told.append("before"))
    app.after_request(lambda response: told.append(f"after {response.status_code}") or response)
    app.teardown_request(lambda error: told.append(f"teardown {type(error).__name__}"))
    app.process_response = counted(app.process_response, told, "process")
    answers(app)
    note(told)


def test_an_error_handler_of_the_class_replaced():
    app = with_routes(Flask("app"))
    with mock.patch.object(Flask, "handle_http_exception", return_value=("patched", 404)):
        assert app.test_client().get("/nowhere").text == "patched"
    assert "patched" not in app.test_client().get("/nowhere").text
    assert NotFound.code == 404
