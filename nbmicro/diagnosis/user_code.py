"""Where a line of code stands, in words that are the same in every run."""

from __future__ import annotations

import os
import re
import sysconfig
from collections.abc import Callable
from functools import lru_cache
from traceback import walk_tb
from types import FrameType
from typing import TypeAlias

#: What a host knows better: the label of a file name (a notebook's cell), or None to leave it to us.
FrameLabels: TypeAlias = Callable[[str], str | None]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Where sysconfig installs. Beside programs lie modules too: a program imports Bottle from its own folder.
_INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
# A browser's Python (Pyodide) has its standard library in a zip file, of which sysconfig knows nothing.
_STANDARD = os.path.dirname(os.__file__)
_LIBRARIES = tuple(
    os.path.realpath(path) + os.sep for path in {*map(sysconfig.get_path, _INSTALLED), _PACKAGE, _STANDARD}
)
# A kernel's cell: its file name carries a process id or a counter, which must not be shown.
_CELL_FILE = re.compile(r"ipykernel_\d+|^<ipython-input-|^<stdin>")
# Code that a library made from a text (dataclasses, numpy's dispatch).
_GENERATED = re.compile(r"<(frozen |string>|__array_function__|attrs generated|lambdifygenerated)")
# By module, with a separator at the end. Never changed in place: requests of other threads read it.
_users_paths: dict[str, tuple[str, ...]] = {}


def count_as_users(module: str, path: str) -> None:
    """Count the folder of an installed package, or the file of an installed module, as the user's own."""
    global _users_paths
    _users_paths = {**_users_paths, module: (*_users_paths.get(module, ()), os.path.realpath(path) + os.sep)}
    is_users.cache_clear()


def count_as_library(module: str) -> None:
    """Take that back."""
    global _users_paths
    _users_paths = {name: paths for name, paths in _users_paths.items() if name != module}
    is_users.cache_clear()


@lru_cache(maxsize=2048)
def is_users(filename: str) -> bool:
    """Whether code of this file name is the user's own: not nbmicro's, Python's or an installed package's."""
    if filename.startswith("<"):
        return not _GENERATED.match(filename)
    if _CELL_FILE.search(filename):
        return True
    path = os.path.realpath(filename)
    if any((path + os.sep).startswith(paths) for paths in _users_paths.values()):
        return True
    return not path.startswith(_LIBRARIES) and not {"site-packages", "dist-packages"} & set(path.split(os.sep))


def users_frames(error: BaseException) -> list[tuple[FrameType, int]]:
    """The frames of the user's own that an exception passed through, each with its line, the innermost last."""
    return [(frame, line) for frame, line in walk_tb(error.__traceback__) if is_users(frame.f_code.co_filename)]


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
