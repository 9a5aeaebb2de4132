"""Which lines of a function ran, how often, and how long."""

from __future__ import annotations

import linecache
from time import perf_counter
from types import CodeType, FrameType
from typing import Any

from nbmicro.exchange.records import LineRun

#: Lines of one function that are kept.
LINE_LIMIT = 60


class LineWatch:
    """What happened in one call of a function: the local trace function of its frame.

    Parameters
    ----------
    code:
        Of the function.
    """

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self._runs: dict[int, list[Any]] = {}
        self._at: int | None = None
        self._since = 0.0
        self._failed_at: int | None = None
        self.failed = ""

    def __call__(self, frame: FrameType, event: str, argument: Any) -> LineWatch:
        now = perf_counter()
        self._leave(now)
        if event == "line":
            self.failed = ""  # an exception that was caught
            self._at, self._since = frame.f_lineno, now
            self._runs.setdefault(frame.f_lineno, [0, 0.0])[0] += 1
        elif event == "exception":
            self.failed, self._failed_at = argument[0].__name__, frame.f_lineno
            self._at, self._since = frame.f_lineno, now
            self._runs.setdefault(frame.f_lineno, [1, 0.0])
        return self

    def _leave(self, now: float) -> None:
        if self._at is not None:
            self._runs[self._at][1] += now - self._since
            self._since = now

    def rest(self) -> None:
        """The function waits (an ``await``, a ``yield``): that time is no line's."""
        self._leave(perf_counter())
        self._at = None

    def lines(self) -> tuple[LineRun, ...]:
        """The function's lines as they stand, from its first to its last."""
        numbers = {number for _, _, number in self._code.co_lines() if number}
        last_of_inner = [
            number
            for constant in self._code.co_consts
            if isinstance(constant, CodeType)
            for _, _, number in constant.co_lines()
            if number
        ]
        first, last = min(numbers, default=0), max([*numbers, *last_of_inner], default=-1)
        found = []
        for number in range(first, min(last, first + LINE_LIMIT - 1) + 1):
            count, duration = self._runs.get(number, (0, 0.0))
            failed = self.failed if number == self._failed_at else ""
            text = linecache.getline(self._code.co_filename, number).rstrip()
            found.append(LineRun(number, text, count, duration, failed))
        return tuple(found) if any(line.text for line in found) else ()
