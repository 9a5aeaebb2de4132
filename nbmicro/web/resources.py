"""Where an app's files are."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from pathlib import Path
from types import FrameType
from typing import IO, Any


def find_root_path(import_name: str) -> str:
    """The folder that a module or package is in: the app's ``root_path``.

    An interactive ``__main__`` has no file: there it is the current folder. So it is where an app made at an
    interactive prompt is named after an installed library (``App("pandas")``): that is a name, not a location.

    Raises
    ------
    RuntimeError
        The module is of a kind that has no folder of its own (a namespace package over several locations).
    """
    folder = _folder_of(import_name)
    if folder is None:
        return os.getcwd()
    if import_name != "__main__" and _is_installed(folder) and _asked_at_a_prompt():
        return os.getcwd()
    return folder


def _folder_of(import_name: str) -> str | None:
    module = sys.modules.get(import_name)
    file: str | None = getattr(module, "__file__", None)
    if file is not None:
        return os.path.dirname(os.path.abspath(file))
    try:
        spec = importlib.util.find_spec(import_name)
    except (ImportError, ValueError):  # __main__ at a prompt; a parent that is no package
        return None
    if spec is None:
        return None
    if spec.origin in {None, "built-in", "frozen"} or spec.loader is None:
        locations = list(spec.submodule_search_locations or ())
        if len(locations) == 1:
            return os.path.abspath(locations[0])
        raise RuntimeError(
            f"No folder can be found for {import_name!r}: it is in several folders, or none. "
            "Say which one is meant: root_path=…"
        )
    return os.path.dirname(os.path.abspath(str(spec.origin)))


def _is_installed(folder: str) -> bool:
    locations = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return any(Path(folder).is_relative_to(location) for location in locations if location)


def _asked_at_a_prompt() -> bool:
    """Whether the code that makes the app, the first outside this package, was typed at a prompt or into a cell."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not name.startswith("nbmicro.web."):
            return name == "__main__" and "__file__" not in frame.f_globals
        frame = frame.f_back
    return False


def find_package(import_name: str) -> tuple[str | None, str]:
    """Where the package of ``import_name`` is installed.

    Returns
    -------
    tuple
        The prefix of the installation (None if it is not installed), and the folder that the topmost package, or the
        module, is in.
    """
    folder = _folder_of(import_name)
    if folder is None:
        return None, os.getcwd()
    package = sys.modules.get(import_name.rpartition(".")[0])
    if package is not None and folder not in getattr(package, "__path__", ()) and not _is_package(import_name):
        return None, folder  # a package that is no folder, as a served notebook's
    # Up from the module itself, not down from the topmost name: a namespace package has no one location.
    for _ in range(import_name.count(".") + _is_package(import_name)):
        folder = os.path.dirname(folder)
    if Path(folder).is_relative_to(sys.prefix):
        return sys.prefix, folder
    head, tail = os.path.split(folder)
    if tail.lower() == "site-packages":
        above, name = os.path.split(head)
        if name.lower() == "lib":  # as on Windows: <prefix>/Lib/site-packages
            return above, folder
        if os.path.basename(above).lower() == "lib":  # <prefix>/lib/pythonX.Y/site-packages
            return os.path.dirname(above), folder
        return head, folder
    return None, folder


def _is_package(name: str) -> bool:
    module = sys.modules.get(name)
    if module is not None:
        return hasattr(module, "__path__")
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.submodule_search_locations is not None


def find_instance_path(import_name: str, name: str, root_path: str) -> str:
    """The folder for what belongs to one installation of an app and not to its source. Where the app has no module,
    it is in ``root_path``."""
    if import_name == "__main__" and getattr(sys.modules.get("__main__"), "__file__", None) is None:
        return os.path.join(root_path, "instance")
    prefix, folder = find_package(import_name)
    return os.path.join(folder, "instance") if prefix is None else os.path.join(prefix, "var", f"{name}-instance")


def open_file(folder: str, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
    """Open a file below ``folder``."""
    path = os.path.join(folder, resource)
    return open(path, mode) if "b" in mode else open(path, mode, encoding=encoding)
