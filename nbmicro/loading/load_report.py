"""What is said about a notebook once it is loaded: what ran, how long it took, and what was passed over."""

from __future__ import annotations

from dataclasses import dataclass

from nbmicro.loading.selection import Passed


@dataclass(frozen=True)
class LoadReport:
    """How the loading of a notebook went.

    Parameters
    ----------
    file:
        The notebook's file name.
    seconds:
        For each cell that ran, by number, how long it took.
    passed:
        The cells that were passed over.
    notes:
        Remarks about magics that were left out.
    """

    file: str
    seconds: dict[int, float]
    passed: tuple[Passed, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        count, total = len(self.seconds), sum(self.seconds.values())
        text = f"{self.file}: {count} {'cell' if count == 1 else 'cells'} ran in {_duration(total)}"
        slowest = max(self.seconds, key=self.seconds.__getitem__, default=0)
        if count > 1 and self.seconds[slowest] >= 1:
            text += f" (slowest: cell {slowest}, {_duration(self.seconds[slowest])})"
        if self.passed:
            text += f", {len(self.passed)} that only {'looks' if len(self.passed) == 1 else 'look'} passed over"
        return text


def _duration(seconds: float) -> str:
    if seconds >= 9.95:
        return f"{seconds:.0f} s"
    return f"{seconds:.1f} s" if seconds >= 0.95 else f"{seconds * 1000:.0f} ms"
