"""A request of the cell form while it is read: its parts so far, and what directives and sections add to them."""

from __future__ import annotations

from dataclasses import dataclass, field

from nbmicro.errors import RequestError
from nbmicro.language.lines import DIRECTIVE, DIRECTIVES, Cursor, Line
from nbmicro.language.options import seconds_in, show_parts_in
from nbmicro.language.sections import (
    check_identifier,
    check_section,
    read_captures,
    read_checks,
    read_multipart,
    read_options,
    read_pairs,
)
from nbmicro.language.syntax import (
    BodySource,
    Capture,
    Check,
    ExpectedStatus,
    FilePart,
    Item,
    Pair,
    ScriptRequest,
)
from nbmicro.language.template import Template
from nbmicro.printable import did_you_mean


@dataclass
class RequestDraft:
    """A request while it is read."""

    method: str = "GET"
    url: Template | None = None
    line: int = 1
    column: int | None = None
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
    is_curl: bool = False

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
            column=self.column,
            name_line=self.name_line,
        )


def read_comment(line: Line, draft: RequestDraft) -> bool:
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
            code="prompt",
            fix=f"{variable} = input()",
            line=line.number,
            column=column,
        )
    elif name not in DIRECTIVES:
        near = did_you_mean(name, DIRECTIVES, 0.7)
        if near:
            raise RequestError(
                f"there is no directive `# @{name}`.",
                hint=f"Did you mean `# @{near}`?",
                line=line.number,
                column=column,
            )
    return True


def read_section(cursor: Cursor, draft: RequestDraft, section: str) -> None:
    """Read the section whose head the cursor stands on.

    Raises
    ------
    RequestError
        There is no such section, its lines are wrong, or it is a second body.
    """
    head = cursor.take()
    check_section(head, section)
    has_body = draft.body is not None
    other = {"Form": draft.multipart, "Multipart": draft.form}.get(section)
    if other is not None or (has_body and section in {"Form", "Multipart"}):
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


def _take_options(cursor: Cursor, draft: RequestDraft) -> None:
    options = read_options(cursor)
    draft.follow = draft.follow if options.follow is None else options.follow
    draft.timeout = options.timeout or draft.timeout
    draft.auth = options.auth or draft.auth
    draft.cookies = draft.cookies and options.cookies
    if options.show is not None:
        draft.show = show_parts_in(options.show, options.show_line, 1)


def _read_expectation(cursor: Cursor, draft: RequestDraft, section: str) -> None:
    if section == "Captures":
        draft.captures = (*draft.captures, *read_captures(cursor))
    else:
        draft.checks = (*draft.checks, *read_checks(cursor))
