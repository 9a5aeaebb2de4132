"""The names a cell binds and reads: what it needs from the cells above, and what the cells below may need from it."""

from __future__ import annotations

import ast
import dis
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import CO_OPTIMIZED
from types import CodeType

from nbmicro.cells.ipython_syntax import MagicStatement
from nbmicro.cells.notebook_cell import MagicCell, PlainCell, split_cell
from nbmicro.cells.python_source import compile_tree, parse_again, parse_source, same_newlines
from nbmicro.cells.route_cell import RouteCell
from nbmicro.cells.top_level import TopLevel
from nbmicro.errors import CellError

_RUNS_CODE = frozenset({"time", "timeit", "prun", "memit", "mprun", "lprun"})
_PYTHON_BODY = _RUNS_CODE | {"capture"}
_OPTIONS = re.compile(r"(?:-[a-zA-Z]\s*\d*\s+|--\S+\s+)*")
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


@dataclass(frozen=True)
class CellNames:
    """The names of a cell.

    Parameters
    ----------
    binds:
        What running it binds in the notebook.
    reads:
        What running it reads before it has surely bound it; names of builtins among them.
    later:
        What the functions defined in it read from the notebook when they are called.
    rebinds:
        What those functions bind in the notebook with `global`.
    star:
        Whether it also binds names that cannot be known (`from x import *`).
    """

    binds: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    rebinds: frozenset[str] = frozenset()
    star: bool = False


def cell_names(cell: PlainCell | MagicCell) -> CellNames:
    """The names of a plain cell, or of a `%%time`, `%%capture` and the like, whose body is Python.

    Any other `%%` cell has none here: a `%%route` cell's are :func:`handler_names`, and the names a `%%http` cell
    captures are known to the request language.

    Raises
    ------
    CellError
        The cell is not Python; with its line.
    """
    if isinstance(cell, PlainCell):
        return _names(cell.rewritten(_as_python))
    if cell.name not in _PYTHON_BODY:
        return CellNames()
    found = cell_names(split_cell(cell.body))
    words = [word for word in cell.line.split() if not word.startswith("-")]
    captured = frozenset(words[:1]) if cell.name == "capture" else frozenset()
    return CellNames(found.binds | captured, found.reads, found.later, found.rebinds, found.star)


def handler_names(cell: RouteCell) -> CellNames:
    """The names of a `%%route` cell: a body binds nothing and reads only when it answers."""
    if cell.form == "function":
        return _collected(cell.tree, cell.code)
    later, rebinds = _globals(cell.code)
    return CellNames(later=later, rebinds=rebinds)


def _as_python(found: MagicStatement) -> str:
    if found.assigned_to:
        return f"{found.assigned_to} = None"
    code = _OPTIONS.sub("", found.rest, count=1)
    if found.name not in _RUNS_CODE or not code:
        return "pass"
    return "pass" if parse_again(code) is None else code


def _names(text: str) -> CellNames:
    text = same_newlines(text)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    # What Python warns of, it warns of when the cell runs.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = parse_source(text, filename="<cell>", where="the cell", magic=False)
        code = compile_tree(tree, source=text, filename="<cell>", where="the cell", flags=flags)
    return _collected(tree, code)


def _collected(tree: ast.Module, code: CodeType) -> CellNames:
    top = TopLevel()
    try:
        top.run(tree.body)
    except RecursionError:
        raise CellError("the cell is nested too deeply to find its names.", line=1) from None
    later, rebinds = _globals(code)
    return CellNames(frozenset(top.binds), frozenset(top.reads), later, rebinds, top.star)


def _globals(code: CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """What the functions in `code` read and bind of the notebook; the compiler knows every scope."""
    reads: set[str] = set()
    binds: set[str] = set()
    for nested in _functions(code):
        own = {found.argval for found in dis.get_instructions(nested) if found.opname == "STORE_NAME"}
        for found in dis.get_instructions(nested):
            if found.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS") and found.argval not in own:
                reads.add(found.argval)
            elif found.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                binds.add(found.argval)
    return frozenset(reads), frozenset(binds)


def _functions(code: CodeType, *, now: bool = True) -> Iterator[CodeType]:
    """The code in `code` that runs later: not classes and comprehensions that run with it."""
    for nested in code.co_consts:
        if isinstance(nested, CodeType):
            runs_now = now and (not nested.co_flags & CO_OPTIMIZED or nested.co_name in _COMPREHENSIONS)
            if not runs_now:
                yield nested
            yield from _functions(nested, now=runs_now)
