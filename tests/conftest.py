"""What holds for all tests: in CI a test that needs a browser or a kernel may not be skipped."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

_MAY_NOT_SKIP = ("browser", "kernel")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and "CI" in os.environ and any(item.get_closest_marker(name) for name in _MAY_NOT_SKIP):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and in CI it may not be: {report.longrepr}"
    return report
