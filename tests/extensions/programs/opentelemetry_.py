"""OpenTelemetry's instrumentation of Flask: by app and by class, with hooks and exclusions."""

from __future__ import annotations

import flask
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

KEPT = ("http.method", "http.route", "http.status_code", "http.target", "http.scheme", "http.flavor")


class Spans:
    def __init__(self):
        self.memory = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.memory))

    def taken(self):
        spans = [
            (span.name, span.kind.name, span.status.status_code.name, {k: span.attributes.get(k) for k in KEPT})
            for span in self.memory.get_finished_spans()
        ]
        self.memory.clear()
        return spans


@pytest.fixture
def spans():
    return Spans()


def with_routes(app):
    @app.get("/hello/<int:number>")
    def hello(number):
        span = trace.get_current_span()
        span.set_attribute("number", number)
        return f"hello {number} {span.get_span_context().is_valid}"

    @app.get("/boom")
    def boom():
        raise ValueError("boom")

    @app.get("/stream")
    def stream():
        return flask.Response(flask.stream_with_context(str(n) for n in range(3)))

    @app.get("/excluded")
    def excluded():
        return f"excluded {trace.get_current_span().get_span_context().is_valid}"

    blueprint = flask.Blueprint("b", __name__, url_prefix="/b")
    blueprint.add_url_rule("/<name>", "named", lambda name: name)
    app.register_blueprint(blueprint)
    return app


@pytest.fixture
def app(spans):
    app = with_routes(flask.Flask(__name__))
    FlaskInstrumentor().instrument_app(app, tracer_provider=spans.provider, excluded_urls="excluded")
    return app


@pytest.mark.parametrize("path", ["/hello/3", "/b/x", "/nowhere", "/boom", "/hello/x", "/stream"])
def test_each_request_has_a_span(app, spans, note, path):
    app.test_client().get(path)
    taken = spans.taken()
    note(taken)
    assert len(taken) == 1


def test_the_span_is_current_in_the_view(app):
    assert app.test_client().get("/hello/1").text == "hello 1 True"


def test_excluded_urls_have_none(app, spans):
    assert app.test_client().get("/excluded").text == "excluded False"
    assert spans.taken() == []


def test_other_methods(app, spans, note):
    for method in ("POST", "HEAD", "OPTIONS", "BREW"):
        app.test_client().open("/hello/3", method=method)
    note(spans.taken())


def test_uninstrumented_again(spans):
    app = with_routes(flask.Flask("again"))
    FlaskInstrumentor().instrument_app(app, tracer_provider=spans.provider)
    client = app.test_client()
    client.get("/hello/1")
    assert len(spans.taken()) == 1
    FlaskInstrumentor().uninstrument_app(app)
    assert client.get("/hello/1").text == "hello 1 False"
    assert spans.taken() == []
    assert app.before_request_funcs.get(None, []) == []
    assert app.teardown_request_funcs.get(None, []) == []


def test_the_class_is_instrumented(spans, note):
    original = flask.Flask
    FlaskInstrumentor().instrument(tracer_provider=spans.provider)
    try:
        assert flask.Flask is not original
        app = with_routes(flask.Flask("class"))
        assert isinstance(app, original)
        assert app.test_client().get("/hello/2").text == "hello 2 True"
        note(spans.taken())
        note(type(app).__name__)
    finally:
        FlaskInstrumentor().uninstrument()
    assert flask.Flask is original


def test_hooks_and_traced_headers(spans, note):
    seen = []

    def on_request(span, environ):
        seen.append(f"request {environ['PATH_INFO']}")

    def on_response(span, status, headers):
        seen.append(f"response {status}")
        headers.append(("X-Traced", "yes"))

    app = with_routes(flask.Flask("hooks"))
    FlaskInstrumentor().instrument_app(
        app, tracer_provider=spans.provider, request_hook=on_request, response_hook=on_response
    )
    response = app.test_client().get("/hello/1")
    assert (seen, response.headers["X-Traced"]) == (["request /hello/1", "response 200 OK"], "yes")


def test_a_copied_context_ends_no_span(app, spans):
    @flask.Flask.route(app, "/copied")
    def copied():
        @flask.copy_current_request_context
        def inner():
            return flask.request.path

        return inner()

    assert app.test_client().get("/copied").text == "/copied"
    assert len(spans.taken()) == 1
