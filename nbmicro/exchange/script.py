"""The cell form of requests: ``.http`` syntax with Hurl's answer section, as a ``%%http`` cell or a file.

What lives here: the order in which the parts of a request may stand. What must not: how a line looks
(``script_lines.py``), bodies (``bodies.py``), sections (``sections.py``), sending (``run.py``).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from nbmicro.errors import RequestError
from nbmicro.exchange.address import is_url
from nbmicro.exchange.bodies import begins_body, is_structure, read_body
from nbmicro.exchange.items import DATA_KINDS, read_words
from nbmicro.exchange.options import seconds_in, show_parts_in
from nbmicro.exchange.request_line import read_request_line
from nbmicro.exchange.script_lines import (
    CONTINUATION,
    DIRECTIVE,
    HEADER,
    SCRIPT_BLOCK,
    SEPARATOR,
    STATUS,
    STATUS_LIKE,
    VARIABLE,
    Cursor,
    Line,
    section_name,
)
from nbmicro.exchange.sections import (
    check_identifier,
    check_section,
    read_captures,
    read_checks,
    read_multipart,
    read_options,
    read_pairs,
)
from nbmicro.exchange.syntax import (
    BodySource,
    Capture,
    Check,
    ExpectedStatus,
    FilePart,
    Item,
    LineRequest,
    Pair,
    Script,
    ScriptRequest,
    Variable,
)
from nbmicro.exchange.template import Template, joined
from nbmicro.exchange.words import split_words

__all__ = ["parse_file", "parse_script"]

_DIRECTIVES = ("name", "show", "no-redirect", "no-cookie-jar", "prompt", "note", "timeout")
_BODYLESS = {"GET", "HEAD", "DELETE", "OPTIONS"}


def parse_script(line: str, body: str, *, column: int = 8, first_line: int = 2, where: str | None = None) -> Script:
    """Parse a ``%%http`` cell.

    Parameters
    ----------
    line:
        What stands behind ``%%http`` on its line; ``column`` is where that begins.
    body:
        The lines below; the first of them is ``first_line``.
    where:
        What the errors call the place, as a file's name; None in a cell.

    Raises
    ------
    RequestError
        Anything that cannot be read as a request; with line and column, and what would do.
    """
    try:
        return _parse(line, body, column, first_line)
    except RequestError as error:
        error.where = error.where or where
        raise


def parse_file(text: str, where: str) -> Script:
    """Parse the text of an ``.http`` file named ``where``; its first line is line 1."""
    return parse_script("", text, first_line=1, where=where)


@dataclass
class _Draft:
    """A request while it is read."""

    method: str = "GET"
    url: Template | None = None
    line: int = 1
    name: str | None = None
    name_line: int = 1
    title: str = ""
    items: tuple[Item, ...] = ()
    headers: list[Pair] = field(default_factory=list)
    query: list[Pair] = field(default_factory=list)
    form: tuple[Pair, ...] | None = None
    multipart: tuple[Pair | FilePart, ...] | None = None
    body: BodySource | None = None
    follow: bool | None = None
    cookies: bool = True
    timeout: float | None = None
    auth: Template | None = None
    show: tuple[str, ...] | None = None
    status: ExpectedStatus | None = None
    expected_headers: list[Pair] = field(default_factory=list)
    expected_body: BodySource | None = None
    captures: tuple[Capture, ...] = ()
    checks: tuple[Check, ...] = ()

    def finished(self) -> ScriptRequest:
        if self.url is None:
            raise RequestError("the request has no URL.", hint="Write  GET /users", line=self.line)
        return ScriptRequest(
            method=self.method,
            url=self.url,
            name=self.name,
            title=self.title,
            items=self.items,
            headers=tuple(self.headers),
            query=tuple(self.query),
            form=self.form,
            multipart=self.multipart,
            body=self.body,
            follow=self.follow,
            cookies=self.cookies,
            timeout=self.timeout,
            auth=self.auth,
            show=self.show,
            status=self.status,
            expected_headers=tuple(self.expected_headers),
            expected_body=self.expected_body,
            captures=self.captures,
            checks=self.checks,
            line=self.line,
            name_line=self.name_line,
        )


def _parse(line: str, body: str, column: int, first_line: int) -> Script:
    head = _read_head(line, column)
    if head.options.help:
        return Script((), options=head.options)
    cursor = Cursor(body, first_line)
    requests: list[ScriptRequest] = []
    variables: list[Variable] = []
    pending = _Draft()
    if head.url is not None:
        pending.method, pending.url, pending.items = head.method, head.url, head.items
        pending.body = head.body
        requests.append(_read_request(cursor, pending))
        pending = _Draft()
    while True:
        _read_prelude(cursor, pending, variables, len(requests), needs_separator=bool(requests))
        if cursor.at_end:
            break
        if SCRIPT_BLOCK.match(cursor.line.text):
            raise _script_block(cursor.line)
        start = cursor.take()
        pending.method, pending.url = read_request_line(start)
        pending.line = start.number
        requests.append(_read_request(cursor, pending))
        pending = _Draft()
    if not requests and not variables and not (head.options.reset or head.options.file):
        raise RequestError(
            "the cell has no request.", hint="Write one, such as  GET /users", line=1 if first_line > 1 else None
        )
    _check_names(requests)
    return Script(tuple(requests), tuple(variables), head.options)


def _read_head(line: str, column: int) -> LineRequest:
    words, quiet = split_words(line, line=1, column=column)
    # `GET /x HTTP/1.1` may stand on the %%http line as in a file.
    plain = [word for word in words if not (word.text in {"HTTP/1.1", "HTTP/1.0", "HTTP/2"} and not word.quoted)]
    head = read_words(plain, line=1, column=column + len(line), quiet=quiet)
    if head.options.file:
        raise RequestError("--file belongs to the line %http.", hint=f"Write  %http --file {head.options.file}", line=1)
    if head.url is None and head.items:
        raise RequestError("items need a URL before them.", hint="Write  %%http POST /users name=Ada", line=1)
    return head


def _read_prelude(
    cursor: Cursor, draft: _Draft, variables: list[Variable], before: int, *, needs_separator: bool
) -> None:
    """Read what stands before a request line: comments, directives, file variables, separators."""
    while not cursor.at_end:
        line = cursor.line
        separator = SEPARATOR.match(line.text)
        if separator:
            draft.title = separator[1].strip()
        elif line.is_blank or _read_comment(line, draft):
            pass
        elif variable := VARIABLE.match(line.text):
            name = variable[1]
            check_identifier(name, "a file variable", line.number, 2)
            column = variable.start(2) + 1
            variables.append(Variable(name, line.group(variable, 2), before, line.number, column))
        elif needs_separator and not draft.title and not _separated(cursor):
            raise RequestError(
                f"`{line.text.strip()}` stands behind a request.",
                hint="A further request stands behind a line  ###",
                line=line.number,
                column=1,
            )
        else:
            return
        cursor.take()


def _separated(cursor: Cursor) -> bool:
    """Whether a separator stands between the last request and the cursor."""
    for line in reversed(cursor.lines[: cursor.position]):
        if SEPARATOR.match(line.text):
            return True
        if not (line.is_blank or line.is_comment or VARIABLE.match(line.text)):
            return False
    return False


def _read_comment(line: Line, draft: _Draft) -> bool:
    """Read a comment, which may be a directive; False if the line is no comment."""
    if not line.is_comment:
        return False
    found = DIRECTIVE.match(line.text)
    if not found:
        return True
    name, value = found[1], found[2] or ""
    column = found.start(1)
    if name == "name":
        check_identifier(value, "the name of a request", line.number, max(found.start(2), 0) + 1)
        draft.name, draft.name_line = value, line.number
    elif name == "show":
        draft.show = show_parts_in(value, line.number, max(found.start(2), 0) + 1)
    elif name == "timeout":
        draft.timeout = seconds_in(value, line.number, max(found.start(2), 0) + 1)
    elif name == "no-redirect":
        draft.follow = False
    elif name == "no-cookie-jar":
        draft.cookies = False
    elif name == "prompt":
        variable = value.split()[0] if value else "name"
        raise RequestError(
            "`# @prompt` is not asked here: a notebook that runs from top to bottom has nobody to answer.",
            hint=f"Set the variable in a Python cell above:  {variable} = input()",
            line=line.number,
            column=column,
        )
    elif name not in _DIRECTIVES:
        near = difflib.get_close_matches(name, _DIRECTIVES, 1, 0.7)
        if near:
            raise RequestError(
                f"there is no directive `# @{name}`.",
                hint=f"Did you mean `# @{near[0]}`?",
                line=line.number,
                column=column,
            )
    return True


def _read_request(cursor: Cursor, draft: _Draft) -> ScriptRequest:
    """Read everything behind a request line, up to the next separator."""
    _read_continuation(cursor, draft)
    _read_headers(cursor, draft, draft.headers)
    _read_request_part(cursor, draft)
    if not cursor.at_end and (found := STATUS.match(cursor.line.text)):
        draft.status = ExpectedStatus(None if found[1] == "*" else int(found[1]), cursor.take().number)
        _read_headers(cursor, draft, draft.expected_headers)
        _read_answer_part(cursor, draft)
    return draft.finished()


def _read_continuation(cursor: Cursor, draft: _Draft) -> None:
    while draft.url is not None and not cursor.at_end and (found := CONTINUATION.match(cursor.line.text)):
        more = cursor.line.group(found, 1)
        draft.url = joined(draft.url, more)
        cursor.take()


def _read_headers(cursor: Cursor, draft: _Draft, headers: list[Pair]) -> None:
    while not cursor.at_end and not cursor.line.is_blank:
        line = cursor.line
        if is_structure(line.text) or begins_body(line.text) or SCRIPT_BLOCK.match(line.text):
            return
        section = section_name(line.text)
        if section:
            check_section(line, section)
            return
        if not _read_comment(line, draft):
            headers.append(_read_header(line))
        cursor.take()


def _read_header(line: Line) -> Pair:
    found = HEADER.match(line.text)
    if found and not VARIABLE.match(line.text):
        return Pair(line.group(found, 1), line.group(found, 2), line.number)
    text = line.text.strip()
    status = STATUS_LIKE.match(text)
    words = text.split()
    if status:
        message, hint = f"`{text}` is no status line.", "It stands alone on its line:  HTTP 200  or  HTTP *"
    elif VARIABLE.match(text):
        message, hint = f"`{text}` stands in a request.", "File variables stand before the request line."
    elif words[0].isupper() and len(words) > 1 and is_url(words[1]):
        message, hint = f"`{text}` stands in another request.", "A further request stands behind a line  ###"
    else:
        message, hint = f"`{text}` is no header.", "Write  Name: value  and leave a line empty before the body."
    raise RequestError(message, hint=hint, line=line.number, column=1)


def _read_request_part(cursor: Cursor, draft: _Draft) -> None:
    """Read body and sections up to the status line or the separator."""
    while True:
        if not _skip_to_part(cursor, draft):
            return
        line = cursor.line
        if is_structure(line.text):
            return
        if SCRIPT_BLOCK.match(line.text):
            raise _script_block(line)
        section = section_name(line.text)
        if section is not None and (draft.body is None or section[0].isupper()):
            _read_section(cursor, draft, section)
            continue
        if draft.body is not None:
            raise RequestError(
                f"`{line.text.strip()}` stands behind the body.",
                hint="Behind a body come  HTTP 200, a section such as [Asserts], or ###",
                line=line.number,
                column=1,
            )
        _read_body(cursor, draft)


def _skip_to_part(cursor: Cursor, draft: _Draft) -> bool:
    """Pass over empty lines (and comments where none can be a body); False at the end."""
    has_type = any(pair.name.source.lower() == "content-type" for pair in draft.headers)
    cursor.skip_blank()
    if draft.body is not None or draft.form is not None or draft.multipart is not None or draft.checks:
        cursor.skip_blank(comments=True)
    elif draft.method in _BODYLESS and not has_type:
        start = cursor.position
        cursor.skip_blank(comments=True)
        if not (cursor.at_end or is_structure(cursor.line.text) or section_name(cursor.line.text)):
            cursor.position = start
    return not cursor.at_end


def _read_body(cursor: Cursor, draft: _Draft) -> None:
    first = cursor.line
    other = "[Form]" if draft.form is not None else "[Multipart]" if draft.multipart is not None else None
    if any(item.kind in DATA_KINDS for item in draft.items):
        other = "data on the %%http line"
    if other:
        raise RequestError(
            f"the request has {other} and a body.", hint="Leave one of them out.", line=first.number, column=1
        )
    has_type = any(pair.name.source.lower() == "content-type" for pair in draft.headers)
    draft.body = read_body(cursor, typed=has_type)


def _read_section(cursor: Cursor, draft: _Draft, section: str) -> None:
    head = cursor.take()
    check_section(head, section)
    has_body = draft.body is not None
    if section in {"Form", "Multipart"} and (has_body or (draft.form if section != "Form" else draft.multipart)):
        raise RequestError(f"[{section}] is a second body.", hint="Leave one of them out.", line=head.number, column=1)
    if section == "Query":
        draft.query.extend(read_pairs(cursor))
    elif section == "Form":
        draft.form = (*(draft.form or ()), *read_pairs(cursor))
    elif section == "Multipart":
        draft.multipart = (*(draft.multipart or ()), *read_multipart(cursor))
    elif section == "Options":
        _take_options(cursor, draft)
    else:
        _read_expectation(cursor, draft, section)


def _take_options(cursor: Cursor, draft: _Draft) -> None:
    options = read_options(cursor)
    draft.follow = draft.follow if options.follow is None else options.follow
    draft.timeout = options.timeout or draft.timeout
    draft.auth = options.auth or draft.auth
    draft.cookies = draft.cookies and options.cookies
    if options.show is not None:
        draft.show = show_parts_in(options.show, options.show_line, 1)


def _read_expectation(cursor: Cursor, draft: _Draft, section: str) -> None:
    if section == "Captures":
        draft.captures = (*draft.captures, *read_captures(cursor))
    else:
        draft.checks = (*draft.checks, *read_checks(cursor))


def _read_answer_part(cursor: Cursor, draft: _Draft) -> None:
    """Read the body expected of the answer, captures and checks."""
    while True:
        cursor.skip_blank(comments=True)
        line = cursor.line
        if cursor.at_end or SEPARATOR.match(line.text):
            return
        if SCRIPT_BLOCK.match(line.text):
            raise _script_block(line)
        section = section_name(line.text)
        if section in {"Captures", "Asserts"}:
            cursor.take()
            _read_expectation(cursor, draft, section)
        elif section is not None:
            check_section(line, section)
            raise RequestError(
                f"[{section}] belongs to the request.",
                hint="Put it above the line  HTTP …",
                line=line.number,
                column=1,
            )
        elif STATUS.match(line.text):
            raise RequestError(
                "a second status line.", hint="A further request stands behind a line  ###", line=line.number, column=1
            )
        elif draft.expected_body is not None or draft.captures or draft.checks:
            raise RequestError(
                f"`{line.text.strip()}` stands where [Captures], [Asserts] or ### should.", line=line.number, column=1
            )
        elif DIRECTIVE.match(line.text):
            _read_comment(cursor.take(), draft)
        else:
            draft.expected_body = read_body(cursor, expected=True)


def _script_block(line: Line) -> RequestError:
    return RequestError(
        "a script of another tool stands here; nbmicro runs none.",
        hint='Checks are Python under [Asserts]:  status == 200, json["name"] == "Ada"',
        line=line.number,
        column=1,
    )


def _check_names(requests: list[ScriptRequest]) -> None:
    seen: dict[str, int] = {}
    for request in requests:
        if request.name is None:
            continue
        if request.name in seen:
            raise RequestError(
                f"two requests are named `{request.name}` (the other one on line {seen[request.name]}).",
                hint="Give one of them another name.",
                line=request.name_line,
            )
        seen[request.name] = request.name_line
