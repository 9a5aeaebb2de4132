"""The values of cells that are exchanges, as `Out` keeps them."""

from __future__ import annotations

from collections import deque
from typing import Any

from nbmicro.exchange.exchange import HISTORY_LIMIT


class KeptValues:
    """Lets `Out` keep no more exchanges than a history does; IPython itself drops its oldest values by the thousand.

    Parameters
    ----------
    shell:
        The running ``InteractiveShell``.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        #: The numbers of the cells, and how many exchanges the value of each is.
        self._kept: deque[tuple[int, int]] = deque()
        self._size = 0

    def add(self, number: int | None, size: int) -> None:
        """Note how many exchanges the value of a cell is, and drop the oldest where there are too many.

        The newest is kept however many it is, in `_` as in `Out`.
        """
        if not size or number is None:
            return
        self._kept.append((number, size))
        self._size += size
        while self._size > HISTORY_LIMIT and len(self._kept) > 1:
            old, size = self._kept.popleft()
            self._size -= size
            self._shell.user_ns.get("_oh", {}).pop(old, None)
            # IPython forgets the table of hidden names where it drops one.
            for names in (self._shell.user_ns, self._shell.user_ns_hidden):
                names.pop(f"_{old}", None)
