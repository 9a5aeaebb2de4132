"""The app in a Python module: ``module:name``, ``module:factory()``, or the obvious one."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from nbmicro.diagnosis.user_code import count_as_users, label_of, users_frames
from nbmicro.errors import LoadError
from nbmicro.foreign.adapter import Adapter
from nbmicro.foreign.known import is_framework, kind_of, loading_hint, project_adapter
from nbmicro.printable import did_you_mean
from nbmicro.web.commands.finding import NoAppException, find_best_app, prepare_import


class MissingModule(LoadError):
    """The module that a target names is neither in the folder nor installed."""


def load_python(target: str) -> Any:
    """The app of a Python file, of a project by its file (``manage.py``), or of a module, as a target names it.

    Raises nbmicro.errors.LoadError where there is none.
    """
    file, name = split_target(target)
    adapter = project_adapter(Path(file)) if not name else None
    if adapter is not None:
        return _load_project(Path(file), adapter)
    return _load_file(file, name) if file.endswith(".py") else _load_object(target)


def _load_object(target: str) -> Any:
    """What ``module:name``, ``module:factory()`` or a module with an obvious app stands for.

    Raises
    ------
    LoadError
        The module cannot be imported, or has no such app.
    """
    module_name, _, name = target.partition(":")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise LoadError(
            f"{target!r} is neither a file here nor the name of a module.",
            hint="A notebook:  app.ipynb   a file:  app.py   a module:  shop:app",
        )
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    module = import_target(module_name, target)
    return attribute_of(module, name, target) if name else best_app(module, target)


def split_target(text: str) -> tuple[str, str]:
    """The file of a target and the name behind it: ``shop.py:create_app('a:b')``; no name where there is none."""
    found = re.match(r"(.*?\.(?:ipynb|py))(?::(.*))?\Z", text, re.DOTALL)
    # The colon of "C:\\app.ipynb" belongs to the path.
    return (found[1], found[2] or "") if found is not None else (text, "")


def _load_file(file: str, name: str) -> Any:
    """The app in a Python file: the one called ``name`` (``app``, ``create_app()``), or the obvious one.

    Raises nbmicro.errors.LoadError as :func:`_load_object` does.
    """
    path = Path(file).resolve()
    if not path.is_file():
        raise LoadError(f"there is no file {file}.")
    module = import_target(prepare_import(str(path)), file)
    return attribute_of(module, name, file) if name else best_app(module, file)


def import_target(name: str, target: str) -> ModuleType:
    """Import a module; LoadError, with file and line, where that fails. ``target`` is how the user named it."""
    _claim_package(name)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            near = _near_module(error.name)
            meant = f"{near}{target.removeprefix(error.name)}" if near else None
            ending = "A notebook is named with its ending:  nbmicro run app.ipynb"
            raise MissingModule(
                f"there is no module {error.name!r} here, nor is one installed.",
                hint=f"Did you mean  {meant}" if meant else ending,
                fix=meant,
            ) from None
        where, line = _users_location(error, target)
        raise LoadError(
            f"{target} needs the module {error.name!r}, which is not installed.", where=where, line=line
        ) from error
    except SyntaxError as error:
        where = os.path.basename(error.filename) if error.filename else target
        raise LoadError(f"{error.msg}.", where=where, line=error.lineno, column=error.offset) from error
    except (Exception, SystemExit) as error:
        raise failed(error, target) from error


def _near_module(name: str) -> str | None:
    """The module of the folder, or of a package, that a misspelt one means."""
    package, _, part = name.rpartition(".")
    paths = getattr(sys.modules.get(package), "__path__", ()) if package else (os.getcwd(),)
    near = did_you_mean(part, [module.name for module in pkgutil.iter_modules(list(paths))], 0.7)
    return (f"{package}.{near}" if package else near) if near else None


def _claim_package(name: str) -> None:
    """Count the code of the package that an app is of as the user's own, wherever it is installed."""
    top = name.partition(".")[0]
    if is_framework(top):
        return
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        # A module that says nothing of itself; what is wrong is told when it is imported.
        return
    if spec is not None:
        for place in spec.submodule_search_locations or [spec.origin or ""]:
            if os.path.exists(place):
                count_as_users(top, place)


def _load_project(file: Path, adapter: Adapter) -> Any:
    """The app that a framework makes of a project, by the file that the project is known by (``manage.py``).

    Raises nbmicro.errors.LoadError where there is no such file, where it names no project, or without the framework.
    """
    if not file.is_file():
        raise LoadError(f"there is no file {file}.")
    module, name = adapter.project(file)
    folder = str(file.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    make = getattr(import_target(module, file.name), name)
    try:
        return make()
    except (Exception, SystemExit) as error:
        raise failed(error, file.name) from error


def failed(error: BaseException, target: str, what: str = "") -> LoadError:
    """The error for a target whose own code failed while it was loaded, with the user's file and line."""
    where, line = _users_location(error, target)
    text = f"{what}{type(error).__name__}: {error}"
    return LoadError(text, hint=loading_hint(error), where=where, line=line)


def _users_location(error: BaseException, target: str) -> tuple[str, int | None]:
    """The file and line of the user's own where an exception was raised; the target where there is none."""
    frames = users_frames(error)
    return (label_of(frames[-1][0].f_code.co_filename), frames[-1][1]) if frames else (target, None)


def best_app(module: ModuleType, target: str) -> Any:
    """The app of a module that names none: ``app``, ``application``, the only one, or what ``create_app()`` makes."""
    try:
        return find_best_app(module)
    except NoAppException as error:
        for name in ("app", "application"):
            if callable(found := getattr(module, name, None)):
                return found
        raise LoadError(
            f"no app was found: {error.problem}",
            hint=f"Say which one it is:  {target}:name   or a function that makes it:  {target}:make()",
            where=target,
        ) from None


def attribute_of(module: ModuleType, text: str, target: str) -> Any:
    """``name``, ``a.b`` or ``factory("literal")`` of a module.

    Raises nbmicro.errors.LoadError where there is none, or where it answers no requests; it says what that is, and what
    there is.
    """
    try:
        expression = ast.parse(text, mode="eval").body
        call = expression if isinstance(expression, ast.Call) else None
        names = ast.unparse(call.func if call is not None else expression).split(".")
        args = [ast.literal_eval(one) for one in call.args] if call is not None else []
        options = {str(one.arg): ast.literal_eval(one.value) for one in call.keywords} if call is not None else {}
    except (SyntaxError, ValueError):
        names = [""]
    if not all(name.isidentifier() for name in names):
        raise LoadError(f"{text!r} is neither a name nor a call with plain values.", hint="As in  shop:create_app()")
    found: Any = module
    for name in names:
        if not hasattr(found, name):
            # `application` near `Application`, which is imported and answers nothing, would lead astray.
            near = did_you_mean(name, _answering(module), 0.8) if found is module else None
            meant = f"Did you mean {target.partition(':')[0]}:{near}?" if near else None
            raise LoadError(f"there is no {text!r} in it.", hint=meant or _what_there_is(module, target), where=target)
        found = getattr(found, name)
    if call is not None:
        try:
            found = found(*args, **options)
        except (Exception, SystemExit) as error:
            raise failed(error, target, f"{text} failed: ") from error
    if kind_of(found) is None:
        raise LoadError(
            f"{text!r} is {_described(found)}, and that answers no requests.",
            hint=_call_it(found, target, call is not None) or _what_there_is(module, target),
            where=target,
        )
    return found


def _described(found: Any) -> str:
    if inspect.ismodule(found):
        return f"the module {found.__name__}"
    if inspect.isclass(found):
        return f"the class {found.__qualname__}"
    if inspect.isfunction(found):
        return f"the function {found.__name__}{inspect.signature(found)}"
    if found is None or isinstance(found, (str, bytes, int, float, bool)):
        return repr(found) if len(repr(found)) < 60 else f"of type {type(found).__name__}"
    # Its repr may hold an address.
    return f"of type {type(found).__module__}.{type(found).__qualname__}"


def _call_it(found: Any, target: str, called: bool) -> str | None:
    """The line to write where a target is the function, or the class, that makes the app."""
    if called or not (inspect.isfunction(found) or inspect.isclass(found)):
        return None
    try:
        inspect.signature(found).bind()
    except (TypeError, ValueError):
        return None
    return f"If it makes the app, call it:  {target}()"


def _answering(module: ModuleType) -> list[str]:
    """The names of a module that are apps, or functions of its own."""
    return [
        key
        for key, value in vars(module).items()
        if (inspect.isfunction(value) and value.__module__ == module.__name__) or kind_of(value) is not None
    ]


def _what_there_is(module: ModuleType, target: str) -> str:
    """The apps of a module and the functions that look as if they made one, as targets."""
    name = target.partition(":")[0]
    apps = [
        f"{name}:{key}"
        for key, value in vars(module).items()
        if not key.startswith("_") and not inspect.isroutine(value) and kind_of(value) is not None
    ]
    makers = [
        f"{name}:{key}()"
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and key.endswith(("app", "application"))
    ]
    if apps or makers:
        return f"There is:  {'   '.join([*apps, *makers])}"
    return f"{name} has no app. Name one, or the function that makes it, as in  shop:app   shop:create_app()"
