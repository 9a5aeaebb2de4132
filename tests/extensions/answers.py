"""Answers of a test client as they are compared: what differs from run to run on one side already is masked."""

from __future__ import annotations

import re
from typing import Any

VARYING = (
    (re.compile(r"\b0x[0-9a-f]{6,}"), "0x…"),
    (re.compile(r"(session=)[\w.-]+"), r"\1…"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r'(state=|"sid":"|requestid: )[\w-]+'), r"\1…"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "DATE"),
)


def told(response: Any, with_body: bool = True) -> list[Any]:
    """What was asked, the status, the headers in order of name, the body."""
    body = response.get_data().decode("utf-8", "replace") if with_body else ""
    headers = sorted(
        # The methods allowed come in the order of a set.
        f"{name}: {', '.join(sorted(value.split(', '))) if name == 'Allow' else value}"
        for name, value in response.headers
        if with_body or name != "Content-Length"
    )
    request = response.request
    return [f"{request.method} {request.path}", response.status, mask("\n".join(headers)), mask(body)]


def mask(text: str) -> str:
    for pattern, stands in VARYING:
        text = pattern.sub(stands, text)
    return text


def ask(app: Any, asked: str, with_body: bool) -> list[Any]:
    """The answers to requests, a line each: ``# POST /path {"name": "x"}``."""
    client, answers = app.test_client(), []
    for line in asked.splitlines():
        method, path, *json = line.removeprefix("# ").split(" ", 2)
        body = {"data": json[0], "content_type": "application/json"} if json else {}
        with client.open(path, method=method, **body) as response:
            answers.append(told(response, with_body))
    return answers
