"""Every notebook, exported: linter and type checker pass it, it answers as the notebook does, its tests pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbmicro.client.client import Client
from nbmicro.export.notebook_export import export_notebook
from tests.lives.test_lessons_when_served import LESSONS, essence, loaded, requests_of, send, served, through
from tests.support.asking import free_port

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
# Where Flask's own types stand for nbmicro's, a type checker knows no better.
IN_FLASKS_PLACE = "install_as_flask()"
# A file on disk has a time; one in a cell has none.
OF_A_FILE = {"etag", "last-modified"}
QUIET = ["-q", "-p", "no:cacheprovider"]
# Without plugins: nbval would want Jupyter.
BARE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All notebooks, by the command's own code, each in a folder of its own."""
    modules: dict[str, Path] = {}
    for notebook in NOTEBOOKS:
        name = f"lesson_{notebook.stem.replace('-', '_')}"
        folder = tmp_path_factory.mktemp(name)
        out = folder / f"{name}.py"
        result = export_notebook(notebook, out, tests=True)
        files = {out.name: result.module.encode(), **result.files}
        if result.tests is not None:
            files[f"test_{out.name}"] = result.tests.encode()
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        modules[notebook.stem] = out
    return modules


def run(*words: str, cwd: Path, **environment: str) -> str:
    """What a command prints; an AssertionError with it where the command fails."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("stem", [path.stem for path in NOTEBOOKS])
def test_the_linter_has_nothing_to_say(stem: str, exported: dict[str, Path]) -> None:
    """The project's rules hold for module and tests; how a lesson's own functions end is the lesson's."""
    shutil.copy(PROJECT / "pyproject.toml", exported[stem].parent)
    run("ruff", "check", "--ignore", "RET503", ".", cwd=exported[stem].parent)


def test_the_type_checker_has_nothing_to_say(exported: dict[str, Path], tmp_path: Path) -> None:
    """mypy, strict but for functions and variables without hints: a lesson has none, and gets none."""
    strict = ["--strict", "--allow-untyped-defs", "--allow-untyped-calls", "--allow-untyped-decorators"]
    strict.append("--disable-error-code=var-annotated")
    common = [
        "mypy",
        "--config-file=",
        *strict,
        "--ignore-missing-imports",
        f"--cache-dir={PROJECT / '.mypy_cache' / 'exported'}",
    ]
    plain = [path for path in exported.values() if IN_FLASKS_PLACE not in path.read_text()]
    run(*common, *map(str, plain), cwd=tmp_path)
    for path in exported.values():
        if path not in plain:
            lax = ["--allow-subclassing-any", "--disable-error-code=arg-type", "--disable-error-code=name-defined"]
            run(*common, *lax, str(path), cwd=tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_module_answers_as_the_notebook_does(
    notebook: Path, exported: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under gunicorn, without IPython: the same status, headers and body for every request of the notebook."""
    module = exported[notebook.stem]
    folder = tmp_path / "lessons"
    ignored = shutil.ignore_patterns("instance", ".ipynb_checkpoints")
    shutil.copytree(notebook.parent, folder, ignore=ignored)
    before, path = set(sys.modules), list(sys.path)
    port = free_port()
    with served("gunicorn", f"{module.stem}:app", "-b", f"127.0.0.1:{port}", port=port, cwd=module.parent):
        if notebook not in LESSONS or not requests_of(notebook):
            # It wants a process of its own, or asks other apps, or nothing: what the module declares is there.
            rules = re.findall(r'^@app\.get\("(.*?)"', module.read_text(), re.MULTILINE)
            statuses = [Client(through(port)).get(re.sub("<.*?>", "1", rule)).status for rule in rules]
            # A lesson may show an error, so some may fail.
            assert any(status < 400 for status in statuses), dict(zip(rules, statuses, strict=True))
            assert 405 not in statuses
            return
        monkeypatch.chdir(folder)
        client, names = loaded(folder / notebook.name)
        at_first = dict(names)
        of_notebook = [answer for source, _ in requests_of(notebook) for answer in send(source, client, names)]
        over_there = Client(through(port))
        of_module = [answer for source, _ in requests_of(notebook) for answer in send(source, over_there, at_first)]
    for added in set(sys.modules) - before:
        if str(getattr(sys.modules[added], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[added]
    sys.path[:] = path
    assert of_notebook
    assert list(map(without_file_time, of_module)) == list(map(without_file_time, of_notebook))


def without_file_time(exchange: object) -> object:
    target, status, headers, body = essence(exchange)  # type: ignore[arg-type]
    return target, status, {name: value for name, value in headers.items() if name not in OF_A_FILE}, body


@pytest.mark.parametrize("stem", [path.stem for path in NOTEBOOKS])
def test_its_tests_pass(stem: str, exported: dict[str, Path], tmp_path: Path) -> None:
    """pytest, in a process without Jupyter, on a copy that nobody has asked yet."""
    module = exported[stem]
    if not module.with_name(f"test_{module.name}").exists():
        assert requests_of(PROJECT / "notebooks" / f"{stem}.ipynb") == []
        return
    folder = tmp_path / "fresh"
    shutil.copytree(module.parent, folder, ignore=shutil.ignore_patterns("instance", "blocked", "pyproject.toml"))
    for name in ("IPython", "ipywidgets", "traitlets"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise ImportError('blocked')\n")
    printed = run("pytest", *QUIET, f"test_{module.name}", cwd=folder, **BARE, PYTHONPATH=str(folder))
    passed = int(printed.rpartition(" passed")[0].split()[-1])
    assert passed == (folder / f"test_{module.name}").read_text().count("\ndef test_")


def test_a_wrong_module_fails_its_tests(exported: dict[str, Path], tmp_path: Path) -> None:
    """The tests check: with one reply changed, they fail."""
    module = exported["04-crud"]
    folder = tmp_path / "wrong"
    shutil.copytree(module.parent, folder, ignore=shutil.ignore_patterns("instance", "blocked", "pyproject.toml"))
    text = (folder / module.name).read_text()
    (folder / module.name).write_text(text.replace("201, {", "200, {"))
    with pytest.raises(AssertionError, match=r"assert 200 == 201"):
        run("pytest", *QUIET, f"test_{module.name}", cwd=folder, **BARE)
