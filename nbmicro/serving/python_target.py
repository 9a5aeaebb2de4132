"""The app in a Python module: ``module:name``, ``module:factory()``, or the obvious one.

What lives here: importing and looking. What must not: notebooks.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
from types import ModuleType
from typing import Any

from nbmicro.errors import LoadError
from nbmicro.web.appfinding import NoAppException, find_best_app

__all__ = ["attribute_of", "best_app", "import_target", "load_object"]


def load_object(target: str) -> Any:
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


def import_target(name: str, target: str) -> ModuleType:
    """Import a module; LoadError, with the line, where that fails. ``target`` is how the user named it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise LoadError(
                f"there is no module {error.name!r} here, nor is one installed.",
                hint="A notebook is named with its ending:  nbmicro run app.ipynb",
            ) from None
        raise LoadError(f"{target} needs the module {error.name!r}, which is not installed.", where=target) from error
    except SyntaxError as error:
        raise LoadError(f"{error.msg}.", where=target, line=error.lineno, column=error.offset) from error
    except (Exception, SystemExit) as error:
        raise LoadError(f"{type(error).__name__}: {error}", where=target, line=_line_in(error, name)) from error


def _line_in(error: BaseException, module: str) -> int | None:
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == module:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def best_app(module: ModuleType, target: str) -> Any:
    """The app of a module that names none: ``app``, ``application``, the only one, or what ``create_app()`` makes."""
    try:
        return find_best_app(module)
    except NoAppException as error:
        for name in ("app", "application"):
            if callable(found := getattr(module, name, None)):
                return found
        raise LoadError(
            f"no app was found: {error.format_message().partition(' Say ')[0].partition(' Give ')[0]}",
            hint=f"Say which one it is:  {target}:name   or a function that makes it:  {target}:make()",
            where=target,
        ) from None


def attribute_of(module: ModuleType, text: str, target: str) -> Any:
    """``name``, ``a.b`` or ``factory("literal")`` of a module."""
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
            raise LoadError(f"there is no {text!r} in it.", where=target)
        found = getattr(found, name)
    if call is not None:
        try:
            found = found(*args, **options)
        except Exception as error:
            raise LoadError(f"{text} failed: {type(error).__name__}: {error}", where=target) from error
    if not callable(found):
        raise LoadError(f"{text!r} is {found!r}, and that answers no requests.", where=target)
    return found
