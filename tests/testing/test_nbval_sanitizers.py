"""The sanitizers mask what may differ from run to run, and nothing else."""

from __future__ import annotations

import re

import pytest
from nbval.plugin import get_sanitize_patterns

from nbmicro.testing import NBVAL_SANITIZE


def sanitized(text: str) -> str:
    """`text` as nbval compares it."""
    for pattern, replacement in get_sanitize_patterns(NBVAL_SANITIZE.read_text("utf-8")):
        text = re.sub(pattern, replacement, text)
    return text


@pytest.mark.parametrize(
    ("one_run", "another"),
    [
        ("Serving app at http://127.0.0.1:5000/  Stop: %serve", "Serving app at http://127.0.0.1:5001/  Stop: %serve"),
        ('<a href="/user/ada/proxy/5000/">', '<a href="/user/bob/proxy/5003/">'),
        ("/user/ada-x1/server-a/proxy/5000/", "/user/ada-y2/server-b/proxy/5000/"),
        ("p50 1.2 ms  p99 14 ms", "p50 0.9 ms  p99 22.25 ms"),
        ("handler 310 µs", "handler 99 us"),
    ],
)
def test_ports_users_and_durations_may_differ(one_run: str, another: str) -> None:
    assert one_run != another
    assert sanitized(one_run) == sanitized(another)


@pytest.mark.parametrize(
    "text",
    [
        "GET /users/12 → 200 OK · application/json",
        '{"id": 5000, "port": "http://example.org:8080/", "width": "12 m"}',
        "Location: /user/ada",
        "POST /sum → sum_post",
        "404 GET /helo/Ada: no route answers it.",
    ],
)
def test_what_an_exchange_says_is_compared_as_it_stands(text: str) -> None:
    assert sanitized(text) == text
