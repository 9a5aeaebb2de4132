"""The body of a response as HTML, by its type."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from nbmicro.exchange.records import ExchangeRecord
from nbmicro.http import media_types
from nbmicro.http.messages import ResponseRecord
from nbmicro.printable import excerpt, one_line
from nbmicro.render.highlight import highlighter
from nbmicro.render.json_tree import draw_tree
from nbmicro.render.kinds import body_lines, is_cut, is_json, json_lines, kind_of, preview, text_lines
from nbmicro.render.markup import LINE, folded, hidden_pre, joined, pre, pre_excerpt, quiet, small
from nbmicro.render.options import RenderOptions
from nbmicro.render.page import FRAME_LIMIT, draw_frame, frame_height
from nbmicro.render.page_text import page_lines
from nbmicro.render.summary import size_words
from nbmicro.render.table import Table, draw_table, read_events, read_records, read_separated

#: Bytes of an image above which it is only named.
IMAGE_LIMIT = 512 * 1024


def body_pane(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """The body drawn by its type; nothing for an empty one."""
    response = exchange.response
    kind = kind_of(response)
    if kind == "none":
        return []
    if kind == "html":
        return _page(exchange, options)
    if kind == "image":
        return _image(exchange)
    if kind == "binary":
        remark = quiet(f"{one_line(response.media_type) or 'bytes'}, {size_words(response)}")
        return [pre("\n".join(body_lines(response))), remark]
    table = _table(response)
    source = _json(response, options) if kind == "json" else _text(response, options)
    if table is None:
        return [source]
    return [draw_table(table, options.lines), folded(small("JSON" if kind == "json" else "source"), [source])]


def source_pane(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """The source of an HTML body, folded."""
    response = exchange.response
    if kind_of(response) != "html":
        return []
    cut = excerpt(text_lines(preview(response.body)), options.lines, open_end=is_cut(response.body))
    return [folded(small("source"), [pre_excerpt(cut, size_words(response), highlighter("text/html"))])]


def picture_pane(bundle: Mapping[str, Any]) -> list[Markup]:
    """The picture of something that the handler displayed; nothing when its bundle has none."""
    for media_type in ("image/png", "image/jpeg", "image/svg+xml"):
        data = bundle.get(media_type)
        if isinstance(data, str) and media_type == "image/svg+xml":
            data = data.encode()
        if isinstance(data, bytes):
            data = base64.b64encode(data).decode("ascii")
        if isinstance(data, str) and data and len(data) <= 2 * IMAGE_LIMIT:
            # A kernel's bundle has its pictures in base64 with line ends.
            return [
                _picture(media_type, "".join(data.split()), one_line(str(bundle.get("text/plain", media_type)), 100))
            ]
    return []


def _table(response: ResponseRecord) -> Table | None:
    """The body as a table, where its kind and its content are one."""
    text, cut = preview(response.body), is_cut(response.body)
    match response.media_type:
        case "text/csv":
            return read_separated(text, ",", open_end=cut)
        case "text/tab-separated-values":
            return read_separated(text, "\t", open_end=cut)
        case media_types.EVENT_STREAM:
            return read_events(text, open_end=cut)
        case kind if kind in media_types.JSON_LINES:
            return None if cut else read_records(text, by_line=True)
    return read_records(text) if kind_of(response) == "json" and not cut else None


def _json(response: ResponseRecord, options: RenderOptions) -> Markup:
    text = preview(response.body)
    if not is_json(text):
        return _text(response, options)
    lines = [*json_lines(text)]
    return draw_tree(lines, options.lines, size_words(response), open_end=is_cut(response.body))


def _text(response: ResponseRecord, options: RenderOptions) -> Markup:
    cut = excerpt(body_lines(response), options.lines, open_end=is_cut(response.body))
    return pre_excerpt(cut, size_words(response), highlighter(response.media_type))


def _page(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """A page in its frame, and its text for where there are no frames."""
    response = exchange.response
    source = preview(response.body)
    lines = page_lines(source)
    cut = excerpt(lines, options.lines, open_end=is_cut(response.body))
    if response.body.size > FRAME_LIMIT or response.body.truncated:
        remark = quiet(f"The page has {size_words(response)}, too much to draw it here. Its text:")
        return [remark, pre_excerpt(cut, size_words(response))]
    text = "\n".join([*cut.first, f"… {cut.more}"] if cut.more else cut.first)
    return [draw_frame(exchange.page or source, frame_height(source, lines)), hidden_pre(text)]


def _image(exchange: ExchangeRecord) -> list[Markup]:
    response = exchange.response
    caption = f"{one_line(response.media_type)}, {size_words(response)}"
    if response.body.size > IMAGE_LIMIT or response.body.truncated:
        return [quiet(f"{caption}: too large to show it here")]
    data = base64.b64encode(response.body.bytes).decode("ascii")
    return [joined([_picture(response.media_type, data, caption), quiet(caption)])]


def _picture(media_type: str, data: str, caption: str) -> Markup:
    return Markup(
        '<div style="margin:.3em 0"><img src="data:{};base64,{}" alt="{}" style="max-width:100%;border:{}"></div>'
    ).format(media_type, data, caption, LINE)
