"""What all tests share: servers that are stopped at the end, notebooks, one browser, and what CI may not skip."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from nbmicro.foreign.app import stop_listening
from nbmicro.server.server import BackgroundServer
from start import find_browser
from tests.support.asking import free_port, hello
from tests.support.notebook_files import write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A busy machine is slow; that says nothing of what is tested.
hypothesis.settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("steady")

# A shell that runs the tests in the background has them ignore Ctrl-C, and with them every process that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Nothing that Chromium would fetch for itself; no sandbox, which it refuses to root.
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_MAY_NOT_SKIP = ("browser", "curl", "kernel")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and "CI" in os.environ and any(item.get_closest_marker(name) for name in _MAY_NOT_SKIP):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and in CI it may not be: {report.longrepr}"
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine, for one file of tests.

    Playwright keeps an event loop running as long as it is open, and can be open only once in a process.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = find_browser() or playwright.chromium.executable_path
        if not Path(program).exists():
            pytest.skip("no Chromium on this machine; `python3 start.py test browser` as root installs it")
        chromium = playwright.chromium.launch(executable_path=program, args=_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(autouse=True, scope="module")
def unheard() -> Iterator[None]:
    """Other frameworks' apps tell nothing of what the tests of another file asked of them."""
    stop_listening()
    yield
    stop_listening()


@pytest.fixture
def serve() -> Iterator[Callable[..., BackgroundServer]]:
    """Starts servers on free ports; all of them are stopped at the end."""
    started: list[BackgroundServer] = []

    def start(app: Any = hello, **options: Any) -> BackgroundServer:
        options.setdefault("port", free_port())
        options.setdefault("environ", {})
        server = BackgroundServer(app, **options)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop(timeout=1.0)


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], list[str]]:
    """Writes a Python program and gives the command that runs it."""

    def write(source: str) -> list[str]:
        file = tmp_path / f"program{len(os.listdir(tmp_path))}.py"
        file.write_text(textwrap.dedent(source))
        return [sys.executable, "-u", str(file)]

    return write


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Writes notebooks; what they put into this process is taken out of it at the end."""
    modules, folders, where = set(sys.modules), list(sys.path), Path.cwd()

    def write(*cells: str | tuple[str, list[str]], name: str = "app.ipynb", **extra: Any) -> Path:
        return write_notebook(tmp_path / name, *cells, **extra)

    yield write
    for added in set(sys.modules) - modules:
        if str(getattr(sys.modules[added], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[added]
    sys.path[:] = folders
    os.chdir(where)
