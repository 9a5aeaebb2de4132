"""JSON as a tree that folds: nested ``<details>`` in one ``<pre>``, whose text is the JSON as it is laid out.

No value is read, so numbers, order and twice-given names stay as they were sent, and a document of any depth is
drawn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from nbmicro.printable import cut_line
from nbmicro.render.highlight import marked_json
from nbmicro.render.markup import LINE, quiet

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
        The size of the whole body in words, for the remark that something is missing.
    open_end:
        Whether the document goes on behind the last line.
    """
    kept = _within_limits(lines)
    nodes = _parse([cut_line(line) for line in kept])
    _unfold(nodes, budget)
    box = Markup('<pre style="{}">{}</pre>').format(_BOX, Markup("").join(_drawn(nodes, len(nodes))))
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
    if any(isinstance(one, (_Node, _Short)) for one in node.members):
        return None
    text = f"{node.first}{' '.join(str(one).strip() for one in node.members)}{node.last.strip()}"
    return _Short(text) if len(text.strip()) <= COMPACT else None


def _unfold(top: list[_Node | str], budget: int) -> None:
    """Open what fits into the budget of lines, level by level; of a long array the first members are seen."""
    waiting = deque(node for node in top if isinstance(node, _Node))
    room = budget - 2 * len(waiting)
    while waiting:
        node = waiting.popleft()
        lines = [2 if isinstance(one, _Node) else 1 for one in node.members[: budget + 1]]
        total = sum(lines)
        if total > room and node.depth and room < 8:
            continue
        node.shown = len(node.members)
        if total > room:
            # Half of the room is left for what is inside the members, where there is anything.
            free = max(room // 2 if 2 in lines else room, 5)
            node.shown = max(next((at for at in range(len(lines)) if sum(lines[: at + 1]) > free), len(lines)), 1)
        room -= sum(lines[: node.shown])
        waiting.extend(one for one in node.members[: node.shown] if isinstance(one, _Node))


def _drawn(members: Sequence[_Node | str], shown: int) -> Iterator[Markup]:
    """The members one after the other, those behind the first ``shown`` folded together."""
    if len(members) <= shown + 2:
        shown = len(members)
    for one in members[:shown]:
        if isinstance(one, str):
            yield marked_json(one) + "\n"
        elif one.depth > TREE_DEPTH:
            yield escape("\n".join(_flat(one)) + "\n")
        else:
            yield from _folding(one)
    if shown < len(members):
        yield Markup("<details>{}<small>… {} more</small>\n</summary>").format(_SUMMARY, f"{len(members) - shown:,}")
        yield from _drawn(members[shown:], len(members))
        yield Markup("</details>")


def _folding(node: _Node) -> Iterator[Markup]:
    count = len(node.members)
    said = "" if node.shown else Markup(' <small style="opacity:.65">{}</small>').format(f"{count:,}")
    state = Markup(" open") if node.shown else ""
    yield Markup("<details{}>{}{}{}\n</summary>").format(state, _SUMMARY, marked_json(node.first), said)
    yield from _drawn(node.members, node.shown or count)
    yield Markup("</details>{}\n").format(node.last) if node.last else Markup("</details>")


def _flat(node: _Node) -> Iterator[str]:
    """The lines of a node that does not fold, without recursion."""
    waiting: list[_Node | str] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
            continue
        yield one.first
        waiting += [one.last] * bool(one.last) + one.members[::-1]
