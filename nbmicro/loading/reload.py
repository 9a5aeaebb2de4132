"""An app that is loaded anew when a file that it is made of is saved: the notebook, and the modules beside it."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from nbmicro.cells.notebook_cell import NotebookCell
from nbmicro.errors import LoadError, NbmicroError, ServeError
from nbmicro.loading.loader import Loaded, load_target
from nbmicro.loading.notebook_file import read_notebook
from nbmicro.loading.python_target import split_target
from nbmicro.loading.user_modules import Stamp, UserModules, stamp_of
from nbmicro.threads.interrupts import AGAIN, Interruptible
from nbmicro.threads.workers import Ticker

#: Seconds that a file may stay half-written, or away, before that is an error to show.
WHOLE_SECONDS = 2.0
#: Loads in a row of a file that goes on changing while it is loaded.
TRIES = 5
#: Seconds after which it is said that a load is still running.
PATIENCE = 3.0
_LOOK = 0.25


class Overtaken(BaseException):
    """Raised in code that is loaded for nobody any more. No `except Exception` of a cell stops it."""


class LoadWatch(Interruptible):
    """A context manager for a block of the main thread that loads a target.

    The block is left with :class:`Overtaken` as soon as the load is needless; that may be when it is done already.

    Parameters
    ----------
    path:
        The notebook or Python file; None for a module by its name.
    name:
        The target, as people know it.
    is_needless:
        Whether nobody wants what is loaded any more; asked four times a second, in another thread.
    tell:
        Called once, after three seconds, with a sentence that names cell and line.
    """

    def __init__(
        self, path: Path | None, name: str, *, is_needless: Callable[[], bool], tell: Callable[[str], None]
    ) -> None:
        super().__init__(Overtaken)
        self._path = path
        self._name = name
        self._is_needless = is_needless
        self._tell = tell
        self._begin: float | None = time.monotonic()
        self._ticker = Ticker("load-watch", self._look, _LOOK)

    def __enter__(self) -> LoadWatch:
        super().__enter__()
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, traceback)
        finally:
            self._ticker.stop()

    def _look(self) -> float:
        if self._begin is not None and time.monotonic() - self._begin >= PATIENCE:
            self._begin = None
            self._tell(f"{self._place()}: it is still running. The app from before serves; the next save takes over.")
        if self._is_needless():
            self.interrupt()
            return AGAIN
        return _LOOK

    def _place(self) -> str:
        """The cell and its line, or the module's, in which the main thread is."""
        frame = sys._current_frames().get(self._ident)
        place = self._name
        while frame is not None:
            name, line = frame.f_code.co_filename, frame.f_lineno
            if self._path is not None and name.startswith(f"<{self._path.name}, cell "):
                place = f"{name[1:-1]}, line {line}"
            elif self._path is not None and name == str(self._path):
                place = f"{self._path.name}, line {line}"
            frame = frame.f_back
        return place


class Reloader:
    """A target that is loaded again and again.

    The notebook's cells, and the modules that it imports from its own folder, run from the top each time, as at a fresh
    start. A save that changes no cell (new outputs only) is none. While it loads, and if that fails, the app from
    before is as it was.

    Parameters
    ----------
    target:
        As for :func:`nbmicro.load`. A relative path counts from the folder at the time of this call.

    Raises
    ------
    ServeError
        The library that watches files is not installed.
    """

    def __init__(self, target: str) -> None:
        try:
            import watchfiles  # noqa: F401
        except ModuleNotFoundError:
            raise ServeError(
                "--debug loads the app anew when it is saved, and what watches files is not installed.",
                hint="pip install 'nbmicro[dev]'   or leave --debug away",
            ) from None
        file, name = split_target(target)
        self.path = Path(file).resolve() if file.endswith((".ipynb", ".py")) else None
        self.folder = self.path.parent if self.path is not None else Path.cwd()
        self._target = target if self.path is None else f"{self.path}:{name}" if name else str(self.path)
        self._user_modules = UserModules(self.folder)
        self._given = set(sys.modules)
        self._modules: set[str] = set()
        self._cells: list[NotebookCell] | None = None
        self._failed = False
        self._known: dict[Path, Stamp] = {}
        # The files of the load at work, its cells, and the modules that were looked at.
        self._begun: dict[Path, Stamp] = {}
        self._begun_cells: list[NotebookCell] | None = None
        self._looked_at: set[str] = set()
        # A cached .pyc counts as fresh when size and second are the same: two quick saves would be one.
        sys.dont_write_bytecode = True

    def load(self) -> Loaded:
        """Load the target, with the modules beside it, from what the files hold now.

        Raises
        ------
        NbmicroError
            It fails; everything is as before, and :meth:`wait` waits for the next save.
        """
        for last in (*(False,) * (TRIES - 1), True):
            if self.path is not None:
                _wait_until_whole(self.path)
            before = self._stamps()
            cells = self._read_cells()
            self._begun, self._begun_cells, self._looked_at = dict(before), cells, set(self._given)
            try:
                with self._user_modules.anew(self._modules, self._given):
                    loaded = load_target(self._target)
                self._modules = self._user_modules.files().keys() - self._given
            except Overtaken:
                self._failed = True
                self._known = {**self._stamps(), **self._begun}
                raise
            except Exception as error:
                if not last and self.path is not None and before[self.path] != stamp_of(self.path):
                    continue  # it was saved once more meanwhile: what failed is not what stands there
                self._failed = True
                self._known = {**self._stamps(), **before}
                if isinstance(error, NbmicroError):
                    raise
                raise LoadError(f"{type(error).__name__}: {error}", where=self._target) from error
            break
        self._failed, self._cells = False, cells
        # What was saved while it loaded is not forgotten; a file that is new to us counts from now.
        self._known = {**self._stamps(), **before}
        return loaded

    def watch(self, stopped: threading.Event, tell: Callable[[str], None]) -> LoadWatch:
        """A block around :meth:`load` that another save ends, or ``stopped``, with :class:`Overtaken`.

        Parameters
        ----------
        stopped:
            Set when nothing is to be served any more.
        tell:
            Called with the place of a load that takes long.
        """
        name = self.path.name if self.path is not None else self._target
        return LoadWatch(self.path, name, is_needless=lambda: stopped.is_set() or self._is_overtaken(), tell=tell)

    def wait(self, stopped: threading.Event) -> bool:
        """Wait until one of the files has been saved with another content; False when ``stopped`` is set first.

        The system tells of most changes at once. Where it does not (a network folder, a change between two calls), the
        files are looked at four times a second.
        """
        from watchfiles import watch

        while not stopped.is_set():
            folders = self._folders()
            looks = watch(
                *folders,
                watch_filter=None,
                debounce=100,
                step=20,
                rust_timeout=int(1000 * _LOOK),
                yield_on_timeout=True,
                stop_event=stopped,
                recursive=False,
                ignore_permission_denied=True,
            )
            for _ in looks:
                if self._has_changed():
                    return True
                if self._folders() != folders:
                    break
        return False

    # -- what it is made of --------------------------------------------------------------------------------------

    def _files(self) -> Iterator[Path]:
        if self.path is not None:
            yield self.path
        yield from map(Path, self._user_modules.files(self._modules).values())
        if self._failed:
            # What failed may be a module that was never imported to its end.
            yield from self.folder.glob("*.py")

    def _folders(self) -> list[Path]:
        return sorted({file.parent for file in self._files() if file.parent.is_dir()} | {self.folder})

    def _stamps(self) -> dict[Path, Stamp]:
        return {file: stamp_of(file) for file in self._files()}

    def _has_changed(self) -> bool:
        now = self._stamps()
        changed = {
            file for file, stamp in now.items() if stamp != self._known.get(file, None if self._failed else stamp)
        }
        if changed and (changed != {self.path} or self._failed or self._has_other_cells()):
            return True
        self._known = now
        return False

    def _is_overtaken(self) -> bool:
        """Whether a file was saved, whole and with other cells, since the load at work has begun."""
        # What a cell wrote before it imported it is no save: a new module counts from when it is first seen here.
        new = set(sys.modules) - self._looked_at
        self._looked_at |= new
        for file in map(Path, self._user_modules.files(new).values()):
            self._begun.setdefault(file, stamp_of(file))
        changed = {file for file, stamp in self._begun.items() if stamp != stamp_of(file)}
        if self.path is None or self.path not in changed:
            return bool(changed)
        if not _is_whole(self.path):
            return False
        return changed != {self.path} or self._begun_cells is None or self._read_cells() != self._begun_cells

    def _has_other_cells(self) -> bool:
        """Whether the notebook was saved with other cells, not just with new outputs; of another file always."""
        if self.path is None or self._cells is None:
            return True
        _wait_until_whole(self.path)
        return self._read_cells() != self._cells

    def _read_cells(self) -> list[NotebookCell] | None:
        if self.path is not None and self.path.suffix == ".ipynb":
            with suppress(LoadError):
                return read_notebook(self.path)
        return None


def _wait_until_whole(path: Path) -> None:
    """Wait while an editor is writing: the file is away, empty, or a notebook cut off in the middle."""
    deadline = time.monotonic() + WHOLE_SECONDS
    while not _is_whole(path) and time.monotonic() < deadline:
        time.sleep(0.01)


def _is_whole(path: Path) -> bool:
    try:
        content = path.read_bytes()
        if path.suffix == ".ipynb":
            json.loads(content)
    except (OSError, ValueError):
        return False
    return bool(content)
