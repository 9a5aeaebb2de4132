"""From what a command line or a WSGI server names to the app: a notebook, a Python file, or ``module:attribute``."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbmicro.errors import LoadError
from nbmicro.foreign.known import no_server, project_adapter
from nbmicro.loading.notebook_module import LoadReport, NotebookModule
from nbmicro.loading.python_target import attribute_of, load_python, split_target
from nbmicro.web.app import App
from nbmicro.web.hosting import hosting

logger = logging.getLogger("nbmicro.loading")


@dataclass(frozen=True)
class Loaded:
    """A target that was loaded.

    Parameters
    ----------
    app:
        The WSGI application: an :class:`nbmicro.App`, or whatever else the target makes.
    name:
        How it was named, for people.
    folder:
        Where its files are.
    report:
        How the loading of a notebook went; None for a module.
    names:
        What the notebook or the file has at its top level; of a module by its name nothing.
    """

    app: Any
    name: str
    folder: Path
    report: LoadReport | None = None
    names: Mapping[str, Any] = field(default_factory=dict)


def load(target: str | os.PathLike[str]) -> App:
    """Load an app for a WSGI server: ``gunicorn 'nbmicro:load("app.ipynb")'``.

    Parameters
    ----------
    target:
        ``app.ipynb``, ``app.py``, either with ``:name`` behind it, ``package.module``, ``module:name`` or
        ``module:factory()``.

    Returns
    -------
    App
        The app. A target may also make another framework's WSGI application, which is returned as it is.

    Raises
    ------
    LoadError
        There is nothing to serve, or it fails to load; names file, cell and line.
    """
    loaded = load_target(target)
    if loaded.report is not None:
        logger.info("%s", loaded.report)
        for note in loaded.report.notes:
            logger.info("%s", note)
    app: App = loaded.app
    return app


def load_target(target: str | os.PathLike[str]) -> Loaded:
    """As :func:`load`, with what is to be said about it."""
    text = os.fspath(target)
    file, name = split_target(text)
    with _no_server():
        if file.endswith(".ipynb"):
            notebook = NotebookModule(Path(file))
            app = attribute_of(notebook.module, name, file) if name else notebook.app()
            return Loaded(app, Path(file).name, notebook.path.parent, notebook.report, vars(notebook.module))
        is_project = not name and project_adapter(Path(file)) is not None
        if is_project or file.endswith(".py"):
            return Loaded(load_python(text), text if is_project else Path(file).name, Path(file).resolve().parent)
        if Path(text).exists():
            raise LoadError(f"{text} is neither a notebook nor a Python file.", hint="Name one:  nbmicro run app.ipynb")
        return Loaded(load_python(text), text, Path.cwd())


@contextlib.contextmanager
def _no_server() -> Iterator[None]:
    """While an app is loaded, its own ``app.run()`` starts nothing: who loads it serves it."""
    said = no_server()
    before = hosting.run_app, {name: os.environ.get(name) for name in said}
    hosting.run_app = lambda *args, **options: None
    os.environ.update(said)
    try:
        yield
    finally:
        hosting.run_app, values = before
        for name, value in values.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
