"""The lines of a ``%%http`` cell or ``.http`` file: a cursor over them, and what a line is by its looks."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from werkzeug.http import HTTP_STATUS_CODES

from nbmicro.language.options import DIRECTIVES, named
from nbmicro.language.template import Template, compiled, parse_template, place_at
from nbmicro.language.words import Word

# Three hashes or more, with a title or without: `### Users`, `##########`, `##### Users #####`.
SEPARATOR = re.compile(r"\s*###+(?!#)\s*(.*?)(?:\s+#{2,})?\s*\Z")
COMMENT = re.compile(r"\s*(?:#(?!##)|//)")
BLOCK_COMMENT = re.compile(r"\s*/\*")
DIRECTIVE = re.compile(r"\s*(?:#{1,2}|/{2,})\s*@([A-Za-z][A-Za-z-]*)(?:\s+(.*?))?\s*\Z")
VARIABLE = re.compile(r"@([^\s=]+)\s*=\s*(.*?)\s*\Z")
# The reason is one that is known as such, so that a sentence in a body is none; which one it is does not matter.
# Those of RFC 9110 and of the ones before it: which of them Python has depends on its version.
_RENAMED = {
    "Payload Too Large",
    "Content Too Large",
    "URI Too Long",
    "Range Not Satisfiable",
    "Unprocessable Content",
}
_REASONS = "|".join(
    sorted(map(re.escape, {*(status.phrase for status in HTTPStatus), *HTTP_STATUS_CODES.values(), *_RENAMED}))
)
STATUS = re.compile(rf"HTTP(?:/[0-9](?:\.[0-9])?)?[ \t]+([1-9][0-9]{{2}}|\*)(?:[ \t]+(?i:{_REASONS}))?\s*\Z")
STATUS_LIKE = re.compile(r"HTTP(?:/[0-9.]+)?[ \t]+(\S+)", re.I)
# Alone on its line it can only be meant as a status line: `HTTP 2xx`, `http 404`, `HTTP 20`, `HTTP200`.
STATUS_MISTYPED = re.compile(
    rf"HTTP(?:(?:/[0-9.]+)?[ \t]+[0-9x*]{{1,4}}|/?[1-5][0-9x]{{2}})(?:[ \t]+(?:OK|{_REASONS}))?\s*\Z", re.I
)
# The name may be a placeholder, as in `{{ name }}: value`.
HEADER = re.compile(r"\s*((?:[!#$%&'*+.^_`|~0-9A-Za-z-]|\{\{[^{}]+\}\})+)[ \t]*:[ \t]*(.*?)\s*\Z")
# What goes on with the URL: a query, or an indented piece of the path; `??` begins a check of httpYac's.
CONTINUATION = re.compile(r"\s*([?&](?!\?).*?|(?<=\s)/(?![/*]).*?)\s*\Z")
FENCE = re.compile(r"(`{3,})[ \t]*([A-Za-z0-9+.-]*)\s*\Z")
FILE_BODY = re.compile(r"<(@?)[ \t]+((?!\{%)\S.*?)\s*\Z")
# A script of JetBrains' client; a response put into a file, or compared with one; REST Client's file in an encoding;
# a check of httpYac's.
SCRIPT_BLOCK = re.compile(
    r"[<>][ \t]*\{%|[<>][ \t]+\S+\.js\s*\Z|>>!?[ \t]+\S*[./{]\S*\s*\Z|\s*<>[ \t]+\S|<@[\w-]+[ \t]+\S+\s*\Z"
    r"|\s*\?\?[ \t]*\w"
)
# A scheme that is not HTTP is rejected where the URL is read; the line begins a request all the same.
_URL_BEGINS = r"[ \t]+(?:/|[A-Za-z][A-Za-z0-9+.-]*://|\{\{)"
REQUEST = re.compile(rf"\s*(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE){_URL_BEGINS}.*\Z")
# Behind a response the method may be any; `ERROR /users was not found` is text that is expected.
REQUEST_BEHIND_RESPONSE = re.compile(
    rf"{REQUEST.pattern}|\s*[A-Z]+(?={_URL_BEGINS}|[ \t]+(?:(?:localhost|127\.[0-9.]+)(?::\d+)?|:\d+)(?:[/?\s]|\Z))"
    r"[ \t]+(?:\{\{.*?\}\}|\S)*(?:[ \t]+HTTP/[0-9.]+)?\s*\Z"
)
VERSION = re.compile(r"[ \t]+HTTP/[0-9.]+\s*\Z")
_SECTION = re.compile(r"\[([A-Za-z]+)\][ \t]*(?:#.*)?\Z")
_JSON_WORDS = {"true", "false", "null"}
#: The names that stand for the response in checks and captures, and win over all others there.
RESPONSE_NAMES = ("response", "status", "headers", "json", "text", "cookies")


class Line(NamedTuple):
    """A line and its number in the cell."""

    line: int
    text: str

    @property
    def column(self) -> int:
        return 1

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    @property
    def is_comment(self) -> bool:
        return bool(COMMENT.match(self.text))

    def template(self, start: int, stop: int | None = None) -> Template:
        """A part of the line with its placeholders found."""
        return parse_template(self.text[start:stop], place_at("", self.line, start + 1))

    def group(self, match: re.Match[str], number: int) -> Template:
        """What a group of a match on this line's text found, with its placeholders."""
        return self.template(*match.span(number))

    def word(self, start: int, stop: int | None = None) -> Word:
        """A part of the line as one word."""
        text = self.text[start:stop]
        return Word(text, tuple(range(start + 1, start + len(text) + 2)), self.line, False, text)


def section_name(text: str) -> str | None:
    """``Asserts`` of the line ``[Asserts]``; None for a line that is no section's head (``[true]`` is JSON)."""
    found = _SECTION.match(text)
    return found[1] if found and found[1] not in _JSON_WORDS else None


def behind_comment(lines: Sequence[Line], position: int) -> int:
    """The position behind the comment that begins at ``position``, which may be ``/* … */`` over lines; else itself."""
    text = lines[position].text
    if COMMENT.match(text):
        return position + 1
    if BLOCK_COMMENT.match(text):
        text = text.replace("/*", "", 1)
        for at in range(position, len(lines)):
            _, end, rest = (text if at == position else lines[at].text).partition("*/")
            if end:
                return position if rest.strip() else at + 1
    return position


def is_directive(text: str) -> bool:
    """Whether a line is a directive, a comment for nbmicro: ``# @name create``."""
    found = DIRECTIVE.match(text)
    return found is not None and named(found[1], DIRECTIVES) is not None


def begins_request(text: str) -> bool:
    """Whether a line behind a response begins the next request: its request line, directive or file variable."""
    return is_directive(text) or bool(REQUEST_BEHIND_RESPONSE.match(text) or VARIABLE.match(text))


def split_comment(text: str) -> tuple[str, str | None]:
    """An expression and the comment behind it, without its ``#``."""
    lines = text.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return text.strip(), None
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    if not comments:
        return text.strip(), None
    last = comments[-1]
    row, column = last.start
    if any(line.strip() for line in lines[row:]):
        return text.strip(), None
    expression = "\n".join([*lines[: row - 1], lines[row - 1][:column]])
    return expression.strip(), last.string.lstrip("#").strip() or None


def is_comparison(text: str) -> bool:
    """Whether a line is meant as a check: a Python comparison of something with something."""
    if compiled(text) is None:
        return False
    return isinstance(ast.parse(text.strip(), mode="eval").body, ast.Compare)


def is_check(text: str) -> bool:
    """Whether a line is a comparison of what a response has: ``status == 404``, ``"Ada" in text``."""
    expression, _ = split_comment(text.strip())
    if not is_comparison(expression):
        return False
    names = {node.id for node in ast.walk(ast.parse(expression, mode="eval")) if isinstance(node, ast.Name)}
    return not names.isdisjoint(RESPONSE_NAMES)


class Cursor:
    """Reads lines one after the other."""

    def __init__(self, text: str, first_line: int) -> None:
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        self.lines = [Line(number, line) for number, line in enumerate(plain.split("\n"), first_line)]
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.lines)

    @property
    def line(self) -> Line:
        """The line to read next; at the end an empty one."""
        if self.at_end:
            return Line(self.lines[-1].line if self.lines else 1, "")
        return self.lines[self.position]

    def take(self) -> Line:
        line = self.line
        self.position += 1
        return line

    def skip_blank(self, *, comments: bool = False) -> None:
        """Skip empty lines, and comments that are no directives if asked to."""
        while not self.at_end:
            behind = self.position + 1 if self.line.is_blank else self.position
            if comments and behind == self.position and not DIRECTIVE.match(self.line.text):
                behind = behind_comment(self.lines, self.position)
            if behind == self.position:
                return
            self.position = behind

    def rest(self) -> str:
        """The text from here on."""
        return "\n".join(line.text for line in self.lines[self.position :])

    def take_text(self, count: int) -> tuple[Line, str]:
        """The next ``count`` lines as one text, and the first of them."""
        first = self.line
        text = "\n".join(line.text for line in self.lines[self.position : self.position + count])
        self.position += count
        return first, text
