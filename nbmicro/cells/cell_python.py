"""The Python of a plain cell, statement by statement, with the line numbers of the cell."""

from __future__ import annotations
import __future__

import ast
import re
import warnings
from dataclasses import replace
from types import CodeType
from typing import Any

from nbmicro.cells.ipython_syntax import MagicStatement
from nbmicro.cells.notebook_cell import MagicCell, NotebookCell, PlainCell, split_cell
from nbmicro.cells.python_source import CellSource, same_newlines
from nbmicro.errors import CellError
from nbmicro.http.methods import COMMON_METHODS
from nbmicro.scopes import Names, first_line, names_of, parse_again, root_name

_RUNS_CODE = frozenset({"time", "timeit", "prun", "memit", "mprun", "lprun"})
_PYTHON_BODY = _RUNS_CODE | {"capture"}
_OPTIONS = re.compile(r"(?:-[a-zA-Z]\s*\d*\s+|--\S+\s+)*")
# Names of methods that, used as a decorator, add something to an app or a blueprint (Flask 3.1's).
_VERBS = frozenset(map(str.lower, COMMON_METHODS))
_DECORATORS = _VERBS | frozenset(
    """route endpoint errorhandler app_errorhandler before_request after_request
    teardown_request teardown_appcontext before_app_request after_app_request teardown_app_request context_processor
    app_context_processor url_value_preprocessor app_url_value_preprocessor url_defaults app_url_defaults
    template_filter template_test template_global app_template_filter app_template_test app_template_global
    shell_context_processor""".split()  # noqa: SIM905 - as a list it takes thirty lines
)
_CALLS = _DECORATORS - _VERBS - {"route", "endpoint"} | {
    "add_url_rule",
    "add_template",
    "add_static_file",
    "add_template_filter",
    "add_template_global",
    "add_template_test",
    "init_app",
    "register_blueprint",
    "register_error_handler",
}
_SHOWS = frozenset(
    """print display len repr str sorted type help dir list dict set tuple sum min max round isinstance vars
    url_for render_template render_template_string jsonify""".split()  # noqa: SIM905
)


class PlainSource(CellSource):
    """A plain cell of a served notebook as Python.

    Parameters
    ----------
    cell:
        The cell.
    text:
        Its source with Python in the place of every magic; as many lines as the cell.
    filename:
        What tracebacks call it.
    future:
        The compiler's flags of what the cells above imported from ``__future__``, which last as they do in IPython.

    Raises
    ------
    CellError
        It is not Python; with the line.
    """

    def __init__(self, cell: NotebookCell, text: str, filename: str, future: int = 0) -> None:
        super().__init__(text, where=cell.where, filename=filename)
        tree = self._compiled(text, ast.PyCF_ONLY_AST)
        self.statements: list[ast.stmt] = _WithoutDisplay().visit(tree).body
        self.future = future
        for node in self.statements:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    self.future |= getattr(__future__, alias.name).compiler_flag

    def code(self, node: ast.stmt) -> CodeType:
        """The code of one of its statements; CellError where the compiler rejects it, as a ``return`` there."""
        code: CodeType = self._compiled(ast.Module([node], type_ignores=[]), self.future)
        return code

    def _compiled(self, source: str | ast.Module, flags: int) -> Any:
        try:
            return compile(source, self.filename, "exec", flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError as error:
            raise self.error(f"{error.msg}.", None, error.lineno or 1) from None
        except ValueError as error:
            raise CellError(f"Python cannot read the cell: {error}", where=self.where, line=1) from None


class _WithoutDisplay(ast.NodeTransformer):
    """Takes ``display`` out of imports from IPython: a served notebook has one that does nothing.

    With nothing else in such an import, the app needs no IPython where it is served.
    """

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | list[ast.stmt]:
        if node.module not in ("IPython.display", "IPython.core.display", "IPython"):
            return node
        shown = [alias for alias in node.names if alias.name == "display"]
        if not shown or node.level:
            return node
        node.names = [alias for alias in node.names if alias.name != "display"]
        others: list[ast.stmt] = [node] if node.names else [ast.copy_location(ast.Pass(), node)]
        for alias in shown:
            if alias.asname not in (None, "display"):
                text = f"{alias.asname} = display"
                others.append(ast.increment_lineno(ast.parse(text), node.lineno - 1).body[0])
        return others


def lines_of(node: ast.stmt) -> range:
    """The lines a statement takes, with its decorators."""
    return range(first_line(node), (node.end_lineno or node.lineno) + 1)


def is_silent(node: ast.stmt) -> bool:
    """Whether there is nothing to run: ``pass``, or a bare constant, which run alone would become ``__doc__``."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def declares(node: ast.stmt, apps: frozenset[str]) -> bool:
    """Whether a statement adds to an app: a decorator or a call of its kind, or something set on one of ``apps``."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in inner.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if isinstance(called, ast.Attribute) and called.attr in _DECORATORS:
                    return True
        elif isinstance(inner, ast.Call):
            called = inner.func
            if isinstance(called, ast.Attribute) and called.attr in _CALLS:
                return True
        elif (
            isinstance(inner, ast.Attribute | ast.Subscript)
            and isinstance(inner.ctx, ast.Store)
            and root_name(inner) in apps
        ):
            return True
    return False


def only_looks(node: ast.stmt) -> bool:
    """Whether a statement checks or shows and does nothing else: an ``assert``, a bare name, ``print(x)``."""
    if isinstance(node, ast.Assert | ast.Pass):
        return True
    if not isinstance(node, ast.Expr):
        return False
    calls = [inner for inner in ast.walk(node.value) if isinstance(inner, ast.Call)]
    if any(isinstance(inner, ast.Await | ast.Yield | ast.NamedExpr) for inner in ast.walk(node.value)):
        return False
    return all(isinstance(call.func, ast.Name) and call.func.id in _SHOWS for call in calls)


def cell_names(cell: PlainCell | MagicCell) -> Names:
    """The names of a plain cell, or of a `%%time`, `%%capture` and the like, whose body is Python.

    Any other `%%` cell has none here: a `%%route` cell has its own, and the names a `%%http` cell captures are known to
    the request language.

    Raises
    ------
    CellError
        The cell is not Python; with its line.
    """
    if isinstance(cell, PlainCell):
        text = same_newlines(cell.rewritten(_as_python))
        # What Python warns of, it warns of when the cell runs.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return names_of(CellSource(text, where="the cell").parse(magic=False).body)
    if cell.name not in _PYTHON_BODY:
        return Names()
    names = cell_names(split_cell(cell.body))
    return replace(names, binds=names.binds | cell.captured)


def _as_python(statement: MagicStatement) -> str:
    code = _OPTIONS.sub("", statement.rest, count=1)
    runs = statement.name in _RUNS_CODE and not statement.assigned_to and code and parse_again(code) is not None
    return code if runs else statement.stand_in
