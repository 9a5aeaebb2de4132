"""The line form of a request: ``%http [METHOD] URL [ITEM…] options`` in HTTPie's words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote_plus

from nbmicro.errors import RequestError
from nbmicro.http.methods import METHODS, is_method
from nbmicro.language.address import check_url, is_url
from nbmicro.language.curl import curl_behind, parse_curl
from nbmicro.language.options import read_option
from nbmicro.language.syntax import Item, ItemKind, LineRequest, Options
from nbmicro.language.template import blank_end, place_at, place_in_columns
from nbmicro.language.tokens import Word, split_words, written_word


def refuse_misplaced(plain: Sequence[Word], words: Sequence[Word], magic: str) -> None:
    """Refuse a method or a query that stands where items stand.

    Parameters
    ----------
    plain:
        The words of the line that are no options.
    words:
        All of them, to show the line again.
    magic:
        What the line begins with, as ``%http``.

    Raises
    ------
    RequestError
        With the line corrected.
    """
    for position, word in enumerate(plain[1:], 1):
        if word.quoted:
            continue
        if word.text in METHODS:
            raise _second_method(word, plain, words, magic)
        url = next((before for before in plain[:position] if is_url(before.text)), None)
        if url is not None and word.text.startswith(("?", "&")):
            raise _query_apart(word, url, words, magic)


def refuse_behind_url(
    word: Word, words: Sequence[Word], magic: str, help_text: str, is_item: Callable[[Word], bool]
) -> None:
    """Refuse what stands right behind the URL and is no item: an expected status, or the rest of a URL with a space.

    Parameters
    ----------
    word:
        A word that is no item.
    words, magic:
        The line.
    help_text:
        What items there are.
    is_item:
        Whether a word is an item.

    Raises
    ------
    RequestError
        With the line corrected.
    """
    at = words.index(word)
    if at == 0 or word.quoted or words[at - 1].quoted or not is_url(words[at - 1].text) or '"' in word.text:
        return
    ends = words[at + 1 :]
    status = word.text if word.text != "HTTP" or not ends else ends[0].text
    if re.fullmatch(r"[1-5]\d\d", status):
        rest = words[at + 1 :] if status is word.text else words[at + 2 :]
        line = [*(one.source for one in words[:at]), *(one.source for one in rest), "--expect", status]
        said, more = "a status that is expected has an option.", ""
    else:
        last = at + next((n for n, one in enumerate(ends) if is_item(one) or one.text.startswith("-")), len(ends))
        whole = " ".join(one.text for one in words[at - 1 : last + 1])
        line = [*(one.source for one in words[: at - 1]), f'"{whole}"', *(one.source for one in words[last + 1 :])]
        said, more = "a space ends the URL, unless quotes stand around it.", f"\n{help_text}"
    raise RequestError(
        f"`{word.text}` is no item: {said}",
        hint=f"Write  {' '.join([magic, *line])}{more}",
        line=word.line,
        column=word.column,
    )


def quoted_line(word: Word, words: Sequence[Word], magic: str, is_item: Callable[[Word], bool]) -> str | None:
    """The line with quotes around what a space has torn apart; None where ``word`` is no such piece.

    Parameters
    ----------
    word:
        A word that is no item.
    words, magic:
        The line.
    is_item:
        Whether a word is an item, which ``word`` may be the end of.
    """
    at = words.index(word)
    torn = [n for n, one in enumerate(words) if one.text.count('"') % 2]
    opening = [n for n in torn[::2] if n < at]
    closing = [n for n in torn[1::2] if n >= at]
    if opening and closing:
        # `/hello/"Ada Lovelace"`: the quotes stand inside of words.
        first, last = opening[-1], closing[0]
    elif at > 0 and not words[at - 1].quoted and not is_url(words[at - 1].text) and is_item(words[at - 1]):
        # `photo@a b.png`, `name=Ada Lovelace`
        first, ends = at - 1, words[at + 1 :]
        last = at + next((n for n, one in enumerate(ends) if is_item(one) or one.text.startswith("-")), len(ends))
    else:
        return None
    whole = " ".join(one.text for one in words[first : last + 1]).replace('"', "")
    line = [*(one.source for one in words[:first]), f'"{whole}"', *(one.source for one in words[last + 1 :])]
    return " ".join([magic, *line])


def _second_method(word: Word, plain: Sequence[Word], words: Sequence[Word], magic: str) -> RequestError:
    first = plain[0] if not plain[0].quoted and plain[0].text.upper() in METHODS else None
    rest = [other.source for other in words if other is not word and other is not first]
    message = f"`{word.source}` stands behind the URL"
    if first is not None:
        message = f"`{first.source} {word.source}`: a request has one method"
    return RequestError(
        f"{message}{'.' if first else '; the method comes before it.'}",
        hint=f"Write  {' '.join([magic, word.text, *rest])}",
        line=word.line,
        column=word.column,
    )


def _query_apart(word: Word, url: Word, words: Sequence[Word], magic: str) -> RequestError:
    query = word.text[1:]
    joint = "&" if "?" in url.text else "?"
    line = [f"{other.source}{joint}{query}" if other is url else other.source for other in words if other is not word]
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    items = " ".join(written_word([f"{unquote_plus(name)}=={unquote_plus(value)}"]) for name, _, value in pairs)
    return RequestError(
        f"`{word.source}` is a query, and it stands apart from its URL.",
        hint=f"Write  {' '.join([magic, *line])}" + (f"  or, as an item,  {items}" if items else ""),
        line=word.line,
        column=word.column,
    )


SEPARATORS: dict[str, ItemKind] = {
    ":=@": "json_file",
    "=@": "text_file",
    ":=": "json",
    "==": "query",
    "=": "text",
    ":": "header",
    "@": "upload",
}
DATA_KINDS = frozenset({"text", "json", "upload", "text_file", "json_file"})
ITEM_HELP = "An item is one of  name=Ada  age:=36  X-Token:abc  page==2  photo@a.png  bio=@bio.txt  tags:=@tags.json"

_VERSIONS = frozenset({"HTTP/1.0", "HTTP/1.1", "HTTP/2"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


def parse_line(
    text: str,
    *,
    line: int = 1,
    column: int = 7,
    method: str | None = None,
    url: str | None = None,
    magic: str = "%http",
) -> LineRequest:
    """Parse what stands behind ``%http``.

    Parameters
    ----------
    text:
        The rest of the line.
    line, column:
        Where ``text`` begins in the cell; the defaults fit ``%http`` alone on the first line.
    method, url:
        What counts where the line leaves the method or the URL out (``%%route … --try``).
    magic:
        What begins the lines that the errors show.

    Raises
    ------
    RequestError
        Anything that is no method, URL, item or option; with line and column, and what would do.
    """
    raw = curl_behind(text)
    if raw is not None and raw[1] < len(text):
        return _raw_curl(text, raw, line, column)
    words, quiet = split_words(text, line=line, column=column)
    parsed = read_words(
        words,
        line=line,
        column=column + len(text.rstrip()),
        method=method,
        url=url,
        quiet=quiet,
        magic=magic if url is None else "--try",
    )
    options = parsed.options
    has_method = parsed.method != "GET" and not options.file
    if parsed.url is None and not options.help and (has_method or not (options.file or options.reset)):
        raise _no_url(parsed, line, column + len(text.rstrip()), magic)
    if options.file and (parsed.url is not None or parsed.items or parsed.method != "GET"):
        raise RequestError("--file sends the requests of a file; no method, URL or item stands beside it.", line=line)
    return parsed


def read_words(
    words: list[Word],
    *,
    line: int,
    column: int,
    method: str | None = None,
    url: str | None = None,
    quiet: bool = False,
    magic: str = "%http",
) -> LineRequest:
    """Read the words of a line that ``magic`` begins; a missing URL is left to the caller."""
    if any(word.text in {"-h", "--help"} and not word.quoted for word in words):
        return LineRequest("GET", None, options=Options(help=True), line=line)
    options = Options(quiet=quiet, line=line)
    plain: list[Word] = []
    curl: Word | None = None
    position = 0
    while position < len(words):
        word = words[position]
        if word.text.startswith("-") and len(word.text) > 1 and not word.quoted:
            options, position, found = read_option(options, words, position)
            curl = found or curl
        else:
            # `GET /x HTTP/1.1` may stand here as it does in a file.
            if word.quoted or word.text not in _VERSIONS:
                plain.append(word)
            position += 1
    if curl is not None:
        return _from_curl(curl, plain, options, magic)
    refuse_misplaced(plain, words, magic)
    method_column = plain[0].column if plain else None
    given = _take_method(plain, url is not None)
    address = plain.pop(0) if plain and (is_url(plain[0].text) or (url is None and _only_url(plain[0]))) else None
    items = tuple(_item_of(word, words, magic) for word in plain) if address or url or not plain else ()
    if plain and not (address or url):
        raise RequestError(
            f"`{plain[0].text}` stands where the URL should.",
            hint=f"The URL comes before the items:  {magic} POST /users name=Ada",
            line=plain[0].line,
            column=plain[0].column,
        )
    template = address.template() if address else None
    if template is None and url is not None:
        template = Word(url, tuple(range(column, column + len(url) + 1)), line, False, url).template()
    if template is not None:
        check_url(template, magic if magic.startswith("%") else "%http")
    has_data = any(item.kind in DATA_KINDS for item in items)
    return LineRequest(
        given or method or ("POST" if has_data else "GET"),
        template,
        items,
        options,
        line=line,
        column=method_column if given else None,
    )


def _item_of(word: Word, words: list[Word], magic: str) -> Item:
    try:
        return parse_item(word)
    except RequestError:
        meant = _only_url(word) and quoted_line(word, words, magic, lambda one: not _only_url(one))
        if not meant:
            if _only_url(word):
                refuse_behind_url(word, words, magic, ITEM_HELP, lambda one: not _only_url(one))
            raise
    raise RequestError(
        f"`{word.text}` is no item: a space ends a word, unless quotes stand around all of it.",
        hint=f"Write  {meant}",
        line=word.line,
        column=word.column,
    )


def _take_method(plain: list[Word], has_default_url: bool) -> str | None:
    """Take the method off the words: letters alone, with a URL behind them (or one that is known already)."""
    if not plain or not is_method(plain[0].text):
        return None
    follows = len(plain) > 1 and (is_url(plain[1].text) or _only_url(plain[1]))
    if follows or has_default_url or plain[0].text.upper() in METHODS:
        return plain.pop(0).text.upper()
    return None


def _only_url(word: Word) -> bool:
    """Whether a word is no item, so that it can only be meant as the URL."""
    return _separator(word.text) is None


def _no_url(parsed: LineRequest, line: int, column: int, magic: str) -> RequestError:
    hint = f"Write  {magic} {parsed.method} /" if parsed.method != "GET" else f"Write  {magic} /"
    return RequestError(
        "the URL is missing.", hint=f"{hint}  or  {magic} POST /users name=Ada", line=line, column=column
    )


def _separator(text: str) -> tuple[int, str, str] | None:
    """The first separator outside blanks and escapes (the longest there), and the unescaped name before it."""
    position = 0
    name = ""
    while position < len(text):
        if text.startswith("{{", position):
            end = blank_end(text, position + 2)
            behind = end + 2 if end >= 0 else position + 2
            name += text[position:behind]
            position = behind
            continue
        if text[position] == "\\" and text[position + 1 : position + 2] in {":", "=", "@", "\\"}:
            name += text[position + 1]
            position += 2
            continue
        for separator in SEPARATORS:
            if text.startswith(separator, position):
                return position, separator, name
        name += text[position]
        position += 1
    return None


def parse_item(word: Word) -> Item:
    """Read one item.

    Raises
    ------
    RequestError
        A word without a separator, a header whose name cannot be one, JSON that is none.
    """
    found = _separator(word.text)
    if found is None and word.text.endswith(";") and _HEADER_NAME.match(word.text[:-1]):
        return Item("empty_header", word.template(0, -1), word.template(len(word.text)), word.line, word.column)
    if found is None or found[0] == 0:
        raise RequestError(f"`{word.text}` is no item.", hint=ITEM_HELP, line=word.line, column=word.column)
    at, separator, unescaped = found
    kind = SEPARATORS[separator]
    name = word.template(0, at, text=unescaped)
    value = word.template(at + len(separator))
    item = Item(kind, name, value, word.line, word.column)
    if kind == "header" and name.is_literal and not _HEADER_NAME.match(name.source):
        raise RequestError(
            f"`{name.source}` cannot be the name of a header.", hint=ITEM_HELP, line=word.line, column=word.column
        )
    if kind == "json" and value.is_literal:
        _check_json(item)
    if kind in {"upload", "text_file", "json_file"} and not value.source:
        raise RequestError(
            f"`{word.text}` names no file.",
            hint=f"Write  {name.source}{separator}FILE",
            line=word.line,
            column=word.column,
        )
    return item


def _check_json(item: Item) -> None:
    text = item.value.literal
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        name = item.name.source
        raise RequestError(
            f"`{text}` is not JSON.",
            hint=f"For text write  {name}={text or 'Ada'}  and quote JSON that has spaces:  {name}:='[1, 2]'",
            line=item.value.line,
            column=item.value.column,
        ) from None


def _raw_curl(text: str, raw: tuple[str, int], line: int, column: int) -> LineRequest:
    """``--curl curl 'http://…' …``: all that stands behind it is the command."""
    before, start = raw
    words, _ = split_words(before, line=line, column=column)
    head = read_words(words, line=line, column=column)
    if head.url is not None or head.items:
        raise RequestError(
            f"`{before.strip()}` stands in front of --curl, whose command is the whole request.",
            hint="Leave it out.",
            line=line,
            column=column,
        )
    return parse_curl(text[start:], place_at("", line, column + start), head.options)


def _from_curl(curl: Word, plain: list[Word], options: Options, magic: str) -> LineRequest:
    tool = curl.text.split()[0] if curl.text.strip() else ""
    if tool.isalpha() and tool != "curl":
        raise RequestError(
            f"`{tool}` is not curl, and --curl reads curl's lines only.",
            hint=f"As in  {magic} --curl curl http://localhost:5000/users -d name=Ada",
            line=curl.line,
            column=curl.column,
        )
    if plain:
        how = "Leave away the quotes around the command" if curl.quoted else "Begin the command with its own word"
        raise RequestError(
            f"`{plain[0].text}` stands beside --curl, whose line is the whole request.",
            hint=f"{how}:  {magic} --curl curl http://localhost:5000/users -d name=Ada",
            line=plain[0].line,
            column=plain[0].column,
        )
    return parse_curl(curl.text, place_in_columns(curl.line, curl.columns), options)
