"""What is wrong with a text that should be JSON (RFC 8259), in words and at its place."""

from __future__ import annotations

import json


def json_fault(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    """Where the fault is (an index of ``text``), and which it is, without a full stop."""
    before = text[: error.pos].rstrip()
    if error.msg.startswith("Illegal trailing comma"):  # so says Python from 3.13 on, and points at the comma
        return error.pos, f"a comma stands behind the last {'member' if error.msg.endswith('object') else 'element'}"
    if error.msg.startswith("Expecting property name") and before.endswith(","):
        return len(before) - 1, "a comma stands behind the last member"
    if error.msg.startswith("Expecting value") and text[error.pos : error.pos + 1] in "]}" and before[-1:] == ",":
        return len(before) - 1, "a comma stands behind the last element"
    if text[error.pos : error.pos + 1] == "'":
        return error.pos, 'names and texts stand in double quotes, "…"'
    if error.pos >= len(text.rstrip()):
        return error.pos, "it ends too early"
    return error.pos, error.msg
