"""What extensions rely on, in Flask's shape."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from nbmicro import App, Blueprint, current_app, g, render_template_string, request
from nbmicro.web.proxies import app_ctx

MakeApp = Callable[..., App]


class Database:
    """An extension as Flask's documentation has it: made once, for many apps."""

    def __init__(self, app: App | None = None) -> None:
        self.closed: list[str] = []
        self.states: weakref.WeakKeyDictionary[App, dict[str, Any]] = weakref.WeakKeyDictionary()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: App) -> None:
        app.config.setdefault("DATABASE", "memory")
        app.extensions["database"] = self
        self.states[app] = {"name": app.config["DATABASE"]}
        app.teardown_appcontext(self.close)
        app.cli.command("init-db")(lambda: None)
        app.context_processor(lambda: {"database": self})
        app.jinja_env.globals["db_name"] = lambda: self.name
        app.shell_context_processor(lambda: {"db": self})

    @property
    def name(self) -> str:
        name: str = self.states[current_app._get_current_object()]["name"]  # type: ignore[attr-defined]
        return name

    @property
    def connection(self) -> str:
        if "_database" not in g:
            g._database = f"connection to {self.name}"
        connection: str = g._database
        return connection

    def close(self, exc: BaseException | None) -> None:
        if g.pop("_database", None) is not None:
            self.closed.append(self.name)


# == extensions: one object for many apps


def test_one_extension_serves_many_apps(make_app: MakeApp) -> None:
    """``init_app``, ``app.extensions``, ``config.setdefault``, ``g``, teardown: each app has its own state."""
    db = Database()
    apps = [make_app("one"), make_app("two")]
    apps[1].config["DATABASE"] = "other"
    for app in apps:
        db.init_app(app)
        app.add_url_rule("/", "index", lambda: db.connection)
        app.add_url_rule("/template", "template", lambda: render_template_string("{{ db_name() }} {{ database.name }}"))
    assert [app.test_client().get("/").text for app in apps] == ["connection to memory", "connection to other"]
    assert [app.test_client().get("/template").text for app in apps] == ["memory memory", "other other"]
    assert db.closed == ["memory", "other"]
    assert all(app.extensions["database"] is db for app in apps)
    assert "init-db" in apps[0].cli.commands
    assert apps[0].make_shell_context()["db"] is db


def test_an_app_is_hashable_and_can_be_held_weakly(app: App) -> None:
    """It may have attributes of anyone's."""
    held = weakref.ref(app)
    assert {app: 1}[app] == 1
    app.login_manager = "mine"  # type: ignore[attr-defined]
    with app.app_context():
        assert current_app.login_manager == "mine"  # type: ignore[attr-defined]
    assert held() is app


def test_the_identity_of_the_app_context_is_a_scope(app: App) -> None:
    """Stable within a request, and its weak references die with it."""
    scopes: list[Any] = []

    def index() -> str:
        scopes.append(weakref.ref(app_ctx._get_current_object()))
        return str(id(app_ctx._get_current_object()) == id(app_ctx._get_current_object()))

    app.add_url_rule("/", "index", index)
    assert app.test_client().get("/").text == "True"


def test_an_extension_may_bring_a_blueprint_that_sets_the_app_up(app: App) -> None:
    """``bp.record`` and ``record_once``."""
    bp = Blueprint("ext", __name__, url_prefix="/ext")
    bp.record_once(lambda state: state.app.extensions.setdefault("ext", state.url_prefix))
    bp.add_url_rule("/", "index", lambda: current_app.extensions["ext"])
    app.register_blueprint(bp)
    assert app.test_client().get("/ext/").text == "/ext"


def test_views_are_known_by_module_and_name(app: App) -> None:
    """``view_functions`` keeps the functions as they are, for lists of exempt ones."""

    def index() -> str:
        view = current_app.view_functions.get(str(request.endpoint))
        return f"{view.__module__}.{view.__name__}"

    app.add_url_rule("/", "index", index)
    assert app.test_client().get("/").text == f"{__name__}.index"
