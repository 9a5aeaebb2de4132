"""Latencies as a histogram and a table, and as text."""

from __future__ import annotations

from markupsafe import Markup
from werkzeug.http import HTTP_STATUS_CODES

from nbmicro.client.bench import Latencies
from nbmicro.printable import one_line
from nbmicro.render.markup import LINE, MONO, joined, output, quiet

_BLOCKS = "▁▂▃▄▅▆▇█"
_COLOUR, _SLOW = "#3f6fb0", "#b26a1f"


def latency_bundle(now: Latencies, before: Latencies | None = None) -> dict[str, str]:
    """The MIME bundle of a measurement, beside the one before of the same request."""
    return {"text/plain": _text(now, before), "text/html": _html(now, before)}


def progress_bundle(request: str, done: int, asked: int) -> dict[str, str]:
    """A bar for how many requests are done."""
    share = done / asked
    filled = round(24 * share)
    bar = "█" * filled + "░" * (24 - filled)
    bar_html = Markup('<progress value="{}" max="{}" style="width:16em;vertical-align:middle"></progress> {}')
    words = f"{done:,} of {asked:,}"
    return {
        "text/plain": f"{one_line(request, 200)}  {bar}  {words}",
        "text/html": output(bar_html.format(done, asked, words)),
    }


def _times(latencies: Latencies) -> dict[str, float]:
    """What is shown of the seconds."""
    shares = {f"p{share:.0f}": latencies.percentile(share) for share in (50.0, 95.0, 99.0)}
    return {"fastest": latencies.seconds[0], **shares, "slowest": latencies.seconds[-1]}


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
    earlier = _times(before) if before is not None else {}
    for name, length in _times(now).items():
        change = f"   before {_length(earlier[name])}" if earlier else ""
        lines.append(f"  {name:<8}{_length(length):>11}{change}")
    lines.append(f"  {now.rate:,.0f} requests/s")
    bins = now.histogram()
    most = max(count for _, _, count in bins)
    bars = "".join(_BLOCKS[min(7, round(7 * count / most))] if count else " " for _, _, count in bins)
    lines.append(f"  {_length(bins[0][0])} │{bars}│ {_length(bins[-1][1])}")
    return "\n".join(lines)


def _html(now: Latencies, before: Latencies | None) -> str:
    head = Markup('<div><b style="{}">{}</b> <small>{}</small></div>').format(
        MONO, one_line(now.request, 200), _counts(now)
    )
    cell = Markup('<{0} style="text-align:right;padding:.15em .9em;white-space:nowrap">{1}</{0}>')
    rows = [joined(cell.format("th", title) for title in ("", *_times(now), ""))]
    for name, latencies in (("now" if before else "", now), *([("before", before)] if before is not None else [])):
        lengths = map(_length, _times(latencies).values())
        rows.append(joined(cell.format("td", text) for text in (name, *lengths, f"{latencies.rate:,.0f} requests/s")))
    titles, *body = (Markup("<tr>{}</tr>").format(row) for row in rows)
    table = Markup('<table style="border-collapse:collapse;margin:.4em 0">{}{}</table>').format(titles, joined(body))
    parts = [head, _histogram(now), table]
    if now.errors:
        parts.append(quiet(f"✗ {now.errors:,} failed. See one of them:  %http {one_line(now.request, 200)}"))
    return output(*parts)


def _histogram(now: Latencies) -> Markup:
    """Columns for the steps of time; those past the 95th percentile in another colour."""
    bins = now.histogram()
    most = max(count for _, _, count in bins)
    slow = now.percentile(95)
    bar = Markup(
        '<div title="{}" style="flex:1;height:{:.2f}%;min-height:1px;background:{};border-radius:2px 2px 0 0"></div>'
    )
    columns = []
    for begin, end, count in bins:
        title = f"{_length(begin)} to {_length(end)}: {count:,}"
        columns.append(bar.format(title, 100 * count / most, _SLOW if begin >= slow else _COLOUR))
    return Markup(
        '<div style="max-width:36em;margin:.5em 0"><div style="display:flex;align-items:flex-end;gap:2px;height:6em;'
        'border-bottom:{}">{}</div><div style="display:flex;justify-content:space-between"><small>{}</small>'
        "<small>{}</small></div></div>"
    ).format(LINE, joined(columns), _length(bins[0][0]), _length(bins[-1][1]))


def _length(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms" if seconds < 0.001 else f"{seconds * 1000:.2f} ms"
