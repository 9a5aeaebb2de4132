"""Every name that a module of Flask's has is there in nbmicro's place of it, or is left out with a reason."""

from __future__ import annotations

import inspect
import json
import pkgutil
import subprocess
import sys
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

import pytest

import nbmicro
from nbmicro.flask_compat.names import LEFT_OUT

flask: Any = import_module("flask")
# What the import system sets, and what a compiler does.
_OF_EVERY_MODULE = {
    f"__{word}__" for word in ("builtins", "cached", "doc", "loader", "name", "package", "path", "spec")
}
MODULES = sorted(
    {
        "flask.sansio.app",
        "flask.sansio.blueprints",
        "flask.sansio.scaffold",
        *(found.name for found in pkgutil.walk_packages(flask.__path__, "flask.") if found.name != "flask.__main__"),
    }
)
STANDING_IN = """
import importlib, json, sys, typing
import nbmicro
nbmicro.install_as_flask()
modules = {name: importlib.import_module(name) for name in json.load(sys.stdin)}
def kind(value):
    if type(value).__name__ == "LocalProxy":  # which is whatever it stands for
        return ["LocalProxy", True, False]
    return [type(value).__name__, callable(value), isinstance(value, type)]
print(json.dumps({name: {key: kind(value) for key, value in vars(module).items()} for name, module in modules.items()}))
"""


@pytest.fixture(scope="module")
def standing_in() -> dict[str, dict[str, list[Any]]]:
    """What the modules have in a process where nbmicro stands in for Flask."""
    code = [sys.executable, "-c", STANDING_IN]
    done = subprocess.run(code, input=json.dumps(["flask", *MODULES]), capture_output=True, text=True, check=True)
    found: dict[str, dict[str, list[Any]]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("module", ["flask", *MODULES])
def test_each_name_of_the_module_is_there_or_left_out_with_a_reason(
    module: str, standing_in: dict[str, dict[str, list[Any]]]
) -> None:
    """Those by import too: what one may import, an extension does import."""
    names = {name for name in vars(import_module(module)) if name not in _OF_EVERY_MODULE}
    missing = names - standing_in[module].keys()
    assert missing == set(LEFT_OUT.get(module, {}))
    assert all(LEFT_OUT.get(module, {}).values())


@pytest.mark.parametrize("module", ["flask", *MODULES])
def test_each_name_stands_for_the_same_kind_of_thing(module: str, standing_in: dict[str, dict[str, list[Any]]]) -> None:
    """A module for a module, a class for a class, what can be called for what can be called."""
    for name, value in vars(import_module(module)).items():
        if name.startswith("__") or name in LEFT_OUT.get(module, {}) or isinstance(value, TypeVar):
            continue
        kind, is_callable, is_class = standing_in[module][name]
        assert (kind == "module") == isinstance(value, ModuleType), name
        if type(value).__name__ == "LocalProxy":
            assert kind == "LocalProxy", name
            continue
        assert is_class == isinstance(value, type), name
        if not _is_alias(value):
            assert is_callable == callable(value), name


def _is_alias(value: object) -> bool:
    """Whether it is an alias for annotations, such as ``Callable[…]``, which can be called in some versions alone."""
    return getattr(value, "__module__", None) in {"typing", "collections.abc", "types"}


@pytest.mark.usefixtures("as_flask")
def test_the_package_has_a_file_and_its_distribution_says_what_it_needs() -> None:
    from importlib.metadata import distribution, version

    import flask as standing_in

    assert standing_in.__file__ == nbmicro.__file__
    assert version("flask") == "3.1.3"
    needed = {requirement.split(">")[0].lower() for requirement in distribution("flask").requires or ()}
    assert needed >= {"blinker", "click", "itsdangerous", "jinja2", "werkzeug"}


@pytest.mark.usefixtures("as_flask")
def test_an_app_is_called_as_flask_calls_it() -> None:
    """In its repr, its class's name, and where pickle looks for it."""
    import pickle

    import flask as standing_in

    app = standing_in.Flask("shop")
    assert (repr(app), type(app).__qualname__) == ("<Flask 'shop'>", "Flask")
    assert pickle.loads(pickle.dumps(standing_in.Flask)) is nbmicro.App
    assert inspect.getmodule(standing_in.Flask).__name__ == "flask.app"  # type: ignore[union-attr]


@pytest.mark.usefixtures("as_flask")
def test_context_variables_and_decorators_that_extensions_read_work() -> None:
    import flask as standing_in
    from flask.globals import _cv_app, _cv_request
    from flask.helpers import _split_blueprint_path
    from flask.sansio.scaffold import setupmethod

    app = standing_in.Flask("shop")
    assert (_cv_app.get(None), _cv_request.get(None)) == (None, None)
    with pytest.raises(LookupError):
        _cv_app.get()
    with app.app_context() as context:
        assert (_cv_app.get(None), _cv_request.get(None)) == (context, None)
    with app.test_request_context("/x") as context:
        assert _cv_request.get() is context
        assert _cv_app.get().app is app
    assert _split_blueprint_path("a.b.c") == ["a.b.c", "a.b", "a"]

    class Site(standing_in.Flask):  # type: ignore[misc]
        @setupmethod
        def page(self, rule: str, *, text: str) -> str:
            """Declare a page."""
            self.add_url_rule(rule, text, lambda: text)
            return text

    site = Site("site")
    assert site.page("/x", text="tea") == "tea"
    assert Site.page.__doc__ == "Declare a page."
    assert site.test_client().get("/x").text == "tea"
