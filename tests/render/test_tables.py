"""What is a table is shown as one, with its source beside it; what only looks like one is shown as it came."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from tests.support.apps import made, render_html


def _rows(body: str, media_type: str = "application/json") -> list[list[str]]:
    """The cells of the table that is drawn; none where there is no table."""
    html = render_html(made(body, media_type=media_type))
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [[unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]


def test_records_in_json_are_a_table_with_their_json_folded_behind_it() -> None:
    body = json.dumps([{"id": 1, "name": "Ada <L>", "active": True}, {"id": 2, "name": None, "born": 1906.50}])
    assert _rows(body) == [["id", "name", "active", "born"], ["1", "Ada <L>", "true", ""], ["2", "null", "", "1906.5"]]
    html = render_html(made(body, media_type="application/json"))
    assert html.index("<table") < html.index("<small>JSON</small>") < html.index('"name": ')


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "[1, 2]",
        "[{}]",
        '[{"a": 1}, 2]',
        '[{"a": [1]}]',
        '{"a": 1}',
        json.dumps([{str(i): i for i in range(30)}]),
        '[{"a": 1}',
    ],
)
def test_other_json_is_no_table(body: str) -> None:
    assert _rows(body) == []


def test_comma_separated_values_are_a_table() -> None:
    assert _rows('city,people\r\n"Nice, FR",342000\r\nParis,\r\n', "text/csv") == [
        ["city", "people"],
        ["Nice, FR", "342000"],
        ["Paris", ""],
    ]


@pytest.mark.parametrize("body", ["one column\n1\n", "a,b\n1,2,3\n", 'a,b\n"1,2\n', "a,b\n", ""])
def test_separated_values_that_fit_no_table_are_text(body: str) -> None:
    assert _rows(body, "text/csv") == []


def test_server_sent_events_are_a_table_of_events() -> None:
    body = 'retry: 3000\n\nid: 1\nevent: tick\ndata: {"n": 1}\n\n: a comment\n\ndata: one\ndata: two\n\n'
    assert _rows(body, "text/event-stream") == [
        ["id", "event", "data"],
        ["1", "tick", '{"n": 1}'],
        ["", "", "one\ntwo"],
    ]


def test_lines_of_json_are_a_table() -> None:
    assert _rows('{"a": 1}\n{"a": 2}\n', "application/x-ndjson") == [["a"], ["1"], ["2"]]


def test_a_long_table_is_cut_and_says_so() -> None:
    html = render_html(made(json.dumps([{"id": i} for i in range(300)]), media_type="application/json"))
    assert html.count("<tr>") == 41
    assert "… 260 more rows" in html
