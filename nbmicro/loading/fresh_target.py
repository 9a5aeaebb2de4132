"""A target whose modules are imported anew when their files have changed: ``%app … --reload``."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from nbmicro.diagnosis.user_code import is_users
from nbmicro.foreign import known


class FreshTarget:
    """The user's own modules under a folder, as they were when the target was loaded.

    Parameters
    ----------
    folder:
        Where the target's modules are; modules of installed packages below it are not its own.
    """

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder) + os.sep
        # By file name: a thousand modules are looked at before each request.
        self._own: dict[str, bool] = {}
        self._stamps = self._look()

    def note(self) -> None:
        """Take the files as they are for what is loaded, those that were imported since among them."""
        self._stamps = self._look()

    def settle(self) -> None:
        """Take into account what was imported since."""
        for name, stamp in self._look().items():
            self._stamps.setdefault(name, stamp)

    def changed(self) -> list[str]:
        """The names of the modules whose files are others than when they were loaded or last looked at."""
        now = self._look()
        return [name for name, stamp in now.items() if self._stamps.get(name, stamp) != stamp]

    def load_again(self, load: Callable[[], Any]) -> Any:
        """Import the modules anew by ``load``, and give what it gives.

        Modules that a framework lets nobody import twice stay as they are: models and settings of Django.

        Raises nbmicro.errors.LoadError, with everything as it was before, where an import fails.
        """
        changed = self.changed()
        kept = known.kept_modules()
        gone: dict[str, ModuleType] = {
            name: sys.modules[name] for name in self._stamps if name in sys.modules and name not in kept
        }
        self._stamps = self._look()
        for name in changed:
            _forget_bytecode(sys.modules.get(name))
        for name in gone:
            del sys.modules[name]
            # `from shop import views` takes the package's attribute before it imports.
            package, _, child = name.rpartition(".")
            if package in sys.modules:
                vars(sys.modules[package]).pop(child, None)
        importlib.invalidate_caches()
        try:
            found = load()
        except BaseException:
            for name in [name for name in self._look() if name not in kept]:
                sys.modules.pop(name, None)
            sys.modules.update(gone)
            for name, module in gone.items():
                package, _, child = name.rpartition(".")
                if package in sys.modules:
                    setattr(sys.modules[package], child, module)
            raise
        for adapter in known.ADAPTERS:
            adapter.reloaded()
        self.note()
        return found

    def kept(self) -> dict[str, str]:
        """The names of changed modules that cannot be imported anew in this process, each with the reason."""
        kept = known.kept_modules()
        return {name: kept[name] for name in self.changed() if name in kept}

    def _look(self) -> dict[str, tuple[int, int]]:
        """The time and the size of the file of each of the modules."""
        found = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name != "__main__" and isinstance(file, str) and self._is_own(file):
                with contextlib.suppress(OSError):
                    stat = os.stat(file)
                    found[name] = stat.st_mtime_ns, stat.st_size
        return found

    def _is_own(self, file: str) -> bool:
        known = self._own.get(file)
        if known is None:
            path = os.path.realpath(file)
            known = self._own[file] = path.startswith(self.folder) and path.endswith(".py") and is_users(path)
        return known


def _forget_bytecode(module: Any) -> None:
    """Python takes compiled code for that of its source by the second and the size; an edit is often quicker."""
    with contextlib.suppress(OSError, NotImplementedError):
        os.unlink(importlib.util.cache_from_source(str(getattr(module, "__file__", ""))))
