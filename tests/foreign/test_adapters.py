"""Each framework is known by one adapter, and all that is known of it is there."""

from __future__ import annotations

import importlib
import inspect
import operator
import re
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import bottle
import fastapi
import flask
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from nbmicro.client import trace
from nbmicro.client.client import Client
from nbmicro.foreign import known
from nbmicro.foreign.adapter import Adapter, Marks
from nbmicro.foreign.app import ForeignApp
from nbmicro.foreign.known import ADAPTERS
from nbmicro.web.route_info import RouteInfo
from start import ROOT


def _starlette() -> Starlette:
    return Starlette(routes=[Route("/x", lambda request: None)])


def _made(app: Any, add: Callable[[Any], Any]) -> Any:
    add(app)
    return app


#: An app with a page /x, of each framework that is installed here.
APPS: dict[str, Callable[[], Any]] = {
    "Flask": lambda: _made(flask.Flask("shop"), lambda app: app.get("/x")(lambda: "x")),
    "FastAPI": lambda: _made(fastapi.FastAPI(), lambda app: app.get("/x")(lambda: "x")),
    "Starlette": _starlette,
    "Bottle": lambda: _made(bottle.Bottle(), lambda app: app.get("/x")(lambda: "x")),
}
PARTS = [name for name in vars(Adapter) if not name.startswith("_")]


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda one: str(one.name))
def test_an_adapter_has_every_part_or_says_that_nothing_is_known(adapter: Adapter) -> None:
    for part in PARTS:
        given, general = getattr(type(adapter), part), getattr(Adapter, part)
        assert callable(given) == callable(general), part
        if callable(general):
            assert inspect.signature(given).parameters.keys() == inspect.signature(general).parameters.keys(), part
    assert not {name for name in dir(adapter) if not name.startswith("_")} - set(PARTS), "a part that nobody asks for"
    assert adapter.name
    assert adapter.classes
    assert {module.partition(".")[0] for module, _, _ in adapter.classes} <= adapter.modules
    assert all(module.partition(".")[0] in adapter.modules for module, _ in adapter.marks)
    assert adapter.declaration is None or "{name}" in adapter.declaration or "(" in adapter.declaration
    assert all(isinstance(page, re.Pattern) for page in adapter.pages)
    assert not adapter.has_shape(object())


@pytest.mark.parametrize("adapter", [one for one in ADAPTERS if one.name in APPS], ids=lambda one: str(one.name))
def test_an_adapter_knows_an_app_of_its_framework(adapter: Adapter) -> None:
    app = APPS[adapter.name]()
    kind = known.kind_of(app)
    assert kind is not None
    assert kind.adapter is known.adapter_of(app) is adapter
    routes = adapter.routes(app)
    assert routes is not None
    assert any(route.shown == "/x" and route.handler is not None for route in routes)
    lines = adapter.matches(app, "/x", "")
    assert lines is not None
    assert [line.partition(":")[0] for line in lines] == ["GET /x"]
    assert adapter.matches(app, "/y", "") == []
    assert isinstance(adapter.hooks(app), Mapping)


@pytest.mark.parametrize("place", [*known.framework_marks(), *trace._MARKS], ids=".".join)
def test_a_function_that_a_trace_watches_is_there(place: tuple[str, str]) -> None:
    module, name = place
    code = operator.attrgetter(name)(importlib.import_module(module)).__code__
    assert code.co_qualname == name


def test_the_help_names_each_framework_whose_routes_are_read() -> None:
    text = (ROOT / "nbmicro" / "notebook" / "magics" / "routes.py").read_text("utf-8")
    reading = [one.name for one in ADAPTERS if type(one).routes is not Adapter.routes and one.name in APPS]
    assert [name for name in reading if name not in text] == []


def test_no_adapter_imports_its_framework() -> None:
    names = "|".join(sorted(name for adapter in ADAPTERS for name in adapter.modules))
    for file in (ROOT / "nbmicro" / "foreign").glob("*.py"):
        assert not re.search(rf"^\s*(import|from) ({names})\b", file.read_text("utf-8"), re.MULTILINE), file.name


def test_a_frameworks_inner_parts_are_named_in_its_adapter_alone() -> None:
    """Elsewhere they stand only where nbmicro stands in Flask's place, and where a module is exported for Flask."""
    inner = "|".join({re.escape(module) for one in ADAPTERS for module, _, _ in one.classes if "." in module})
    inner += r"|flask\.(ctx|app|sessions|signals)|django\.(urls|core|apps|template)|bottle\.|BaseHandler"
    named = {
        file.relative_to(ROOT / "nbmicro").parts[0]
        for file in (ROOT / "nbmicro").rglob("*.py")
        if re.search(rf"[\"'](?:{inner})", file.read_text("utf-8"))
    }
    assert named == {"export", "flask_compat", "foreign"}


# -- a framework that is new -------------------------------------------------------------------------------------------


TEAPOT = """
class Teapot:
    def __init__(self):
        self.pages = {}

    def find(self, path):
        return self.pages["/tea/<int:cups>"]

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/spilt":
            start_response("403 SPILT", [("Content-Type", "text/html")])
            return [b"<title>The teapot broke</title>"]
        body = self.find(environ["PATH_INFO"])(environ["PATH_INFO"].rpartition("/")[2])
        environ["teapot.page"] = "/tea/<int:cups>"
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [body.encode()]
"""


class TeapotAdapter(Adapter):
    name = "Teapot"
    classes = (("teapot", "Teapot", False),)
    modules = frozenset({"teapot"})
    declaration = "{name}.pages[…] = function"
    marks: ClassVar[Marks] = {("teapot", "Teapot.find"): ("match", "")}
    pages = (re.compile("<title>The teapot broke"),)
    no_server: ClassVar[Mapping[str, str]] = {"TEAPOT_COLD": "1"}
    project_file = "teapot.toml"

    def routes(self, app: Any) -> list[RouteInfo]:
        return [RouteInfo(rule, ("GET",), function.__name__, rule, function) for rule, function in app.pages.items()]

    def answered_by(self, app: Any, environ: Mapping[str, Any]) -> tuple[str, str] | None:
        return (environ["teapot.page"], "tea") if "teapot.page" in environ else None

    def hint(self, exchange: Any) -> str | None:
        return "Mind the teapot." if exchange.status == 403 else None

    def kept_modules(self) -> Mapping[str, str]:
        return {"kettle": "the teapot boils once"}


@pytest.fixture
def teapot(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Registers the framework, by one adapter and its place in the table; gives an app with a page."""
    module = types.ModuleType("teapot")
    exec(compile(TEAPOT, "<string>", "exec"), vars(module))
    monkeypatch.setitem(sys.modules, "teapot", module)
    monkeypatch.setattr(known, "ADAPTERS", (*ADAPTERS, TeapotAdapter()))

    def tea(cups: str) -> str:
        return f"{cups} cups"

    app = vars(module)["Teapot"]()
    app.pages["/tea/<int:cups>"] = tea
    return app


def test_a_new_framework_is_known_by_its_adapter(teapot: Any) -> None:
    app = ForeignApp(teapot)
    assert app.kind.spoken == "a Teapot app"
    assert [(route.method_names, route.shown, route.endpoint) for route in app.routes()] == [
        ("GET", "/tea/<int:cups>", "tea")
    ]
    assert app.matches("/tea/2") == ["GET /tea/2: /tea/<int:cups> → tea with cups=2"]
    exchange = Client(app).get("/tea/2")
    assert (exchange.text, exchange.rule, exchange.endpoint) == ("2 cups", "/tea/<int:cups>", "tea")
    assert app.matches("/te/2") == []


def test_the_trace_of_a_new_framework_has_its_steps(teapot: Any) -> None:
    steps = Client(ForeignApp(teapot)).get("/tea/2", trace=True).trace
    # The adapter of this test is code of the user's, and so are its calls.
    told = [(step.kind, step.label) for step in steps if step.label != "answered_by"]
    assert told == [("match", "/tea/<int:cups> → tea"), ("handler", "tea")]


def test_pages_hints_code_and_loading_of_a_new_framework(teapot: Any) -> None:
    broken = Client(ForeignApp(teapot)).get("/spilt")
    assert known.is_framework_page(broken.response)
    assert broken.hint == "403 GET /spilt: Mind the teapot."
    assert known.is_framework("teapot.kettle")
    assert not known.is_framework("kettle")
    assert known.no_server()["TEAPOT_COLD"] == "1"
    assert known.kept_modules()["kettle"] == "the teapot boils once"
    adapter = known.project_adapter(Path("x") / "teapot.toml")
    assert adapter is not None
    assert adapter.name == "Teapot"
