"""Python values as text and as JSON.

What lives here: the two writings on which every place of a request builds. What must not: where they stand
(``writing.py``).
"""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

from nbmicro.exchange.form import field_text
from nbmicro.exchange.variables import FileText

__all__ = ["json_text", "plain_text"]


def plain_text(value: object) -> str:
    """A value as text: as JSON where it is a list or dict, true and false in lower case, else ``str``."""
    if isinstance(value, (dict, list)):
        try:
            return json_text(value)
        except (TypeError, ValueError):
            return str(value)
    return field_text(value)


def json_text(value: object) -> str:
    """A value as JSON (RFC 8259); TypeError or ValueError if it has none."""
    if isinstance(value, FileText):
        try:
            json.loads(value)
        except ValueError:
            return json.dumps(str(value), ensure_ascii=False)
        return str(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_jsonable)


def _jsonable(value: Any) -> object:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal, PurePath)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "tolist"):
        # numpy's and pandas' values, scalars and arrays alike.
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is not JSON")
