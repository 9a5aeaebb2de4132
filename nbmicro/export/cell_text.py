"""The text of a cell's statements: as they stand in it with their comments, indented, and with names replaced."""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbmicro.scopes import first_line, names_of

_MARK = re.compile(r"\s*#\s*(?:NBVAL_[A-Z_]+|PYTEST_VALIDATE_[A-Z_]+|nbmicro:.*)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Cut:
    """A statement of a cell.

    Parameters
    ----------
    node:
        The statement.
    text:
        Its text, with a comment behind it.
    comments:
        The comment lines above it, with the empty lines between them.
    gap:
        How many empty lines stood above it and its comments.
    """

    node: ast.stmt
    text: str
    comments: str
    gap: int

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the cell: its line and column."""
        return self.node.lineno, self.node.col_offset

    def commented(self, text: str | None = None) -> str:
        """Its text, or another, below its comments."""
        text = self.text if text is None else text
        return f"{self.comments}\n{text}" if self.comments else text


def cut(text: str, nodes: Sequence[ast.stmt]) -> Iterator[Cut]:
    """Cut a cell at its statements.

    Parameters
    ----------
    text:
        The cell, as Python.
    nodes:
        All its top-level statements, in order.
    """
    lines = text.split("\n")
    ended = 0
    number = 0
    while number < len(nodes):
        node = nodes[number]
        first = first_line(node)
        together = [node]
        while number + len(together) < len(nodes) and first_line(nodes[number + len(together)]) <= _last_line(
            together[-1]
        ):
            together.append(nodes[number + len(together)])
        above = lines[ended : first - 1]
        gap = next((count for count, line in enumerate(above) if line.strip()), len(above))
        comments = _comments(above)
        number += len(together)
        ended = _last_line(together[-1])
        # A comment at the cell's end belongs to the last statement.
        below = _below(lines[ended:]) if number == len(nodes) else ""
        for count, one in enumerate(together):
            whole = len(together) == 1
            text = _statement(lines, one, whole=whole) + (below if one is together[-1] else "")
            yield Cut(one, text, "" if count else comments, 0 if count else gap)


def _below(rest: list[str]) -> str:
    kept = _comments(rest)
    gap = next((count for count, line in enumerate(rest) if line.strip()), 0)
    return f"\n{chr(10) * gap}{kept}" if kept else ""


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _comments(above: list[str]) -> str:
    kept = [line.rstrip() for line in above if not _MARK.fullmatch(line)]
    return "\n".join(kept).strip("\n")


def _statement(lines: list[str], node: ast.stmt, *, whole: bool) -> str:
    """The text of a statement: its lines, if they are its own, else what stands between its ends."""
    first, last = first_line(node), _last_line(node)
    end = len(lines[last - 1].encode()[: node.end_col_offset].decode())
    behind = lines[last - 1][end:]
    if not whole or first != node.lineno:
        start = 0 if first != node.lineno else len(lines[first - 1].encode()[: node.col_offset].decode())
    else:
        start = 0
    chosen = lines[first - 1 : last]
    chosen[-1] = chosen[-1][:end]
    chosen[0] = chosen[0][start:]
    comment = behind.strip().lstrip(";").strip() if whole else ""
    if comment.startswith("#"):
        chosen[-1] += f"  {comment}"
    return "\n".join(line.rstrip() if number == len(chosen) - 1 else line for number, line in enumerate(chosen))


def indented(text: str, *, docstring: bool = False) -> str:
    """Put four spaces before every line that is not the inside of a string; before those of a docstring, too.

    Parameters
    ----------
    text:
        Statements.
    docstring:
        Whether the first of them is a docstring.
    """
    inside = _inside_strings(text) - (lines_with_docstring(text) if docstring else set())
    lines = text.split("\n")
    return "\n".join(
        line if number in inside or not line.strip() else f"    {line}" for number, line in enumerate(lines, 1)
    )


def lines_with_docstring(text: str) -> set[int]:
    """The lines of the first statement, if that is a string."""
    body = ast.parse(text).body
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return set()


def _inside_strings(text: str) -> set[int]:
    """The lines that begin within a string."""
    inside: set[int] = set()
    opened: list[int] = []
    names = {
        getattr(tokenize, name, -1): name for name in ("FSTRING_START", "FSTRING_END", "TSTRING_START", "TSTRING_END")
    }
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = names.get(token.type, "")
        if token.type == tokenize.STRING:
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
        elif kind.endswith("_START"):
            opened.append(token.start[0])
        elif kind.endswith("_END"):
            inside.update(range(opened.pop() + 1, token.end[0] + 1))
    return inside


# -- names -----------------------------------------------------------------------------------------------------------


class Unwritable(Exception):
    """Something of a request that has no place in a test; its message says what."""


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """The first of ``name``, ``name_2``, ``name_3`` … that is not taken."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if not is_taken(each))


def read_in(text: str) -> set[str]:
    """The names that an expression or statements read and do not bind themselves."""
    return {node.id for node in names_of(ast.parse(text.strip("\n")).body).free}


def bound_in(text: str) -> set[str]:
    """The names that statements bind at their top level."""
    return set(names_of(ast.parse(text).body).binds)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A text in which each free name of ``names`` stands as its value.

    Raises
    ------
    Unwritable
        One of them stands where it cannot be replaced.
    """
    lines = [line.encode() for line in text.split("\n")]
    for node in reversed(names_of(ast.parse(text).body).free):
        if not isinstance(node.ctx, ast.Load) or names.get(node.id, node.id) == node.id:
            continue
        line, start = lines[node.lineno - 1], node.col_offset
        end = start + len(node.id.encode())
        if line[start:end].decode(errors="replace") != node.id:
            # Before Python 3.12 nobody knows where in an f-string a name stands.
            raise Unwritable(f"`{node.id}` stands in an f-string")
        lines[node.lineno - 1] = line[:start] + names[node.id].encode() + line[end:]
    return b"\n".join(lines).decode()
