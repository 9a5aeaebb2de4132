"""Bodies in a ``%%http`` cell: where a request's body, or the body expected of an answer, begins and ends."""

from __future__ import annotations

import re

from nbmicro.errors import RequestError
from nbmicro.language.lines import (
    FENCE,
    FILE_BODY,
    SCRIPT_BLOCK,
    SEPARATOR,
    STATUS,
    Cursor,
    Line,
    begins_request,
    section_name,
)
from nbmicro.language.syntax import BodySource
from nbmicro.language.template import json_end, parse_template, place_at
from nbmicro.language.unexpected import behind_json, refuse_stray

_HURLS_BODY = re.compile(r"(file|hex|base64),([^;]*);\s*\Z")
_MEANT_AS_JSON = re.compile(r'\{\s*"|\[\s*[\[{"0-9]')


def is_structure(text: str) -> bool:
    """Whether a line ends a body wherever it stands: a separator, a status line."""
    return bool(SEPARATOR.match(text) or STATUS.match(text))


def begins_body(text: str) -> bool:
    """Whether a line can only be a body's first: an object, an array, a fence or ``< ./file``."""
    if FENCE.match(text) or FILE_BODY.match(text) or _HURLS_BODY.match(text):
        return True
    return text.startswith(("{", "[")) and section_name(text) is None


def read_body(cursor: Cursor, *, expected: bool = False, typed: bool = False, usual: bool = True) -> BodySource | None:
    """Read the body that begins at the cursor, which stands on a line that is not empty.

    Parameters
    ----------
    expected:
        It is the body expected of an answer: a section ends it as well, and no file stands for it.
    typed:
        The request names its Content-Type, so a broken JSON text is meant to be sent as it is.
    usual:
        A body is usual for the request's method.

    Raises
    ------
    RequestError
        A fence or a JSON text that is never closed, or with words behind it, a line that is meant as a status line or
        as a check, a script of another tool.
    """
    first = cursor.line
    if first.is_blank or is_structure(first.text):
        return None
    fence = FENCE.match(first.text)
    if fence:
        return _fenced(cursor, len(fence[1]), fence[2])
    hurls = _HURLS_BODY.match(first.text)
    if hurls:
        raise _hurls_body(first, hurls)
    file = FILE_BODY.match(first.text)
    if file and not expected:
        cursor.take()
        return BodySource("template_file" if file[1] else "file", first.group(file, 2), line=first.number)
    if first.text.lstrip().startswith(("{", "[")):
        body = _json(cursor, expected=expected, typed=typed)
        if body is not None:
            return body
    return _text(cursor, expected=expected, usual=usual)


def _hurls_body(line: Line, found: re.Match[str]) -> RequestError:
    kind, text = found[1], found[2].strip()
    fix = {
        "file": f"< {text}",
        "hex": f"{{{{ bytes.fromhex({text!r}) }}}}",
        "base64": f"{{{{ __import__('base64').b64decode({text!r}) }}}}",
    }[kind]
    return RequestError(
        f"`{kind},…;` is Hurl's way to write a body.",
        code="body-of-hurl",
        fix=fix,
        hint=f"Write  {fix}\nIf it is text to be sent, put it into ``` fences.",
        line=line.number,
        column=1,
    )


def _fenced(cursor: Cursor, ticks: int, info: str) -> BodySource:
    opening = cursor.take()
    if info.lower() == "graphql":
        raise RequestError(
            "a GraphQL query is sent as the JSON that it is.",
            hint='Write the body  {"query": "{ users { name } }"}',
            line=opening.number,
            column=1,
        )
    start = cursor.position
    while not cursor.at_end:
        closing = re.fullmatch(r"(`{3,})\s*", cursor.line.text)
        if closing and len(closing[1]) >= ticks:
            count = cursor.position - start
            cursor.position = start
            first, text = cursor.take_text(count)
            cursor.take()
            content = parse_template(text, place_at(text, first.number, 1))
            return BodySource("fenced", content, info, opening.number)
        cursor.take()
    raise RequestError(
        "the ``` fence is never closed.", hint="Close it with a line ``` of its own.", line=opening.number, column=1
    )


def _json(cursor: Cursor, *, expected: bool, typed: bool) -> BodySource | None:
    """The JSON text at the cursor; None if it is plain text that only begins like JSON."""
    first = cursor.line
    rest = cursor.rest()
    indent = len(rest) - len(rest.lstrip())
    if rest.startswith("{{", indent):
        return None
    end = json_end(rest, indent)
    if end < 0:
        if _MEANT_AS_JSON.match(rest, indent) and not typed and not expected:
            raise RequestError(
                "the JSON body is never closed, or closed by the wrong bracket.",
                hint="To send it as it stands, name its type:  Content-Type: text/plain",
                line=first.number,
                column=indent + 1,
            )
        return None
    if rest[end:].partition("\n")[0].strip():
        return None
    start = cursor.position
    _, text = cursor.take_text(rest.count("\n", 0, end) + 1)
    stray = _stray_behind(cursor)
    if stray is not None:
        meant = _MEANT_AS_JSON.match(rest, indent) or text.strip() in {"{}", "[]"}
        # `{…}` below `{…}` is JSON in lines, which is a text; so is what has a type of its own.
        if meant and not typed and not expected and not stray.text.lstrip().startswith(("{", "[")):
            raise behind_json(stray)
        cursor.position = start
        return None
    text = text.strip()
    return BodySource("json", parse_template(text, place_at(text, first.number, indent + 1)), line=first.number)


def _stray_behind(cursor: Cursor) -> Line | None:
    """The line behind a JSON text that begins none of the request's further parts; None if there is none."""
    for line in cursor.lines[cursor.position :]:
        if line.is_blank or line.is_comment:
            continue
        if section_name(line.text) is not None or SCRIPT_BLOCK.match(line.text):
            return None
        return None if is_structure(line.text) or begins_request(line.text) else line
    return None


def _text(cursor: Cursor, *, expected: bool, usual: bool) -> BodySource:
    start = cursor.position
    last = start
    while not cursor.at_end and not is_structure(cursor.line.text):
        line = cursor.line
        section = section_name(line.text)
        if expected and (section or begins_request(line.text)):
            break
        if section in {"Asserts", "Captures"}:
            raise _section_in_text(line, section)
        if SCRIPT_BLOCK.match(line.text):
            break
        if not line.is_blank:
            last = cursor.position
        cursor.take()
    stop = cursor.position
    refuse_stray(cursor.lines[start:stop], can_be_text=usual)
    cursor.position = start
    first, text = cursor.take_text(last - start + 1)
    cursor.position = stop
    return BodySource("text", parse_template(text, place_at(text, first.number, 1)), line=first.number)


def _section_in_text(line: Line, section: str | None) -> RequestError:
    return RequestError(
        f"[{section}] stands in the body, which is plain text and goes on to the next status line.",
        hint=f"Write a line  HTTP *  (or HTTP 200) above [{section}]; if it is text, put the body into ``` fences.",
        line=line.number,
        column=1,
    )
