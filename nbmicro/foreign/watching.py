"""Who watches a request in the thread that asks, watches it in the thread that answers."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any


class Watch:
    """The watching functions of the thread that makes this; none where nobody watches."""

    def __init__(self) -> None:
        self._profile: Callable[..., Any] | None = sys.getprofile()
        trace: Callable[..., Any] | None = sys.gettrace()
        # A debugger's or a coverage tool's trace function belongs to its thread.
        watcher = getattr(self._profile, "__self__", None)
        self._trace = trace if watcher is not None and getattr(trace, "__self__", None) is watcher else None

    @contextmanager
    def here(self) -> Iterator[None]:
        """Watch what this thread does."""
        if self._profile is None:
            yield
            return
        self._begin()
        try:
            yield
        finally:
            self._end()

    @asynccontextmanager
    async def in_loop(self) -> AsyncIterator[None]:
        """Watch what this event loop's thread does, and the thread of AnyIO's pool that is the next to be used.

        A plain function that handles requests in an async framework runs there, and the pool keeps its threads. It
        gives work to the one that was used last.
        """
        pool = sys.modules.get("anyio.to_thread")
        if self._profile is None:
            yield
            return
        if pool is not None:
            await pool.run_sync(self._begin)
        self._begin()
        try:
            yield
        finally:
            self._end()
            if pool is not None:
                await pool.run_sync(self._end)

    def _begin(self) -> None:
        if self._trace is not None:
            sys.settrace(self._trace)
        sys.setprofile(self._profile)

    def _end(self) -> None:
        sys.setprofile(None)
        if self._trace is not None:
            sys.settrace(None)
