"""The trace of a request as text, and as a picture with a table below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from markupsafe import Markup, escape

from nbmicro.exchange.records import ExchangeRecord, LineRun, TraceStep, TriedRule
from nbmicro.printable import one_line
from nbmicro.render.markup import LINE, MONO, folded, joined, small


class _Kind(NamedTuple):
    """How a kind of step looks, and what it does where the step itself does not say more."""

    colour: str = "#6b7280"
    meaning: str = ""


# White reads on each colour, and it reads on white and on black.
_KINDS = {
    "match": _Kind("#3f6fb0", "the rule for the path"),
    "context": _Kind("#6b7280", "request, session, g, current_app are there"),
    "session": _Kind("#8a5fb5", "the signed cookie"),
    "before": _Kind("#b26a1f", "before_request"),
    "handler": _Kind("#2d8659", "your function"),
    "template": _Kind("#1f8a99", "the page"),
    "template context": _Kind("#1f8a99"),
    "error handler": _Kind("#b5527d"),
    "return": _Kind("#4f7a8a", "what was returned becomes a response"),
    "after": _Kind("#b26a1f", "after_request"),
    "teardown": _Kind("#7a6a58", "at the end, whatever happened"),
}
_OTHER, _FAILED = _Kind(), "#c53b3b"
_BLOCK = "margin:.2em 0;padding:0;border:0;background:none"


class _Row(NamedTuple):
    """A row of the table: a step, how deep it lies in others, and whether its time is known."""

    step: TraceStep
    depth: int = 0
    timed: bool = True

    @property
    def length(self) -> str:
        return _length(self.step.duration) if self.timed else ""


def trace_text(exchange: ExchangeRecord) -> list[str]:
    """The trace as lines: kind, length, what; below the handler its lines."""
    rows = list(_rows(exchange))
    kinds = ["  " * row.depth + one_line(row.step.kind, 40) for row in rows]
    width = max(map(len, kinds))
    lines: list[str] = []
    for kind, row in zip(kinds, rows, strict=True):
        words = " · ".join(word for word in (one_line(row.step.label, 200), *_notes(row.step)) if word)
        lines.append(f"  trace │ {kind:<{width}}  {row.length:>9}  {words}".rstrip())
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
        joined(_row_html(row) for row in rows)
    )
    return joined([_picture(exchange.trace, total), table]) if exchange.trace else table


def _rows(exchange: ExchangeRecord) -> Iterator[_Row]:
    """The call, the steps in it, each a little further to the right than the one it lies in, and what came of it."""
    request = f"{exchange.request.method} {one_line(exchange.request.target, 200)}"
    yield _Row(TraceStep("WSGI call", request, 0.0, exchange.duration))
    if not exchange.trace and exchange.route:
        yield _Row(TraceStep("match", one_line(exchange.route, 200)), 1, timed=False)
    ends: list[float] = []
    for step in exchange.trace:
        while ends and ends[-1] <= step.start + 1e-9:
            ends.pop()
        yield _Row(step, len(ends) + 1)
        ends.append(step.start + step.duration)
    response = exchange.response
    status = f"{response.status} {one_line(response.reason, 100)}".rstrip()
    media_type = f" · {one_line(response.media_type, 100)}" if response.media_type else ""
    yield _Row(TraceStep("response", f"{status}{media_type}"), timed=False)


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
    lane_html = Markup('<div style="position:relative;height:1.4em;margin:2px 0">{}</div>')
    drawn = [lane_html.format(Markup(" ").join(_bar(step, total) for step in lane)) for lane in lanes]
    return Markup(
        '<div style="max-width:52em;margin:.5em 0;padding:2px 0;border-left:{0};border-right:{0}">{1}</div>'
    ).format(LINE, joined(drawn))


def _bar(step: TraceStep, total: float) -> Markup:
    title, name = f"{step.kind} {step.label}".strip(), step.kind if step.kind != "template" else step.label
    return Markup(
        '<div title="{}" style="position:absolute;left:{:.2f}%;width:{:.2f}%;min-width:2px;top:0;bottom:0;'
        "box-sizing:border-box;border-radius:2px;overflow:hidden;background:{};color:#fff;"
        # A name that is wider than its bar goes to the line below, which is not seen: no name is cut.
        'font-size:.8em;line-height:1.75em">\u200b<span style="display:inline-block;white-space:nowrap;padding:0 .3em">'
        "{}</span></div>"
    ).format(title, 100 * step.start / total, 100 * step.duration / total, _colour(step), name)


def _row_html(row: _Row) -> Markup:
    step = row.step
    meaning = _KINDS.get(step.kind, _OTHER).meaning
    notes = " · ".join(filter(None, _notes(step) if step.label or step.note else (*_notes(step), meaning)))
    what: list[Markup] = []
    if step.label:
        what.append(Markup('<span style="{}">{}</span>').format(MONO, one_line(step.label, 200)))
    if notes:
        what.append(Markup('<small style="margin-left:.4em">{}</small>').format(notes) if what else small(notes))
    parts = [Markup(" ").join(what)]
    if len(step.tried) > 1:
        parts.append(folded(small(f"{len(step.tried)} rules looked at"), [_rules_html(step.tried)]))
    if step.lines:
        is_open = step.kind == "handler" or bool(step.failed)
        parts.append(folded(small("its lines"), [_lines_html(step.lines)], is_open=is_open))
    mark = Markup('<span style="color:{}">■</span> ').format(_colour(step)) if row.depth else ""
    cell = Markup('<td style="text-align:{};vertical-align:top;{}"{}>{}</td>')
    title = Markup(' title="{}"').format(meaning)
    padding = f"white-space:nowrap;padding:.15em .6em .15em {max(row.depth - 1, 0) * 1.2:.1f}em"
    kind = Markup("{}{}").format(mark, one_line(step.kind, 40).strip())
    return Markup('<tr style="background:none">{}{}{}</tr>').format(
        cell.format("left", padding, title, kind),
        cell.format("right", "white-space:nowrap;padding:.15em .9em", "", row.length),
        cell.format("left", "min-width:24em;padding:.15em .3em", "", joined(parts)),
    )


def _rules_html(tried: tuple[TriedRule, ...]) -> Markup:
    lines = [Markup("<b>{}</b>" if rule.answers else "{}").format(_rule_text(rule)) for rule in tried]
    return Markup('<pre style="{}">{}</pre>').format(_BLOCK, joined(lines))


def _lines_html(lines: tuple[LineRun, ...]) -> Markup:
    """The function's lines: what did not run is pale, where it failed is marked."""
    drawn = []
    for line in lines:
        text = escape(_line_text(line))
        if line.failed:
            text = Markup('<b style="border-left:3px solid {};margin-left:-3px">{}</b>').format(_FAILED, text)
        elif not line.count:
            text = Markup('<span style="opacity:.6">{}</span>').format(text)
        drawn.append(text)
    return Markup('<pre style="{};overflow-x:auto;white-space:pre">{}</pre>').format(_BLOCK, joined(drawn))


def _rule_text(rule: TriedRule) -> str:
    mark = "✓" if rule.answers else " "
    return f"{mark} {one_line(rule.methods, 60)} {one_line(rule.rule, 200)}  {one_line(rule.verdict, 200)}"


def _line_text(line: LineRun) -> str:
    count = f"{line.count}×" if line.count > 1 else ""
    length = _length(line.duration) if line.count else ""
    mark = f"  ✗ {one_line(line.failed, 100)}" if line.failed else ""
    return f"{line.number:>4} │ {length:>9} {count:>5} │ {one_line(line.text, 160)}{mark}"


def _notes(step: TraceStep) -> tuple[str, ...]:
    """What there is to say of a step besides its label."""
    failed = f"✗ {one_line(step.failed, 100)}" if step.failed else ""
    return one_line(step.note, 200), failed, one_line(step.place, 120)


def _length(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def _colour(step: TraceStep) -> str:
    return _FAILED if step.failed else _KINDS.get(step.kind, _OTHER).colour
