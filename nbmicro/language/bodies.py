"""Bodies in a cell: where a request's body, or the one expected of a response, begins and ends, and what is none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nbmicro.errors import RequestError
from nbmicro.language.lines import (
    FENCE,
    FILE_BODY,
    SCRIPT_BLOCK,
    SEPARATOR,
    STATUS,
    STATUS_LIKE,
    STATUS_MISTYPED,
    Cursor,
    Line,
    begins_request,
    is_check,
    section_name,
)
from nbmicro.language.sections import SECTIONS
from nbmicro.language.syntax import BodySource
from nbmicro.language.template import json_end, parse_template, place_at

#: The end of the hints for what would be text in fences.
AS_TEXT = "\nIf it is text to be sent, put the body into ``` fences."
IS_CHECK = "A check stands under a line  [Asserts]"
#: What may stand behind a body.
BEHIND_BODY = "Behind it come  HTTP 200, a section such as [Asserts], or ###"

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
        It is the body expected of a response: a section ends it as well, and no file stands for it.
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
    if fence := FENCE.match(first.text):
        return _fenced(cursor, len(fence[1]), fence[2])
    if hurls := _HURLS_BODY.match(first.text):
        raise _hurls_body(first, hurls)
    file = FILE_BODY.match(first.text)
    if file and not expected:
        cursor.take()
        return BodySource("template_file" if file[1] else "file", first.group(file, 2), line=first.line)
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
    hint = f"Write  {fix}\nIf it is text to be sent, put it into ``` fences."
    return RequestError.at(line, f"`{kind},…;` is Hurl's way to write a body.", hint, code="body-of-hurl", fix=fix)


def no_graphql(line: Line) -> RequestError:
    """The error of a body, or a header, that speaks of GraphQL."""
    hint = 'Write the body  {"query": "{ users { name } }"}'
    return RequestError.at(line, "a GraphQL query is sent as the JSON that it is.", hint)


def _fenced(cursor: Cursor, ticks: int, info: str) -> BodySource:
    opening = cursor.take()
    if info.lower() == "graphql":
        raise no_graphql(opening)
    start = cursor.position
    while not cursor.at_end:
        closing = re.fullmatch(r"(`{3,})\s*", cursor.line.text)
        if closing and len(closing[1]) >= ticks:
            count = cursor.position - start
            cursor.position = start
            first, text = cursor.take_text(count)
            cursor.take()
            return BodySource("fenced", parse_template(text, place_at(text, first.line, 1)), info, opening.line)
        cursor.take()
    raise RequestError.at(opening, "the ``` fence is never closed.", "Close it with a line ``` of its own.")


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
                line=first.line,
                column=indent + 1,
            )
        return None
    if rest[end:].partition("\n")[0].strip():
        return None
    start = cursor.position
    _, text = cursor.take_text(rest.count("\n", 0, end) + 1)
    unexpected = _unexpected_behind(cursor)
    if unexpected is not None:
        meant = _MEANT_AS_JSON.match(rest, indent) or text.strip() in {"{}", "[]"}
        # `{…}` below `{…}` is JSON in lines, which is a text; so is what has a type of its own.
        if meant and not typed and not expected and not unexpected.text.lstrip().startswith(("{", "[")):
            raise _behind_json(unexpected)
        cursor.position = start
        return None
    text = text.strip()
    return BodySource("json", parse_template(text, place_at(text, first.line, indent + 1)), line=first.line)


def _unexpected_behind(cursor: Cursor) -> Line | None:
    """The line behind a JSON text that begins none of the request's further parts; None if there is none."""
    for line in cursor.lines[cursor.position :]:
        if line.is_blank or line.is_comment:
            continue
        if section_name(line.text) is not None or SCRIPT_BLOCK.match(line.text):
            return None
        return None if is_structure(line.text) or begins_request(line.text) else line
    return None


def _behind_json(line: Line) -> RequestError:
    text = line.text.strip()
    if STATUS_LIKE.match(text):
        return no_status_line(line)
    return _unexpected(line, f"`{text}` stands behind the JSON body.", IS_CHECK if is_check(text) else BEHIND_BODY)


def _text(cursor: Cursor, *, expected: bool, usual: bool) -> BodySource:
    start = cursor.position
    last = start
    while not cursor.at_end and not is_structure(cursor.line.text):
        line = cursor.line
        name = section_name(line.text)
        section = SECTIONS.get(name or "")
        if expected and (name or begins_request(line.text)):
            break
        if section is not None and section.side == "response":
            raise RequestError.at(
                line,
                f"[{name}] stands in the body, which is plain text and goes on to the next status line.",
                f"Write a line  HTTP *  (or HTTP 200) above [{name}]; if it is text, put the body into ``` fences.",
            )
        if SCRIPT_BLOCK.match(line.text):
            break
        if not line.is_blank:
            last = cursor.position
        cursor.take()
    stop = cursor.position
    _check_text(cursor.lines[start:stop], can_be_text=usual)
    cursor.position = start
    first, text = cursor.take_text(last - start + 1)
    cursor.position = stop
    return BodySource("text", parse_template(text, place_at(text, first.line, 1)), line=first.line)


def _check_text(lines: Sequence[Line], *, can_be_text: bool) -> None:
    """Reject what would be sent, or expected, as text and is meant otherwise: a mistyped status line, checks.

    Where the request ``can_be_text`` not, as its method has no body, a first line that looks like a status is none.
    """
    written = [line for line in lines if not line.is_blank and not line.is_comment]
    for line in written:
        lone = not can_be_text and line is written[0] and STATUS_LIKE.match(line.text.strip())
        if STATUS_MISTYPED.match(line.text) or lone:
            raise no_status_line(line)
    if written and all(is_check(line.text) for line in written):
        raise _unexpected(written[0], f"`{written[0].text.strip()}` stands where the body should.", IS_CHECK)


def no_status_line(line: Line, *, in_body: bool = True) -> RequestError:
    """The error of a mistyped status line, which the text of a body may be meant to have."""
    text = line.text.strip()
    found = STATUS_LIKE.match(text)
    code = found[1] if found else "".join(re.findall(r"\d{3}", text)[-1:])
    if re.fullmatch(r"[1-5][xX*]{1,2}", code):
        first = code[0]
        hint = f"Write  HTTP *  and below it, under a line  [Asserts]  the check  {first}00 <= status <= {first}99"
    elif STATUS.match(f"HTTP {code}"):
        hint = f"It stands alone on its line:  HTTP {code}"
    else:
        hint = "It stands alone on its line:  HTTP 200  or  HTTP *"
    return RequestError.at(line, f"`{text}` is no status line.", f"{hint}{AS_TEXT}" if in_body else hint)


def _unexpected(line: Line, message: str, hint: str) -> RequestError:
    return RequestError.at(line, message, f"{hint}{AS_TEXT}")


def foreign_script(line: Line) -> RequestError:
    """The error of what another tool does around its requests."""
    text = line.text.strip()
    if text.startswith(">>"):
        file = text.lstrip(">!").strip()
        message = "a response is not put into a file by its request."
        hint = f"Name the request (# @name answer) and write below the cell:  open({file!r}, 'wb').write(answer.body)"
    elif text.startswith("<>"):
        message = "a response is not compared with a file."
        hint = "Write what is expected:  HTTP 200, and below it the headers, an empty line, the body"
    elif text.startswith("<@"):
        file = text.partition(" ")[2].strip()
        message = "a file is read as UTF-8; no encoding is named."
        hint = f"Write  <@ {file}  or, as bytes,  < {file}"
    else:
        message = "a script of another tool stands here; nbmicro runs none."
        hint = 'Checks are Python under [Asserts]:  status == 200, json["name"] == "Ada"'
    return _unexpected(line, message, hint)
