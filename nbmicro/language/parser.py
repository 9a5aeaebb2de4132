"""The cell form of requests: ``.http`` syntax with Hurl's answer section, as a ``%%http`` cell or a file."""

from __future__ import annotations

from nbmicro.errors import RequestError
from nbmicro.http.methods import BODYLESS_METHODS
from nbmicro.language.bodies import is_structure, read_body
from nbmicro.language.curl import curl_behind
from nbmicro.language.curl_cell import begins_curl, read_curl
from nbmicro.language.expressions import is_comparison
from nbmicro.language.head import foreign_script, read_continuation, read_headers, read_request_line
from nbmicro.language.items import DATA_KINDS, read_words
from nbmicro.language.lines import (
    REQUEST,
    SCRIPT_BLOCK,
    SEPARATOR,
    STATUS,
    VARIABLE,
    Cursor,
    begins_request,
    is_directive,
    section_name,
)
from nbmicro.language.request import RequestDraft, read_comment, read_section
from nbmicro.language.sections import (
    check_identifier,
    check_section,
)
from nbmicro.language.syntax import (
    ExpectedStatus,
    LineRequest,
    Script,
    ScriptRequest,
    Variable,
)
from nbmicro.language.tokens import split_words


def parse_script(
    line: str, body: str, *, head: tuple[int, int] = (1, 8), first_line: int = 2, where: str | None = None
) -> Script:
    """Parse a ``%%http`` cell.

    Parameters
    ----------
    line:
        What stands behind ``%%http`` on its line.
    body:
        The lines below; the first of them is ``first_line``.
    head:
        The line and column where ``line`` begins in the editor: comments may have stood above it.
    where:
        What the errors call the place, as a file's name; None in a cell.

    Raises
    ------
    RequestError
        Anything that cannot be read as a request; with line and column, and what would do.
    """
    try:
        return _parse(line, body, head, first_line)
    except RequestError as error:
        error.where = error.where or where
        raise


def parse_file(text: str, where: str) -> Script:
    """Parse the text of an ``.http`` file named ``where``; its first line is line 1."""
    return parse_script("", text, first_line=1, where=where)


def _parse(line: str, body: str, place: tuple[int, int], first_line: int) -> Script:
    curl = curl_behind(line)
    head = _read_head(line if curl is None else curl[0], *place)
    if head.options.help:
        return Script((), options=head.options)
    cursor = Cursor(body, first_line)
    requests: list[ScriptRequest] = []
    variables: list[Variable] = []
    pending = RequestDraft()
    if curl is not None:
        _read_curl_of_head(line, curl, place, head, cursor, pending)
        requests.append(_read_request(cursor, pending))
        pending = RequestDraft()
    elif head.url is not None:
        pending.method, pending.url, pending.items = head.method, head.url, head.items
        pending.body, pending.line, pending.column = head.body, place[0], head.column
        requests.append(_read_request(cursor, pending))
        pending = RequestDraft()
    while True:
        _read_prelude(cursor, pending, variables, len(requests), needs_separator=bool(requests))
        if cursor.at_end:
            break
        if SCRIPT_BLOCK.match(cursor.line.text):
            raise foreign_script(cursor.line)
        if begins_curl(cursor.line.text):
            read_curl(cursor, pending)
        else:
            start = cursor.take()
            pending.method, pending.url = read_request_line(start)
            pending.line, pending.column = start.number, len(start.text) - len(start.text.lstrip()) + 1
        requests.append(_read_request(cursor, pending))
        pending = RequestDraft()
    if not requests and not variables and not (head.options.reset or head.options.file):
        raise RequestError(
            "the cell has no request.", hint="Write one, such as  GET /users", line=place[0] if first_line > 1 else None
        )
    _check_names(requests)
    return Script(tuple(requests), tuple(variables), head.options)


def _read_curl_of_head(
    line: str, curl: tuple[str, int], place: tuple[int, int], head: LineRequest, cursor: Cursor, draft: RequestDraft
) -> None:
    """Read the command behind ``%%http --curl``, or below it."""
    before, start = curl
    if head.url is not None or head.items:
        raise RequestError(
            f"`{before.strip()}` stands in front of --curl, whose command is the whole request.",
            hint="Leave it out.",
            line=place[0],
            column=place[1],
        )
    if start < len(line.rstrip()):
        read_curl(cursor, draft, line[start:], (place[0], place[1] + start))
        return
    cursor.skip_blank(comments=True)
    if not begins_curl(cursor.line.text):
        raise RequestError(
            "--curl has no command.",
            hint="Paste it below, as it is:  curl 'http://localhost:5000/users'",
            line=place[0],
            column=place[1] + len(before),
        )
    read_curl(cursor, draft)


def _read_head(line: str, number: int, column: int) -> LineRequest:
    words, quiet = split_words(line, line=number, column=column)
    head = read_words(words, line=number, column=column + len(line), quiet=quiet, magic="%%http")
    if head.options.file:
        raise RequestError(
            "--file belongs to the line %http.", hint=f"Write  %http --file {head.options.file}", line=number
        )
    if head.url is None and head.items:
        raise RequestError("items need a URL before them.", hint="Write  %%http POST /users name=Ada", line=number)
    return head


def _read_prelude(
    cursor: Cursor, draft: RequestDraft, variables: list[Variable], before: int, *, needs_separator: bool
) -> None:
    """Read what stands before a request line: comments, directives, file variables, separators."""
    while not cursor.at_end:
        line = cursor.line
        separator = SEPARATOR.match(line.text)
        if separator:
            draft.title = separator[1].strip()
        elif line.is_blank or read_comment(line, draft):
            pass
        elif variable := VARIABLE.match(line.text):
            name = variable[1]
            check_identifier(name, "a file variable", line.number, 2)
            column = variable.start(2) + 1
            variables.append(Variable(name, line.group(variable, 2), before, line.number, column))
        elif needs_separator and not REQUEST.match(line.text) and not _separated(cursor):
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


def _read_request(cursor: Cursor, draft: RequestDraft) -> ScriptRequest:
    """Read everything behind a request line, up to the next separator."""
    read_continuation(cursor, draft)
    read_headers(cursor, draft)
    _read_request_part(cursor, draft)
    if not cursor.at_end and (found := STATUS.match(cursor.line.text)):
        draft.status = ExpectedStatus(None if found[1] == "*" else int(found[1]), cursor.take().number)
        read_headers(cursor, draft, answer=True)
        _read_answer_part(cursor, draft)
    return draft.finished()


def _read_request_part(cursor: Cursor, draft: RequestDraft) -> None:
    """Read body and sections up to the status line, the separator or the next request line."""
    if REQUEST.match(cursor.line.text):
        return
    while True:
        if not _skip_to_part(cursor, draft):
            return
        line = cursor.line
        if is_structure(line.text):
            return
        if begins_request(line.text) and not _may_have_body(draft):
            if not is_directive(line.text):
                return
            read_comment(cursor.take(), draft)
            continue
        if SCRIPT_BLOCK.match(line.text):
            raise foreign_script(line)
        section = section_name(line.text)
        if section is not None and (draft.body is None or section[0].isupper()):
            read_section(cursor, draft, section)
            continue
        if draft.body is not None or draft.captures or draft.checks:
            raise RequestError(
                f"`{line.text.strip()}` stands behind the {'body' if draft.body is not None else 'checks'}.",
                hint="Behind it come  HTTP 200, a section such as [Asserts], or ###",
                line=line.number,
                column=1,
            )
        _read_body(cursor, draft)


def _skip_to_part(cursor: Cursor, draft: RequestDraft) -> bool:
    """Pass over empty lines (and comments where none can be a body); False at the end."""
    cursor.skip_blank()
    if not _may_have_body(draft):
        start = cursor.position
        cursor.skip_blank(comments=True)
        line = cursor.line
        ends = cursor.at_end or is_structure(line.text) or section_name(line.text) or begins_request(line.text)
        if draft.method in BODYLESS_METHODS and not ends:
            cursor.position = start
    return not cursor.at_end


def _may_have_body(draft: RequestDraft) -> bool:
    """Whether text below can be the request's body: it has none yet, and its method or type speaks for one."""
    if draft.body is not None or draft.form is not None or draft.multipart is not None:
        return False
    if draft.query or draft.checks or draft.captures:
        return False
    return draft.method not in BODYLESS_METHODS or any(
        pair.name.source.lower() == "content-type" for pair in draft.headers
    )


def _read_body(cursor: Cursor, draft: RequestDraft) -> None:
    first = cursor.line
    other = "[Form]" if draft.form is not None else "[Multipart]" if draft.multipart is not None else None
    if any(item.kind in DATA_KINDS for item in draft.items):
        other = "data on the %%http line"
    if other:
        raise RequestError(
            f"the request has {other} and a body.", hint="Leave one of them out.", line=first.number, column=1
        )
    if draft.is_curl:
        raise RequestError(
            "the data of a curl command stand in it, behind -d.",
            hint="Behind it come  HTTP 200, a section such as [Asserts], or ###",
            line=first.number,
            column=1,
        )
    has_type = any(pair.name.source.lower() == "content-type" for pair in draft.headers)
    draft.body = read_body(cursor, typed=has_type, usual=has_type or draft.method not in BODYLESS_METHODS)
    if draft.body is not None and draft.body.kind == "text" and draft.query:
        raise RequestError(
            "behind a section a body of plain text stands in fences.",
            hint="Put a line of three backticks above it and below it.",
            line=first.number,
            column=1,
        )


def _read_answer_part(cursor: Cursor, draft: RequestDraft) -> None:
    """Read the body expected of the answer, captures and checks."""
    while True:
        cursor.skip_blank(comments=True)
        line = cursor.line
        if cursor.at_end or SEPARATOR.match(line.text) or begins_request(line.text):
            return
        if SCRIPT_BLOCK.match(line.text):
            raise foreign_script(line)
        section = section_name(line.text)
        if section in {"Captures", "Asserts"}:
            read_section(cursor, draft, section)
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
        elif is_comparison(line.text.strip()):
            raise RequestError(
                f"`{line.text.strip()}` stands where the expected body should.",
                hint="A check stands under a line  [Asserts]",
                line=line.number,
                column=1,
            )
        else:
            draft.expected_body = read_body(cursor, expected=True)


def _check_names(requests: list[ScriptRequest]) -> None:
    seen: dict[str, int] = {}
    for request in requests:
        if request.name is None:
            continue
        if request.name in seen:
            raise RequestError(
                f"two requests are named `{request.name}` (the other one on line {seen[request.name]}).",
                hint="Give one of them another name.",
                code="request-named-twice",
                line=request.name_line,
            )
        seen[request.name] = request.name_line
