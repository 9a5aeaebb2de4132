"""ddtrace: it wraps methods and functions of Flask's modules by name, in a program of its own."""

from __future__ import annotations

FIRST = """
import os
for name in ("INSTRUMENTATION_TELEMETRY_ENABLED", "REMOTE_CONFIGURATION_ENABLED", "TRACE_STARTUP_LOGS"):
    os.environ[f"DD_{name}"] = "false"
os.environ["DD_TRACE_AGENT_URL"] = "http://127.0.0.1:9"
import logging
logging.disable(logging.CRITICAL)
from ddtrace.contrib.internal.flask.patch import patch, unpatch
from ddtrace.trace import TraceFilter, tracer

class Keep(TraceFilter):
    spans = []
    def process_trace(self, trace):
        self.spans += trace
        return None

tracer.configure(trace_processors=[Keep()])
"""
ROUTES = """
import flask
def make():
    app = flask.Flask("traced")
    @app.before_request
    def before(): flask.g.x = 1
    @app.after_request
    def after(response): return response
    @app.teardown_request
    def teardown(error): pass
    @app.get("/hello/<int:number>")
    def hello(number): return flask.render_template_string("hello {{ number }}", number=number)
    @app.get("/data")
    def data(): return flask.jsonify(a=1)
    @app.get("/boom")
    def boom(): raise ValueError("boom")
    @app.errorhandler(404)
    def missing(error): return "missing", 404
    blueprint = flask.Blueprint("b", "b", url_prefix="/b")
    @blueprint.before_request
    def of_blueprint(): pass
    @blueprint.get("/x")
    def x(): return "x"
    app.register_blueprint(blueprint)
    return app
"""
SHOW = """
def show():
    for span in sorted(Keep.spans, key=lambda span: (span.start_ns, span.span_id)):
        print(span.name, span.resource, span.get_tag("flask.url_rule"), span.get_tag("http.status_code"), span.error)
    Keep.spans.clear()
"""


def test_the_spans_of_requests(ran):
    text = ran(
        FIRST
        + "patch()\n"
        + ROUTES
        + SHOW
        + """
client = make().test_client()
for path in ("/hello/3", "/data", "/boom", "/nowhere", "/b/x"):
    with client.get(path) as response:
        print(path, response.status_code)
    show()
"""
    )
    assert "flask.dispatch_request" in text


def test_every_name_it_wraps_is_wrapped_and_freed(ran):
    text = ran(
        FIRST
        + ROUTES
        + SHOW
        + """
from wrapt import FunctionWrapper
import flask.templating
of_app = (
    "wsgi_app dispatch_request preprocess_request add_url_rule endpoint finalize_request register_error_handler"
    " before_request after_request teardown_request teardown_appcontext process_response handle_exception"
    " handle_http_exception handle_user_exception do_teardown_request do_teardown_appcontext send_static_file"
)
of_blueprint = "after_app_request after_request before_app_request before_request teardown_request"
names = [f"Flask.{name}" for name in of_app.split()] + [f"Blueprint.{name}" for name in of_blueprint.split()]
names += "after_this_request send_file jsonify render_template render_template_string templating._render".split()
def state():
    for name in names:
        value = flask
        for part in name.split("."):
            value = value.__dict__[part] if isinstance(value, type) and part in value.__dict__ else getattr(value, part)
        print(name, isinstance(value, FunctionWrapper))
state()
patch()
state()
with make().test_client().get("/hello/3") as response: print(response.text)
show()
unpatch()
with make().test_client().get("/hello/3") as response: print(response.text)
show()
"""
    )
    assert "Flask.wsgi_app True" in text


def test_it_is_patched_after_the_app_was_made(ran):
    text = ran(
        FIRST
        + ROUTES
        + SHOW
        + """
app = make()
client = app.test_client()
print(client.get("/hello/1").text)
show()
patch()
with client.get("/hello/1") as response: print(response.text)
with client.get("/nowhere") as response: print(response.text)
show()
"""
    )
    assert "flask.dispatch_request" in text
