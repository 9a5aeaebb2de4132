"""nbmicro where Python itself runs in the browser (Pyodide, JupyterLite): no threads, sockets or processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("browser_python.py")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What a notebook there did, all of it in one process."""
    pytest.importorskip("comm", reason="JupyterLite has it; ipykernel before 6.18 has not")
    run = subprocess.run(
        [sys.executable, "-W", "error", PROGRAM], capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stderr
    told: dict[str, Any] = json.loads(run.stdout)
    return told


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("load", "nbmicro is ready"),
        ("again", "GET /hello/<name> → hello"),
        ("request", "Good day, Ada!\nprinted │ asked"),
        ("checks", '✓ HTTP 200  ✓ json["sum"] == 3'),
        ("boom request", "ZeroDivisionError: division by zero"),
        ("trace", "handler"),
        ("bench", "20 × 200 OK"),
        ("routes", "POST   /sum"),
        ("exchanges", "GET  /hello/Ada  200"),
        ("doctor", "JupyterLite"),
        ("foreign request", "other"),
    ],
)
def test_a_cell_shows_what_it_shows_elsewhere(found: dict[str, Any], cell: str, shown: str) -> None:
    """Routes, requests, checks, errors, traces, latencies and other WSGI apps need no thread."""
    assert shown in found["cells"][cell]


def test_what_fails_names_its_cell_and_line(found: dict[str, Any]) -> None:
    """There cells' code has other file names than in ipykernel."""
    assert 'cell "def share(total, friends):", line 2, in share' in found["cells"]["shares request"]
    assert "line 2   --expect 200" in found["cells"]["expects"]


def test_async_handlers_answer_as_long_as_they_wait_for_nothing_outside(found: dict[str, Any]) -> None:
    """A browser that cannot switch stacks runs them too, and says so where it cannot."""
    assert found["cells"]["async request"].endswith("later")
    assert found["cells"]["async stream request"].endswith("012")
    assert "JSPI" in found["cells"]["waits request"]


def test_a_cell_with_an_await_declares(found: dict[str, Any]) -> None:
    """Although JupyterLite's kernel does not say that such a cell has ended."""
    assert found["cells"]["await"] == "GET /awaited → awaited"
    assert "200 OK" in found["cells"]["await request"]


@pytest.mark.parametrize("cell", ["serve", "run"])
def test_what_needs_a_port_says_why_there_is_none(found: dict[str, Any], cell: str) -> None:
    """With the two magics that need none."""
    assert found["cells"][cell].startswith("Python in the browser has no sockets and no threads")
    assert "%browse /" in found["cells"][cell]


def test_an_asgi_app_is_refused_and_the_app_before_it_stays(found: dict[str, Any]) -> None:
    """It would need an event loop in a thread."""
    assert "needs a thread" in found["cells"]["asgi app"]
    assert "other" in found["cells"]["asgi request"]


def test_a_browser_in_a_cell_is_answered(found: dict[str, Any]) -> None:
    """Pages, bodies that come in parts, errors beside the page, async handlers and streams, whole large answers."""
    pages = found["pages"]
    assert (pages["first"]["status"], pages["first"]["body"]) == (200, "Good day, Ada!")
    assert pages["post"]["body"] == '{"sum":9}\n'
    assert "ZeroDivisionError" in pages["boom"]["error"]
    assert [pages[name]["body"] for name in ("later", "ticks")] == ["later", "012"]
    assert "JSPI" in pages["waits"]["error"]
    assert pages["large"]["body"] == 3_000_000
    assert [name for name, page in pages.items() if page["failed"]] == []


def test_an_endless_stream_leaves_the_kernel_free(found: dict[str, Any]) -> None:
    """Another page is answered meanwhile, no more is sent than is read, and the stream can be given up."""
    assert found["pages"]["beside"]["body"] == "Good day, Bob!"
    assert found["unread"] == 16
    assert found["pages"]["news"]["status"] == 200


def test_a_changed_route_is_told_to_the_page_that_shows_it(found: dict[str, Any]) -> None:
    """Once."""
    assert found["told"] == ["p"]


def test_the_explorer_sends_and_follows_the_cells(found: dict[str, Any]) -> None:
    """A press of its button is answered, and a new route is in its list."""
    assert found["explored"].endswith("later")
    assert found["new routes"] == 1
    # What is None to Python is nothing to JupyterLite's front end, which would go on hiding the answer.
    assert "" in found["displays"]
    assert None not in found["displays"]
