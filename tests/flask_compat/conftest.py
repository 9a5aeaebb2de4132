"""Flask's place is free at the beginning of each test here, and free again at its end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import nbmicro
from nbmicro import flask_compat

TOUCHED = ("flask", "flask_login", "flask_sqlalchemy", "flask_wtf", "flaskr", "members")
"""Modules that are Flask, or hold what they imported from it."""


def set_aside() -> dict[str, ModuleType]:
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in TOUCHED}


@pytest.fixture
def free_place() -> Iterator[None]:
    """Neither Flask nor an extension of it is imported."""
    before = set_aside()
    yield
    flask_compat.uninstall()
    set_aside()
    sys.modules.update(before)


@pytest.fixture
def as_flask(free_place: None) -> None:
    """nbmicro is in Flask's place."""
    nbmicro.install_as_flask()
