"""Flask's public mappings, read and written as extensions do."""

from __future__ import annotations

from unittest import mock

import flask
import pytest
from flask import Blueprint, Flask
from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, Rule


@pytest.fixture
def app():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/page", "page", lambda: flask.render_template_string("{{ word }}"))
    app.add_url_rule("/<lang>/url", "of_lang", lambda lang=None: f"{lang} {flask.g.get('lang')}")
    blueprint = Blueprint("b", "b", url_prefix="/b")
    blueprint.add_url_rule("/", "index", lambda: "b index")
    blueprint.before_request(lambda: None)
    app.register_blueprint(blueprint)
    app.told = []
    return app


@pytest.fixture(params=[True, False], ids=["early", "late"])
def client(app, request):
    client = app.test_client()
    if not request.param:
        client.get("/")
        client.get("/nowhere")
    return client


NAMES = [
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "teardown_appcontext_funcs",
    "template_context_processors",
    "url_value_preprocessors",
    "url_default_functions",
    "error_handler_spec",
    "shell_context_processors",
    "view_functions",
    "extensions",
    "blueprints",
]


@pytest.mark.parametrize("name", NAMES)
def test_what_they_hold_at_first(name, note):
    app, blueprint = Flask("app"), Blueprint("b", "b")
    for holder in (app, blueprint):
        value = getattr(holder, name, "none")
        note([isinstance(value, dict), isinstance(value, list), [str(key) for key in value], len(value)])


def test_a_function_is_put_in_and_taken_out(app, client):
    def stop():
        return "stopped"

    app.before_request_funcs.setdefault(None, []).append(stop)
    assert client.get("/").text == "stopped"
    app.before_request_funcs[None].remove(stop)
    assert client.get("/").text == "index"
    app.before_request_funcs[None] = [lambda: "set"]
    assert client.get("/").text == "set"
    app.before_request_funcs.clear()
    assert client.get("/").text == "index"


def test_a_blueprints_functions(app, client):
    app.before_request_funcs.setdefault("b", []).insert(0, lambda: "first")
    assert (client.get("/b/").text, client.get("/").text) == ("first", "index")
    app.before_request_funcs.pop("b")
    assert client.get("/b/").text == "b index"


def test_declared_by_decorator_removed_by_mapping(app, client):
    def stop():
        return "stopped"

    app.before_request_funcs.setdefault(None, []).append(stop)
    app.after_request_funcs.setdefault(None, []).append(lambda response: app.told.append("after") or response)
    app.teardown_request_funcs.setdefault(None, []).append(lambda error: app.told.append("teardown"))
    app.teardown_appcontext_funcs.append(lambda error: app.told.append("app"))
    client.get("/")
    assert app.told == ["after", "teardown", "app"]
    app.after_request_funcs[None].clear()
    app.teardown_appcontext_funcs.clear()
    del app.teardown_request_funcs[None]
    app.told.clear()
    client.get("/")
    assert app.told == []


def test_a_decorator_after_a_mapping_goes_on(note):
    app = Flask("app")
    app.before_request(first := (lambda: None))
    assert app.before_request_funcs[None] == [first]
    app.before_request_funcs[None].remove(first)
    app.before_request(second := (lambda: "second"))
    assert app.before_request_funcs == {None: [second]}
    app.add_url_rule("/", "index", lambda: "index")
    assert app.test_client().get("/").text == "second"


def test_context_processors(app, client):
    app.template_context_processors[None].append(lambda: {"word": "hello"})
    assert client.get("/page").text == "hello"
    app.template_context_processors[None].pop()
    assert client.get("/page").text == ""
    assert len(app.template_context_processors[None]) == 1


def test_values_and_defaults_of_urls(app, client):
    def pull(endpoint, values):
        if values:
            flask.g.lang = values.pop("lang", None)

    app.url_value_preprocessors.setdefault(None, []).append(pull)
    assert client.get("/de/url").text == "None de"
    app.url_default_functions.setdefault(None, []).append(lambda endpoint, values: values.setdefault("lang", "fr"))
    with app.test_request_context():
        assert flask.url_for("of_lang") == "/fr/url"


def test_handlers_of_errors(app, client):
    app.error_handler_spec[None][404][NotFound] = lambda error: ("mine", 404)
    assert client.get("/nowhere").text == "mine"
    del app.error_handler_spec[None][404][NotFound]
    assert client.get("/nowhere").text != "mine"
    app.error_handler_spec[None][None][ZeroDivisionError] = lambda error: ("zero", 500)
    app.view_functions["index"] = lambda: 1 / 0
    assert client.get("/").text == "zero"


def test_handlers_declared_are_there(note):
    app, blueprint = Flask("app"), Blueprint("b", "b")
    app.register_error_handler(404, print)
    app.register_error_handler(ValueError, len)
    blueprint.register_error_handler(418, repr)
    app.register_blueprint(blueprint)
    spec = app.error_handler_spec
    note(
        {
            str(k): {str(c): {e.__name__: f.__name__ for e, f in h.items()} for c, h in v.items()}
            for k, v in spec.items()
        }
    )


def test_view_functions_in_both_directions(app, client, note):
    note(sorted(app.view_functions))
    app.view_functions["index"] = lambda: "replaced"
    assert client.get("/").text == "replaced"
    app.view_functions.update(index=lambda: "updated")
    assert client.get("/").text == "updated"
    kept = app.view_functions.pop("index")
    assert kept() == "updated"
    assert client.get("/").status_code == 500
    app.view_functions = {"index": lambda: "whole"}
    assert client.get("/").text == "whole"
    app.view_functions.clear()
    assert client.get("/").status_code == 500


def test_a_view_function_wrapped(app, client):
    for endpoint, view in list(app.view_functions.items()):
        app.view_functions[endpoint] = lambda view=view, **values: f"<{view(**values)}>"
    assert [client.get(path).text for path in ("/", "/b/")] == ["<index>", "<b index>"]


def test_a_rule_without_a_view_and_a_view_later(app):
    app.url_map.add(Rule("/late", endpoint="late"))
    app.view_functions["late"] = lambda: "late"

    @app.endpoint("later")
    def later():
        return "later"

    app.url_map.add(Rule("/later", endpoint="later", methods=["POST"]))
    client = app.test_client()
    assert (client.get("/late").text, client.post("/later").text) == ("late", "later")


def test_the_rules_of_the_map(app, note):
    note([(rule.rule, rule.endpoint) for rule in app.url_map._rules])
    note({end: [rule.rule for rule in rules] for end, rules in app.url_map._rules_by_endpoint.items()})
    note([(rule.rule, rule.endpoint) for rule in app.url_map.iter_rules("b.index")])


def test_another_map(note):
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/page", "page", lambda: "page")
    client = app.test_client()
    ours = Map([Rule("/mine", endpoint="mine"), Rule("/", endpoint="page")])
    app.view_functions["mine"] = lambda: "mine"
    with mock.patch.object(app, "url_map", ours):
        assert app.url_map is ours
        note(sorted([rule.rule, rule.endpoint] for rule in app.url_map.iter_rules()))
        note([client.get(path).status_code for path in ("/mine", "/", "/page", "/nowhere")])
    note([client.get(path).status_code for path in ("/mine", "/", "/page", "/nowhere")])
    note(sorted([rule.rule, rule.endpoint] for rule in app.url_map.iter_rules()))


def test_deferred_functions(note):
    blueprint = Blueprint("b", "b")
    blueprint.add_url_rule("/x", "x", lambda: "x")
    note(len(blueprint.deferred_functions))
    seen = []
    blueprint.deferred_functions.append(lambda state: seen.append(state.blueprint.name))
    app = Flask("app")
    app.register_blueprint(blueprint)
    assert seen == ["b"]
    del blueprint.deferred_functions[0]
    other = Flask("other")
    other.register_blueprint(blueprint)
    note(sorted(other.view_functions))


def test_a_blueprints_own_mappings(note):
    blueprint = Blueprint("b", "b")
    blueprint.before_request(stop := (lambda: "stopped"))
    blueprint.add_url_rule("/x", "x", lambda: "x")
    assert blueprint.before_request_funcs == {None: [stop]}
    blueprint.before_request_funcs[None].remove(stop)
    blueprint.after_request_funcs.setdefault(None, []).append(
        lambda response: response.headers.add("X-A", "1") or response
    )
    app = Flask("app")
    app.register_blueprint(blueprint)
    response = app.test_client().get("/x")
    assert (response.text, response.headers["X-A"]) == ("x", "1")
    note({str(key): len(value) for key, value in app.after_request_funcs.items()})


def test_shell_context(app, note):
    app.shell_context_processors.append(lambda: {"a": 1})
    assert app.make_shell_context()["a"] == 1
    app.shell_context_processor(lambda: {"b": 2})
    note(len(app.shell_context_processors))


def test_jinja_and_others(app, note):
    app.jinja_options = {"trim_blocks": True}
    assert app.jinja_env.trim_blocks
    app.extensions["mine"] = {"x": 1}
    note(sorted(app.extensions))
    app.url_build_error_handlers.append(lambda error, endpoint, values: f"built {endpoint}")
    with app.test_request_context():
        assert flask.url_for("none at all") == "built none at all"
    app.url_build_error_handlers.clear()
