"""A `%%route` cell that is a handler's body: what it may hold, how it replies, and the function it becomes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from nbmicro.cells.last_statement import describe_statement, segment
from nbmicro.cells.python_source import shown_line
from nbmicro.errors import CellError
from nbmicro.scopes import FunctionScope, function_scope

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class RouteBody:
    """A body that replies: its docstring, its two colours, and the function it becomes."""

    doc: str | None
    is_async: bool
    is_generator: bool
    function: ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _Cell:
    where: str
    lines: Sequence[str]

    def fault(self, message: str, hint: str, line: int) -> CellError:
        return CellError(message, hint=hint, where=self.where, line=line)

    def shown(self, line: int) -> str:
        return shown_line(list(self.lines), line)


def read_body(tree: ast.Module, *, name: str, parameters: Sequence[str], where: str, source: str) -> RouteBody:
    """Read a cell's tree as the body of a handler.

    Parameters
    ----------
    tree:
        The cell, parsed; it is not changed.
    name:
        The function's name: the route's endpoint.
    parameters:
        The path values, which become keyword-only parameters.
    where, source:
        What errors call the cell, and its text with the ``%%`` line.

    Raises
    ------
    CellError
        The body holds what a function's body may not, or never replies.
    """
    cell = _Cell(where, source.split("\n"))
    if not tree.body:
        hint = 'Write what it answers, below the %%route line. For example:  "Hello!"'
        raise cell.fault("the cell is empty, so the route never replies.", hint, 1)
    scope = function_scope(tree.body)
    _refuse_statements(scope, cell)
    _refuse_last_definition(tree.body, cell)
    streams = bool(scope.yields)
    if streams:
        _refuse_lost_values(tree.body, scope, cell)
    elif not isinstance(tree.body[-1], ast.Expr) and not scope.value_returns and not scope.raises:
        raise _never_replies(tree.body[-1], cell)
    function = _function(tree.body, name, parameters, is_async=bool(scope.awaits), streams=streams)
    return RouteBody(ast.get_docstring(function), bool(scope.awaits), streams, function)


def _function(
    body: list[ast.stmt], name: str, parameters: Sequence[str], *, is_async: bool, streams: bool
) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """The function whose body the cell is. It stands on line 1, where the `%%route` line is."""
    last = body[-1]
    if isinstance(last, ast.Expr) and not streams:
        body = [*body[:-1], ast.copy_location(ast.Return(value=last.value), last)]
    # A frame that Python itself made has every field of every version of Python, and all of it on line 1.
    values = f"*, {', '.join(parameters)}" if parameters else ""
    function = ast.parse(f"{'async ' if is_async else ''}def handler({values}): pass").body[0]
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        raise TypeError(function)
    function.name = name
    function.body = body
    return function


def _refuse_statements(scope: FunctionScope, cell: _Cell) -> None:
    for statement in scope.nonlocals:
        names = ", ".join(statement.names)
        message = f"`nonlocal {names}`: there is no function around a %%route cell.\n{cell.shown(statement.lineno)}"
        raise cell.fault(message, f"To change the notebook's names, write `global {names}`.", statement.lineno)
    for imported in scope.imports:
        shown = cell.shown(imported.lineno)
        if imported.module == "__future__":
            message = f"`from __future__` changes a whole module, and a %%route cell is a function's body.\n{shown}"
            raise cell.fault(message, "Leave the line out.", imported.lineno)
        if any(alias.name == "*" for alias in imported.names):
            message = f"`import *` is not allowed in a function, and a %%route cell is a function's body.\n{shown}"
            raise cell.fault(message, "Name what you need, or import it in a plain cell above.", imported.lineno)


def _refuse_last_definition(body: list[ast.stmt], cell: _Cell) -> None:
    """A body that ends in a `def` defines a function of its own, calls it nowhere and forgets it."""
    last = body[-1]
    if not isinstance(last, (*_FUNCTIONS, ast.ClassDef)):
        return
    word = "class" if isinstance(last, ast.ClassDef) else "def"
    others = [node for node in body[:-1] if not isinstance(node, ast.Import | ast.ImportFrom)]
    first = next(iter(others), None)
    if word == "class" or first is None:
        message = f"the cell ends with `{word} {last.name}`, which is no reply.\n{cell.shown(last.lineno)}"
        hint = f"Move it to a cell above, and end this one with the reply, such as `{_call(last)}`."
        raise cell.fault(message, hint, last.lineno)
    message = (
        f"the cell ends with `def {last.name}`, which is no reply: beside other statements it is a function of the"
        f" handler's own.\n{cell.shown(first.lineno)}\n{cell.shown(last.lineno)}"
    )
    moved = f"`{first.name}` (line {first.lineno})" if isinstance(first, _FUNCTIONS) else _lines(others)
    hint = (
        f"Move {moved} to a cell above: one function, with imports and comments, is the handler itself."
        f" Or end the cell with the reply:  {_call(last)}"
    )
    raise cell.fault(message, hint, last.lineno)


def _call(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"{node.name}(…)"
    required = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)][:required]
    return f"{'await ' if isinstance(node, ast.AsyncFunctionDef) else ''}{node.name}({', '.join(names)})"


def _lines(statements: list[ast.stmt]) -> str:
    numbers = [statement.lineno for statement in statements]
    return f"line {numbers[0]}" if len(numbers) == 1 else f"lines {', '.join(map(str, numbers))}"


def _refuse_lost_values(body: list[ast.stmt], scope: FunctionScope, cell: _Cell) -> None:
    """In a streaming handler a last expression and a returned value would go nowhere."""
    first = scope.yields[0].lineno
    streams = f"the handler streams, since line {first} yields"
    for statement in scope.value_returns:
        value = segment(statement.value, cell.lines) if statement.value is not None else None
        message = f"{streams}, so a returned value is lost.\n{cell.shown(statement.lineno)}"
        hint = f"Write `yield {value or '…'}`, and on the next line `return`."
        if scope.awaits:
            hint += " (In an async handler Python does not even allow it.)"
        raise cell.fault(message, hint, statement.lineno)
    last = body[-1]
    if isinstance(last, ast.Expr) and not function_scope([last]).yields:
        text = segment(last.value, cell.lines) or "…"
        message = f"{streams}, so its last line is not a reply and its value is lost.\n{cell.shown(last.lineno)}"
        raise cell.fault(message, f"To send it, write `yield {text}`; only to run it, `_ = {text}`.", last.lineno)


def _never_replies(last: ast.stmt, cell: _Cell) -> CellError:
    found = describe_statement(last, cell.lines, body=True)
    message = f"the handler never replies. Its last line is {found.explained}:\n{cell.shown(found.line)}"
    return cell.fault(message, found.cure, found.line)
