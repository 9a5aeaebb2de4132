"""A request in other tools' words: a curl command, and an ``.http`` text for a ``%%http`` cell."""

from __future__ import annotations

import re
import shlex

from nbmicro.http.content_coding import codings_of
from nbmicro.http.media_types import FORM, is_json, is_multipart
from nbmicro.http.messages import RequestRecord

#: Where `nbmicro run` and `%serve` listen unless told otherwise.
BASE_URL = "http://127.0.0.1:5000"
# Linux takes 128 KB for one argument, an escaped quote being up to four characters of it.
_LONGEST = 100_000
# What a form that is sent has, and the dots that stand for what is hidden.
_FORM_TEXT = re.compile(r"[!#$%&'()*+,/:;=?@\[\]~\w.•-]*", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def as_curl(request: RequestRecord, base_url: str | None = None) -> str:
    """The request as a curl command for a POSIX shell; ``base_url`` is where the app is served."""
    words = ["curl"]
    default = "POST" if request.body else "GET"
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != default:
        words += ["-X", request.method]
    if {".", ".."} & set(request.path.split("/")):
        words.append("--path-as-is")
    words.append((base_url or BASE_URL).rstrip("/") + request.target)
    lines = [shlex.join(words)]
    for name, value in _headers(request):
        lines.append(f"-H {_argument(_wire(f'{name}: {value}' if value else f'{name};'))}")
    if codings_of(request.headers.get("Accept-Encoding", "")):
        # The header that is written stands; without the option a terminal is shown compressed bytes.
        lines.append("--compressed")
    piped = ""
    if request.body:
        if request.headers.get("Content-Type") is None:
            # curl would name a form of its own accord.
            lines.append("-H 'Content-Type:'")
        argument = _argument(request.body)
        if b"\0" in request.body or len(argument) > _LONGEST:
            # No argument holds a zero byte, and none may be as long as what a pipe carries.
            piped, argument = f"printf {_format(request.body)} | ", ""
        lines.append(f"--data-raw {argument}" if argument else "--data-binary @-")
    return piped + " \\\n  ".join(lines)


def as_http(request: RequestRecord) -> str:
    """The request as the text of a ``%%http`` cell or an ``.http`` file, which sends the same bytes again."""
    lines = [f"{request.method} {_literal(request.target)}"]
    lines += [f"{name}: {_literal(value)}".rstrip() for name, value in _headers(request)]
    if request.body:
        content_type = request.headers.get("Content-Type")
        if content_type is None:
            # Without a type one would be guessed.
            lines.append("Content-Type:")
        text = _cells_text(request)
        written = body_lines(text, content_type or "") if text is not None else [f"{{{{ {request.body!r} }}}}"]
        lines += ["", *written]
    return "\n".join(lines)


def body_lines(text: str, content_type: str = "text/plain") -> list[str]:
    """The lines of a body of that type without placeholders, as they must stand in a cell to be read as that text.

    They stand behind the headers and an empty line; a fence is put around whatever would be read as something else.
    """
    # The language takes a while to load.
    from nbmicro.errors import RequestError
    from nbmicro.language.parser import parse_script

    literal = _literal(text)
    try:
        body = parse_script("", f"POST /\nContent-Type: {' '.join(content_type.split())}\n\n{literal}").requests[0].body
    except RequestError:
        body = None
    if body is not None and body.kind in {"json", "text"} and "".join(map(str, body.content.parts)) == literal:
        return literal.split("\n")
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall(r"^`+", literal, re.MULTILINE))])
    return [fence, *literal.split("\n"), fence]


def _cells_text(request: RequestRecord) -> str | None:
    """The body as a cell's text, if its bytes are read back from it; None for those that are no text."""
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        return None
    if is_multipart(request.media_type):
        # A cell's multipart lines end with CR LF, the last one too.
        lines = text.split("\r\n")
        plain = lines[-1] == "" and not any("\r" in line or "\n" in line or line.startswith("<") for line in lines)
        return "\n".join(lines[:-1]) if plain and "boundary=" in (request.headers.get("Content-Type") or "") else None
    if "\r" in text:
        return None
    if request.media_type == FORM:
        # A cell's form has no blanks around its signs, and what no form can hold is encoded.
        return text if _FORM_TEXT.fullmatch(text) else None
    return text if "{{" not in text or not is_json(request.media_type) else None


def _headers(request: RequestRecord) -> list[tuple[str, str]]:
    """The headers, each certainly in one line."""
    return [(" ".join(name.splitlines()), " ".join(value.splitlines())) for name, value in request.headers]


def _wire(header: str) -> bytes:
    """A header's line in bytes, as it goes to an app (PEP 3333): Latin-1, or UTF-8 where that lacks a character."""
    try:
        return header.encode("latin-1")
    except UnicodeEncodeError:
        return header.encode()


def _argument(data: bytes) -> str:
    """Bytes as a word of the shell; those that are no text in bash's ANSI-C quoting."""
    try:
        text = data.decode()
        if not _CONTROLS.search(text):
            return shlex.quote(text)
    except UnicodeDecodeError:
        pass
    written = "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}" for byte in data)
    return f"$'{written}'"


def _format(data: bytes) -> str:
    """Bytes as what the shell's ``printf`` is given to print them."""
    special = {ord("%"): "%%", ord("\\"): "\\\\", ord("\n"): "\n"}
    written = "".join(
        special.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F and byte != ord("'") else f"\\{byte:03o}")
        for byte in data
    )
    # A word that began with a dash would be an option.
    return f"-- '{written}'" if written.startswith("-") else f"'{written}'"


def _literal(text: str) -> str:
    """The text with ``{{`` written so that it stays what it is."""
    return text.replace("{{", "{{ '{{' }}")
