"""Notebooks written: cells in, the JSON of notebook format 4.5 out, the same for the same cells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


@dataclass(frozen=True, slots=True)
class NewCell:
    """A cell that has not run."""

    kind: Literal["code", "markdown"]
    text: str


def notebook_text(cells: Iterable[NewCell]) -> str:
    """The .ipynb file of the cells; a cell's id follows from its text, so that the same cells give the same file."""
    used: set[str] = set()
    written: list[dict[str, Any]] = []
    for cell in cells:
        entry: dict[str, Any] = {"cell_type": cell.kind, "id": _id(cell, used), "metadata": {}}
        if cell.kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        written.append(entry | {"source": cell.text.splitlines(keepends=True)})
    content = {"cells": written, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _id(cell: NewCell, used: set[str]) -> str:
    number = 0
    while True:
        seed = f"{cell.kind}\n{cell.text}\n{number}".encode("utf-8", "surrogatepass")
        name = hashlib.sha256(seed).hexdigest()[:8]
        if name not in used:
            used.add(name)
            return name
        number += 1
