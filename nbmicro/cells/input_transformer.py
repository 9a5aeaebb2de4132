"""What a cell must be before IPython, or the loader, reads it: the same for both.

Comments and blank lines above the `%%` line move below it, so that the lines below keep their numbers; in `%%http`
a blank line moves as an empty comment, since it would end the headers. Below `%%template` and `%%static` every line
is content that is served, so there they are dropped, and so are `# NBVAL_…` marker lines at the top of the content;
what follows is then counted from the `%%` line on.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Collection, Mapping

from nbmicro.cells.ipython_syntax import MagicStatement, cell_lines, magic_statements, replaced
from nbmicro.cells.magics import CELL_MAGICS, REQUEST_MAGICS
from nbmicro.cells.notebook_cell import MagicCell, PlainCell, split_cell, without_indent
from nbmicro.cells.python_source import TYPED, shown_line, straightened
from nbmicro.errors import CellError
from nbmicro.printable import did_you_mean
from nbmicro.scopes import parse_again

_NBMICRO = re.compile(rf"%%({'|'.join(CELL_MAGICS)})(?=\s|$)")
_MAYBE_NBMICRO = re.compile(rf"%%(?:{'|'.join(CELL_MAGICS)})\b|%(?:{'|'.join(REQUEST_MAGICS)})\b")
_MARKER = re.compile(r"\s*#\s*(?:NBVAL_[A-Z_]+|PYTEST_VALIDATE_[A-Z_]+)\b")
# A header's line; `else:` and its kind are Python's.
_HEADER = re.compile(r"(?!(?:else|try|finally|lambda|except)\b)[A-Za-z][A-Za-z0-9-]*:[ \t]+\S")
_STATUS = re.compile(r"HTTP(?:/[0-9.]+)?[ \t]+(?:[1-5][0-9]{2}|\*)(?=\s|$)")
_FENCE = re.compile(r"\s*(`{3,})")
_MAYBE_MAGIC = re.compile(r"(?:^|=)[ \t]*(%%?)(\w+)", re.MULTILINE)
_SERVES = "Here it is  %serve"
_PASTED: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"\$?\s*(?:python3? -m )?(?:flask|nbmicro)\s(?:.* )?run\b(?!\s*=).*"),
        "a command for a terminal",
        _SERVES,
    ),
    (re.compile(r"\$?\s*(?:export|set) (?:FLASK|NBMICRO)_\w+=.*"), "a setting for a terminal", _SERVES),
    (
        re.compile(r"\$?\s*(curl\s+(?:-|https?:|localhost|[\"']).*)"),
        "a command for a terminal",
        "Here it is  %http {}",
    ),
    (
        re.compile(r"((?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?:/(?!\s)|https?://).*)"),
        "a request, and a plain cell is Python",
        "Write  %http {}",
    ),
    (re.compile(r"(https?://\S+)"), "an address, and a plain cell is Python", "Write  %http {}"),
)
_BEGINS = re.compile(r"\s*(?:\$|flask|nbmicro|python|export|set|curl|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|https?:)")
# A request in the words of HTTPie, wget or PowerShell, or curl with words in front of it.
_MAY_BE_FOREIGN = re.compile(
    r"\s*(?:\$|https?\s|wget\s|Invoke-|iwr\s|irm\s|sudo\s|env\s|\w+=\S*\s+curl\s|\w+\s*=\s*https?\s)", re.I
)
_ASSIGNED = re.compile(r"(\w+)\s*=\s*(http\s+\S.*)")


def transform_cell(text: str) -> str:
    """Make a cell with a magic of nbmicro acceptable to IPython.

    Parameters
    ----------
    text:
        The cell as its editor has it.

    Returns
    -------
    str
        The cell with its ``%%`` line first, a body below it, and no URL that IPython would take for a question. A cell
        without nbmicro's magics is returned as it is.

    Raises
    ------
    CellError
        Code stands above the ``%%`` line, or a second ``%%`` line of nbmicro's stands in the cell, or a request goes on
        below a line that has one percent sign; with the hint.
    """
    if not _MAYBE_NBMICRO.search(text):
        return text
    lines = cell_lines(text)
    first = next((number for number, line in enumerate(lines) if not _is_comment(line)), None)
    if first is None:
        return text
    if lines[first].lstrip().startswith("%%"):
        found = _NBMICRO.match(lines[first].lstrip())
        return text if found is None else _transform_magic(found[1], lines, first)
    return _transform_python(text)


def served_cell(text: str) -> tuple[PlainCell | MagicCell, int, set[str]]:
    """A cell cut as the kernel cuts it, the code of ``%%time`` and ``%%capture`` as if these were not there.

    Returns
    -------
    tuple
        The cell, how many lines stand above its text, and the names that ``%%capture`` would bind.
    """
    cell = split_cell(transform_cell(text))
    above = 0
    captured: set[str] = set()
    while isinstance(cell, MagicCell) and cell.name in ("time", "capture"):
        captured |= cell.captured
        above += cell.first_line
        cell = split_cell(transform_cell(cell.body))
    return cell, above, captured


def _is_comment(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _transform_magic(name: str, lines: list[str], first: int) -> str:
    above, magic, body = lines[:first], lines[first].lstrip(), _dedented(lines, first)
    if name == "route":
        _reject_second(magic, body, first)
    elif name == "http":
        _reject_in_script(body, first)
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


def _reject_second(magic: str, body: list[str], first: int) -> None:
    for statement in magic_statements("\n" + "".join(body)):
        if statement.kind == "%%" and _NBMICRO.match(statement.text):
            raise _second(magic, statement.text, statement.line + first)


def _reject_in_script(body: list[str], first: int) -> None:
    """A `%%` line of nbmicro's among requests would be sent as a header or a body; between fences it is meant so."""
    fence = None
    for number, line in enumerate(body, first + 2):
        found = _FENCE.match(line)
        if found is not None:
            fence = None if fence == found[1] else fence or found[1]
        elif fence is None and _NBMICRO.match(line):
            raise _second("%%http", line.strip(), number)


def _second(first: str, second: str, line: int) -> CellError:
    one, other = first.split()[0], second.split()[0]
    if one == other == "%%http":
        hint = "Cut the cell above that line, or write `###` in its place and the request on the next line."
    else:
        hint = f"Cut the cell above that line: `{second}` begins a cell of its own."
    return CellError(f"a cell has one %% line, its first; line {line} is a second: `{second}`.", hint=hint, line=line)


def _transform_python(text: str) -> str:
    """A plain cell: no `%%` line of nbmicro's below code, and no request whose URL ends in IPython's question mark."""
    plain = without_indent(text)
    statements = magic_statements(plain)
    _reject_half_a_magic(plain, statements)
    for statement in statements:
        if statement.kind == "%%" and _NBMICRO.match(statement.text):
            raise _not_first(statement, statements, cell_lines(plain))
    lines = cell_lines(text)
    for statement in statements:
        if statement.name in REQUEST_MAGICS and statement.rest.endswith("?"):
            last = statement.line + statement.lines - 2
            # IPython looks at the line's last word; for a request ` #` begins a comment.
            ending = lines[last][len(lines[last].rstrip()) :]
            lines[last] = f"{lines[last].rstrip()} #{ending}"
    return "".join(lines)


def _reject_half_a_magic(text: str, statements: tuple[MagicStatement, ...]) -> None:
    """`%http POST /x` above headers and a body: a line magic sees none of them, and to Python they are a mistake."""
    first = statements[0] if statements else None
    if first is None or (first.kind, first.name, first.assigned_to) != ("%", "http", None):
        return
    lines = cell_lines(text)
    if any(not _is_comment(line) for line in lines[: first.line - 1]) or first.lines > 1:
        return
    below = [line.rstrip() for line in lines[first.line :]]
    number = next((index for index, line in enumerate(below) if line), None)
    if number is None or not _is_request_text(below[number:]):
        return
    if parse_again(replaced(text, lambda statement: statement.stand_in)):
        return
    raise CellError(
        f"`{below[number]}` belongs to the request, and `%http` takes no line but its own.",
        hint=f"With two percent signs the cell is the request:  %{first.text}",
        line=first.line + 1 + number,
    )


def _is_request_text(lines: list[str]) -> bool:
    """Whether lines can only be headers, or a JSON body above a status line: what no beginning of Python looks like."""
    head = list(itertools.takewhile(lambda line: _HEADER.match(line) or _is_comment(line), lines))
    if any(_HEADER.match(line) and parse_again(line) is None for line in head):
        return True
    return bool(head or lines[0].startswith(("{", "["))) and any(_STATUS.match(line) for line in lines)


def _not_first(found: MagicStatement, statements: tuple[MagicStatement, ...], lines: list[str]) -> CellError:
    magic = found.text.split()[0]
    above = [line.strip() for line in lines[: found.line - 1] if not _is_comment(line)]
    rest = f" and {len(above) - 1} more" if len(above) > 1 else ""
    what = "that line" if len(above) == 1 else "those lines"
    message = f"{magic} must be the first line of its cell; here it is line {found.line}, below `{above[0]}`{rest}."
    hint = f"Move {what} to a cell above"
    if magic == "%%route" and not any(statement.line < found.line for statement in statements):
        hint += f", or below the {magic} line"
    else:
        hint += f", or cut the cell above the {magic} line" if len(above) > 1 else ""
    return CellError(message, hint=f"{hint}.", line=found.line)


# -- misspelt magics -------------------------------------------------------------------------------------------------


def reject_misspelt(text: str, nbmicros: Mapping[str, Collection[str]], known: Mapping[str, Collection[str]]) -> None:
    """Reject a cell with a magic that nobody knows and that is near one of nbmicro's.

    Parameters
    ----------
    text:
        The cell.
    nbmicros, known:
        The names of nbmicro's magics and of all, by ``"line"`` and ``"cell"``.

    Raises
    ------
    CellError
        With the line as it is meant.
    """
    kinds = {"%": "line", "%%": "cell"}
    if all(name in known[kinds[sign]] for sign, name in _MAYBE_MAGIC.findall(text)):
        return
    first = text.lstrip()
    # Below a `%%` line stands what its magic reads: bash, TeX, a request.
    for statement in magic_statements(first.partition("\n")[0] if first.startswith("%%") else text):
        kind = kinds.get(statement.kind)
        if kind is None or statement.name in known[kind]:
            continue
        meant = _meant(statement.kind, statement.name, nbmicros)
        if meant is not None:
            written = f"{statement.kind}{statement.name}"
            raise CellError(
                f"there is no magic `{written}`.",
                hint=f"Did you mean  {meant}{f' {statement.rest}' if statement.rest else ''}",
                line=statement.line,
            )


def _meant(sign: str, name: str, nbmicros: Mapping[str, Collection[str]]) -> str | None:
    other = "line" if sign == "%%" else "cell"
    same = "cell" if sign == "%%" else "line"
    if name.lower() in nbmicros[same]:
        return f"{sign}{name.lower()}"
    if name.lower() in nbmicros[other]:
        # `%%routes` with a cell below is a misspelt `%%route`, `%route /x` one that lacks a sign.
        near = did_you_mean(name, nbmicros[same], 0.85) if sign == "%%" else None
        return f"{sign}{near}" if near else f"{'%' if sign == '%%' else '%%'}{name.lower()}"
    near = did_you_mean(name.lower(), nbmicros[same], 0.7)
    if near:
        return f"{sign}{near}"
    near = did_you_mean(name.lower(), nbmicros[other], 0.8)
    return f"{'%' if sign == '%%' else '%%'}{near}" if near else None


# -- text that was pasted --------------------------------------------------------------------------------------------


def reject_pasted(text: str, is_command: Callable[[str], bool] = lambda line: False) -> None:
    """Reject a cell whose first line is a command or a request, and Python with a word processor's quotes.

    Parameters
    ----------
    is_command:
        Whether IPython takes a cell of this one line as a command, as `ls` is one without its `%`.

    Raises
    ------
    CellError
        With the line that does it in a notebook, or as it should have been written.
    """
    _reject_typographic(text, is_command)
    if _MAY_BE_FOREIGN.match(text):
        _reject_foreign(text, is_command)
    if not _BEGINS.match(text):
        return
    line, _, rest = text.strip().partition("\n")
    for pattern, what, hint in _PASTED:
        found = pattern.fullmatch(line.strip())
        if found is None:
            continue
        if found.groups() and rest.strip() and (line.split()[0].isupper() or "curl" in found[1][:4]):
            hint = "Begin the cell with a line  %%http"
        raise CellError(f"`{line.strip()}` is {what}.", hint=hint.format(*found.groups()), line=1)


def _reject_foreign(text: str, is_command: Callable[[str], bool]) -> None:
    """Reject a cell that is no Python and begins with another tool's request; the hint has the right cell."""
    from nbmicro.language.foreign_commands import foreign_command
    from nbmicro.language.template import Template

    try:
        ast.parse(text)
        return
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    text = text.strip()
    line = text.partition("\n")[0].rstrip()
    assigned = _ASSIGNED.fullmatch(line)
    if assigned is not None:
        raise CellError(f"`{line}` lacks a percent sign.", hint=f"Write  {assigned[1]} = %{assigned[2]}", line=1)
    error = foreign_command(text, Template(""))
    if error is not None and not is_command(text.partition("\n")[0]):
        raise CellError(error.message, hint=error.hint, line=1)


def _reject_typographic(text: str, is_command: Callable[[str], bool]) -> None:
    """Reject a plain cell whose quotes or spaces are a word processor's, which Python calls invalid characters."""
    if text.isascii() or TYPED.keys().isdisjoint(map(ord, text)) or not isinstance(cell := split_cell(text), PlainCell):
        return
    try:
        ast.parse(cell.python)
    except SyntaxError as error:
        lines = cell.text.split("\n")
        number = min(max(error.lineno or 1, 1), len(lines))
        hint = straightened(error, lines[number - 1])
        only = text.strip()
        # `/f x`, `,f x` and `;f x` are IPython's calls without brackets.
        is_ipythons = lines[number - 1].lstrip().startswith(("/", ",", ";")) or ("\n" not in only and is_command(only))
        if hint is not None and not is_ipythons:
            raise CellError(f"{error.msg}\n{shown_line(lines, number)}", hint=hint, line=number) from None
    except (ValueError, RecursionError, MemoryError):
        return
