"""A setting that is made for a try is told where the app is served or exported, with its cell and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from nbmicro.cli import main
from nbmicro.loading.loader import load_target
from nbmicro.loading.trial_settings import TRIALS

Notebook = Callable[..., Path]
LOAD = "%load_ext nbmicro"


def notes(path: Path) -> tuple[str, ...]:
    report = load_target(path).report
    assert report is not None
    return report.notes


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize(
    "way",
    [
        'app.config["{name}"] = {value}',
        "app.config.update({name}={value})",
        'app.config.update({{"{name}": {value}}})',
        "app.config.from_mapping({name}={value})",
    ],
)
def test_every_setting_is_told_however_it_is_made(notebook: Notebook, name: str, way: str) -> None:
    """By what serves and by what exports; what the app should do instead is said with it."""
    value, effect = TRIALS[name]
    path = notebook(LOAD, "\n" + way.format(name=name, value=value), "%%route /\n'x'")
    (note,) = notes(path)
    assert note.startswith(f"cell 2, line 2: {name} = {value} is for a try")
    assert effect in note
    assert "# nbmicro: skip" in note
    result = CliRunner().invoke(main, ["export", str(path), "-o", str(path.with_name("shop.py"))])
    assert note in result.output


@pytest.mark.parametrize("line", ["app.testing = True", "app.debug = True"])
def test_an_attribute_of_the_app_is_a_setting_too(notebook: Notebook, line: str) -> None:
    (note,) = notes(notebook(LOAD, line, "%%route /\n'x'"))
    assert f"{line.partition('.')[2].partition(' ')[0].upper()} = True is for a try" in note


@pytest.mark.parametrize(
    "cells",
    [
        ['app.config["TESTING"] = False'],
        ['app.config["TESTING"] = True', 'app.config["TESTING"] = False'],
        ['# nbmicro: skip\napp.config["WTF_CSRF_ENABLED"] = False'],
        ['import os\napp.config["DEBUG"] = os.environ.get("DEBUG")'],
        ["class Log:\n    def __init__(self):\n        self.debug = True"],
    ],
)
def test_what_is_not_left_for_a_try_is_not_told(notebook: Notebook, cells: list[str]) -> None:
    """Turned off again, set in a cell that is skipped, known only when it runs, or another object's."""
    assert notes(notebook(LOAD, *cells, "%%route /\n'x'")) == ()
