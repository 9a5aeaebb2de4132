"""A curl command, as browsers and manuals give it, read as a request to the app: on a line, or in a cell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, quote_plus

from nbmicro.errors import RequestError
from nbmicro.http.media_types import FORM, JSON
from nbmicro.http.methods import is_method
from nbmicro.language.address import check_url, loopback_url
from nbmicro.language.curl_form import form_part
from nbmicro.language.curl_options import DATA, LETTERS, SKIPPED, TAKEN, takes_value, why_refused
from nbmicro.language.lines import Cursor
from nbmicro.language.options import Options
from nbmicro.language.shell import ShellWord, is_open, shell_words
from nbmicro.language.syntax import BodySource, FilePart, Pair, Request
from nbmicro.language.template import Place, Template, parse_template, place_at, placeholder_end
from nbmicro.language.words import split_words

_BEHIND = re.compile(r"(?:^|(?<=\s))--curl(?:=|\s+|\Z)(?=(?:\$\s+)?curl(?:\.exe)?(?:\s|\Z)|\Z)")
_SPACE = re.compile(r"\s")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+|.*\{\{.*\}\}.*")
_CURL = re.compile(r"\s*(?:\$\s+)?curl(?:\.exe)?\s+\S")
# What a placeholder is while a URL is taken apart.
_MARK = re.compile(r"([\ue000-\uf8ff])")
# What a curl with all its libraries asks for.
_ENCODINGS = "deflate, gzip, br, zstd"
_STDIN = "Write the data itself."


@dataclass
class _Curl:
    """What has been read of the command line so far; ``word`` is the one that is read now.

    ``headers`` are those of ``-H``, ``made`` those that other options bring, ``unsent`` the small names of all that
    ``-H`` speaks of: what other options bring gives way to them.
    """

    word: ShellWord
    method: str | None = None
    is_head: bool = False
    url: ShellWord | None = None
    headers: list[Pair] = field(default_factory=list)
    made: list[Pair] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    parts: list[Pair | FilePart] = field(default_factory=list)
    data: list[ShellWord] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    files: list[BodySource] = field(default_factory=list)
    is_json: bool = False
    is_upload: bool = False
    as_query: bool = False
    is_globbed: bool = True
    has_dots: bool = False
    options: Options = field(default_factory=Options)

    def fail(self, message: str, hint: str | None = None) -> RequestError:
        return RequestError.at(self.word, message, hint)

    def make(self, name: str, value: ShellWord | str) -> None:
        """Add a header that an option brings."""
        self.made = [pair for pair in self.made if pair.name.source != name]
        if value.text if isinstance(value, ShellWord) else value:
            self.made.append(self.pair(name, value))

    def pair(self, name: ShellWord | str, value: ShellWord | str) -> Pair:
        pair = Pair(self.template(name), self.template(value), self.word.line)
        if set("\r\n") & set(pair.name.source + pair.value.source):
            raise self.fail("a line break stands in a header.", "Write  -H 'X-Token: abc'")
        return pair

    def template(self, text: ShellWord | str) -> Template:
        return self.word.template(text) if isinstance(text, str) else text.template()


def curl_behind(text: str) -> tuple[str, int] | None:
    """What stands in front of ``--curl`` in a line, and where the command behind it begins, if it is not quoted.

    A command that stands where the request should needs no ``--curl``.
    """
    if begins_curl(text):
        return "", len(text) - len(text.lstrip())
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
        An option that is unknown or means nothing in process, a missing URL, an origin that is not the app, what a
        shell would put something else for.
    """
    line, column = place(0)
    curl = _Curl(ShellWord("", ((line, column),)), options=options)
    try:
        words = shell_words(text, place)
    except RequestError as error:
        message = f"the curl line cannot be read: {error.message}"
        raise RequestError(message, hint=error.hint, line=error.line, column=error.column) from None
    if words and words[-1].operator and words[-1].text == ";":
        words.pop()
        curl.options = replace(curl.options, quiet=True)
    if words and words[0].text in {"curl", "curl.exe", "$"}:
        dollar = words.pop(0).text == "$"
        if dollar and words and words[0].text in {"curl", "curl.exe"}:
            del words[0]
    while words:
        word = words.pop(0)
        if word.operator:
            raise _operator(curl, word)
        curl.word = word
        if word.text == "`" and not word.quoted:
            raise curl.fail(
                "a line that goes on behind ` is PowerShell's.", "Write  \\  in its place, or join the lines."
            )
        if word.text.startswith("-") and len(word.text) > 1 and "{{" not in word.text[:2]:
            _read_flag(curl, word, words)
        else:
            _take_url(curl, word)
    return _finish(curl, line), curl.options


def _operator(curl: _Curl, word: ShellWord) -> RequestError:
    """The error of what stands between the commands of a shell."""
    message = f"`{word.text}` belongs to the shell, and there is none here."
    ends = curl.word.places[-1] == word.places[0]
    if word.text in {";", "&"} and not ends:
        hint = "One curl line is one request; take out what follows it."
    elif word.text in {";", "&", "(", ")", "<"}:
        hint = f"If `{word.text}` belongs to the word, put quotes around that word; else take out what follows."
    else:
        hint = "Take out what follows it."
    return RequestError.at(word, message, hint)


def _take_url(curl: _Curl, word: ShellWord) -> None:
    if curl.url is not None:
        raise curl.fail(f"`{word.text}` is a second URL.", "One curl line is one request.")
    curl.url = word


def _read_flag(curl: _Curl, word: ShellWord, rest: list[ShellWord]) -> None:
    argument = word.text
    if argument.startswith("--"):
        name, equals, _ = argument[2:].partition("=")
        if equals and takes_value(name):
            rest.insert(0, word.cut(len(name) + 3))
        else:
            name = argument[2:]
        shown = f"--{name}"
    else:
        name, joined, shown = LETTERS.get(argument[1], argument[1:]), word.cut(2), argument[:2]
        if joined.text and takes_value(name):
            rest.insert(0, joined)
        elif joined.text and (name in TAKEN or name in SKIPPED):
            rest.insert(0, ShellWord(f"-{joined.text}", (word.places[1], *joined.places)))
    if name not in TAKEN and name not in SKIPPED:
        why, hint = why_refused(name)
        raise curl.fail(f"curl's {shown} is not understood here: {why}.", hint)
    if not takes_value(name):
        _take_switch(curl, name)
        return
    if not rest or rest[0].operator:
        raise curl.fail(f"curl's --{name} needs a value.", f"Write it behind  --{name}")
    curl.word = rest.pop(0)
    if name in TAKEN:
        _take_value(curl, name, curl.word)


def _take_switch(curl: _Curl, name: str) -> None:
    if name == "get":
        curl.as_query = True
    elif name == "head":
        curl.is_head = True
    elif name == "globoff":
        curl.is_globbed = False
    elif name == "path-as-is":
        curl.has_dots = True
    elif name == "compressed":
        curl.make("Accept-Encoding", _ENCODINGS)
    elif name == "location":
        curl.options = replace(curl.options, follow=True)
    elif name == "verbose":
        curl.options = replace(curl.options, show=curl.options.show or ("all",))


def _take_value(curl: _Curl, name: str, word: ShellWord) -> None:
    value = word.text
    if name in DATA:
        _take_data(curl, name, word)
    elif name == "request":
        if not is_method(value):
            raise curl.fail(f"`{value}` is no method.", "Write  -X POST")
        if value != value.upper():
            message = f"curl sends the method as it is written, and `{value}` is not {value.upper()}."
            raise curl.fail(message, f"Write  -X {value.upper()}")
        curl.method = value
    elif name == "header":
        _take_header(curl, word)
    elif name in {"form", "form-string"}:
        curl.parts.append(form_part(word, plain=name == "form-string"))
    elif name == "user":
        curl.options = replace(curl.options, auth=word.template(value if ":" in value else f"{value}:"))
    elif name == "oauth2-bearer":
        curl.make("Authorization", f"Bearer {value}")
    elif name == "cookie":
        _take_cookie(curl, word)
    elif name == "user-agent":
        curl.make("User-Agent", word.part(0))
    elif name == "referer":
        if value.endswith(";auto"):
            raise curl.fail("`;auto` would name each page that redirected.", "Leave it out of  -e")
        curl.make("Referer", word.part(0))
    elif name == "max-time":
        curl.options = replace(curl.options, timeout=_seconds(curl, value))
    elif name == "url-query":
        curl.query.append(value[1:] if value.startswith("+") else _urlencoded(curl, name, value))
    elif name == "upload-file":
        if value in {"-", "."}:
            raise curl.fail(f"`-T {value}` reads what a shell hands over, and there is none here.", "Name a file.")
        if re.search(r"(?<!\{)\{(?!\{)|\[", value) and curl.is_globbed:
            raise curl.fail(f"`{value}` are several files.", "One curl line is one request; name one file.")
        curl.is_upload = True
        curl.files.append(BodySource("file", word.part(0).template(), line=word.line))
    else:
        _take_url(curl, word)


def _seconds(curl: _Curl, value: str) -> float:
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", value, re.ASCII) or not 0 < float(value) < 86_400:
        raise curl.fail(f"curl's -m {value} is no number of seconds.", "Write  -m 5")
    return float(value)


def _take_cookie(curl: _Curl, word: ShellWord) -> None:
    if "=" not in word.text:
        raise curl.fail(f"curl's -b {word.text} names a cookie file.", "Cookies last from request to request here.")
    curl.made.append(curl.pair("Cookie", word.part(0)))


def _take_header(curl: _Curl, word: ShellWord) -> None:
    name, colon, text = word.text.partition(":")
    if colon and not _HEADER_NAME.fullmatch(name.strip()):
        raise curl.fail(f"`{name.strip()}` cannot be the name of a header.", "Write  -H 'X-Token: abc'")
    is_empty = not colon and name.endswith(";") and _HEADER_NAME.fullmatch(name[:-1].strip()) is not None
    if not colon and not is_empty:
        raise curl.fail(f"`{name}` is not a header.", "Write  -H 'X-Token: abc'")
    curl.named.add((name[:-1] if is_empty else name).strip().lower())
    if is_empty:
        curl.headers.append(curl.pair(word.part(0, len(name) - 1), ""))
    elif text.strip():
        curl.headers.append(curl.pair(word.part(0, len(name)), word.part(len(name) + 1)))


def _take_data(curl: _Curl, name: str, word: ShellWord) -> None:
    if name == "json":
        curl.is_json = True
    if word.text.startswith("@") and name not in {"data-raw", "data-urlencode"}:
        if word.text == "@-":
            raise curl.fail("`@-` reads what a shell hands over, and there is none here.", _STDIN)
        kind = "file" if name in {"data-binary", "json"} else "data_file"
        curl.files.append(BodySource(kind, word.part(1).template(), line=word.line))  # type: ignore[arg-type]
        return
    if name == "data-urlencode":
        text = _urlencoded(curl, name, word.text)
        word = ShellWord(text, (word.places[0],) * (len(text) + 1), True)
    # `&` stands between the pieces, except in front of a piece of JSON.
    if curl.data and name != "json":
        word = ShellWord(f"&{word.text}", (word.places[0], *word.places), True)
    curl.data.append(word)


def _urlencoded(curl: _Curl, option: str, value: str) -> str:
    name, equals, text = value.partition("=")
    if "@" in name:
        raise curl.fail(f"curl's --{option} with a file is not understood here.", "Write the text itself.")
    return f"{name}={_quoted(text)}" if equals and name else _quoted(text if equals else value)


def _quoted(text: str) -> str:
    """The text form-encoded, its placeholders as they are."""
    template = parse_template(text, place_at(text, 1, 1)) if placeholder_end(text, text.find("{{") + 2) >= 0 else None
    parts = template.parts if template is not None and "{{" in text else (text,)
    return "".join(quote_plus(part) if isinstance(part, str) else str(part) for part in parts)


def _finish(curl: _Curl, line: int) -> Request:
    if curl.url is None:
        raise curl.fail("the curl line has no URL.", "Write  --curl 'curl http://localhost:5000/users'")
    curl.word = curl.url
    _check_bodies(curl)
    body: BodySource | None = None
    if curl.files:
        body = curl.files[0]
    elif curl.data and not curl.as_query:
        body = BodySource("exact", _joined(curl.data), line=curl.data[0].line)
    default = "PUT" if curl.is_upload else "POST" if body or curl.parts else "GET"
    method = curl.method or ("HEAD" if curl.is_head else default)
    if "authorization" in curl.named:
        curl.options = replace(curl.options, auth=None)
    return Request(
        method=method,
        url=_url(curl),
        headers=_headers(curl, has_data=body is not None and not curl.is_upload),
        multipart=tuple(curl.parts) or None,
        body=body,
        line=line,
        is_curl=True,
        keeps_method=curl.method is not None,
    )


def _check_bodies(curl: _Curl) -> None:
    """Reject what curl does not send, and more than one body."""
    if (curl.data or curl.files) and curl.parts:
        raise curl.fail("the curl line has both -d and -F.", "A request has one body: leave one of them out.")
    if len(curl.files) + bool(curl.data) > 1:
        raise curl.fail("the curl line sends more than one file, or a file and data.", "Send one of them.")
    if curl.is_head and (curl.parts or curl.is_upload or (not curl.as_query and (curl.data or curl.files))):
        raise curl.fail("-I asks for the head alone, and sends no body.", "Leave -I out, or the data.")
    if curl.as_query and curl.files and not curl.is_upload:
        raise curl.fail("-G puts data into the URL, and a file is none here.", "Write the data itself.")
    if curl.as_query and curl.data and curl.query:
        raise curl.fail("beside -G with data curl leaves --url-query out.", "Write all of it with  -d")


def _headers(curl: _Curl, *, has_data: bool) -> tuple[Pair, ...]:
    """The headers of ``-H``, and those of other options that it does not speak of."""
    if curl.is_json:
        curl.make("Content-Type", JSON)
        curl.make("Accept", JSON)
    elif has_data:
        curl.make("Content-Type", FORM)
    return (*curl.headers, *(pair for pair in curl.made if pair.name.source.lower() not in curl.named))


def _url(curl: _Curl) -> Template:
    """The URL as curl asks for it: dot segments resolved, brackets unescaped, the query and a file's name added."""
    assert curl.url is not None
    url = curl.url.text
    url = url if url.startswith(("/", "{{")) or "://" in url else _with_scheme(url)
    template = curl.url.template(url)
    marks = {chr(0xE000 + number): str(one) for number, one in enumerate(template.placeholders)}
    known = iter(marks)
    url = "".join(part if isinstance(part, str) else next(known) for part in template.parts)
    url = re.sub(r"\A[A-Za-z]+://[^/?#]*", lambda found: found[0].lower(), url)
    if curl.is_globbed:
        url = _unglobbed(curl, url)
    url, _, _ = url.partition("#")
    head, mark, query = url.partition("?")
    found = re.match(r"(?:[a-z]+://[^/]*)?", head)
    origin = found[0] if found else ""
    path = head[len(origin) :]
    if not curl.has_dots:
        path = _without_dots(path)
    if curl.is_upload and (path.endswith("/") or (origin and not path)):
        path = (path or "/") + _file_name(curl)
    more = "".join(word.text for word in curl.data) if curl.as_query else "&".join(curl.query)
    if more:
        mark, query = "?", f"{query}{'&' if query and not query.endswith('&') else ''}{more}"
    url = origin + path + mark + query
    # A space in a quoted URL is meant as one.
    url = _SPACE.sub(lambda space: quote(space[0]), url) if "{{" not in more else url
    template = curl.url.template(_MARK.sub(lambda one: marks.get(one[0], one[0]), url))
    if any(_SPACE.search(part) for part in template.parts if isinstance(part, str)):
        raise curl.fail("a space stands in the URL.", "In a URL a space is %20.")
    check_url(template)
    return template


def _unglobbed(curl: _Curl, url: str) -> str:
    """The URL without the backslashes in front of brackets; RequestError where curl would ask for several."""
    for found in re.finditer(r"\\[][{}]|\{[^}]*\}|\[(?:[0-9]+-[0-9]+|[A-Za-z]-[A-Za-z])(?::[0-9]+)?\]", url):
        if found[0].startswith("\\"):
            continue
        message = f"curl would ask for each URL that `{found[0]}` stands for."
        hint = "With  -g  it is sent as it stands; a value of the notebook is  {{ name }}"
        raise curl.fail(message, hint)
    return re.sub(r"\\([][{}])", r"\1", url)


def _without_dots(path: str) -> str:
    """The path with its dot segments resolved (RFC 3986, section 5.2.4)."""
    segments = path.split("/")
    if not {".", ".."} & set(segments):
        return path
    kept: list[str] = []
    for number, segment in enumerate(segments):
        is_last = number == len(segments) - 1
        if segment == "..":
            del kept[max(1, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
        if is_last and segment in {".", ".."}:
            kept.append("")
    return "/".join(kept) or "/"


def _file_name(curl: _Curl) -> str:
    """The name of the file that is uploaded to a folder, as a segment of the path."""
    content = curl.files[0].content
    if not content.is_literal:
        message = f"curl would add the name of the file {content.source} to the URL."
        raise curl.fail(message, "Write the whole URL, with that name.")
    return quote(content.literal.rpartition("/")[2], safe="")


def _joined(words: list[ShellWord]) -> Template:
    """The data of several options as one text; each keeps its place."""
    text = "".join(word.text for word in words)
    places = [place for word in words for place in word.places[: len(word.text)]]
    return ShellWord(text, (*places, words[-1].places[-1])).template()


def _with_scheme(url: str) -> str:
    known = loopback_url(url)
    return known if known != url else f"http://{url}"


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
    curl, options = parse_curl(text, _place(text, starts), Options())
    for name in ("method", "url", "headers", "multipart", "body", "is_curl", "keeps_method"):
        setattr(request, name, getattr(curl, name))
    request.options = replace(options, quiet=False).over(request.options)
    request.line = starts[0][0]


def _place(text: str, starts: list[tuple[int, int]]) -> Place:
    def place(offset: int) -> tuple[int, int]:
        index = text.count("\n", 0, offset)
        line, column = starts[min(index, len(starts) - 1)]
        return line, column + offset - (text.rfind("\n", 0, offset) + 1)

    return place
