"""A notebook's code cell, cut into what IPython would make of it: a cell magic with its body, or Python with magics."""

from __future__ import annotations

import itertools
import linecache
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from nbmicro.cells.ipython_syntax import MagicStatement, cell_lines, magic_statements, replaced

SKIP_TAG = "nbmicro-skip"
#: The tag by which nbclient, and with it nbmake and ``jupyter execute``, leave a cell out: only a person runs it.
NEVER_RUN_TAG = "skip-execution"
_SKIP_LINE = "# nbmicro: skip"
_CELL_MAGIC = re.compile(r"%%(?P<name>[^\s?]*)(?P<asked>\?{1,2}(?=\s|$))?(?P<line>.*)", re.DOTALL)


@dataclass(frozen=True)
class NotebookCell:
    """A code cell as it stands in the file.

    Parameters
    ----------
    number:
        Its place among the code cells that are not empty, from 1.
    text:
        Its source.
    tags:
        Its tags.
    file:
        The notebook's file name, for errors.
    headings:
        The titles in the Markdown cells between the code cell before and this one.
    shown:
        The texts of its stored outputs.
    """

    number: int
    text: str
    tags: frozenset[str]
    file: str
    headings: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    @property
    def first_line(self) -> str:
        """Its first line that is not empty, by which people know it."""
        line = next((line.strip() for line in self.text.splitlines() if line.strip()), "")
        return line if len(line) <= 60 else f"{line[:59]}…"

    @property
    def where(self) -> str:
        """How an error names it: ``app.ipynb, cell 3 (import pandas as pd)``."""
        return f"{self.file}, cell {self.number} ({self.first_line})"

    @property
    def is_skipped(self) -> bool:
        """Whether its author wants it skipped when the notebook is served.

        A kernel runs it, and so does ``nbmicro test`` where it is not :attr:`is_never_run`.

        The mark is a tag, or one of the comments that the cell begins with.
        """
        lines = (line.strip().lower() for line in self.text.splitlines())
        comments = itertools.takewhile(lambda line: not line or line.startswith("#"), lines)
        marked = any(line.startswith(_SKIP_LINE) for line in comments)
        return marked or SKIP_TAG in self.tags or self.is_never_run

    @property
    def is_never_run(self) -> bool:
        """Whether it is left out of tests too."""
        return NEVER_RUN_TAG in self.tags


@dataclass(frozen=True)
class MagicCell:
    """A cell whose first line is a `%%` line.

    Parameters
    ----------
    name:
        The magic's name, without `%%`.
    line:
        What follows the name, without the spaces around it.
    body:
        The lines below.
    source:
        The cell as it is written.
    first_line:
        Which line of `source` the `%%` line is: 1, unless blank lines stand above it.
    """

    name: str
    line: str
    body: str
    source: str
    first_line: int = 1

    @property
    def captured(self) -> frozenset[str]:
        """The name that ``%%capture`` binds: the word of its line that is no option."""
        words = (word for word in self.line.split() if not word.startswith("-"))
        return frozenset(itertools.islice(words, 1)) if self.name == "capture" else frozenset()


@dataclass(frozen=True)
class PlainCell:
    """A cell of Python, in which statements may be IPython's.

    Parameters
    ----------
    source:
        The cell as it is written.
    statements:
        Its magics, commands and questions, in order.
    text:
        The cell without the indent that all of it may have; what `statements` counts lines in. It has as many lines as
        `source`.
    """

    source: str
    statements: tuple[MagicStatement, ...]
    text: str = field(repr=False)

    def rewritten(self, replacement: Callable[[MagicStatement], str]) -> str:
        """The cell with each statement of IPython's replaced by a Python statement of one line, on the same line."""
        return replaced(self.text, replacement)

    @cached_property
    def python(self) -> str:
        """The cell as Python that can be parsed: in a magic's place stands `pass`, or an assignment to its names."""
        return self.rewritten(lambda statement: statement.stand_in)


def split_cell(text: str) -> PlainCell | MagicCell:
    """Cut a code cell as IPython would: see :class:`MagicCell` and :class:`PlainCell`.

    A ``%%magic?`` is a question, and so a plain cell. Cells that came through
    :func:`nbmicro.cells.input_transformer.transform_cell` first are cut as the kernel cuts them.
    """
    plain = without_indent(text)
    lines = cell_lines(plain)
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    found = None if first is None else _CELL_MAGIC.fullmatch(lines[first].rstrip())
    if first is None or found is None or found["asked"]:
        return PlainCell(text, magic_statements(plain), plain)
    name, line = found["name"], found["line"]
    if line and not line[0].isspace():
        name, line = re.split(r"(?<!\s)(?=\s|$)", name + line, maxsplit=1)
    return MagicCell(name, line.strip(), "".join(lines[first + 1 :]), text, first + 1)


def without_indent(text: str) -> str:
    """`text` without the indent of its first line, which IPython takes from every line that has it."""
    lines = cell_lines(text)
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if not indent:
        return text
    return "".join(line.removeprefix(indent) if line.strip() else line for line in lines)


# -- tracebacks ------------------------------------------------------------------------------------------------------


_remembered: set[str] = set()


def cell_filename(label: str) -> str:
    """The file name of a cell's code: ``<GET /boom>``. No counter, id or path: it is the same in every run."""
    return f"<{label}>"


def remember_source(filename: str, source: str) -> None:
    """Let tracebacks show `source` for `filename`; its first line is the cell's ``%%`` line.

    One text stands under a name at a time. Where another cell's handler of the same name answers again (the cell that
    shadowed it is gone, pending declarations were dropped), its text is put back by calling this once more.
    """
    # Without a modification time, linecache.checkcache leaves the entry alone.
    _remembered.add(filename)
    linecache.cache[filename] = (len(source), None, cell_lines(source + "\n"), filename)


def forget_sources() -> None:
    """Take away every text that was put there, for a host that leaves."""
    while _remembered:
        linecache.cache.pop(_remembered.pop(), None)
