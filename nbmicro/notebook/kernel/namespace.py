"""The names a request may use: those of the notebook, and of the function it is sent from."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any


class Names(MutableMapping[str, Any]):
    """Reads the caller's local names before the notebook's; writes the notebook's.

    Parameters
    ----------
    notebook:
        The notebook's variables.
    local:
        The names of the function that a magic is called from; None in a cell.
    """

    def __init__(self, notebook: dict[str, Any], local: dict[str, Any] | None = None) -> None:
        self._notebook = notebook
        self._local = local if local is not None and local is not notebook else {}

    def __getitem__(self, name: str) -> Any:
        return self._local[name] if name in self._local else self._notebook[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._notebook[name] = value

    def __delitem__(self, name: str) -> None:
        del self._notebook[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._notebook, **self._local})

    def __len__(self) -> int:
        return len({**self._notebook, **self._local})
