"""Where an app's files are, in Flask's shape."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nbmicro import App, Blueprint

# == resources: root_path, instance_path, and files in them


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module, a package, and a file of each, to be imported."""
    (tmp_path / "shop_module.py").write_text("from nbmicro import App\napp = App(__name__)\n")
    (tmp_path / "shop_package").mkdir()
    (tmp_path / "shop_package" / "__init__.py").write_text("from nbmicro import App\napp = App(__name__)\n")
    (tmp_path / "data.txt").write_text("dätä", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield_modules = set(sys.modules)
    monkeypatch.setattr(sys, "modules", sys.modules)
    for name in ("shop_module", "shop_package"):
        assert name not in yield_modules or sys.modules.pop(name)
    return tmp_path


def test_the_root_is_the_modules_folder(project: Path) -> None:
    """Of a package its own folder; the instance folder is beside the topmost."""
    import shop_module  # type: ignore[import-not-found]
    import shop_package  # type: ignore[import-not-found]

    assert shop_module.app.root_path == str(project)
    assert shop_package.app.root_path == str(project / "shop_package")
    assert shop_module.app.instance_path == str(project / "instance")
    assert shop_package.app.instance_path == str(project / "instance")


def test_an_interactive_main_is_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no file to go by."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    app = App("__main__")
    assert app.root_path == os.getcwd()
    assert app.instance_path == os.path.join(os.getcwd(), "instance")
    assert app.name == "__main__"


def test_the_paths_may_be_given(tmp_path: Path) -> None:
    """The instance path must be absolute."""
    app = App("x", root_path=str(tmp_path), instance_path=str(tmp_path / "i"))
    assert (app.root_path, app.instance_path) == (str(tmp_path), str(tmp_path / "i"))
    with pytest.raises(ValueError, match="absolute"):
        App("x", instance_path="relative")


def test_an_installed_app_has_its_instance_folder_in_the_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``<prefix>/var/<name>-instance``."""
    folder = tmp_path / "lib" / "python3.11" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "installed_shop.py").write_text("from nbmicro import App\napp = App(__name__)\n")
    monkeypatch.syspath_prepend(str(folder))
    import installed_shop  # type: ignore[import-not-found]

    assert installed_shop.app.instance_path == str(tmp_path / "var" / "installed_shop-instance")


def test_files_can_be_opened_for_reading(project: Path) -> None:
    """open_resource, of apps and blueprints; other modes are a ValueError."""
    app = App("x", root_path=str(project))
    with app.open_resource("data.txt") as file:
        assert file.read() == "dätä".encode()
    with app.open_resource("data.txt", "r") as file:
        assert file.read() == "dätä"
    with app.open_resource("data.txt", "rt", encoding="latin-1") as file:
        assert file.read() != "dätä"
    with Blueprint("b", "x", root_path=str(project)).open_resource("data.txt") as file:
        assert file.read() == "dätä".encode()
    for mode in ("w", "x", "a", "r+"):
        with pytest.raises(ValueError, match="read"):
            app.open_resource("data.txt", mode)


def test_files_of_the_instance_can_be_written(tmp_path: Path) -> None:
    """open_instance_resource takes any mode."""
    app = App("x", instance_path=str(tmp_path))
    with app.open_instance_resource("note.txt", "w") as file:
        file.write("nöte")
    with app.open_instance_resource("note.txt") as file:
        assert file.read() == "nöte".encode()
