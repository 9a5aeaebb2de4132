"""What an error of a handler needs from the handler's own lines: its last statement, and where it replies."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType

from nbmicro.cells.last_statement import LastStatement, describe_statement, segment
from nbmicro.scopes import function_scope, source_of


@dataclass(frozen=True)
class ReplyLine:
    """A line where a handler replies: its number, in the cell or in its file, and its text without indent."""

    line: int
    source: str

    @property
    def excerpt(self) -> str:
        """The line with its number, as errors show it."""
        return f"{self.line:>5} │ {self.source}"


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
    scope, lines = source_of(function)
    if isinstance(scope, ast.Lambda):
        text = segment(scope.body, lines) or "…"
        kind = "a `lambda`, and its value was None"
        return LastStatement(scope.body.lineno, text, kind, "Let it give the reply: text, a dict, a Response.")
    if scope is None or not scope.body:
        return None
    return describe_statement(scope.body[-1], lines, body=isinstance(scope, ast.Module))


def reply_lines(handler: Callable[..., object]) -> tuple[ReplyLine, ...]:
    """The lines where a handler replies: each `return` with a value, and the last expression of a body.

    Parameters
    ----------
    handler:
        As for :func:`last_line`.

    Returns
    -------
    tuple of ReplyLine
        In the order they are written; empty where no source is to be had.
    """
    function = _function(handler)
    if function is None:
        return ()
    scope, lines = source_of(function)
    if scope is None:
        return ()
    if isinstance(scope, ast.Lambda):
        return (_reply_line(scope.body, lines),)
    nodes: list[ast.stmt] = list(function_scope(scope.body).value_returns)
    if isinstance(scope, ast.Module) and isinstance(scope.body[-1], ast.Expr):
        nodes.append(scope.body[-1])
    return tuple(_reply_line(node, lines) for node in nodes)


def _reply_line(node: ast.expr | ast.stmt, lines: list[str]) -> ReplyLine:
    return ReplyLine(node.lineno, lines[node.lineno - 1].strip() if node.lineno <= len(lines) else "")


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
