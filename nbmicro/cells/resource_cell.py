"""``%%template`` and ``%%static`` cells: a name on the first line, and text below it."""

from __future__ import annotations

import ast
import mimetypes
import posixpath
import re
import shlex
from dataclasses import dataclass, field
from typing import Any

from nbmicro.cells.notebook_cell import MagicCell
from nbmicro.errors import CellError


@dataclass(frozen=True)
class TemplateCell:
    """A ``%%template`` cell.

    Parameters
    ----------
    name:
        The template's name, as ``hello.html``.
    source:
        Its text, whose last line has an end.
    attempt:
        The values that ``--try`` gives; None without it.
    """

    name: str
    source: str
    attempt: dict[str, Any] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class StaticCell:
    """A ``%%static`` cell.

    Parameters
    ----------
    path:
        Where the file is below the static folder, as ``css/style.css``.
    content:
        Its text in UTF-8, whose last line has an end.
    mimetype:
        Its media type, by its ending.
    """

    path: str
    content: bytes
    mimetype: str


def parse_resource_cell(cell: MagicCell) -> TemplateCell | StaticCell:
    """Read a ``%%template`` or a ``%%static`` cell; CellError where its line will not do."""
    parse = parse_template_cell if cell.name == "template" else parse_static_cell
    return parse(cell.line, cell.body)


def parse_template_cell(line: str, body: str) -> TemplateCell:
    """Read a ``%%template`` cell; CellError for a line that gives no name, or one out of the templates' folder."""
    before, attempt_found, attempt = line.partition("--try")
    name = _one_name("%%template", before, "hello.html")
    _refuse_outside("%%template", name, name, "templates", "hello.html")
    values = _values(name, attempt) if attempt_found else None
    return TemplateCell(name, _ended(body), values)


def parse_static_cell(line: str, body: str) -> StaticCell:
    """Read a ``%%static`` cell; CellError for a path that is none, or leads out of the static folder."""
    given = _one_name("%%static", line, "style.css")
    path = given.removeprefix("/").removeprefix("static/")
    _refuse_outside("%%static", given, path, "static", "style.css")
    mimetype = mimetypes.guess_type(path)[0] or "text/plain"
    return StaticCell(path, _ended(body).encode(), mimetype)


def _ended(body: str) -> str:
    """A cell's text as a file has it: IPython ends its last line, and the notebook's file does not."""
    if not body.strip():
        return ""
    return body if body.endswith("\n") else f"{body}\n"


def _refuse_outside(magic: str, given: str, path: str, folder: str, example: str) -> None:
    """Refuse a path that a request for a file of the folder never has, or that leads out of it."""
    if posixpath.normpath(path) == path and not path.startswith(("..", "/")) and path != "." and "\\" not in path:
        return
    kept = [part for part in re.split(r"[/\\]+", path) if part not in ("", ".", "..")]
    better = shlex.quote("/".join(kept)) if kept else example
    raise CellError(
        f"`{given}` is no path below the {folder} folder.", hint=f"Try:  {magic} {better}", where=magic, line=1
    )


def _one_name(magic: str, line: str, example: str) -> str:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise CellError(f"{error}: {line.strip()}", hint=f"Try:  {magic} {example}", where=magic, line=1) from None
    if len(words) == 1 and words[0]:
        return words[0]
    if not any(words):
        raise CellError("a name is missing.", hint=f"Try:  {magic} {example}", where=magic, line=1)
    raise CellError(
        f"one name is wanted, and there are {len(words)}: {' '.join(words)}.",
        hint=f'Try:  {magic} {"_".join(words)}\nOr with spaces in it:  {magic} "{" ".join(words)}"',
        where=magic,
        line=1,
    )


def _values(template: str, text: str) -> dict[str, Any]:
    """The values of ``--try name=Ada age:=36``, written as the items of ``%http`` are."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise CellError(f"--try {text.strip()}: {error}.", where="%%template", line=1) from None
    values: dict[str, Any] = {}
    for word in words:
        name, sign, value = word.partition("=")
        literal = name.endswith(":")
        name = name.removesuffix(":")
        if not sign or not name.isidentifier():
            raise CellError(
                f"--try takes values as name=Ada or age:=36; `{word}` is neither.",
                hint=f"Try:  %%template {shlex.quote(template)} --try {word if word.isidentifier() else 'name'}=Ada",
                where="%%template",
                line=1,
            )
        values[name] = _literal(word, value) if literal else value
    return values


def _literal(word: str, value: str) -> Any:
    try:
        return ast.literal_eval({"true": "True", "false": "False", "null": "None"}.get(value, value))
    except (ValueError, SyntaxError):
        raise CellError(
            f"`{word}`: behind := stands a number, a list, a dict or true, false, null.",
            hint=f'Quote what holds quotes or spaces:  {word.partition(":=")[0]}:=\'["a", "b"]\'',
            where="%%template",
            line=1,
        ) from None
