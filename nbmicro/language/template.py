"""Text that may hold placeholders ``{{ … }}``, what they read, and the place of every character of it in the cell."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType

from nbmicro.errors import RequestError
from nbmicro.exchange.json_path import json_path
from nbmicro.scopes import names_of

Place = Callable[[int], tuple[int, int]]
"""The line and column, both from 1, of a character of a text."""

_DYNAMIC = re.compile(r"\s*\$[A-Za-z]")
_REFERENCE = re.compile(
    # A path may lack its `$.` behind `response.body`.
    r"(?P<name>[A-Za-z_]\w*)\.(?:(?P<side>request|response)\.)?"
    r"(?:body\.(?P<path>\*|\$.*|(?:(?<=request\.body\.)|(?<=response\.body\.))"
    r"(?P<plain>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*))"
    r"|headers\.(?P<header>[A-Za-z][\w-]*))\Z",
    re.S,
)
# Python's functions whose arguments may be functions or classes.
_TAKE_FUNCTIONS = frozenset({"map", "filter", "isinstance", "issubclass"})
_LITERAL_BRACES = "A literal `{{` is written  {{ '{{' }}"
# A text with hundreds of `}}` behind one `{{` is not an expression; trying them all would take quadratic time.
_MOST_ENDS = 40


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One ``{{ expression }}``, with the place of its first brace."""

    expression: str
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)

    def __str__(self) -> str:
        return f"{{{{ {self.expression} }}}}"


@dataclass(frozen=True, slots=True)
class Template:
    """A text as it was written: ``source``, and its literal parts and placeholders in turn, by which it is equal."""

    source: str = field(compare=False)
    parts: tuple[str | Placeholder, ...] = ()
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)

    @property
    def names(self) -> set[str]:
        """The names that its placeholders read."""
        return {name for placeholder in self.placeholders for name in names_in(placeholder.expression)}

    @property
    def needed(self) -> set[str]:
        """The names that the notebook must have for its placeholders."""
        return {name for placeholder in self.placeholders for name in needed_names(placeholder.expression)}

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def is_literal(self) -> bool:
        """Whether there is nothing to fill in."""
        return not self.placeholders

    @property
    def literal(self) -> str:
        """The text of a template without placeholders."""
        return "".join(part for part in self.parts if isinstance(part, str))


def place_at(source: str, line: int, column: int) -> Place:
    """The places of a text that begins at ``line`` and ``column``, and whose further lines begin at column 1."""

    def place(offset: int) -> tuple[int, int]:
        before = source[:offset]
        newlines = before.count("\n")
        if not newlines:
            return line, column + offset
        return line + newlines, offset - before.rindex("\n")

    return place


def place_in_lines(source: str, numbers: Sequence[int]) -> Place:
    """The places of a text whose lines have these numbers, and begin at column 1."""

    def place(offset: int) -> tuple[int, int]:
        before = source[:offset]
        return numbers[before.count("\n")], offset - before.rfind("\n")

    return place


def place_in_columns(line: int, columns: Sequence[int]) -> Place:
    """The places of a text in one line whose quotes and backslashes are gone: each character has its column."""
    return lambda offset: (line, columns[min(offset, len(columns) - 1)])


@lru_cache(maxsize=512)
def compiled(expression: str) -> CodeType | None:
    """The code of a Python expression, or None if it is not one."""
    text = expression.strip()
    if not text:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(text, f"<{{{{ {text} }}}}>", "eval", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Reference:
    """What a request variable reads: ``login.response.body.$.token``, ``login.headers.X-Token``.

    Parameters
    ----------
    name:
        The name of the request.
    of_request:
        Whether it reads what was sent, not the response.
    header:
        The header; None where it reads the body.
    path:
        The path into the body's JSON as it was written; ``*`` is all of it as text.
    steps:
        The keys and indexes of the path; None where it is more JSONPath than is read.
    is_python:
        Whether it is an expression of Python too.
    """

    name: str
    of_request: bool
    header: str | None
    path: str
    steps: tuple[str | int, ...] | None
    is_python: bool


@lru_cache(maxsize=512)
def reference_in(expression: str) -> Reference | None:
    """What an expression reads of a request, if it is written as a request variable."""
    found = _REFERENCE.match(expression.strip())
    if found is None:
        return None
    plain, path = found["plain"], found["path"] or ""
    steps = json_path(f"$.{plain}" if plain else path)
    read = tuple(steps) if steps is not None else None
    return Reference(found["name"], found["side"] == "request", found["header"], path, read, plain is not None)


@lru_cache(maxsize=512)
def names_in(expression: str) -> frozenset[str]:
    """The names that an expression reads from outside; of a request variable the request's name."""
    reference = reference_in(expression)
    if reference is not None:
        return frozenset({reference.name})
    if compiled(expression) is None:
        return frozenset()
    names = names_of([ast.parse(expression.strip(), mode="eval").body])
    return names.reads | names.later


@lru_cache(maxsize=512)
def needed_names(expression: str) -> frozenset[str]:
    """The names that the notebook must have for an expression: those it reads, without Python's own functions.

    A function of Python's may be called (``len(x)``) or given to one that takes functions (``map(str, xs)``). By itself
    its name is meant as a name of the notebook: nobody means to send the text of ``id``.
    """
    names = names_in(expression)
    if not any(hasattr(builtins, name) for name in names) or compiled(expression) is None:
        return names
    nodes = list(ast.walk(ast.parse(expression.strip(), mode="eval")))
    functions: list[ast.expr] = []
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        # Of `str.upper(x)` too, what is called.
        called = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        functions += [called, *(keyword.value for keyword in call.keywords)]
        if isinstance(called, ast.Name) and called.id in _TAKE_FUNCTIONS:
            functions += call.args
    values = {node.id for node in nodes if isinstance(node, ast.Name) and node not in functions}
    return frozenset(name for name in names if name in values or not hasattr(builtins, name))


def placeholder_end(source: str, start: int) -> int:
    """Where the placeholder whose ``{{`` ends at ``start`` has its ``}}``; -1 if nothing up to any is an expression."""
    end = source.find("}}", start)
    if end >= 0 and (_DYNAMIC.match(source, start) or reference_in(source[start:end])):
        return end
    for _ in range(_MOST_ENDS):
        if end < 0:
            break
        if compiled(source[start:end]) is not None:
            return end
        end = source.find("}}", end + 1)
    return -1


def parse_template(source: str, place: Place) -> Template:
    """Split a text at its placeholders.

    Raises
    ------
    RequestError
        A ``{{`` that is never closed, or what stands in it is not a Python expression; with its line and column.
    """
    parts: list[str | Placeholder] = []
    position = 0
    while (opening := source.find("{{", position)) >= 0:
        end = placeholder_end(source, opening + 2)
        if end < 0:
            raise _not_a_placeholder(source, opening, place)
        if opening > position:
            parts.append(source[position:opening])
        line, column = place(opening)
        parts.append(Placeholder(source[opening + 2 : end].strip(), line, column))
        position = end + 2
    if position < len(source):
        parts.append(source[position:])
    line, column = place(0)
    return Template(source, tuple(parts), line, column)


def joined(first: Template, second: Template) -> Template:
    """Two templates as one, at the place of the first."""
    head, tail = list(first.parts), list(second.parts)
    if head and tail and isinstance(head[-1], str) and isinstance(tail[0], str):
        head[-1] += tail.pop(0)  # type: ignore[operator]
    return Template(first.source + second.source, (*head, *tail), first.line, first.column)


def _not_a_placeholder(source: str, opening: int, place: Place) -> RequestError:
    line, column = place(opening)
    end = source.find("}}", opening + 2)
    if end < 0:
        return RequestError("`{{` is never closed by `}}`.", hint=_LITERAL_BRACES, line=line, column=column)
    inside = source[opening + 2 : end].strip()
    if keyword.iskeyword(inside):
        message = f"`{inside}` is a word of Python itself, and no variable of the notebook can be called so."
        return RequestError(message, fix=f"{{{{ {inside}_ }}}}", line=line, column=column)
    what = f"`{inside}` is not a Python expression" if inside else "`{{ }}` is empty: a Python expression stands in it"
    return RequestError(f"{what}.", hint=_LITERAL_BRACES, line=line, column=column)


_PAIRS = {"{": "}", "[": "]"}


def json_end(source: str, start: int = 0) -> int:
    """The index behind the object or array that begins at ``start``; -1 if its brackets do not close."""
    expected: list[str] = []
    quoted = False
    position = start
    while position < len(source):
        char = source[position]
        if source.startswith("{{", position):
            end = placeholder_end(source, position + 2)
            if end >= 0:
                position = end + 2
                continue
        if quoted:
            if char == "\\":
                position += 1
            elif char == '"':
                quoted = False
            elif char == "\n":
                return -1
        elif char == '"':
            quoted = True
        elif char in _PAIRS:
            expected.append(_PAIRS[char])
        elif char in "]}":
            if not expected or expected.pop() != char:
                return -1
            if not expected:
                return position + 1
        position += 1
    return -1


def inside_quotes(literal: str, quoted: bool) -> bool:
    """Whether the end of a literal stretch of JSON stands inside a string, given whether its beginning does."""
    escaped = False
    for char in literal:
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
    return quoted
