"""An exchange as HTML for a notebook's output: without script or style sheet, and complete without frames.

Every value passes through markupsafe's escaping.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from markupsafe import Markup, escape

from nbmicro.exchange.records import ExchangeRecord
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord
from nbmicro.printable import excerpt, one_line, plain
from nbmicro.render.as_curl import as_curl, as_http
from nbmicro.render.body import body_pane, picture_pane, source_pane
from nbmicro.render.kinds import kind_of, preview
from nbmicro.render.markup import LINE, MONO, badge, coloured, folded, joined, labelled, pre, quiet, row, small
from nbmicro.render.options import RenderOptions
from nbmicro.render.page import seal_page
from nbmicro.render.summary import (
    all_fields,
    as_shown,
    body_is_told,
    captured_texts,
    check_words,
    error_lines,
    head_fields,
    hint_text,
    hops_shown,
    output_lines,
    remark,
    request_line,
    shown_checks,
)
from nbmicro.render.text import text_of
from nbmicro.render.trace import trace_html

_DEFAULT = RenderOptions()
#: The edge of the badge alone has a colour, by the class of the status; its text keeps the theme's.
EDGES = {1: "#888", 2: "#3a9a50", 3: "#3d7fd6", 4: "#c98500", 5: "#d6453d"}
#: Headers of a visitor's request that say something of the request and not of the browser.
_TOLD_OF_VISITORS = frozenset({"content-type", "authorization", "cookie", "accept", "x-requested-with"})
_GOOD, _BAD = EDGES[2], EDGES[5]


def mime_bundle(exchange: ExchangeRecord, options: RenderOptions = _DEFAULT) -> dict[str, str]:
    """The MIME bundle of an exchange: ``text/plain`` and ``text/html``; empty when ``options`` show nothing.

    Of an exchange that a client made, the page is first made complete: the app is asked, in process, for its own style
    sheets and images. That apart the bundle depends on its arguments alone, as :func:`render_html` does.
    """
    if options.silent:
        return {}
    if exchange.fetch is not None and exchange.page is None and kind_of(exchange.response) == "html":
        exchange = replace(
            exchange, page=seal_page(preview(exchange.response.body), exchange.fetch, exchange.request.path)
        )
    exchange = as_shown(exchange, options)
    return {"text/plain": text_of(exchange, options), "text/html": html_of(exchange, options)}


def render_html(exchange: ExchangeRecord, options: RenderOptions = _DEFAULT) -> str:
    """Draw an exchange as HTML; same exchange and options, same text. Empty when ``options`` show nothing."""
    if options.silent:
        return ""
    return html_of(as_shown(exchange, options), options)


def html_of(exchange: ExchangeRecord, options: RenderOptions) -> str:
    """The HTML of an exchange as it may be shown."""
    parts: list[Markup] = []
    if "request" in options.show:
        parts.append(pre(plain(as_http(exchange.request))))
    if "curl" in options.show:
        parts.append(pre(plain(as_curl(exchange.request))))
    hops, more = hops_shown(exchange)
    parts += [folded(_status(hop, options, on_the_way=True), _wire(hop, options)) for hop in hops]
    parts += [quiet(more)] if more else []
    parts.append(folded(_status(exchange, options), _wire(exchange, options)))
    parts += _told(exchange, options)
    return str(Markup('<div style="line-height:1.5">\n{}\n</div>').format(joined(parts)))


def render_inside(exchange: ExchangeRecord, options: RenderOptions = _DEFAULT) -> Markup:
    """What stands below the status line of an exchange as it may be shown, that line's own fold first: for a list.

    The same exchange and options give the same text, whoever sent it: the headers that a visitor's browser adds are
    left out, as they hold a port and a version.
    """
    if exchange.origin == "server":
        sent = exchange.request
        kept = HeaderFields(field for field in sent.headers if field[0].lower() in _TOLD_OF_VISITORS)
        exchange = replace(exchange, request=RequestRecord(sent.method, sent.target, kept, sent.body))
    return joined([*_wire(exchange, options), *_told(exchange, options)])


def _told(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """All that stands below the status line."""
    parts = _fields(exchange, options)
    if "trace" in options.show:
        parts.append(trace_html(exchange))
    if "body" in options.show and not body_is_told(exchange):
        parts += body_pane(exchange, options)
    parts += _error(exchange)
    parts += _output(exchange)
    parts += _remarks(exchange)
    parts += _checks(exchange, options)
    return parts


def _status(exchange: ExchangeRecord, options: RenderOptions, *, on_the_way: bool = False) -> Markup:
    method, _, target = request_line(exchange).partition(" ")
    text = one_line(f"{exchange.status} {exchange.response.reason}".rstrip(), 100)
    said = "".join(f" · {word}" for word in remark(exchange, options, on_the_way=on_the_way))
    return Markup('<span style="{}"><b>{}</b> {}</span> → {}<small>{}</small>').format(
        MONO, method, target, badge(text, EDGES.get(exchange.status // 100, "#888")), said
    )


def _wire(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """What went over the wire, behind the status line: the request, the headers, the source of a page."""
    text = "\n".join(f"{name}: {value}" for name, value in all_fields(exchange))
    parts = [
        folded(small("request"), [pre(excerpt_text(as_http(exchange.request), options))], is_open=True),
        folded(small("headers"), [pre(text)], is_open=True) if text else quiet("no headers"),
        *source_pane(exchange, options),
    ]
    return [
        Markup('<div style="margin:.2em 0 .6em;padding-left:.7em;border-left:{}">{}</div>').format(LINE, joined(parts))
    ]


def excerpt_text(text: str, options: RenderOptions) -> str:
    """The first lines of a text, and how many more there are."""
    cut = excerpt(plain(text).rstrip("\n").split("\n"), options.lines)
    return "\n".join([*cut.first, f"… {cut.more}"] if cut.more else cut.first)


def _fields(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    lines = [f"{name}: {value}" for name, value in head_fields(exchange, options)]
    return [Markup('<div style="{};white-space:pre-wrap">{}</div>').format(MONO, "\n".join(lines))] if lines else []


def _error(exchange: ExchangeRecord) -> list[Markup]:
    if exchange.error is None:
        return []
    lines = [
        Markup("<b>{}</b>").format(text) if role == "error" else escape(text)
        for role, text in error_lines(exchange.error)
    ]
    parts = [labelled("", joined(lines), edge=_BAD)]
    return [*parts, _advice(plain(exchange.error.hint))] if exchange.error.hint else parts


def _output(exchange: ExchangeRecord) -> list[Markup]:
    parts: list[Markup] = []
    pictures = [part.bundle for part in exchange.output]
    for index, (label, lines) in enumerate(output_lines(exchange, keep_colours=True)):
        parts.append(labelled(label, coloured("\n".join(lines))))
        # Log records stand behind the parts of the output.
        bundle = pictures[index] if index < len(pictures) else None
        parts += picture_pane(bundle) if bundle else []
    return parts


def _remarks(exchange: ExchangeRecord) -> list[Markup]:
    hint = hint_text(exchange)
    said: Iterable[str] = [*([hint] if hint else []), *(f"Note: {plain(note)}" for note in exchange.notes)]
    return [_advice(text) for text in said]


def _advice(text: str) -> Markup:
    """A sentence of ours; what stands behind two spaces is a line to write."""
    sentence, gap, line = text.partition("  ")
    code = Markup(' <span style="{}">{}</span>').format(MONO, line) if gap else ""
    return Markup('<div style="margin:.3em 0;white-space:pre-wrap">{}{}</div>').format(sentence, code)


def _checks(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    held, failed = shown_checks(exchange, options)
    parts: list[Markup] = []
    words = [_chip(f"✓ {one_line(check.text, 200)}", _GOOD) for check in held]
    captured = ", ".join(captured_texts(exchange))
    if captured:
        words.append(Markup('<span style="{};margin-left:1em">{}</span>').format(MONO, captured))
    if words:
        parts.append(Markup('<div style="margin:.3em 0">{}</div>').format(Markup(" ").join(words)))
    for check in failed:
        place, difference, note = check_words(check)
        said = [Markup('<span style="{};margin-left:.7em">{}</span>').format(MONO, difference)] if difference else []
        said += [Markup('<small style="margin-left:.7em">{}</small>').format(text) for text in (place, note) if text]
        parts.append(row(_chip(f"✗ {one_line(check.text, 200)}", _BAD), *said))
    return parts


def _chip(text: str, edge: str) -> Markup:
    return Markup(
        '<span style="display:inline-block;{};padding:0 .5em;margin:.1em .15em .1em 0;border:1px solid {};'
        'border-radius:.8em">{}</span>'
    ).format(MONO, edge, text)
