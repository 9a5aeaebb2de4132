"""Which cell the cursor is in, and who knows what fits there."""

from __future__ import annotations

import re

from nbmicro.cells.magics import MAGIC_KINDS
from nbmicro.http.methods import CLIENT_METHODS
from nbmicro.notebook.completion.known import Completed, Known, endpoint_values, paths
from nbmicro.notebook.completion.requests import closed, placeholder, request_cell, request_line
from nbmicro.web.app import App

_CELL = re.compile(r"\s*%%(\w+)(.*)\Z", re.DOTALL)
_LINE = re.compile(r"\s*(?:[A-Za-z_][\w.\[\]\"', ]*=\s*)?%(\w+)[ \t](.*)\Z")
_URL_FOR = re.compile(r"\burl_for\(\s*([\"'])([^\"']*)\Z")
_URL_VALUES = re.compile(r"\burl_for\(\s*([\"'])([^\"']*)\1\s*,(?:[^()]*,)?\s*(\w*)\Z")
_TEMPLATE = re.compile(
    r"\b(?:render_template|stream_template|get_template_attribute|get_template)\(\s*([\"'])([^\"']*)\Z"
)
_TAKES_TEMPLATE = re.compile(r"\{%-?\s*(?:extends|include|import|from)\s+([\"'])([^\"']*)\Z")
_CONVERTERS = ("int:", "float:", "path:", "string:", "uuid:", "any(")
_TEMPLATE_TAGS = (
    "block", "else", "elif", "endblock", "endfor", "endif", "endmacro", "extends", "for", "from", "if", "import",
    "include", "macro", "set", "with",
)  # fmt: skip
_WANTED_VALUES = ("_external=", "_anchor=", "_method=", "_scheme=")


def complete(source: str, cursor: int, known: Known) -> Completed | None:
    """What fits at the cursor; None where nbmicro has nothing to say and the others may.

    Parameters
    ----------
    source:
        The cell's text.
    cursor:
        Where the cursor stands in it, in characters.
    known:
        What the notebook knows.
    """
    found = _found(source, cursor, known)
    return found.from_last_slash() if found is not None else None


def _found(source: str, cursor: int, known: Known) -> Completed | None:
    before = source[:cursor].split("\n")
    text, after = before[-1], source[cursor:].partition("\n")[0]
    magic, start = _cell_magic(before)
    if magic is None:
        line = _LINE.match(text)
        if line is not None and line[1] in known.helps:
            return _line_magic(line[1], line[2], known)
        return _python(text, after, known)
    if magic[1] not in known.helps:
        return _python(text, after, known)
    if start == len(before) - 1:
        return _first_line(magic[1], magic[2], known) if magic[2][:1].isspace() else None
    if magic[1] == "http":
        return request_cell(magic[2].strip(), before[start + 1 : -1], text, after, known)
    if magic[1] == "template":
        return _template(text, after, known)
    return _python(text, after, known) if magic[1] == "route" else None


def _cell_magic(lines: list[str]) -> tuple[re.Match[str] | None, int]:
    """The ``%%`` line that makes the cell, which comments and blank lines may stand above."""
    for number, line in enumerate(lines):
        found = _CELL.match(line)
        if found is not None or (line.strip() and not line.lstrip().startswith("#")):
            return found, number
    return None, 0


def _first_line(magic: str, text: str, known: Known) -> Completed | None:
    takes = MAGIC_KINDS[magic].takes
    if takes == "rule":
        return _route_line(text, known)
    fragment = text.split()[-1] if text[-1:].strip() else ""
    if takes == "template":
        if "--try" in text:
            return None
        return _words(fragment, known, magic, known.templates() if len(text.split()) < 2 else (), "template")
    if takes == "file":
        return _words(fragment, known, magic, known.static_paths(), "file")
    return _line_magic(magic, text.lstrip() if text.strip() else "", known)


def _words(fragment: str, known: Known, magic: str, words: object, kind: str) -> Completed:
    """Words of one kind, or the magic's options behind a dash."""
    if fragment.startswith("-"):
        return Completed.among(fragment, known.options(magic), "option")
    return Completed.among(fragment, list(words) if isinstance(words, list | tuple) else (), kind)


def _line_magic(magic: str, text: str, known: Known) -> Completed | None:
    takes = MAGIC_KINDS[magic].takes
    if takes == "request":
        return request_line(text, known, magic)
    words = text.split()
    fragment = words.pop() if words and not text[-1].isspace() else ""
    if fragment.startswith("-"):
        return Completed.among(fragment, known.options(magic), "option")
    if words and words[-1] == "--drop":
        return Completed.among(fragment, dict.fromkeys(route.rule for route in known.routes()), "rule")
    if takes == "path" and not words:
        return paths(fragment, known)
    offered = ["doctor"] if takes == "word" else _apps(known) if takes == "app" else []
    found = Completed.among(fragment, offered if not words else (), "name")
    return found if found.offers or fragment else Completed.among("", known.options(magic), "option")


def _apps(known: Known) -> list[str]:
    """The notebook's names that can be an app, and the modules beside it that may have one."""
    names = [name for name, value in known.names.items() if name != "app" and _may_be_app(value)]
    return ["app", *names, *(f"{file[:-3]}:" for file in known.files("", (".py",)) if file.endswith(".py"))]


def _may_be_app(value: object) -> bool:
    from nbmicro.foreign.known import kind_of

    kind = kind_of(value)
    return isinstance(value, App) or (kind is not None and bool(kind.adapter.name))


def _route_line(text: str, known: Known) -> Completed | None:
    """``%%route [METHODS] RULE [--name …] [--try …]``"""
    head, attempt, tried = text.partition(" --try ")
    words = head.split()
    if attempt:
        rule = next((word for word in words if word.startswith("/")), None)
        return request_line(tried, known, "http", rule=rule)
    fragment = words.pop() if words and not text[-1].isspace() else ""
    parameter = re.search(r"<(\w*)\Z", fragment)
    if parameter is not None:
        return Completed.among(parameter[1], _CONVERTERS, "converter")
    if fragment.startswith("-"):
        return Completed.among(fragment, known.options("route"), "option")
    if words and words[-1] == "--name":
        return Completed.among(fragment, dict.fromkeys(route.endpoint for route in known.routes()), "endpoint")
    if any(word.startswith("/") for word in words):
        return Completed.among(
            fragment, [option for option in known.options("route") if option.startswith("--")], "option"
        )
    rules = Completed.among(fragment, dict.fromkeys(route.rule for route in known.routes()), "rule")
    listed = fragment.rpartition(",")[2]
    if fragment and not fragment.startswith("/"):
        return Completed.among(listed, CLIENT_METHODS, "method")
    return rules if words else rules.and_(Completed.among(fragment, CLIENT_METHODS, "method"))


def _template(text: str, after: str, known: Known) -> Completed | None:
    """A line of a ``%%template`` cell."""
    name = _TAKES_TEMPLATE.search(text)
    if name is not None:
        return Completed.among(
            name[2], [closed(template, name[1], after) for template in known.templates()], "template"
        )
    tag = re.search(r"\{%-?\s*(\w*)\Z", text)
    if tag is not None:
        return Completed.among(tag[1], _TEMPLATE_TAGS, "tag")
    if re.search(r"\{[{%](?:(?![%}]\}).)*\Z", text) is None:
        return None
    piped = re.search(r"\|\s*(\w*)\Z", text)
    if piped is not None:
        return Completed.among(piped[1], known.template_names("filters"), "filter")
    return _python(text, after, known) or placeholder(
        text,
        Known(lambda: known.app, {}, folder=known.folder),
        [*known.template_names("globals"), "request", "session"],
    )


def _python(text: str, after: str, known: Known) -> Completed | None:
    """An endpoint in ``url_for("…")`` and its values, a template in ``render_template("…")``."""
    if "url_for" not in text and "template" not in text:
        return None
    endpoint = _URL_FOR.search(text)
    if endpoint is not None:
        names = dict.fromkeys(closed(route.endpoint, endpoint[1], after) for route in known.routes())
        return Completed.among(endpoint[2], names, "endpoint")
    values = _URL_VALUES.search(text)
    if values is not None:
        wanted = [f"{name}=" for name in endpoint_values(values[2], list(known.routes()))]
        return Completed.among(values[3], [*wanted, *_WANTED_VALUES], "value")
    template = _TEMPLATE.search(text)
    if template is None:
        return None
    names = dict.fromkeys(closed(name, template[1], after) for name in known.templates())
    return Completed.among(template[2], names, "template")
