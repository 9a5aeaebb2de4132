"""The life of a request as a picture and a table, and as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from nbmicro.exchange.records import ExchangeRecord, LineRun, TraceStep, TriedRule
from nbmicro.printable import one_line
from nbmicro.render.markup import LINE, MONO, folded, joined, small

#: A step's colour: white reads on it, and it reads on white and on black.
_COLOURS = {
    "match": "#3f6fb0",
    "context": "#6b7280",
    "session": "#8a5fb5",
    "before": "#b26a1f",
    "handler": "#2d8659",
    "template": "#1f8a99",
    "template context": "#1f8a99",
    "error handler": "#b5527d",
    "reply": "#4f7a8a",
    "after": "#b26a1f",
    "teardown": "#7a6a58",
}
_OTHER, _FAILED = "#6b7280", "#c53b3b"

_SAID = {
    "match": "the rule for the path",
    "context": "request, session, g, current_app are there",
    "session": "the signed cookie",
    "before": "before_request",
    "handler": "your function",
    "template": "the page",
    "reply": "what was returned becomes a response",
    "after": "after_request",
    "teardown": "at the end, whatever happened",
}


def trace_text(exchange: ExchangeRecord) -> list[str]:
    """The life of a request as lines: kind, length, what; below the handler its lines."""
    rows = list(_rows(exchange))
    width = max(len(row.kind) for row in rows)
    lines: list[str] = []
    for row in rows:
        length = _length(row.step.duration) if row.timed else ""
        lines.append(f"  trace │ {row.kind:<{width}}  {length:>9}  {_told(row.step)}".rstrip())
        if row.step.kind == "match":
            lines += [f"        │     {_rule_text(rule)}" for rule in row.step.tried if len(row.step.tried) > 1]
        if row.step.kind == "handler" or row.step.failed:
            lines += [f"        │ {_line_text(line)}".rstrip() for line in row.step.lines]
    return lines


def trace_html(exchange: ExchangeRecord) -> Markup:
    """A picture of the whole, one colour for each kind of step, and below it the table of steps."""
    rows = list(_rows(exchange))
    total = max(exchange.duration, *(row.step.start + row.step.duration for row in rows), 1e-9)
    table = Markup('<table style="margin:.2em 0;border-collapse:collapse">{}</table>').format(
        joined(_row(row) for row in rows)
    )
    return joined([_picture(exchange.trace, total), table]) if exchange.trace else table


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the table: a step, how deep it lies in others, and whether its time is known."""

    kind: str
    step: TraceStep
    timed: bool = True


def _rows(exchange: ExchangeRecord) -> Iterator[_Row]:
    """The call, the steps in it, each a little further to the right than the one it lies in, and what came of it."""
    request = one_line(exchange.request.target, 200)
    yield _Row("WSGI call", TraceStep("call", f"{exchange.request.method} {request}", 0.0, exchange.duration))
    if not exchange.trace and exchange.route:
        yield _Row("  match", TraceStep("match", one_line(exchange.route, 200)), timed=False)
    open_until: list[float] = []
    for step in exchange.trace:
        while open_until and open_until[-1] <= step.start + 1e-9:
            open_until.pop()
        yield _Row("  " * (len(open_until) + 1) + one_line(step.kind, 40), step)
        open_until.append(step.start + step.duration)
    response = exchange.response
    said = f"{response.status} {one_line(response.reason, 100)}".rstrip()
    kind = f" · {one_line(response.media_type, 100)}" if response.media_type else ""
    yield _Row("response", TraceStep("response", f"{said}{kind}"), timed=False)


def _picture(steps: tuple[TraceStep, ...], total: float) -> Markup:
    """Lanes of bars on the line of time: what lies inside a step stands in the lane below it."""
    lanes: list[list[TraceStep]] = []
    for step in steps:
        depth = next(
            (at for at, lane in enumerate(lanes) if lane[-1].start + lane[-1].duration <= step.start + 1e-9), len(lanes)
        )
        if depth == len(lanes):
            lanes.append([])
        lanes[depth].append(step)
    bar = Markup(
        '<div title="{}" style="position:absolute;left:{:.2f}%;width:{:.2f}%;min-width:2px;top:0;bottom:0;'
        "box-sizing:border-box;border-radius:2px;overflow:hidden;background:{};color:#fff;"
        # A name that is wider than its bar goes to the line below, which is not seen: no name is cut.
        'font-size:.8em;line-height:1.75em">\u200b<span style="display:inline-block;white-space:nowrap;padding:0 .3em">'
        "{}</span></div>"
    )
    drawn = [
        Markup('<div style="position:relative;height:1.4em;margin:2px 0">{}</div>').format(
            Markup(" ").join(
                bar.format(
                    f"{step.kind} {step.label}".strip(),
                    100 * step.start / total,
                    100 * step.duration / total,
                    _colour(step),
                    step.kind if step.kind != "template" else step.label,
                )
                for step in lane
            )
        )
        for lane in lanes
    ]
    return Markup(
        '<div style="max-width:52em;margin:.5em 0;padding:2px 0;border-left:{0};border-right:{0}">{1}</div>'
    ).format(LINE, joined(drawn))


def _row(row: _Row) -> Markup:
    step = row.step
    told: list[Markup] = []
    if step.label:
        told.append(Markup('<span style="{}">{}</span>').format(MONO, one_line(step.label, 200)))
    remarks = [
        one_line(step.note, 200),
        f"✗ {one_line(step.failed, 100)}" if step.failed else "",
        one_line(step.place, 120),
    ]
    if not step.label and not step.note:
        remarks.append(_SAID.get(step.kind, ""))
    said = " · ".join(remark for remark in remarks if remark)
    if said:
        told.append(Markup('<small style="margin-left:.4em">{}</small>').format(said) if told else small(said))
    parts = []
    if len(step.tried) > 1:
        parts.append(folded(small(f"{len(step.tried)} rules looked at"), [_rules(step.tried)]))
    if step.lines:
        is_open = step.kind == "handler" or bool(step.failed)
        parts.append(folded(small("its lines"), [_lines(step.lines)], is_open=is_open))
    depth = (len(row.kind) - len(row.kind.lstrip())) / 2
    colour = "" if step.kind in ("call", "response") else _colour(step)
    mark = Markup('<span style="color:{}">■</span> ').format(colour) if colour else Markup("")
    return Markup(
        '<tr style="background:none">'
        '<td style="text-align:left;vertical-align:top;white-space:nowrap;padding:.15em .6em .15em {:.1f}em"'
        ' title="{}">'
        "{}{}</td>"
        '<td style="text-align:right;vertical-align:top;white-space:nowrap;padding:.15em .9em">{}</td>'
        '<td style="text-align:left;vertical-align:top;min-width:24em;padding:.15em .3em">{}</td></tr>'
    ).format(
        max(depth - 1, 0) * 1.2,
        _SAID.get(step.kind, ""),
        mark,
        row.kind.strip(),
        _length(step.duration) if row.timed else "",
        joined([Markup(" ").join(told), *parts]),
    )


def _rules(tried: tuple[TriedRule, ...]) -> Markup:
    lines = [
        Markup("<b>{}</b>").format(_rule_text(rule)) if rule.answers else escape(_rule_text(rule)) for rule in tried
    ]
    return Markup('<pre style="margin:.2em 0;padding:0;border:0;background:none">{}</pre>').format(joined(lines))


def _lines(lines: tuple[LineRun, ...]) -> Markup:
    """The function's lines: what did not run is pale, where it failed is marked."""
    drawn = []
    for line in lines:
        text: Markup | str = _line_text(line)
        if line.failed:
            text = Markup('<b style="border-left:3px solid {};margin-left:-3px">{}</b>').format(_FAILED, text)
        elif not line.count:
            text = Markup('<span style="opacity:.6">{}</span>').format(text)
        drawn.append(escape(text))
    return Markup(
        '<pre style="margin:.2em 0;padding:0;border:0;background:none;overflow-x:auto;white-space:pre">{}</pre>'
    ).format(joined(drawn))


def _rule_text(rule: TriedRule) -> str:
    mark = "✓" if rule.answers else " "
    return f"{mark} {one_line(rule.methods, 60)} {one_line(rule.rule, 200)}  {one_line(rule.verdict, 200)}"


def _line_text(line: LineRun) -> str:
    count = f"{line.count}×" if line.count > 1 else ""
    length = _length(line.duration) if line.count else ""
    mark = f"  ✗ {one_line(line.failed, 100)}" if line.failed else ""
    return f"{line.number:>4} │ {length:>9} {count:>5} │ {one_line(line.text, 160)}{mark}"


def _told(step: TraceStep) -> str:
    words = [
        one_line(step.label, 200),
        one_line(step.note, 200),
        f"✗ {one_line(step.failed, 100)}" if step.failed else "",
        one_line(step.place, 120),
    ]
    return " · ".join(word for word in words if word)


def _length(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def _colour(step: TraceStep) -> str:
    return _FAILED if step.failed else _COLOURS.get(step.kind, _OTHER)
