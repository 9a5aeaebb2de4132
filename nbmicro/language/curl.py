"""A curl command, as browsers and manuals give it, read as a request to the app: on a line, or in a cell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, quote_plus

from nbmicro.errors import RequestError
from nbmicro.http.media_types import FORM, JSON, is_multipart, media_type_of
from nbmicro.http.methods import is_method
from nbmicro.language.address import check_url, loopback_url
from nbmicro.language.lines import Cursor
from nbmicro.language.options import Options
from nbmicro.language.shell import ShellWord, is_open, shell_words
from nbmicro.language.syntax import BodySource, FilePart, Item, ItemKind, Pair, Request
from nbmicro.language.template import Place, Placeholder, Template, parse_template, place_at, placeholder_end
from nbmicro.language.words import split_words

# Long spellings of the short options.
SHORT = {
    "X": "--request", "H": "--header", "d": "--data", "F": "--form", "u": "--user", "b": "--cookie", "G": "--get",
    "A": "--user-agent", "e": "--referer", "I": "--head", "L": "--location", "k": "--insecure", "s": "--silent",
    "S": "--show-error", "i": "--include", "v": "--verbose", "f": "--fail", "m": "--max-time", "g": "--globoff",
    "N": "--no-buffer", "#": "--progress-bar", "4": "--ipv4", "6": "--ipv6", "0": "--http1.0", "o": "--output",
    "O": "--remote-name", "w": "--write-out", "c": "--cookie-jar", "T": "--upload-file",
}  # fmt: skip
DATA = {"--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json"}
# Options whose value says how a network is crossed or where the response is put: nothing of it happens in process.
SKIPPED_WITH_VALUE = {
    "--output", "--write-out", "--cookie-jar", "--connect-timeout", "--retry", "--retry-delay", "--max-redirs",
    "--limit-rate",
}  # fmt: skip
VALUED = {
    *DATA, *SKIPPED_WITH_VALUE, "--request", "--header", "--form", "--form-string", "--user", "--oauth2-bearer",
    "--cookie", "--user-agent", "--referer", "--max-time", "--url", "--url-query", "--upload-file",
}  # fmt: skip
SKIPPED = {
    "--insecure", "--silent", "--show-error", "--include", "--compressed", "--globoff", "--no-buffer", "--progress-bar",
    "--no-progress-meter", "--ipv4", "--ipv6", "--http1.0", "--http1.1", "--http2", "--http3", "--fail",
    "--fail-with-body", "--basic", "--remote-name", "--path-as-is", "--tr-encoding",
}  # fmt: skip
ELSEWHERE = {
    "--expect": "Write --expect in front of --curl.",
    "--show": "Write --show in front of --curl.",
    "--next": "Write each request as a curl line of its own, with ### between them in a %%http cell.",
    "--config": "Write its options here.",
    "--digest": "The app in the notebook is asked directly; test the login with  -u ada:secret",
}
# What stands between the commands of a shell.
OPERATORS = {"|", "||", "&&", "&", ">", ">>", "<", "2>&1"}
_BEHIND = re.compile(r"(?:^|(?<=\s))--curl(?:=|\s+|\Z)(?=(?:\$\s+)?curl(?:\.exe)?(?:\s|\Z)|\Z)")
_SPACE = re.compile(r"\s")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+|.*\{\{.*\}\}.*")
_CURL = re.compile(r"\s*(?:\$\s+)?curl(?:\.exe)?\s+\S")


@dataclass
class _Curl:
    """What has been read of the command line so far; ``word`` is the one that is read now."""

    word: ShellWord
    method: str | None = None
    url: ShellWord | None = None
    items: list[Item] = field(default_factory=list)
    data: list[ShellWord] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    files: list[ShellWord] = field(default_factory=list)
    is_json: bool = False
    is_upload: bool = False
    as_query: bool = False
    options: Options = field(default_factory=Options)

    def fail(self, message: str, hint: str | None = None) -> RequestError:
        return RequestError.at(self.word, message, hint)

    def add(self, kind: ItemKind, name: ShellWord | str, value: ShellWord | str) -> None:
        item = Item(kind, self.template(name), self.template(value), self.word.line, self.word.column)
        if "header" in kind and set("\r\n") & set(item.name.source + item.value.source):
            raise self.fail("a line break stands in a header.", "Write  -H 'X-Token: abc'")
        self.items.append(item)

    def template(self, text: ShellWord | str) -> Template:
        return self.word.template(text) if isinstance(text, str) else text.template()


def curl_behind(text: str) -> tuple[str, int] | None:
    """What stands in front of ``--curl`` in a line, and where the command behind it begins, if it is not quoted."""
    for found in _BEHIND.finditer(text):
        before = text[: found.start()]
        try:
            split_words(before)
        except RequestError:
            # It stands in a quoted value.
            continue
        return before, found.end()
    return None


def parse_curl(text: str, place: Place, options: Options) -> tuple[Request, Options]:
    """Read a curl command line, with or without the word ``curl`` in front.

    Parameters
    ----------
    text:
        The command as it was copied, over several lines too: for bash, or for Windows' cmd.
    place:
        The line and column of each of its characters.
    options:
        What was said in front of it; they come back with those of the command.

    Raises
    ------
    RequestError
        An option that is unknown or means nothing in process, a missing URL, an origin that is not the app.
    """
    line, column = place(0)
    curl = _Curl(ShellWord("", ((line, column),)), options=options)
    try:
        words = shell_words(text, place)
    except RequestError as error:
        message = f"the curl line cannot be read: {error.message}"
        raise RequestError(message, hint=error.hint, line=error.line, column=error.column) from None
    if words and words[-1].text.endswith(";") and text.rstrip().endswith(";"):
        last = words.pop()
        curl.options = replace(curl.options, quiet=True)
        words += [last.part(0, len(last.text) - 1)] if len(last.text) > 1 else []
    if words and words[0].text in {"curl", "curl.exe", "$"}:
        dollar = words.pop(0).text == "$"
        if dollar and words and words[0].text == "curl":
            del words[0]
    while words:
        word = curl.word = words.pop(0)
        if word.text in OPERATORS and not word.quoted:
            raise curl.fail(f"`{word.text}` belongs to the shell, and there is none here.", "Take out what follows it.")
        if word.text.startswith("-") and len(word.text) > 1 and "{{" not in word.text[:2]:
            _read_flag(curl, word, words)
        elif curl.url is None:
            curl.url = word
        else:
            raise curl.fail(f"`{word.text}` is a second URL.", "One curl line is one request.")
    return _finish(curl, line)


def _read_flag(curl: _Curl, word: ShellWord, rest: list[ShellWord]) -> None:
    argument = word.text
    if not argument.startswith("--"):
        letter, joined = argument[1], word.part(2)
        name = SHORT.get(letter)
        if name is None:
            raise curl.fail(f"curl's -{letter} is not understood here.", "Take it out of the line.")
        if joined.text and name in VALUED:
            rest.insert(0, joined)
        elif joined.text:
            rest.insert(0, ShellWord(f"-{joined.text}", (word.places[1], *joined.places)))
        argument = name
    if "=" in argument and argument.partition("=")[0] in VALUED:
        argument = argument.partition("=")[0]
        rest.insert(0, word.part(len(argument) + 1))
    if argument in SKIPPED:
        return
    if argument in VALUED:
        if not rest:
            raise curl.fail(f"curl's {argument} needs a value.", f"Write it behind  {argument}")
        curl.word = rest.pop(0)
        _take_value(curl, argument, curl.word)
    elif argument == "--get":
        curl.as_query = True
    elif argument == "--head":
        curl.method = "HEAD"
    elif argument == "--location":
        curl.options = replace(curl.options, follow=True)
    elif argument == "--verbose":
        curl.options = replace(curl.options, show=curl.options.show or ("all",))
    else:
        hint = ELSEWHERE.get(argument, "Take it out of the line.")
        raise curl.fail(f"curl's {argument} is not understood here.", hint)


def _take_value(curl: _Curl, argument: str, word: ShellWord) -> None:
    value = word.text
    if argument in SKIPPED_WITH_VALUE:
        return
    if argument in DATA:
        _take_data(curl, argument, word)
    elif argument == "--request":
        if not is_method(value):
            raise curl.fail(f"`{value}` is no method.", "Write  -X POST")
        curl.method = value.upper()
    elif argument == "--header":
        _take_header(curl, word)
    elif argument in {"--form", "--form-string"}:
        _take_field(curl, word, plain=argument == "--form-string")
    elif argument == "--user":
        auth = word.template(value if ":" in value else f"{value}:")
        curl.options = replace(curl.options, auth=auth)
    elif argument == "--oauth2-bearer":
        curl.add("header", "Authorization", f"Bearer {value}")
    elif argument == "--cookie":
        if "=" not in value:
            raise curl.fail(f"curl's -b {value} names a cookie file.", "Cookies last from request to request here.")
        curl.add("header", "Cookie", word.part(0))
    elif argument in {"--user-agent", "--referer"}:
        curl.add("header", "User-Agent" if argument == "--user-agent" else "Referer", word.part(0))
    elif argument == "--max-time":
        curl.options = replace(curl.options, timeout=_seconds(curl, value))
    elif argument == "--url-query":
        curl.query.append(_urlencoded(curl, "--url-query", value))
    elif argument == "--upload-file":
        curl.method, curl.is_upload = curl.method or "PUT", True
        curl.files.append(word)
    elif curl.url is None:
        curl.url = word
    else:
        raise curl.fail(f"`{value}` is a second URL.", "One curl line is one request.")


def _seconds(curl: _Curl, value: str) -> float:
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", value, re.ASCII) or not 0 < float(value) < 86_400:
        raise curl.fail(f"curl's -m {value} is no number of seconds.", "Write  -m 5")
    return float(value)


def _take_header(curl: _Curl, word: ShellWord) -> None:
    name, colon, text = word.text.partition(":")
    if colon and not _HEADER_NAME.fullmatch(name.strip()):
        raise curl.fail(f"`{name.strip()}` cannot be the name of a header.", "Write  -H 'X-Token: abc'")
    if colon and text.strip():
        curl.add("header", word.part(0, len(name)), word.part(len(name) + 1))
    elif not colon and _HEADER_NAME.fullmatch(name[:-1].strip()) and name.endswith(";"):
        curl.add("empty_header", word.part(0, len(name) - 1), "")
    elif not colon:
        raise curl.fail(f"`{name}` is not a header.", "Write  -H 'X-Token: abc'")
    elif name.strip().lower() == "content-type":
        # Without a value curl leaves the header out; other headers would not have been sent anyway.
        curl.add("header", word.part(0, len(name)), "")


def _take_data(curl: _Curl, argument: str, word: ShellWord) -> None:
    if argument == "--json":
        curl.is_json = True
    if word.text.startswith("@") and argument not in {"--data-raw", "--data-urlencode"}:
        if word.text == "@-":
            raise curl.fail("`@-` reads what a shell hands over, and there is none here.", "Write the data itself.")
        curl.files.append(word.part(1))
    elif argument == "--data-urlencode":
        text = _urlencoded(curl, argument, word.text)
        curl.data.append(ShellWord(text, (word.places[0],) * (len(text) + 1), True))
    else:
        curl.data.append(word)


def _urlencoded(curl: _Curl, argument: str, value: str) -> str:
    name, equals, text = value.partition("=")
    if "@" in name:
        raise curl.fail(f"curl's {argument} with a file is not understood here.", "Write the text itself.")
    return f"{name}={_quoted(text)}" if equals and name else _quoted(text if equals else value)


def _quoted(text: str) -> str:
    """The text form-encoded, its placeholders as they are."""
    template = parse_template(text, place_at(text, 1, 1)) if placeholder_end(text, text.find("{{") + 2) >= 0 else None
    parts = template.parts if template is not None and "{{" in text else (text,)
    return "".join(quote_plus(part) if isinstance(part, str) else str(part) for part in parts)


def _take_field(curl: _Curl, word: ShellWord, *, plain: bool) -> None:
    name, equals, text = word.text.partition("=")
    if not equals or not name:
        raise curl.fail(f"`{word.text}` is not a form field.", "Write  -F name=Ada  or  -F photo=@a.png")
    at = len(name) + 1
    if text[:1] in {"@", "<"} and not plain and not text[1:].strip():
        raise curl.fail(f"`{word.text}` names no file.", f"Write  -F {name}=@a.png")
    if text.startswith("@") and not plain:
        curl.add("upload", word.part(0, len(name)), word.part(at + 1))
    elif text.startswith("<") and not plain:
        curl.add("text_file", word.part(0, len(name)), word.part(at + 1))
    else:
        curl.add("text", word.part(0, len(name)), ShellWord(text, word.places[at:], True))
    curl.options = replace(curl.options, form=True)


def _finish(curl: _Curl, line: int) -> tuple[Request, Options]:
    if curl.url is None:
        raise curl.fail("the curl line has no URL.", "Write  --curl 'curl http://localhost:5000/users'")
    curl.word = curl.url
    url = curl.url.text
    url = url if url.startswith(("/", "{{")) or "://" in url else _with_scheme(url)
    is_form = any(item.kind in {"upload", "text", "text_file"} for item in curl.items)
    if (curl.data or curl.files) and is_form:
        raise curl.fail("the curl line has both -d and -F.", "A request has one body: leave one of them out.")
    if len(curl.files) + bool(curl.data) > 1:
        raise curl.fail("the curl line sends more than one file, or a file and data.", "Send one of them.")
    body: BodySource | None = None
    if curl.as_query:
        curl.query += [word.text for word in curl.data]
    elif curl.files:
        file = curl.files[0]
        body = BodySource("file", file.template(), line=file.line)
    elif curl.data:
        body = BodySource("fenced", _joined("" if curl.is_json else "&", curl.data), line=curl.data[0].line)
    if curl.query:
        url += ("&" if "?" in url else "?") + "&".join(curl.query)
    if body is not None and not curl.is_upload:
        _add_media_type(curl)
    if body is not None and body.kind == "fenced":
        body = _exact(curl, body)
    # A space in a quoted URL is meant as one; in the cell form it would end the URL.
    template = curl.url.template(_SPACE.sub(lambda found: quote(found[0]), url) if "{{" not in url else url)
    if any(_SPACE.search(part) for part in template.parts if isinstance(part, str)):
        raise curl.fail("a space stands in the URL.", "In a URL a space is %20.")
    check_url(template)
    method = curl.method or ("POST" if (body or is_form) and not curl.as_query else "GET")
    return Request(method=method, url=template, items=tuple(curl.items), body=body, line=line), curl.options


def _joined(joint: str, words: list[ShellWord]) -> Template:
    """The data of several options as one text; each keeps its place."""
    text = ""
    places: list[tuple[int, int]] = []
    for word in words:
        if text:
            text += joint
            places += [word.places[0]] * len(joint)
        text += word.text
        places += word.places[: len(word.text)]
    return ShellWord(text, (*places, words[-1].places[-1])).template()


def _exact(curl: _Curl, body: BodySource) -> BodySource:
    """Data that a cell would tidy (line ends, the ends of a form) as one placeholder that holds their bytes."""
    given = next((item.value.source for item in curl.items if item.name.source.lower() == "content-type"), "")
    text = body.content.source
    is_form = media_type_of(given) == FORM
    changes = "\r" in text or (is_form and text != "".join(text.split())) or is_multipart(media_type_of(given))
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return body
    if not body.content.is_literal or (not changes and data == text.encode("utf-8", "replace")):
        return body
    placeholder = Placeholder(repr(data), body.content.line, body.content.column)
    return replace(body, content=Template(str(placeholder), (placeholder,), body.content.line, body.content.column))


def _with_scheme(url: str) -> str:
    known = loopback_url(url)
    return known if known != url else f"http://{url}"


def _add_media_type(curl: _Curl) -> None:
    if any(item.kind == "header" and item.name.source.lower() == "content-type" for item in curl.items):
        return
    if curl.is_json:
        curl.add("header", "Content-Type", JSON)
        curl.add("header", "Accept", JSON)
    else:
        curl.add("header", "Content-Type", FORM)


def begins_curl(text: str) -> bool:
    """Whether a line begins a curl command."""
    return bool(_CURL.match(text))


def read_curl(cursor: Cursor, request: Request, first: str | None = None, begin: tuple[int, int] = (1, 1)) -> None:
    """Read a command into the request; ``first`` is its first line, which begins at the place ``begin``, if it stands
    on the ``%%http`` line.

    Raises
    ------
    RequestError
        As ``parse_curl``.
    """
    if first is None:
        line = cursor.take()
        texts, starts = [line.text], [(line.line, 1)]
    else:
        texts, starts = [first], [begin]
    waits_for_quote = False
    while not cursor.at_end:
        # Inside a quote only a line with a quote can end it: the others need no look at the whole.
        if not waits_for_quote or set("'\"") & set(texts[-1]):
            if not is_open(texts):
                break
            waits_for_quote = not texts[-1].rstrip().endswith(("\\", "^"))
        line = cursor.take()
        texts.append(line.text)
        starts.append((line.line, 1))
    text = "\n".join(texts)
    _fill(request, *parse_curl(text, _place(text, starts), Options()))
    request.line, request.is_curl = starts[0][0], True


def _place(text: str, starts: list[tuple[int, int]]) -> Place:
    def place(offset: int) -> tuple[int, int]:
        index = text.count("\n", 0, offset)
        line, column = starts[min(index, len(starts) - 1)]
        return line, column + offset - (text.rfind("\n", 0, offset) + 1)

    return place


def _fill(request: Request, curl: Request, options: Options) -> None:
    request.method, request.url, request.body = curl.method, curl.url, curl.body
    if options.auth is not None and not _stands_in_line(options.auth.source):
        raise _no_part("-u", options.auth)
    request.options = replace(options, form=False, quiet=False).over(request.options)
    headers = [item for item in curl.items if "header" in item.kind]
    for item in headers:
        if not item.name.is_literal:
            raise _no_part(item.name.source, item)
    request.headers = tuple(Pair(item.name, item.value, item.line) for item in headers)
    request.multipart = tuple(_part(item) for item in curl.items if item not in headers) or None


def _part(item: Item) -> Pair | FilePart:
    """A field of a form as a line of ``[Multipart]``; RequestError where that would be read as something else."""
    name, value = item.name.source, item.value.source
    if not name or ":" in name or not _stands_in_line(name) or not _stands_in_line(value) or name[0] in "[#/`<>{@?&":
        raise _no_part(name, item)
    if item.kind == "text" and not value.startswith("file,"):
        return Pair(item.name, item.value, item.line)
    path, *parameters = value.split(";")
    types = [one.strip().removeprefix("type=") for one in parameters if one.strip().startswith("type=")]
    if item.kind != "upload" or not path.strip() or len(types) != len(parameters) or len(types) > 1:
        raise _no_part(name, item)
    template = parse_template(path.strip(), place_at("", item.value.line, item.value.column))
    return FilePart(item.name, template, types[0].strip() or None if types else None, item.line)


def _stands_in_line(text: str) -> bool:
    return text == text.strip() and "\n" not in text and "\r" not in text


def _no_part(name: str, place: Item | Template) -> RequestError:
    message = f"`{name}` cannot be written in a cell as curl has it."
    return RequestError.at(place, message, "Send it in one line:  %http --curl curl …")
