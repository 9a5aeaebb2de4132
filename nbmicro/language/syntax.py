"""What the request language says, as records: a script, its requests and every piece of them.

Two records are equal when they say the same; where they stood in the cell does not count.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field
from pathlib import Path
from typing import Literal, Self

from nbmicro.language.options import NO_OPTIONS, Options
from nbmicro.language.template import Template, place_at, place_in_lines

_NO_URL = Template("")

ItemKind = Literal[
    "header", "empty_header", "header_file", "query", "query_file", "text", "text_file", "json", "json_file", "upload"
]


@dataclass(frozen=True, slots=True)
class Item:
    """One HTTPie item: ``name=Ada`` (text), ``age:=36`` (json), ``X-Token:abc`` (header), ``page==2`` (query) …"""

    kind: ItemKind
    name: Template
    value: Template
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class BodySource:
    """A body as it was written.

    ``json`` is text that ends where its brackets close, ``text`` any other, ``fenced`` stood in a fence (``info`` is
    the word behind its backticks), ``file`` holds the path behind ``<``, ``template_file`` the path of a file whose own
    placeholders are filled (``<@``). Of a curl command ``exact`` is text that is sent to the byte, ``data_file`` the
    path of a file that is sent without its line breaks (``-d @file``). ``numbers`` are those of the content's lines,
    where comments between them were left out.
    """

    kind: Literal["json", "text", "fenced", "file", "template_file", "exact", "data_file"]
    content: Template
    info: str = ""
    line: int = field(default=1, compare=False)
    numbers: tuple[int, ...] = field(default=(), compare=False)

    def place(self, offset: int) -> tuple[int, int]:
        """The line and column of a character of the content."""
        source = self.content.source
        if self.numbers:
            return place_in_lines(source, self.numbers)(offset)
        return place_at(source, self.content.line, self.content.column)(offset)


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and a value: a header, or a line of ``[Query]``, ``[Form]`` or ``[Multipart]``."""

    name: Template
    value: Template
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class TextPart(Pair):
    """A text in curl's ``-F``, which may have a type, and the name of a file."""

    content_type: str | None = None
    filename: Template | None = None


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in ``[Multipart]``: ``photo: file,./a.png; image/png``; its ``value`` is the path.

    Of a curl command it may have another name as ``filename``; with ``is_text`` it has none (``-F 'bio=<a.txt'``).
    """

    name: Template
    value: Template
    content_type: str | None = None
    line: int = field(default=1, compare=False)
    filename: Template | None = None
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Capture:
    """A line of ``[Captures]``: a Python expression over the response becomes a variable of the notebook."""

    name: str
    expression: str
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Check:
    """A line of ``[Asserts]``: a Python expression that must be true, and the comment behind it."""

    expression: str
    message: str | None = None
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class ExpectedStatus:
    """The line ``HTTP 201``; ``code`` is None for ``HTTP *``."""

    code: int | None
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """A line ``@name = value``; ``before`` is the index of the request it stands before."""

    name: str
    value: Template
    before: int
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


@dataclass(kw_only=True)
class Request:
    """One request, with what is expected of its response: of a ``%http`` line, or of a cell.

    It is filled in while it is read, and frozen then. ``items`` are those of the magic's own line, so only the first
    request of a cell has them; ``options`` are the request's own, without those of the line. ``column`` is that of the
    method, None where that is left out; ``end`` is the line behind all that belongs to the request. ``keeps_method`` is
    curl's ``-X``, which counts for redirects too.
    """

    method: str = "GET"
    url: Template = _NO_URL
    name: str | None = None
    title: str = ""
    items: tuple[Item, ...] = ()
    headers: tuple[Pair, ...] = ()
    query: tuple[Pair, ...] = ()
    form: tuple[Pair, ...] | None = None
    multipart: tuple[Pair | FilePart, ...] | None = None
    body: BodySource | None = None
    options: Options = NO_OPTIONS
    status: ExpectedStatus | None = None
    expected_headers: tuple[Pair, ...] = ()
    expected_body: BodySource | None = None
    captures: tuple[Capture, ...] = ()
    checks: tuple[Check, ...] = ()
    line: int = field(default=1, compare=False)
    end: int = field(default=1, compare=False)
    column: int | None = field(default=None, compare=False)
    name_line: int = field(default=1, compare=False)
    is_curl: bool = field(default=False, compare=False)
    keeps_method: bool = field(default=False, compare=False)

    def freeze(self) -> Self:
        """The request, of which nothing changes from now on."""
        self.__class__ = _FrozenRequest  # type: ignore[assignment]
        return self

    def has(self, field: str) -> bool:
        """Whether something was written for a field."""
        return bool(getattr(self, field) != getattr(Request, field))

    @property
    def names(self) -> list[str]:
        """The names that it gives to the notebook: its own, and its captures'."""
        return [*([self.name] if self.name else []), *(capture.name for capture in self.captures)]

    @property
    def label(self) -> str:
        """How messages call the request: ``create, POST /users``."""
        plain = f"{self.method} {self.url.source}"
        return f"{self.name}, {plain}" if self.name else plain


class _FrozenRequest(Request):
    """A request that has been read. It is a class of its own so that reading pays nothing for each field it sets."""

    __qualname__ = "Request"

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"the request has been read: its {name} stays")


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed line, cell or ``.http`` file: the options of the magic's line, file variables, requests in order.

    A ``%http`` line has one request, or none beside ``--help``, ``--file`` or a lone ``--reset``. ``file`` is where it
    was read from.
    """

    requests: tuple[Request, ...] = ()
    variables: tuple[Variable, ...] = ()
    options: Options = NO_OPTIONS
    file: Path | None = field(default=None, compare=False)

    @property
    def names(self) -> dict[str, str]:
        """The names that it gives to the notebook, each with the request that gives it, as messages call it."""
        return {
            name: request.name or f"{request.method} {request.url.source}"
            for request in self.requests
            for name in request.names
        }
