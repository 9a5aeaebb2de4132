"""An interrupt while modules are imported anew leaves those of before, and the change is still to be taken in."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from nbmicro.loading.user_modules import FreshTarget
from tests.support.interrupting import Interrupter, thinned

INTERRUPTER = Interrupter("loading/user_modules")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "interrupted_shop"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "views.py").write_text("VERSION = 0")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "interrupted_shop"]:
        del sys.modules[name]


def load() -> ModuleType:
    return importlib.import_module("interrupted_shop.views")


def test_an_interrupt_at_any_bytecode_loses_no_module_and_no_change(package: Path) -> None:
    fresh = FreshTarget(str(package.parent))
    before = load()
    fresh.note()
    number = 0

    def change() -> None:
        nonlocal number
        number += 1
        (package / "views.py").write_text(f"VERSION = {number}{' ' * number}")

    change()
    places = INTERRUPTER.places(lambda: fresh.load_again(load))
    for place in thinned(places, 60, 0):
        before = load()
        change()
        INTERRUPTER.interrupt(place, lambda: fresh.load_again(load))
        now = load()
        assert vars(sys.modules["interrupted_shop"])["views"] is now
        assert now is before or number == now.VERSION, place
        assert now is not before or "interrupted_shop.views" in fresh.changed(), place
        assert number == fresh.load_again(load).VERSION, place
