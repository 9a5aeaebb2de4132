"""An exchange as plain text: complete without any markup, the same in every run."""

from __future__ import annotations

from collections.abc import Sequence

from nbmicro.exchange.records import ExchangeRecord
from nbmicro.printable import excerpt, one_line, plain
from nbmicro.render.as_curl import as_curl, as_http
from nbmicro.render.kinds import body_lines, is_cut, kind_of
from nbmicro.render.options import RenderOptions
from nbmicro.render.summary import (
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
    size_words,
)
from nbmicro.render.trace import trace_text

_DEFAULT = RenderOptions()
#: Characters after which the line of checks that held is broken.
CHECKS_WIDTH = 100


def render_text(exchange: ExchangeRecord, options: RenderOptions = _DEFAULT) -> str:
    """Draw an exchange as text, without a line end at its end.

    The same exchange and options give the same text: no time, no address, no value that changes from run to run is in
    it unless it was asked for. Empty when ``options`` show nothing.
    """
    if options.silent:
        return ""
    return text_of(as_shown(exchange, options), options)


def text_of(exchange: ExchangeRecord, options: RenderOptions) -> str:
    """The text of an exchange as it may be shown."""
    lines: list[str] = []
    if "request" in options.show:
        lines += [*plain(as_http(exchange.request)).rstrip("\n").split("\n"), ""]
    if "curl" in options.show:
        lines += [*plain(as_curl(exchange.request)).split("\n"), ""]
    hops, more = hops_shown(exchange)
    lines += [_status_line(hop, options, on_the_way=True) for hop in hops]
    lines += [more] if more else []
    lines.append(_status_line(exchange, options))
    lines += [f"{name}: {value}" for name, value in head_fields(exchange, options)]
    if "trace" in options.show:
        lines += trace_text(exchange)
    if "body" in options.show and not body_is_told(exchange):
        lines += _body(exchange, options)
    if exchange.error is not None:
        lines += [line for _, text in error_lines(exchange.error) for line in text.split("\n")]
        lines += plain(exchange.error.hint).split("\n") if exchange.error.hint else []
    lines += _output(output_lines(exchange))
    hint = hint_text(exchange)
    lines += hint.split("\n") if hint else []
    lines += [f"Note: {plain(note)}" for note in exchange.notes]
    lines += _checks(exchange, options)
    return "\n".join(lines)


def _status_line(exchange: ExchangeRecord, options: RenderOptions, *, on_the_way: bool = False) -> str:
    said = "".join(f" · {word}" for word in remark(exchange, options, on_the_way=on_the_way))
    reason = f" {one_line(exchange.response.reason, 100)}" if exchange.response.reason else ""
    return f"{request_line(exchange)} → {exchange.status}{reason}{said}"


def _body(exchange: ExchangeRecord, options: RenderOptions) -> list[str]:
    response = exchange.response
    kind = kind_of(response)
    if kind == "none":
        return []
    if kind == "image":
        return [f"({one_line(response.media_type)}, {size_words(response)})"]
    cut = excerpt(body_lines(response), options.lines, open_end=is_cut(response.body) and kind != "binary")
    lines = list(cut.first)
    if kind == "binary":
        return [*lines, f"({one_line(response.media_type) or 'bytes'}, {size_words(response)})"]
    return [*lines, f"… {cut.more} ({size_words(response)})"] if cut.more else lines


def _output(parts: Sequence[tuple[str, list[str]]]) -> list[str]:
    lines = []
    for label, text in parts:
        lines += [f"{label if index == 0 else '':>7} │ {line}".rstrip() for index, line in enumerate(text)]
    return lines


def _checks(exchange: ExchangeRecord, options: RenderOptions) -> list[str]:
    held, failed = shown_checks(exchange, options)
    lines: list[str] = []
    row = ""
    for check in held:
        word = f"✓ {one_line(check.text, 200)}"
        if row and len(row) + len(word) > CHECKS_WIDTH:
            lines.append(row)
            row = ""
        row += f"  {word}" if row else word
    captured = ", ".join(captured_texts(exchange))
    if captured:
        row += f"     {captured}" if row else captured
    if row:
        lines.append(row)
    for check in failed:
        place, difference, note = check_words(check)
        words = [f"✗ {f'{place}   ' if place else ''}{one_line(check.text, 200)}", difference, note]
        lines.append("     ".join(word for word in words if word))
    return lines
