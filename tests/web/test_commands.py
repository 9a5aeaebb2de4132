"""The app's commands, and the finding of the app they are for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import click
import pytest
from click.testing import CliRunner

from nbmicro import App, Blueprint, current_app
from nbmicro.web.commands.cli import (
    AppCommands,
    AppGroup,
    FlaskGroup,
    with_appcontext,
)
from nbmicro.web.commands.finding import (
    NoAppException,
    ScriptInfo,
    find_app_by_string,
    find_best_app,
    locate_app,
    pass_script_info,
    prepare_import,
)
from nbmicro.web.commands.server import run_command

pytestmark = pytest.mark.usefixtures("own_environment")


def module(**names: Any) -> ModuleType:
    made = ModuleType("shopmodule")
    made.__dict__.update(names)
    return made


def test_the_obvious_app_of_a_module_is_found() -> None:
    """app, then application, then the only app there is, then what create_app or make_app makes."""
    one, other = App("one"), App("other")
    assert find_best_app(module(app=one, x=other)) is one
    assert find_best_app(module(application=one, x=other)) is one
    assert find_best_app(module(x=one, same=one)) is one
    assert find_best_app(module(create_app=lambda: one)) is one
    assert find_best_app(module(make_app=lambda name="x": one)) is one
    assert find_best_app(module(App=App, x=one)) is one


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ({}, "no app in 'shopmodule'"),
        ({"a": App("a"), "b": App("b")}, "2 apps in 'shopmodule'"),
        ({"create_app": lambda name: App(name)}, "cannot be called without arguments"),
        ({"app": 3}, "no app in 'shopmodule'"),
    ],
)
def test_where_no_app_is_obvious_the_error_says_how_to_name_it(names: dict[str, Any], text: str) -> None:
    """No app, several, or a factory that needs arguments: the error shows --app."""
    with pytest.raises(NoAppException, match=text) as caught:
        find_best_app(module(**names))
    assert "--app" in str(caught.value)


def test_a_factory_that_fails_inside_is_not_excused() -> None:
    """A TypeError from inside the factory is the user's to see."""

    def create_app() -> App:
        raise TypeError("inside")

    with pytest.raises(TypeError, match="inside"):
        find_best_app(module(create_app=create_app))
    with pytest.raises(TypeError, match="inside"):
        find_app_by_string(module(create_app=create_app), "create_app()")


def test_an_app_may_be_named() -> None:
    """A name, a factory, or a call of one with literals."""
    app = App("one")
    where = module(shop=app, make=lambda name, size=1: App(f"{name}{size}"), none=None)
    assert find_app_by_string(where, "shop") is app
    assert find_app_by_string(where, "make('x')").import_name == "x1"
    assert find_app_by_string(where, "make('x', size=2)").import_name == "x2"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("missing", "no 'missing'"),
        ("none", "is no app, but a NoneType"),
        ("make", "cannot be called with these arguments"),
        ("make(1, 2, 3)", "cannot be called with these arguments"),
        ("make(name)", "must be literals"),
        ("a.b", "neither a name nor a call"),
        ("a b", "neither a name nor a call"),
        ("1", "neither a name nor a call"),
    ],
)
def test_a_wrong_name_says_what_is_wrong(text: str, problem: str) -> None:
    """What is neither a name nor a call with literals, or is no app, is an error that says which."""
    with pytest.raises(NoAppException, match=problem):
        find_app_by_string(module(make=lambda name: App(name), none=None), text)


def test_a_file_is_imported_from_its_folder(tmp_path: Path) -> None:
    """A path becomes the import name from the folder above the topmost package."""
    package = tmp_path / "shop_pkg" / "web"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package.parent / "__init__.py").write_text("")
    (package / "site.py").write_text("from nbmicro import App\napp = App(__name__)\n")
    for path in ("shop_pkg/web/site.py", "shop_pkg/web/site"):
        assert prepare_import(path) == "shop_pkg.web.site"
    assert prepare_import("shop_pkg/web/__init__.py") == "shop_pkg.web"
    assert sys.path[0] == str(tmp_path)
    app = locate_app("shop_pkg.web.site", None)
    assert app is not None
    assert app.import_name == "shop_pkg.web.site"


def test_a_module_that_cannot_be_imported_says_why(tmp_path: Path) -> None:
    """A missing module is told from one whose own import fails."""
    (tmp_path / "shop_broken.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(NoAppException, match="no_such_module_anywhere"):
        locate_app(prepare_import("shop_broken.py"), None)
    with pytest.raises(NoAppException, match="Could not import 'shop_none'"):
        locate_app("shop_none", None)
    assert locate_app("shop_none", None, raise_if_not_found=False) is None


def test_an_app_is_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ScriptInfo finds wsgi.py or app.py by itself, sets debug as the environment says, and keeps the app."""
    with pytest.raises(NoAppException, match=r"no wsgi\.py or app\.py"):
        ScriptInfo().load_app()
    (tmp_path / "app.py").write_text("from nbmicro import App\nfound = App('by_itself')\n")
    info = ScriptInfo()
    app = info.load_app()
    assert app is info.load_app()
    assert (app.import_name, app.debug) == ("by_itself", False)
    assert ScriptInfo(app_import_path="app:found").load_app() is app
    made = App("made")
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert ScriptInfo(create_app=lambda: made, set_debug_flag=False).load_app().debug is False
    assert ScriptInfo(create_app=lambda: made).load_app().debug is True


def test_commands_run_in_the_apps_context() -> None:
    """Commands of an AppGroup and of its groups have the context, unless with_appcontext=False."""
    app = App("shop")

    @app.cli.command("plain", with_appcontext=False)
    def plain() -> None:
        click.echo(bool(current_app))

    @app.cli.command
    def bare() -> None:
        click.echo(current_app.name)

    @app.cli.group()
    def user() -> None:
        """Users."""

    @user.command()
    def add() -> None:
        click.echo(current_app.name)

    runner = app.test_cli_runner()
    assert isinstance(user, AppGroup)
    assert runner.invoke(args=["plain"]).output == "False\n"
    assert runner.invoke(args=["bare"]).output == "shop\n"
    assert runner.invoke(args=["user", "add"]).output == "shop\n"


def test_the_context_is_gone_when_the_command_has_ended() -> None:
    """Teardown functions run, and no context is left."""
    app = App("shop")
    torn: list[Any] = []
    app.teardown_appcontext(lambda error: torn.append(error))

    @click.command()
    @with_appcontext
    def work() -> None:
        click.echo(len(torn))

    assert CliRunner().invoke(work, obj=ScriptInfo(create_app=lambda: app)).output == "0\n"
    assert len(torn) == 1
    assert not current_app


def test_script_info_is_passed_on() -> None:
    """pass_script_info gives a command what the command line knows."""

    @click.command()
    @pass_script_info
    def work(info: ScriptInfo) -> None:
        click.echo(info.load_app().name)

    assert CliRunner().invoke(work, obj=ScriptInfo(create_app=lambda: App("shop"))).output == "shop\n"


def shop() -> App:
    app = App("shop", static_folder=None)
    app.add_url_rule("/", "index", lambda: "")
    app.add_url_rule("/items/<int:n>", "item", lambda n: "", methods=["GET", "DELETE"])
    return app


def test_routes_are_listed() -> None:
    """The routes command shows endpoint, methods and rule, sorted as asked."""
    group = FlaskGroup(create_app=shop)
    runner = CliRunner()
    assert runner.invoke(group, ["routes"]).output == dedent(
        """\
        Endpoint  Methods      Rule
        --------  -----------  --------------
        index     GET          /
        item      DELETE, GET  /items/<int:n>
        """
    )
    assert runner.invoke(group, ["routes", "-s", "methods"]).output.splitlines()[2].startswith("item")
    assert "GET, HEAD, OPTIONS" in runner.invoke(group, ["routes", "--all-methods"]).output
    empty = FlaskGroup(create_app=lambda: App("empty", static_folder=None))
    assert runner.invoke(empty, ["routes"]).output == "No routes were registered.\n"


def test_routes_of_subdomains_say_so() -> None:
    """Where rules have a subdomain, a column shows it."""

    def create() -> App:
        app = shop()
        app.config["SERVER_NAME"] = "example.org"
        app.add_url_rule("/", "admin", lambda: "", subdomain="admin")
        return app

    output = CliRunner().invoke(FlaskGroup(create_app=create), ["routes", "-s", "domain"]).output
    assert "Subdomain" in output
    assert output.splitlines()[-1].split() == ["admin", "GET", "admin", "/"]


def test_a_group_has_the_commands_of_the_app_too(tmp_path: Path) -> None:
    """--app says which app; its commands and its blueprints' are there by name and in the help."""
    (tmp_path / "shop_app.py").write_text(
        dedent(
            """
            import click
            from nbmicro import App, Blueprint, current_app
            app = App("from_file")
            @app.cli.command(help="Say hello.")
            def hello():
                click.echo(f"hello from {current_app.name}, debug {current_app.debug}")
            """
        )
    )
    runner = CliRunner()
    assert runner.invoke(FlaskGroup(), ["--app", "shop_app", "hello"]).output == "hello from from_file, debug False\n"
    assert "Say hello." in runner.invoke(FlaskGroup(), ["--app", "shop_app", "--help"]).output
    assert runner.invoke(FlaskGroup(), ["-A", "shop_app", "--debug", "hello"]).output.endswith("debug True\n")


def test_without_an_app_the_group_says_so_and_still_helps() -> None:
    """Help is shown without an app; an unknown command says what is missing."""
    helped = CliRunner().invoke(FlaskGroup(), ["--help"])
    assert helped.exit_code == 0
    assert "There is no app" in helped.output
    assert "routes" in helped.output
    missing = CliRunner().invoke(FlaskGroup(), ["unknown"])
    assert missing.exit_code == 2
    assert "There is no app" in missing.output
    assert "No such command 'unknown'" in missing.output


def test_an_env_file_is_read_before_the_app_is_looked_for(tmp_path: Path) -> None:
    """FLASK_APP may stand in .env, .flaskenv or the file of --env-file; FLASK_SKIP_DOTENV turns the first two off."""
    (tmp_path / "shop_app.py").write_text("from nbmicro import App\napp = App('from_env', static_folder=None)\n")
    (tmp_path / "mine.env").write_text("FLASK_APP=shop_app\n")
    runner = CliRunner()
    assert runner.invoke(FlaskGroup(), ["-e", "mine.env", "routes"]).output == "No routes were registered.\n"
    os.environ.pop("FLASK_APP")
    (tmp_path / ".flaskenv").write_text("FLASK_APP=shop_app\n")
    os.environ["FLASK_SKIP_DOTENV"] = "1"
    assert runner.invoke(FlaskGroup(), ["routes"]).exit_code == 2
    os.environ.pop("FLASK_SKIP_DOTENV")
    assert runner.invoke(FlaskGroup(), ["routes"]).output == "No routes were registered.\n"


def test_blueprints_have_commands_too() -> None:
    """A blueprint's commands are in a group of its name, or of cli_group, or beside the app's."""
    app = App("shop")
    for name, options in {"named": {}, "renamed": {"cli_group": "other"}, "merged": {"cli_group": None}}.items():
        blueprint = Blueprint(name, "shop", **options)

        @blueprint.cli.command(f"hello-{name}")
        def hello(name: str = name) -> None:
            click.echo(name)

        app.register_blueprint(blueprint)
    runner, commands = app.test_cli_runner(), AppCommands(app)
    assert runner.invoke(commands, ["named", "hello-named"]).output == "named\n"
    assert runner.invoke(commands, ["other", "hello-renamed"]).output == "renamed\n"
    assert runner.invoke(commands, ["hello-merged"]).output == "merged\n"
    assert [line.split()[0] for line in runner.invoke(commands, ["--help"]).output.splitlines()[-3:]] == [
        "hello-merged",
        "named",
        "other",
    ]


def test_app_run_does_nothing_under_a_command_line() -> None:
    """A module that ends in app.run() can be loaded by a command."""
    started = []

    def create() -> App:
        app = shop()
        started.append(app.run())
        return app

    assert CliRunner().invoke(FlaskGroup(create_app=create), ["routes"]).exit_code == 0
    assert started == [None]


def test_run_serves_with_the_options_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """run takes host, port and threads; reloader and debugger follow debug unless said otherwise."""
    calls: list[Any] = []
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *args, **options: calls.append((args, options)))
    group = FlaskGroup(create_app=shop)
    runner = CliRunner()
    assert runner.invoke(group, ["run"]).exit_code == 0
    assert runner.invoke(group, ["run", "--debug", "-h", "0.0.0.0", "-p", "80", "--no-reload"]).exit_code == 0
    (host, port, _), options = calls[0]
    assert (host, port, options["use_reloader"], options["use_debugger"], options["threaded"]) == (
        "127.0.0.1",
        5000,
        False,
        False,
        True,
    )
    (host, port, _), options = calls[1]
    assert (host, port, options["use_reloader"], options["use_debugger"]) == ("0.0.0.0", 80, False, True)


def test_a_certificate_needs_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--cert is adhoc, an SSLContext, or a file with --key; anything else is an error of the option."""
    (tmp_path / "a.pem").write_text("")
    monkeypatch.setitem(sys.modules, "cryptography", ModuleType("cryptography"))
    for given, taken in (
        (["--cert", "a.pem", "--key", "a.pem"], ("a.pem", str(tmp_path / "a.pem"))),
        (["--key", "a.pem", "--cert", "a.pem"], ("a.pem", str(tmp_path / "a.pem"))),
        (["--cert", "adhoc"], "adhoc"),
    ):
        assert run_command.make_context("run", given).params["cert"] == taken
    group, runner = FlaskGroup(create_app=shop), CliRunner()
    for arguments in (
        ["--cert", "a.pem"],
        ["--cert", "none.pem"],
        ["--cert", "nbmicro"],
        ["--key", "a.pem"],
        ["--cert", "adhoc", "--key", "a.pem"],
    ):
        assert runner.invoke(group, ["run", *arguments]).exit_code == 2, arguments
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert "pip install cryptography" in runner.invoke(group, ["run", "--cert", "adhoc"]).output


def test_a_shell_has_what_processors_give(monkeypatch: pytest.MonkeyPatch) -> None:
    """shell opens a prompt in the app's context with app and the names of shell context processors."""
    seen: dict[str, Any] = {}
    monkeypatch.setattr("code.interact", lambda banner, local: seen.update(local, current=current_app.name))
    monkeypatch.setattr(sys, "__interactivehook__", None, raising=False)

    def create() -> App:
        app = shop()
        app.shell_context_processor(lambda: {"answer": 42})
        return app

    assert CliRunner().invoke(FlaskGroup(create_app=create), ["shell"]).exit_code == 0
    assert (seen["answer"], seen["current"], seen["app"].name) == (42, "shop", "shop")


def test_the_versions_are_told() -> None:
    """--version names Python, nbmicro and Werkzeug."""
    output = CliRunner().invoke(FlaskGroup(), ["--version"]).output
    assert [line.split()[0] for line in output.splitlines()] == ["Python", "nbmicro", "Werkzeug"]
