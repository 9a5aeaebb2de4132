"""An exchange as a notebook shows it, as text and as HTML, alone and in a list.

The text is complete without any markup. The HTML has no script and no style sheet, and is complete without iframes;
every value in it passes through markupsafe's escaping. The same exchange and options give the same of both: no time,
no address, no value that changes from run to run is in it unless it was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup, escape

from nbmicro.exchange.records import ExchangeRecord
from nbmicro.http.headers import HeaderFields
from nbmicro.printable import excerpt, one_line, plain
from nbmicro.render.body import body_text, body_views, kind_of, picture_view, preview, source_view
from nbmicro.render.markup import LINE, MONO, badge, coloured, folded, joined, labelled, output, pre, quiet, row, small
from nbmicro.render.page import inline_page
from nbmicro.render.request import as_curl as as_curl
from nbmicro.render.request import as_http as as_http
from nbmicro.render.summary import (
    RenderOptions,
    all_fields,
    as_shown,
    captured_texts,
    check_words,
    error_lines,
    head_fields,
    hint_text,
    is_stock_page,
    note_texts,
    output_lines,
    redirects_shown,
    request_line,
    shown_checks,
    status_notes,
)
from nbmicro.render.trace import trace_html, trace_text

#: Characters after which the line of checks that held is broken.
CHECKS_WIDTH = 100
#: The edge of the badge alone has a colour, by the class of the status; its text keeps the theme's.
EDGES = {1: "#888", 2: "#3a9a50", 3: "#3d7fd6", 4: "#c98500", 5: "#d6453d"}
_GOOD, _BAD = EDGES[2], EDGES[5]
# Headers of a request to the server that say something of the request and not of the browser that sent it.
_OF_THE_REQUEST = frozenset({"content-type", "authorization", "cookie", "accept", "x-requested-with"})
#: Lines of a body in a list of exchanges, and characters of HTML that one of them, and all together, may take there.
LIST_LINES, ITEM_LIMIT, LIST_LIMIT = 12, 12 * 1024, 64 * 1024


def mime_bundle(exchange: ExchangeRecord, options: RenderOptions | None = None) -> dict[str, Any]:
    """The MIME bundle of an exchange: ``text/plain``, ``text/html`` and what the kind of its body adds.

    It is empty when ``options`` show nothing.

    Of an exchange that a client made, the page is first made complete: the app is asked, in process, for its own style
    sheets and images. That apart the bundle depends on its arguments alone.
    """
    options = options or RenderOptions()
    if options.silent:
        return {}
    kind, response = kind_of(exchange.response), exchange.response
    if kind.is_page and exchange.fetch is not None and exchange.page is None:
        page = inline_page(preview(response.body), exchange.fetch, exchange.request.path)
        exchange = replace(exchange, page=page)
    more = kind.more(response) if _shows_body(exchange, options) else {}
    exchange = as_shown(exchange, options)
    return {"text/plain": _text(exchange, options), "text/html": _html(exchange, options), **more}


def _shows_body(exchange: ExchangeRecord, options: RenderOptions) -> bool:
    return "body" in options.show and not is_stock_page(exchange)


# -- as text ---------------------------------------------------------------------------------------------------------


def _text(exchange: ExchangeRecord, options: RenderOptions) -> str:
    """The text, without a line end at its end."""
    lines: list[str] = []
    if "request" in options.show:
        lines += [*plain(as_http(exchange.request)).rstrip("\n").split("\n"), ""]
    if "curl" in options.show:
        lines += [*plain(as_curl(exchange.request)).split("\n"), ""]
    redirects, more = redirects_shown(exchange)
    lines += [_status_text(redirect, options, on_the_way=True) for redirect in redirects]
    lines += [more] if more else []
    lines.append(_status_text(exchange, options))
    lines += [f"{name}: {value}" for name, value in head_fields(exchange, options)]
    if "trace" in options.show:
        lines += trace_text(exchange)
    if _shows_body(exchange, options):
        lines += body_text(exchange.response, options)
    if exchange.error is not None:
        lines += [line for _, text in error_lines(exchange.error) for line in text.split("\n")]
        lines += plain(exchange.error.hint).split("\n") if exchange.error.hint else []
    for label, printed in output_lines(exchange):
        lines += [f"{label if index == 0 else '':>7} │ {line}".rstrip() for index, line in enumerate(printed)]
    hint = hint_text(exchange)
    lines += hint.split("\n") if hint else []
    lines += note_texts(exchange)
    lines += _checks_text(exchange, options)
    return "\n".join(lines)


def _status_text(exchange: ExchangeRecord, options: RenderOptions, *, on_the_way: bool = False) -> str:
    notes = "".join(f" · {note}" for note in status_notes(exchange, options, on_the_way=on_the_way))
    reason = f" {one_line(exchange.response.reason, 100)}" if exchange.response.reason else ""
    return f"{request_line(exchange)} → {exchange.status}{reason}{notes}"


def _checks_text(exchange: ExchangeRecord, options: RenderOptions) -> list[str]:
    held, failed = shown_checks(exchange, options)
    lines: list[str] = []
    line = ""
    for check in held:
        word = f"✓ {one_line(check.text, 200)}"
        if line and len(line) + len(word) > CHECKS_WIDTH:
            lines.append(line)
            line = ""
        line += f"  {word}" if line else word
    captured = ", ".join(captured_texts(exchange))
    if captured:
        line += f"     {captured}" if line else captured
    if line:
        lines.append(line)
    for check in failed:
        place, difference, comment = check_words(check)
        words = [f"✗ {f'{place}   ' if place else ''}{one_line(check.text, 200)}", difference, comment]
        lines.append("     ".join(word for word in words if word))
    return lines


# -- as HTML ---------------------------------------------------------------------------------------------------------


def _html(exchange: ExchangeRecord, options: RenderOptions) -> str:
    parts: list[Markup] = []
    if "request" in options.show:
        parts.append(pre(plain(as_http(exchange.request))))
    if "curl" in options.show:
        parts.append(pre(plain(as_curl(exchange.request))))
    redirects, more = redirects_shown(exchange)
    parts += [
        folded(_status_html(redirect, options, on_the_way=True), _messages(redirect, options)) for redirect in redirects
    ]
    parts += [quiet(more)] if more else []
    parts.append(folded(_status_html(exchange, options), _messages(exchange, options)))
    parts += _below_the_status(exchange, options)
    return output(*parts)


def _status_html(exchange: ExchangeRecord, options: RenderOptions, *, on_the_way: bool = False) -> Markup:
    method, _, target = request_line(exchange).partition(" ")
    status = one_line(f"{exchange.status} {exchange.response.reason}".rstrip(), 100)
    notes = "".join(f" · {note}" for note in status_notes(exchange, options, on_the_way=on_the_way))
    return Markup('<span style="{}"><b>{}</b> {}</span> → {}<small>{}</small>').format(
        MONO, method, target, _status_badge(exchange, status), notes
    )


def _status_badge(exchange: ExchangeRecord, text: str) -> Markup:
    return badge(text, EDGES.get(exchange.status // 100, "#888"))


def _messages(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    """What was sent and what came, behind the status line: the request, the headers, the source of a page."""
    cut = excerpt(plain(as_http(exchange.request)).rstrip("\n").split("\n"), options.lines)
    request = "\n".join([*cut.first, f"… {cut.more}"] if cut.more else cut.first)
    headers = "\n".join(f"{name}: {value}" for name, value in all_fields(exchange))
    parts = [
        folded(small("request"), [pre(request)], is_open=True),
        folded(small("headers"), [pre(headers)], is_open=True) if headers else quiet("no headers"),
        *source_view(exchange, options),
    ]
    return [
        Markup('<div style="margin:.2em 0 .6em;padding-left:.7em;border-left:{}">{}</div>').format(LINE, joined(parts))
    ]


def _below_the_status(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    fields = "\n".join(f"{name}: {value}" for name, value in head_fields(exchange, options))
    parts = [Markup('<div style="{};white-space:pre-wrap">{}</div>').format(MONO, fields)] if fields else []
    if "trace" in options.show:
        parts.append(trace_html(exchange))
    if _shows_body(exchange, options):
        parts += body_views(exchange, options)
    hint = hint_text(exchange)
    return [
        *parts,
        *_error_html(exchange),
        *_output_html(exchange),
        *(_sentence(text) for text in [*([hint] if hint else []), *note_texts(exchange)]),
        *_checks_html(exchange, options),
    ]


def _error_html(exchange: ExchangeRecord) -> list[Markup]:
    error = exchange.error
    if error is None:
        return []
    lines = [Markup("<b>{}</b>").format(text) if role == "error" else escape(text) for role, text in error_lines(error)]
    return [labelled("", joined(lines), edge=_BAD), *([_sentence(plain(error.hint))] if error.hint else [])]


def _output_html(exchange: ExchangeRecord) -> list[Markup]:
    parts: list[Markup] = []
    bundles = [part.bundle for part in exchange.output]
    for index, (label, lines) in enumerate(output_lines(exchange, keep_colours=True)):
        parts.append(labelled(label, coloured("\n".join(lines))))
        # Log records stand behind the parts of the output.
        bundle = bundles[index] if index < len(bundles) else None
        parts += picture_view(bundle) if bundle else []
    return parts


def _sentence(text: str) -> Markup:
    """A sentence of nbmicro's; what stands behind two spaces is a line to write."""
    sentence, gap, line = text.partition("  ")
    code = Markup(' <span style="{}">{}</span>').format(MONO, line) if gap else ""
    return Markup('<div style="margin:.3em 0;white-space:pre-wrap">{}{}</div>').format(sentence, code)


def _checks_html(exchange: ExchangeRecord, options: RenderOptions) -> list[Markup]:
    held, failed = shown_checks(exchange, options)
    parts: list[Markup] = []
    words = [_chip(f"✓ {one_line(check.text, 200)}", _GOOD) for check in held]
    captured = ", ".join(captured_texts(exchange))
    if captured:
        words.append(Markup('<span style="{};margin-left:1em">{}</span>').format(MONO, captured))
    if words:
        parts.append(Markup('<div style="margin:.3em 0">{}</div>').format(Markup(" ").join(words)))
    for check in failed:
        place, difference, comment = check_words(check)
        more = [Markup('<span style="{};margin-left:.7em">{}</span>').format(MONO, difference)] if difference else []
        more += [Markup('<small style="margin-left:.7em">{}</small>').format(text) for text in (place, comment) if text]
        parts.append(row(_chip(f"✗ {one_line(check.text, 200)}", _BAD), *more))
    return parts


def _chip(text: str, edge: str) -> Markup:
    return Markup(
        '<span style="display:inline-block;{};padding:0 .5em;margin:.1em .15em .1em 0;border:1px solid {};'
        'border-radius:.8em">{}</span>'
    ).format(MONO, edge, text)


# -- in a list -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    number: str
    method: str
    target: str
    status: str
    note: str


def list_exchanges(exchanges: Sequence[ExchangeRecord], count: int) -> dict[str, str]:
    """The MIME bundle of the last ``count`` of the exchanges, newest last; each keeps its number among all of them."""
    options = RenderOptions(lines=LIST_LINES)
    numbered = list(enumerate(exchanges, 1))[-count:] if count > 0 else []
    if not numbered:
        return {"text/plain": "No exchange yet. Send a request:  %http /"}
    shown = [as_shown(exchange, options) for _, exchange in numbered]
    rows = [_row_of(number, exchange) for (number, _), exchange in zip(numbered, shown, strict=True)]
    widths = [max(len(getattr(line, name)) for line in rows) for name in ("number", "method", "target", "status")]
    room = LIST_LIMIT
    lines: list[Markup] = []
    for line, exchange in zip(rows, shown, strict=True):
        inside = _inside(exchange, options)
        if len(inside) > min(ITEM_LIMIT, room):
            index = int(line.number) - len(exchanges) - 1
            inside = quiet(f"Too much for this list; show it alone:  client.history[{index}]")
        room -= len(inside)
        lines.append(_row_html(line, widths, inside, exchange))
    return {"text/plain": "\n".join(_row_text(line, widths) for line in rows), "text/html": output(*lines)}


def _inside(exchange: ExchangeRecord, options: RenderOptions) -> Markup:
    """What a line of the list opens.

    Of a request to the server the headers that a browser adds are left out, as they hold a port and a version.
    """
    if exchange.origin == "server":
        sent = exchange.request
        kept = HeaderFields(field for field in sent.headers if field[0].lower() in _OF_THE_REQUEST)
        exchange = replace(exchange, request=sent.with_headers(kept))
    return joined([*_messages(exchange, options), *_below_the_status(exchange, options)])


def _row_of(number: int, exchange: ExchangeRecord) -> _Row:
    """A line of the list; its note says who sent the request, where that was no cell, and what failed."""
    words = [exchange.origin] if exchange.origin in {"server", "widget", "browse"} else []
    error = exchange.error
    if error is not None:
        frame = error.frames[-1] if error.frames else None
        place = f" ({frame.label}, line {frame.line})" if frame is not None else ""
        words.append(one_line(f"{error.type}: {error.message.partition(chr(10))[0]}{place}", 300))
    failed = sum(not check.ok for check in exchange.checks)
    if failed:
        words.append(f"{failed} of {len(exchange.checks)} checks failed")
    target = one_line(exchange.request.target, 120)
    return _Row(str(number), exchange.request.method, target, str(exchange.status), "  ".join(words))


def _row_text(row: _Row, widths: Sequence[int]) -> str:
    number, method, target, status = widths
    return (
        f"{row.number:>{number}}  {row.method:<{method}}  {row.target:<{target}}  {row.status:<{status}}  {row.note}"
    ).rstrip()


def _row_html(row: _Row, widths: Sequence[int], inside: Markup, exchange: ExchangeRecord) -> Markup:
    number, method, target, _ = widths
    columns = Markup('<span style="{};white-space:pre-wrap">{}  <b>{}</b>{}  {}  </span>').format(
        MONO,
        row.number.rjust(number),
        row.method,
        " " * (method - len(row.method)),
        row.target.ljust(min(target, 60)),
    )
    note = Markup(' <small style="margin-left:.5em">{}</small>').format(row.note) if row.note else ""
    summary = Markup("{}{}{}").format(columns, _status_badge(exchange, row.status), note)
    return folded(summary, [Markup('<div style="margin:0 0 .6em 2em">{}</div>').format(inside)])
