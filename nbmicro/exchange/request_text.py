"""Parts of a request that a person writes as plain text in a field: JSON, headers, names and values.

What lives here: reading them, each error with its line. What must not: the request language of cells.
"""

from __future__ import annotations

import json
import re
from typing import Any

from nbmicro.errors import RequestError
from nbmicro.exchange.json_faults import json_fault

__all__ = ["checked_json", "header_lines", "value_lines"]

_STRING = re.compile(r'"(?:\\.|[^"\\])*"')


def checked_json(text: str) -> str:
    """The text, if it is JSON (RFC 8259).

    Raises nbmicro.errors.RequestError, which names the line and the column, where it is not.
    """

    def refuse(word: str) -> Any:
        outside = _STRING.sub(lambda found: " " * len(found[0]), text)
        at = outside.index(word)
        raise json.JSONDecodeError(f"{word} is no value of JSON", text, at)

    try:
        json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        pos, why = json_fault(text, error)
        place = json.JSONDecodeError("", text, pos)
        raise RequestError(f"this is not JSON: {_small(why)}.", line=place.lineno, column=place.colno) from None
    except RecursionError:
        raise RequestError("this JSON is nested too deeply.") from None
    return text


def header_lines(text: str) -> list[tuple[str, str]]:
    """Headers, one a line: ``Accept: text/csv``. Raises nbmicro.errors.RequestError for a line that is none."""
    return _pairs(text, ":", "the headers", "Accept: text/csv")


def value_lines(text: str, where: str) -> list[tuple[str, str]]:
    """Names and values, one a line: ``page=2``. Raises nbmicro.errors.RequestError for a line that is none."""
    return _pairs(text, "=", where, "page=2")


def _pairs(text: str, sign: str, where: str, example: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, given, value = line.partition(sign)
        if not given or not name.strip():
            raise RequestError(
                f"`{line.strip()}` is no name and value.", hint=f"As in  {example}", where=where, line=number
            )
        found.append((name.strip(), value.strip() if sign == ":" else value))
    return found


def _small(text: str) -> str:
    return text[:1].lower() + text[1:] if text.partition(" ")[0][1:].islower() else text
