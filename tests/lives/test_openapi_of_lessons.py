"""Every notebook described in OpenAPI 3.1: valid, by the command, and the same for the module it is exported to."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator

from nbmicro.cli import main
from nbmicro.export.notebook_export import export_notebook
from tests.lives.test_lessons_when_served import LESSONS, fresh

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
Fresh = Callable[[Path], Path]

__all__ = ["fresh"]


def assert_described(printed: str, title: str) -> dict[str, Any]:
    """The document that the command printed: valid OpenAPI 3.1, with paths."""
    document: dict[str, Any] = json.loads(printed)
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert document["info"]["title"] == title
    assert document["paths"]
    return document


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_and_its_module_have_one_valid_document(lesson: Path, fresh: Fresh) -> None:
    """The command describes the notebook, and a cell is read as the function is that it becomes."""
    path = fresh(lesson)
    done = CliRunner().invoke(main, ["openapi", str(path)])
    assert done.exit_code == 0, done.output
    assert exported_app(path).openapi(title=lesson.stem) == assert_described(done.stdout, lesson.stem)


@pytest.mark.parametrize("lesson", [path for path in NOTEBOOKS if path not in LESSONS], ids=lambda path: path.stem)
def test_a_lesson_that_wants_a_process_of_its_own_is_described_in_one(lesson: Path, fresh: Fresh) -> None:
    """One takes Flask's place, another speaks to several apps."""
    path = fresh(lesson)
    done = subprocess.run(
        [sys.executable, "-m", "nbmicro", "openapi", path.name],
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert_described(done.stdout, lesson.stem)


def exported_app(path: Path) -> Any:
    name = f"described_{path.stem.replace('-', '_')}"
    out = path.parent / f"{name}.py"
    out.write_text(export_notebook(path, out, inline=True).module)
    spec = importlib.util.spec_from_file_location(name, out)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.app


def test_the_command_writes_a_file_and_says_what_it_cannot(tmp_path: Path, notebook: Callable[..., Path]) -> None:
    """-o writes; the app's own title stays; another framework's app is refused."""
    path = notebook("%load_ext nbmicro", "app.config['API_TITLE'] = 'Tea'", "%%route /x\n'x'")
    out = tmp_path / "api.json"
    done = CliRunner().invoke(main, ["openapi", str(path), "-o", str(path / "x.json")])
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "x.json cannot be written: " in done.output
    done = CliRunner().invoke(main, ["openapi", str(path), "-o", str(out), "--version", "9"])
    assert done.output == f"wrote {out}\n"
    assert json.loads(out.read_text())["info"] == {"title": "Tea", "version": "9"}
    foreign = notebook("def app(environ, start_response):\n    return []")
    done = CliRunner().invoke(main, ["openapi", str(foreign)])
    assert done.exit_code == 1
    assert "only an nbmicro app can be described" in done.output
