"""A served notebook as a Python module: its cells run in their order, each as the owner of what it declares."""

from __future__ import annotations

import contextlib
import importlib.machinery
import itertools
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec
from pathlib import Path
from traceback import walk_tb
from types import FunctionType, ModuleType
from typing import Any

from nbmicro.cells.app_line import parse_app_line
from nbmicro.cells.notebook_cell import NotebookCell, remember_source
from nbmicro.cells.resource_cell import StaticCell, TemplateCell
from nbmicro.cells.route_cell import RouteCell, build_handler
from nbmicro.errors import LoadError, NbmicroError
from nbmicro.foreign.app import as_wsgi
from nbmicro.loading.notebook_file import read_notebook
from nbmicro.loading.python_target import load_python
from nbmicro.loading.selection import Action, Selection, Skipped, Statement, Step, select
from nbmicro.web.app import App
from nbmicro.web.asyncs import run_async
from nbmicro.web.contexts import AppContext, current_context, enter_context
from nbmicro.web.ledger import open_run
from nbmicro.web.names import HANDLER_NAMES, default_app
from nbmicro.web.owners import Owner, Run, current_run, enter_run

PACKAGE = "nbmicro_notebook"
_loads = itertools.count(1)


@dataclass(frozen=True)
class LoadReport:
    """How the loading of a notebook went.

    Parameters
    ----------
    file:
        The notebook's file name.
    seconds:
        For each cell that ran, by number, how long it took.
    skipped:
        The cells that were skipped.
    notes:
        Notes about magics that were left out.
    """

    file: str
    seconds: dict[int, float]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        count, total = len(self.seconds), sum(self.seconds.values())
        text = f"{self.file}: {count} {'cell' if count == 1 else 'cells'} ran in {_duration(total)}"
        slowest = max(self.seconds, key=self.seconds.__getitem__, default=0)
        if count > 1 and self.seconds[slowest] >= 1:
            text += f" (slowest: cell {slowest}, {_duration(self.seconds[slowest])})"
        if self.skipped:
            text += f", {len(self.skipped)} that only {'looks' if len(self.skipped) == 1 else 'look'} skipped"
        return text


class NotebookModule:
    """A notebook that is loaded to be served.

    Parameters
    ----------
    path:
        The .ipynb file.
    module:
        The module that its cells are to fill, where the import system has made one.

    Raises
    ------
    LoadError
        The notebook cannot be read, a cell cannot be served, or one fails; names file, cell and line.
    """

    def __init__(self, path: Path, module: ModuleType | None = None) -> None:
        self.path = path.resolve()
        self.module = module or _new_module(self.path)
        self.namespace: dict[str, Any] = self.module.__dict__
        self.target = "app"
        self.report: LoadReport
        self._load = next(_loads)
        self._foreign: Any = None
        self._is_set_up = False
        self._context: AppContext | None = None
        cells = read_notebook(self.path)
        # What inspect shows of the module, and looks for its classes in.
        remember_source(str(self.path), source_of(cells))
        self._run(select(cells))

    def app(self) -> Any:
        """The app that is served: the notebook's ``app``, unless ``%app`` named another one.

        Raises
        ------
        LoadError
            There is none, or it is nothing that answers requests.
        """
        if self._foreign is not None:
            return self._foreign
        app = self.namespace.get(self.target)
        if app is None:
            raise no_app(self.target, self.path.name)
        if not callable(app):
            raise LoadError(
                f"`{self.target}` is {app!r}, and that answers no requests.",
                hint=f"Name the app `app`; or load it by its own name:  {self.path.name}:NAME",
                where=self.path.name,
            )
        return as_wsgi(app)

    # -- running -------------------------------------------------------------------------------------------------

    def _run(self, selection: Selection) -> None:
        self.namespace["display"] = _display
        seconds: dict[int, float] = {}
        before = sys.modules.get(self.module.__name__)
        context = current_context()
        sys.modules[self.module.__name__] = self.module
        try:
            with _in_folder(self.path.parent):
                for step in selection.steps:
                    began = time.perf_counter()
                    self._run_step(step)
                    seconds[step.cell.number] = time.perf_counter() - began
        except BaseException:
            # A notebook that fails leaves the module that was served before.
            if before is not None:
                sys.modules[self.module.__name__] = before
            else:
                sys.modules.pop(self.module.__name__, None)
            raise
        finally:
            enter_context(context)
        self.report = LoadReport(self.path.name, seconds, tuple(selection.skipped), tuple(selection.notes))

    def _run_step(self, step: Step) -> None:
        cell = step.cell
        if step.route is not None or step.resource is not None:
            self._set_up()
        outer = current_run()
        run = Run(Owner((PACKAGE, self._load, cell.number), cell.first_line), self.namespace)
        # A module that loads us while it is imported (wsgi.py) declares nothing of ours.
        run.floor = sys._getframe()
        try:
            open_run(run)
            self._enter_default_context()
            if step.route is not None:
                self._declare_route(step.route)
            elif step.resource is not None:
                self._declare_resource(step.resource)
            else:
                self._run_parts(step)
            run.finish(success=True)
        except NbmicroError as error:
            raise _located(error, cell) from error
        except (Exception, SystemExit) as error:
            raise _failure(error, step) from error
        finally:
            run.finish(success=False)
            run.floor = None
            enter_run(outer)

    def _enter_default_context(self) -> None:
        """Let ``current_app``, ``g`` and ``url_for`` work in a plain cell, as they do in the notebook."""
        app = self.namespace.get(self.target)
        if isinstance(app, App) and (self._context is None or self._context.app is not app.newest()):
            self._context = AppContext(app, is_default=True)
        enter_context(self._context if isinstance(app, App) else None)

    def _run_parts(self, step: Step) -> None:
        if step.source is not None:
            remember_source(step.source.filename, step.source.text)
        for part in step.parts:
            if isinstance(part, Statement):
                self._execute(part)
            elif part.name == "app":
                self._speak_to(part)
            else:
                self._set_up()

    def _execute(self, statement: Statement) -> None:
        if statement.awaits:
            run_async(FunctionType(statement.code, self.namespace))()
        else:
            exec(statement.code, self.namespace)

    # -- declaring -----------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        """What ``%load_ext nbmicro`` gives a notebook: an app and the names a handler wants, where it has no own."""
        if self._is_set_up:
            return
        self._is_set_up = True
        if "app" not in self.namespace:
            # Its own declarations, the static files, are no cell's.
            run = current_run()
            enter_run(None)
            self.namespace["app"] = default_app(str(self.path.parent))
            enter_run(run)
        for name, value in HANDLER_NAMES.items():
            self.namespace.setdefault(name, value)

    def _own_app(self) -> App:
        app = self.app()
        if isinstance(app, App):
            return app
        raise LoadError(
            f"`{self.target}` is a {type(app).__module__}.{type(app).__qualname__}, and its pages are declared as that "
            "framework does it.",
            hint="For %%route, make an nbmicro app:  from nbmicro import App; app = App(__name__)",
        )

    def _declare_route(self, route: RouteCell) -> None:
        handler = build_handler(route, self.namespace)
        self._own_app().add_url_rule(route.line.rule, route.endpoint, handler, methods=list(route.line.methods))

    def _declare_resource(self, resource: TemplateCell | StaticCell) -> None:
        if isinstance(resource, TemplateCell):
            self._own_app().add_template(resource.name, resource.source)
        else:
            self._own_app().add_static_file(resource.path, resource.content, resource.mimetype)

    def _speak_to(self, action: Action) -> None:
        """``%app TARGET``: which app the cells below declare on, and which one is served."""
        target = parse_app_line(action.rest).target
        if target is None:
            # It only asks, or speaks of headers, which are the visitors' here.
            return
        if not target.isidentifier():
            try:
                self._foreign, self.target = as_wsgi(load_python(target)), target
            except LoadError as error:
                error.line = error.line if error.where else action.line
                raise
            return
        self._foreign, self.target = None, target
        if target not in self.namespace:
            raise LoadError(
                f"%app {target}: there is no `{target}` above this line.",
                hint="Make it in a cell above, or name an app of a module:  %app shop:app",
                line=action.line,
            )


def no_app(target: str, file: str) -> LoadError:
    """What is said of a notebook without the app that it should have."""
    return LoadError(
        f"the notebook makes no `{target}`.",
        hint="Its first cell makes one:  %load_ext nbmicro   or:  from nbmicro import App; app = App(__name__)",
        where=file,
    )


def _display(*values: object, **options: object) -> None:
    """The ``display`` of a served notebook: nobody looks, so nothing is shown."""


def source_of(cells: Iterable[NotebookCell]) -> str:
    """The cells of a notebook as the text of a module."""
    return "\n\n".join(cell.text for cell in cells) + "\n"


class _NotebookLoader(importlib.machinery.SourceFileLoader):
    """The loader of a notebook's module: its data and resources lie beside the notebook, as those of a file would."""

    def get_source(self, fullname: str) -> str:
        return source_of(read_notebook(Path(self.path)))

    def get_code(self, fullname: str) -> None:
        """None: the cells are run one by one, each as the owner of what it declares."""

    def exec_module(self, module: ModuleType) -> None:
        NotebookModule(Path(self.path), module)


class _NotebookFinder:
    """Finds a notebook of ``sys.path`` as a module of :data:`PACKAGE`: to reload it, and in a spawned process."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        package, _, stem = name.rpartition(".")
        if package != PACKAGE:
            return None
        loaded = getattr(sys.modules.get(name), "__file__", None)
        if loaded is not None:
            return _spec_of(name, Path(loaded))
        files = (file for folder in sys.path for file in sorted(Path(folder).glob("*.ipynb")))
        file = next((file for file in files if _module_name(file) == stem), None)
        return None if file is None else _spec_of(name, file)


def make_importable() -> None:
    """Let the import system find served notebooks, here and in processes that this one spawns."""
    if _NotebookFinder not in sys.meta_path:
        sys.meta_path.append(_NotebookFinder)
        sys.path.append(str(Path(__file__).with_name("importable")))


def _module_name(path: Path) -> str:
    return path.stem.replace(".", "_")


def _spec_of(name: str, path: Path) -> importlib.machinery.ModuleSpec:
    spec = importlib.machinery.ModuleSpec(name, _NotebookLoader(name, str(path)), origin=str(path))
    spec.has_location = True
    return spec


def _new_module(path: Path) -> ModuleType:
    """An empty module for the notebook, as an import would make it; a package of ours holds it."""
    make_importable()
    name = f"{PACKAGE}.{_module_name(path)}"
    there = sys.modules.get(name)
    if there is not None and getattr(there, "__file__", None) != str(path):
        # Two notebooks of one name in one process are two modules.
        name = next(
            f"{name}_{number}"
            for number in itertools.count(2)
            if getattr(sys.modules.get(f"{name}_{number}"), "__file__", str(path)) == str(path)
        )
    package = sys.modules.setdefault(PACKAGE, ModuleType(PACKAGE, "The notebooks that this process serves."))
    # As if it stood beside the notebook: an app's instance folder is looked for from here, and found as in the kernel.
    folder = path.parent / PACKAGE
    package.__file__ = str(folder / "__init__.py")
    package.__spec__ = importlib.machinery.ModuleSpec(PACKAGE, None, is_package=True)
    package.__path__ = package.__spec__.submodule_search_locations = [str(folder)]
    return module_from_spec(_spec_of(name, path))


@contextlib.contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """Run cells where a kernel would: in the notebook's folder, from which modules are imported too."""
    before = os.getcwd()
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _located(error: NbmicroError, cell: NotebookCell) -> LoadError:
    return LoadError.of(error, where=error.where if error.where and error.where.startswith(cell.file) else cell.where)


def _failure(error: BaseException, step: Step) -> LoadError:
    """An exception of a cell's own code: with its last line in the cell."""
    source = step.source or step.route
    filename = source.filename if source is not None else ""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == filename]
    line = lines[-1] if lines else None
    hint = None
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = f"`{error.name}` is not installed in the Python that serves the app."
    elif isinstance(error, AssertionError):
        hint = "If it checks what a request did, begin the cell with `# nbmicro: skip`: no request was sent."
    elif isinstance(error, NameError):
        hint = "The notebook's cells run from the first to the last, each once; the name must be bound above."
    text = str(error)
    return LoadError(
        f"{type(error).__name__}: {text}" if text else f"{type(error).__name__}.",
        hint=hint,
        where=step.cell.where,
        line=line,
    )


def _duration(seconds: float) -> str:
    if seconds >= 9.95:
        return f"{seconds:.0f} s"
    return f"{seconds:.1f} s" if seconds >= 0.95 else f"{seconds * 1000:.0f} ms"
