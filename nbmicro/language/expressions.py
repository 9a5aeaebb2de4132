"""Python in a request cell: the lines of ``[Captures]`` and ``[Asserts]`` as expressions, and their comments."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable

from nbmicro.errors import RequestError
from nbmicro.language.lines import Line
from nbmicro.language.template import compiled

_MOST_LINES = 50
# What a check finds of the answer.
_ANSWERS = frozenset({"response", "status", "headers", "json", "text", "cookies"})


def expressions_in(
    entries: list[Line], part: Callable[[str], str], is_foreign: Callable[[str], bool]
) -> list[tuple[Line, str]]:
    """The entries of a section of expressions; one with an open bracket goes on in the lines below it."""
    found: list[tuple[Line, str]] = []
    position = 0
    while position < len(entries):
        line = entries[position]
        text = line.text
        count = 1
        if not is_foreign(part(text).strip()) and _is_open(part(text)):
            for more in entries[position + 1 : position + _MOST_LINES]:
                text += "\n" + more.text
                count += 1
                if not _is_open(part(text)):
                    break
            else:
                text, count = line.text, 1
        found.append((line, text))
        position += count
    return found


def _is_open(text: str) -> bool:
    """Whether a bracket or a triple quote is still open at the end of an expression."""
    try:
        for _ in tokenize.generate_tokens(io.StringIO(text.strip()).readline):
            pass
    except tokenize.TokenError as error:
        return "EOF" in str(error.args[0])
    except (SyntaxError, ValueError):
        return False
    return False


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


def check_python(expression: str, line: int, column: int, instead: str, section: str) -> None:
    if compiled(expression) is None:
        raise RequestError(
            f"`{expression}` is not a Python expression, and [{section}] are Python.",
            code=f"{section.lower()}-not-python",
            fix=instead,
            line=line,
            column=column,
        )
    if "{{" in expression and _has_blank(expression):
        raise RequestError(
            "a `{{ }}` stands in Python.",
            hint="The line is Python already, write the name alone: in place of {{ name }}  name",
            line=line,
            column=column,
        )


def is_comparison(text: str) -> bool:
    """Whether a line is meant as a check: a Python comparison of something with something."""
    if compiled(text) is None:
        return False
    return isinstance(ast.parse(text.strip(), mode="eval").body, ast.Compare)


def is_check(text: str) -> bool:
    """Whether a line is a comparison of what the answer has: ``status == 404``, ``"Ada" in text``."""
    expression, _ = split_comment(text.strip())
    if not is_comparison(expression):
        return False
    names = {node.id for node in ast.walk(ast.parse(expression, mode="eval")) if isinstance(node, ast.Name)}
    return not names.isdisjoint(_ANSWERS)


def check_corrected(text: str) -> str | None:
    """The check that a mistyped one is meant to be, `status == 200` of `status = 200`; None where that is not known."""
    value = "200" if text.split()[:1] == ["status"] else '"Ada"'
    equal = re.sub(r"\s*(?<![=!<>:]):?=(?![=])\s*", " == ", text, count=1)
    words = re.sub(r"\s*&&\s*", " and ", re.sub(r"\s*\|\|\s*", " or ", text))
    for better in (equal, f"{text.rstrip()} {value}", f"{equal.rstrip()} {value}", words, text.replace("===", "==")):
        if is_comparison(better) or (better != text and better == words and compiled(better) is not None):
            return better.strip()
    spaced = re.fullmatch(r"(status)\s+(\d{3})", text.strip())
    return f"{spaced[1]} == {spaced[2]}" if spaced else None


def _has_blank(expression: str) -> bool:
    """Whether an expression has a set of a set or a dict: Python never allows one, so `{{ name }}` was meant."""
    tree = ast.parse(expression, mode="eval")
    return any(
        isinstance(node, ast.Set) and any(isinstance(inner, (ast.Set, ast.Dict, ast.SetComp)) for inner in node.elts)
        for node in ast.walk(tree)
    )
