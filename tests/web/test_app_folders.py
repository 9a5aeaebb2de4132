"""Where an app's files are: root path and instance path."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from nbmicro.web.files import find_instance_path, find_package, find_root_path, open_file

Make = Callable[..., None]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that modules are imported from."""
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    return tmp_path


def test_a_module_is_where_its_file_is(site: Path) -> None:
    """The root path of a module or package is its folder, imported or not."""
    (site / "folder_mod.py").write_text("")
    (site / "folder_pkg").mkdir()
    (site / "folder_pkg" / "__init__.py").write_text("")
    (site / "folder_pkg" / "inner.py").write_text("")
    for _ in range(2):
        assert find_root_path("folder_mod") == str(site)
        assert find_root_path("folder_pkg") == str(site / "folder_pkg")
        assert find_root_path("folder_pkg.inner") == str(site / "folder_pkg")
        importlib.import_module("folder_mod")
        importlib.import_module("folder_pkg.inner")


def test_a_name_of_no_module_is_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any name that cannot be imported means the folder one works in; so does a __main__ without a file."""
    monkeypatch.chdir(tmp_path)
    assert find_root_path("no_such_module_anywhere") == str(tmp_path)
    assert find_root_path("no_such_module_anywhere.inner") == str(tmp_path)
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    assert find_root_path("__main__") == str(tmp_path)


def test_a_namespace_package_has_no_folder_of_its_own(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in a single folder is there; one over several folders is an error that asks for root_path."""
    (site / "one" / "folder_ns").mkdir(parents=True)
    (site / "two" / "folder_ns").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(site / "one"))
    importlib.invalidate_caches()
    assert find_root_path("folder_ns") == str(site / "one" / "folder_ns")
    monkeypatch.syspath_prepend(str(site / "two"))
    importlib.invalidate_caches()
    with pytest.raises(RuntimeError, match="root_path="):
        find_root_path("folder_ns")


def test_at_a_prompt_a_librarys_name_is_only_a_name(tmp_path: Path) -> None:
    """App("jinja2") at a prompt is in the current folder; in a script or by the library itself it is the library's."""
    program = "from nbmicro.web.files import find_root_path as f; import jinja2; print(f('jinja2'))"
    ran = subprocess.run(
        [sys.executable, "-c", f"del __builtins__.__dict__['copyright']\n{program}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.stdout.strip() == str(tmp_path), ran.stderr
    (tmp_path / "script.py").write_text(program)
    ran = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=True
    )
    assert ran.stdout.strip() == os.path.dirname(importlib.import_module("jinja2").__file__ or "")


def test_the_instance_folder_is_beside_the_module(site: Path) -> None:
    """An app that is not installed has its instance folder beside its module or its topmost package."""
    (site / "inst_mod.py").write_text("")
    (site / "inst_pkg").mkdir()
    (site / "inst_pkg" / "__init__.py").write_text("")
    (site / "inst_pkg" / "inner.py").write_text("")
    for name in ("inst_mod", "inst_pkg", "inst_pkg.inner"):
        assert find_instance_path(name, name, "unused") == str(site / "instance")


@pytest.mark.parametrize(
    ("packages", "prefix"),
    [("lib/python3.11/site-packages", "."), ("Lib/site-packages", "."), ("other/site-packages", "other")],
)
def test_the_instance_folder_of_an_installed_app_is_below_the_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packages: str, prefix: str
) -> None:
    """An installed app has it in var, named after the app, whatever the layout of the installation."""
    folder = tmp_path / packages
    folder.mkdir(parents=True)
    (folder / "inst_app.py").write_text("")
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    base = (tmp_path / prefix).resolve()
    assert find_package("inst_app") == (str(base), str(folder))
    assert find_instance_path("inst_app", "shop", "unused") == str(base / "var" / "shop-instance")
    sys.modules.pop("inst_app", None)


def test_what_is_installed_here_is_below_this_prefix() -> None:
    """A package of this interpreter's own site-packages has the interpreter's prefix."""
    assert find_package("jinja2")[0] == sys.prefix


def test_an_interactive_app_has_it_in_its_root_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook the instance folder is beside the notebook."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    assert find_instance_path("__main__", "main", "/notebooks") == os.path.join("/notebooks", "instance")


def test_files_are_opened_as_text_or_bytes(tmp_path: Path) -> None:
    """A text file is UTF-8 unless said otherwise; a binary one has no encoding."""
    (tmp_path / "a.txt").write_text("ü", encoding="utf-8")
    with open_file(str(tmp_path), "a.txt") as file:
        assert file.read() == "ü".encode()
    with open_file(str(tmp_path), "a.txt", "r") as file:
        assert file.read() == "ü"
    with open_file(str(tmp_path), "a.txt", "r", "latin-1") as file:
        assert file.read() == dedent("Ã¼")
