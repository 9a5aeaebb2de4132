"""File variables that read an answer, put behind the request that gives it: a notebook's cells run in order.

What lives here: which lines of a file move, and where to. What must not: the values of variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbmicro.exchange.environments import is_read
from nbmicro.exchange.import_lines import Numbered
from nbmicro.exchange.script_lines import DIRECTIVE, SEPARATOR, VARIABLE

__all__ = ["behind_answers", "changing_names", "reads_changing"]

_CHANGING = re.compile(r"\{\{\s*\$(?:guid|uuid|timestamp|datetime|localDatetime|randomInt)\b", re.IGNORECASE)


def behind_answers(lines: list[Numbered]) -> Iterator[tuple[int, str]]:
    """Move ``@token = {{login.response.body.$.token}}`` from above ``login`` to the request after it; tells of each."""
    named = {
        found[2]: index
        for index, one in enumerate(lines)
        if (found := DIRECTIVE.match(one.text)) and found[1] == "name" and found[2]
    }
    waits: dict[str, int] = {}
    moved: dict[int, list[Numbered]] = {}
    for index, one in enumerate(lines):
        variable = VARIABLE.match(one.text)
        if variable is None:
            continue
        given = [(name, at) for name, at in (*named.items(), *waits.items()) if at > index and is_read(name, one.text)]
        if not given:
            continue
        name, at = max(given, key=lambda pair: pair[1])
        behind = next((line for line in range(at + 1, len(lines)) if SEPARATOR.match(lines[line].text)), None)
        if behind is None:
            continue
        waits[variable[1]] = at
        moved.setdefault(behind, []).append(one)
        lines[index] = Numbered(one.number, "")
        yield one.number, f"`@{variable[1]}` stands behind `{name}`, which it reads."
    for behind in sorted(moved, reverse=True):
        lines[behind + 1 : behind + 1] = [Numbered(lines[behind].number, one.text) for one in moved[behind]]


def changing_names(lines: list[Numbered]) -> frozenset[str]:
    """The file variables that have another value in each run: ``@id = {{$guid}}``, and those that read one."""
    changing: set[str] = set()
    for one in lines:
        variable = VARIABLE.match(one.text)
        if variable and reads_changing(one.text, frozenset(changing)):
            changing.add(variable[1])
    return frozenset(changing)


def reads_changing(text: str, names: frozenset[str]) -> bool:
    """Whether a text has blanks whose values are others in each run; ``names`` are variables of that kind."""
    return _CHANGING.search(text) is not None or any(is_read(name, text) for name in names)
