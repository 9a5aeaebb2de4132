"""The lines of a handler that an error shows: where it returns a value, or what stands in its place, with the hint."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType

from nbmicro.scopes import function_scope, source_of


@dataclass(frozen=True)
class SourceLine:
    """A line of a handler: its number, in the cell or in its file, and its text without indent."""

    line: int
    source: str

    @property
    def excerpt(self) -> str:
        """The line with its number, as errors show it."""
        return f"{self.line:>5} │ {self.source}"


@dataclass(frozen=True)
class LastStatement(SourceLine):
    """The last statement of a handler, for the sentence "its last line is …".

    Parameters
    ----------
    kind:
        What it is, with its article: ``"an assignment"``, ``"an `if`"``.
    hint:
        What to write, as a sentence.
    """

    kind: str
    hint: str

    @property
    def explained(self) -> str:
        """What it is and why that is no return value, to stand behind "its last line is"."""
        return self.kind if "," in self.kind else f"{self.kind}, and only a value is a return value"


def last_line(handler: Callable[..., object]) -> LastStatement | None:
    """The last statement of a handler that returned None: its line, its text, what it is and what to write.

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
        return LastStatement(scope.body.lineno, text, kind, "Let it return a value: text, a dict, a Response.")
    if scope is None or not scope.body:
        return None
    return describe_statement(scope.body[-1], lines, body=isinstance(scope, ast.Module))


def return_lines(handler: Callable[..., object]) -> tuple[SourceLine, ...]:
    """The lines where a handler returns a value: each `return` with a value, and the last expression of a body.

    Parameters
    ----------
    handler:
        As for :func:`last_line`.

    Returns
    -------
    tuple of SourceLine
        In the order they are written; empty where no source is to be had.
    """
    function = _function(handler)
    if function is None:
        return ()
    scope, lines = source_of(function)
    if scope is None:
        return ()
    if isinstance(scope, ast.Lambda):
        return (_source_line(scope.body, lines),)
    nodes: list[ast.stmt] = list(function_scope(scope.body).value_returns)
    if isinstance(scope, ast.Module) and isinstance(scope.body[-1], ast.Expr):
        nodes.append(scope.body[-1])
    return tuple(_source_line(node, lines) for node in nodes)


def _source_line(node: ast.expr | ast.stmt, lines: list[str]) -> SourceLine:
    return SourceLine(node.lineno, lines[node.lineno - 1].strip() if node.lineno <= len(lines) else "")


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


_KINDS: dict[str, str] = {
    "Assign": "an assignment",
    "AugAssign": "an assignment",
    "AnnAssign": "an assignment",
    "For": "a loop",
    "AsyncFor": "a loop",
    "While": "a loop",
    "With": "a `with`",
    "AsyncWith": "a `with`",
    "Try": "a `try`",
    "TryStar": "a `try`",
    "If": "an `if`",
    "Match": "a `match`",
    "FunctionDef": "a `def`",
    "AsyncFunctionDef": "a `def`",
    "ClassDef": "a `class`",
    "Import": "an import",
    "ImportFrom": "an import",
    "Return": "a `return`",
    "Raise": "a `raise`",
    "Assert": "an `assert`",
    "Delete": "a `del`",
    "Pass": "a `pass`",
    "Break": "a `break`",
    "Continue": "a `continue`",
    "Global": "a `global`",
    "Nonlocal": "a `nonlocal`",
    "TypeAlias": "a type alias",
}


def segment(node: ast.AST, lines: Sequence[str]) -> str | None:
    """The text of a node that stands on one line; else ``None``. Columns of a tree are UTF-8 bytes."""
    line, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    if line != end or not 0 < line <= len(lines):
        return None
    text = lines[line - 1].encode("utf-8", "surrogatepass")
    return text[node.col_offset : node.end_col_offset].decode("utf-8", "surrogatepass")  # type: ignore[attr-defined]


def describe_statement(node: ast.stmt, lines: Sequence[str], *, body: bool) -> LastStatement:
    """Say what `node` is and what to write to return a value.

    Parameters
    ----------
    node:
        The last statement of a handler that returned None.
    lines:
        The lines that its line numbers count.
    body:
        Whether it ends a `%%route` body, where a last expression is the return value, or a function, where it is not.
    """
    shown, kind, hint = _shown(node), _KINDS.get(type(node).__name__, "a statement"), _last_line(body)
    match node:
        case ast.Assign(targets=[ast.Name(id=name), *_]) | ast.AugAssign(target=ast.Name(id=name)):
            hint = _add_name(name, body)
        case ast.AnnAssign(target=ast.Name(), value=None):
            kind = "a type hint"
        case ast.AnnAssign(target=ast.Name(id=name)):
            hint = _add_name(name, body)
        case ast.For() | ast.AsyncFor() | ast.While():
            hint = f"{hint.removesuffix('.')}; or write `yield …` in it to stream."
        case ast.If() | ast.Match() | ast.With() | ast.AsyncWith() | ast.Try() | ast.TryStar():
            kind, hint = _block(node, shown, kind, hint, lines)
        case ast.Expr(value=value):
            kind, hint = _expression(value, hint, lines, body)
        case ast.Return(value=None | ast.Constant(value=None)):
            kind, hint = "a `return` without a value", "Write the value behind it: `return …`."
        case ast.Return(value=ast.Call(func=ast.Name(id="print"), args=arguments)):
            kind = "a `return` of print, which shows its text and returns nothing"
            hint = _in_place_of_print(arguments, lines)
        case ast.Return():
            kind, hint = "a `return`, and what stands behind it was None", "Return a value: text, a dict, a Response."
    source = lines[shown.lineno - 1].strip() if shown.lineno <= len(lines) else ""
    return LastStatement(shown.lineno, source, kind, hint)


def _last_line(body: bool) -> str:
    return "Add a last line with the return value." if body else "Add a last line `return …` with the value."


def _add_name(name: str, body: bool) -> str:
    return f"Add the line `{name}`, or write `return {name}`." if body else f"Add the line `return {name}`."


def _shown(node: ast.stmt) -> ast.stmt:
    """The statement to show: of a block that ends in an expression, that expression."""
    inner = node
    while blocks := _blocks(inner):
        ends = [block[-1] for block in blocks if not isinstance(block[-1], ast.Return | ast.Raise)]
        if not ends:
            return node
        inner = ends[0]
    return inner if isinstance(inner, ast.Expr) else node


def _blocks(node: ast.stmt) -> list[list[ast.stmt]]:
    match node:
        case ast.If():
            return [block for block in (node.body, node.orelse) if block]
        case ast.Match():
            return [case.body for case in node.cases]
        case ast.With() | ast.AsyncWith():
            return [node.body]
        case ast.Try() | ast.TryStar():
            return [node.orelse or node.body, *(handler.body for handler in node.handlers)]
    return []


def _block(node: ast.stmt, shown: ast.stmt, kind: str, hint: str, lines: Sequence[str]) -> tuple[str, str]:
    if isinstance(shown, ast.Expr):
        text = segment(shown.value, lines) or "…"
        each = ", and so in every branch" if len(_blocks(node)) > 1 else ""
        return f"the end of {kind}, which has no value of its own", f"Write `return {text}`{each}."
    if isinstance(node, ast.If) and not node.orelse:
        return f"{kind} without an `else`", hint
    return kind, hint


def _expression(value: ast.expr, hint: str, lines: Sequence[str], body: bool) -> tuple[str, str]:
    text = segment(value, lines) or "…"
    match value:
        case ast.Call(func=ast.Name(id="print"), args=arguments):
            return "a call of print, which shows its text and returns nothing", _in_place_of_print(arguments, lines)
        case _ if not body:
            return "an expression, which a function does not return by itself", f"Write `return {text}`."
        case ast.Call() | ast.Await():
            return "a call, and it gave None", hint
    return "an expression, and its value was None", hint


def _in_place_of_print(arguments: Sequence[ast.expr], lines: Sequence[str]) -> str:
    only = arguments[0] if len(arguments) == 1 else None
    is_text = isinstance(only, ast.JoinedStr) or (isinstance(only, ast.Constant) and isinstance(only.value, str))
    text = segment(only, lines) if only is not None and is_text else None
    return f"Write `return {text}`." if text else "Write `return` and the text in place of the print."
