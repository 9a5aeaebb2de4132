"""Where a line of code stands, in words that are the same in every run."""

from __future__ import annotations

import os
import re
import sysconfig
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

#: What a host knows better: the label of a file name (a notebook's cell), or None to leave it to us.
FrameLabels: TypeAlias = Callable[[str], str | None]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Beside programs lie modules too: Bottle's is imported from there by whoever is started from there.
_PLACES = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
# A browser's Python (Pyodide) has its standard library in a zip file, of which sysconfig knows nothing.
_STANDARD = os.path.dirname(os.__file__)
_LIBRARIES = tuple(
    os.path.realpath(path) + os.sep for path in {sysconfig.get_path(name) for name in _PLACES} | {_PACKAGE, _STANDARD}
)
# A kernel's cell: its file name carries a process id or a counter, which must not be shown.
_CELL_FILE = re.compile(r"ipykernel_\d+|^<ipython-input-|^<stdin>")
# Code that a library made from a text (dataclasses, numpy's dispatch).
_GENERATED = re.compile(r"<(frozen |string>|__array_function__|attrs generated|lambdifygenerated)")
# Never changed in place: requests of other threads read it.
_claimed: dict[str, frozenset[str]] = {}


def claim(module: str, place: str) -> None:
    """Count the folder of an installed package, or the file of an installed module, as the user's own."""
    global _claimed
    path = os.path.realpath(place)
    path += os.sep if os.path.isdir(path) else ""
    _claimed = {**_claimed, module: _claimed.get(module, frozenset()) | {path}}
    is_users.cache_clear()


def disclaim(module: str) -> None:
    """Count what was claimed of a module as a library again."""
    global _claimed
    if module in _claimed:
        _claimed = {name: places for name, places in _claimed.items() if name != module}
        is_users.cache_clear()


@lru_cache(maxsize=2048)
def is_users(filename: str) -> bool:
    """Whether code of this file name is the user's own: not nbmicro's, Python's or an installed package's that nobody
    claimed."""
    if filename.startswith("<"):
        return not _GENERATED.match(filename)
    if _CELL_FILE.search(filename):
        return True
    path = os.path.realpath(filename)
    if any(
        path == one or (one.endswith(os.sep) and path.startswith(one)) for places in _claimed.values() for one in places
    ):
        return True
    return not path.startswith(_LIBRARIES) and not {"site-packages", "dist-packages"} & set(path.split(os.sep))


def label_of(filename: str, frame_labels: FrameLabels | None = None) -> str:
    """What a file is called: what its cell declares (``GET /boom``), ``a cell`` or a base name; never a path.

    A package's ``__init__.py`` has the package's name before it.
    """
    if frame_labels is not None:
        label = frame_labels(filename)
        if label:
            return label
    if _CELL_FILE.search(filename):
        return "a cell"
    if filename.startswith("<") and filename.endswith(">"):
        return filename[1:-1]
    folder, name = os.path.split(filename)
    return f"{os.path.basename(folder)}/{name}" if name == "__init__.py" and folder else name
