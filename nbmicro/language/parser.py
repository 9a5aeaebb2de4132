"""The cell form of requests: ``.http`` syntax with Hurl's response section, as a ``%%http`` cell or a file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from nbmicro.errors import RequestError
from nbmicro.http.body import NotTextError, read_text_file
from nbmicro.http.methods import BODYLESS_METHODS
from nbmicro.language.address import read_continuation, read_request_line
from nbmicro.language.bodies import (
    AS_TEXT,
    BEHIND_BODY,
    IS_CHECK,
    begins_body,
    comments_in,
    foreign_script,
    is_structure,
    read_body,
)
from nbmicro.language.curl import begins_curl, curl_behind, read_curl
from nbmicro.language.foreign_commands import foreign_command, may_be_foreign
from nbmicro.language.headers import read_header
from nbmicro.language.hurl_comments import without_value_comments
from nbmicro.language.items import DATA_KINDS, check_before_curl, read_words
from nbmicro.language.lines import (
    BLOCK_COMMENT,
    CONTINUATION,
    DIRECTIVE,
    FENCE,
    REQUEST,
    REQUEST_BEHIND_RESPONSE,
    SCRIPT_BLOCK,
    SEPARATOR,
    STATUS,
    VARIABLE,
    Cursor,
    Line,
    begins_request,
    behind_comment,
    is_comparison,
    is_directive,
    section_name,
)
from nbmicro.language.options import DIRECTIVES, FOREIGN_DIRECTIVES, NO_OPTIONS, Options, named, spellings
from nbmicro.language.sections import SECTIONS, Section, check_identifier, find_section, is_meant_as_section
from nbmicro.language.syntax import ExpectedStatus, Pair, Request, Script, Variable
from nbmicro.language.template import Template, joined
from nbmicro.language.words import split_words
from nbmicro.printable import did_you_mean

_FURTHER = "A further request stands behind a line  ###"


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
        return _Parser(Cursor(body, first_line)).parse(line, *head, is_cell=first_line > 1)
    except RequestError as error:
        error.where = error.where or where
        raise


def parse_file(text: str, where: str) -> Script:
    """Parse the text of an ``.http`` file named ``where``; its first line is line 1."""
    return parse_script("", text, first_line=1, where=where)


def read_file(path: Path, options: Options = NO_OPTIONS) -> Script:
    """Read and parse an ``.http`` file; ``options`` are those of the line that names it.

    Raises
    ------
    RequestError
        As ``parse_script``, or the file cannot be read.
    """
    try:
        text = read_text_file(path)
    except NotTextError as error:
        message = f"the file {path} cannot be read: it {error}. Nothing was sent."
        raise RequestError(message, hint="Save it as UTF-8.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(f"the file {path} cannot be read: {reason}. Nothing was sent.") from None
    if path.suffix.lower() == ".hurl":
        text = "\n".join(without_value_comments(text.splitlines()))
    # The lines of the file are not those of the options.
    return replace(parse_file(text, path.name), options=replace(options, line=None), file=path)


class _Parser:
    """Reads requests one after the other; ``request`` is the one that is being read."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.request = Request()
        self.requests: list[Request] = []
        self.variables: list[Variable] = []
        self.title_line: Line | None = None

    def parse(self, text: str, number: int, column: int, *, is_cell: bool) -> Script:
        if may_be_foreign(text):
            place = Template("", (), number, column)
            if (error := foreign_command(f"{text}\n{self.cursor.rest()}", place)) is not None:
                raise error
        curl = curl_behind(text)
        first, options = _read_first_line(text if curl is None else curl[0], number, column)
        if options.help:
            return Script(options=options)
        if curl is not None:
            check_before_curl(first, curl[0], number, column)
            self._read_curl_of_first_line(text, *curl, number, column)
            self._read_request()
        elif first.url.parts:
            self.request = first
            self._read_request()
        elif first.method != "GET":
            # The line below would be read as a request of its own, with another method.
            fix = f"%%http {first.method} /users"
            raise RequestError("the URL is missing.", fix=fix, line=number, column=first.column)
        while True:
            self._read_prelude()
            if self.cursor.at_end:
                break
            self._read_start()
            self._read_request()
        if not self.requests and not self.variables and not (options.reset or options.file):
            raise RequestError(
                "the cell has no request.", hint="Write one, such as  GET /users", line=number if is_cell else None
            )
        self._check_names()
        return Script(tuple(self.requests), tuple(self.variables), options)

    # -- where a request begins --------------------------------------------------------------------------------

    def _read_curl_of_first_line(self, text: str, before: str, start: int, number: int, column: int) -> None:
        """Read the command behind ``%%http --curl``, or below it."""
        if start < len(text.rstrip()):
            read_curl(self.cursor, self.request, text[start:], (number, column + start))
            return
        self.cursor.skip_blank(comments=True)
        if not begins_curl(self.cursor.line.text):
            raise RequestError(
                "--curl has no command.",
                hint="Paste it below, as it is:  curl 'http://localhost:5000/users'",
                line=number,
                column=column + len(before),
            )
        read_curl(self.cursor, self.request)

    def _read_prelude(self) -> None:
        """Read what stands before a request line: comments, directives, file variables, separators."""
        cursor = self.cursor
        while not cursor.at_end:
            line = cursor.line
            if separator := SEPARATOR.match(line.text):
                self._check_title()
                self.request.title, self.title_line = separator[1], line
            elif BLOCK_COMMENT.match(line.text):
                self._skip_block_comment()
                continue
            elif line.is_blank or self._read_comment(line):
                pass
            elif variable := VARIABLE.match(line.text):
                check_identifier(variable[1], "a file variable", line.line, 2)
                value, column = line.group(variable, 2), variable.start(2) + 1
                self.variables.append(Variable(variable[1], value, len(self.requests), line.line, column))
            elif self.requests and not REQUEST_BEHIND_RESPONSE.match(line.text) and not self._is_separated():
                raise RequestError.at(line, f"`{line.text.strip()}` stands behind a request.", _FURTHER)
            else:
                return
            cursor.take()
        self._check_title()

    def _check_title(self) -> None:
        """Reject ``### C`` behind a text if no request follows: it may be the text's last heading."""
        body = self.requests[-1].body if self.requests else None
        if self.request.title and self.title_line is not None and body is not None and body.kind == "text":
            text = self.title_line.text.strip()
            hint = f"Leave its words out:  ###{AS_TEXT}"
            raise RequestError.at(self.title_line, f"`{text}` stands behind a text, and no request behind it.", hint)

    def _skip_block_comment(self) -> None:
        """Skip ``/* … */``, which goes on to a line that ends with its end."""
        behind = behind_comment(self.cursor.lines, self.cursor.position)
        if behind == self.cursor.position:
            hint = "Its  */  ends a line."
            raise RequestError.at(self.cursor.line, "the comment  /*  is never closed.", hint)
        self.cursor.position = behind

    def _is_separated(self) -> bool:
        """Whether a separator stands between the last request and the cursor."""
        for line in reversed(self.cursor.lines[: self.cursor.position]):
            if SEPARATOR.match(line.text):
                return True
            if not (line.is_blank or line.is_comment or VARIABLE.match(line.text)):
                return False
        return False

    def _read_comment(self, line: Line) -> bool:
        """Read a comment, which may be a directive; False if the line is no comment."""
        if not line.is_comment:
            return False
        found = DIRECTIVE.match(line.text)
        if not found:
            return True
        name, option = found[1], named(found[1], DIRECTIVES)
        value = line.word(*(found.span(2) if found[2] is not None else (0, 0)))
        if option is None:
            near = did_you_mean(name, spellings(DIRECTIVES), 0.7)
            if near:
                message, hint = f"there is no directive `# @{name}`.", f"Did you mean `# @{near}`?"
                raise RequestError(message, hint=hint, line=line.line, column=found.start(1))
            plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
            if plain in FOREIGN_DIRECTIVES:
                message, hint = f"`# @{name}` makes another request of it.", FOREIGN_DIRECTIVES[plain]
                raise RequestError(message, hint=hint, code=plain, line=line.line, column=found.start(1))
        elif option.field is not None:
            self.request.options = option.set(self.request.options, option.value_of(value))
        elif name == "name":
            check_identifier(value.text, "the name of a request", line.line, value.column)
            self.request.name, self.request.name_line = value.text, line.line
        elif name == "prompt":
            fix = f"{value.text.split()[0] if value.text else 'name'} = input()"
            raise RequestError(
                "`# @prompt` is not asked here: a notebook that runs from top to bottom has nobody to answer.",
                hint=f"Set the variable in a Python cell above:  {fix}",
                code="prompt",
                fix=fix,
                line=line.line,
                column=found.start(1),
            )
        return True

    def _read_start(self) -> None:
        """Read the request line, or the curl command in its place."""
        line = self.cursor.line
        if SCRIPT_BLOCK.match(line.text):
            raise foreign_script(line)
        if begins_curl(line.text):
            read_curl(self.cursor, self.request)
            return
        if may_be_foreign(line.text) and (error := foreign_command(self.cursor.rest(), line)) is not None:
            raise error
        self.cursor.take()
        self.request.method, self.request.url = read_request_line(line)
        self.request.line, self.request.column = line.line, len(line.text) - len(line.text.lstrip()) + 1

    # -- the request ---------------------------------------------------------------------------------------------

    def _read_request(self) -> None:
        """Read everything behind a request line, up to the next separator."""
        request, cursor = self.request, self.cursor
        request.headers += self._read_headers()
        self._read_request_part()
        if not cursor.at_end and (status := STATUS.match(cursor.line.text)):
            request.status = ExpectedStatus(None if status[1] == "*" else int(status[1]), cursor.take().line)
            request.expected_headers = self._read_headers()
            self._read_response_part()
        request.end = cursor.lines[cursor.position].line if not cursor.at_end else cursor.lines[-1].line + 1
        self.requests.append(request.freeze())
        self.request = Request()

    def _read_headers(self) -> tuple[Pair, ...]:
        """Read headers, and the comments between them, up to an empty line or what can be no header.

        They are the request's, between which its URL may go on, or those expected of its response, behind which a
        directive is the next request's.
        """
        cursor, is_response = self.cursor, self.request.status is not None
        headers: list[Pair] = []
        while not cursor.at_end and not cursor.line.is_blank:
            line = cursor.line
            if is_structure(line.text) or begins_body(line.text) or SCRIPT_BLOCK.match(line.text):
                break
            if begins_request(line.text) if is_response else REQUEST.match(line.text):
                break
            if section := section_name(line.text):
                find_section(line, section)
                break
            if BLOCK_COMMENT.match(line.text):
                self._skip_block_comment()
                continue
            if not is_response and (found := CONTINUATION.match(line.text)):
                self.request.url = joined(self.request.url, read_continuation(line, *found.span(1)))
            elif not self._read_comment(line):
                headers.append(read_header(line, expected=is_response))
            cursor.take()
        return tuple(headers)

    def _read_request_part(self) -> None:
        """Read body and sections up to the status line, the separator or the next request line."""
        request = self.request
        if REQUEST.match(self.cursor.line.text):
            return
        while self._skip_to_part():
            line = self.cursor.line
            if is_structure(line.text):
                return
            if begins_request(line.text) and not (self._may_have_body() and self._is_text(line)):
                if not is_directive(line.text):
                    return
                self._read_comment(self.cursor.take())
                continue
            if SCRIPT_BLOCK.match(line.text):
                raise foreign_script(line)
            section = section_name(line.text)
            if (
                section is not None
                and not (self._may_have_body() and self._is_text(line))
                and (request.body is None or section[0].isupper())
            ):
                self._read_section(line, find_section(line, section))
            elif request.body is not None or self._has_section("response"):
                part = "body" if request.body is not None else "checks"
                raise RequestError.at(line, f"`{line.text.strip()}` stands behind the {part}.", BEHIND_BODY)
            else:
                self._read_body()

    def _is_text(self, line: Line) -> bool:
        """Whether a line where the body may begin is one of it, though elsewhere it would be something else.

        A request line is; a directive, a variable or a section's head is where the body's type is that of a text.
        """
        if REQUEST.match(line.text):
            return True
        section = section_name(line.text)
        is_typed = self._content_type() is not None and comments_in(self._content_type()) != "left out"
        return is_typed and (section is None or not is_meant_as_section(section))

    def _skip_to_part(self) -> bool:
        """Skip empty lines, and comments where none can be a body; False at the end."""
        cursor = self.cursor
        cursor.skip_blank()
        start, may_have_body = cursor.position, self._may_have_body()
        cursor.skip_blank(comments=True)
        text = cursor.line.text
        ends = bool(cursor.at_end or is_structure(text) or section_name(text) or begins_request(text))
        if may_have_body and self._content_type() is not None:
            is_comment = comments_in(self._content_type()) == "left out" or bool(not ends and FENCE.match(text))
        elif may_have_body:
            is_comment = ends or begins_body(text)
        else:
            is_comment = ends or self.request.body is not None or self.request.method not in BODYLESS_METHODS
        if not is_comment:
            cursor.position = start
        return not cursor.at_end

    def _has_section(self, side: str | None = None) -> bool:
        """Whether a section of one side, or any, has been read that says what is sent or expected."""
        fields = [one.field for one in SECTIONS.values() if side in (None, one.side) and one.field != "options"]
        return any(map(self.request.has, fields))

    def _may_have_body(self) -> bool:
        """Whether text below can be the request's body: it has none yet, and its method or type speaks for one."""
        if self.request.body is not None or self._has_section():
            return False
        return self.request.method not in BODYLESS_METHODS or self._content_type() is not None

    def _content_type(self) -> str | None:
        """The Content-Type that the request names."""
        headers = self.request.headers
        return next((pair.value.source for pair in headers if pair.name.source.lower() == "content-type"), None)

    def _read_section(self, head: Line, section: Section) -> None:
        """Read the section whose head the cursor stands on."""
        self.cursor.take()
        if section.body is not None:
            others = [one.field for one in SECTIONS.values() if one.body is not None and one is not section]
            if any(getattr(self.request, field) is not None for field in ("body", *others)):
                raise RequestError.at(head, f"[{section.name}] is a second body.", "Leave one of them out.")
        section.add(self.request, self._entries(section))

    def _entries(self, section: Section) -> list[Line]:
        """The lines under a section's head, without comments; a body may begin behind those of the request's part."""
        in_request = section.side == "request"
        entries: list[Line] = []
        while not self.cursor.at_end:
            text = self.cursor.line.text
            if is_structure(text) or section_name(text) or SCRIPT_BLOCK.match(text):
                break
            if begins_body(text) if in_request else begins_request(text):
                break
            if REQUEST.match(text) or (in_request and is_directive(text)):
                break
            line = self.cursor.take()
            if not line.is_blank and not line.is_comment:
                entries.append(line)
        return entries

    def _read_body(self) -> None:
        request, line = self.request, self.cursor.line
        other = next((f"[{one.name}]" for one in SECTIONS.values() if one.body and request.has(one.field)), None)
        if any(item.kind in DATA_KINDS for item in request.items):
            other = "data on the %%http line"
        if other:
            raise RequestError.at(line, f"the request has {other} and a body.", "Leave one of them out.")
        if request.is_curl:
            raise RequestError.at(line, "the data of a curl command stand in it, behind -d.", BEHIND_BODY)
        content_type = self._content_type()
        usual = content_type is not None or request.method not in BODYLESS_METHODS
        request.body = read_body(self.cursor, content_type=content_type, usual=usual)
        if request.body is not None and request.body.kind == "text" and self._has_section("request"):
            hint = "Put a line of three backticks above it and below it."
            raise RequestError.at(line, "behind a section a body of plain text stands in fences.", hint)

    def _read_response_part(self) -> None:
        """Read the body expected of the response, captures and checks."""
        request, cursor = self.request, self.cursor
        while True:
            cursor.skip_blank(comments=True)
            line = cursor.line
            text = line.text.strip()
            if cursor.at_end or SEPARATOR.match(line.text) or begins_request(line.text):
                return
            if SCRIPT_BLOCK.match(line.text):
                raise foreign_script(line)
            name = section_name(line.text)
            if name is not None:
                section = find_section(line, name)
                if section.side == "request":
                    raise RequestError.at(line, f"[{name}] belongs to the request.", "Put it above the line  HTTP …")
                self._read_section(line, section)
            elif STATUS.match(line.text):
                raise RequestError.at(line, "a second status line.", _FURTHER)
            elif request.expected_body is not None or self._has_section("response"):
                names = ", ".join(f"[{one.name}]" for one in SECTIONS.values() if one.side == "response")
                raise RequestError.at(line, f"`{text}` stands where {names} or ### should.")
            elif is_comparison(text):
                raise RequestError.at(line, f"`{text}` stands where the expected body should.", IS_CHECK)
            else:
                request.expected_body = read_body(cursor, expected=True)

    def _check_names(self) -> None:
        seen: dict[str, int] = {}
        for request in self.requests:
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


def _read_first_line(text: str, line: int, column: int) -> tuple[Request, Options]:
    """The request that begins on the magic's own line, which may have no URL, and the options that stand there."""
    words, quiet = split_words(text, line=line, column=column)
    request, options = read_words(words, line=line, column=column + len(text), quiet=quiet, magic="%%http")
    if options.file:
        raise RequestError("--file belongs to the line %http.", fix=f"%http --file {options.file}", line=line)
    return request, options
