"""Where a line of code stands, in words that are the same in every run.

What lives here: which files are the user's own, and what a file is called in an output. What must not:
exceptions themselves.
"""

from __future__ import annotations

import os
import re
import sysconfig
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

__all__ = ["FrameLabels", "is_users", "label_of"]

#: What a host knows better: the label of a file name (a notebook's cell), or None to leave it to us.
FrameLabels: TypeAlias = Callable[[str], str | None]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Beside programs lie modules too: Bottle's is imported from there by whoever is started from there.
_PLACES = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
_LIBRARIES = tuple(
    os.path.realpath(path) + os.sep for path in {sysconfig.get_path(name) for name in _PLACES} | {_PACKAGE}
)
# A kernel's cell: its file name carries a process id or a counter, which must not be shown.
_CELL_FILE = re.compile(r"ipykernel_\d+|^<ipython-input-|^<stdin>")
# Code that a library made from a text (dataclasses, numpy's dispatch).
_GENERATED = re.compile(r"<(frozen |string>|__array_function__|attrs generated|lambdifygenerated)")


@lru_cache(maxsize=2048)
def is_users(filename: str) -> bool:
    """Whether code of this file name is the user's own: not nbmicro's, Python's or an installed package's."""
    if filename.startswith("<"):
        return not _GENERATED.match(filename)
    if _CELL_FILE.search(filename):
        return True
    path = os.path.realpath(filename)
    return not path.startswith(_LIBRARIES) and not {"site-packages", "dist-packages"} & set(path.split(os.sep))


def label_of(filename: str, frame_labels: FrameLabels | None = None) -> str:
    """What a file is called: what its cell declares (``GET /boom``), ``a cell`` or a base name; never a path."""
    if frame_labels is not None:
        label = frame_labels(filename)
        if label:
            return label
    if _CELL_FILE.search(filename):
        return "a cell"
    if filename.startswith("<") and filename.endswith(">"):
        return filename[1:-1]
    return os.path.basename(filename)
