"""The life of a request is seen from outside, step by step, when it is asked for, and only then."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import flask
import pytest

import nbmicro
from nbmicro.exchange.client import Client
from nbmicro.exchange.record import Exchange
from nbmicro.exchange.rendering import RenderOptions
from tests.exchange.apps import answering


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
    assert _steps(exchange) == [
        ("match", "/hello/<name> → hello"),
        ("hook", "before"),
        ("handler", "hello"),
        ("template", "a string"),
        ("hook", "after"),
        ("finish", ""),
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
    assert [step.kind for step in steps] == ["match", "handler", "finish"]
    assert steps[1].duration > 0.002


def test_nothing_is_traced_unless_asked_and_nothing_is_left() -> None:
    client = Client(_app(nbmicro.App, nbmicro))
    assert client.get("/hello/Ada").trace == ()
    before = sys.getprofile(), threading.getprofile()
    client.get("/hello/Ada", trace=True)
    client.get("/none", trace=True)
    assert (sys.getprofile(), threading.getprofile()) == before


def test_an_app_of_another_kind_has_at_least_its_whole() -> None:
    text = Client(answering("x")).get("/", trace=True).mime_bundle(RenderOptions.parse("trace"))["text/plain"]
    assert text.splitlines()[-1].startswith("  trace │ in all")


def test_the_picture_is_a_table_that_reads_without_its_bars() -> None:
    bundle = Client(_app(nbmicro.App, nbmicro)).get("/hello/Ada", trace=True).mime_bundle(RenderOptions.parse("trace"))
    assert bundle["text/html"].count("<tr>") == 7
    assert bundle["text/html"].count("border-bottom:.6em solid") == 6
    assert "/hello/&lt;name&gt; → hello" in bundle["text/html"]
