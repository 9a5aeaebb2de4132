"""A curl command line, as browsers and manuals give it, read as a request to the app.

What lives here: curl's options that say what is sent. What must not: those that say how a network is crossed; they are
passed over where they change nothing in process, and refused by name where they would.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus

from nbmicro.errors import RequestError
from nbmicro.exchange.address import check_url, loopback_url
from nbmicro.exchange.syntax import BodySource, Item, ItemKind, LineRequest, Options
from nbmicro.exchange.template import Template, parse_template, place_at
from nbmicro.exchange.words import Word

__all__ = ["parse_curl"]

# Long spellings of the short options.
_SHORT = {
    "X": "--request",
    "H": "--header",
    "d": "--data",
    "F": "--form",
    "u": "--user",
    "b": "--cookie",
    "A": "--user-agent",
    "e": "--referer",
    "G": "--get",
    "I": "--head",
    "L": "--location",
    "k": "--insecure",
    "s": "--silent",
    "S": "--show-error",
    "i": "--include",
    "v": "--verbose",
    "f": "--fail",
    "m": "--max-time",
    "g": "--globoff",
    "N": "--no-buffer",
    "#": "--progress-bar",
    "4": "--ipv4",
    "6": "--ipv6",
}
_DATA = {"--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json"}
_VALUED = {
    *_DATA,
    "--request",
    "--header",
    "--form",
    "--form-string",
    "--user",
    "--cookie",
    "--user-agent",
    "--referer",
    "--max-time",
    "--url",
}
_PASSED_OVER = {
    "--insecure",
    "--silent",
    "--show-error",
    "--include",
    "--compressed",
    "--globoff",
    "--no-buffer",
    "--progress-bar",
    "--ipv4",
    "--ipv6",
    "--http1.1",
    "--http2",
    "--fail",
}


@dataclass
class _Curl:
    """What has been read of the command line so far."""

    word: Word
    method: str | None = None
    url: str | None = None
    items: list[Item] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    is_json: bool = False
    as_query: bool = False
    options: Options = field(default_factory=Options)

    def fail(self, message: str, hint: str | None = None) -> RequestError:
        return RequestError(message, hint=hint, line=self.word.line, column=self.word.column)

    def template(self, text: str) -> Template:
        return parse_template(text, place_at(text, self.word.line, self.word.column))

    def add(self, kind: ItemKind, name: str, value: str) -> None:
        self.items.append(Item(kind, self.template(name), self.template(value), self.word.line, self.word.column))


def parse_curl(word: Word, options: Options) -> LineRequest:
    """Read a curl command line, with or without the word ``curl`` in front.

    Raises
    ------
    RequestError
        An option that is unknown or means nothing in process, a missing URL, an origin that is not the app.
    """
    curl = _Curl(word, options=options)
    try:
        arguments = shlex.split(word.text.replace("\\\n", " "))
    except ValueError as error:
        raise curl.fail(f"the curl line cannot be read: {error}.") from None
    if arguments and arguments[0] == "curl":
        del arguments[0]
    while arguments:
        argument = arguments.pop(0)
        if argument.startswith("-") and len(argument) > 1:
            _read_flag(curl, argument, arguments)
        elif curl.url is None:
            curl.url = argument
        else:
            raise curl.fail(f"`{argument}` is a second URL.", "One curl line is one request.")
    return _finish(curl)


def _read_flag(curl: _Curl, argument: str, rest: list[str]) -> None:
    if not argument.startswith("--"):
        letter, joined = argument[1], argument[2:]
        name = _SHORT.get(letter)
        if name is None:
            raise curl.fail(f"curl's -{letter} is not understood here.", "Take it out of the line.")
        if joined and name in _VALUED:
            rest.insert(0, joined)
        elif joined:
            rest.insert(0, f"-{joined}")
        argument = name
    if "=" in argument and argument.partition("=")[0] in _VALUED:
        argument, _, joined = argument.partition("=")
        rest.insert(0, joined)
    if argument in _PASSED_OVER:
        return
    if argument in _VALUED:
        if not rest:
            raise curl.fail(f"curl's {argument} needs a value.")
        _take_value(curl, argument, rest.pop(0))
    elif argument == "--get":
        curl.as_query = True
    elif argument == "--head":
        curl.method = "HEAD"
    elif argument == "--location":
        curl.options = replace(curl.options, follow=True)
    elif argument == "--verbose":
        curl.options = replace(curl.options, show=curl.options.show or ("all",))
    else:
        raise curl.fail(f"curl's {argument} is not understood here.", "Take it out of the line.")


def _take_value(curl: _Curl, argument: str, value: str) -> None:
    if argument in _DATA:
        _take_data(curl, argument, value)
    elif argument == "--request":
        curl.method = value.upper()
    elif argument == "--header":
        _take_header(curl, value)
    elif argument in {"--form", "--form-string"}:
        _take_field(curl, value, plain=argument == "--form-string")
    elif argument == "--user":
        curl.options = replace(curl.options, auth=curl.template(value if ":" in value else f"{value}:"))
    elif argument == "--cookie":
        if "=" not in value:
            raise curl.fail(f"curl's -b {value} names a cookie file.", "Cookies last from request to request here.")
        curl.add("header", "Cookie", value)
    elif argument in {"--user-agent", "--referer"}:
        curl.add("header", "User-Agent" if argument == "--user-agent" else "Referer", value)
    elif argument == "--max-time":
        if not re.fullmatch(r"\d{1,5}(\.\d+)?", value) or not float(value):
            raise curl.fail(f"curl's -m {value} is no number of seconds.")
        curl.options = replace(curl.options, timeout=float(value))
    elif curl.url is None:
        curl.url = value
    else:
        raise curl.fail(f"`{value}` is a second URL.", "One curl line is one request.")


def _take_header(curl: _Curl, value: str) -> None:
    name, colon, text = value.partition(":")
    if colon:
        curl.add("header", name.strip(), text.strip())
    elif value.endswith(";"):
        curl.add("empty_header", value[:-1].strip(), "")
    else:
        raise curl.fail(f"`{value}` is not a header.", "Write  -H 'X-Token: abc'")


def _take_data(curl: _Curl, argument: str, value: str) -> None:
    if argument == "--json":
        curl.is_json = True
    if value.startswith("@") and argument not in {"--data-raw", "--data-urlencode"}:
        curl.files.append(value[1:])
    elif argument == "--data-urlencode":
        name, equals, text = value.partition("=")
        if "@" in name:
            raise curl.fail("curl's --data-urlencode with a file is not understood here.", "Write the text itself.")
        curl.data.append(f"{name}={quote_plus(text)}" if equals and name else quote_plus(text if equals else value))
    else:
        curl.data.append(value)


def _take_field(curl: _Curl, value: str, *, plain: bool) -> None:
    name, equals, text = value.partition("=")
    if not equals:
        raise curl.fail(f"`{value}` is not a form field.", "Write  -F name=Ada  or  -F photo=@a.png")
    if text.startswith("@") and not plain:
        curl.add("upload", name, text[1:])
    elif text.startswith("<") and not plain:
        curl.add("text_file", name, text[1:])
    else:
        curl.add("text", name, text)
    curl.options = replace(curl.options, form=True)


def _finish(curl: _Curl) -> LineRequest:
    if curl.url is None:
        raise curl.fail("the curl line has no URL.", "Write  --curl 'curl http://localhost:5000/users'")
    url = curl.url if curl.url.startswith(("/", "{{")) or "://" in curl.url else _with_scheme(curl.url)
    is_form = any(item.kind in {"upload", "text", "text_file"} for item in curl.items)
    if (curl.data or curl.files) and is_form:
        raise curl.fail("the curl line has both -d and -F.", "A request has one body: leave one of them out.")
    if len(curl.files) + bool(curl.data) > 1:
        raise curl.fail("the curl line sends more than one file, or a file and data.", "Send one of them.")
    body: BodySource | None = None
    joined = ("" if curl.is_json else "&").join(curl.data)
    if curl.as_query and curl.data:
        url += ("&" if "?" in url else "?") + joined
    elif curl.files:
        body = BodySource("file", curl.template(curl.files[0]), line=curl.word.line)
    elif curl.data:
        body = BodySource("fenced", curl.template(joined), line=curl.word.line)
    if body is not None:
        _add_media_type(curl)
    template = curl.template(url)
    check_url(template)
    method = curl.method or ("POST" if (body or is_form) and not curl.as_query else "GET")
    return LineRequest(method, template, tuple(curl.items), curl.options, body, curl.word.line)


def _with_scheme(url: str) -> str:
    known = loopback_url(url)
    return known if known != url else f"http://{url}"


def _add_media_type(curl: _Curl) -> None:
    if any(item.kind == "header" and item.name.source.lower() == "content-type" for item in curl.items):
        return
    if curl.is_json:
        curl.add("header", "Content-Type", "application/json")
        curl.add("header", "Accept", "application/json")
    else:
        curl.add("header", "Content-Type", "application/x-www-form-urlencoded")
