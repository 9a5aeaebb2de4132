"""The cells of a notebook that send requests: in the request language, and in plain Python as ``client.get("/")``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbmicro.cells.input_transformer import served_cell
from nbmicro.cells.notebook_cell import MagicCell, NotebookCell, PlainCell
from nbmicro.errors import NbmicroError
from nbmicro.http.methods import CLIENT_METHODS
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.language.syntax import Script
from nbmicro.loading.selection import Selection, Statement, Step

_SHOWN = re.compile(r"[A-Z]+ \S.* → (\d{3}) [A-Z]")


@dataclass(frozen=True)
class RequestLine:
    """A ``%http`` statement, or a ``--try``.

    Parameters
    ----------
    number:
        Its line in the cell's Python.
    script:
        What it sends; None where it cannot be read.
    target:
        What its exchange is assigned to.
    is_nested:
        Whether it stands within another statement.
    """

    number: int
    script: Script | None
    target: str | None = None
    is_nested: bool = False


@dataclass(frozen=True)
class RequestCell:
    """A cell that sends requests, or looks at what was sent.

    Parameters
    ----------
    cell:
        The cell.
    script:
        The requests of a ``%%http`` cell.
    lines:
        Those of other cells.
    python:
        The Python around them, with an assignment of None in the place of each.
    kept:
        The lines and columns of the statements that the module has, which are no part of the test.
    is_marked:
        Whether its author marked it to be skipped.
    """

    cell: NotebookCell
    script: Script | None = None
    lines: tuple[RequestLine, ...] = ()
    python: str = ""
    kept: frozenset[tuple[int, int]] = frozenset()
    is_marked: bool = False

    @property
    def number(self) -> int:
        """The cell's number."""
        return self.cell.number

    @property
    def statuses(self) -> list[int]:
        """The statuses that the stored outputs show, one for each request; of followed redirects the last."""
        found: list[int] = []
        for text in self.cell.shown:
            last = None
            for line in text.split("\n"):
                shown = _SHOWN.match(line)
                if shown is None:
                    break
                last = int(shown[1])
            if last is not None:
                found.append(last)
        return found


def request_cells(cells: list[NotebookCell], selection: Selection) -> Iterator[RequestCell]:
    """The cells that send requests or look at what was sent, in order."""
    steps = {step.cell.number: step for step in selection.steps}
    for cell in cells:
        if cell.is_never_run:
            continue
        step = steps.get(cell.number)
        if step is not None and step.route is not None:
            attempt = _attempt(step)
            if attempt is not None:
                yield RequestCell(cell, lines=(RequestLine(1, attempt),))
            continue
        try:
            cut, _, _ = served_cell(cell.text)
            if isinstance(cut, MagicCell):
                if cut.name == "http" and step is None:
                    yield RequestCell(cell, script=parse_script(cut.line, cut.body), is_marked=cell.is_skipped)
                continue
            found = _plain(cell, cut, step)
        except (NbmicroError, SyntaxError, ValueError):
            # A marked cell may hold anything.
            continue
        yield found


def _attempt(step: Step) -> Script | None:
    route = step.route.line if step.route is not None else None
    if route is None or route.attempt is None:
        return None
    url = None if route.parameters else route.rule
    try:
        return parse_line(route.attempt, method=route.methods[0], url=url)
    except NbmicroError:
        return None


def _plain(cell: NotebookCell, cut: PlainCell, step: Step | None) -> RequestCell:
    lines: list[RequestLine] = []
    for one in cut.statements:
        if one.kind == "%" and one.name == "http":
            try:
                script = parse_line(one.rest)
            except NbmicroError:
                script = None
            lines.append(RequestLine(one.line, script, one.assigned_to, bool(one.indent)))
    ast.parse(cut.python)
    kept = {
        (part.node.lineno, part.node.col_offset)
        for part in (step.parts if step is not None else ())
        if isinstance(part, Statement)
    }
    return RequestCell(cell, None, tuple(lines), cut.python, frozenset(kept), cell.is_skipped)


# -- requests in plain Python ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClientCall:
    """A request of a statement.

    Parameters
    ----------
    node:
        The call.
    method:
        Its HTTP method.
    url:
        What it asks for; None where that is known only when it runs.
    """

    node: ast.Call
    method: str
    url: str | None


def client_calls(statement: ast.AST) -> list[ClientCall]:
    """The requests that a statement sends itself, in the order of its text; those of a function it defines are none."""
    found = [
        ClientCall(node, node.func.attr.upper(), _url_of(node))
        for node in _run_at_once(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in map(str.lower, CLIENT_METHODS)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "client"
    ]
    return sorted(found, key=lambda call: (call.node.lineno, call.node.col_offset))


def _url_of(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _run_at_once(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _run_at_once(child)
