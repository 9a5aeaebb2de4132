"""The cells of a notebook that ask the app: their requests, and the Python around these."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbmicro.cells.input_transformer import served_cell
from nbmicro.cells.notebook_cell import MagicCell, NotebookCell, PlainCell
from nbmicro.errors import NbmicroError
from nbmicro.language.items import parse_line
from nbmicro.language.parser import parse_script
from nbmicro.language.syntax import Script
from nbmicro.loading.selection import Selection, Statement, Step

_SHOWN = re.compile(r"[A-Z]+ \S.* → (\d{3}) [A-Z]")


@dataclass(frozen=True)
class Line:
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
class AskedCell:
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
        Whether its author marked it to be passed over.
    """

    cell: NotebookCell
    script: Script | None = None
    lines: tuple[Line, ...] = ()
    python: str = ""
    kept: frozenset[tuple[int, int]] = frozenset()
    is_marked: bool = False

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


def asked_cells(cells: list[NotebookCell], selection: Selection) -> Iterator[AskedCell]:
    """The cells that ask or look, in order."""
    steps = {step.cell.number: step for step in selection.steps}
    for cell in cells:
        step = steps.get(cell.number)
        if step is not None and step.route is not None:
            attempt = _attempt(step)
            if attempt is not None:
                yield AskedCell(cell, lines=(Line(1, attempt),))
            continue
        try:
            cut, _, _ = served_cell(cell.text)
            if isinstance(cut, MagicCell):
                if cut.name == "http" and step is None:
                    yield AskedCell(cell, script=parse_script(cut.line, cut.body), is_marked=cell.is_skipped)
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


def _plain(cell: NotebookCell, cut: PlainCell, step: Step | None) -> AskedCell:
    lines: list[Line] = []
    for one in cut.statements:
        if one.kind == "%" and one.name == "http":
            try:
                script = parse_line(one.rest)
            except NbmicroError:
                script = None
            lines.append(Line(one.line, script, one.assigned_to, bool(one.indent)))
    ast.parse(cut.python)
    kept = {
        (part.node.lineno, part.node.col_offset)
        for part in (step.parts if step is not None else ())
        if isinstance(part, Statement)
    }
    return AskedCell(cell, None, tuple(lines), cut.python, frozenset(kept), cell.is_skipped)
