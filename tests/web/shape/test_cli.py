"""The command line of an app, in Flask's shape."""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from click.testing import CliRunner

from nbmicro import App, Blueprint, current_app
from nbmicro.web.commands import cli
from nbmicro.web.commands.cli import AppGroup, FlaskGroup, with_appcontext
from nbmicro.web.commands.dotenv import load_dotenv
from nbmicro.web.commands.finding import (
    NoAppException,
    ScriptInfo,
    find_app_by_string,
    find_best_app,
    locate_app,
    pass_script_info,
    prepare_import,
)

pytestmark = pytest.mark.usefixtures("own_environment")


def module(**names: Any) -> ModuleType:
    made = ModuleType("shopmodule")
    made.__dict__.update(names)
    return made


def started_with(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the server is started with, instead of starting it."""
    calls: list[Any] = []

    def start(*args: Any, **kwargs: Any) -> None:
        calls.append((args, kwargs))

    monkeypatch.setattr("werkzeug.serving.run_simple", start)
    if hasattr(cli, "run_simple"):
        monkeypatch.setattr(cli, "run_simple", start)
    return calls


APP = "from nbmicro import App\napp = App(__name__)\n"

# == finding: which app a command line means


def test_the_obvious_app_is_found() -> None:
    """app, application, the only app there is, create_app(), make_app()."""
    one, two = App("one"), App("two")
    assert find_best_app(module(app=one, x=two)) is one
    assert find_best_app(module(application=one, x=two)) is one
    assert find_best_app(module(x=one)) is one
    assert find_best_app(module(create_app=lambda: one)) is one
    assert find_best_app(module(make_app=lambda: one)) is one
    assert find_best_app(module(create_app=lambda name="x": two, app=one)) is one


@pytest.mark.parametrize("names", [{}, {"a": App("a"), "b": App("b")}, {"create_app": lambda name: App(name)}])
def test_where_none_is_obvious_there_is_an_error(names: dict[str, Any]) -> None:
    """NoAppException, which is a click error."""
    with pytest.raises(NoAppException):
        find_best_app(module(**names))
    assert issubclass(NoAppException, click.UsageError)


def test_an_app_or_a_factory_may_be_named() -> None:
    """With literal arguments."""
    one = App("one")
    made = module(one=one, factory=lambda name="x", *, n=0: App(f"{name}{n}"), text="text")
    assert find_app_by_string(made, "one") is one
    assert find_app_by_string(made, "factory").name == "x0"
    assert find_app_by_string(made, "factory('a', n=1)").name == "a1"
    for wrong in ("missing", "text", "factory(x)", "factory('a', 'b')", "a.b", "1 +"):
        with pytest.raises(NoAppException):
            find_app_by_string(made, wrong)


def test_a_module_is_named_by_its_path_or_its_import_name(tmp_path: Path) -> None:
    """``prepare_import`` finds the folder; a module that fails to import what it needs says so."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "shop.py").write_text(APP)
    (tmp_path / "broken.py").write_text("import no_such_module_at_all\n")
    assert prepare_import("pkg/shop.py") == "pkg.shop"
    assert sys.path[0] == str(tmp_path)
    found = locate_app("pkg.shop", None)
    assert found is not None
    assert found.import_name == "pkg.shop"
    with pytest.raises(NoAppException, match="no_such_module_at_all"):
        locate_app("broken", None)
    with pytest.raises(NoAppException):
        locate_app("missing_module", None)
    assert locate_app("missing_module", None, raise_if_not_found=False) is None


@pytest.mark.parametrize("name", ["wsgi.py", "app.py"])
def test_without_a_name_wsgi_and_app_are_looked_for(tmp_path: Path, name: str) -> None:
    """In the current folder; the app is loaded once, in the debug mode of the environment."""
    (tmp_path / name).write_text(APP)
    os.environ["FLASK_DEBUG"] = "1"
    info = ScriptInfo()
    app = info.load_app()
    assert app is info.load_app()
    assert app.debug
    assert ScriptInfo(create_app=lambda: App("made")).load_app().name == "made"


def test_where_there_is_no_app_the_error_says_how_to_name_one() -> None:
    """NoAppException."""
    with pytest.raises(NoAppException, match="--app"):
        ScriptInfo().load_app()


# == commands: of the app, its blueprints, and installed packages


def test_an_apps_commands_run_in_its_context() -> None:
    """``app.cli``, an AppGroup whose groups are AppGroups."""
    app = App("shop")

    @app.cli.command()
    def name() -> None:
        click.echo(current_app.name)

    @app.cli.command(with_appcontext=False)
    def bare() -> None:
        click.echo(bool(current_app))

    @app.cli.group()
    def db() -> None:
        """Commands on the database."""

    @db.command()
    def init() -> None:
        click.echo(f"init {current_app.name}")

    runner = app.test_cli_runner()
    assert isinstance(app.cli, AppGroup)
    assert isinstance(db, AppGroup)
    assert runner.invoke(args=["name"]).output == "shop\n"
    assert runner.invoke(args=["bare"]).output == "False\n"
    assert runner.invoke(args=["db", "init"]).output == "init shop\n"


def test_a_plain_command_may_ask_for_the_app() -> None:
    """with_appcontext, pass_script_info."""

    @click.command()
    @with_appcontext
    def name() -> None:
        click.echo(current_app.name)

    @click.command()
    @pass_script_info
    def info(script: ScriptInfo) -> None:
        click.echo(script.load_app().name)

    runner = CliRunner()
    for command in (name, info):
        result = runner.invoke(command, obj=ScriptInfo(create_app=lambda: App("made")))
        assert result.output == "made\n"


def test_callbacks_of_parameters_have_the_app_context() -> None:
    """As the commands themselves, in the group of an app."""
    app = App("shop")

    def check(context: Any, parameter: Any, value: Any) -> Any:
        return f"{value} {current_app.name}"

    @app.cli.command()
    @click.argument("thing", callback=check)
    def show(thing: str) -> None:
        click.echo(thing)

    group = FlaskGroup(create_app=lambda: app)
    assert CliRunner().invoke(group, ["show", "x"]).output == "x shop\n"


@pytest.mark.parametrize(
    ("options", "args"), [({}, ["bp", "hi"]), ({"cli_group": "other"}, ["other", "hi"]), ({"cli_group": None}, ["hi"])]
)
def test_a_blueprints_commands_are_in_a_group(options: dict[str, Any], args: list[str]) -> None:
    """Of its name, or of ``cli_group``; None puts them beside the app's."""
    app = App("shop")
    bp = Blueprint("bp", __name__, **options)
    bp.cli.command("hi")(lambda: click.echo("hi"))
    app.register_blueprint(bp)
    assert app.test_cli_runner().invoke(args=args).output == "hi\n"


def test_the_group_of_a_registration_may_be_another() -> None:
    """``register_blueprint(cli_group=…)`` beats the blueprint's own."""
    app = App("shop")
    bp = Blueprint("bp", __name__, cli_group="own")
    bp.cli.command("hi")(lambda: click.echo("hi"))
    app.register_blueprint(bp, cli_group="given")
    assert app.test_cli_runner().invoke(args=["given", "hi"]).output == "hi\n"


def test_installed_packages_may_bring_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """By entry points of the group ``flask.commands``."""

    class Point(EntryPoint):
        def load(self) -> Any:
            return click.Command("brought", callback=lambda: click.echo("brought"))

    def points(*, group: str) -> list[EntryPoint]:
        return [Point("brought", "x:y", group)] if group == "flask.commands" else []

    monkeypatch.setattr("importlib.metadata.entry_points", points)
    if hasattr(cli, "entry_points"):
        monkeypatch.setattr(cli, "entry_points", points)
    group = FlaskGroup(create_app=lambda: App("x"))
    assert CliRunner().invoke(group, ["brought"]).output == "brought\n"


# == options: -A, -e, --debug, and the environment


def shown(args: list[str]) -> str:
    """What a command says of the app that the options lead to."""
    group = FlaskGroup()

    @group.command()
    def show() -> None:
        click.echo(f"{current_app.import_name} {current_app.debug} {os.environ.get('FROM_FILE')}")

    result = CliRunner().invoke(group, [*args, "show"])
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_the_app_and_its_mode_are_options(tmp_path: Path) -> None:
    """``-A/--app`` and ``--debug``, or FLASK_APP and FLASK_DEBUG."""
    (tmp_path / "shop.py").write_text(APP + "def create_app(name='made'):\n    return App(name)\n")
    assert shown(["-A", "shop"]) == "shop False None"
    assert shown(["--app", "shop.py", "--debug"]) == "shop True None"
    assert shown(["--app", "shop:create_app('x')", "--no-debug"]) == "x False None"
    os.environ.update(FLASK_APP="shop", FLASK_DEBUG="1")
    assert shown([]) == "shop True None"
    assert shown(["--no-debug"]) == "shop False None"


def test_env_files_are_read_and_never_beat_the_environment(tmp_path: Path) -> None:
    """``-e``, then ``.env``, then ``.flaskenv``; FLASK_SKIP_DOTENV leaves the last two out."""
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / ".env").write_text("FROM_FILE=env\nONLY_ENV=1\n")
    (tmp_path / ".flaskenv").write_text("FLASK_APP=shop\nFROM_FILE=flaskenv\n")
    (tmp_path / "given").write_text("FROM_FILE=given\n")
    assert shown([]) == "shop False env"
    del os.environ["FROM_FILE"]
    assert shown(["-e", "given"]) == "shop False given"
    os.environ["FROM_FILE"] = "real"
    assert shown(["-e", "given"]) == "shop False real"
    for name in ("FROM_FILE", "ONLY_ENV", "FLASK_APP"):
        del os.environ[name]
    os.environ["FLASK_SKIP_DOTENV"] = "1"
    assert shown(["-A", "shop"]) == "shop False None"


def test_env_files_can_be_read_by_hand(tmp_path: Path) -> None:
    """``load_dotenv`` says whether there was one."""
    assert not load_dotenv()
    (tmp_path / ".env").write_text("BY_HAND=1\n")
    assert load_dotenv()
    assert os.environ["BY_HAND"] == "1"


# == run, shell, routes: the commands every app has


def test_routes_are_listed(tmp_path: Path) -> None:
    """By endpoint, or sorted as asked; HEAD and OPTIONS with ``--all-methods``."""
    app = App("shop")
    app.add_url_rule("/b", "a", lambda: "", methods=["POST", "GET"])
    app.add_url_rule("/a", "b", lambda: "")

    def listed(*args: str) -> list[str]:
        result = CliRunner().invoke(FlaskGroup(create_app=lambda: app), ["routes", *args])
        assert result.exit_code == 0
        return result.output.splitlines()

    lines = listed()
    assert lines[0].split() == ["Endpoint", "Methods", "Rule"]
    assert [line.split()[0] for line in lines[2:]] == ["a", "b", "static"]
    assert [line.split()[-1] for line in listed("-s", "rule")[2:]] == ["/a", "/b", "/static/<path:filename>"]
    assert [line.split()[0] for line in listed("--sort", "match")[2:]] == ["static", "a", "b"]
    assert "HEAD" in "".join(listed("--all-methods"))
    assert "GET, POST" in lines[2]
    empty = App("none", static_folder=None)
    assert "No routes" in CliRunner().invoke(FlaskGroup(create_app=lambda: empty), ["routes"]).output


def test_a_shell_begins_with_the_apps_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ``make_shell_context``, in the app's context."""
    app = App("shop")
    app.shell_context_processor(lambda: {"answer": 42})
    seen: list[Any] = []
    monkeypatch.setattr("code.interact", lambda banner, local: seen.append((local, current_app.name)))
    result = CliRunner().invoke(FlaskGroup(create_app=lambda: app), ["shell"])
    assert result.exit_code == 0, result.output
    ((names, current),) = seen
    assert (names["app"], names["answer"], current) == (app, 42, "shop")


def test_run_passes_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host, port, reloader, debugger, threads, more files and patterns."""
    calls = started_with(monkeypatch)
    app = App("shop")
    for name in ("cert.pem", "key.pem"):
        Path(name).write_text("")
    options = "run -h 0.0.0.0 -p 8000 --reload --debugger --without-threads --cert cert.pem --key key.pem"
    result = CliRunner().invoke(
        FlaskGroup(create_app=lambda: app),
        [*options.split(), "--extra-files", f"a{os.pathsep}b", "--exclude-patterns", f"c{os.pathsep}d"],
    )
    assert result.exit_code == 0, result.output
    ((args, kwargs),) = calls
    assert args[:2] == ("0.0.0.0", 8000)
    assert {name: kwargs[name] for name in ("use_reloader", "use_debugger", "threaded", "ssl_context")} == {
        "use_reloader": True,
        "use_debugger": True,
        "threaded": False,
        "ssl_context": kwargs["ssl_context"],
    }
    assert [Path(name).name for name in kwargs["ssl_context"]] == ["cert.pem", "key.pem"]
    assert (list(kwargs["extra_files"]), list(kwargs["exclude_patterns"])) == (["a", "b"], ["c", "d"])


@pytest.mark.parametrize("debug", [False, True])
def test_run_has_its_defaults_and_reads_the_environment(monkeypatch: pytest.MonkeyPatch, debug: bool) -> None:
    """127.0.0.1:5000 with threads; debug mode turns reloader and debugger on; FLASK_RUN_PORT."""
    calls = started_with(monkeypatch)
    group = FlaskGroup(create_app=lambda: App("shop"))
    flag = ["--debug"] if debug else []
    assert CliRunner().invoke(group, [*flag, "run"]).exit_code == 0
    os.environ["FLASK_RUN_PORT"] = "9000"
    assert CliRunner().invoke(group, [*flag, "run"]).exit_code == 0
    (first, settings), (second, _) = calls
    assert (first[:2], second[1]) == (("127.0.0.1", 5000), 9000)
    assert (settings["use_reloader"], settings["use_debugger"], settings["threaded"]) == (debug, debug, True)


def test_app_run_does_nothing_under_a_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """FLASK_RUN_FROM_CLI."""
    calls = started_with(monkeypatch)
    os.environ["FLASK_RUN_FROM_CLI"] = "true"
    App("shop").run()
    assert calls == []
