"""What belongs into a terminal or a `.http` file and was pasted into a plain cell: `flask run`, `GET /x`, `curl …`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from nbmicro.cells.notebook_cell import PlainCell, split_cell
from nbmicro.cells.python_source import TYPED, shown_line, straightened
from nbmicro.errors import CellError

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
        "Here it is  %http --curl '{}'",
    ),
    (
        re.compile(r"((?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?:/(?!\s)|https?://).*)"),
        "a request, and a plain cell is Python",
        "Write  %http {}",
    ),
    (re.compile(r"(https?://\S+)"), "an address, and a plain cell is Python", "Write  %http {}"),
)
_BEGINS = re.compile(r"\s*(?:\$|flask|nbmicro|python|export|set|curl|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|https?:)")


def refuse_pasted(text: str, is_command: Callable[[str], bool] = lambda line: False) -> None:
    """Refuse a cell whose first line is a command or a request, and Python with a word processor's quotes.

    Parameters
    ----------
    is_command:
        Whether IPython takes a cell of this one line as a command, as `ls` is one without its `%`.

    Raises
    ------
    CellError
        With the line that does it in a notebook, or as it should have been written.
    """
    _refuse_typographic(text, is_command)
    if not _BEGINS.match(text):
        return
    line, _, rest = text.strip().partition("\n")
    for pattern, what, hint in _PASTED:
        found = pattern.fullmatch(line.strip())
        if found is None:
            continue
        if found.groups() and rest.strip() and line.split()[0].isupper():
            hint = "Begin the cell with a line  %%http"
        raise CellError(f"`{line.strip()}` is {what}.", hint=hint.format(*found.groups()), line=1)


def _refuse_typographic(text: str, is_command: Callable[[str], bool]) -> None:
    """Refuse a plain cell whose quotes or spaces are a word processor's, which Python calls invalid characters."""
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
