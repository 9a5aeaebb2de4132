"""A line that imports from a submodule of Flask's needs only its first word changed."""

from __future__ import annotations

import importlib

import pytest

import nbmicro

LINES = {
    "views": "MethodView",
    "globals": "request",
    "sessions": "SecureCookieSessionInterface",
    "signals": "request_started",
    "json": "jsonify",
    "json.provider": "DefaultJSONProvider",
    "json.tag": "TaggedJSONSerializer",
    "config": "Config",
    "blueprints": "Blueprint",
}


@pytest.mark.parametrize(("module", "name"), LINES.items())
def test_the_import_gives_the_one_module_there_is(module: str, name: str) -> None:
    ours = importlib.import_module(f"nbmicro.{module}")
    assert hasattr(ours, name)
    assert ours.__name__.startswith("nbmicro.web.")
    assert importlib.import_module(ours.__name__) is ours


def test_what_they_give_is_what_the_package_gives() -> None:
    assert importlib.import_module("nbmicro.globals").request is nbmicro.request
    assert importlib.import_module("nbmicro.blueprints").Blueprint is nbmicro.Blueprint
