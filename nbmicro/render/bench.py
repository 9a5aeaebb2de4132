"""Latencies as a histogram and a table, and as text."""

from __future__ import annotations

from markupsafe import Markup
from werkzeug.http import HTTP_STATUS_CODES

from nbmicro.client.bench import Latencies
from nbmicro.printable import one_line
from nbmicro.render.markup import LINE, MONO, joined, quiet

_BLOCKS = "▁▂▃▄▅▆▇█"
_COLOUR, _SLOW = "#3f6fb0", "#b26a1f"
_SHARES = (50.0, 95.0, 99.0)


def latency_bundle(now: Latencies, before: Latencies | None = None) -> dict[str, str]:
    """The MIME bundle of a measurement, beside the one before of the same request."""
    return {"text/plain": _text(now, before), "text/html": str(_html(now, before))}


def progress_bundle(request: str, done: int, asked: int) -> dict[str, str]:
    """A bar for how many requests are done."""
    share = done / asked
    filled = round(24 * share)
    bar = "█" * filled + "░" * (24 - filled)
    html = Markup('<div><progress value="{}" max="{}" style="width:16em;vertical-align:middle"></progress> {}</div>')
    words = f"{done:,} of {asked:,}"
    return {
        "text/plain": f"{one_line(request, 200)}  {bar}  {words}",
        "text/html": str(html.format(done, asked, words)),
    }


def _rows(now: Latencies, before: Latencies | None) -> list[tuple[str, float, float | None]]:
    """What is told, in seconds: its name, now, and the time before."""
    rows = [(f"p{share:.0f}", now.percentile(share), before.percentile(share) if before else None) for share in _SHARES]
    return [
        ("fastest", now.seconds[0], before.seconds[0] if before else None),
        *rows,
        ("slowest", now.seconds[-1], before.seconds[-1] if before else None),
    ]


def _counts(now: Latencies) -> str:
    """How many were sent and what came."""
    parts = [f"{count:,} × {_status(status)}" for status, count in now.statuses.items()]
    parts += [f"{count:,} × {name}" for name, count in now.failures.items()]
    sent = f"{now.count:,} of {now.asked:,} requests, then interrupted" if now.stopped else f"{now.count:,} requests"
    return f"{sent}: {', '.join(parts)}"


def _status(status: int) -> str:
    return f"{status} {HTTP_STATUS_CODES.get(status, '').upper()}".rstrip()


def _text(now: Latencies, before: Latencies | None) -> str:
    lines = [f"{one_line(now.request, 200)}: {_counts(now)}"]
    for name, length, earlier in _rows(now, before):
        change = f"   before {_length(earlier)}" if earlier is not None else ""
        lines.append(f"  {name:<8}{_length(length):>11}{change}")
    lines.append(f"  {now.rate:,.0f} requests/s")
    bins = now.histogram()
    most = max(count for _, _, count in bins)
    bars = "".join(_BLOCKS[min(7, round(7 * count / most))] if count else " " for _, _, count in bins)
    lines.append(f"  {_length(bins[0][0])} │{bars}│ {_length(bins[-1][1])}")
    return "\n".join(lines)


def _html(now: Latencies, before: Latencies | None) -> Markup:
    head = Markup('<div><b style="{}">{}</b> <small>{}</small></div>').format(
        MONO, one_line(now.request, 200), _counts(now)
    )
    rows = _rows(now, before)
    cell = Markup('<{0} style="text-align:right;padding:.15em .9em;white-space:nowrap">{1}</{0}>')
    titles = joined([cell.format("th", ""), *(cell.format("th", name) for name, _, _ in rows), cell.format("th", "")])
    body = [
        joined(
            [
                cell.format("td", "now" if before else ""),
                *(cell.format("td", _length(length)) for _, length, _ in rows),
                cell.format("td", f"{now.rate:,.0f} requests/s"),
            ]
        )
    ]
    if before is not None:
        body.append(
            joined(
                [
                    cell.format("td", "before"),
                    *(cell.format("td", _length(earlier or 0.0)) for _, _, earlier in rows),
                    cell.format("td", f"{before.rate:,.0f} requests/s"),
                ]
            )
        )
    table = Markup('<table style="border-collapse:collapse;margin:.4em 0"><tr>{}</tr>{}</table>').format(
        titles, joined(Markup("<tr>{}</tr>").format(row) for row in body)
    )
    parts = [head, _histogram(now), table]
    if now.errors:
        parts.append(quiet(f"✗ {now.errors:,} failed. See one of them:  %http {one_line(now.request, 200)}"))
    return Markup('<div style="line-height:1.5">{}</div>').format(joined(parts))


def _histogram(now: Latencies) -> Markup:
    """Columns for the steps of time; those past the 95th percentile in another colour."""
    bins = now.histogram()
    most = max(count for _, _, count in bins)
    slow = now.percentile(95)
    bar = Markup(
        '<div title="{}" style="flex:1;height:{:.2f}%;min-height:1px;background:{};border-radius:2px 2px 0 0"></div>'
    )
    columns = [
        bar.format(
            f"{_length(begin)} to {_length(end)}: {count:,}",
            100 * count / most,
            _SLOW if begin >= slow else _COLOUR,
        )
        for begin, end, count in bins
    ]
    return Markup(
        '<div style="max-width:36em;margin:.5em 0"><div style="display:flex;align-items:flex-end;gap:2px;height:6em;'
        'border-bottom:{}">{}</div><div style="display:flex;justify-content:space-between"><small>{}</small>'
        "<small>{}</small></div></div>"
    ).format(LINE, joined(columns), _length(bins[0][0]), _length(bins[-1][1]))


def _length(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms" if seconds < 0.001 else f"{seconds * 1000:.2f} ms"
