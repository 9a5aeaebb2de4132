"""Measuring side by side: contenders take turns, round after round, so that a slow moment hits all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

__all__ = ["Contender", "Figures", "race"]


@dataclass(frozen=True)
class Contender:
    """Somebody to be measured.

    Parameters
    ----------
    name:
        Its column.
    work:
        What is timed: called once for each thing of ``supply``.
    supply:
        Makes ``count`` things for it, outside the measured time; None for work that needs none.
    """

    name: str
    work: Callable[[Any], object]
    supply: Callable[[int], list[Any]] = lambda count: [None] * count


class Figures:
    """The seconds that each contender took in each round, for one piece of work."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def add(self, name: str, seconds: float) -> None:
        """Note one round."""
        self.seconds.setdefault(name, []).append(seconds)

    def median(self, name: str) -> float | None:
        """The median, in seconds; None for who did not take part."""
        return median(self.seconds[name]) if name in self.seconds else None

    def ratio(self, name: str, base: str) -> float | None:
        """How many times quicker than ``base``: the median of the rounds' own ratios."""
        if name not in self.seconds or base not in self.seconds:
            return None
        pairs = zip(self.seconds[base], self.seconds[name], strict=True)
        return median(slow / quick for slow, quick in pairs)


def race(contenders: list[Contender], *, rounds: int, slice_seconds: float) -> Figures:
    """Measure the contenders in turns.

    The clock is the thread's own CPU time: what else runs on the machine takes time from all, but is not counted.

    Parameters
    ----------
    rounds:
        How often each has its turn.
    slice_seconds:
        How long a turn lasts, about.
    """
    counts = {one.name: _count_for(one, slice_seconds) for one in contenders}
    figures = Figures()
    for number in range(rounds):
        start = number % len(contenders)
        for one in contenders[start:] + contenders[:start]:
            figures.add(one.name, _timed(one, counts[one.name]))
    return figures


def _timed(one: Contender, count: int) -> float:
    things = one.supply(count)
    work = one.work
    gc.collect()
    begin = time.thread_time()
    for thing in things:
        work(thing)
    return (time.thread_time() - begin) / count


def _count_for(one: Contender, slice_seconds: float) -> int:
    """How often the work fits into a slice; finding it out warms the contender up."""
    count = 20
    while True:
        each = _timed(one, count)
        if each * count >= slice_seconds / 4 or count > 100_000:
            return max(1, round(slice_seconds / max(each, 1e-8)))
        count *= 4
