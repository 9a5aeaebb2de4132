"""Contexts within contexts: an app context entered during a request, a request made during another one."""

from __future__ import annotations

import flask
import pytest
from flask import Flask
from flask.globals import app_ctx, request_ctx


@pytest.fixture
def app():
    app = Flask("app")
    app.secret_key = "k"
    app.add_url_rule("/other/<name>", "other", lambda name: name)
    return app


@pytest.fixture
def seen(app):
    """What a view saw, that is given as a function."""

    def see(view):
        app.add_url_rule("/view", "view", lambda: view() or "seen")
        return app.test_client().get("/view")

    return see


def state():
    try:
        name = flask.current_app.name
    except RuntimeError:
        name = None
    return [
        name,
        flask.has_app_context(),
        flask.has_request_context(),
        flask.request.path if flask.has_request_context() else None,
        sorted(flask.g) if flask.has_app_context() else None,
    ]


def test_an_app_context_during_a_request(app, seen, note):
    other = Flask("other")

    def view():
        flask.g.outer = 1
        note(state())
        for one in (app, other):
            with one.app_context():
                flask.g.inner = 1
                note(state())
                with one.app_context():
                    note(state())
        note(state())

    seen(view)


def test_urls_sessions_and_messages_there(app, seen, note):
    def view():
        with app.app_context():
            flask.session["a"] = 1
            flask.flash("told")
            note([flask.url_for("other", name="x"), flask.get_flashed_messages()])
            note(flask.render_template_string("{{ request.path }} {{ session.a }} {{ g.get('outer') }}"))
            flask.after_this_request(lambda response: response.headers.add("X-After", "yes") or response)

    assert seen(view).headers["X-After"] == "yes"


def test_the_app_context_of_a_request_knows_nothing_of_it(app, seen, note):
    def view():
        note([type(app_ctx._get_current_object()).__name__, type(request_ctx._get_current_object()).__name__])
        note(
            [
                hasattr(app_ctx, "session"),
                hasattr(app_ctx, "request"),
                app_ctx.app is app,
                app_ctx.g is flask.g._get_current_object(),
            ]
        )
        note(app_ctx._get_current_object() is app_ctx._get_current_object())
        flask.g.late = 1
        note(sorted(app_ctx.g))

    seen(view)
    with app.app_context():
        note([hasattr(app_ctx, "session"), hasattr(app_ctx, "request")])


@pytest.mark.parametrize("g_first", [True, False])
def test_a_request_during_another_one(app, seen, note, g_first):
    def view():
        if g_first:
            flask.g.outer = 1
        with app.test_request_context("/inner"):
            flask.g.inner = 1
            flask.session["inner"] = 1
            note(state())
        note([state(), dict(flask.session)])
        note(app.test_client().get("/other/x").text)
        note(state())

    seen(view)


def test_a_request_of_another_app_during_one(seen, note):
    other = Flask("other")
    other.secret_key = "k"

    def view():
        flask.g.outer = 1
        with other.test_request_context("/inner"):
            note(state())
            flask.session["inner"] = 1
        note([state(), dict(flask.session)])

    seen(view)


def test_teardowns_run_at_the_end_of_their_own_context(app, seen, note):
    told = []
    app.teardown_appcontext(lambda error: told.append("app"))
    app.teardown_request(lambda error: told.append(f"request {flask.request.path}"))

    def view():
        with app.app_context():
            told.append("in app")
        with app.test_request_context("/inner"):
            told.append("in request")
        told.append("end")

    seen(view)
    note(told)


def test_contexts_pushed_by_hand(app, note):
    first = app.app_context()
    first.push()
    request = app.test_request_context("/one")
    request.push()
    note(state())
    second = app.app_context()
    second.push()
    note(state())
    second.pop()
    note(state())
    request.pop()
    note(state())
    first.pop()
    note(state())


def test_a_stream_keeps_its_request(app, note):
    def view():
        with app.app_context():

            @flask.stream_with_context
            def pieces():
                yield flask.request.path
                yield str(flask.has_request_context())

            return flask.Response(pieces())

    app.add_url_rule("/stream", "stream", view)
    assert app.test_client().get("/stream").text == "/streamTrue"


def test_a_copied_context_in_a_thread(app, seen, note):
    import threading

    def view():
        with app.app_context():

            @flask.copy_current_request_context
            def work():
                note(state()[:4])

            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

    seen(view)
