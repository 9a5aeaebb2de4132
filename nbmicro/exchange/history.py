"""The last exchanges, oldest first, never more than a fixed number."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import overload

from nbmicro.exchange.exchange import Exchange

#: Exchanges that are kept.
HISTORY_LIMIT = 100


class History:
    """The last exchanges, from whoever sent them; safe to fill from several threads.

    Parameters
    ----------
    limit:
        How many are kept; an older one is let go, and with it its spooled body.
    """

    def __init__(self, limit: int = HISTORY_LIMIT) -> None:
        self._kept: deque[Exchange] = deque(maxlen=limit)
        # A deque's append is atomic, so is a copy of it; no lock is needed.
        self.add = self._kept.append

    def clear(self) -> None:
        """Forget them all."""
        self._kept.clear()

    def replace(self, old: Exchange, new: Exchange) -> None:
        """Put ``new`` where ``old`` stands (the same exchange with its checks); nothing happens when it is gone."""
        for index, kept in enumerate(tuple(self._kept)):
            if kept is old:
                self._kept[index] = new
                return

    @overload
    def __getitem__(self, index: int) -> Exchange: ...
    @overload
    def __getitem__(self, index: slice) -> list[Exchange]: ...
    def __getitem__(self, index: int | slice) -> Exchange | list[Exchange]:
        return list(self._kept)[index]

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def __bool__(self) -> bool:
        return bool(self._kept)

    def __repr__(self) -> str:
        return f"<History of {len(self)} exchanges>"
