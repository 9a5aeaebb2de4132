"""A JSONPath of names and indexes, read."""

from __future__ import annotations

import re

_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|-\d+)\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")


def json_path(path: str) -> list[str | int] | None:
    """The steps of a simple JSONPath (RFC 9535: names and indexes only): ``$.a[0]`` is ``["a", 0]``; else None."""
    if not path.startswith("$"):
        return None
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        found = _STEP.match(path, position)
        if not found:
            return None
        name, index, single, double = found.groups()
        steps.append(int(index) if index else next(text for text in (name, single, double) if text is not None))
        position = found.end()
    return steps
