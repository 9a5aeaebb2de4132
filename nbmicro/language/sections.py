"""The sections of a request: ``[Query] [Form] [Multipart] [Options]``, and of its answer: ``[Captures] [Asserts]``."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from nbmicro.errors import RequestError
from nbmicro.language.bodies import begins_body, is_structure
from nbmicro.language.expressions import check_corrected, check_python, expressions_in, split_comment
from nbmicro.language.hurl import capture_in_python, check_in_python
from nbmicro.language.lines import (
    REQUEST,
    SCRIPT_BLOCK,
    Cursor,
    Line,
    begins_request,
    is_directive,
    section_name,
)
from nbmicro.language.options import seconds_in
from nbmicro.language.syntax import Capture, Check, FilePart, Pair
from nbmicro.language.template import Template, parse_template, place_at
from nbmicro.printable import did_you_mean

SECTIONS = ("Query", "Form", "Multipart", "Captures", "Asserts", "Options")
_ELSEWHERE = {
    "QueryStringParams": "Write [Query].",
    "FormParams": "Write [Form].",
    "MultipartFormData": "Write [Multipart].",
    "Cookies": "Write the header  Cookie: name=value",
    "BasicAuth": "Write  -a USER:PASS  on the %%http line, or  user: USER:PASS  under [Options].",
}
# Hurl's options, which say how a network is crossed.
_NEEDLESS = {
    **dict.fromkeys(("retry", "retry-interval", "delay"), "The app in the notebook answers at once: leave it out."),
    **dict.fromkeys(
        ("insecure", "compressed", "http1.1", "http2", "cacert", "key", "cert", "proxy"),
        "No network is crossed: leave it out.",
    ),
    **dict.fromkeys(("verbose", "very-verbose"), "Write  show: all"),
    "max-redirs": "Leave it out.",
    "variable": "Set it above the request:  @name = value",
    "output": "Name the request (# @name answer); its body is  answer.body",
    "skip": "Begin the cell with  # NBVAL_SKIP  or take the request out.",
    "repeat": "Send it in a loop:  for i in range(3):  %http /users",
}
_OPTIONS = ("location", "max-time", "timeout", "user", "cookies", "show")


@dataclass
class SectionOptions:
    """What ``[Options]`` says."""

    follow: bool | None = None
    timeout: float | None = None
    auth: Template | None = None
    cookies: bool = True
    show: str | None = None
    show_line: int = 1


def check_section(line: Line, name: str) -> None:
    """Refuse a section that there is not."""
    if name in SECTIONS:
        return
    near = did_you_mean(name.capitalize(), SECTIONS)
    hint = _ELSEWHERE.get(name) or (f"Did you mean [{near}]?" if near else None)
    everything = " ".join(f"[{one}]" for one in SECTIONS)
    raise RequestError(
        f"there is no section [{name}].", hint=hint or f"The sections are {everything}", line=line.number, column=1
    )


def check_identifier(name: str, what: str, line: int, column: int) -> None:
    """Refuse a name that cannot be a variable of the notebook."""
    if name.isidentifier() and not keyword.iskeyword(name):
        return
    plain = re.sub(r"\W+", "_", name).strip("_")
    better = f"_{plain}" if plain[:1].isdigit() else (f"{plain}_" if keyword.iskeyword(plain) else plain or "answer")
    raise RequestError(
        f"{what} becomes a variable of the notebook, and `{name}` cannot be one.",
        hint=f"Write  {better}",
        line=line,
        column=column,
    )


def _entries(cursor: Cursor, *, before_answer: bool = False) -> list[Line]:
    """The lines under a section's head, without comments; a body may begin behind those of the request's part."""
    entries: list[Line] = []
    while not cursor.at_end:
        line = cursor.line
        if is_structure(line.text) or section_name(line.text) or SCRIPT_BLOCK.match(line.text):
            break
        if begins_body(line.text) if before_answer else begins_request(line.text):
            break
        if REQUEST.match(line.text) or (before_answer and is_directive(line.text)):
            break
        cursor.take()
        if not line.is_blank and not line.is_comment:
            entries.append(line)
    return entries


def _name_and_value(line: Line) -> tuple[int, int, int]:
    """Where the name begins and ends and the value begins in ``name: value``."""
    start = len(line.text) - len(line.text.lstrip())
    # A blank may stand in the name, and hold a colon: its template finds where it ends.
    colon = line.text.find(":", start)
    while colon >= 0 and line.text.count("{{", start, colon) > line.text.count("}}", start, colon):
        colon = line.text.find(":", colon + 1)
    if colon <= start:
        raise RequestError(
            f"`{line.text.strip()}` is no line of this section.",
            hint="Write  name: value",
            line=line.number,
            column=start + 1,
        )
    behind = line.text[colon + 1 :]
    return start, colon, colon + 1 + len(behind) - len(behind.lstrip())


def _pair(line: Line) -> Pair:
    start, colon, value = _name_and_value(line)
    end = max(value, len(line.text.rstrip()))
    stop = start + len(line.text[start:colon].rstrip())
    return Pair(line.template(start, stop), line.template(value, end), line.number)


def read_pairs(cursor: Cursor) -> tuple[Pair, ...]:
    """The lines ``name: value`` of ``[Query]`` and ``[Form]``."""
    return tuple(_pair(line) for line in _entries(cursor, before_answer=True))


def read_multipart(cursor: Cursor) -> tuple[Pair | FilePart, ...]:
    """The lines of ``[Multipart]``: ``name: value``, or ``photo: file,./a.png; image/png``."""
    parts: list[Pair | FilePart] = []
    for line in _entries(cursor, before_answer=True):
        pair = _pair(line)
        if not pair.value.source.startswith("file,"):
            parts.append(pair)
            continue
        path, _, media_type = pair.value.source.removeprefix("file,").partition(";")
        if not path.strip():
            raise RequestError(
                f"`{line.text.strip()}` names no file.",
                hint="Write  photo: file,./a.png; image/png",
                line=line.number,
                column=pair.value.column,
            )
        place = place_at("", line.number, pair.value.column + len("file,"))
        parts.append(FilePart(pair.name, parse_template(path.strip(), place), media_type.strip() or None, line.number))
    return tuple(parts)


def read_options(cursor: Cursor) -> SectionOptions:
    """The lines of ``[Options]``."""
    options = SectionOptions()
    for line in _entries(cursor, before_answer=True):
        pair = _pair(line)
        name, value, column = pair.name.source, pair.value.source, pair.value.column
        if name in {"location", "cookies"}:
            if value not in {"true", "false"}:
                raise RequestError(f"{name} is true or false, not `{value}`.", line=line.number, column=column)
            if name == "location":
                options.follow = value == "true"
            else:
                options.cookies = value == "true"
        elif name in {"max-time", "timeout"}:
            options.timeout = seconds_in(value, line.number, column)
        elif name == "user":
            if ":" not in value:
                raise RequestError(f"`{value}` is no USER:PASS.", line=line.number, column=column)
            options.auth = pair.value
        elif name == "show":
            options.show, options.show_line = value, line.number
        else:
            raise RequestError(
                f"[Options] has no `{name}`.",
                hint=_NEEDLESS.get(name) or f"There are: {' '.join(_OPTIONS)}",
                line=line.number,
                column=pair.name.column,
            )
    return options


def read_captures(cursor: Cursor) -> tuple[Capture, ...]:
    """The lines of ``[Captures]``: ``uid: json["id"]``."""
    captures: list[Capture] = []
    for line, text in expressions_in(_entries(cursor), _after_name, lambda text: capture_in_python(text) is not None):
        _, colon, value = _name_and_value(Line(line.number, text.partition("\n")[0]))
        start = len(text) - len(text.lstrip())
        name = text[:colon].strip()
        check_identifier(name, "a capture", line.number, start + 1)
        expression, _ = split_comment(text[value:])
        check_python(
            expression,
            line.number,
            value + 1,
            f"{name}: " + (capture_in_python(expression) or 'json["id"]'),
            "Captures",
        )
        captures.append(Capture(name, expression, line.number, value + 1))
    return tuple(captures)


def read_checks(cursor: Cursor) -> tuple[Check, ...]:
    """The lines of ``[Asserts]``: a Python expression each, and the comment that is its message."""
    checks: list[Check] = []
    for line, text in expressions_in(
        _entries(cursor), lambda text: text, lambda text: check_in_python(text) is not None
    ):
        column = len(text) - len(text.lstrip()) + 1
        expression, message = split_comment(text.strip())
        if expression.startswith("assert "):
            column += len(expression) - len(expression[7:].lstrip())
            expression = expression[7:].strip()
        instead = check_in_python(expression) or check_corrected(expression) or 'json["name"] == "Ada"'
        check_python(expression, line.number, column, instead, "Asserts")
        checks.append(Check(expression, message, line.number, column))
    return tuple(checks)


def _after_name(text: str) -> str:
    return text.partition(":")[2]
