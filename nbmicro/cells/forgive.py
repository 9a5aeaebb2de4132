"""The one input transformer: what a cell with a magic of ours may have above its `%%` line, and what it may not.

Comments and blank lines above the `%%` line move below it, so that the lines below keep their numbers; in `%%http`
a blank line moves as an empty comment, since it would end the headers. Below `%%template` and `%%static` every line
is content that is served, so there they are dropped, and so are `# NBVAL_…` marker lines at the top of the content;
what follows is then counted from the `%%` line on.
"""

from __future__ import annotations

import itertools
import re

from nbmicro.cells.ipython_syntax import MagicStatement, cell_lines, magic_statements, replaced
from nbmicro.cells.magics import CELL_MAGICS, REQUEST_MAGICS
from nbmicro.cells.notebook_cell import without_indent
from nbmicro.errors import CellError
from nbmicro.scopes import parse_again

_OURS = re.compile(rf"%%({'|'.join(CELL_MAGICS)})(?=\s|$)")
_MAYBE_OURS = re.compile(rf"%%(?:{'|'.join(CELL_MAGICS)})\b|%(?:{'|'.join(REQUEST_MAGICS)})\b")
_MARKER = re.compile(r"\s*#\s*(?:NBVAL_[A-Z_]+|PYTEST_VALIDATE_[A-Z_]+)\b")
# A header's line; `else:` and its kind are Python's.
_HEADER = re.compile(r"(?!(?:else|try|finally|lambda|except)\b)[A-Za-z][A-Za-z0-9-]*:[ \t]+\S")
_STATUS = re.compile(r"HTTP(?:/[0-9.]+)?[ \t]+(?:[1-5][0-9]{2}|\*)(?=\s|$)")
_FENCE = re.compile(r"\s*(`{3,})")


def tidy_cell(text: str) -> str:
    """Make a cell of ours acceptable to IPython.

    Parameters
    ----------
    text:
        The cell as its editor has it.

    Returns
    -------
    str
        The cell with its ``%%`` line first, a body below it, and no URL that IPython would take for a question. A cell
        without our magics is returned as it is.

    Raises
    ------
    CellError
        Code stands above the ``%%`` line, or a second ``%%`` line of ours stands in the cell, or a request goes on
        below a line that has one percent sign; with the cure.
    """
    if not _MAYBE_OURS.search(text):
        return text
    lines = cell_lines(text)
    first = next((number for number, line in enumerate(lines) if not _is_remark(line)), None)
    if first is None:
        return text
    if lines[first].lstrip().startswith("%%"):
        found = _OURS.match(lines[first].lstrip())
        return text if found is None else _tidy_magic(found[1], lines, first)
    return _tidy_python(text)


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _tidy_magic(name: str, lines: list[str], first: int) -> str:
    above, magic, body = lines[:first], lines[first].lstrip(), _dedented(lines, first)
    if name == "route":
        _refuse_second(magic, body, first)
    elif name == "http":
        _refuse_in_script(body, first)
        above = [line if line.strip() else "#" + line.lstrip(" \t") for line in above]
    else:
        above = []
        while body and _MARKER.match(body[0]):
            body = body[1:]
    if not magic.endswith("\n"):
        magic += "\n"
    below = "".join([*(line.lstrip(" \t") for line in above), *body])
    return magic + (below or "\n")


def _dedented(lines: list[str], first: int) -> list[str]:
    """The lines below the `%%` line without its own indent, if all of them have it."""
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    below = lines[first + 1 :]
    if not indent or not all(line.startswith(indent) for line in below if line.strip()):
        return below
    return [line.removeprefix(indent) for line in below]


def _refuse_second(magic: str, body: list[str], first: int) -> None:
    for statement in magic_statements("\n" + "".join(body)):
        if statement.kind == "%%" and _OURS.match(statement.text):
            raise _second(magic, statement.text, statement.line + first)


def _refuse_in_script(body: list[str], first: int) -> None:
    """A `%%` line of ours among requests would be sent as a header or a body; between fences it is meant so."""
    fence = None
    for number, line in enumerate(body, first + 2):
        found = _FENCE.match(line)
        if found is not None:
            fence = None if fence == found[1] else fence or found[1]
        elif fence is None and _OURS.match(line):
            raise _second("%%http", line.strip(), number)


def _second(first: str, second: str, line: int) -> CellError:
    one, other = first.split()[0], second.split()[0]
    if one == other == "%%http":
        hint = "Cut the cell above that line, or write `###` in its place and the request on the next line."
    else:
        hint = f"Cut the cell above that line: `{second}` begins a cell of its own."
    return CellError(f"a cell has one %% line, its first; line {line} is a second: `{second}`.", hint=hint, line=line)


def _tidy_python(text: str) -> str:
    """A plain cell: none of our `%%` lines below code, and no request whose URL ends in IPython's question mark."""
    plain = without_indent(text)
    statements = magic_statements(plain)
    _refuse_half_a_magic(plain, statements)
    for statement in statements:
        if statement.kind == "%%" and _OURS.match(statement.text):
            raise _not_first(statement, statements, cell_lines(plain))
    lines = cell_lines(text)
    for statement in statements:
        if statement.name in REQUEST_MAGICS and statement.rest.endswith("?"):
            last = statement.line + statement.lines - 2
            # IPython looks at the line's last word; for a request ` #` begins a comment.
            ending = lines[last][len(lines[last].rstrip()) :]
            lines[last] = f"{lines[last].rstrip()} #{ending}"
    return "".join(lines)


def _refuse_half_a_magic(text: str, statements: tuple[MagicStatement, ...]) -> None:
    """`%http POST /x` above headers and a body: a line magic sees none of them, and to Python they are a mistake."""
    first = statements[0] if statements else None
    if first is None or (first.kind, first.name, first.assigned_to) != ("%", "http", None):
        return
    lines = cell_lines(text)
    if any(not _is_remark(line) for line in lines[: first.line - 1]) or first.lines > 1:
        return
    below = [line.rstrip() for line in lines[first.line :]]
    number = next((index for index, line in enumerate(below) if line), None)
    if number is None or not _is_request_text(below[number:]):
        return
    if parse_again(replaced(text, lambda found: f"{found.assigned_to} = None" if found.assigned_to else "pass")):
        return
    raise CellError(
        f"`{below[number]}` belongs to the request, and `%http` takes no line but its own.",
        hint=f"With two percent signs the cell is the request:  %{first.text}",
        line=first.line + 1 + number,
    )


def _is_request_text(lines: list[str]) -> bool:
    """Whether lines can only be headers, or a JSON body above a status line: what no beginning of Python looks like."""
    head = list(itertools.takewhile(lambda line: _HEADER.match(line) or _is_remark(line), lines))
    if any(_HEADER.match(line) and parse_again(line) is None for line in head):
        return True
    return bool(head or lines[0].startswith(("{", "["))) and any(_STATUS.match(line) for line in lines)


def _not_first(found: MagicStatement, statements: tuple[MagicStatement, ...], lines: list[str]) -> CellError:
    magic = found.text.split()[0]
    above = [line.strip() for line in lines[: found.line - 1] if not _is_remark(line)]
    rest = f" and {len(above) - 1} more" if len(above) > 1 else ""
    what = "that line" if len(above) == 1 else "those lines"
    message = f"{magic} must be the first line of its cell; here it is line {found.line}, below `{above[0]}`{rest}."
    hint = f"Move {what} to a cell above"
    if magic == "%%route" and not any(statement.line < found.line for statement in statements):
        hint += f", or below the {magic} line"
    else:
        hint += f", or cut the cell above the {magic} line" if len(above) > 1 else ""
    return CellError(message, hint=f"{hint}.", line=found.line)
