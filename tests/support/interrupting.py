"""Interrupts at each bytecode of nbmicro's: what a cell does is done again and again, and stopped at another place."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import nbmicro

_ROOT = str(Path(nbmicro.__file__).parent)

#: A place of bytecode: the file, the function and its first line, and the offset in its code.
Place = tuple[str, str, int, int]


class Interrupter:
    """Traces the frames of some of nbmicro's packages in this thread.

    Parameters
    ----------
    packages:
        Those whose bytecodes count, as ``web/ledger`` or ``server``; all of them by default.
    """

    def __init__(self, *packages: str) -> None:
        self._folders = tuple(f"{_ROOT}/{package}" for package in packages or ("",))

    def places(self, act: Callable[[], object]) -> list[Place]:
        """Each place that ``act`` comes by, once."""
        seen: dict[Place, None] = {}
        self._trace(act, seen.setdefault)
        return list(seen)

    def interrupt(self, place: Place, act: Callable[[], object]) -> bool:
        """Do ``act``, with a KeyboardInterrupt at a place when it is reached first; false where it was not."""
        reached: list[Place] = []

        def visit(here: Place) -> None:
            if here == place and not reached:
                reached.append(place)
                raise KeyboardInterrupt

        self._trace(act, visit)
        return bool(reached)

    def _trace(self, act: Callable[[], object], visit: Callable[[Place], object]) -> None:
        def enter(frame: FrameType, event: str, _: Any) -> Any:
            if not frame.f_code.co_filename.startswith(self._folders):
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            return step

        def step(frame: FrameType, event: str, _: Any) -> Any:
            if event == "opcode" and frame.f_lasti not in _between(frame.f_code):
                code = frame.f_code
                visit((code.co_filename, code.co_qualname, code.co_firstlineno, frame.f_lasti))
            return step

        before = sys.gettrace()
        sys.settrace(enter)
        try:
            act()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)


@cache
def _between(code: CodeType) -> frozenset[int]:
    """The offsets at which a ``with`` block has ended and its ``__exit__`` is about to be called: an exception raised
    there would leave any lock locked. Python takes no interrupt there, but behind calls, at jumps back and at a
    function's begin."""
    steps = list(dis.get_instructions(code))
    between: set[int] = set()
    for at, step in enumerate(steps):
        nones = steps[at : at + 3]
        if [(one.opname, one.argval) for one in nones] != [("LOAD_CONST", None)] * 3:
            continue
        calls = [one for one in steps[at + 3 : at + 5] if one.opname in ("PRECALL", "CALL")]
        before = steps[at - 1] if at and steps[at - 1].opname == "SWAP" else step
        between |= {one.offset for one in (before, *nones, *calls)}
    return frozenset(between)


def thinned(places: list[Place], most: int, seed: int) -> Iterator[Place]:
    """At most so many of the places, spread over all of them; another seed gives others."""
    step = max(1, -(-len(places) // most))
    yield from places[seed % step :: step]
