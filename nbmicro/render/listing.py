"""The last exchanges as a list: a line for each as text, and as HTML a line that opens what the exchange shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from nbmicro.exchange.records import ExchangeRecord
from nbmicro.exchange.secrets import redacted
from nbmicro.printable import one_line
from nbmicro.render.html import EDGES, render_inside
from nbmicro.render.markup import MONO, badge, folded, joined, quiet
from nbmicro.render.options import RenderOptions

#: Lines of a body in the list.
LINES = 12
#: Characters of HTML that one exchange, and all together, may take in the list.
ITEM_LIMIT = 12 * 1024
LIST_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Row:
    number: str
    method: str
    target: str
    status: str
    remark: str


def list_exchanges(exchanges: Sequence[ExchangeRecord], count: int) -> dict[str, str]:
    """The MIME bundle of the last ``count`` of the exchanges, newest last; each keeps its number among all of them."""
    numbered = list(enumerate(exchanges, 1))[-count:] if count > 0 else []
    shown = [(number, redacted(exchange)) for number, exchange in numbered]
    if not shown:
        return {"text/plain": "No exchange yet. Send a request:  %http /"}
    rows = [_row(number, exchange) for number, exchange in shown]
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("number", "method", "target", "status")]
    room = LIST_LIMIT
    lines: list[Markup] = []
    for row, (number, exchange) in zip(rows, shown, strict=True):
        inside = render_inside(exchange, RenderOptions(lines=LINES))
        if len(inside) > min(ITEM_LIMIT, room):
            inside = quiet(f"Too much for this list; show it alone:  client.history[{number - len(exchanges) - 1}]")
        room -= len(inside)
        lines.append(_line(row, widths, inside, exchange.status))
    return {
        "text/plain": "\n".join(_text(row, widths) for row in rows),
        "text/html": str(Markup('<div style="line-height:1.5">\n{}\n</div>').format(joined(lines))),
    }


def _row(number: int, exchange: ExchangeRecord) -> _Row:
    target = one_line(exchange.request.target, 120)
    return _Row(str(number), exchange.request.method, target, str(exchange.status), _remark(exchange))


def _remark(exchange: ExchangeRecord) -> str:
    """Who sent it, where that was no cell, and what failed."""
    words = [exchange.origin] if exchange.origin in {"server", "widget", "browse"} else []
    if exchange.error is not None:
        frame = exchange.error.frames[-1] if exchange.error.frames else None
        place = f" ({frame.label}, line {frame.line})" if frame is not None else ""
        words.append(one_line(f"{exchange.error.type}: {exchange.error.message.partition(chr(10))[0]}{place}", 300))
    failed = sum(not check.ok for check in exchange.checks)
    if failed:
        words.append(f"{failed} of {len(exchange.checks)} checks failed")
    return "  ".join(words)


def _text(row: _Row, widths: Sequence[int]) -> str:
    number, method, target, status = widths
    return (
        f"{row.number:>{number}}  {row.method:<{method}}  {row.target:<{target}}  {row.status:<{status}}  {row.remark}"
    ).rstrip()


def _line(row: _Row, widths: Sequence[int], inside: Markup, status: int) -> Markup:
    number, method, target, _ = widths
    columns = Markup('<span style="{};white-space:pre-wrap">{}  <b>{}</b>{}  {}  </span>').format(
        MONO,
        row.number.rjust(number),
        row.method,
        " " * (method - len(row.method)),
        row.target.ljust(min(target, 60)),
    )
    said = Markup(' <small style="margin-left:.5em">{}</small>').format(row.remark) if row.remark else ""
    summary = Markup("{}{}{}").format(columns, badge(row.status, EDGES.get(status // 100, "#888")), said)
    return folded(summary, [Markup('<div style="margin:0 0 .6em 2em">{}</div>').format(inside)])
