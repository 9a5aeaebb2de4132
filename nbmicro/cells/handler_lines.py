"""What an error of a handler needs from the handler's own lines: its last statement, and the cure of an unbound name.

What lives here: finding a callable's source again through `linecache`, whatever cell or file it came from. What must
not: the errors themselves, requests, or a kernel.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import linecache
import re
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, TracebackType

from nbmicro.cells.last_statement import LastStatement, describe_statement, segment
from nbmicro.cells.python_source import parse_again

__all__ = ["describe_unbound", "last_line"]

_Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def last_line(handler: Callable[..., object]) -> LastStatement | None:
    """The last statement of a handler that answered None: its line, its text, what it is and what to write.

    Parameters
    ----------
    handler:
        A `%%route` cell's handler of either form, or any function, method or partial, decorated or not; where
        decorators keep `__wrapped__`, the innermost function is meant.

    Returns
    -------
    LastStatement or None
        The line counts as the cell's editor does, or in the function's file. ``None`` where no source is to be had.
    """
    function = _function(handler)
    if function is None:
        return None
    lines = _lines(function)
    scope = _scope(function.__code__, lines)
    if isinstance(scope, ast.Lambda):
        text = segment(scope.body, lines) or "…"
        kind = "a `lambda`, and its value was None"
        return LastStatement(scope.body.lineno, text, kind, "Let it give the reply: text, a dict, a Response.")
    if scope is None or not scope.body:
        return None
    return describe_statement(scope.body[-1], lines, body=isinstance(scope, ast.Module))


def describe_unbound(error: UnboundLocalError, handler: Callable[..., object]) -> str | None:
    """The cure of an UnboundLocalError whose name the notebook has: assignment in a handler is local.

    Parameters
    ----------
    error:
        The exception as it left the handler.
    handler:
        The handler it left.

    Returns
    -------
    str or None
        The sentences to show below the error; ``None`` where the error has another cause.
    """
    function = _function(handler)
    name = _unbound_name(error)
    if function is None or name is None:
        return None
    code = _raising_code(error.__traceback__) or function.__code__
    if code.co_filename != function.__code__.co_filename:
        return None
    if code is not function.__code__ and name in function.__code__.co_cellvars + function.__code__.co_varnames:
        return f"To change the handler's `{name}`, begin the function `{code.co_name}` with `nonlocal {name}`."
    if name in function.__globals__:
        whole = code is function.__code__ and _is_body(code, _lines(function))
        assigned, begin = ("%%route cell", "cell") if whole else ("function", f"function `{code.co_name}`")
        own = "the handler's own" if whole else "the function's own"
        return (
            f"A name assigned in a {assigned} is {own}. To change the notebook's `{name}`,"
            f" begin the {begin} with `global {name}`."
        )
    if hasattr(builtins, name):
        return f"`{name}` is Python's own, but it is assigned here, which makes it a local name. Name yours otherwise."
    return None


def _function(handler: object) -> FunctionType | None:
    """The function that a handler's lines are written in."""
    for _ in range(100):
        if isinstance(handler, functools.partial):
            handler = handler.func
        elif inspect.ismethod(handler):
            handler = handler.__func__
        elif getattr(handler, "__wrapped__", None) is not None:
            handler = getattr(handler, "__wrapped__", None)
        elif isinstance(handler, FunctionType):
            return handler
        else:
            call = inspect.getattr_static(type(handler), "__call__", None)
            if not isinstance(call, FunctionType):
                return None
            handler = call
    return None


def _lines(function: FunctionType) -> list[str]:
    lines = linecache.getlines(function.__code__.co_filename, function.__globals__)
    return [line.rstrip("\n") for line in lines]


def _is_body(code: CodeType, lines: list[str]) -> bool:
    """A body's function stands on the cell's first line, where no written function can be."""
    return code.co_firstlineno == 1 and bool(lines) and lines[0].startswith("%%")


def _scope(code: CodeType, lines: list[str]) -> _Scope | None:
    """The part of the source that `code` was compiled from; a whole `%%route` body is a module."""
    python = ["", *lines[1:]] if lines and lines[0].startswith("%%") else lines
    tree = parse_again("\n".join(python))
    if tree is None or _is_body(code, lines):
        return tree
    return next(
        (node for node in _functions(tree) if _begins(node) == code.co_firstlineno and _named(node, code)), None
    )


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node


def _begins(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> int:
    """The line a function's code counts from: its first decorator's, if it has one."""
    if isinstance(node, ast.Lambda):
        return node.lineno
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _named(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, code: CodeType) -> bool:
    return code.co_name == ("<lambda>" if isinstance(node, ast.Lambda) else node.name)


def _unbound_name(error: UnboundLocalError) -> str | None:
    if error.name:
        return str(error.name)
    found = re.search(r"'([^']+)'", str(error))
    return found[1] if found else None


def _raising_code(traceback: TracebackType | None) -> CodeType | None:
    code = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        traceback = traceback.tb_next
    return code
