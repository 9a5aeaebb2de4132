"""Notebooks that are loaded here, and modules made of them, leave nothing in the process for other tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from nbmicro.web import signals


@pytest.fixture(autouse=True)
def leave_nothing() -> Iterator[None]:
    """Take the notebooks' modules away, and what their cells have connected to the signals."""
    before = set(sys.modules)
    connected = {signal: dict(signal.receivers) for signal in vars(signals).values() if hasattr(signal, "receivers")}
    yield
    for name in [name for name in sys.modules if name.startswith("nbmicro_notebook") and name not in before]:
        del sys.modules[name]
    keys = {entry.owner.key for entry in signals._ledger.entries()}
    signals._ledger.drop_owners({key for key in keys if "nbmicro_notebook" in key})
    for signal, receivers in connected.items():
        for key in signal.receivers.keys() - receivers.keys():
            del signal.receivers[key]
