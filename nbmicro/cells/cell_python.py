"""The Python of a plain cell, statement by statement, with the line numbers of the cell."""

from __future__ import annotations
import __future__

import ast
from types import CodeType

from nbmicro.cells.notebook_cell import NotebookCell
from nbmicro.cells.python_source import shown_line
from nbmicro.cells.statement_names import compile_statement
from nbmicro.errors import LoadError


class CellPython:
    """A cell as Python.

    Parameters
    ----------
    cell:
        The cell, for errors.
    text:
        Its source with Python in the place of every magic; as many lines as the cell.
    filename:
        What tracebacks call it.

    Raises
    ------
    LoadError
        It is not Python; with the line.
    """

    def __init__(self, cell: NotebookCell, text: str, filename: str) -> None:
        self.cell = cell
        self.text = text
        self.filename = filename
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            tree = compile(text, filename, "exec", flags, dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise self._fault(error) from None
        self.statements: list[ast.stmt] = _WithoutScreen().visit(tree).body
        self._future = 0
        for node in self.statements:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    self._future |= getattr(__future__, alias.name).compiler_flag

    def compiled(self, node: ast.stmt) -> CodeType:
        """The code of one of its statements; LoadError where the compiler refuses it, as a ``return`` there."""
        try:
            return compile_statement(node, self.filename, self._future)
        except (SyntaxError, ValueError) as error:
            raise self._fault(error) from None

    def error(self, message: str, line: int, *, hint: str | None = None, show: bool = False) -> LoadError:
        """An error at a line of the cell, which is shown where that says more than the message."""
        text = f"{message}\n{shown_line(self.text.split(chr(10)), line)}" if show else message
        return LoadError(text, hint=hint, where=self.cell.where, line=line)

    def _fault(self, error: SyntaxError | ValueError) -> LoadError:
        if isinstance(error, SyntaxError):
            return self.error(f"{error.msg}.", error.lineno or 1, show=True)
        return self.error(f"Python cannot read the cell: {error}", 1)


class _WithoutScreen(ast.NodeTransformer):
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
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return range(first, (node.end_lineno or node.lineno) + 1)


def is_silent(node: ast.stmt) -> bool:
    """Whether there is nothing to run: ``pass``, or a bare constant, which run alone would become ``__doc__``."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
