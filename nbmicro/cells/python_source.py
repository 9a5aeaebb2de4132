"""The Python of a cell: parsed and compiled with the cell's own line numbers, its errors as `CellError`."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
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


def shown_line(lines: Sequence[str], number: int) -> str:
    """One line of the cell as an error shows it: ``    2 │ greeting = …``."""
    text = lines[number - 1].rstrip() if 0 < number <= len(lines) else ""
    return f"{number:>5} │ {text}"


class CellSource:
    """The text of a cell, whose errors count lines as its editor does.

    Parameters
    ----------
    text:
        The whole cell.
    where:
        What errors call it.
    filename:
        What warnings and tracebacks call it.
    """

    def __init__(self, text: str, *, where: str, filename: str = "<cell>") -> None:
        self.text = text
        self.where = where
        self.filename = filename
        self.lines = text.split("\n")

    def error(self, message: str, hint: str | None, *lines: int) -> CellError:
        """An error at the last of ``lines``, all of which it shows."""
        shown = "".join(f"\n{shown_line(self.lines, line)}" for line in lines)
        return CellError(f"{message}{shown}", hint=hint, where=self.where, line=lines[-1])

    def parse(self, *, magic: bool = True) -> ast.Module:
        """The tree of the cell, whose first line is a ``%%`` line if ``magic``, and no Python.

        Raises
        ------
        CellError
            The text is not Python: with line, column, the line itself and Python's own message.
        """
        try:
            return ast.parse("\n".join(["", *self.lines[1:]]) if magic else self.text, self.filename)
        except SyntaxError as error:
            raise self._syntax_error(error, in_bytes=False) from None
        except _TOO_MUCH as error:
            raise CellError(f"Python cannot read the cell: {error}", where=self.where, line=1) from None

    def compile(self, tree: ast.Module) -> CodeType:
        """The code of a tree of the cell; no flag of this module (`from __future__ import annotations`) reaches it.

        Raises
        ------
        CellError
            Python rejects it: `break` outside a loop, a name that is local and global, and the like.
        """
        try:
            code: CodeType = compile(tree, self.filename, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise self._syntax_error(error, in_bytes=True) from None
        except _TOO_MUCH as error:
            raise CellError(f"Python cannot compile the cell: {error}", where=self.where, line=1) from None
        return code

    def reject_ipython(self) -> None:
        """CellError at the first statement below the ``%%`` line that only IPython understands."""
        for statement in magic_statements("\n" + self.text.partition("\n")[2]):
            message = f"{_described(statement)}, and a handler is plain Python"
            message += ": it also answers where there is no notebook."
            raise self.error(message, _instead(statement), statement.line)

    def _syntax_error(self, error: SyntaxError, *, in_bytes: bool) -> CellError:
        line = min(max(error.lineno or 1, 1), len(self.lines))
        text = self.lines[line - 1]
        column = error.offset or 1
        if in_bytes:
            # A tree counts columns in UTF-8 bytes; without the text at hand, the compiler leaves them so.
            column = len(text.encode("utf-8", "replace")[: column - 1].decode("utf-8", "replace")) + 1
        column = min(max(column, 1), len(text) + 1)
        before = "".join(character if character == "\t" else " " for character in text[: column - 1])
        message = f"{error.msg}\n{shown_line(self.lines, line)}\n{' ' * 8}{before}^"
        hint = _hint(error, text) or _async_hint(error, self.lines[:line])
        return CellError(message, hint=hint, where=self.where, line=line, column=column)


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


def _described(statement: MagicStatement) -> str:
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
