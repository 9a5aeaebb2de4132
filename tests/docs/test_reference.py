"""docs/reference.md names what may be imported, and what nbmicro itself writes or teaches imports nothing else."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbmicro
from nbmicro.export.notebook_export import export_notebook
from start import ROOT

PAGE = (ROOT / "docs" / "reference.md").read_text("utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BLOCK = re.compile(r"^```(?:ipython|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
IMPORT = re.compile(r"^\s*(?:from nbmicro[\w.]* import .+|import nbmicro.*)$", re.MULTILINE)


def rows(part: str) -> list[list[str]]:
    """The rows of the tables in a part of the page, as their cells."""
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def ticked(text: str) -> list[str]:
    return [name for word in re.findall(r"`([^`]+)`", text) for name in word.split() if re.fullmatch(r"[\w.]+", name)]


NAMES, MODULES = PAGE.split("## Modules")
PUBLIC = {name for cells in rows(NAMES) for name in ticked(cells[0])} | {"signals"}
MODULE_NAMES: dict[str, set[str]] = {
    module: set(ticked(cells[1])) for cells in rows(MODULES) for module in ticked(cells[0])
}


def test_the_page_has_every_public_name_and_no_other() -> None:
    assert set(nbmicro.__all__) == PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert name in dir(nbmicro)
    assert getattr(nbmicro, name) is not None


@pytest.mark.parametrize("module", MODULE_NAMES)
def test_a_public_module_has_what_the_page_says(module: str) -> None:
    names = MODULE_NAMES[module] if "." in module else set()
    loaded = importlib.import_module(module)
    assert [name for name in names if not hasattr(loaded, name)] == []


def test_every_error_of_the_errors_module_stands_on_the_page() -> None:
    kinds = {
        name for name, kind in vars(nbmicro.errors).items() if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert kinds == MODULE_NAMES["nbmicro.errors"]


def test_tab_offers_names_that_are_not_loaded_yet() -> None:
    program = "import nbmicro; print({'Client', 'Exchange'} - set(dir(nbmicro)))"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == "set()\n"


def test_what_is_no_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'nbmicro' has no attribute 'Clint'"):
        _ = nbmicro.Clint


def test_an_app_pays_for_no_client() -> None:
    """The client and the exchange come when they are first asked for."""
    program = "import sys, nbmicro; print([name for name in sys.modules if name.startswith('nbmicro.client')])"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def not_public(source: str) -> Iterator[str]:
    """The imports from nbmicro that the page does not allow."""
    for found in IMPORT.finditer(source):
        for node in ast.parse(found[0].strip()).body:
            if isinstance(node, ast.Import):
                yield from (each.name for each in node.names if each.name not in {"nbmicro", *MODULE_NAMES})
            elif isinstance(node, ast.ImportFrom):
                allowed = PUBLIC if node.module == "nbmicro" else MODULE_NAMES.get(node.module or "", set())
                yield from (f"{node.module}.{each.name}" for each in node.names if each.name not in allowed)


def test_the_check_of_imports_can_fail() -> None:
    assert list(not_public("from nbmicro.client.client import Client")) == ["nbmicro.client.client.Client"]
    assert list(not_public("from nbmicro import App, render")) == ["nbmicro.render"]
    assert list(not_public("from nbmicro import App, load\nimport nbmicro")) == []


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md"))])
def test_the_pages_import_public_names_only(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert [name for block in BLOCK.findall(text) for name in not_public(block)] == []
    # In a sentence too: `from nbmicro import load`.
    assert [name for code in re.findall(r"`([^`\n]+)`", text) for name in not_public(code)] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_lessons_import_public_names_only(notebook: Path) -> None:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    assert [name for cell in cells for name in not_public("".join(cell["source"]))] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_exported_code_imports_public_names_only(notebook: Path, tmp_path: Path) -> None:
    exported = export_notebook(notebook, tmp_path / "app.py", tests=True)
    assert list(not_public(exported.module)) == []
    assert list(not_public(exported.tests or "")) == []
