"""Tests of the programs that do not end on nbmicro as on Flask, by their cause: each entry fails, or it is removed.

An entry is a test (``program::test``), or the beginning of several with ``*``.
"""

from __future__ import annotations

_BY_CAUSE = {
    "an attribute that an extension sets on the app stays when its cell runs again": """
        in_notebooks::test_cells_run_twice_and_one_is_changed[opentelemetry_]
    """,
}

KNOWN_DIFFERENCES: dict[str, str] = {
    line.strip(): cause for cause, lines in _BY_CAUSE.items() for line in lines.strip().splitlines()
}
"""By entry, why it does not end as on Flask."""
