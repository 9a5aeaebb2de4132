"""``nbmicro test``: notebooks whose checks decide."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.notebook_files import write_notebook

pytestmark = pytest.mark.kernel

ROUTE = "%%route /hello/<name>\nf'Hello, {name}!'"
GOOD = "%%http\nGET /hello/Ada\n\nHTTP 200\n[Asserts]\ntext == 'Hello, Ada!'"
BAD = "%%http\nGET /hello/Ada\n\nHTTP 200\n[Asserts]\ntext == 'Hello, Eve!'"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbmicro", "test", *words],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_line_for_each_request_and_a_failing_check_with_what_came(tmp_path: Path) -> None:
    write_notebook(tmp_path / "good.ipynb", "%load_ext nbmicro", ROUTE, "", GOOD, "%http /hello/Eve --expect 200")
    write_notebook(tmp_path / "bad.ipynb", "%load_ext nbmicro", ROUTE, BAD, "1 / 0", "%http /hello/Eve")
    done = run(tmp_path, "good.ipynb", "bad.ipynb", "--junit", "report.xml")
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "good.ipynb",
        "  cell 3    GET /hello/Ada → 200 OK   ✓ HTTP 200  ✓ text == 'Hello, Ada!'",
        "  cell 4    GET /hello/Eve → 200 OK   ✓ --expect 200",
    ]
    assert lines[3:5] == [
        "bad.ipynb",
        "  cell 3    GET /hello/Ada → 200 OK   ✓ HTTP 200  ✗ line 6   text == 'Hello, Eve!'",
    ]
    assert "got 'Hello, Ada!', expected 'Hello, Eve!'" in done.stdout
    assert "line 6" in done.stdout
    assert "  cell 4    ✗ 1 / 0" in lines
    assert "ZeroDivisionError" in done.stdout
    assert "  cell 5    GET /hello/Eve → 200 OK" in lines
    assert lines[-1] == "4 requests, 5 checks: 7 cells passed, 2 failed"
    assert (done.returncode, done.stderr) == (1, "")
    suite = ElementTree.parse(tmp_path / "report.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("10", "2")
    failed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["cell 3", "cell 4"]
    assert [case.get("classname") for case in suite.iter("testcase")] == ["good.ipynb"] * 5 + ["bad.ipynb"] * 5


def test_a_failure_that_is_expected_is_said_to_be(tmp_path: Path) -> None:
    write_notebook(tmp_path / "expected.ipynb", "%load_ext nbmicro", ROUTE, (BAD, ["raises-exception"]))
    done = run(tmp_path, "expected.ipynb")
    assert done.stdout.splitlines()[1:] == [
        "  cell 3    GET /hello/Ada → 200 OK   ✓ HTTP 200  ✗ line 6   text == 'Hello, Eve!'",
        "  cell 3    CheckFailed, expected: raises-exception",
        "1 request, 2 checks: 3 cells passed, 0 failed",
    ]
    assert done.returncode == 0


def test_a_magic_that_is_not_loaded_fails(tmp_path: Path) -> None:
    write_notebook(tmp_path / "bare.ipynb", ROUTE)
    done = run(tmp_path, "bare.ipynb")
    assert "%%route is not loaded. A cell above it must say:  %load_ext nbmicro" in done.stdout
    assert done.returncode == 1
    by_nbval = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--nbval-lax", "--nbval-current-env", "bare.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert by_nbval.returncode == 1
    assert "%%route is not loaded" in by_nbval.stdout


def test_a_cell_that_only_the_served_app_does_without_is_run(tmp_path: Path) -> None:
    """`# nbmicro: skip` may mark a check; `# NBVAL_SKIP` is what leaves a cell out of a test."""
    write_notebook(
        tmp_path / "app.ipynb",
        "%load_ext nbmicro",
        ROUTE,
        "# nbmicro: skip\nanswer = %http /hello/Ada\nassert answer.text == 'Hello, Eve!', 'this check ran'",
        ("assert client.get('/hello/Eve').status == 404, 'and this one'", ["nbmicro-skip"]),
        "# NBVAL_SKIP\n# nbmicro: skip\nassert False, 'this one did not'",
        "%http /hello/Eve",
    )
    done = run(tmp_path, "app.ipynb")
    assert "AssertionError: this check ran" in done.stdout
    assert "AssertionError: and this one" in done.stdout
    assert "this one did not" not in done.stdout
    assert done.stdout.splitlines()[-1] == "3 requests, 0 checks: 3 cells passed, 2 failed"


def test_a_cell_tagged_skip_execution_is_left_out(tmp_path: Path) -> None:
    """As nbclient and nbmake do: by `nbmicro test` and by `pytest --nbval`, in the served app and exported tests."""
    cells = (
        "%load_ext nbmicro",
        ROUTE,
        ("1 / 0", ["skip-execution"]),
        ("%http /no --expect 200", ["skip-execution"]),
        GOOD,
    )
    write_notebook(tmp_path / "app.ipynb", *cells)
    done = run(tmp_path, "app.ipynb")
    assert done.stdout.splitlines()[-1] == "1 request, 2 checks: 3 cells passed, 0 failed"
    by_nbval = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--nbval-lax",
            "--nbval-current-env",
            "-p",
            "no:cacheprovider",
            "app.ipynb",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "3 passed, 2 skipped" in by_nbval.stdout
    exported = subprocess.run(
        [sys.executable, "-m", "nbmicro", "export", "app.ipynb", "-o", "app.py", "--tests"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert exported.returncode == 0, exported.stderr
    written = "".join(file.read_text("utf-8") for file in tmp_path.rglob("*.py"))
    assert "/hello/Ada" in written
    assert "/no" not in written
    assert "1 / 0" not in written


def test_a_kernel_that_dies_and_a_cell_that_takes_too_long_are_told_at_once(tmp_path: Path) -> None:
    write_notebook(tmp_path / "dies.ipynb", "import os", "os._exit(3)", "1 + 1")
    done = run(tmp_path, "dies.ipynb")
    assert "The kernel died while it ran this cell." in done.stdout
    assert "  cell 3    ✗ 1 + 1\n             It did not run: the kernel had died." in done.stdout
    assert done.returncode == 1
    write_notebook(tmp_path / "slow.ipynb", "import time", "while True:\n    time.sleep(0.1)")
    done = run(tmp_path, "slow.ipynb", "--timeout", "2")
    assert "It took longer than 2 s, and was interrupted." in done.stdout
    assert done.returncode == 1


def test_a_redirect_that_is_followed_is_told_with_what_it_led_to(tmp_path: Path) -> None:
    write_notebook(
        tmp_path / "moved.ipynb", "%load_ext nbmicro", ROUTE, "%%route /\nredirect('/hello/Ada')", "%http / -F"
    )
    assert "  cell 4    GET / → 302 FOUND, GET /hello/Ada → 200 OK" in run(tmp_path, "moved.ipynb").stdout


def test_outputs_are_compared_where_that_is_asked_for(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "other.ipynb", "print('now')")
    content = json.loads(notebook.read_text())
    content["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["then\n"]}]
    content["cells"][1]["execution_count"] = 1
    notebook.write_text(json.dumps(content))
    assert run(tmp_path, "other.ipynb").returncode == 0
    done = run(tmp_path, "other.ipynb", "--outputs")
    assert done.returncode == 1
    assert "'then" in done.stdout
    assert "'now" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["missing.ipynb"], 1, "Error: there is no file missing.ipynb."),
        (["."], 1, "Error: there is no cell to run in .."),
        (["module.py"], 1, "Tests in Python are pytest's:  pytest module.py"),
        (["broken.ipynb"], 1, "broken.ipynb"),
        ([], 2, "Missing argument 'FILE...'"),
    ],
)
def test_what_is_no_notebook_is_said(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    (tmp_path / "module.py").write_text("")
    if "broken.ipynb" in words:
        (tmp_path / "broken.ipynb").write_text('{"cells": [')
    done = run(tmp_path, *words)
    assert said in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == code


def test_a_notebook_with_a_database_is_said_to_use_it_and_how_to_give_another(tmp_path: Path) -> None:
    """Before anything runs; a notebook that stores nothing is not spoken of."""
    write_notebook(
        tmp_path / "shop.ipynb",
        "%load_ext nbmicro",
        'import os, sqlite3\nplace = os.environ.get("SHOP_DB", "shop.db")\nsqlite3.connect(place).close()',
        "%%route /place\nplace",
        "%http /place --expect 200",
    )
    done = run(tmp_path, "shop.ipynb")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "shop.ipynb writes to the app's own database" in done.stderr
    assert "SHOP_DB=test.db nbmicro test shop.ipynb" in done.stderr
