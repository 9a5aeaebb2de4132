"""pytest's plugin for the run on Flask itself: which tests must fail there, by docs/differences.md."""

from __future__ import annotations

import contextvars
import gc
import json
import os
import sys
from collections.abc import Iterable

import hypothesis
import pytest

sys.modules["nbmicro"] = None  # type: ignore[assignment]

hypothesis.settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("steady")

# What failed tests leave is collected between files: Flask's streams end in errors when they go, and Python 3.11 cannot
# bear one while pytest parses a source for another.
gc.disable()


def pytest_collection_modifyitems(items: Iterable[pytest.Function]) -> None:
    """A test with a row fails, and is reported with what Flask does there."""
    rows = json.loads(os.environ["DIFFERENCES"])
    for item in items:
        if item.originalname in rows:
            item.add_marker(pytest.mark.xfail(reason=rows[item.originalname]))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """A test runs in a context of its own: Flask's contexts stay in effect where a test fails within one."""
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    contextvars.copy_context().run(pyfuncitem.obj, **arguments)
    return True


def pytest_runtest_teardown(item: pytest.Function, nextitem: pytest.Function | None) -> None:
    """Collect at the end of a file."""
    if nextitem is None or nextitem.module is not item.module:
        gc.collect()
