"""What is wrong with a JSON text is said in the same words, at the same place, with every version of Python."""

from __future__ import annotations

import json

import pytest

from nbmicro.http.messages import json_error


@pytest.mark.parametrize(
    ("text", "older", "newer", "fault"),
    [
        (
            "[1, 2,\n]",
            ("Expecting value", 7),
            ("Illegal trailing comma before end of array", 5),
            "a comma stands behind the last element",
        ),
        (
            '{"a": 1 , }',
            ("Expecting property name enclosed in double quotes", 10),
            ("Illegal trailing comma before end of object", 8),
            "a comma stands behind the last member",
        ),
    ],
)
def test_a_comma_too_many_is_pointed_at(text: str, older: tuple[str, int], newer: tuple[str, int], fault: str) -> None:
    place = text.rindex(",")
    for message, position in (older, newer):
        assert json_error(text, json.JSONDecodeError(message, text, position)) == (place, fault)


@pytest.mark.parametrize(
    ("text", "place", "fault"),
    [
        ('{"a": 1,}', 7, "a comma stands behind the last member"),
        ("[1,]", 2, "a comma stands behind the last element"),
        ("{'a': 1}", 1, 'names and texts stand in double quotes, "…"'),
        ('{"a": [1', 8, "it ends too early"),
        ('{"a" 1}', 5, "Expecting ':' delimiter"),
    ],
)
def test_this_pythons_own_errors_are_read(text: str, place: int, fault: str) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    assert json_error(text, caught.value) == (place, fault)
