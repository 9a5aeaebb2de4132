"""A real kernel with nbmicro loaded; each test has its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmicro.testing.kernel import RealKernel


@pytest.fixture
def kernel() -> Iterator[RealKernel]:
    """A kernel spoken to as JupyterLab does, with cell ids; nbmicro is loaded."""
    with RealKernel() as real:
        real.check("%load_ext nbmicro", cell_id="load")
        yield real
