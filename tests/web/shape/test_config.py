"""Configuration in Flask's shape."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nbmicro import App, Config
from nbmicro.web.config import ConfigAttribute

SECRET_KEY = "of this module"
OTHER = "value"
lower = "not taken"

# == config: settings, from objects, files and the environment


def check(app: App) -> None:
    assert app.secret_key == "of this module"
    assert app.config["OTHER"] == "value"
    assert "lower" not in app.config


def test_the_defaults_are_flasks() -> None:
    """The names and values of Flask 3.1's default configuration."""
    config = App("x").config
    assert {
        "DEBUG": False,
        "TESTING": False,
        "PROPAGATE_EXCEPTIONS": None,
        "SECRET_KEY": None,
        "SECRET_KEY_FALLBACKS": None,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=31),
        "USE_X_SENDFILE": False,
        "TRUSTED_HOSTS": None,
        "SERVER_NAME": None,
        "APPLICATION_ROOT": "/",
        "SESSION_COOKIE_NAME": "session",
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_PATH": None,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SECURE": False,
        "SESSION_COOKIE_PARTITIONED": False,
        "SESSION_COOKIE_SAMESITE": None,
        "SESSION_REFRESH_EACH_REQUEST": True,
        "MAX_CONTENT_LENGTH": None,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 1_000,
        "SEND_FILE_MAX_AGE_DEFAULT": None,
        "TRAP_BAD_REQUEST_ERRORS": None,
        "TRAP_HTTP_EXCEPTIONS": False,
        "EXPLAIN_TEMPLATE_LOADING": False,
        "PREFERRED_URL_SCHEME": "http",
        "TEMPLATES_AUTO_RELOAD": None,
        "MAX_COOKIE_SIZE": 4093,
        "PROVIDE_AUTOMATIC_OPTIONS": True,
    } == dict(config)


def test_it_is_filled_from_an_object_or_its_import_name() -> None:
    """Keys in capitals only; of a class too, inherited ones included."""

    class Base:
        SECRET_KEY = "of this module"

    class Settings(Base):
        OTHER = "value"
        lower = "not taken"

    by_class, by_name = App("x"), App("x")
    by_class.config.from_object(Settings)
    check(by_class)
    by_name.config.from_object("email.charset")
    assert by_name.config["QP"] == 1
    with pytest.raises(ImportError):
        by_name.config.from_object("no.such.module")


def test_it_is_filled_from_a_python_file(tmp_path: Path) -> None:
    """Relative to root_path; ``silent`` passes over a missing one."""
    (tmp_path / "settings.py").write_text("SECRET_KEY = 'of this module'\nOTHER = 'val' + 'ue'\nlower = 1\n")
    app = App("x", root_path=str(tmp_path))
    assert app.config.from_pyfile("settings.py")
    check(app)
    with pytest.raises(OSError, match="Unable to load configuration file"):
        app.config.from_pyfile("missing.py")
    assert not app.config.from_pyfile("missing.py", silent=True)


def test_it_is_filled_from_the_file_that_a_variable_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RuntimeError without the variable, unless silent."""
    (tmp_path / "settings.py").write_text("SECRET_KEY = 'of this module'\nOTHER = 'value'\n")
    app = App("x")
    monkeypatch.delenv("SHOP_SETTINGS", raising=False)
    with pytest.raises(RuntimeError, match="SHOP_SETTINGS"):
        app.config.from_envvar("SHOP_SETTINGS")
    assert not app.config.from_envvar("SHOP_SETTINGS", silent=True)
    monkeypatch.setenv("SHOP_SETTINGS", str(tmp_path / "settings.py"))
    assert app.config.from_envvar("SHOP_SETTINGS")
    check(app)


def test_it_is_filled_from_files_of_any_kind(tmp_path: Path) -> None:
    """``load`` reads it; ``text=False`` for who wants bytes."""
    (tmp_path / "a.json").write_text(json.dumps({"SECRET_KEY": "of this module", "OTHER": "value", "lower": 1}))
    (tmp_path / "a.toml").write_text('SECRET_KEY = "of this module"\nOTHER = "value"\n')
    for name, load, text in (("a.json", json.load, True), ("a.toml", tomllib.load, False)):
        app = App("x", root_path=str(tmp_path))
        assert app.config.from_file(name, load=load, text=text)
        check(app)
    assert not app.config.from_file("missing.json", load=json.load, silent=True)
    with pytest.raises(OSError, match="Unable to load configuration file"):
        app.config.from_file("missing.json", load=json.load)


def test_it_is_filled_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By prefix; values are read as JSON where they are; two underscores nest."""
    for name, value in {
        "FLASK_STRING": "text",
        "FLASK_NUMBER": "7",
        "FLASK_TRUE": "true",
        "FLASK_LIST": "[1, 2]",
        "FLASK_BAD": "{bad",
        "FLASK_DB__HOST": "h",
        "FLASK_DB__OPTIONS__ssl": "false",
        "SHOP_NAME": "shop",
        "NOT_SHOP_NAME": "x",
    }.items():
        monkeypatch.setenv(name, value)
    app = App("x")
    app.config["DB"] = {"PORT": 1}
    assert app.config.from_prefixed_env()
    assert {key: app.config[key] for key in ("STRING", "NUMBER", "TRUE", "LIST", "BAD", "DB")} == {
        "STRING": "text",
        "NUMBER": 7,
        "TRUE": True,
        "LIST": [1, 2],
        "BAD": "{bad",
        "DB": {"PORT": 1, "HOST": "h", "OPTIONS": {"ssl": False}},
    }
    assert app.config.from_prefixed_env("SHOP", loads=str.upper)
    assert app.config["NAME"] == "SHOP"


def test_it_is_filled_from_mappings_and_keywords() -> None:
    """Keys in capitals only."""
    app = App("x")
    assert app.config.from_mapping({"SECRET_KEY": "of this module", "lower": 1}, OTHER="value")
    check(app)
    with pytest.raises(TypeError):
        app.config.from_mapping({}, {})  # type: ignore[arg-type]


def test_a_part_of_it_can_be_taken() -> None:
    """get_namespace."""
    app = App("x")
    app.config.update(DB_HOST="h", DB_Port=1)
    assert app.config.get_namespace("DB_") == {"host": "h", "port": 1}
    assert app.config.get_namespace("DB_", lowercase=False) == {"HOST": "h", "Port": 1}
    assert app.config.get_namespace("DB_", trim_namespace=False) == {"db_host": "h", "db_port": 1}


def test_attributes_of_the_app_forward_to_it() -> None:
    """debug, testing, secret_key, permanent_session_lifetime; ConfigAttribute makes more."""

    class MyApp(App):
        greeting = ConfigAttribute[str]("GREETING")

    app = MyApp("x")
    app.debug, app.testing, app.secret_key, app.greeting = True, True, "k", "hi"
    app.permanent_session_lifetime = timedelta(seconds=5)
    assert {
        name: app.config[name] for name in ("DEBUG", "TESTING", "SECRET_KEY", "GREETING", "PERMANENT_SESSION_LIFETIME")
    } == {
        "DEBUG": True,
        "TESTING": True,
        "SECRET_KEY": "k",
        "GREETING": "hi",
        "PERMANENT_SESSION_LIFETIME": timedelta(seconds=5),
    }
    app.config["DEBUG"] = False
    assert app.debug is False
    assert isinstance(MyApp.greeting, ConfigAttribute)


@pytest.mark.parametrize(
    ("value", "debug"), [("1", True), ("true", True), ("0", False), ("false", False), ("no", False), ("", False)]
)
def test_debug_mode_follows_the_environment(monkeypatch: pytest.MonkeyPatch, value: str, debug: bool) -> None:
    """FLASK_DEBUG, when the app is made."""
    monkeypatch.delenv("NBMICRO_DEBUG", raising=False)
    monkeypatch.setenv("FLASK_DEBUG", value)
    assert App("x").debug is debug


def test_a_class_of_apps_may_say_where_its_instance_folder_is(tmp_path: Path) -> None:
    """``auto_find_instance_path`` is asked where no ``instance_path`` is given."""

    class Site(App):
        def auto_find_instance_path(self) -> str:
            return str(tmp_path / "here")

    assert Site("x").instance_path == str(tmp_path / "here")
    assert Site("x", instance_path=str(tmp_path)).instance_path == str(tmp_path)


def test_files_may_be_looked_for_in_the_instance_folder(tmp_path: Path) -> None:
    """``instance_relative_config``."""
    (tmp_path / "settings.py").write_text("OTHER = 'instance'\n")
    app = App("x", instance_path=str(tmp_path), instance_relative_config=True)
    assert isinstance(app.config, Config)
    app.config.from_pyfile("settings.py")
    assert app.config["OTHER"] == "instance"


def test_it_is_a_dict() -> None:
    """With setdefault, update and a repr that says what it is."""
    app = App("x")
    values: Any = app.config
    assert isinstance(values, dict)
    assert app.config.setdefault("NEW", 1) == 1
    assert repr(app.config).startswith("<Config {")
