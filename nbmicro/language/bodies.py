"""Bodies in a cell: where a request's body, or the one expected of a response, begins and ends, and what is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from nbmicro.errors import RequestError
from nbmicro.http.media_types import FORM, JSON, is_json, is_multipart, media_type_of
from nbmicro.language.lines import (
    COMMENT,
    FENCE,
    FILE_BODY,
    HEADER,
    REQUEST,
    SCRIPT_BLOCK,
    SEPARATOR,
    STATUS,
    STATUS_LIKE,
    STATUS_MISTYPED,
    VARIABLE,
    Cursor,
    Line,
    begins_request,
    behind_comment,
    is_check,
    section_name,
)
from nbmicro.language.sections import SECTIONS
from nbmicro.language.syntax import BodySource
from nbmicro.language.template import json_end, parse_template, place_at, place_in_lines

#: The end of the hints for what would be text in fences.
AS_TEXT = "\nIf it is text to be sent, put the body into ``` fences."
IS_CHECK = "A check stands under a line  [Asserts]"
#: What may stand behind a body.
BEHIND_BODY = "Behind it come  HTTP 200, a section such as [Asserts], or ###"

_HURLS_BODY = re.compile(r"(file|hex|base64),([^;]*);\s*\Z")
# Markup, and Hurl's text in one line.
_BEGINS_ITSELF = re.compile(r"<[?!A-Za-z_]|`[^`]*`\s*\Z")
_MEANT_AS_JSON = re.compile(r'\{\s*"|\[\s*[\[{"0-9]')
_GRAPHQL = re.compile(r"\s*(?:query|mutation|subscription|fragment)\b[^:=;,]*[{(]")
_FILE_IN_TEXT = re.compile(r"<@?[ \t]+(?:\.{0,2}/\S|\S*\.\w+\s*\Z)")
# What is never a line of plain text that somebody sends without naming its type.
_HEADER_BELOW = re.compile(
    r"(?:(?i:content-(?:type|length)|user-agent|cache-control|accept-\w+|if-[\w-]+|x-[\w-]+)"
    r"|Accept|Authorization|Cookie|Host|Origin|Referer)[ \t]*:"
)


def is_structure(text: str) -> bool:
    """Whether a line ends a body wherever it stands: a separator, a status line."""
    return bool(SEPARATOR.match(text) or STATUS.match(text))


def begins_body(text: str) -> bool:
    """Whether a line can only be a body's first: an object, an array, markup, a fence, Hurl's text or ``< ./file``."""
    if FENCE.match(text) or FILE_BODY.match(text) or _HURLS_BODY.match(text) or _BEGINS_ITSELF.match(text):
        return True
    return text.startswith(("{", "[")) and section_name(text) is None and not HEADER.match(text)


def comments_in(content_type: str | None) -> Literal["none", "left out", "unclear"]:
    """What lines with ``#`` or ``//`` are in a body of this type.

    REST Client, JetBrains' client and httpYac leave them all out, httpYac those of a markdown text apart. Where they
    can be nothing else, in JSON and in forms, they are left out here too. In another text they may be headings or
    code: nobody can tell.
    """
    media_type = media_type_of(content_type)
    if media_type == "text/markdown":
        return "none"
    return "left out" if is_json(media_type) or media_type == FORM else "unclear"


def read_body(
    cursor: Cursor, *, expected: bool = False, content_type: str | None = None, usual: bool = True
) -> BodySource | None:
    """Read the body that begins at the cursor, which stands on a line that is not empty.

    Parameters
    ----------
    expected:
        It is the body expected of a response: a section ends it as well, and no file stands for it.
    content_type:
        The Content-Type that the request names, so a broken JSON text is meant to be sent as it is.
    usual:
        A body is usual for the request's method.

    Raises
    ------
    RequestError
        A fence or a JSON text that is never closed, or with words behind it, a line that is meant as a status line or
        as a check, a script of another tool, a line of a text that other tools read as a comment or a variable.
    """
    typed = content_type is not None
    first = cursor.line
    if first.is_blank or is_structure(first.text):
        return None
    if fence := FENCE.match(first.text):
        return _fenced(cursor, len(fence[1]), fence[2])
    if hurls := _HURLS_BODY.match(first.text):
        raise _hurls_body(first, hurls)
    if (
        first.text.startswith("`")
        and _BEGINS_ITSELF.match(first.text)
        and not cursor.lines[cursor.position - 1].is_blank
    ):
        # Directly below the headers it is Hurl's; behind an empty line it may be markdown.
        cursor.take()
        return BodySource("fenced", first.template(1, first.text.rindex("`")), line=first.line)
    file = FILE_BODY.match(first.text)
    if file and not expected:
        cursor.take()
        return BodySource("template_file" if file[1] else "file", first.group(file, 2), line=first.line)
    if first.text.lstrip().startswith(("{", "[")) and section_name(first.text) is None:
        body = _json(cursor, expected=expected, typed=typed)
        if body is not None:
            return body
    return _text(cursor, expected=expected, content_type=content_type, usual=usual)


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
    """The JSON text at the cursor, without comments; None if it is plain text that only begins like JSON."""
    start, first = cursor.position, cursor.line
    lines = _up_to_separator(cursor, comments=expected)
    rest = "\n".join(line.text for line in lines)
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
    lines = lines[: rest.count("\n", 0, end) + 1]
    text = rest[indent:end]
    cursor.position += lines[-1].line - first.line + 1
    unexpected = _unexpected_behind(cursor)
    if unexpected is not None:
        meant = _MEANT_AS_JSON.match(rest, indent) or text in {"{}", "[]"}
        # `{…}` below `{…}` is JSON in lines, which is a text; so is what has a type of its own.
        if meant and not typed and not expected and not unexpected.text.lstrip().startswith(("{", "[")):
            raise _behind_json(unexpected)
        cursor.position = start
        return None
    numbers = _numbers(lines)
    place = place_in_lines(text, numbers) if numbers else place_at(text, first.line, indent + 1)
    return BodySource("json", parse_template(text, place), line=first.line, numbers=numbers)


def _up_to_separator(cursor: Cursor, *, comments: bool) -> list[Line]:
    """The lines from the cursor to the next separator, with the comments among them or without."""
    rest = cursor.lines[cursor.position :]
    end = next((at for at, line in enumerate(rest) if "###" in line.text and SEPARATOR.match(line.text)), len(rest))
    return rest[:end] if comments else _without_comments(rest[:end])


def _without_comments(lines: Sequence[Line], *, blocks: bool = True) -> list[Line]:
    """Lines without those of comments, ``/* … */`` over lines among them if ``blocks`` says so."""
    kept: list[Line] = []
    position = 0
    while position < len(lines):
        behind = behind_comment(lines, position) if blocks or lines[position].is_comment else position
        if behind == position:
            kept.append(lines[position])
            behind += 1
        position = behind
    return kept


def _numbers(lines: Sequence[Line]) -> tuple[int, ...]:
    """The numbers of lines between which some are left out; none where they follow one another."""
    has_gap = lines[-1].line - lines[0].line + 1 != len(lines)
    return tuple(line.line for line in lines) if has_gap else ()


def _unexpected_behind(cursor: Cursor) -> Line | None:
    """The line behind a JSON text that begins none of the request's further parts; None if there is none."""
    start = cursor.position
    cursor.skip_blank(comments=True)
    line, at_end, cursor.position = cursor.line, cursor.at_end, start
    known = section_name(line.text) is not None or SCRIPT_BLOCK.match(line.text) or is_structure(line.text)
    return None if at_end or known or begins_request(line.text) else line


def _behind_json(line: Line) -> RequestError:
    text = line.text.strip()
    if STATUS_LIKE.match(text):
        return no_status_line(line)
    return _unexpected(line, f"`{text}` stands behind the JSON body.", IS_CHECK if is_check(text) else BEHIND_BODY)


def _text(cursor: Cursor, *, expected: bool, content_type: str | None, usual: bool) -> BodySource | None:
    start = cursor.position
    comments = "none" if expected else comments_in(content_type)
    is_markdown = comments == "none" and not expected
    while not cursor.at_end and not _ends_text(cursor.line.text, is_markdown):
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
        cursor.take()
    lines = cursor.lines[start : cursor.position]
    if comments != "none":
        # `/* … */` is what a style sheet or a program has of its own.
        kept = _without_comments(lines, blocks=comments == "left out" or content_type is None)
    else:
        kept = lines
    _check_text(kept, can_be_text=usual)
    if comments == "unclear":
        _check_comments(lines, kept)
    elif is_markdown:
        # httpYac leaves out the one kind and keeps the other.
        _check_comments(lines, [line for line in lines if not line.text.lstrip().startswith("//")])
    lines = kept
    while lines and lines[-1].is_blank:
        lines = lines[:-1]
    if not lines:
        return None
    if not expected:
        _check_sent_text(lines, content_type, usual=usual)
        if cursor.line.text[:1].isspace() and SEPARATOR.match(cursor.line.text):
            hint = "A separator stands in the first column."
            raise _unexpected(cursor.line, f"`{cursor.line.text.strip()}` is indented, and stands in a text.", hint)
    first, numbers = lines[0], _numbers(lines)
    text = "\n".join(line.text for line in lines)
    place = place_in_lines(text, numbers) if numbers else place_at(text, first.line, 1)
    return BodySource("text", parse_template(text, place), line=first.line, numbers=numbers)


def _ends_text(text: str, is_markdown: bool) -> bool:
    """Whether a line ends a text; in markdown hashes with words behind them are a heading."""
    if is_markdown and SEPARATOR.match(text):
        return text.strip() == "###"
    return is_structure(text)


def _check_comments(lines: Sequence[Line], kept: Sequence[Line]) -> None:
    """Reject comments in a text, as they may be text too; behind the end of markup or of a multipart body none may."""
    written = [line for line in kept if not line.is_blank]
    first, last = (written[0].text.strip(), written[-1].text.strip()) if written else ("", "")
    is_closed = (first[:1] == "<" and last[-1:] == ">") or (first[:2] == "--" and last[-2:] == "--")
    for line in lines if len(kept) < len(lines) else []:
        if line in kept or (is_closed and line.line > written[-1].line):
            continue
        message = f"`{line.text.strip()}` is a comment in files of requests, and may be a line of this text."
        hint = "Take it out, or put the body into ``` fences to send it"
        if line.text.lstrip().startswith("#"):
            hint += "; in  Content-Type: text/markdown  it is text"
        raise RequestError.at(line, message, f"{hint}.", code="comment")


def _check_sent_text(lines: Sequence[Line], content_type: str | None, *, usual: bool) -> None:
    """Reject lines of a request's text that are meant otherwise: headers, variables, files, GraphQL."""
    first = lines[0]
    is_header = _HEADER_BELOW.match(first.text) or (not usual and HEADER.match(first.text))
    if content_type is None and is_header:
        hint = "Headers stand directly below the request line; take the empty line out."
        raise _unexpected(first, f"`{first.text.strip()}` stands where the body should.", hint)
    if comments_in(content_type or JSON) == "left out" and REQUEST.match(first.text):
        hint = "A further request stands behind a line  ###"
        raise _unexpected(first, f"`{first.text.strip()}` stands where the body should.", hint)
    if (content_type is None or is_json(media_type_of(content_type))) and _GRAPHQL.match(first.text):
        raise no_graphql(first)
    for line in lines:
        if VARIABLE.match(line.text):
            hint = "A file variable stands above the request line; behind a request comes ### first."
            raise _unexpected(line, f"`{line.text.strip()}` stands in the body.", hint)
        if _FILE_IN_TEXT.match(line.text) and not is_multipart(media_type_of(content_type)):
            hint = "A file is the whole body, or a part of a multipart one."
            raise _unexpected(line, f"`{line.text.strip()}` stands among the lines of a text.", hint)


def _check_text(lines: Sequence[Line], *, can_be_text: bool) -> None:
    """Reject what would be sent, or expected, as text and is meant otherwise: a mistyped status line, checks.

    Where the request ``can_be_text`` not, as its method has no body, a first line that looks like a status is none.
    """
    written = [line for line in lines if not line.is_blank and not COMMENT.match(line.text)]
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
    elif text.startswith("??"):
        message = "a check of httpYac's stands here."
        hint = 'Write a line  HTTP *  and below it, under a line  [Asserts],  Python:  status == 200, json["id"] == 7'
    elif text.startswith("<@"):
        file = text.partition(" ")[2].strip()
        message = "a file is read as UTF-8; no encoding is named."
        hint = f"Write  <@ {file}  or, as bytes,  < {file}"
    else:
        message = "a script of another tool stands here; nbmicro runs none."
        hint = 'Checks are Python under [Asserts]:  status == 200, json["name"] == "Ada"'
    return _unexpected(line, message, hint)
