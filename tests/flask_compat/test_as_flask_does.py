"""Small things that Flask's own tests hold Flask to, and apps may rely on."""

from __future__ import annotations

from typing import Any

import click
import pytest
from werkzeug.test import Client

from nbmicro import App, Blueprint


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
