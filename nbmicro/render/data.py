"""Data as HTML: JSON as a tree that folds, records and separated values and server-sent events as a table.

The tree is nested ``<details>`` in one ``<pre>``, whose text is the JSON as it is laid out. No value is read for it, so
numbers, order and names that come twice stay as they were sent, and a document of any depth is drawn.
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from nbmicro.printable import cut_line, one_line, plain
from nbmicro.render.markup import LINE, MONO, joined, marked_json, quiet

#: Lines, and characters, of a document that are drawn.
TREE_LINES = 1000
TREE_LIMIT = 32 * 1024
#: Depth below which nothing folds any more; browsers flatten elements that are nested deeper than some hundreds.
TREE_DEPTH = 24
#: Characters of an object or array without others in it that stands in one line.
COMPACT = 72

_BOX = (
    f"margin:.3em 0;padding:.4em .7em .4em 1.6em;border:{LINE};border-radius:4px;overflow-x:auto;white-space:pre-wrap"
)
# The triangle hangs in the margin, so that the text keeps its columns.
_SUMMARY = Markup('<summary style="list-style-position:outside;cursor:pointer">')


@dataclass(slots=True)
class _Node:
    """An object or array: its first line, what is in it, its last line, and how deep it is."""

    first: str
    depth: int
    members: list[_Node | str] = field(default_factory=list)
    last: str = ""
    #: How many of the members are seen when it is open; 0 while it is closed.
    shown: int = 0


class _Short(str):
    """An object or array that stands in one line."""

    __slots__ = ()


def draw_tree(lines: Sequence[str], budget: int, size: str, *, open_end: bool = False) -> Markup:
    """The document in a box, folded so that about ``budget`` lines are seen.

    Parameters
    ----------
    lines:
        The document laid out, a member to a line.
    size:
        The size of the whole body in words, for the note that something is missing.
    open_end:
        Whether the document goes on behind the last line.
    """
    kept = _within_limits(lines)
    nodes = _parse([cut_line(line) for line in kept])
    _unfold(nodes, budget)
    box = Markup('<pre style="{}">{}</pre>').format(_BOX, Markup("").join(_drawn_members(nodes, len(nodes))))
    if len(kept) == len(lines) and not open_end:
        return box
    more = "more" if open_end else f"{len(lines) - len(kept):,} more lines"
    return Markup("{}\n{}").format(box, quiet(f"… {more}, not shown here ({size})"))


def _within_limits(lines: Sequence[str]) -> Sequence[str]:
    room = TREE_LIMIT
    for index, line in enumerate(lines[:TREE_LINES]):
        room -= min(len(line), 1000)
        if room < 0:
            return lines[:index]
    return lines[:TREE_LINES]


def _parse(lines: Sequence[str]) -> list[_Node | str]:
    """The lines as a tree; brackets that do not match leave a tree too."""
    top: list[_Node | str] = []
    path: list[_Node] = []
    for line in lines:
        text = line.strip()
        members = path[-1].members if path else top
        if text.startswith(("}", "]")) and path:
            node = path.pop()
            node.last = line
            members = path[-1].members if path else top
            short = _in_one_line(node) if path else None
            if short is not None:
                members[-1] = short
        elif text.endswith(("{", "[")):
            node = _Node(line, len(path))
            members.append(node)
            path.append(node)
        else:
            members.append(line)
    return top


def _in_one_line(node: _Node) -> str | None:
    """A short object or array of values alone in one line; None for any other."""
    if any(isinstance(member, (_Node, _Short)) for member in node.members):
        return None
    text = f"{node.first}{' '.join(str(member).strip() for member in node.members)}{node.last.strip()}"
    return _Short(text) if len(text.strip()) <= COMPACT else None


def _unfold(top: list[_Node | str], budget: int) -> None:
    """Open what fits into the budget of lines, level by level; of a long array the first members are seen."""
    waiting = deque(node for node in top if isinstance(node, _Node))
    room = budget - 2 * len(waiting)
    while waiting:
        node = waiting.popleft()
        lines = [2 if isinstance(member, _Node) else 1 for member in node.members[: budget + 1]]
        total = sum(lines)
        if total > room and node.depth and room < 8:
            continue
        node.shown = len(node.members)
        if total > room:
            # Half of the room is left for what is inside the members, where there is anything.
            free = max(room // 2 if 2 in lines else room, 5)
            node.shown = max(next((at for at in range(len(lines)) if sum(lines[: at + 1]) > free), len(lines)), 1)
        room -= sum(lines[: node.shown])
        waiting.extend(member for member in node.members[: node.shown] if isinstance(member, _Node))


def _drawn_members(members: Sequence[_Node | str], shown: int) -> Iterator[Markup]:
    """The members one after the other, those behind the first ``shown`` folded together."""
    if len(members) <= shown + 2:
        shown = len(members)
    for member in members[:shown]:
        if isinstance(member, str):
            yield marked_json(member) + "\n"
        elif member.depth > TREE_DEPTH:
            yield escape("\n".join(_flat(member)) + "\n")
        else:
            yield from _folding(member)
    if shown < len(members):
        yield Markup("<details>{}<small>… {} more</small>\n</summary>").format(_SUMMARY, f"{len(members) - shown:,}")
        yield from _drawn_members(members[shown:], len(members))
        yield Markup("</details>")


def _folding(node: _Node) -> Iterator[Markup]:
    count = len(node.members)
    size = "" if node.shown else Markup(' <small style="opacity:.65">{}</small>').format(f"{count:,}")
    state = Markup(" open") if node.shown else ""
    yield Markup("<details{}>{}{}{}\n</summary>").format(state, _SUMMARY, marked_json(node.first), size)
    yield from _drawn_members(node.members, node.shown or count)
    yield Markup("</details>{}\n").format(node.last) if node.last else Markup("</details>")


def _flat(node: _Node) -> Iterator[str]:
    """The lines of a node that does not fold, without recursion."""
    waiting: list[_Node | str] = [node]
    while waiting:
        member = waiting.pop()
        if isinstance(member, str):
            yield member
            continue
        yield member.first
        waiting += [member.last] * bool(member.last) + member.members[::-1]


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
        if not isinstance(value, dict) or any(isinstance(cell, (dict, list)) for cell in value.values()):
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
    lines = [Markup("<tr>{}</tr>").format(Markup("").join(_drawn_cell(cell) for cell in row)) for row in shown]
    box = Markup('<div style="overflow-x:auto;margin:.3em 0"><table style="margin:0"><tr>{}</tr>\n{}</table></div>')
    drawn = box.format(head, joined(lines))
    more = len(table.rows) - len(shown)
    if not more and not table.open_end:
        return drawn
    rest = (
        f"more than {more:,} more rows" if table.open_end and more else f"{more:,} more rows" if more else "more rows"
    )
    return joined([drawn, quiet(f"… {rest}")])


def _places(table: Table) -> range:
    return range(len(table.columns))


def _head(table: Table, at: int) -> tuple[str, str]:
    cells = [row[at] for row in table.rows[:20] if row[at] is not None]
    numbers = bool(cells) and all(isinstance(cell, _Number) for cell in cells)
    return ("right" if numbers else "left"), one_line(table.columns[at], CELL)


def _drawn_cell(cell: Any) -> Markup:
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
