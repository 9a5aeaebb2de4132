"""The line form of a request: ``%http [METHOD] URL [ITEM…] options`` in HTTPie's words."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import unquote_plus

from nbmicro.errors import RequestError
from nbmicro.http.methods import METHODS, is_method
from nbmicro.language.address import check_method, check_url, is_url
from nbmicro.language.curl import curl_behind, parse_curl
from nbmicro.language.foreign_commands import foreign_command, may_be_foreign
from nbmicro.language.nested_keys import NestedKeyError, nested_key
from nbmicro.language.options import Options, read_option
from nbmicro.language.syntax import Item, ItemKind, Request, Script
from nbmicro.language.template import Template, place_at, place_in_columns, placeholder_end
from nbmicro.language.words import Word, split_words, written_word

SEPARATORS: dict[str, ItemKind] = {
    ":=@": "json_file",
    "==@": "query_file",
    "=@": "text_file",
    ":@": "header_file",
    ":=": "json",
    "==": "query",
    "=": "text",
    ":": "header",
    "@": "upload",
}
DATA_KINDS = frozenset({"text", "json", "upload", "text_file", "json_file"})
#: Whose names may be nested, where they make JSON.
JSON_KINDS = DATA_KINDS - {"upload"}
ITEM_HELP = "An item is one of  name=Ada  age:=36  X-Token:abc  page==2  photo@a.png  bio=@bio.txt  tags:=@tags.json"

_VERSIONS = frozenset({"HTTP/1.0", "HTTP/1.1", "HTTP/2"})
_ESCAPED = frozenset(":=@;")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


def parse_line(
    text: str,
    *,
    line: int = 1,
    column: int = 7,
    method: str | None = None,
    url: str | None = None,
    magic: str = "%http",
) -> Script:
    """Parse what stands behind ``%http``: one request, or none beside ``--help``, ``--file`` or a lone ``--reset``.

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
    error = foreign_command(text, Template("", (), line, column)) if may_be_foreign(text) else None
    if error is not None:
        raise error
    curl = curl_behind(text)
    if curl is not None and curl[1] < len(text):
        before, start = curl
        words, _ = split_words(before, line=line, column=column)
        request, options = read_words(words, line=line, column=column)
        check_before_curl(request, before, line, column)
        request, options = parse_curl(text[start:], place_at("", line, column + start), options)
        return Script((request.freeze(),), options=options)
    words, quiet = split_words(text, line=line, column=column)
    end = column + len(text.rstrip())
    shown = magic if url is None else "--try"
    request, options = read_words(words, line=line, column=end, method=method, url=url, quiet=quiet, magic=shown)
    has_url, has_method = bool(request.url.parts), request.method != "GET"
    if options.file and (has_url or has_method):
        raise RequestError("--file sends the requests of a file; no method, URL or item stands beside it.", line=line)
    if options.help:
        return Script(options=options)
    if not has_url and (has_method or not (options.file or options.reset)):
        hint = f"Write  {magic} {f'{request.method} /' if has_method else '/'}  or  {magic} POST /users name=Ada"
        raise RequestError("the URL is missing.", hint=hint, line=line, column=end)
    return Script((request.freeze(),) if has_url else (), options=options)


def read_words(
    words: list[Word],
    *,
    line: int,
    column: int,
    method: str | None = None,
    url: str | None = None,
    quiet: bool = False,
    magic: str = "%http",
) -> tuple[Request, Options]:
    """Read the words of a line that ``magic`` begins; a missing URL is left to the caller."""
    if any(word.text in {"-h", "--help"} and not word.quoted for word in words):
        return Request(), Options(help=True, line=line)
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
    _check_misplaced(plain, words, magic)
    method_column = plain[0].column if plain else None
    written_method = _take_method(plain, url is not None)
    address = plain.pop(0) if plain and (is_url(plain[0].text) or (url is None and not _is_item(plain[0]))) else None
    is_form = options.form or any(found is not None and found[2] == "@" for found in map(_separator, plain))
    items = tuple(_item_of(word, words, magic, is_form) for word in plain) if address or url or not plain else ()
    if plain and not (address or url):
        hint = f"The URL comes before the items:  {magic} POST /users name=Ada"
        raise RequestError.at(plain[0], f"`{plain[0].text}` stands where the URL should.", hint)
    template = Template("")
    if address or url is not None:
        default = url or ""
        word = address or Word(default, tuple(range(column, column + len(default) + 1)), line, False, default)
        template = word.template()
        check_url(template, magic if magic.startswith("%") else "%http")
    has_data = any(item.kind in DATA_KINDS for item in items)
    request = Request(
        method=written_method or method or ("POST" if has_data else "GET"),
        url=template,
        items=items,
        line=line,
        column=method_column if written_method else None,
    )
    return request, options


def _item_of(word: Word, words: list[Word], magic: str, is_form: bool) -> Item:
    try:
        return parse_item(word, is_form=is_form)
    except RequestError:
        if word.text[:1] in {"<", ">", "|"} and not word.quoted and not _is_item(word):
            raise _no_shell(word, words, words.index(word)) from None
        if re.match(r"\{(?!\{)|\[(?!.*=)", word.text):
            raise _json_behind_url(word, words, magic) from None
        meant = None if _is_item(word) else _quoted_line(word, words, magic)
        if meant is None:
            if not _is_item(word):
                _check_behind_url(word, words, magic)
            raise
    message = f"`{word.text}` is no item: a space ends a word, unless quotes stand around all of it."
    raise RequestError.at(word, message, fix=meant)


def _take_method(plain: list[Word], has_default_url: bool) -> str | None:
    """Take the method off the words: letters alone, with a URL behind them (or one that is known already)."""
    if not plain or not is_method(plain[0].text):
        return None
    follows = len(plain) > 1 and (is_url(plain[1].text) or not _is_item(plain[1]))
    if follows or has_default_url or plain[0].text.upper() in METHODS:
        check_method(plain[0].text.upper(), plain[0])
        return plain.pop(0).text.upper()
    return None


def _is_item(word: Word) -> bool:
    """Whether a word has what makes an item; one that has not can only be meant as the URL."""
    return _separator(word) is not None


def _separator(word: Word) -> tuple[Word, int, str] | None:
    """The word unescaped, and in it the first separator (the longest there) outside of placeholders and escapes.

    As with HTTPie a backslash before a character of a separator stands for that character, in the value too; before
    any other it stays, and so do two of them.
    """
    text, kept, found, position = word.text, list[int](), None, 0
    while position < len(text):
        end = placeholder_end(text, position + 2) + 2 if text.startswith("{{", position) else position
        if end > position + 2:
            kept += range(position, end)
        elif text[position] == "\\" and position + 1 < len(text):
            end = position + 2
            kept += range(position + (text[position + 1] in _ESCAPED), end)
        elif found is None and (separator := next((one for one in SEPARATORS if text.startswith(one, position)), None)):
            found, end = (len(kept), separator), position + len(separator)
            kept += range(position, end)
        else:
            end = position + 1
            kept.append(position)
        position = end
    if found is None:
        return None
    columns = (*(word.columns[index] for index in kept), word.columns[-1])
    unescaped = Word("".join(text[index] for index in kept), columns, word.line, word.quoted, word.source)
    return unescaped, *found


def parse_item(word: Word, *, is_form: bool = True) -> Item:
    """Read one item.

    Parameters
    ----------
    word:
        The word.
    is_form:
        Whether the data are a form, where brackets are a part of a name.

    Raises
    ------
    RequestError
        A word without a separator, a header whose name cannot be one, JSON that is none, a nested name whose brackets
        are wrong.
    """
    found = _separator(word)
    if found is None and word.text.endswith(";") and _HEADER_NAME.match(word.text[:-1]):
        return Item("empty_header", word.template(0, -1), word.template(len(word.text)), word.line, word.column)
    if found is None or found[1] == 0:
        raise RequestError.at(word, f"`{word.text}` is no item.", ITEM_HELP)
    unescaped, at, separator = found
    kind = SEPARATORS[separator]
    name, value = unescaped.template(0, at), unescaped.template(at + len(separator))
    item = Item(kind, name, value, word.line, word.column)
    if kind in {"header", "header_file"} and name.is_literal and not _HEADER_NAME.match(name.source):
        nested = re.fullmatch(r"[^\[\]]+(?:\[[^\[\]]*\])*\[[^\[\]]*:[^\[\]]*\]:?=.*", word.text, re.S)
        fix = word.source.replace(":", "\\:", 1) if nested else None
        message = f"`{name.source}` cannot be the name of a header."
        raise RequestError.at(word, message, None if fix else ITEM_HELP, fix=fix)
    if kind == "json" and value.is_literal:
        _check_json(item)
    if separator.endswith("@") and not value.source:
        raise RequestError.at(word, f"`{word.text}` names no file.", fix=f"{name.source}{separator}FILE")
    if kind in JSON_KINDS and not is_form:
        try:
            nested_key(name)
        except NestedKeyError as error:
            wrong = nested_error(item, error)
            wrong.column = unescaped.columns[min(error.at, at)]
            raise wrong from None
    return item


def nested_error(item: Item, error: NestedKeyError) -> RequestError:
    """The error of an item whose nested name cannot be read, or does not fit the items before it."""
    hint = "As in  user[name]=Ada  tags[]=a  list[0]=b  ;  a bracket in a name has a backslash before it, in quotes."
    return RequestError.at(item, f"`{item.name.source}` names no place in the JSON: {error}.", hint)


def _check_json(item: Item) -> None:
    text = item.value.literal
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        name = item.name.source
        hint = f"For text write  {name}={text or 'Ada'}  and quote JSON that has spaces:  {name}:='[1, 2]'"
        raise RequestError.at(item.value, f"`{text}` is not JSON.", hint) from None


def _check_misplaced(plain: Sequence[Word], words: Sequence[Word], magic: str) -> None:
    """Reject a method or a query that stands where items stand; ``plain`` are the words that are no options."""
    for position, word in enumerate(plain[1:], 1):
        if word.quoted:
            continue
        if word.text in METHODS:
            raise _second_method(word, plain, words, magic)
        url = next((before for before in plain[:position] if is_url(before.text)), None)
        if url is not None and word.text.startswith(("?", "&")):
            raise _query_apart(word, url, words, magic)
        found = _separator(word) if url is plain[position - 1] and not url.quoted else None
        name = found[0].text[: found[1]] if found is not None else ""
        if url is not None and ("?" in name or ("&" in name and "?" in url.text)):
            at = words.index(word)
            fix = _in_quotes(words, at - 1, _end_of_piece(words, at), magic)
            message = f"`{word.text}` goes on with the URL: a space ends it, unless quotes stand around it."
            raise RequestError.at(word, message, fix=fix)


def _check_behind_url(word: Word, words: Sequence[Word], magic: str) -> None:
    """Reject what stands right behind the URL and is no item: an expected status, or the rest of a URL with a space."""
    at = words.index(word)
    if at == 0 or word.quoted or words[at - 1].quoted or not is_url(words[at - 1].text) or '"' in word.text:
        return
    status = word.text if word.text != "HTTP" or not words[at + 1 :] else words[at + 1].text
    if re.fullmatch(r"[1-5]\d\d", status):
        rest = words[at + 1 :] if status is word.text else words[at + 2 :]
        fix = " ".join([magic, *(other.source for other in (*words[:at], *rest)), "--expect", status])
        message, more = "a status that is expected has an option.", ""
    elif len(words) > at + 2 and words[at + 1].text in SEPARATORS:
        item = "".join(other.source for other in words[at : at + 3])
        fix = " ".join(
            [magic, *(other.source for other in words[:at]), item, *(rest.source for rest in words[at + 3 :])]
        )
        message, more = "no space stands around the sign of an item.", ""
    else:
        fix = _in_quotes(words, at - 1, _end_of_piece(words, at), magic)
        message, more = "a space ends the URL, unless quotes stand around it.", f"\n{ITEM_HELP}"
    raise RequestError.at(word, f"`{word.text}` is no item: {message}", f"Write  {fix}{more}", fix=fix)


def _json_behind_url(word: Word, words: Sequence[Word], magic: str) -> RequestError:
    """`POST /users {"name": "Ada"}`: the items that make this JSON, else the cell that sends it as it is written."""
    at = words.index(word)
    before = " ".join(other.source for other in words[:at])
    is_whole = word.source[:1] in {"'", '"'}
    text = word.text if is_whole else " ".join(other.source for other in words[at:])
    value: object = None
    for read in (json.loads, ast.literal_eval):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            value = read(text)
            break
    if isinstance(value, dict) and value and all(isinstance(key, str) and key.isidentifier() for key in value):
        fix = " ".join([magic, before, *(_written_item(key, held) for key, held in value.items())])
        return RequestError.at(word, "JSON on a line is written as items.", f"Write  {fix}", fix=fix)
    hint = f"Write a cell:\n%%http {before}\n\n{text}"
    return RequestError.at(word, "JSON as it is stands below the line, as the body.", hint)


def _written_item(name: str, value: object) -> str:
    """The item that puts a value into JSON."""
    item = f"{name}={value}" if isinstance(value, str) else f"{name}:={json.dumps(value, default=str)}"
    return item if re.fullmatch(r"[\w=:.,@/+-]+", item) else shlex.quote(item)


def _no_shell(word: Word, words: Sequence[Word], at: int) -> RequestError:
    """What a shell would do with `< file`, `> file` or `| program`, and how a notebook does it."""
    file = word.text.lstrip("<>|") or (words[at + 1].text if words[at + 1 :] else "body.json")
    before = " ".join(other.source for other in words[:at])
    if word.text[0] == "<":
        head = " ".join(other.source for other in words[:at] if not _is_item(other))
        message, hint = "a line does not read its body from a file.", f"Write a cell:\n%%http {head}\n\n< ./{file}"
    elif word.text[0] == ">":
        message = "a line writes no file."
        hint = f"Write two:  answer = %http {before}   and  open({file!r}, 'wb').write(answer.response.body.bytes)"
    else:
        message, hint = "a line has no pipes.", f"Take its value:  answer = %http {before}   and then  answer.json"
    return RequestError.at(word, f"`{word.text}` is no item: {message}", hint)


def _quoted_line(word: Word, words: Sequence[Word], magic: str) -> str | None:
    """The line with quotes around what a space has torn apart; None where ``word``, no item, is no such piece."""
    at = words.index(word)
    torn = [n for n, other in enumerate(words) if other.text.count('"') % 2]
    opening = [n for n in torn[::2] if n < at]
    closing = [n for n in torn[1::2] if n >= at]
    if opening and closing:
        # `/hello/"Ada Lovelace"`: the quotes stand inside of words.
        return _in_quotes(words, opening[-1], closing[0], magic, inner=False)
    before = words[at - 1] if at > 0 else word
    if at > 0 and not before.quoted and not is_url(before.text) and _is_item(before):
        # `photo@a b.png`, `name=Ada Lovelace`
        return _in_quotes(words, at - 1, _end_of_piece(words, at), magic, inner=False)
    return None


def _end_of_piece(words: Sequence[Word], at: int) -> int:
    """The last of the words from ``at`` on that no item or option begins."""
    behind = words[at + 1 :]
    return at + next((n for n, word in enumerate(behind) if _is_item(word) or word.text.startswith("-")), len(behind))


def _in_quotes(words: Sequence[Word], first: int, last: int, magic: str, *, inner: bool = True) -> str:
    """The line with quotes around some words; those ``inner`` to them stay or go."""
    whole = " ".join(word.text for word in words[first : last + 1])
    whole = whole if inner else whole.replace('"', "")
    before, behind = (word.source for word in words[:first]), (word.source for word in words[last + 1 :])
    return " ".join([magic, *before, f'"{whole}"', *behind])


def _second_method(word: Word, plain: Sequence[Word], words: Sequence[Word], magic: str) -> RequestError:
    first = plain[0] if not plain[0].quoted and plain[0].text.upper() in METHODS else None
    rest = [other.source for other in words if other is not word and other is not first]
    message = f"`{word.source}` stands behind the URL; the method comes before it."
    if first is not None:
        message = f"`{first.source} {word.source}`: a request has one method."
    return RequestError.at(word, message, fix=" ".join([magic, word.text, *rest]))


def _query_apart(word: Word, url: Word, words: Sequence[Word], magic: str) -> RequestError:
    query = word.text[1:]
    joint = "&" if "?" in url.text else "?"
    line = [f"{other.source}{joint}{query}" if other is url else other.source for other in words if other is not word]
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    items = " ".join(written_word([f"{unquote_plus(name)}=={unquote_plus(value)}"]) for name, _, value in pairs)
    fix = " ".join([magic, *line])
    hint = f"Write  {fix}" + (f"  or, as an item,  {items}" if items else "")
    return RequestError.at(word, f"`{word.source}` is a query, and it stands apart from its URL.", hint, fix=fix)


def check_before_curl(request: Request, before: str, line: int, column: int) -> None:
    """Reject a URL, and so all that is no option, in front of ``--curl``."""
    if request.url.parts:
        message = f"`{before.strip()}` stands in front of --curl, whose command is the whole request."
        raise RequestError(message, hint="Leave it out.", line=line, column=column)


def _from_curl(curl: Word, plain: list[Word], options: Options, magic: str) -> tuple[Request, Options]:
    tool = curl.text.split()[0] if curl.text.strip() else ""
    example = f"{magic} --curl curl http://localhost:5000/users -d name=Ada"
    if tool.isalpha() and tool != "curl":
        raise RequestError.at(curl, f"`{tool}` is not curl, and --curl reads curl's lines only.", f"As in  {example}")
    if plain:
        how = "Leave away the quotes around the command" if curl.quoted else "Begin the command with its own word"
        message = f"`{plain[0].text}` stands beside --curl, whose line is the whole request."
        raise RequestError.at(plain[0], message, f"{how}:  {example}")
    return parse_curl(curl.text, place_in_columns(curl.line, curl.columns), options)
