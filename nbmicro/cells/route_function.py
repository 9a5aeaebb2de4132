"""A `%%route` cell that is one function: which cells are, and whether the function takes what the rule gives."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nbmicro.cells.python_source import shown_line
from nbmicro.errors import CellError
from nbmicro.printable import did_you_mean
from nbmicro.scopes import function_scope
from nbmicro.web.rules import parameters

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class RouteFunction:
    """The function of a cell: its name, docstring and two colours."""

    name: str
    doc: str | None
    is_async: bool
    is_generator: bool


def find_function(tree: ast.Module) -> _Function | None:
    """The function that the cell is, if apart from imports it holds exactly one `def` or `async def`."""
    statements = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    if len(statements) == 1 and isinstance(statements[0], ast.FunctionDef | ast.AsyncFunctionDef):
        return statements[0]
    return None


def read_function(
    function: _Function, *, methods: str, rule: str, parameters: Sequence[str], where: str, source: str
) -> RouteFunction:
    """Read the cell's function, and hold its parameters against the rule's.

    What decorators change about the parameters is not known here: see :func:`check_callable`.

    Raises
    ------
    CellError
        The function does not take a path value, or needs what the rule does not give; with the corrected line.
    """
    if not function.decorator_list:
        fault = _Mismatch(function, methods, rule, parameters, where, source.split("\n"))
        fault.refuse_untaken()
        fault.refuse_needed()
    is_async = isinstance(function, ast.AsyncFunctionDef)
    streams = bool(function_scope(function.body).yields)
    return RouteFunction(function.name, ast.get_docstring(function), is_async, streams)


@dataclass(frozen=True)
class _Mismatch:
    function: _Function
    methods: str
    rule: str
    parameters: Sequence[str]
    where: str
    lines: list[str]

    def refuse_untaken(self) -> None:
        """A path value that no parameter takes."""
        arguments = self.function.args
        named = {argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)}
        required = len(arguments.posonlyargs) - max(0, len(arguments.defaults) - len(arguments.args))
        # Path values come by keyword, which a parameter before the `/` does not take.
        unnamed = {argument.arg for argument in arguments.posonlyargs[:required]}
        missing = [name for name in self.parameters if name in unnamed or not (name in named or arguments.kwarg)]
        if not missing:
            return
        message = f"`{self.function.name}` takes no {_names(missing)}, which {self.rule} gives."
        meant = self._misspelt(missing)
        if meant:
            message += "".join(f" For `{typed}`, did you mean `{name}`?" for typed, name in meant.items())
        raise self._fault(message, f"Write:  {self._corrected_def(missing, meant)}")

    def refuse_needed(self) -> None:
        """A parameter without default that the rule does not give."""
        missing = self._needed()
        if not missing:
            return
        gives = _names(self.parameters) if self.parameters else "no values"
        message = f"`{self.function.name}` needs {_names(missing)}, and {self.rule} gives {gives}."
        rule = self.rule.rstrip("/") + "".join(f"/<{name}>" for name in missing)
        hint = f"Try:  %%route {self.methods}{rule}\nOr give it a default:  {missing[0]}=…"
        raise self._fault(message, hint)

    def _needed(self) -> list[str]:
        arguments = self.function.args
        positional = [*arguments.posonlyargs, *arguments.args]
        needed = positional[: len(positional) - len(arguments.defaults)]
        keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        needed += [argument for argument, default in keywords if default is None]
        return [argument.arg for argument in needed if argument.arg not in self.parameters]

    def _misspelt(self, missing: Sequence[str]) -> dict[str, str]:
        """The parameters that nothing gives and whose names are near to a path value that nothing takes."""
        meant: dict[str, str] = {}
        for typed in self._needed():
            near = did_you_mean(typed.lower(), [name for name in missing if name not in meant.values()])
            if near:
                meant[typed] = near
        return meant

    def _fault(self, message: str, hint: str) -> CellError:
        line = self.function.lineno
        return CellError(f"{message}\n{shown_line(self.lines, line)}", hint=hint, where=self.where, line=line)

    def _corrected_def(self, missing: Sequence[str], meant: Mapping[str, str]) -> str:
        arguments = copy.deepcopy(self.function.args)
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            argument.arg = meant.get(argument.arg, argument.arg)
        taken = [argument.arg for argument in arguments.posonlyargs if argument.arg in missing]
        if taken:
            arguments.args[:0] = arguments.posonlyargs
            arguments.posonlyargs = []
        arguments.args[:0] = [ast.arg(arg=name) for name in missing if name not in taken and name not in meant.values()]
        word = "async def" if isinstance(self.function, ast.AsyncFunctionDef) else "def"
        # Only shown, never compiled.
        return f"{word} {self.function.name}({ast.unparse(arguments)}):"


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
