"""The kinds of bodies, each a row of :data:`KINDS`: which responses have it, its lines as text, its views as HTML."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from nbmicro.exchange.records import ExchangeRecord
from nbmicro.http import media_types
from nbmicro.http.body import Body
from nbmicro.http.messages import ResponseRecord
from nbmicro.printable import excerpt, human_size, one_line, plain
from nbmicro.render.data import Table, draw_table, draw_tree, read_events, read_records, read_separated
from nbmicro.render.markup import LINE, folded, hidden_pre, highlighter, joined, pre, pre_excerpt, quiet, small
from nbmicro.render.page import IFRAME_LIMIT, draw_iframe, iframe_height, page_lines
from nbmicro.render.summary import RenderOptions

#: Bytes of a body that are looked at for a preview, and of a hex table.
PREVIEW_LIMIT, HEX_LIMIT = 256 * 1024, 256
#: Bytes of an image above which it is only named.
IMAGE_LIMIT = 512 * 1024

_IMAGES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml", "image/bmp", "image/x-icon"}
)
_MARKUP = re.compile(r"<[A-Za-z!/?]|&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z]\w*);")
_TOKEN = re.compile(r'"(?:\\[\s\S]|[^"\\])*+"?+|[\[\]{},:]|[^\s\[\]{},:"]++')
#: Levels of a document that are indented, each more than the one around it.
_LEVELS = 60


# -- parts of bodies -------------------------------------------------------------------------------------------------


def preview(body: Body) -> str:
    """The start of a body as text."""
    return Body(body.start(PREVIEW_LIMIT), charset=body.charset).text


def is_cut(body: Body) -> bool:
    """Whether a preview does not reach the end of what the app sent."""
    return body.truncated or body.size > PREVIEW_LIMIT


def size_words(response: ResponseRecord) -> str:
    """How large a body is: ``48.0 KB``, or at least how large when it was cut."""
    return f"{'more than ' if response.body.truncated else ''}{human_size(response.body.size)}"


def caption(response: ResponseRecord) -> str:
    """The media type and the size of a body."""
    return f"{one_line(response.media_type) or 'bytes'}, {size_words(response)}"


def _is_json_text(text: str) -> bool:
    """Whether a text is JSON, or the start of a document of which more was sent than is looked at."""
    if len(text) >= PREVIEW_LIMIT:
        return text.lstrip()[:1] in {"{", "["}
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _reads_as_text(body: Body) -> bool:
    start = body.start(1024)
    if b"\0" in start:
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut in two at the end of the start.
        return error.start > len(start) - 4
    return True


# -- lines -----------------------------------------------------------------------------------------------------------


def _no_lines(response: ResponseRecord) -> list[str]:
    return []


def _text_lines(response: ResponseRecord) -> list[str]:
    """The lines of a text, made harmless; one line end at its end is no line."""
    text = preview(response.body)
    return plain(text).removesuffix("\n").split("\n") if text else []


def _json_lines(response: ResponseRecord) -> list[str]:
    """JSON laid out with two spaces. Numbers and the order of members stay as they were sent.

    It reads tokens and not a document, so the start of a document that was cut is laid out as well; what is no JSON at
    all comes out line by line as it is.
    """
    text = preview(response.body)
    return [*_laid_out(text)] if _is_json_text(text) else _text_lines(response)


def _laid_out(text: str) -> Iterator[str]:
    depth, line, opened = 0, "", False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "]}":
            depth = max(depth - 1, 0)
            if not opened:
                yield line
                line = "  " * min(depth, _LEVELS)
            line, opened = line + token, False
            continue
        if opened:
            yield line
            line, opened = "  " * min(depth, _LEVELS), False
        if token in "[{":
            line, opened, depth = line + token, True, depth + 1
        elif token == ",":
            yield line + token
            line = "  " * min(depth, _LEVELS)
        else:
            line += ": " if token == ":" else _readable(token)
    if line.strip():
        yield line


def _readable(token: str) -> str:
    """A string with its escapes of letters resolved (``\\u00e9`` is shown as the letter), any other token as it is."""
    if not token.startswith('"') or "\\u" not in token:
        return plain(token)
    try:
        return plain(json.dumps(json.loads(token), ensure_ascii=False))
    except ValueError:
        return plain(token)


def _hex_lines(response: ResponseRecord) -> list[str]:
    """Bytes as a table: offset, sixteen bytes in hex, and the same as characters."""
    data = response.body.start(HEX_LIMIT)
    lines = []
    for offset in range(0, len(data), 16):
        row = data[offset : offset + 16]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(f"{offset:06x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  {shown}")
    return lines


def _undecoded_lines(response: ResponseRecord) -> list[str]:
    """Text where it can be read, as of a plain body that says it is compressed, else bytes as a table."""
    return _text_lines(response) if _reads_as_text(response.body) else _hex_lines(response)


# -- views -----------------------------------------------------------------------------------------------------------


def _no_views(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    return []


def _text_views(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """The lines with the marks of their language."""
    response = exchange.response
    cut = excerpt(_text_lines(response), options.lines, open_end=is_cut(response.body))
    return [pre_excerpt(cut, size_words(response), highlighter(response.media_type))]


def _json_views(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """A tree; of records a table, and the tree folded."""
    response = exchange.response
    text, cut = preview(response.body), is_cut(response.body)
    if not _is_json_text(text):
        return _text_views(exchange, options)
    tree = [draw_tree([*_laid_out(text)], options.lines, size_words(response), open_end=cut)]
    table = None if cut else read_records(text)
    return tree if table is None else [draw_table(table, options.lines), folded(small("JSON"), tree)]


def _table_views(
    read: Callable[[str, bool], Table | None], exchange: ExchangeRecord, options: RenderOptions
) -> list[Markup]:
    """A table, and the text folded; the text where it is no table."""
    body = exchange.response.body
    table, text = read(preview(body), is_cut(body)), _text_views(exchange, options)
    return text if table is None else [draw_table(table, options.lines), folded(small("source"), text)]


def _page_views(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """A page in its sandboxed iframe, and its text for where there are no iframes."""
    response = exchange.response
    source = preview(response.body)
    lines = page_lines(source)
    cut = excerpt(lines, options.lines, open_end=is_cut(response.body))
    if response.body.size > IFRAME_LIMIT or response.body.truncated:
        note = quiet(f"The page has {size_words(response)}, too much to draw it here. Its text:")
        return [note, pre_excerpt(cut, size_words(response))]
    text = "\n".join([*cut.first, f"… {cut.more}"] if cut.more else cut.first)
    return [draw_iframe(exchange.page or source, iframe_height(source, lines)), hidden_pre(text)]


def _image_views(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    response = exchange.response
    name = caption(response)
    if response.body.size > IMAGE_LIMIT or response.body.truncated:
        return [quiet(f"{name}: too large to show it here")]
    data = base64.b64encode(response.body.bytes).decode("ascii")
    return [joined([_picture(response.media_type, data, name), quiet(name)])]


def _hex_views(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    response = exchange.response
    return [pre("\n".join(_hex_lines(response))), quiet(caption(response))]


def _undecoded_views(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    response = exchange.response
    cut = excerpt(_undecoded_lines(response), options.lines, open_end=is_cut(response.body))
    return [pre_excerpt(cut, size_words(response)), quiet(caption(response))]


def _picture(media_type: str, data: str, alternative: str) -> Markup:
    return Markup(
        '<div style="margin:.3em 0"><img src="data:{};base64,{}" alt="{}" style="max-width:100%;border:{}"></div>'
    ).format(media_type, data, alternative, LINE)


# -- kinds -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BodyKind:
    """One kind of body.

    Parameters
    ----------
    name:
        What it is called.
    fits:
        Whether the body of a response is of this kind, if it is of none before it.
    lines:
        Its lines as text, without colours.
    views:
        What is drawn of it as HTML, in a cell and in the panel of ``%explore``.
    is_captioned:
        Whether its media type and size stand below its lines, which do not say what it is.
    is_page:
        Whether it is drawn with what belongs to it of the app, and its source is shown behind the status line.
    more:
        What the bundle has of it besides ``text/plain`` and ``text/html``, by media type; a front end that knows the
        type draws that instead.
    """

    name: str
    fits: Callable[[ResponseRecord], bool]
    lines: Callable[[ResponseRecord], list[str]] = _text_lines
    views: Callable[[ExchangeRecord, RenderOptions], list[Markup]] = _text_views
    is_captioned: bool = False
    is_page: bool = False
    more: Callable[[ResponseRecord], Mapping[str, Any]] = lambda response: {}


def _table_kind(name: str, types: Set[str], read: Callable[[str, bool], Table | None]) -> BodyKind:
    return BodyKind(name, lambda response: response.media_type in types, views=partial(_table_views, read))


#: Every kind of body. Of the kinds that fit a response the first one counts; the last one fits every response.
KINDS = (
    BodyKind("none", lambda response: not response.body.size, _no_lines, _no_views),
    BodyKind(
        "undecoded", lambda response: response.body.is_undecoded, _undecoded_lines, _undecoded_views, is_captioned=True
    ),
    BodyKind("JSON", lambda response: media_types.is_json(response.media_type), _json_lines, _json_views),
    BodyKind(
        "page",
        lambda response: media_types.is_html(response.media_type) and bool(_MARKUP.search(preview(response.body))),
        views=_page_views,
        is_page=True,
    ),
    BodyKind("image", lambda response: response.media_type in _IMAGES, _no_lines, _image_views, is_captioned=True),
    _table_kind("CSV", {"text/csv"}, lambda text, cut: read_separated(text, ",", open_end=cut)),
    _table_kind("TSV", {"text/tab-separated-values"}, lambda text, cut: read_separated(text, "\t", open_end=cut)),
    _table_kind("events", {media_types.EVENT_STREAM}, lambda text, cut: read_events(text, open_end=cut)),
    _table_kind(
        "JSON lines", media_types.JSON_LINES, lambda text, cut: None if cut else read_records(text, by_line=True)
    ),
    BodyKind(
        "text",
        lambda response: (
            media_types.is_text(response.media_type) or (not response.media_type and _reads_as_text(response.body))
        ),
    ),
    BodyKind("bytes", lambda response: True, _hex_lines, _hex_views, is_captioned=True),
)


def kind_of(response: ResponseRecord) -> BodyKind:
    """The kind of a response's body, by its media type and, where that says little, by its bytes."""
    return next(kind for kind in KINDS if kind.fits(response))


def body_text(response: ResponseRecord, options: RenderOptions) -> list[str]:
    """The body as lines of text, cut after those that are shown."""
    kind = kind_of(response)
    cut = excerpt(kind.lines(response), options.lines, open_end=is_cut(response.body))
    if kind.is_captioned:
        return [*cut.first, f"({caption(response)})"]
    return [*cut.first, f"… {cut.more} ({size_words(response)})"] if cut.more else [*cut.first]


def body_views(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """The body drawn by its kind; nothing for an empty one."""
    return kind_of(exchange.response).views(exchange, options)


def source_view(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """The source of a page, folded."""
    if not kind_of(exchange.response).is_page:
        return []
    return [folded(small("source"), _text_views(exchange, options))]


def picture_view(bundle: Mapping[str, Any]) -> list[Markup]:
    """The picture of something that the handler displayed; nothing when its bundle has none."""
    for media_type in ("image/png", "image/jpeg", "image/svg+xml"):
        data = bundle.get(media_type)
        if isinstance(data, str) and media_type == "image/svg+xml":
            data = data.encode()
        if isinstance(data, bytes):
            data = base64.b64encode(data).decode("ascii")
        if isinstance(data, str) and data and len(data) <= 2 * IMAGE_LIMIT:
            # A kernel's bundle has its pictures in base64 with line ends.
            alternative = one_line(str(bundle.get("text/plain", media_type)), 100)
            return [_picture(media_type, "".join(data.split()), alternative)]
    return []
