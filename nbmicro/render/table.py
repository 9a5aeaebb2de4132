"""A body that is a table: records in JSON or in lines of JSON, comma-separated values, server-sent events."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from nbmicro.printable import one_line, plain
from nbmicro.render.markup import MONO, joined, quiet

#: Columns and rows above which a body is no table for a reader.
COLUMNS = 12
#: Characters of a cell that are shown.
CELL = 120


class _Number(str):
    """A number of JSON as it was written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under names. A cell is a text, a number, None for one that is not there."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    open_end: bool = False


def read_records(text: str, *, by_line: bool = False) -> Table | None:
    """A JSON array of flat objects (with ``by_line`` a text of one object a line) as a table; None for other JSON."""
    try:
        if by_line:
            values: Any = [_loads(line) for line in text.splitlines() if line.strip()]
        else:
            values = _loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        return None
    if not values or not isinstance(values, list):
        return None
    names: dict[str, None] = {}
    for value in values:
        if not isinstance(value, dict) or any(isinstance(one, (dict, list)) for one in value.values()):
            return None
        names.update(dict.fromkeys(value))
        if len(names) > COLUMNS:
            return None
    if not names:
        return None
    rows = [tuple(_cell(value[name]) if name in value else None for name in names) for value in values]
    return Table(tuple(names), tuple(rows))


def read_separated(text: str, delimiter: str, *, open_end: bool = False) -> Table | None:
    """Separated values (RFC 4180) with a first line of names as a table; None where the rows are of unequal length."""
    lines = text.split("\n")[:-1] if open_end else text.splitlines(keepends=True)
    try:
        rows = [tuple(row) for row in csv.reader(lines, delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return None
    if len(rows) < 2 or not 1 < len(rows[0]) <= COLUMNS or any(len(row) != len(rows[0]) for row in rows):
        return None
    return Table(rows[0], tuple(tuple(_text_or_number(cell) for cell in row) for row in rows[1:]), open_end)


def read_events(text: str, *, open_end: bool = False) -> Table | None:
    """A stream of server-sent events (HTML standard, section 9.2) as a table of events; None where there is none."""
    events: list[dict[str, str]] = []
    *blocks, last = text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
    for block in [*blocks, last] if not open_end else blocks:
        event: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                event["data"] = f"{event['data']}\n{value}" if "data" in event else value
            elif name in {"event", "id"}:
                event[name] = value
        if "data" in event:
            events.append(event)
    names = [name for name in ("id", "event", "data") if any(name in event for event in events)]
    rows = tuple(tuple(event.get(name) for name in names) for event in events)
    return Table(tuple(names), rows, open_end) if rows else None


def draw_table(table: Table, count: int) -> Markup:
    """The first ``count`` rows as a table, and how many more there are."""
    shown = table.rows if len(table.rows) <= count + 1 else table.rows[:count]
    head = Markup("").join(
        Markup('<th style="text-align:{}">{}</th>').format(*_head(table, at)) for at in _places(table)
    )
    lines = [Markup("<tr>{}</tr>").format(Markup("").join(_drawn(cell) for cell in row)) for row in shown]
    box = Markup('<div style="overflow-x:auto;margin:.3em 0"><table style="margin:0"><tr>{}</tr>\n{}</table></div>')
    drawn = box.format(head, joined(lines))
    more = len(table.rows) - len(shown)
    if not more and not table.open_end:
        return drawn
    said = (
        f"more than {more:,} more rows" if table.open_end and more else f"{more:,} more rows" if more else "more rows"
    )
    return joined([drawn, quiet(f"… {said}")])


def _places(table: Table) -> range:
    return range(len(table.columns))


def _head(table: Table, at: int) -> tuple[str, str]:
    cells = [row[at] for row in table.rows[:20] if row[at] is not None]
    numbers = bool(cells) and all(isinstance(cell, _Number) for cell in cells)
    return ("right" if numbers else "left"), one_line(table.columns[at], CELL)


def _drawn(cell: Any) -> Markup:
    if cell is None:
        return Markup("<td></td>")
    if isinstance(cell, _Number):
        return Markup('<td style="text-align:right">{}</td>').format(one_line(cell, CELL))
    if isinstance(cell, str):
        lines = [one_line(line, CELL) for line in plain(cell).split("\n")]
        return Markup('<td style="text-align:left;white-space:pre-wrap">{}</td>').format("\n".join(lines[:20]))
    return Markup('<td style="text-align:left;opacity:.75;{}">{}</td>').format(MONO, json.dumps(cell[0]))


def _cell(value: Any) -> Any:
    """A text or number as it is; true, false and null in a tuple, which tells null from a cell that is not there."""
    return value if isinstance(value, str) else (value,)


def _text_or_number(cell: str) -> str:
    return _Number(cell) if cell.strip().lstrip("-").replace(".", "", 1).isdecimal() else cell


def _loads(text: str) -> Any:
    return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
