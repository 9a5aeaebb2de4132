"""The head of a request in the cell form: ``[METHOD] URL [HTTP/1.1]``, query lines below it, headers."""

from __future__ import annotations

import re

from nbmicro.errors import RequestError
from nbmicro.http.methods import METHODS, is_method
from nbmicro.language.address import check_url, is_url
from nbmicro.language.bodies import begins_body, is_structure
from nbmicro.language.expressions import is_comparison
from nbmicro.language.lines import (
    CONTINUATION,
    HEADER,
    REQUEST,
    SCRIPT_BLOCK,
    STATUS,
    STATUS_LIKE,
    VARIABLE,
    VERSION,
    Cursor,
    Line,
    begins_request,
    section_name,
)
from nbmicro.language.request import RequestDraft, read_comment
from nbmicro.language.sections import check_section
from nbmicro.language.syntax import Pair
from nbmicro.language.template import Template, blank_end, joined
from nbmicro.language.unexpected import AS_TEXT, status_cure

# REST Client computes these from a name and a password, or from keys.
_SCHEME = re.compile(r"(?:Digest\s+[^\s=]+\s+[^\s=]+|AWS\s+\S+\s+\S+.*|COGNITO\s+\S+\s+\S+.*)\Z", re.I)
# `name=Ada`, `age:=36`, `page==2`, `photo@a.png`: HTTPie's items.
_ITEM = re.compile(r"[\w.-]+(?::=@?|=@|==?|@)\S")


def read_request_line(line: Line) -> tuple[str, Template]:
    """The method and URL of a request line; the method is GET where it is left out.

    Raises
    ------
    RequestError
        The line is no request line.
    """
    text = line.text.rstrip()
    version = VERSION.search(text)
    stop = version.start() if version else len(text)
    start = len(text) - len(text.lstrip())
    first = re.compile(r"\S+").match(text, start, stop)
    method = "GET"
    if first and is_method(first[0]) and not is_url(first[0]):
        method = first[0].upper()
        behind = text[first.end() : stop]
        start = first.end() + len(behind) - len(behind.lstrip())
        if not first[0].isupper() and not is_url(text[start:stop]) and method not in METHODS:
            raise _no_request(line, f"`{text.strip()}` is no request line.", "Write  GET /users")
    if start >= stop:
        raise _no_request(line, "the URL is missing.", f"Write  {method} /users")
    if STATUS.match(text):
        raise _no_request(line, f"`{text}` has no request above it.", "Write the request line first:  GET /users")
    url = line.template(start, stop)
    space = _space_outside_blanks(text[start:stop])
    if space >= 0:
        if method == "GET" and not is_url(text[start:stop]):
            raise _no_request(line, f"`{text.strip()}` is no request line.", "Write  GET /users")
        rest = text[start + space : stop].strip()
        column = start + space + 1 + len(text[start + space : stop]) - len(text[start + space : stop].lstrip())
        hint = _behind_url(method, text[start:stop], rest)
        raise RequestError(f"`{rest}` stands behind the URL.", hint=hint, line=line.number, column=column)
    check_url(url)
    return method, url


def _behind_url(method: str, text: str, rest: str) -> str:
    """What to write for words behind a URL, which are ``rest`` of its ``text``."""
    for status in (rest, f"HTTP {rest}"):
        if STATUS.match(status):
            return f"The status that is expected stands on a line of its own, below the request:  {status}"
    if any(_ITEM.match(word) or word.startswith("-") or HEADER.match(word) for word in rest.split()):
        return f"Items and options belong to the magic's own line:  %%http {method} {text}\nIn a URL a space is %20."
    url = text.rstrip().removesuffix(rest).rstrip()
    return f"In a URL a space is %20:  {method} {'%20'.join([url, *rest.split()])}"


def _space_outside_blanks(text: str) -> int:
    position = 0
    while position < len(text):
        if text.startswith("{{", position):
            end = blank_end(text, position + 2)
            position = end + 2 if end >= 0 else position + 2
        elif text[position].isspace():
            return position
        else:
            position += 1
    return -1


def _no_request(line: Line, message: str, hint: str) -> RequestError:
    return RequestError(message, hint=hint, line=line.number, column=1)


def read_continuation(cursor: Cursor, draft: RequestDraft) -> None:
    """Add the lines that begin with ``?`` or ``&`` to the URL."""
    while draft.url is not None and not cursor.at_end and (found := CONTINUATION.match(cursor.line.text)):
        start, stop = found.span(1)
        version = VERSION.search(cursor.line.text[:stop])
        stop = version.start() if version else stop
        space = _space_outside_blanks(cursor.line.text[start:stop])
        if space >= 0:
            rest = cursor.line.text[start + space : stop].strip()
            raise RequestError(
                f"`{rest}` stands behind the URL.",
                hint="In a URL a space is %20.",
                line=cursor.line.number,
                column=start + space + 2,
            )
        more = cursor.line.template(start, stop)
        draft.url = joined(draft.url, more)
        cursor.take()


def read_headers(cursor: Cursor, draft: RequestDraft, *, answer: bool = False) -> None:
    """Read headers, and the comments between them, up to an empty line or what can be no header.

    They are the request's, or those expected of its ``answer``; a directive behind an answer is the next request's.
    """
    headers = draft.expected_headers if answer else draft.headers
    while not cursor.at_end and not cursor.line.is_blank:
        line = cursor.line
        if is_structure(line.text) or begins_body(line.text) or SCRIPT_BLOCK.match(line.text):
            return
        if begins_request(line.text) if answer else REQUEST.match(line.text):
            return
        section = section_name(line.text)
        if section:
            check_section(line, section)
            return
        if not read_comment(line, draft):
            headers.append(_read_header(line, answer))
        cursor.take()


def _read_header(line: Line, answer: bool) -> Pair:
    found = HEADER.match(line.text)
    if found and not VARIABLE.match(line.text):
        if not answer:
            _refuse_foreign_header(line, found[1], found[2])
        return Pair(line.group(found, 1), line.group(found, 2), line.number)
    text = line.text.strip()
    status = STATUS_LIKE.match(text)
    if status:
        message, hint = f"`{text}` is no status line.", status_cure(text)
    elif VARIABLE.match(text):
        message, hint = f"`{text}` stands in a request.", "File variables stand before the request line."
    elif is_comparison(text):
        message, hint = f"`{text}` is no header.", "A check stands under a line  [Asserts]"
    elif _ITEM.match(text):
        message = f"`{text}` is an item, not a header."
        hint = f"Items stand on the magic's own line:  %%http POST /users {text}  or, as a form, under a line  [Form]"
    else:
        message, hint = f"`{text}` is no header.", "Write  Name: value  and leave a line empty before the body."
    raise RequestError(message, hint=hint, line=line.number, column=1)


def foreign_script(line: Line) -> RequestError:
    """The error of what another tool does around its requests."""
    text = line.text.strip()
    if text.startswith(">>"):
        file = text.lstrip(">!").strip()
        message = "an answer is not put into a file by its request."
        hint = f"Name the request (# @name answer) and write below the cell:  open({file!r}, 'wb').write(answer.body)"
    elif text.startswith("<>"):
        message = "an answer is not compared with a file."
        hint = "Write what is expected:  HTTP 200, and below it the headers, an empty line, the body"
    elif text.startswith("<@"):
        file = text.partition(" ")[2].strip()
        message = "a file is read as UTF-8; no encoding is named."
        hint = f"Write  <@ {file}  or, as bytes,  < {file}"
    else:
        message = "a script of another tool stands here; nbmicro runs none."
        hint = 'Checks are Python under [Asserts]:  status == 200, json["name"] == "Ada"'
    return RequestError(message, hint=f"{hint}{AS_TEXT}", line=line.number, column=1)


def _refuse_foreign_header(line: Line, name: str, value: str) -> None:
    """Refuse headers by which REST Client is told to do something, and which it does not send as they stand."""
    key = name.lower()
    if key == "x-request-type" and value.lower() == "graphql":
        message, hint = (
            "a GraphQL query is sent as the JSON that it is.",
            'Write the body  {"query": "{ users { name } }"}',
        )
    elif key == "authorization" and _SCHEME.match(value):
        scheme = value.partition(" ")[0]
        message = f"{scheme} authentication is not computed here."
        hint = "Basic is, with  -a USER:PASS ; a token is a header:  Authorization: Bearer {{ token }}"
    else:
        return
    raise RequestError(message, hint=hint, line=line.number, column=1)
