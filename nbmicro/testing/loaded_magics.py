"""Cells whose magic was not there: IPython only prints a line, and a test run must fail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_MISSING = re.compile(r"UsageError: (?:Cell|Line) magic (?:function )?`(?P<name>%%?[^`]+)` not found")


def missing_magic(outputs: Iterable[Mapping[str, Any]]) -> str | None:
    """The magic (``%%route``) that IPython did not find while the cell with these outputs ran; None if all were there.

    Parameters
    ----------
    outputs:
        As a notebook stores them (nbformat 4).
    """
    for output in outputs:
        if output.get("output_type") == "stream" and output.get("name") == "stderr":
            text = output.get("text", "")
            found = _MISSING.search(text if isinstance(text, str) else "".join(text))
            if found is not None:
                return found["name"]
    return None


def remedy(magic: str) -> str:
    """What a person is told of it."""
    return f"{magic} is not loaded. A cell above it must say:  %load_ext nbmicro"
