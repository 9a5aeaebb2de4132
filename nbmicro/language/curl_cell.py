"""A curl command in a ``%%http`` cell: the lines it takes, and its parts as those of a request."""

from __future__ import annotations

import re

from nbmicro.errors import RequestError
from nbmicro.language.curl import parse_curl
from nbmicro.language.lines import Cursor
from nbmicro.language.request import RequestDraft
from nbmicro.language.shell import is_open
from nbmicro.language.syntax import FilePart, Item, LineRequest, Options, Pair
from nbmicro.language.template import Place, parse_template, place_at

_CURL = re.compile(r"\s*(?:\$\s+)?curl(?:\.exe)?\s+\S")


def begins_curl(text: str) -> bool:
    """Whether a line begins a curl command."""
    return bool(_CURL.match(text))


def read_curl(cursor: Cursor, draft: RequestDraft, first: str | None = None, begin: tuple[int, int] = (1, 1)) -> None:
    """Read a command into the draft; ``first`` is its first line, which begins at the place ``begin``, if it stands
    on the ``%%http`` line.

    Raises
    ------
    RequestError
        As ``parse_curl``.
    """
    if first is None:
        line = cursor.take()
        texts, starts = [line.text], [(line.number, 1)]
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
        starts.append((line.number, 1))
    text = "\n".join(texts)
    _fill(draft, parse_curl(text, _place(text, starts), Options()))
    draft.line, draft.is_curl = starts[0][0], True


def _place(text: str, starts: list[tuple[int, int]]) -> Place:
    def place(offset: int) -> tuple[int, int]:
        index = text.count("\n", 0, offset)
        line, column = starts[min(index, len(starts) - 1)]
        return line, column + offset - (text.rfind("\n", 0, offset) + 1)

    return place


def _fill(draft: RequestDraft, curl: LineRequest) -> None:
    draft.method, draft.url, draft.body = curl.method, curl.url, curl.body
    options = curl.options
    draft.follow = options.follow or draft.follow
    if options.auth is not None and not _stands_in_line(options.auth.source):
        raise _no_part("-u", options.auth.line, options.auth.column)
    draft.auth, draft.timeout, draft.show = options.auth, options.timeout, options.show
    for item in curl.items:
        if "header" in item.kind and not item.name.is_literal:
            raise _no_part(item.name.source, item.line, item.column)
    draft.headers += [Pair(item.name, item.value, item.line) for item in curl.items if "header" in item.kind]
    draft.multipart = tuple(_part(item) for item in curl.items if "header" not in item.kind) or None


def _part(item: Item) -> Pair | FilePart:
    """A field of a form as a line of ``[Multipart]``; RequestError where that would be read as something else."""
    name, value = item.name.source, item.value.source
    if not name or ":" in name or not _stands_in_line(name) or not _stands_in_line(value) or name[0] in "[#/`<>{@?&":
        raise _no_part(name, item.line, item.column)
    if item.kind == "text" and not value.startswith("file,"):
        return Pair(item.name, item.value, item.line)
    path, *parameters = value.split(";")
    types = [one.strip().removeprefix("type=") for one in parameters if one.strip().startswith("type=")]
    if item.kind != "upload" or not path.strip() or len(types) != len(parameters) or len(types) > 1:
        raise _no_part(name, item.line, item.column)
    template = parse_template(path.strip(), place_at("", item.value.line, item.value.column))
    return FilePart(item.name, template, types[0].strip() or None if types else None, item.line)


def _stands_in_line(text: str) -> bool:
    return text == text.strip() and "\n" not in text and "\r" not in text


def _no_part(name: str, line: int, column: int) -> RequestError:
    return RequestError(
        f"`{name}` cannot be written in a cell as curl has it.",
        hint="Send it in one line:  %http --curl curl …",
        line=line,
        column=column,
    )
