"""The Python of a cell: parsed and compiled with the cell's own line numbers, its errors as `CellError`."""

from __future__ import annotations

import ast
import re
from keyword import kwlist
from types import CodeType

from nbmicro.cells.ipython_syntax import MagicStatement, magic_statements
from nbmicro.errors import CellError
from nbmicro.printable import did_you_mean

_BLOCKS = ("if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class", "match", "case")
_STATEMENTS = (*_BLOCKS, "return", "yield", "raise", "import", "from", "global", "assert", "async", "await", "del")
TYPED = {
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\xab\xbb\u2033"), '"'),
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b\u2032"), "'"),
    **dict.fromkeys(map(ord, "\xa0\u202f"), " "),
}
"""What word processors and web pages make of quotes and spaces, and what a keyboard has."""
_TOO_MUCH = (ValueError, RecursionError, MemoryError, OverflowError)


def same_newlines(text: str) -> str:
    """`text` with one kind of newline, as Python itself reads it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def shown_line(lines: list[str], number: int) -> str:
    """One line of the cell as an error shows it: ``    2 │ greeting = …``."""
    text = lines[number - 1].rstrip() if 0 < number <= len(lines) else ""
    return f"{number:>5} │ {text}"


def parse_source(source: str, *, filename: str, where: str, magic: bool = True) -> ast.Module:
    """Parse a whole cell, so that the tree counts lines as the editor does.

    Parameters
    ----------
    source:
        The cell's text.
    magic:
        Whether its first line is a ``%%`` line, which is no Python.
    filename:
        What warnings and tracebacks call the cell.
    where:
        What an error calls it.

    Raises
    ------
    CellError
        The text is not Python: with line, column, the line itself and Python's own message.
    """
    lines = source.split("\n")
    try:
        return ast.parse("\n".join(["", *lines[1:]]) if magic else source, filename)
    except SyntaxError as error:
        raise _fault(error, lines, where, in_bytes=False) from None
    except _TOO_MUCH as error:
        raise CellError(f"Python cannot read the cell: {error}", where=where, line=1) from None


def compile_tree(tree: ast.Module, *, source: str, filename: str, where: str, flags: int = 0) -> CodeType:
    """Compile a cell's tree; no flag of ours (`from __future__ import annotations`) reaches it.

    Raises
    ------
    CellError
        Python refuses it: `break` outside a loop, a name that is local and global, and the like.
    """
    try:
        code: CodeType = compile(tree, filename, "exec", flags=flags, dont_inherit=True)
    except SyntaxError as error:
        raise _fault(error, source.split("\n"), where, in_bytes=True) from None
    except _TOO_MUCH as error:
        raise CellError(f"Python cannot compile the cell: {error}", where=where, line=1) from None
    return code


def _fault(error: SyntaxError, lines: list[str], where: str, *, in_bytes: bool) -> CellError:
    line = min(max(error.lineno or 1, 1), len(lines))
    text = lines[line - 1]
    column = error.offset or 1
    if in_bytes:
        # A tree counts columns in UTF-8 bytes; without the text at hand, the compiler leaves them so.
        column = len(text.encode("utf-8", "replace")[: column - 1].decode("utf-8", "replace")) + 1
    column = min(max(column, 1), len(text) + 1)
    before = "".join(character if character == "\t" else " " for character in text[: column - 1])
    message = f"{error.msg}\n{shown_line(lines, line)}\n{' ' * 8}{before}^"
    hint = _hint(error, text) or _async_hint(error, lines[:line])
    return CellError(message, hint=hint, where=where, line=line, column=column)


def _async_hint(error: SyntaxError, lines: list[str]) -> str | None:
    """An `await` in a function that is not async: the line that begins the function."""
    if not re.search(r"outside (?:of an )?async", error.msg or ""):
        return None
    found = next((line.strip() for line in reversed(lines) if re.match(r"\s*def\b", line)), None)
    return f"Only an async function may await. Write  async {found}" if found else None


def _hint(error: SyntaxError, text: str) -> str | None:
    if isinstance(error, IndentationError) and error.msg == "unexpected indent":
        return "The lines of a %%route cell begin at the left edge: the cell itself is the function's body."
    if "is parameter and global" in error.msg:
        return "A value of the path is the handler's own name. Give the parameter in the rule another one."
    if "used prior to global" in error.msg or "assigned to before global" in error.msg:
        return "A `global` line stands first in the cell."
    if straight := straightened(error, text):
        return straight
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    near = did_you_mean(word, _STATEMENTS, 0.75) if word.isidentifier() and word not in kwlist else None
    if error.msg == "invalid syntax" and near and text.strip() != word:
        return f"Did you mean `{near}`?"
    if error.msg == "invalid syntax" and text.rstrip().endswith(":") and word not in _BLOCKS:
        return f"A line that ends with a colon begins with one of: {' '.join(_BLOCKS)}."
    if error.msg.startswith("unterminated string"):
        return "A string ends with the quote that it began with, on the same line."
    if error.msg.startswith("expected an indented block"):
        return "Indent the lines below by four spaces."
    if text.lstrip().startswith(("<", "{%", "{{")):
        return "A page's HTML goes into a template (%%template page.html), or into a string."
    return None


def straightened(error: SyntaxError, text: str) -> str | None:
    """The line of an error that a word processor's quotes or spaces made, as it should have been written."""
    found = re.match(r"invalid (?:non-printable )?character.*U\+([0-9A-F]+)", error.msg or "")
    typed = TYPED.get(int(found[1], 16)) if found else None
    if typed is None:
        return None
    what = "A space in code is a plain one" if typed == " " else "Quotes in code are straight"
    return f"{what}. Write  {text.translate(TYPED).strip()}"


def refuse_ipython(source: str, *, where: str) -> None:
    """Refuse the statements of a `%%route` cell that only IPython understands.

    Raises
    ------
    CellError
        At the first of them, with what to do instead.
    """
    for statement in magic_statements("\n" + source.partition("\n")[2]):
        shown = shown_line(source.split("\n"), statement.line)
        message = (
            f"{_named(statement)}, and a handler is plain Python: it also answers where there is no notebook.\n{shown}"
        )
        raise CellError(message, hint=_instead(statement), where=where, line=statement.line)


def _named(statement: MagicStatement) -> str:
    if statement.kind == "!":
        return f"`!{statement.rest}` is IPython's way to run a command"
    if statement.kind == "?":
        return f"`{statement.text}` is IPython's way to ask for help"
    return f"`{statement.kind}{statement.name}` is a magic of IPython"


def _instead(statement: MagicStatement) -> str:
    if statement.kind == "!":
        return "Run it in a cell of its own; in a handler, use subprocess.run(…)."
    if statement.kind == "?":
        return f"Ask in a cell of its own:  {statement.text}"
    if statement.kind == "%%":
        return f"Cut the cell above line {statement.line}: a cell has one %% line, its first."
    if statement.name == "http":
        return "Send the request from the next cell, or end the %%route line with --try."
    if statement.name in ("time", "timeit"):
        return "Measure the whole request from another cell:  %http / --show time"
    return "Write it in a cell of its own."
