"""The request line of the cell form: ``[METHOD] URL [HTTP/1.1]``.

What lives here: that one line. What must not: what follows it.
"""

from __future__ import annotations

import re

from nbmicro.errors import RequestError
from nbmicro.exchange.address import check_url, is_method, is_url
from nbmicro.exchange.script_lines import STATUS, Line
from nbmicro.exchange.template import Template, blank_end

__all__ = ["read_request_line"]

_VERSION = re.compile(r"[ \t]+HTTP/[0-9.]+\s*\Z")


def read_request_line(line: Line) -> tuple[str, Template]:
    """The method and URL of a request line; the method is GET where it is left out.

    Raises
    ------
    RequestError
        The line is no request line.
    """
    text = line.text.rstrip()
    version = _VERSION.search(text)
    stop = version.start() if version else len(text)
    start = len(text) - len(text.lstrip())
    first = re.compile(r"\S+").match(text, start, stop)
    method = "GET"
    if first and is_method(first[0]) and not is_url(first[0]):
        method = first[0].upper()
        behind = text[first.end() : stop]
        start = first.end() + len(behind) - len(behind.lstrip())
    if start >= stop:
        raise _no_request(line, "the URL is missing.", f"Write  {method} /users")
    if STATUS.match(text):
        raise _no_request(line, f"`{text}` has no request above it.", "Write the request line first:  GET /users")
    space = _space_outside_blanks(text[start:stop])
    if space >= 0:
        if method == "GET" and not is_url(text[start:stop]):
            raise _no_request(line, f"`{text.strip()}` is no request line.", "Write  GET /users")
        rest = text[start + space : stop].strip()
        raise RequestError(
            f"`{rest}` stands behind the URL.",
            hint="Items and options belong to the %%http or %http line; in a URL a space is %20.",
            line=line.number,
            column=start + space + 2,
        )
    url = line.template(start, stop)
    if not is_url(url.source) and method == "GET" and not first:
        raise _no_request(line, f"`{text.strip()}` is no request line.", "Write  GET /users")
    check_url(url)
    return method, url


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
