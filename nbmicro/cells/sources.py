"""Where tracebacks find the text of a cell: `linecache`, under the name of what the cell declares."""

from __future__ import annotations

import linecache

from nbmicro.cells.ipython_syntax import cell_lines

_remembered: set[str] = set()


def cell_filename(label: str) -> str:
    """The file name of a cell's code: ``<GET /boom>``. No counter, id or path: it is the same in every run."""
    return f"<{label}>"


def remember_source(filename: str, source: str) -> None:
    """Let tracebacks show `source` for `filename`; its first line is the cell's ``%%`` line.

    One text stands under a name at a time. Where another cell's handler of the same name answers again (the cell that
    covered it is gone, a draft was dropped), its text is put back by calling this once more.
    """
    # Without a modification time, linecache.checkcache leaves the entry alone.
    _remembered.add(filename)
    linecache.cache[filename] = (len(source), None, cell_lines(source + "\n"), filename)


def forget_sources() -> None:
    """Take away every text that was put there, for a host that leaves."""
    while _remembered:
        linecache.cache.pop(_remembered.pop(), None)
