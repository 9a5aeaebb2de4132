"""Small things that Flask's own tests hold Flask to, and apps may rely on."""

from __future__ import annotations

import gc
import weakref
from importlib import import_module
from typing import Any

import click
import pytest
from werkzeug.test import Client

from nbmicro import App, Blueprint, session


def registered(rule: str, made: dict[str, Any], given: dict[str, Any]) -> list[str]:
    app = App("shop", root_path="/", static_folder=None)
    blueprint = Blueprint("pages", "shop", root_path="/", **made)
    blueprint.add_url_rule(rule, "page", lambda: "here")
    app.register_blueprint(blueprint, **given)
    return [one.rule for one in app.url_map.iter_rules()]


@pytest.mark.parametrize(
    ("rule", "made", "given", "rules"),
    [
        ("bar", {"url_prefix": "/foo/"}, {}, ["/foo/bar"]),
        ("bar", {}, {"url_prefix": "/foo"}, ["/foo/bar"]),
        ("bar", {}, {"url_prefix": ""}, ["/bar"]),
        ("", {"url_prefix": "/foo"}, {}, ["/foo"]),
        ("/bar", {"url_prefix": "/"}, {}, ["/bar"]),
    ],
)
def test_a_prefix_brings_the_slash_of_a_blueprints_rule(
    rule: str, made: dict[str, Any], given: dict[str, Any], rules: list[str]
) -> None:
    assert registered(rule, made, given) == rules


@pytest.mark.parametrize(("rule", "made"), [("bar", {}), ("", {}), ("/bar", {"url_prefix": "foo"})])
def test_without_a_slash_anywhere_the_registration_is_refused(rule: str, made: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must start with a slash"):
        registered(rule, made, {})


def test_a_late_rule_of_a_blueprint_without_a_prefix_needs_its_slash() -> None:
    app = App("shop", root_path="/")
    blueprint = Blueprint("pages", "shop", root_path="/")
    app.register_blueprint(blueprint)
    with pytest.raises(ValueError, match="must start with a slash"):
        blueprint.add_url_rule("late", "late", lambda: "late")
    blueprint.add_url_rule("/late", "late", lambda: "late")
    assert Client(app).get("/late").text == "late"


def test_a_host_of_a_rule_counts_only_with_host_matching() -> None:
    app = App("shop", root_path="/")
    app.config["SERVER_NAME"] = "example.test"
    app.add_url_rule("/", "index", lambda name: name, defaults={"name": "default"}, host="<name>")
    app.add_url_rule("/", "index", app.view_functions["index"], subdomain="<name>", host="<name>.example.test")
    for host in ("example.test", "abc.example.test", "xyz.other.test"):
        assert Client(app).get("/", base_url=f"http://{host}").text == "default"


@pytest.mark.parametrize(("group", "arguments"), [("late", ["late", "hello"]), (None, ["hello"])])
def test_the_registration_names_the_group_of_a_blueprints_commands(group: str | None, arguments: list[str]) -> None:
    app = App("shop", root_path="/")
    blueprint = Blueprint("pages", "shop", root_path="/", cli_group="early")

    @blueprint.cli.command("hello")
    def hello() -> None:
        click.echo("hello there")

    app.register_blueprint(blueprint, cli_group=group)
    assert app.test_cli_runner().invoke(args=arguments).output == "hello there\n"
    assert app.test_cli_runner().invoke(args=["early", "hello"]).exit_code != 0


@pytest.mark.parametrize(
    "host",
    [
        *(
            "..",
            ".",
            ".org",
            "a..b",
            "a" * 63 + ".org",
            "a" * 64 + ".org",
            "a." * 40 + "org",
            "a..b:80",
            "localhost:99999",
        ),
        *("-a", "a b", "ex_ample.org", "[::1]:80", "[", "é.org", "x.", "localhost:abc", "", "A.ORG"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/nothing", "/static/x"])
def test_a_host_that_is_no_name_is_400_where_flask_says_so(host: str, path: str) -> None:
    """Whatever is asked for, the second time as well."""
    flask: Any = import_module("flask")

    def status(kind: Any) -> list[int]:
        app = kind("shop")
        app.add_url_rule("/", "index", lambda: "x")
        app.register_error_handler(400, lambda error: ("bad host", 400))
        client = app.test_client()
        return [client.get(path, headers={"Host": host}).status_code for _ in range(2)]

    assert status(App) == status(flask.Flask)


def _served(app: App) -> None:
    app.get("/")(lambda: "x")
    assert app.test_client().get("/").text == "x"


def _with_session(app: App) -> None:
    app.secret_key = "key"
    app.get("/")(lambda: session.update(a=1) or {"a": session["a"]})
    client = app.test_client()
    assert client.get("/").json == client.get("/").json == {"a": 1}


def _with_stream(app: App) -> None:
    app.get("/")(lambda: (part for part in ("a", "b")))
    assert app.test_client().get("/").text == "ab"


def _with_blueprints(app: App) -> None:
    outer, inner = Blueprint("outer", "shop", url_prefix="/outer"), Blueprint("inner", "shop")
    inner.add_url_rule("/", "index", lambda: "x")
    inner.record(lambda state: state.app.before_request_funcs[None].append(lambda: None))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.view_functions["outer.inner.index"] = lambda: "y"
    assert app.test_client().get("/outer/").text == "y"


@pytest.mark.parametrize("use", [lambda app: None, _served, _with_session, _with_stream, _with_blueprints])
def test_an_app_is_freed_with_its_last_user(use: Any) -> None:
    """Without the collector of cycles, as Flask's are: programs that make many apps, as tests do, hold few."""
    gc.collect()
    gc.disable()
    try:
        app = App("shop")
        use(app)
        held = weakref.ref(app)
        del app
        assert held() is None
    finally:
        gc.enable()
