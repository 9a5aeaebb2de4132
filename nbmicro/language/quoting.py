"""The request language written out: a parsed line, cell or file as text that parses to the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nbmicro.errors import RequestError
from nbmicro.language.items import SEPARATORS
from nbmicro.language.parser import parse_script
from nbmicro.language.syntax import BodySource, FilePart, Item, LineRequest, Options, Pair, Script, ScriptRequest
from nbmicro.language.template import Blank, Template
from nbmicro.language.tokens import written_word

_SIGNS = {kind: separator for separator, kind in SEPARATORS.items()}
_MARKS = re.compile(r"([:=@\\])")
_TICKS = re.compile(r"^`+", re.M)


def print_line(line: LineRequest) -> str:
    """What stands behind ``%http``.

    Raises
    ------
    RequestError
        The request has a body (it came from ``--curl``): a line has none, a cell does.
    """
    if line.body is not None:
        raise RequestError("a request with a body is not a line.", hint="Write it as a cell: print_cell")
    words: list[str] = []
    if line.url is not None:
        words = [line.method, written_word(line.url.parts), *(_item(item) for item in line.items)]
    return " ".join([*words, *_options(line.options)])


def print_script(script: Script) -> tuple[str, str]:
    """What stands behind ``%%http`` on its line, and the lines below; ``parse_script`` takes both.

    The lines alone are an ``.http`` file, if no request has items.
    """
    requests = list(script.requests)
    words: list[str] = []
    blocks: list[str] = []
    if requests and (requests[0].items or any(char.isspace() for char in requests[0].url.literal)):
        first = requests.pop(0)
        words = [first.method, written_word(first.url.parts), *(_item(item) for item in first.items)]
        blocks.append("\n".join(_below(first)))
    skipped = len(blocks)
    for index, request in enumerate(requests, skipped):
        before = _variables(script, index)
        separator = [f"### {request.title}".rstrip()] if blocks or request.title else []
        blocks.append("\n".join([*separator, *before, print_request(request)]))
    trailing = _variables(script, len(script.requests))
    if trailing:
        blocks.append("\n".join([*(["###"] if blocks else []), *trailing]))
    line = " ".join([*words, *_options(script.options)])
    return line, "\n\n".join(blocks) + "\n" if blocks else ""


def print_cell(script: Script) -> str:
    """The whole ``%%http`` cell."""
    line, body = print_script(script)
    return f"%%http {line}".rstrip() + f"\n{body}"


def print_request(request: ScriptRequest) -> str:
    """One request of a cell, without the separator above it."""
    directives, rest = _directives(request), _below(request, directives=False)
    return "\n".join([*directives, f"{request.method} {_source(request.url)}", *rest])


def print_body(text: str) -> list[str]:
    """The lines of a body of plain text without blanks, as they must stand in a cell to be read as just that text.

    They stand behind the headers and an empty line; a fence is put around whatever would be read as something else.
    """
    literal = text.replace("{{", "{{ '{{' }}")
    try:
        body = parse_script("", f"POST /\nContent-Type: text/plain\n\n{literal}").requests[0].body
    except RequestError:
        body = None
    if body is not None and body.kind in {"json", "text"} and _source(body.content) == literal:
        return literal.split("\n")
    return _fenced(literal, "")


def _source(template: Template) -> str:
    return "".join(str(part) for part in template.parts)


def _variables(script: Script, before: int) -> list[str]:
    return [
        f"@{variable.name} = {_source(variable.value)}" for variable in script.variables if variable.before == before
    ]


def _item(item: Item) -> str:
    name: list[str | Blank] = [_MARKS.sub(r"\\\1", part) if isinstance(part, str) else part for part in item.name.parts]
    if item.kind == "empty_header":
        return written_word([*item.name.parts, ";"])
    return written_word([*name, _SIGNS[item.kind], *item.value.parts])


def _options(options: Options) -> Iterator[str]:
    flags = {
        "-f": options.form,
        "-F": options.follow,
        "-q": options.quiet,
        "--reset": options.reset,
        "--help": options.help,
    }
    yield from (flag for flag, given in flags.items() if given)
    if options.auth is not None:
        yield f"-a {written_word(options.auth.parts)}"
    if options.expect is not None:
        yield f"--expect {options.expect}"
    if options.show is not None:
        yield f"--show {','.join(options.show)}"
    if options.timeout is not None:
        yield f"--timeout {options.timeout!r}"
    if options.file is not None:
        yield f"--file {written_word([options.file])}"


def _directives(request: ScriptRequest) -> list[str]:
    lines: list[str] = []
    if request.name is not None:
        lines.append(f"# @name {request.name}")
    if request.show is not None:
        lines.append(f"# @show {' '.join(request.show)}")
    if request.follow is False:
        lines.append("# @no-redirect")
    if not request.cookies:
        lines.append("# @no-cookie-jar")
    if request.timeout is not None:
        lines.append(f"# @timeout {request.timeout!r}")
    return lines


def _below(request: ScriptRequest, *, directives: bool = True) -> list[str]:
    """Everything under the request line."""
    lines = _directives(request) if directives else []
    lines += _pairs(request.headers)
    if request.query:
        lines += ["[Query]", *_pairs(request.query)]
    if request.form is not None:
        lines += ["[Form]", *_pairs(request.form)]
    if request.multipart is not None:
        lines += ["[Multipart]", *_pairs(request.multipart)]
    if request.follow or request.auth is not None:
        lines.append("[Options]")
        lines += ["location: true"] if request.follow else []
        lines += [f"user: {_source(request.auth)}"] if request.auth is not None else []
    if request.body is not None:
        lines += ["", *_body(request.body)]
    if request.status is not None:
        lines += ["", f"HTTP {request.status.code or '*'}", *_pairs(request.expected_headers)]
    if request.expected_body is not None:
        lines += ["", *_body(request.expected_body)]
    if request.captures:
        lines += ["[Captures]", *(f"{capture.name}: {capture.expression}" for capture in request.captures)]
    if request.checks:
        lines.append("[Asserts]")
        lines += [check.expression + (f"  # {check.message}" if check.message else "") for check in request.checks]
    return lines


def _pairs(pairs: Iterable[Pair | FilePart]) -> list[str]:
    lines: list[str] = []
    for pair in pairs:
        if isinstance(pair, FilePart):
            value = f"file,{_source(pair.path)};{f' {pair.content_type}' if pair.content_type else ''}"
        else:
            value = _source(pair.value)
        lines.append(f"{_source(pair.name)}: {value}".rstrip())
    return lines


def _body(body: BodySource) -> list[str]:
    text = _source(body.content)
    if body.kind == "file":
        return [f"< {text}"]
    if body.kind == "template_file":
        return [f"<@ {text}"]
    if body.kind != "fenced":
        return [text]
    return _fenced(text, body.info)


def _fenced(text: str, info: str) -> list[str]:
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in _TICKS.findall(text))])
    return [f"{fence}{info}", *text.split("\n"), fence]
