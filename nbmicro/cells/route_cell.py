"""A `%%route` cell as a whole: parsed once, and built into a handler for a namespace."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import CodeType, FunctionType
from typing import Literal

from nbmicro.cells.notebook_cell import cell_filename, remember_source
from nbmicro.cells.python_source import CellSource, same_newlines
from nbmicro.cells.route_forms import check_callable, check_function, find_function, function_of_body
from nbmicro.cells.route_line import RouteLine, parse_route_line
from nbmicro.errors import CellError
from nbmicro.scopes import Names, function_scope, names_of
from nbmicro.web.names import HANDLER_NAMES, RESERVED_NAMES


@dataclass(frozen=True)
class RouteCell:
    """A `%%route` cell that can be declared.

    Parameters
    ----------
    line:
        Its `%%route` line.
    form:
        ``"function"``, or ``"body"`` of one.
    endpoint:
        What `--name` gave, else the function's name, else what follows from the line.
    doc:
        The docstring, without its indent.
    source:
        The whole cell, `%%route` line first.
    is_async, is_generator:
        The colours of the handler.
    tree:
        The cell's Python; its line numbers are the cell's.
    code:
        The compiled cell: of a body, the module that holds nothing but the handler.
    name:
        The function's own name.
    """

    line: RouteLine
    form: Literal["function", "body"]
    endpoint: str
    doc: str | None
    source: str
    is_async: bool
    is_generator: bool
    tree: ast.Module = field(compare=False, repr=False)
    code: CodeType = field(compare=False, repr=False)
    name: str

    @cached_property
    def names(self) -> Names:
        """Its names: a body binds none, and reads when it answers."""
        return names_of(self.tree.body, self.line.parameters if self.form == "body" else None)

    @property
    def filename(self) -> str:
        """What tracebacks call the cell: ``<GET /boom>``."""
        return cell_filename(self.line.label)

    @property
    def where(self) -> str:
        """What errors call the cell: ``%%route GET /boom``."""
        return f"%%route {self.line.label}"

    @property
    def first_line(self) -> str:
        """The cell's first line, by which another cell's output names it."""
        return self.source.partition("\n")[0]


def parse_route_cell(line: str, body: str) -> RouteCell:
    """Read a `%%route` cell, and compile it: a cell that is returned can be built.

    Parameters
    ----------
    line:
        What stands after ``%%route`` on the first line.
    body:
        The lines below it.

    Raises
    ------
    CellError
        The line or the Python below it will not do, with its line in the cell.
    """
    route = parse_route_line(line)
    written = re.sub(r"[\r\n]+", " ", line).strip()
    text = f"%%route {written}\n{same_newlines(body)}"
    source = CellSource(text, where=f"%%route {route.label}", filename=cell_filename(route.label))
    source.reject_ipython()
    tree = source.parse()
    function = find_function(tree)
    is_body = function is None
    if function is None:
        function = function_of_body(tree.body, route, source)
        _reject_reserved(route, source)
    else:
        check_function(function, route, source)
    return RouteCell(
        line=route,
        form="body" if is_body else "function",
        endpoint=route.endpoint or function.name,
        doc=ast.get_docstring(function),
        source=text,
        is_async=isinstance(function, ast.AsyncFunctionDef),
        is_generator=bool(function_scope(function.body).yields),
        tree=tree,
        code=source.compile(ast.Module(body=[function], type_ignores=[]) if is_body else tree),
        name=function.name,
    )


def build_handler(cell: RouteCell, namespace: dict[str, object]) -> Callable[..., object]:
    """Build a cell's handler for a namespace, which stays its globals.

    The function form runs the cell there, as a plain cell would, and binds its names; what its decorators and defaults
    raise passes through. The body form runs nothing and binds nothing.

    Parameters
    ----------
    cell:
        The cell.
    namespace:
        The notebook's names.

    Raises
    ------
    CellError
        The handler assigns one of the core's names by `global`, or the decorated function does not take the rule's
        values.
    """
    if "global" in cell.source:
        _reject_rebinding(cell, namespace)
    remember_source(cell.filename, cell.source)
    if cell.form == "body":
        return _body_handler(cell, namespace)
    exec(cell.code, namespace)
    line = next((node.lineno for node in cell.tree.body if getattr(node, "name", None) == cell.name), 1)
    return check_callable(namespace[cell.name], cell.name, cell.line.rule, where=cell.where, line=line)


def _reject_rebinding(cell: RouteCell, namespace: Mapping[str, object]) -> None:
    """CellError where a handler assigns by `global` what the core gives to all handlers.

    What the notebook itself has given another meaning is its own to change.
    """
    globals_ = [node for node in ast.walk(cell.tree) if isinstance(node, ast.Global)]
    for line, name in sorted((node.lineno, name) for node in globals_ for name in node.names):
        if name in cell.names.rebinds and name in HANDLER_NAMES and namespace.get(name) is HANDLER_NAMES[name]:
            raise CellError(
                f"`global {name}`: to assign nbmicro's `{name}` takes it from every handler, this one included.",
                hint=f"Leave the line out, and use another name, such as `my_{name}`.",
                where=cell.where,
                line=line,
            )


def _body_handler(cell: RouteCell, namespace: dict[str, object]) -> FunctionType:
    code = next(constant for constant in cell.code.co_consts if isinstance(constant, CodeType))
    handler = FunctionType(code, namespace, cell.name)
    handler.__doc__ = None if cell.doc is None else inspect.cleandoc(cell.doc)
    handler.__qualname__ = cell.name
    return handler


def _reject_reserved(line: RouteLine, source: CellSource) -> None:
    """CellError where a path value of a body has one of the names that the core gives to a handler."""
    for name in line.parameters:
        if name in RESERVED_NAMES:
            corrected = re.sub(rf"(?<=[<:]){name}>", f"{name}_id>", source.lines[0])
            error = source.error(
                f"the path value `{name}` would hide `{name}`, which every handler has.", f"Try:  {corrected}", 1
            )
            error.column = source.lines[0].find(f"{name}>") + 1
            raise error
