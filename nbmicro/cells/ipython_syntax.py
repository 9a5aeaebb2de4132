"""IPython's own syntax in a cell of Python: `%magic`, `!command`, `x?`, wherever a statement begins."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ESCAPED = re.compile(r"(?P<indent>[ \t\f]*)(?P<escape>%%|%|!!|!|\?\??)(?P<rest>.*)", re.DOTALL)
_ASSIGNED = re.compile(r"=[ \t]*(?=%[A-Za-z_]|!(?!=))")
_HELP_AFTER = re.compile(r"[ \t\f]*(?P<subject>[^'\"#?]*(?:\[[^#?\]]*\])?)(?<=[\w*\])])\s*\?\??\s*")


@dataclass(frozen=True)
class MagicStatement:
    """A statement in IPython's own syntax.

    Parameters
    ----------
    line:
        Its first line in the cell, from 1.
    lines:
        How many lines it takes: a backslash at a line's end continues it.
    kind:
        ``"%"`` or ``"%%"`` (a magic), ``"!"`` (a shell command), ``"?"`` (a question).
    name:
        The magic's name; empty for the other kinds.
    rest:
        What follows the name, the command, or what the question is about.
    assigned_to:
        The left side of ``files = !ls``, as it is written; else ``None``.
    indent:
        The white space before it.
    text:
        The statement as it is written, without indent and newline.
    """

    line: int
    lines: int
    kind: str
    name: str
    rest: str
    assigned_to: str | None
    indent: str
    text: str

    @property
    def stand_in(self) -> str:
        """A statement of Python that binds what this one binds."""
        return f"{self.assigned_to} = None" if self.assigned_to else "pass"


def cell_lines(text: str) -> list[str]:
    """The lines of a cell as its editor counts them, each but the last with its newline."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def magic_statements(text: str) -> tuple[MagicStatement, ...]:
    """Every statement of `text` that is IPython's and not Python's, in order.

    Python that cannot be tokenized ends the search: what follows it means nothing yet.
    """
    reader = _Reader(cell_lines(text))
    try:
        for token in tokenize.generate_tokens(reader.next_line):
            reader.note(token)
    except (tokenize.TokenError, SyntaxError, UnicodeError, SystemError):
        pass  # the last two: from Python 3.12 on, for a lone surrogate, and for some text after a carriage return
    return tuple(reader.found)


def replaced(text: str, replacement: Callable[[MagicStatement], str]) -> str:
    """`text` with IPython's statements replaced by one of Python's on the same line; the line count is kept."""
    lines = cell_lines(text)
    for statement in magic_statements(text):
        start, end = statement.line - 1, statement.line - 1 + statement.lines
        ending = "\n" if lines[end - 1].endswith("\n") else ""
        first = f"{statement.indent}{replacement(statement)}"
        lines[start:end] = [first + "\n" * (statement.lines - 1) + ending, *[""] * (statement.lines - 1)]
    return "".join(lines)


class _Reader:
    """Feeds the tokenizer line by line, and puts `pass` in the place of what is not Python before it sees it."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.found: list[MagicStatement] = []
        self._position = 0
        self._depth = 0
        self._ended = 0
        self._skipped = 0

    def note(self, token: tokenize.TokenInfo) -> None:
        """Follow the brackets, and the line that the last statement, comment or blank line ended on."""
        if token.type == tokenize.OP:
            if token.string in ("(", "[", "{"):
                self._depth += 1
            elif token.string in (")", "]", "}"):
                self._depth = max(0, self._depth - 1)
        elif token.type in (tokenize.NEWLINE, tokenize.NL) and self._depth == 0:
            self._ended = token.start[0]

    def next_line(self) -> str:
        """The next line as the tokenizer shall see it."""
        if self._position >= len(self.lines):
            return ""
        if self._skipped:
            self._skipped -= 1
            self._position += 1
            return "\n"
        line = self.lines[self._position]
        statement = None
        # A statement begins on this line only if the line before ended one: not in a string, bracket or continuation.
        if self._ended == self._position:
            statement = _statement(list(self._continued()), self._position + 1)
        self._position += 1
        if statement is None:
            return line if line.endswith("\n") else line + "\n"
        self.found.append(statement)
        self._skipped = statement.lines - 1
        return f"{statement.indent}pass\n"

    def _continued(self) -> Iterator[str]:
        for line in self.lines[self._position :]:
            yield line
            if not line.rstrip("\r\n").endswith("\\"):
                return


def _statement(lines: list[str], number: int) -> MagicStatement | None:
    if "%" not in lines[0] and "!" not in lines[0] and "?" not in lines[0]:
        return None
    text = _joined(lines)
    indent = text[: len(text) - len(text.lstrip())]
    escaped = _ESCAPED.match(text)
    if escaped is not None:
        kind, name, rest = _escaped_parts(escaped)
        return MagicStatement(number, len(lines), kind, name, rest, None, indent, text.strip())
    assigned = _assignment(text)
    if assigned is not None:
        target, value = assigned
        found = _ESCAPED.match(value)
        kind, name, rest = _escaped_parts(found) if found is not None else ("!", "", value)
        return MagicStatement(number, len(lines), kind, name, rest, target, indent, text.strip())
    asked = _HELP_AFTER.fullmatch(lines[0])
    if asked is not None:
        return MagicStatement(number, 1, "?", "", asked["subject"].strip(), None, indent, lines[0].strip())
    return None


def _joined(lines: list[str]) -> str:
    """A continued line as one, with the spaces that IPython leaves in it."""
    return " ".join([*(line.rstrip()[:-1] for line in lines[:-1]), lines[-1].rstrip()])


def _escaped_parts(found: re.Match[str]) -> tuple[str, str, str]:
    escape, rest = found["escape"], found["rest"]
    if escape[0] == "?":
        return "?", "", rest.strip()
    if escape[0] == "!":
        return "!", "", rest.strip()
    name, _, rest = rest.strip().partition(" ")
    if not rest and name.rstrip("?") and name.endswith("?"):
        return "?", "", escape + name.rstrip("?")
    return escape, name, rest.strip()


def _assignment(text: str) -> tuple[str, str] | None:
    """The two sides of `files = !ls`, if the first `=` of the statement is followed by a magic or a command."""
    for found in _ASSIGNED.finditer(text):
        tokens = []
        try:
            for token in tokenize.generate_tokens(iter([text[: found.start() + 1].lstrip()]).__next__):
                tokens.append(token)
        except (tokenize.TokenError, SyntaxError, StopIteration):
            continue
        written = [token for token in tokens if token.string.strip()]
        if written and written[-1].string == "=" and _first_assignment(written[:-1]):
            return text[: found.start()].strip(), text[found.end() :]
    return None


def _first_assignment(tokens: list[tokenize.TokenInfo]) -> bool:
    depth = 0
    for token in tokens:
        depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
        if token.type == tokenize.OP and token.string == "=" and depth == 0:
            return False
    return depth == 0 and bool(tokens)
