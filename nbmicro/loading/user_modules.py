"""The user's modules beside an app: which are imported, and how they are imported anew when their files change."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from types import ModuleType
from typing import Any

from nbmicro.diagnosis.user_code import is_users
from nbmicro.foreign import known
from nbmicro.threads.deadline import Expired

# Time, size and number of a file; None of one that is not there.
Stamp = tuple[int, int, int] | None


def stamp_of(file: str | os.PathLike[str]) -> Stamp:
    """What tells a file from itself after a save."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class UserModules:
    """The modules that are Python files in a folder; hidden ones and installed packages below it are not the user's.

    Parameters
    ----------
    folder:
        Where the modules are.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = os.path.realpath(folder) + os.sep
        # By file name: a thousand modules are looked at before each request.
        self._paths: dict[str, str] = {}

    def files(self, names: Iterable[str] | None = None) -> dict[str, str]:
        """The file of each of them that is imported now; of ``names`` alone, if these are given."""
        found = {}
        for name in list(sys.modules) if names is None else names:
            file = getattr(sys.modules.get(name), "__file__", None)
            if name != "__main__" and isinstance(file, str):
                path = self._paths.get(file)
                if path is None:
                    path = self._paths[file] = self._path(file)
                if path and os.path.isfile(path):
                    found[name] = path
        return found

    def _path(self, file: str) -> str:
        """The path of a file; empty if it is none of the user's in the folder."""
        path = os.path.realpath(file)
        parts = path.removeprefix(self._folder).split(os.sep)
        is_here = path.startswith(self._folder) and not any(part.startswith(".") for part in parts)
        return path if is_here and path.endswith(".py") and is_users(path) else ""

    @contextlib.contextmanager
    def anew(self, names: Iterable[str], kept: Collection[str]) -> Iterator[None]:
        """Let modules be imported anew in the block, those ``kept`` excepted; if it fails, all are as before."""
        before: dict[str, ModuleType] = {
            name: sys.modules[name] for name in names if name in sys.modules and name not in kept
        }
        try:
            for name in before:
                del sys.modules[name]
                # `from shop import views` takes the package's attribute before it imports.
                package, _, child = name.rpartition(".")
                if package in sys.modules:
                    vars(sys.modules[package]).pop(child, None)
            importlib.invalidate_caches()
            yield
        except BaseException:
            for name in self.files():
                if name not in kept:
                    del sys.modules[name]
            sys.modules.update(before)
            for name, module in before.items():
                package, _, child = name.rpartition(".")
                if package in sys.modules:
                    setattr(sys.modules[package], child, module)
            raise


class FreshTarget:
    """A target of ``%app … --reload``: the user's modules in its folder, as they were when it was loaded.

    Parameters
    ----------
    folder:
        Where the target's modules are.
    """

    def __init__(self, folder: str) -> None:
        self._modules = UserModules(folder)
        self.note()

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
        for name in self.changed():
            _forget_bytecode(sys.modules.get(name))
        stamps = self._stamps
        try:
            self.note()
            with self._modules.anew(list(stamps), known.kept_modules()):
                found = load()
        except (KeyboardInterrupt, Expired):
            # What has changed is still to be imported, with the next request.
            self._stamps = stamps
            raise
        for adapter in known.ADAPTERS:
            adapter.reloaded()
        self.note()
        return found

    def kept(self) -> dict[str, str]:
        """The names of changed modules that cannot be imported anew in this process, each with the reason."""
        kept = known.kept_modules()
        return {name: kept[name] for name in self.changed() if name in kept}

    def _look(self) -> dict[str, Stamp]:
        return {name: stamp_of(file) for name, file in self._modules.files().items()}


def _forget_bytecode(module: Any) -> None:
    """Python takes compiled code for that of its source by the second and the size; an edit is often quicker."""
    with contextlib.suppress(OSError, NotImplementedError):
        os.unlink(importlib.util.cache_from_source(str(getattr(module, "__file__", ""))))
