"""The request language written out: a parsed line, cell or file as text that parses to the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nbmicro.language.items import SEPARATORS
from nbmicro.language.options import Options
from nbmicro.language.syntax import BodySource, FilePart, Item, Pair, Request, Script, TextPart
from nbmicro.language.template import Placeholder, Template
from nbmicro.language.words import written_word

__all__ = ["print_cell", "print_line", "print_request", "print_script"]

_SIGNS = {kind: separator for separator, kind in SEPARATORS.items()}
_MARKS = re.compile(r"([:=@;])")
_TICKS = re.compile(r"^`+", re.MULTILINE)


def print_line(script: Script) -> str:
    """What stands behind ``%http``."""
    words: list[str] = []
    for request in script.requests:
        if request.is_curl:
            return " ".join([*_options(script.options), "--curl", _curl(request)])
        words = _first_line(request)
    return " ".join([*words, *_options(script.options)])


def _curl(request: Request) -> str:
    """The command that is read as the request."""
    words = ["curl -g --path-as-is -X", request.method, _quoted(request.url)]
    for pair in request.headers:
        words += ["-H", _quoted(pair.name, ": " if pair.value.source else ";", pair.value)]
    if not any(pair.name.source.lower() == "content-type" for pair in request.headers):
        words.append("-H 'Content-Type:'")
    for part in request.multipart or ():
        mark = ("<" if part.is_text else "@") if isinstance(part, FilePart) else ""
        value = part.value.source
        plain = mark or (value == value.strip() and value[:1] not in {"", "@", "<", "("})
        quote = "" if plain and not set('";, ') & set(value) else '"'
        given: list[str | Template] = [part.name, f"={mark}{quote}", part.value, quote]
        if isinstance(part, TextPart | FilePart):
            given += [f";type={part.content_type}"] if part.content_type else []
            given += [';filename="', part.filename, '"'] if part.filename is not None else []
        words += ["-F", _quoted(*given)]
    if request.body is not None:
        options = {"exact": ("--data-raw", ""), "file": ("--data-binary", "@"), "data_file": ("-d", "@")}
        option, mark = options[request.body.kind]
        words += [option, _quoted(mark, request.body.content)]
    return " ".join(words)


def _quoted(*parts: str | Template) -> str:
    """A word of the shell in single quotes, placeholders as they are."""
    pieces = [piece for part in parts for piece in ([part] if isinstance(part, str) else part.parts)]
    inner = "".join(piece.replace("'", "'\\''") if isinstance(piece, str) else str(piece) for piece in pieces)
    return f"'{inner}'"


def print_script(script: Script) -> tuple[str, str]:
    """What stands behind ``%%http`` on its line, and the lines below; ``parse_script`` takes both.

    The lines alone are an ``.http`` file, if no request has items.
    """
    requests = list(script.requests)
    words: list[str] = []
    blocks: list[str] = []
    if requests and (requests[0].items or any(char.isspace() for char in requests[0].url.literal)):
        first = requests.pop(0)
        words = _first_line(first)
        blocks.append("\n".join([*_directives(first), *_below(first)]))
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


def print_request(request: Request) -> str:
    """One request of a cell, without the separator above it."""
    if request.is_curl:
        return "\n".join([*_directives(request), _curl(request), *_below(request)])
    return "\n".join([*_directives(request), f"{request.method} {_source(request.url)}", *_below(request)])


def _first_line(request: Request) -> list[str]:
    return [request.method, written_word(request.url.parts), *(_item(item) for item in request.items)]


def _source(template: Template) -> str:
    return "".join(str(part) for part in template.parts)


def _variables(script: Script, before: int) -> list[str]:
    return [
        f"@{variable.name} = {_source(variable.value)}" for variable in script.variables if variable.before == before
    ]


def _item(item: Item) -> str:
    if item.kind == "empty_header":
        return written_word([*item.name.parts, ";"])
    return written_word([*_escaped(item.name), _SIGNS[item.kind], *item.value.parts])


def _escaped(template: Template) -> list[str | Placeholder]:
    return [_MARKS.sub(r"\\\1", part) if isinstance(part, str) else part for part in template.parts]


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


def _directives(request: Request) -> list[str]:
    lines: list[str] = []
    options = request.options
    if request.name is not None:
        lines.append(f"# @name {request.name}")
    if options.show is not None:
        lines.append(f"# @show {' '.join(options.show)}")
    if options.follow is False:
        lines.append("# @no-redirect")
    if options.cookies is False:
        lines.append("# @no-cookie-jar")
    if options.timeout is not None:
        lines.append(f"# @timeout {options.timeout!r}")
    return lines


def _below(request: Request) -> list[str]:
    """Everything under the request line."""
    lines = _pairs(request.headers) if not request.is_curl else []
    options = request.options
    if request.query:
        lines += ["[Query]", *_pairs(request.query)]
    if request.form is not None:
        lines += ["[Form]", *_pairs(request.form)]
    if request.multipart is not None and not request.is_curl:
        lines += ["[Multipart]", *_pairs(request.multipart)]
    settings = ["location: true"] if options.follow else []
    settings += ["cookies: true"] if options.cookies else []
    settings += [f"user: {_source(options.auth)}"] if options.auth is not None else []
    lines += ["[Options]", *settings] if settings else []
    if request.body is not None and not request.is_curl:
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
        value = _source(pair.value)
        if isinstance(pair, FilePart):
            value = f"file,{value};{f' {pair.content_type}' if pair.content_type else ''}"
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
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in _TICKS.findall(text))])
    return [f"{fence}{body.info}", *text.split("\n"), fence]
