"""Configuration: objects, files and the environment, and the attributes that forward to it."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nbmicro import App, Config
from nbmicro.web.config import ConfigAttribute


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(tmp_path)


class Settings:
    TEST_KEY = "foo"
    secret = "not taken"

    @property
    def LAZY(self) -> str:
        return "computed"


def test_an_object_gives_its_names_in_capitals(config: Config) -> None:
    """Classes, objects and modules are read by attribute; other names are left alone, properties are computed."""
    config.from_object(Settings())
    assert config == {"TEST_KEY": "foo", "LAZY": "computed"}


def test_an_object_may_be_named(config: Config) -> None:
    """A string is an import name; one that does not exist is an ImportError."""
    config.from_object("string")
    assert config == {}
    with pytest.raises(ImportError):
        config.from_object("no_such_module_anywhere")


def test_a_python_file_is_run(config: Config, tmp_path: Path) -> None:
    """from_pyfile runs a file, relative to the root path, and takes its names in capitals."""
    (tmp_path / "settings.py").write_text("import os\nTEST_KEY = 'a' + 'b'\nHERE = os.path.basename(__file__)\n")
    assert config.from_pyfile("settings.py") is True
    assert config == {"TEST_KEY": "ab", "HERE": "settings.py"}


@pytest.mark.parametrize("name", ["missing.py", "."])
def test_a_missing_file_says_what_it_was_for(config: Config, name: str) -> None:
    """A file that cannot be read is an OSError that speaks of the configuration; silent=True passes it over."""
    with pytest.raises(OSError, match="Unable to load configuration file"):
        config.from_pyfile(name)
    assert config.from_pyfile(name, silent=True) is False
    with pytest.raises(OSError, match="Unable to load configuration file"):
        config.from_file(name, load=json.load)
    assert config.from_file(name, load=json.load, silent=True) is False


def test_the_environment_may_name_the_file(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """from_envvar reads the file that a variable names; without the variable it is a RuntimeError, or False."""
    (tmp_path / "settings.py").write_text("TEST_KEY = 1\n")
    monkeypatch.delenv("SHOP_SETTINGS", raising=False)
    with pytest.raises(RuntimeError, match="'SHOP_SETTINGS' is not set"):
        config.from_envvar("SHOP_SETTINGS")
    assert config.from_envvar("SHOP_SETTINGS", silent=True) is False
    monkeypatch.setenv("SHOP_SETTINGS", "settings.py")
    assert config.from_envvar("SHOP_SETTINGS") is True
    assert config["TEST_KEY"] == 1
    monkeypatch.setenv("SHOP_SETTINGS", "other.py")
    with pytest.raises(FileNotFoundError):
        config.from_envvar("SHOP_SETTINGS")


def test_a_file_of_another_format_is_read_by_a_function(config: Config, tmp_path: Path) -> None:
    """from_file takes any reader, of text or of bytes."""
    (tmp_path / "a.json").write_text('{"TEST_KEY": "ü", "small": 1}', encoding="utf-8")
    (tmp_path / "a.toml").write_text('OTHER = "ü"\n', encoding="utf-8")
    assert config.from_file("a.json", load=json.load)
    assert config.from_file("a.toml", load=tomllib.load, text=False)
    assert config == {"TEST_KEY": "ü", "OTHER": "ü"}


def test_a_mapping_and_keywords_give_their_keys_in_capitals(config: Config) -> None:
    """from_mapping takes both; more than one mapping is a TypeError."""
    assert config.from_mapping({"A": 1, "b": 2}, C=3, d=4) is True
    assert config == {"A": 1, "C": 3}
    with pytest.raises(TypeError):
        config.from_mapping({}, {})  # type: ignore[call-arg]


def test_prefixed_variables_are_read_as_json(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """from_prefixed_env parses each value, keeps what it cannot parse as text, and nests at two underscores."""
    for name, value in {
        "NBT_STRING": "plain",
        "NBT_NUMBER": "1.5",
        "NBT_LIST": "[1]",
        "NBT_DB": '{"name": "shop"}',
        "NBT_DB__host": "here",
        "NBT_A__B__c": "true",
        "OTHER_KEY": "1",
    }.items():
        monkeypatch.setenv(name, value)
    assert config.from_prefixed_env("NBT") is True
    assert config == {
        "STRING": "plain",
        "NUMBER": 1.5,
        "LIST": [1],
        "DB": {"name": "shop", "host": "here"},
        "A": {"B": {"c": True}},
    }


def test_prefixed_variables_may_have_a_reader(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The prefix is FLASK unless said otherwise, and loads may be any function."""
    monkeypatch.setenv("FLASK_NBT_KEY", "5")
    config.from_prefixed_env(loads=lambda text: text * 2)
    assert config["NBT_KEY"] == "55"


def test_a_namespace_is_a_dict_of_its_own(config: Config) -> None:
    """get_namespace gives the settings of one prefix, trimmed and in lower case unless told not to."""
    config.from_mapping(IMAGE_TYPE="fs", IMAGE_PATH="/x", OTHER=1)
    assert config.get_namespace("IMAGE_") == {"type": "fs", "path": "/x"}
    assert config.get_namespace("IMAGE_", lowercase=False, trim_namespace=False) == {
        "IMAGE_TYPE": "fs",
        "IMAGE_PATH": "/x",
    }


def test_attributes_of_the_app_forward_to_it() -> None:
    """testing, secret_key and permanent_session_lifetime are kept in the configuration."""
    app = App("shop")
    app.secret_key = "k"
    app.testing = True
    app.config["PERMANENT_SESSION_LIFETIME"] = 60
    assert (app.config["SECRET_KEY"], app.config["TESTING"]) == ("k", True)
    assert app.permanent_session_lifetime == timedelta(seconds=60)


def test_an_app_of_ones_own_may_forward_more() -> None:
    """ConfigAttribute makes an attribute of a setting, with a conversion when it is read."""

    class Shop(App):
        currency: Any = ConfigAttribute("CURRENCY", str.upper)

    app = Shop("shop")
    app.currency = "eur"
    assert (app.config["CURRENCY"], app.currency) == ("eur", "EUR")
    assert isinstance(Shop.currency, ConfigAttribute)
    del app.config["CURRENCY"]
    with pytest.raises(KeyError):
        _ = app.currency


def test_config_class_can_be_changed() -> None:
    """config_class decides what app.config is."""

    class Mine(Config):
        pass

    class Shop(App):
        config_class = Mine

    assert isinstance(Shop("shop").config, Mine)
    assert repr(Mine("/", {"A": 1})) == "<Mine {'A': 1}>"
