"""Finding the app that a command line means."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeGuard

import click

from nbmicro.web.config import debug_wanted

if TYPE_CHECKING:
    from nbmicro.web.app import App


class NoAppException(click.UsageError):
    """There is no app where one was looked for, or more than one.

    ``problem`` says what there is, and ``remedy`` what to write; the message has both.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem} {remedy}".rstrip())
        self.problem = problem


class ScriptInfo:
    """What a command line knows of its app; loads it once, when it is first needed.

    Parameters
    ----------
    app_import_path:
        Where the app is: ``module``, ``module:name``, ``module:factory(argument)``, or a file's path for the module.
    create_app:
        Makes the app; comes before the path.
    set_debug_flag:
        Whether ``FLASK_DEBUG`` (or ``NBMICRO_DEBUG``) sets the app's debug mode.
    load_dotenv_defaults:
        Whether ``.env`` and ``.flaskenv`` are read.

    Attributes
    ----------
    data:
        A dict for whoever wants to pass something on to a command.
    """

    def __init__(
        self,
        app_import_path: str | None = None,
        create_app: Callable[..., App] | None = None,
        set_debug_flag: bool = True,
        load_dotenv_defaults: bool = True,
    ) -> None:
        self.app_import_path = app_import_path
        self.create_app = create_app
        self.set_debug_flag = set_debug_flag
        self.load_dotenv_defaults = load_dotenv_defaults
        self.data: dict[Any, Any] = {}
        self._app: App | None = None

    def load_app(self) -> App:
        """The app, loaded on the first call.

        Raises
        ------
        NoAppException
            There is none.
        """
        if self._app is None:
            app = self._find()
            if self.set_debug_flag:
                app.debug = debug_wanted()
            self._app = app
        return self._app

    def _find(self) -> App:
        if self.create_app is not None:
            return self.create_app()
        if self.app_import_path:
            # The colon of "C:\..." belongs to the path.
            path, name = (*re.split(r":(?![\\/])", self.app_import_path, maxsplit=1), None)[:2]
            app = locate_app(prepare_import(path or ""), name)
        else:
            for file in ("wsgi.py", "app.py"):
                app = locate_app(prepare_import(file), None, raise_if_not_found=False)
                if app is not None:
                    break
        if app is None:
            raise NoAppException(
                "There is no app: no wsgi.py or app.py is here.",
                "Say where it is: --app module, or FLASK_APP=module.",
            )
        return app


pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)
"""Gives the :class:`ScriptInfo` to a command as its first argument."""


def prepare_import(path: str) -> str:
    """The import name of a Python file or package; the folder that it is imported from is put first on ``sys.path``."""
    path = os.path.realpath(path)
    stem, ending = os.path.splitext(path)
    if ending == ".py":
        path = stem
    if os.path.basename(path) == "__init__":
        path = os.path.dirname(path)
    names: list[str] = []
    while True:
        path, name = os.path.split(path)
        names.insert(0, name)
        if not os.path.exists(os.path.join(path, "__init__.py")):
            break
    if sys.path[:1] != [path]:
        sys.path.insert(0, path)
    return ".".join(names)


def locate_app(module_name: str, app_name: str | None, raise_if_not_found: bool = True) -> App | None:
    """The app in a module.

    Parameters
    ----------
    module_name, app_name:
        The module, and what in it is the app (None: the obvious one).
    raise_if_not_found:
        Whether a module that does not exist is an error, or None.

    Raises
    ------
    NoAppException
        The module does not exist or fails to import what it needs, or it has no app.
    """
    try:
        importlib.import_module(module_name)
    except ImportError as error:
        if error.__traceback__ is not None and _failed_inside(error, module_name):
            raise NoAppException(
                f"While importing {module_name!r}, an ImportError was raised:\n\n{traceback.format_exc()}"
            ) from None
        if raise_if_not_found:
            raise NoAppException(f"Could not import {module_name!r}.") from None
        return None
    module = sys.modules[module_name]
    return find_best_app(module) if app_name is None else find_app_by_string(module, app_name)


def _failed_inside(error: ImportError, module_name: str) -> bool:
    """Whether the module was found and one of its own imports failed."""
    return any(frame.f_globals.get("__name__") == module_name for frame, _ in traceback.walk_tb(error.__traceback__))


def find_best_app(module: ModuleType) -> App:
    """The obvious app of a module: ``app`` or ``application``, the only one there is, or what ``create_app()`` makes.

    Raises
    ------
    NoAppException
        There is none, or there are several.
    """
    for name in ("app", "application"):
        app = getattr(module, name, None)
        if _is_app(app):
            return app
    apps: dict[int, App] = {id(value): value for value in module.__dict__.values() if _is_app(value)}
    if len(apps) == 1:
        return next(iter(apps.values()))
    if apps:
        raise NoAppException(
            f"There are {len(apps)} apps in {module.__name__!r}.", f"Say which one: --app {module.__name__}:name."
        )
    for name in ("create_app", "make_app"):
        factory = getattr(module, name, None)
        if inspect.isfunction(factory):
            try:
                made = factory()
            except TypeError as error:
                if not _called_wrongly(factory):
                    raise
                raise NoAppException(
                    f"The factory {name!r} in {module.__name__!r} cannot be called without arguments.",
                    f"Give them: --app '{module.__name__}:{name}(…)'.",
                ) from error
            if _is_app(made):
                return made
    raise NoAppException(
        f"There is no app in {module.__name__!r}: no 'app' or 'application', and no factory 'create_app'.",
        f"Say what it is: --app {module.__name__}:name.",
    )


def find_app_by_string(module: ModuleType, app_name: str) -> App:
    """The app that ``name`` or ``factory(literal, …)`` is in a module.

    Raises
    ------
    NoAppException
        The text is neither, or what it names is no app.
    """
    name, args, kwargs = _parse_reference(app_name)
    try:
        app = getattr(module, name)
    except AttributeError:
        raise NoAppException(f"There is no {name!r} in {module.__name__!r}.") from None
    if inspect.isfunction(app):
        try:
            app = app(*args, **kwargs)
        except TypeError as error:
            if not _called_wrongly(app):
                raise
            raise NoAppException(
                f"The factory {app_name!r} in {module.__name__!r} cannot be called with these arguments: {error}"
            ) from error
    if _is_app(app):
        return app
    raise NoAppException(f"{app_name!r} in {module.__name__!r} is no app, but a {type(app).__name__}.")


def _parse_reference(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise NoAppException(f"{text!r} is neither a name nor a call like 'create_app(\"test\")'.") from None
    if isinstance(expression, ast.Name):
        return expression.id, [], {}
    if not isinstance(expression, ast.Call) or not isinstance(expression.func, ast.Name):
        raise NoAppException(f"{text!r} is neither a name nor a call like 'create_app(\"test\")'.")
    try:
        args = [ast.literal_eval(argument) for argument in expression.args]
        kwargs = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in expression.keywords}
    except ValueError:
        raise NoAppException(f"The arguments in {text!r} must be literals: strings, numbers …") from None
    return expression.func.id, args, kwargs


def _is_app(value: object) -> TypeGuard[App]:
    # By its shape: the app's own module imports this one.
    return not isinstance(value, type) and callable(getattr(type(value), "wsgi_app", None)) and callable(value)


def _called_wrongly(function: Callable[..., Any]) -> bool:
    """Whether the TypeError being handled came from the call itself, not from inside the function."""
    code = getattr(function, "__code__", None)
    return all(frame.f_code is not code for frame, _ in traceback.walk_tb(sys.exc_info()[2]))
