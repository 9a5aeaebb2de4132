"""What holds for all tests: the one browser, and that in CI a test which needs it or a kernel may not be skipped."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from start import find_browser

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

_MAY_NOT_SKIP = ("browser", "kernel")


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
