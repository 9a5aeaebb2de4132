"""What a template shows nothing for, or shows as it is written, without an error: noted beside the response."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import jinja2
from jinja2 import nodes

from nbmicro.printable import did_you_mean
from nbmicro.web.contexts import current_request_context, table_here
from nbmicro.web.environ import RECORDED, add_note

if TYPE_CHECKING:
    from jinja2 import Template

    from nbmicro.web.app import App

_IN_BRACES = re.compile(r"(?<![{$%#\w\\])\{[ \t]*([a-zA-Z_]\w*)(?:\.\w+)*[ \t]*\}(?!\})")
# What is no text of a page: Jinja's own, and what scripts and styles have braces for.
_NO_TEXT = re.compile(
    r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}"
    r"|<(script|style|pre|code)\b.*?</\1\s*>",
    re.DOTALL | re.IGNORECASE,
)


class Undefined(jinja2.Undefined):
    """Jinja's undefined value, which is shown as nothing; where somebody reads the exchange, it is noted there."""

    __slots__ = ()

    def __str__(self) -> str:
        _note(self)
        return ""

    def __iter__(self) -> Iterator[Any]:
        _note(self)
        return iter(())

    def __len__(self) -> int:
        _note(self)
        return 0


def _note(value: Any) -> None:
    here = current_request_context()
    if here is None or not here.environ.get(RECORDED):
        return
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and "__jinja_template__" not in frame.f_globals:
        frame = frame.f_back
    name = value._undefined_name
    if frame is None or name is None:
        return
    template = frame.f_globals["__jinja_template__"]
    place = _place(template, template.get_corresponding_lineno(frame.f_lineno))
    if value._undefined_obj is jinja2.utils.missing:
        context = frame.f_locals.get("context")
        given: Iterable[Any] = context.get_all() if context is not None else ()
        text = f"{place} was given no `{name}`, and shows nothing there."
    else:
        owner = value._undefined_obj
        given = owner if isinstance(owner, Mapping) else dir(owner)
        text = f"{place}: what it was given has no `{name}`, and nothing is shown there."
    near = did_you_mean(str(name), [word for word in given if isinstance(word, str) and word[:1] != "_"], 0.7)
    add_note(here.environ, f"{text} Did you mean `{near}`?" if near else text)


def _place(template: Any, line: int) -> str:
    """A template's line as its cell's editor counts it, or its file."""
    filename = str(template.filename or "")
    if linecache.getline(filename, 1).startswith("%%"):
        return f"Line {line + 1} of %%template {template.name}"
    return f"Line {line} of {template.name}" if template.name else f"Line {line} of the template"


def note_page(environ: dict[str, Any], app: App, template: Template, text: str, given: Iterable[str]) -> None:
    """Note what is lost of a template that a request has rendered, and the values that it has in single braces."""
    for note in lost_parts(app, template):
        add_note(environ, note)
    for written, name in braces_in(text, frozenset(given)):
        value = f"{{{{ {name} }}}}"
        add_note(environ, f"The page has `{written}` as text: a template shows a value with two braces:  {value}")


def braces_in(text: str, names: frozenset[str] | None = None) -> list[tuple[str, str]]:
    """The names in single braces outside of scripts and styles, each as it is written and as it was meant."""
    if "{" not in text:
        return []
    plain = _NO_TEXT.sub(lambda match: "\n" * match[0].count("\n"), text)
    found = (match for match in _IN_BRACES.finditer(plain) if names is None or match[1] in names)
    return list(dict.fromkeys((match[0], match[0].strip("{} \t")) for match in found))


class _Shape(NamedTuple):
    """What a template extends, its outermost blocks, and the first of what stands outside of them."""

    parent: str | None = None
    blocks: tuple[str, ...] = ()
    outside: str = ""


_shapes: WeakKeyDictionary[Template, _Shape] = WeakKeyDictionary()


def lost_parts(app: App, template: Template) -> list[str]:
    """What of a template that extends another is shown nowhere: blocks that no template above it has, and what stands
    outside of its blocks."""
    shape = _shape(app, template)
    if shape.parent is None:
        return []
    above: dict[str, None] = {}
    parent: str | None = shape.parent
    for _ in range(20):
        if parent is None:
            break
        try:
            found = app.jinja_env.get_template(parent)
        except jinja2.TemplateError:
            return []  # rendering it says so
        above.update(dict.fromkeys(found.blocks))
        parent = _shape(app, found).parent
    notes = []
    for block in shape.blocks:
        if block not in above:
            near = did_you_mean(block, above)
            meant = f" Did you mean `{near}`?" if near else f" It has: {', '.join(above)}." if above else ""
            text = f"{shape.parent} has no block `{block}`: what {template.name} puts into it is shown nowhere.{meant}"
            notes.append(text)
    if shape.outside:
        notes.append(
            f"`{shape.outside}` stands outside of the blocks of {template.name}, which extends {shape.parent}: it is "
            "shown nowhere."
        )
    return notes


def _shape(app: App, template: Template) -> _Shape:
    if template.name is None:
        return _Shape()
    shape = _shapes.get(template)
    if shape is None:
        shape = _shapes[template] = _read_shape(app, template.name)
    return shape


def _read_shape(app: App, name: str) -> _Shape:
    environment = app.jinja_env
    source = table_here(app).templates.get(name)
    if source is None:
        if environment.loader is None:
            return _Shape()
        try:
            source = environment.loader.get_source(environment, name)[0]
        except jinja2.TemplateNotFound:
            return _Shape()  # compiled, or gone since
    parent, outside = None, ""
    blocks: list[str] = []
    for node in environment.parse(source, name).body:
        if isinstance(node, nodes.Extends) and isinstance(node.template, nodes.Const):
            parent = str(node.template.value)
        elif isinstance(node, nodes.Block):
            blocks.append(node.name)
        elif isinstance(node, nodes.Output) and parent is not None and not outside:
            texts = [part.data for part in node.nodes if isinstance(part, nodes.TemplateData)]
            outside = next((line.strip() for text in texts for line in text.splitlines() if line.strip()), "")
    return _Shape(parent, tuple(blocks), outside[:40])
