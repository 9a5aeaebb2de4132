"""What the fixtures of the cell tests are: a cell built and called, and a rejection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from nbmicro.errors import CellError

__all__ = ["Build", "Rejection"]


class Build(Protocol):
    """Build a `%%route` cell's handler in a namespace."""

    def __call__(self, line: str, body: str, names: dict[str, object] | None = None) -> Callable[..., Any]: ...


class Rejection(Protocol):
    """The error that a `%%route` cell is rejected with."""

    def __call__(self, line: str, body: str, names: dict[str, object] | None = None) -> CellError: ...
