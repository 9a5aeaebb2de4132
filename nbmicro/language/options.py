"""The options of a ``%http`` or ``%%http`` line.

Which there are, what they take, and what stands for those of others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nbmicro.errors import RequestError
from nbmicro.language.syntax import Options
from nbmicro.language.tokens import Word
from nbmicro.printable import did_you_mean

SHOW_PARTS = ("request", "curl", "headers", "body", "checks", "trace", "time", "all", "none")

# Every spelling, and the field of Options that it sets; `curl` is for the caller.
_SPELLINGS = {
    "-f": "form",
    "--form": "form",
    "-a": "auth",
    "--auth": "auth",
    "-F": "follow",
    "--follow": "follow",
    "-q": "quiet",
    "--quiet": "quiet",
    "--expect": "expect",
    "--show": "show",
    "--timeout": "timeout",
    "--reset": "reset",
    "--file": "file",
    "--curl": "curl",
    "-h": "help",
    "--help": "help",
}
_FLAGS = {"form", "follow", "quiet", "reset", "help"}
_EXAMPLES = {
    "auth": "-a ada:secret",
    "expect": "--expect 201",
    "show": "--show headers,body",
    "timeout": "--timeout 5",
    "file": "--file api.http",
    "curl": "--curl 'curl -X POST http://localhost:5000/users -d name=Ada'",
}
_ELSEWHERE = {
    "-j": "JSON is the default; leave it out.",
    "--json": "JSON is the default; leave it out.",
    "--multipart": "A file item makes the form multipart:  photo@a.png",
    "-v": "Write  --show all",
    "--verbose": "Write  --show all",
    "--headers": "Write  --show headers",
    "-b": "Write  --show body",
    "--body": "Write  --show body",
    "-p": "Write  --show headers,body",
    "--print": "Write  --show headers,body",
    "-X": "The method is the first word:  %http POST /users name=Ada",
    "--request": "The method is the first word:  %http POST /users name=Ada",
    "-d": "Data are items:  %http POST /users name=Ada",
    "--data": "Data are items:  %http POST /users name=Ada",
    "--raw": "Write the body in a cell:  %%http POST /users, an empty line, the body",
    "-H": "A header is an item:  %http /users X-Token:abc",
    "--header": "A header is an item:  %http /users X-Token:abc",
    "-L": "Redirects are followed with  -F",
    "--check-status": "Write  --expect 200",
    "--session": "Cookies last from request to request by themselves; --reset empties the jar.",
}
OPTION_NAMES = tuple(_SPELLINGS)


def show_parts_in(text: str, line: int, column: int) -> tuple[str, ...]:
    """The parts named in ``headers,body`` or ``headers body``; RequestError for a part that there is not."""
    parts = tuple(text.replace(",", " ").split())
    for part in parts or ("",):
        if part not in SHOW_PARTS:
            what = f"`{part}` is no part of an exchange" if part else "no part of the exchange is named"
            near = did_you_mean(part, SHOW_PARTS)
            hint = f"Did you mean `{near}`? " if near else ""
            raise RequestError(f"{what}.", hint=f"{hint}There are: {' '.join(SHOW_PARTS)}", line=line, column=column)
    return parts


def seconds_in(text: str, line: int, column: int) -> float:
    """A positive number of seconds, with or without its unit: ``5``, ``0.5``, ``5s``, ``500ms``."""
    number, factor = text, 1.0
    if text.endswith("ms"):
        number, factor = text[:-2], 0.001
    elif text.endswith("s"):
        number = text[:-1]
    try:
        seconds = float(number) * factor
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise RequestError(
            f"`{text}` is no deadline: a number of seconds above 0, at most a day.",
            hint="Write  --timeout 5",
            line=line,
            column=column,
        )
    return seconds


def read_option(options: Options, words: list[Word], position: int) -> tuple[Options, int, Word | None]:
    """Read the option at ``position``.

    Returns the options with it, the position behind it and its value, and the word of a ``--curl`` line if it was one.

    Raises
    ------
    RequestError
        An unknown option, or one whose value is missing or wrong.
    """
    word = words[position]
    spelling, equals, _ = word.text.partition("=")
    if spelling not in _SPELLINGS and not equals and _is_cluster(word.text):
        for letter in word.text[1:]:
            options = _switched(options, _SPELLINGS[f"-{letter}"])
        return options, position + 1, None
    field = _SPELLINGS.get(spelling)
    if field is None:
        raise _unknown(spelling, word)
    if field in _FLAGS:
        if equals:
            raise RequestError(f"{spelling} takes no value.", line=word.line, column=word.column)
        return _switched(options, field), position + 1, None
    if equals:
        value, start, behind = word, len(spelling) + 1, position + 1
    elif position + 1 < len(words):
        value, start, behind = words[position + 1], 0, position + 2
    else:
        raise RequestError(
            f"{spelling} needs a value.", hint=f"Write  {_EXAMPLES[field]}", line=word.line, column=word.column
        )
    if field == "curl":
        rest = Word(value.text[start:], value.columns[start:], value.line, value.quoted, value.source)
        return options, behind, rest
    return _with_value(options, field, value, start), behind, None


def _switched(options: Options, flag: str) -> Options:
    changes: dict[str, Any] = {flag: True}
    return replace(options, **changes)


def _is_cluster(text: str) -> bool:
    return len(text) > 2 and text[1] != "-" and all(_SPELLINGS.get(f"-{letter}") in _FLAGS for letter in text[1:])


def _with_value(options: Options, field: str, word: Word, start: int) -> Options:
    text, column = word.text[start:], word.columns[start]
    if field == "auth":
        if ":" not in text:
            raise RequestError(
                f"`{text}` is no USER:PASS.",
                hint="Write  -a ada:secret. A token is a header:  Authorization:'Bearer abc'",
                line=word.line,
                column=column,
            )
        return replace(options, auth=word.template(start))
    if field == "expect":
        if not (text.isascii() and text.isdigit() and len(text) == 3 and text >= "100"):
            raise RequestError(
                f"`{text}` is no status: three digits such as 201.",
                hint="Write  --expect 201",
                line=word.line,
                column=column,
            )
        return replace(options, expect=int(text))
    if field == "show":
        return replace(options, show=show_parts_in(text, word.line, column))
    if field == "timeout":
        return replace(options, timeout=seconds_in(text, word.line, column))
    if not text:
        raise RequestError("--file needs the name of a file.", hint="Write  --file api.http", line=word.line)
    return replace(options, file=text)


def _unknown(spelling: str, word: Word) -> RequestError:
    near = did_you_mean(spelling, _SPELLINGS)
    if spelling in _ELSEWHERE:
        hint = _ELSEWHERE[spelling]
    elif near:
        hint = f"Did you mean {near}?"
    else:
        hint = f"There are: {' '.join(_SPELLINGS)}"
    return RequestError(f"%http has no option {spelling}.", hint=hint, line=word.line, column=word.column)
