"""What is a plain attribute in Flask can be set, patched and deleted: each of the public objects' is tried."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from types import ModuleType
from typing import Any, ClassVar
from unittest import mock

import flask
import flask.globals
import jinja2
import pytest

import nbmicro
import nbmicro.web.proxies

GLOBALS: dict[ModuleType, Any] = {flask: flask.globals, nbmicro: nbmicro.web.proxies}


def app_of(module: Any) -> Any:
    app = module.Flask("shop", root_path="/")
    app.secret_key = "a key"
    return app


def in_app(find: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def make(module: Any) -> Any:
        app_of(module).app_context().push()
        return find(module)

    return make


def in_request(find: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def make(module: Any) -> Any:
        app_of(module).test_request_context("/?a=1").push()
        return find(module)

    return make


def state_of(module: Any) -> Any:
    states: list[Any] = []
    blueprint = module.Blueprint("pages", "shop", root_path="/")
    blueprint.record(states.append)
    app_of(module).register_blueprint(blueprint)
    return states[0]


#: By the name of an object, what makes it; a context stays pushed, in a contextvars context of its own.
OBJECTS: dict[str, Callable[[Any], Any]] = {
    "app": app_of,
    "blueprint": lambda module: module.Blueprint("pages", "shop", root_path="/"),
    "registration": state_of,
    "app context": in_app(lambda module: GLOBALS[module].app_ctx._get_current_object()),
    "g": in_app(lambda module: module.g._get_current_object()),
    "request context": in_request(lambda module: GLOBALS[module].request_ctx._get_current_object()),
    "request": in_request(lambda module: module.request._get_current_object()),
    "session": in_request(lambda module: module.session._get_current_object()),
    "response": in_app(lambda module: module.Response("text")),
    "client": lambda module: app_of(module).test_client(),
    "runner": lambda module: app_of(module).test_cli_runner(),
    "config": lambda module: app_of(module).config,
    "JSON provider": lambda module: app_of(module).json,
    "session interface": lambda module: type(app_of(module).session_interface)(),
}

_MAPPINGS = """
    after_request_funcs before_request_funcs error_handler_spec teardown_request_funcs template_context_processors
    url_default_functions url_value_preprocessors view_functions
"""
#: What is there again, or may not go, when it is deleted: by reason and object. Setting and patching never differ.
DELETED_OTHERWISE = {
    "a mapping shows what is declared; deleting it takes back what was set": {
        "app": f"{_MAPPINGS} blueprints shell_context_processors teardown_appcontext_funcs",
        "blueprint": f"{_MAPPINGS} deferred_functions",
    },
    "made when it is asked for": {"app": "cli", "blueprint": "cli"},
    "read from the environ when it is asked for": {
        "request": "headers path query_string remote_addr root_path scheme server url_rule view_args"
    },
    "the class says what it is at first": {"request context": "_session flashes"},
}


class Put:
    """What is put in the place of an attribute."""


def said(act: Callable[[], Any]) -> str:
    try:
        return str(act())
    except Exception as error:
        return type(error).__name__


def outcomes(module: Any, kind: str, name: str) -> dict[str, str]:
    """What becomes of an attribute that is set, patched, deleted, or set and deleted."""
    make = OBJECTS[kind]

    def value(one: Any) -> Any:
        before = getattr(flask_object(kind), name, None)
        return {} if isinstance(before, dict) else [] if isinstance(before, list) else Put()

    def there(one: Any) -> str:
        return said(lambda: hasattr(one, name))

    def put() -> str:
        one, new = make(module), value(None)
        setattr(one, name, new)
        return str(getattr(one, name) is new or getattr(one, name) == new)

    def patch() -> str:
        one, new = make(module), value(None)
        before = said(lambda: getattr(one, name))
        with mock.patch.object(one, name, new):
            inside = getattr(one, name) is new or getattr(one, name) == new
        return f"{inside} {said(lambda: getattr(one, name)) == before}"

    def delete() -> str:
        one = make(module)
        getattr(one, name)
        delattr(one, name)
        return there(one)

    def put_and_delete() -> str:
        one = make(module)
        setattr(one, name, value(None))
        delattr(one, name)
        return there(one)

    acts = {"set": put, "patched": patch, "deleted": delete, "set and deleted": put_and_delete}
    return {word: Context().run(said, act) for word, act in acts.items()}


_made: dict[str, Any] = {}


def flask_object(kind: str) -> Any:
    if kind not in _made:
        _made[kind] = Context().run(OBJECTS[kind], flask)
    return _made[kind]


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.filterwarnings("ignore")
def test_an_attribute_is_set_patched_and_deleted_as_in_flask(kind: str) -> None:
    differences = {}
    for name in dir(flask_object(kind)):
        if name.startswith("_") and name not in ("_session", "_got_first_request", "_request_from_builder_args"):
            continue
        flasks, ours = outcomes(flask, kind, name), outcomes(nbmicro, kind, name)
        if flasks != ours:
            differences[name] = [word for word in flasks if flasks[word] != ours[word]]
    known = {name for objects in DELETED_OTHERWISE.values() for name in objects.get(kind, "").split()}
    assert {name: words for name, words in differences.items() if name not in known} == {}
    assert differences.keys() == known
    assert {word for name in known for word in differences[name]} <= {"deleted", "set and deleted"}


BOTH = pytest.mark.parametrize("module", [flask, nbmicro], ids=["flask", "nbmicro"])


@BOTH
def test_an_environment_of_ones_own_has_the_filters_that_are_declared(module: Any) -> None:
    app = app_of(module)
    app.jinja_env = jinja2.Environment(loader=jinja2.DictLoader({"page": "{{ 'a'|twice }} {{ x|shout }}"}))
    app.add_template_filter(lambda text: text * 2, "twice")
    app.jinja_env.filters["shout"] = lambda text: text.upper()
    app.add_url_rule("/page", "page", lambda: module.render_template("page", x="b"))
    app.add_url_rule("/text", "text", lambda: module.render_template_string("{{ 'c'|twice }}"))
    client = app.test_client()
    assert [client.get(path).text for path in ("/page", "/text")] == ["aa B", "cc"]


@BOTH
@pytest.mark.parametrize("headers", [{"X-A": "1"}, [("X-A", "1")]], ids=["dict", "list"])
def test_headers_of_another_kind_are_sent(module: Any, headers: Any) -> None:
    def view() -> Any:
        response = module.make_response("text")
        response.headers = headers
        return response

    app = app_of(module)
    app.add_url_rule("/", "index", view)
    response = app.test_client().get("/")
    assert (response.status_code, response.headers["X-A"], response.text) == (200, "1", "text")


@BOTH
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
def test_what_a_hook_sets_on_the_request_is_dispatched(module: Any, is_first: bool) -> None:
    app = app_of(module)
    app.add_url_rule("/<name>", "page", lambda name: f"page {name}")
    app.add_url_rule("/other/<name>", "other", lambda name: f"other {name}")
    client = app.test_client()
    if not is_first:
        assert client.get("/a").text == "page a"

    def reroute() -> None:
        request = module.request._get_current_object()
        if request.args.get("to") == "values":
            request.view_args = {"name": "mine"}
        elif request.args.get("to") == "rule":
            request.url_rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == "other")
        elif request.args.get("to") == "found":
            request.routing_exception, request.view_args = None, {"name": "found"}
            request.url_rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == "page")

    if not is_first:
        app._got_first_request = False  # Flask: hooks are declared before the first request
    app.before_request(reroute)
    paths = ["/a", "/a?to=values", "/a?to=rule", "/no/where/at/all?to=found"]
    assert [client.get(path).text for path in paths] == ["page a", "page mine", "other a", "page found"]


@BOTH
def test_a_mapping_that_is_patched_is_what_it_was_when_the_patch_ends(module: Any) -> None:
    app = app_of(module)
    app.add_url_rule("/", "index", lambda: "index")
    app.before_request(lambda: "hook")
    client = app.test_client()
    with mock.patch.object(app, "before_request_funcs", {}):
        assert client.get("/").text == "index"
    assert client.get("/").text == "hook"
    with (
        mock.patch.object(app, "view_functions", {"index": lambda: "patched"}),
        mock.patch.object(app, "before_request_funcs", {}),
    ):
        assert client.get("/").text == "patched"
    assert client.get("/").text == "hook"


@BOTH
def test_a_class_with_a_metaclass_of_the_users_own(module: Any) -> None:
    class Single(type):
        made: ClassVar[dict[type, Any]] = {}

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            if cls not in cls.made:
                cls.made[cls] = super().__call__(*args, **kwargs)
            return cls.made[cls]

    site = Single("Site", (module.Flask,), {})
    assert site("shop") is site("shop")
