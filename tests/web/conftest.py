"""What the tests of commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An environment, folder and import path of the test's own, without the variables that change how an app starts."""
    for variable in list(os.environ):
        if variable.startswith(("FLASK_", "NBMICRO_", "WERKZEUG_")):
            monkeypatch.delenv(variable)
    before = dict(os.environ)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    modules = set(sys.modules)
    yield
    os.environ.clear()
    os.environ.update(before)
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
