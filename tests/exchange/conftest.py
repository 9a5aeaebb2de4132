"""What every file of these tests begins and ends with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmicro.foreign import signals


@pytest.fixture(autouse=True, scope="module")
def unheard() -> Iterator[None]:
    """Other frameworks' apps tell nothing of what the tests of another file asked of them."""
    signals.unlisten()
    yield
    signals.unlisten()
