"""Flask-DebugToolbar: it takes the place of the app's dispatch_request, and writes below each page."""

from __future__ import annotations

import pytest
from flask import Flask, jsonify, redirect, render_template_string
from flask_debugtoolbar import DebugToolbarExtension

pytestmark = pytest.mark.varying  # the toolbar shows times


def make(**config):
    app = Flask(__name__)
    app.config.update(SECRET_KEY="k", DEBUG_TB_ENABLED=True, **config)
    toolbar = DebugToolbarExtension(app)

    @app.get("/")
    def index():
        return "<html><body>hello</body></html>"

    @app.get("/page/<int:number>")
    def page(number):
        return render_template_string("<html><body>{{ number }}</body></html>", number=number)

    @app.get("/data")
    def data():
        return jsonify(a=1)

    @app.get("/away")
    def away():
        return redirect("/")

    @app.get("/boom")
    def boom():
        raise ValueError("boom")

    return app, toolbar


def test_the_toolbar_is_written_below_a_page():
    app, _ = make()
    text = app.test_client().get("/").text
    assert "hello" in text
    assert 'id="flDebug"' in text


@pytest.mark.parametrize(
    "panel", ["Versions", "Time", "HTTP Headers", "Request Vars", "Config", "Templates", "Logging", "Route List"]
)
def test_panels(panel):
    assert panel in make()[0].test_client().get("/page/3").text


def test_the_rendered_template_is_listed():
    text = make()[0].test_client().get("/page/3").text
    assert "<body>3" in text
    assert "&lt;string&gt;" in text or "string" in text


def test_json_has_no_toolbar():
    assert make()[0].test_client().get("/data").json == {"a": 1}


def test_redirects_are_stopped_where_wanted():
    app, _ = make(DEBUG_TB_INTERCEPT_REDIRECTS=True)
    response = app.test_client().get("/away")
    assert (response.status_code, "Redirect intercepted" in response.text) == (200, True)
    assert make(DEBUG_TB_INTERCEPT_REDIRECTS=False)[0].test_client().get("/away").status_code == 302


def test_it_can_be_off():
    app = Flask(__name__)
    app.config.update(SECRET_KEY="k", DEBUG_TB_ENABLED=False)
    DebugToolbarExtension(app)
    app.add_url_rule("/", "index", lambda: "<html><body>hello</body></html>")
    assert "flDebug" not in app.test_client().get("/").text


def test_panels_of_ones_own_choice():
    app, _ = make(DEBUG_TB_PANELS=["flask_debugtoolbar.panels.headers.HeaderDebugPanel"])
    text = app.test_client().get("/").text
    assert "HTTP Headers" in text
    assert "flDebugVersionsPanel" not in text


def test_its_own_files_and_errors():
    app, _ = make()
    client = app.test_client()
    assert client.get("/_debug_toolbar/static/css/toolbar.css").status_code == 200
    assert client.get("/nowhere").status_code == 404
    assert client.get("/boom").status_code == 500


def test_only_some_hosts_see_it():
    app, _ = make(DEBUG_TB_HOSTS=["10.0.0.1"])
    client = app.test_client()
    assert "flDebug" not in client.get("/").text
    assert "flDebug" in client.get("/", environ_base={"REMOTE_ADDR": "10.0.0.1"}).text


def test_a_profiled_view():
    app, _ = make(DEBUG_TB_PROFILER_ENABLED=True)
    assert "Profiler" in app.test_client().get("/").text


def test_init_app_after_routes_and_with_the_first_request_gone():
    app = Flask(__name__)
    app.config.update(SECRET_KEY="k", DEBUG_TB_ENABLED=True)
    app.add_url_rule("/", "index", lambda: "<html><body>hello</body></html>")
    toolbar = DebugToolbarExtension()
    toolbar.init_app(app)
    client = app.test_client()
    assert "flDebug" in client.get("/").text
    assert "flDebug" in client.get("/").text


def test_the_dispatch_is_the_toolbars(note):
    app, toolbar = make()
    note(
        [
            app.dispatch_request.__func__ is DebugToolbarExtension.dispatch_request,
            app.dispatch_request.__self__ is toolbar,
        ]
    )
    note(
        sorted(name for name, functions in app.before_request_funcs.items() if functions)
        if None not in app.before_request_funcs
        else len(app.before_request_funcs[None])
    )
    note(len(app.after_request_funcs[None]))
    assert app.dispatch_request.__self__ is toolbar
