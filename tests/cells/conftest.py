"""What the tests of cells share: a cell, built and called, and a rejection as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nbmicro.cells.route_cell import build_handler, parse_route_cell
from nbmicro.errors import CellError
from tests.cells.building import Build, Rejection


@pytest.fixture(scope="session")
def build() -> Build:
    def make(line: str, body: str, names: dict[str, object] | None = None) -> Callable[..., Any]:
        return build_handler(parse_route_cell(line, body), {} if names is None else names)

    return make


@pytest.fixture(scope="session")
def rejection(build: Build) -> Rejection:
    def reject(line: str, body: str, names: dict[str, object] | None = None) -> CellError:
        with pytest.raises(CellError) as caught:
            build(line, body, names)
        return caught.value

    return reject
