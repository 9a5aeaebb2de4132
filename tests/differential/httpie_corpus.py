"""The lines of items in ``httpie_items.txt``, and what HTTPie makes of each, as it is kept in ``httpie_items.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.sent_requests import Sent, comparable

HERE = Path(__file__).parent
EXPECTED = HERE / "httpie_items.json"
#: What HTTPie says of itself, and of what it likes to be answered.
OWN = (
    ("user-agent", "HTTPie/.*"),
    ("accept", r"\*/\*|application/json, \*/\*;q=0\.5"),
    ("accept-encoding", "gzip, deflate.*"),
    ("host", "localhost:5000"),
)


@dataclass(frozen=True)
class ItemLine:
    """One line of the corpus; ``refused`` are words of nbmicro's refusal."""

    name: str
    text: str
    refused: str | None = None


def read_item_lines() -> dict[str, ItemLine]:
    """The lines by their names."""
    lines: dict[str, ItemLine] = {}
    for row in (HERE / "httpie_items.txt").read_text("utf-8").splitlines():
        if not row or row.startswith("#"):
            continue
        name, *refused, text = row.split(" | ")
        assert name not in lines, name
        lines[name] = ItemLine(name, text, refused[0].removeprefix("refused: ") if refused else None)
    return lines


def in_one_way(sent: Sent) -> Sent:
    """A request with its JSON written in one way; the order of members stays, and so does a member that comes twice."""
    headers = dict(sent.headers)
    # Two ways to write a blank of a query.
    sent = replace(sent, target=sent.target.replace("+", "%20"))
    if "json" not in headers.get("content-type", ""):
        # HTTPie names the charset of a form, which no server needs.
        media_type = headers.get("content-type", "").replace("; charset=utf-8", "")
        headers |= {"content-type": media_type} if media_type else {}
        return comparable(Sent(sent.method, sent.target, tuple(headers.items()), sent.body))
    value = json.loads(sent.body, object_pairs_hook=lambda pairs: {"": [*map(list, pairs)]}) if sent.body else None
    return Sent(sent.method, sent.target, tuple(headers.items()), json.dumps(value, ensure_ascii=False).encode())
