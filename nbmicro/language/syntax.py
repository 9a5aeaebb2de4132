"""What the request language says, as frozen records: the line form, the cell form and every piece of them.

Two records are equal when they say the same; where they stood in the cell does not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from nbmicro.language.template import Template

ItemKind = Literal["header", "empty_header", "query", "text", "json", "upload", "text_file", "json_file"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a ``%http`` or ``%%http`` line.

    Parameters
    ----------
    form: data items are a form, not JSON (``-f``).
    auth: ``USER:PASS`` for basic authentication (``-a``).
    follow: redirects are followed (``-F``).
    quiet: the exchange is not shown (``-q``, or a final ``;``).
    expect: the status the answer must have (``--expect``).
    show: the parts of the exchange to show (``--show``), None for the default.
    timeout: the deadline in seconds (``--timeout``), None for the default.
    reset: the cookie jar is emptied first (``--reset``).
    file: the ``.http`` file to run instead (``--file``).
    help: help was asked for; nothing else of the line counts.
    line: where they stand; None if that is another text than the requests'.
    """

    form: bool = False
    auth: Template | None = None
    follow: bool = False
    quiet: bool = False
    expect: int | None = None
    show: tuple[str, ...] | None = None
    timeout: float | None = None
    reset: bool = False
    file: str | None = None
    help: bool = False
    line: int | None = field(default=1, compare=False)


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
    blanks are filled (``<@``).
    """

    kind: Literal["json", "text", "fenced", "file", "template_file"]
    content: Template
    info: str = ""
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A parsed ``%http`` line. ``url`` is None only beside ``--help``, ``--file`` or a lone ``--reset``.

    ``column`` is that of the method, None where the line leaves it out.
    """

    method: str
    url: Template | None
    items: tuple[Item, ...] = ()
    options: Options = Options()
    body: BodySource | None = None
    line: int = field(default=1, compare=False)
    column: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and a value: a header, or a line of ``[Query]``, ``[Form]`` or ``[Multipart]``."""

    name: Template
    value: Template
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in ``[Multipart]``: ``photo: file,./a.png; image/png``."""

    name: Template
    path: Template
    content_type: str | None = None
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Capture:
    """A line of ``[Captures]``: a Python expression over the answer becomes a variable of the notebook."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptRequest:
    """One request of a ``%%http`` cell, with what is expected of its answer.

    ``items`` are those of the ``%%http`` line, so only the first request has them. ``cookies`` is False under
    ``# @no-cookie-jar``; ``follow`` is None where the cell says nothing of redirects.
    """

    method: str
    url: Template
    name: str | None = None
    title: str = ""
    items: tuple[Item, ...] = ()
    headers: tuple[Pair, ...] = ()
    query: tuple[Pair, ...] = ()
    form: tuple[Pair, ...] | None = None
    multipart: tuple[Pair | FilePart, ...] | None = None
    body: BodySource | None = None
    follow: bool | None = None
    cookies: bool = True
    timeout: float | None = None
    auth: Template | None = None
    show: tuple[str, ...] | None = None
    status: ExpectedStatus | None = None
    expected_headers: tuple[Pair, ...] = ()
    expected_body: BodySource | None = None
    captures: tuple[Capture, ...] = ()
    checks: tuple[Check, ...] = ()
    line: int = field(default=1, compare=False)
    column: int | None = field(default=None, compare=False)
    name_line: int = field(default=1, compare=False)

    @property
    def label(self) -> str:
        """How messages call the request: ``create, POST /users``."""
        plain = f"{self.method} {self.url.source}"
        return f"{self.name}, {plain}" if self.name else plain


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed ``%%http`` cell or ``.http`` file: the options of its line, file variables, requests in order."""

    requests: tuple[ScriptRequest, ...]
    variables: tuple[Variable, ...] = ()
    options: Options = Options()
