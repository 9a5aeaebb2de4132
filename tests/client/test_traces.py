"""The life of a request is seen from outside, step by step, when it is asked for, and only then."""

from __future__ import annotations

import asyncio
import functools
import importlib
import sys
import threading
from typing import Any

import flask
import pytest

import nbmicro
from nbmicro.client import trace
from nbmicro.client.client import Client
from nbmicro.exchange.exchange import Exchange
from nbmicro.render.summary import RenderOptions
from tests.support.apps import answering


def _app(kind: Any, module: Any) -> Any:
    app = kind("shop")

    @app.before_request
    def before() -> None:
        """Do nothing."""

    @app.after_request
    def after(response: Any) -> Any:
        return response

    @app.get("/hello/<name>")
    def hello(name: str) -> Any:
        return module.render_template_string("<p>{{ name | upper }}", name=name)

    return app


def _steps(exchange: Exchange) -> list[tuple[str, str]]:
    return [(step.kind, step.label) for step in exchange.trace]


@pytest.mark.parametrize(("kind", "module"), [(nbmicro.App, nbmicro), (flask.Flask, flask)])
def test_match_hooks_handler_template_and_finish_are_told_in_order(kind: Any, module: Any) -> None:
    exchange = Client(_app(kind, module)).get("/hello/Ada", trace=True)
    assert exchange.text == "<p>ADA"
    kinds = [step for step in _steps(exchange) if step[0] not in ("context", "session", "return")]
    assert kinds == [
        ("match", "/hello/<name> → hello"),
        ("before", "before"),
        ("handler", "hello"),
        ("template", "a string"),
        ("after", "after"),
    ]


def test_steps_lie_inside_the_request_and_a_template_inside_its_handler() -> None:
    exchange = Client(_app(nbmicro.App, nbmicro)).get("/hello/Ada", trace=True)
    ends = {step.kind: (step.start, step.start + step.duration) for step in exchange.trace}
    assert all(0 <= start <= end <= exchange.duration for start, end in ends.values())
    assert ends["handler"][0] <= ends["template"][0] <= ends["template"][1] <= ends["handler"][1]


def test_an_async_handler_is_one_step() -> None:
    app = nbmicro.App("shop")

    @app.get("/")
    async def index() -> str:
        for _ in range(3):
            await asyncio.sleep(0.001)
        return "x"

    steps = Client(app).get("/", trace=True).trace
    assert [step.kind for step in steps] == ["match", "handler", "return"]
    assert steps[1].duration > 0.002


def test_nothing_is_traced_unless_asked_and_nothing_is_left() -> None:
    client = Client(_app(nbmicro.App, nbmicro))
    assert client.get("/hello/Ada").trace == ()
    before = sys.getprofile(), threading.getprofile(), sys.gettrace(), threading.gettrace()
    client.get("/hello/Ada", trace=True)
    client.get("/none", trace=True)
    assert (sys.getprofile(), threading.getprofile(), sys.gettrace(), threading.gettrace()) == before


def test_an_app_of_another_kind_has_at_least_its_whole() -> None:
    text = Client(answering("x")).get("/", trace=True).mime_bundle(RenderOptions.parse("trace"))["text/plain"]
    lines = text.splitlines()
    assert lines[1].startswith("  trace │ WSGI call")
    assert lines[-1].split() == ["trace", "│", "response", "200", "OK", "·", "text/html"]


def test_the_picture_is_a_table_that_reads_without_its_bars() -> None:
    exchange = Client(_app(nbmicro.App, nbmicro)).get("/hello/Ada", trace=True)
    html = exchange.mime_bundle(RenderOptions.parse("trace"))["text/html"]
    # A row for each step, one for the call and one for the response; a bar for each step.
    assert html.count("<tr") == len(exchange.trace) + 2
    assert html.count("position:absolute") == len(exchange.trace)
    assert "/hello/&lt;name&gt; → hello" in html


def test_the_lines_of_the_handler_tell_how_often_they_ran_and_where_it_failed() -> None:
    app = nbmicro.App("shop")

    @app.get("/<int:last>")
    def count(last: int) -> str:
        total = 0
        for number in range(last):
            total += 6 // (3 - number)
        if total > 1000:
            total = 0
        return str(total)

    def lines(path: str) -> dict[str, tuple[int, str]]:
        handler = next(step for step in Client(app).get(path, trace=True).trace if step.kind == "handler")
        return {line.text.strip(): (line.count, line.failed) for line in handler.lines}

    went_well, failed = lines("/2"), lines("/5")
    assert went_well["total += 6 // (3 - number)"] == (2, "")
    assert went_well["total = 0"] == (0, "")
    assert went_well["return str(total)"] == (1, "")
    assert failed["total += 6 // (3 - number)"] == (4, "ZeroDivisionError")
    assert failed["return str(total)"] == (0, "")


def test_the_match_says_which_rules_were_looked_at_and_why_they_do_not_answer() -> None:
    app = nbmicro.App("shop")
    for rule in ("/users/<int:id>", "/users/<name>", "/users/<name>/posts", "/cart/"):
        app.add_url_rule(rule, rule.replace("/", "_"), lambda **values: "x")
    app.add_url_rule("/users/<name>", "save", lambda name: "x", methods=["POST"])
    match = next(step for step in Client(app).get("/users/Ada", trace=True).trace if step.kind == "match")
    assert [(rule.methods, rule.rule, rule.verdict) for rule in match.tried] == [
        ("GET", "/users/<name>", "answers"),
        ("POST", "/users/<name>", "fits, but answers POST only"),
        ("GET", "/users/<name>/posts", "`posts` is missing"),
        ("GET", "/users/<int:id>", "`Ada` is not an int"),
        ("GET", "/cart/", "`users` is not `cart`"),
    ]


def test_the_session_is_told_without_its_values() -> None:
    app = _app(nbmicro.App, nbmicro)
    app.secret_key = "a key"

    @app.get("/visit")
    def visit() -> str:
        nbmicro.session["visits"] = "a-secret"
        return "x"

    client = Client(app)
    first, second = client.get("/visit", trace=True), client.get("/visit", trace=True)
    assert ("session", "opened", "new") in [(step.kind, step.label, step.note) for step in first.trace]
    told = [(step.kind, step.label, step.note) for step in second.trace]
    assert ("session", "opened", "1 value in its cookie") in told
    text = second.mime_bundle(RenderOptions.parse("trace"))["text/plain"]
    notes = [line for line in text.splitlines() if "nbmicro.session[" not in line]
    assert not any("a-secret" in line for line in notes)


def test_a_before_hook_that_answers_says_that_the_handler_is_not_asked() -> None:
    app = _app(nbmicro.App, nbmicro)

    @app.before_request
    def stop() -> tuple[str, int]:
        return "no", 403

    steps = Client(app).get("/hello/Ada", trace=True).trace
    assert "handler" not in [step.kind for step in steps]
    assert next(step.note for step in steps if step.label == "stop") == "answered; the handler is not asked"


def test_a_debugger_at_work_keeps_its_place() -> None:
    seen: list[str] = []

    def debugger(frame: Any, event: str, argument: Any) -> None:
        seen.append(event)

    client = Client(_app(nbmicro.App, nbmicro))
    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        exchange = client.get("/hello/Ada", trace=True)
        kept = sys.gettrace()
    finally:
        sys.settrace(before)
    assert kept is debugger
    assert seen
    assert all(not step.lines for step in exchange.trace)


@pytest.mark.parametrize(("module", "name"), trace._MARKS)
def test_each_function_whose_call_is_a_step_is_there(module: str, name: str) -> None:
    """One that is renamed takes its step from every picture."""
    assert callable(functools.reduce(getattr, name.split("."), importlib.import_module(module)))
