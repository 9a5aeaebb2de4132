"""The two forms of a `%%route` cell: the body of a handler, or one function that is the handler."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from nbmicro.cells.handler_lines import describe_statement, segment
from nbmicro.cells.python_source import CellSource
from nbmicro.cells.route_line import RouteLine
from nbmicro.errors import CellError
from nbmicro.printable import did_you_mean
from nbmicro.scopes import FunctionScope, function_scope
from nbmicro.web.names import HANDLER_NAMES
from nbmicro.web.rules import parameters

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


# -- a body ----------------------------------------------------------------------------------------------------------


def function_of_body(body: list[ast.stmt], line: RouteLine, cell: CellSource) -> Function:
    """The function that a cell is the body of: its last expression is what the function returns.

    Parameters
    ----------
    body:
        The cell's statements; they are not changed.
    line:
        Its ``%%route`` line, whose path values become keyword-only parameters.
    cell:
        The cell, for errors.

    Raises
    ------
    CellError
        The body holds what a function's body may not, or never returns a value.
    """
    if not body:
        hint = 'Write what it answers, below the %%route line. For example:  "Hello!"'
        raise CellError("the cell is empty, so the route returns nothing.", hint=hint, where=cell.where, line=1)
    scope = function_scope(body)
    _reject_statements(scope, cell)
    _reject_last_definition(body, cell)
    last = body[-1]
    if scope.yields:
        _reject_lost_values(last, scope, cell)
    elif isinstance(last, ast.Expr):
        body = [*body[:-1], ast.copy_location(ast.Return(value=last.value), last)]
    elif not scope.value_returns and not scope.raises:
        found = describe_statement(last, cell.lines, body=True)
        message = f"the handler returns nothing. Its last line is {found.explained}:"
        raise cell.error(message, found.hint, found.line)
    # A function that Python itself parsed has every field of every version of Python, and all of it on line 1, where
    # the `%%route` line is.
    values = f"*, {', '.join(line.parameters)}" if line.parameters else ""
    function = ast.parse(f"{'async ' if scope.awaits else ''}def handler({values}): pass").body[0]
    if not isinstance(function, Function):
        raise TypeError(function)
    function.name = line.endpoint or line.default_endpoint
    function.body = body
    return function


def _reject_statements(scope: FunctionScope, cell: CellSource) -> None:
    for statement in scope.nonlocals:
        names = ", ".join(statement.names)
        message = f"`nonlocal {names}`: there is no function around a %%route cell."
        raise cell.error(message, f"To change the notebook's names, write `global {names}`.", statement.lineno)
    for imported in scope.imports:
        if imported.module == "__future__":
            message = "`from __future__` changes a whole module, and a %%route cell is a function's body."
            raise cell.error(message, "Leave the line out.", imported.lineno)
        if any(alias.name == "*" for alias in imported.names):
            message = "`import *` is not allowed in a function, and a %%route cell is a function's body."
            raise cell.error(message, "Name what you need, or import it in a plain cell above.", imported.lineno)


def _reject_last_definition(body: list[ast.stmt], cell: CellSource) -> None:
    """A body that ends in a `def` defines a function of its own, calls it nowhere and forgets it."""
    last = body[-1]
    if not isinstance(last, Function | ast.ClassDef):
        return
    word = "class" if isinstance(last, ast.ClassDef) else "def"
    others = [node for node in body[:-1] if not isinstance(node, ast.Import | ast.ImportFrom)]
    first = next(iter(others), None)
    if word == "class" or first is None:
        message = f"the cell ends with `{word} {last.name}`, which is no return value."
        hint = f"Move it to a cell above, and end this one with the return value, such as `{_call(last)}`."
        raise cell.error(message, hint, last.lineno)
    message = (
        f"the cell ends with `def {last.name}`, which is no return value: beside other statements it is a function of"
        " the handler's own."
    )
    moved = f"`{first.name}` (line {first.lineno})" if isinstance(first, Function) else _lines(others)
    hint = (
        f"Move {moved} to a cell above: one function, with imports and comments, is the handler itself."
        f" Or end the cell with the return value:  {_call(last)}"
    )
    raise cell.error(message, hint, first.lineno, last.lineno)


def _call(node: Function | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"{node.name}(…)"
    required = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)][:required]
    return f"{'await ' if isinstance(node, ast.AsyncFunctionDef) else ''}{node.name}({', '.join(names)})"


def _lines(statements: list[ast.stmt]) -> str:
    numbers = [statement.lineno for statement in statements]
    return f"line {numbers[0]}" if len(numbers) == 1 else f"lines {', '.join(map(str, numbers))}"


def _reject_lost_values(last: ast.stmt, scope: FunctionScope, cell: CellSource) -> None:
    """In a streaming handler a last expression and a returned value would go nowhere."""
    first = scope.yields[0].lineno
    streams = f"the handler streams, since line {first} yields"
    for statement in scope.value_returns:
        value = segment(statement.value, cell.lines) if statement.value is not None else None
        message = f"{streams}, so a returned value is lost."
        hint = f"Write `yield {value or '…'}`, and on the next line `return`."
        if scope.awaits:
            hint += " (In an async handler Python does not even allow it.)"
        raise cell.error(message, hint, statement.lineno)
    if isinstance(last, ast.Expr) and not function_scope([last]).yields:
        text = segment(last.value, cell.lines) or "…"
        message = f"{streams}, so its last line is not returned and its value is lost."
        raise cell.error(message, f"To send it, write `yield {text}`; only to run it, `_ = {text}`.", last.lineno)


# -- a function ------------------------------------------------------------------------------------------------------


def find_function(tree: ast.Module) -> Function | None:
    """The function that the cell is, if apart from imports it holds exactly one `def` or `async def`."""
    statements = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    if len(statements) == 1 and isinstance(statements[0], Function):
        return statements[0]
    return None


def check_function(function: Function, line: RouteLine, cell: CellSource) -> None:
    """Hold the parameters of a cell's function against those of the rule.

    What decorators change about the parameters is not known here: see :func:`check_callable`.

    Raises
    ------
    CellError
        The function does not take a path value, or needs what the rule does not give; with the corrected line.
    """
    if function.decorator_list:
        return
    arguments = function.args
    named = {argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)}
    required = len(arguments.posonlyargs) - max(0, len(arguments.defaults) - len(arguments.args))
    # Path values come by keyword, which a parameter before the `/` does not take.
    unnamed = {argument.arg for argument in arguments.posonlyargs[:required]}
    untaken = [name for name in line.parameters if name in unnamed or not (name in named or arguments.kwarg)]
    needed = [name for name in _needed(arguments) if name not in line.parameters]
    own = [name for name in needed if name in HANDLER_NAMES or name == "self"]
    if own:
        is_there = "every handler has it" if own != ["self"] else "a function outside of a class has none"
        message = f"`{function.name}` takes {_names(own)} as a parameter, and {is_there}."
        raise cell.error(message, f"Write:  {_corrected_def(function, untaken, {}, own)}", function.lineno)
    if untaken:
        message = f"`{function.name}` takes no {_names(untaken)}, which {line.rule} gives."
        meant = _misspelt(needed, untaken)
        message += "".join(f" For `{typed}`, did you mean `{name}`?" for typed, name in meant.items())
        raise cell.error(message, f"Write:  {_corrected_def(function, untaken, meant)}", function.lineno)
    if needed:
        gives = _names(line.parameters) if line.parameters else "no values"
        message = f"`{function.name}` needs {_names(needed)}, and {line.rule} gives {gives}."
        methods = "" if line.methods == ("GET",) else f"{','.join(line.methods)} "
        rule = line.rule.rstrip("/") + "".join(f"/<{name}>" for name in needed)
        hint = f"Try:  %%route {methods}{rule}\nOr give it a default:  {needed[0]}=…"
        hint += f'   or read it from the query:  {needed[0]} = request.args["{needed[0]}"]'
        raise cell.error(message, hint, function.lineno)


def _needed(arguments: ast.arguments) -> list[str]:
    """The parameters without a default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    needed += [argument for argument, default in keywords if default is None]
    return [argument.arg for argument in needed]


def _misspelt(needed: Sequence[str], untaken: Sequence[str]) -> dict[str, str]:
    """The parameters that nothing gives and whose names are near to a path value that nothing takes."""
    meant: dict[str, str] = {}
    for typed in needed:
        near = did_you_mean(typed.lower(), [name for name in untaken if name not in meant.values()])
        if near:
            meant[typed] = near
    return meant


def _corrected_def(
    function: Function, untaken: Sequence[str], meant: Mapping[str, str], without: Sequence[str] = ()
) -> str:
    arguments = copy.deepcopy(function.args)
    for group in (arguments.posonlyargs, arguments.args):
        group[:] = [argument for argument in group if argument.arg not in without]
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.arg = meant.get(argument.arg, argument.arg)
    taken = [argument.arg for argument in arguments.posonlyargs if argument.arg in untaken]
    if taken:
        arguments.args[:0] = arguments.posonlyargs
        arguments.posonlyargs = []
    arguments.args[:0] = [ast.arg(arg=name) for name in untaken if name not in taken and name not in meant.values()]
    word = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    # Only shown, never compiled.
    return f"{word} {function.name}({ast.unparse(arguments)}):"


def _names(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def check_callable(handler: object, name: str, rule: str, *, where: str, line: int) -> Callable[..., object]:
    """Hold what the decorators made of the function against the rule.

    Raises
    ------
    CellError
        It cannot be called, or not with the rule's values.
    """
    if not callable(handler):
        message = f"after its decorators `{name}` is {type(handler).__name__!r}, which cannot be called."
        raise CellError(message, hint="A decorator ends with `return function`.", where=where, line=line)
    values = {parameter.name: None for parameter in parameters(rule)}
    signature = _signature(handler)
    if signature is None:
        return handler
    try:
        signature.bind(**values)
    except TypeError as error:
        gives = _names(list(values)) if values else "no values"
        message = (
            f"after its decorators `{name}{signature}` cannot be called with what {rule} gives ({gives}): {error}."
        )
        hint = "Let the decorator's function take *args, **kwargs."
        raise CellError(message, hint=hint, where=where, line=line) from None
    return handler


def _signature(handler: Callable[..., object]) -> inspect.Signature | None:
    """What the outermost callable takes; of one written in C (`functools.cache`), what it wraps takes."""
    for follow_wrapped in (False, True):
        try:
            return inspect.signature(handler, follow_wrapped=follow_wrapped)
        except (TypeError, ValueError):
            continue
    return None
