"""The sections of a request, ``[Query] [Form] [Multipart] [Options]``, and of its response, ``[Captures] [Asserts]``.

The parser, the runner, the export and Tab read the table; a section that is not in it is in none of them.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nbmicro.errors import RequestError
from nbmicro.language.hurl import Translation, capture_in_python, check_in_python
from nbmicro.language.lines import Line, is_comparison, split_comment
from nbmicro.language.options import SETTINGS, Options, named, spellings
from nbmicro.language.syntax import Capture, Check, FilePart, Pair, Request
from nbmicro.language.template import compiled, parse_template, place_at
from nbmicro.printable import did_you_mean

Pairs = tuple[Pair | FilePart, ...]
Entries = Pairs | tuple[Capture, ...] | tuple[Check, ...]

_MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class Section:
    """A kind of section.

    Parameters
    ----------
    name:
        What stands in its brackets.
    side:
        Whether it belongs to the request or to its response.
    field:
        The field of :class:`Request` that it fills.
    read:
        Reads its lines.
    argument:
        The keyword of the client's methods that takes the same pairs; for a body also ``files`` takes some.
    body:
        Which kind of body it is.
    offers:
        What Tab offers in it.
    hurls:
        Hurl's name for it.
    """

    name: str
    side: Literal["request", "response"]
    field: str
    read: Callable[[list[Line]], Entries | Options]
    argument: str = ""
    body: Literal["form", "multipart"] | None = None
    offers: Literal["settings", "files", "python"] | None = None
    hurls: str = ""

    def add(self, request: Request, lines: list[Line]) -> None:
        """Read the section's lines into a request, which may have had such a section before."""
        read = self.read(lines)
        if isinstance(read, Options):
            setattr(request, self.field, read.over(getattr(request, self.field)))
        else:
            setattr(request, self.field, (*(getattr(request, self.field) or ()), *read))


def find_section(line: Line, name: str) -> Section:
    """The section of a name; RequestError where there is none."""
    if name in SECTIONS:
        return SECTIONS[name]
    near = did_you_mean(name.capitalize(), SECTIONS)
    better = next((f"Write [{section.name}]." for section in SECTIONS.values() if section.hurls == name), None)
    hint = better or _ELSEWHERE.get(name) or (f"Did you mean [{near}]?" if near else None)
    everything = " ".join(f"[{known}]" for known in SECTIONS)
    raise RequestError.at(line, f"there is no section [{name}].", hint or f"The sections are {everything}")


def is_meant_as_section(name: str) -> bool:
    """Whether ``[name]`` is a section, one of Hurl's, or nearly one: in a text ``[tool]`` may stand for itself."""
    known = {*SECTIONS, *_ELSEWHERE, *(section.hurls for section in SECTIONS.values())}
    return name in known or did_you_mean(name.capitalize(), SECTIONS) is not None


def sections_sent(request: Request) -> Iterator[tuple[Section, Pairs]]:
    """The sections of a request whose pairs are sent, with these."""
    for section in SECTIONS.values():
        if section.argument and request.has(section.field):
            yield section, getattr(request, section.field)


def check_identifier(name: str, what: str, line: int, column: int) -> None:
    """Reject a name that cannot be a variable of the notebook."""
    if name.isidentifier() and not keyword.iskeyword(name):
        return
    plain = re.sub(r"\W+", "_", name).strip("_")
    better = f"_{plain}" if plain[:1].isdigit() else (f"{plain}_" if keyword.iskeyword(plain) else plain or "answer")
    message = f"{what} becomes a variable of the notebook, and `{name}` cannot be one."
    raise RequestError(message, fix=better, line=line, column=column)


def _name_and_value(line: Line) -> tuple[int, int, int]:
    """Where the name begins and ends and the value begins in ``name: value``."""
    start = len(line.text) - len(line.text.lstrip())
    # A placeholder may stand in the name, and hold a colon: its template finds where it ends.
    colon = line.text.find(":", start)
    while colon >= 0 and line.text.count("{{", start, colon) > line.text.count("}}", start, colon):
        colon = line.text.find(":", colon + 1)
    if colon <= start:
        message = f"`{line.text.strip()}` is no line of this section."
        raise RequestError(message, fix="name: value", line=line.line, column=start + 1)
    behind = line.text[colon + 1 :]
    return start, colon, colon + 1 + len(behind) - len(behind.lstrip())


def _pair(line: Line) -> Pair:
    start, colon, value = _name_and_value(line)
    end = max(value, len(line.text.rstrip()))
    stop = start + len(line.text[start:colon].rstrip())
    return Pair(line.template(start, stop), line.template(value, end), line.line)


def _pairs(lines: list[Line]) -> tuple[Pair, ...]:
    """``name: value`` of ``[Query]`` and ``[Form]``."""
    return tuple(map(_pair, lines))


def _parts(lines: list[Line]) -> Pairs:
    """``[Multipart]``: ``name: value``, or ``photo: file,./a.png; image/png``."""
    return tuple(_file_part(line, pair) or pair for line in lines for pair in [_pair(line)])


def _file_part(line: Line, pair: Pair) -> FilePart | None:
    if not pair.value.source.startswith("file,"):
        return None
    path, _, media_type = pair.value.source.removeprefix("file,").partition(";")
    if not path.strip():
        fix = "photo: file,./a.png; image/png"
        raise RequestError.at(pair.value, f"`{line.text.strip()}` names no file.", fix=fix)
    place = place_at("", line.line, pair.value.column + len("file,"))
    return FilePart(pair.name, parse_template(path.strip(), place), media_type.strip() or None, line.line)


def _settings(lines: list[Line]) -> Options:
    """``[Options]``."""
    options = Options()
    for line in lines:
        pair = _pair(line)
        name, value = pair.name.source, pair.value
        setting = named(name, SETTINGS)
        if setting is None or setting.read is None:
            hint = _NEEDLESS.get(name) or f"There are: {' '.join(spellings(SETTINGS))}"
            raise RequestError.at(pair.name, f"[Options] has no `{name}`.", hint)
        start = value.column - 1
        options = setting.set(options, setting.value_of(line.word(start, start + len(value.source))))
    return options


def _captures(lines: list[Line]) -> tuple[Capture, ...]:
    """``[Captures]``: ``uid: json["id"]``."""
    captures: list[Capture] = []
    for line, text in _expressions(lines, _after_name, capture_in_python):
        _, colon, value = _name_and_value(Line(line.line, text.partition("\n")[0]))
        start = len(text) - len(text.lstrip())
        name = text[:colon].strip()
        check_identifier(name, "a capture", line.line, start + 1)
        expression, _ = split_comment(text[value:])
        capture = Capture(name, expression, line.line, value + 1)
        _check_python(capture, capture_in_python(expression), f'{name}: json["id"]', "Captures", f"{name}: ")
        captures.append(capture)
    return tuple(captures)


def _checks(lines: list[Line]) -> tuple[Check, ...]:
    """``[Asserts]``: a Python expression each, and the comment that is its message."""
    checks: list[Check] = []
    for line, text in _expressions(lines, str, check_in_python):
        column = len(text) - len(text.lstrip()) + 1
        expression, message = split_comment(text.strip())
        if expression.startswith("assert "):
            column += len(expression) - len(expression[7:].lstrip())
            expression = expression[7:].strip()
        check = Check(expression, message, line.line, column)
        meant = _check_meant(expression) or 'json["name"] == "Ada"'
        _check_python(check, check_in_python(expression), meant, "Asserts")
        checks.append(check)
    return tuple(checks)


def _after_name(text: str) -> str:
    return text.partition(":")[2]


def _expressions(
    lines: Sequence[Line], part: Callable[[str], str], foreign: Callable[[str], Translation | None]
) -> list[tuple[Line, str]]:
    """The entries of a section of expressions; one with an open bracket goes on in the lines below it."""
    found: list[tuple[Line, str]] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        text = line.text
        count = 1
        if foreign(part(text).strip()) is None and _is_open(part(text)):
            for more in lines[position + 1 : position + _MOST_LINES]:
                text += "\n" + more.text
                count += 1
                if not _is_open(part(text)):
                    break
            else:
                text, count = line.text, 1
        found.append((line, text))
        position += count
    return found


def _is_open(text: str) -> bool:
    """Whether a bracket or a triple quote is still open at the end of an expression."""
    try:
        for _ in tokenize.generate_tokens(io.StringIO(text.strip()).readline):
            pass
    except tokenize.TokenError as error:
        return "EOF" in str(error.args[0])
    except (SyntaxError, ValueError):
        return False
    return False


def _check_python(
    entry: Capture | Check, hurls: Translation | None, instead: str, section: str, before: str = ""
) -> None:
    """Reject what is no Python: with what Hurl's words are in Python, or with what is written ``instead``."""
    expression, place = entry.expression, entry
    if compiled(expression) is None:
        message = f"`{expression}` is not a Python expression, and [{section}] are Python."
        code = f"{section.lower()}-not-python"
        if hurls is not None and hurls.python is None:
            raise RequestError.at(place, message, hurls.hint, code=code)
        fix = instead if hurls is None else f"{before}{hurls.python}"
        raise RequestError.at(place, message, code=code, fix=fix)
    if "{{" in expression and _has_placeholder(expression):
        hint = "The line is Python already, write the name alone: in place of {{ name }}  name"
        raise RequestError.at(place, "a `{{ }}` stands in Python.", hint)
    if isinstance(entry, Check) and _always_holds(expression):
        hint = (
            "The body that is expected stands above the sections, behind an empty line; a check compares:  json == {…}"
        )
        raise RequestError.at(place, f"`{expression}` is no check: it holds whatever comes.", hint)


def _always_holds(expression: str) -> bool:
    """Whether an expression is a list, a dict, a tuple or a text that is written out, which Python takes for true."""
    node = ast.parse(expression, mode="eval").body
    return isinstance(node, (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.JoinedStr)) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _check_meant(text: str) -> str | None:
    """The check that a mistyped one is meant to be, `status == 200` of `status = 200`; None where that is not known."""
    value = "200" if text.split()[:1] == ["status"] else '"Ada"'
    equal = re.sub(r"\s*(?<![=!<>:]):?=(?![=])\s*", " == ", text, count=1)
    words = re.sub(r"\s*&&\s*", " and ", re.sub(r"\s*\|\|\s*", " or ", text))
    for better in (equal, f"{text.rstrip()} {value}", f"{equal.rstrip()} {value}", words, text.replace("===", "==")):
        if is_comparison(better) or (better != text and better == words and compiled(better) is not None):
            return better.strip()
    spaced = re.fullmatch(r"(status)\s+(\d{3})", text.strip())
    return f"{spaced[1]} == {spaced[2]}" if spaced else None


def _has_placeholder(expression: str) -> bool:
    """Whether an expression has a set of a set or a dict: Python never allows one, so `{{ name }}` was meant."""
    tree = ast.parse(expression, mode="eval")
    return any(
        isinstance(node, ast.Set) and any(isinstance(inner, (ast.Set, ast.Dict, ast.SetComp)) for inner in node.elts)
        for node in ast.walk(tree)
    )


#: By their names, in the order in which messages have them.
SECTIONS = {
    section.name: section
    for section in (
        Section("Query", "request", "query", _pairs, argument="query", hurls="QueryStringParams"),
        Section("Form", "request", "form", _pairs, argument="data", body="form", hurls="FormParams"),
        Section(
            "Multipart",
            "request",
            "multipart",
            _parts,
            argument="data",
            body="multipart",
            offers="files",
            hurls="MultipartFormData",
        ),
        Section("Captures", "response", "captures", _captures, offers="python"),
        Section("Asserts", "response", "checks", _checks, offers="python"),
        Section("Options", "request", "options", _settings, offers="settings"),
    )
}
#: Hurl's sections that stand elsewhere here.
_ELSEWHERE = {
    "Cookies": "Write the header  Cookie: name=value",
    "BasicAuth": "Write  -a USER:PASS  on the %%http line, or  user: USER:PASS  under [Options].",
}
#: Hurl's options, most of which say how a network is crossed.
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
