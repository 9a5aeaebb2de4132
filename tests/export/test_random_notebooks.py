"""Notebooks at random, whose cells declare the same names: each module answers as its notebook, or is rejected."""

from __future__ import annotations

import importlib.util
import itertools
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from werkzeug.test import Client

from nbmicro.errors import LoadError
from nbmicro.export.notebook_export import export_notebook
from nbmicro.loading.loader import load
from tests.support.notebook_files import write_notebook
from tests.support.random_notebooks import ASKED, Maker

AT_ONCE = 10
# Of a file, which a static cell is in the module.
OF_A_FILE = {"Date", "ETag", "Last-Modified"}


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """A handler that fails on purpose logs its traceback."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def answers(app: Any) -> list[object]:
    client = Client(app)
    found: list[object] = []
    for target, method in ASKED:
        with client.open(target, method=method) as response:
            headers = sorted(one for one in response.headers if one[0] not in (*OF_A_FILE, "Allow"))
            allowed = sorted(response.headers.get("Allow", "").split(", "))
            found.append((method, target, response.status, headers, allowed, response.get_data()))
    return found


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("first", range(0, 150, AT_ONCE))
def test_the_module_answers_as_the_notebook_or_is_not_written(first: int, tmp_path: Path) -> None:
    """Of ten notebooks; where one module cannot say it, the export names the cell, the line and the way out."""
    written = 0
    rejected: list[LoadError] = []
    for seed in range(first, first + AT_ONCE):
        folder = tmp_path / str(seed)
        folder.mkdir()
        path = write_notebook(folder / "app.ipynb", *Maker(seed).cells())
        try:
            of_notebook = answers(load(path))
        except LoadError:
            continue
        out = folder / f"random_{seed}.py"
        try:
            exported = export_notebook(path, out)
        except LoadError as error:
            rejected.append(error)
            continue
        for name, content in {out.name: exported.module.encode(), **exported.files}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        assert answers(imported(out).app) == of_notebook, (seed, exported.module)
        written += 1
    assert written >= AT_ONCE / 2
    assert all(error.where and error.line and error.hint for error in rejected)


def test_what_a_notebook_asks_and_declares_is_of_every_kind() -> None:
    """The random notebooks hold what they are for: rules of one name, registrations, signals, hooks."""
    text = "\n".join(itertools.chain.from_iterable(Maker(seed).cells() for seed in range(150)))
    for word in (
        "add_url_rule",
        "register_blueprint",
        "connect_via",
        "as_view",
        "errorhandler",
        "%%route",
        "__future__",
    ):
        assert text.count(word) >= 10
