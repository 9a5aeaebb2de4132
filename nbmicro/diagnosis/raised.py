"""An exception and the user's own code that raised it, and the table of hints by the kind of the exception."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable
from functools import cached_property
from traceback import walk_tb
from types import FrameType
from typing import Any

from nbmicro.diagnosis.user_code import users_frames

#: What a handler does that would ask at the keyboard.
FROM_REQUEST = 'Take the value from the request, such as  request.args["name"]'


class Raised:
    """An exception, and the user's own code that raised it."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        try:
            self.message = str(error)
        except Exception:
            # Somebody's __str__ that fails itself.
            self.message = ""
        #: What the exception is about: a name, a module, the object that lacks an attribute.
        self.name: Any = getattr(error, "name", None)
        self.obj: Any = getattr(error, "obj", None)
        #: All frames that it passed through, the outermost first.
        self.frames = [frame for frame, _ in walk_tb(error.__traceback__)]
        #: The innermost frame of the user's own; None where there is none.
        frames: list[tuple[FrameType | None, int]] = [(None, 0), *users_frames(error)]
        self.frame, self._line_number = frames[-1]

    @cached_property
    def line(self) -> str:
        """The line of the user's own."""
        if self.frame is None:
            return ""
        return linecache.getline(self.frame.f_code.co_filename, self._line_number, self.frame.f_globals)

    @cached_property
    def words(self) -> set[str]:
        return set(re.findall(r"\w+", self.line))

    @cached_property
    def names(self) -> dict[str, Any]:
        """What the names of that line mean there."""
        return {**self.frame.f_globals, **self.frame.f_locals} if self.frame is not None else {}

    @property
    def in_function(self) -> bool:
        return self.frame is not None and self.frame.f_locals is not self.frame.f_globals


Hint = Callable[[Raised], str | None]
#: By the name of an exception's class: its hints, the first that has something to say counts.
HINTS: dict[str, list[Hint]] = {}


def hint(*kinds: str) -> Callable[[Hint], Hint]:
    """A hint for exceptions of these kinds; None where it has nothing to say."""

    def register(hint: Hint) -> Hint:
        for kind in kinds:
            HINTS.setdefault(kind, []).append(hint)
        return hint

    return register
