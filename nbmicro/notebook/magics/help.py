"""``--help`` for every magic: the text that ``%name?`` shows."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def asks_for_help(line: str, magic: Callable[..., Any]) -> bool:
    """Whether a line is ``--help`` or ``-h``; if so, the magic's help is printed."""
    if line.strip() not in ("--help", "-h"):
        return False
    print(inspect.cleandoc(magic.__doc__ or ""))
    return True
