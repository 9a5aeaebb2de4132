"""The names that Flask's modules have, its distribution, and its command line."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
import sys

import pytest

MODULES = [
    "flask",
    "flask.app",
    "flask.blueprints",
    "flask.cli",
    "flask.config",
    "flask.ctx",
    "flask.debughelpers",
    "flask.globals",
    "flask.helpers",
    "flask.json",
    "flask.json.provider",
    "flask.json.tag",
    "flask.logging",
    "flask.sansio.app",
    "flask.sansio.blueprints",
    "flask.sansio.scaffold",
    "flask.sessions",
    "flask.signals",
    "flask.templating",
    "flask.testing",
    "flask.typing",
    "flask.views",
    "flask.wrappers",
]

USED = {
    "flask.cli": "click main cli get_version run_simple show_server_banner FlaskGroup AppGroup ScriptInfo",
    "flask.wrappers": "ResponseBase RequestBase Request Response",
    "flask.app": "Rule Flask Response Request App",
    "flask.sansio.scaffold": "setupmethod Scaffold",
    "flask.helpers": "werkzeug",
    "flask.templating": "_render _stream",
    "flask.globals": "_cv_app _cv_request app_ctx request_ctx g session request current_app",
    "flask.json.provider": "_default JSONProvider DefaultJSONProvider",
}


@pytest.mark.parametrize("module", USED)
def test_the_names_that_extensions_use(module):
    there = importlib.import_module(module)
    missing = [name for name in USED[module].split() if not hasattr(there, name)]
    assert missing == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_found_as_any_other(module, note):
    there = importlib.import_module(module)
    spec = importlib.util.find_spec(module)
    note([spec is not None, there.__spec__ is not None, sys.modules[module] is there, inspect.ismodule(there)])
    parent, _, name = module.rpartition(".")
    assert not parent or getattr(importlib.import_module(parent), name) is there


def test_the_file_of_the_package():
    import flask

    assert flask.__file__.endswith("__init__.py")
    assert list(flask.__path__)


def test_the_distribution(note):
    distribution = importlib.metadata.distribution("flask")
    note([distribution.metadata["Name"].lower(), distribution.version, importlib.metadata.version("Flask")])
    assert any(requirement.lower().startswith("werkzeug") for requirement in distribution.requires)


def test_a_plain_command_has_the_apps_context(ran):
    text = ran(
        """
        import click, flask
        from flask.cli import FlaskGroup
        app = flask.Flask("app")

        @click.command("init-db")
        def init_db():
            click.echo(flask.current_app.name)

        app.cli.add_command(init_db)
        FlaskGroup(create_app=lambda: app).main(["init-db"])
        """
    )
    assert text == "app\n"


def test_commands_of_every_kind(ran):
    program = """
        import click, flask
        from flask.cli import AppGroup, with_appcontext
        app = flask.Flask("app")

        @app.cli.command("own")
        @click.argument("word")
        def own(word):
            click.echo(f"{flask.current_app.name} {word}")

        group = AppGroup("group")

        @group.command()
        def inner():
            click.echo(f"inner {flask.has_app_context()}")

        @group.command(with_appcontext=False)
        def bare():
            click.echo(f"bare {flask.has_app_context()}")

        @click.command()
        @with_appcontext
        def plain():
            click.echo(f"plain {flask.current_app.name}")

        app.cli.add_command(group)
        app.cli.add_command(plain)
        blueprint = flask.Blueprint("b", "b")

        @blueprint.cli.command("of-b")
        def of_b():
            click.echo("of b")

        app.register_blueprint(blueprint)
        runner = app.test_cli_runner()
        for words in ("own x", "group inner", "group bare", "plain", "b of-b", "none"):
            result = runner.invoke(args=words.split())
            print(words, result.exit_code, result.output)
        """
    assert "inner True" in ran(program)


@pytest.mark.parametrize("host", ["localhost", "..", "a..b", "x" * 70 + ".org", "ä.org", "[::1]", "a b", "host:port"])
def test_hosts(host):
    from flask import Flask

    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "index")
    app.test_client().get("/", headers={"Host": host})


def test_template_loading_is_explained(caplog):
    import flask
    import jinja2

    app = flask.Flask("app")
    app.config["EXPLAIN_TEMPLATE_LOADING"] = True
    caplog.set_level("INFO", logger="app")
    with app.app_context(), pytest.raises(jinja2.TemplateNotFound):
        flask.render_template("none.html")
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert "no match" in caplog.records[0].getMessage()


def test_the_instance_path_is_asked_of_the_app():
    from flask import Flask

    class Mine(Flask):
        def auto_find_instance_path(self):
            return "/mine/instance"

    assert Mine("app").instance_path == "/mine/instance"


def test_an_app_is_freed():
    import gc
    import weakref

    from flask import Flask

    gc.disable()
    try:
        app = Flask("app")
        there = weakref.ref(app)
        del app
        assert there() is None
    finally:
        gc.enable()
