"""The life of one request, step by step, seen from outside: the core is watched and tells nothing of itself.

What lives here: a profile function that is in place for one request and notes where a framework calls the user's code
(hooks, the handler), and when templates are rendered. What must not: drawing. It slows the request down, so it is there
only when it is asked for.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from time import perf_counter
from types import CodeType, FrameType, TracebackType
from typing import Any

from jinja2 import Template

from nbmicro.exchange.parts import TraceStep
from nbmicro.exchange.places import is_users

__all__ = ["Tracer"]

#: Steps of one request that are kept.
STEP_LIMIT = 200

_RENDER = Template.render.__code__


class Tracer:
    """A context manager around one call of an app; afterwards :meth:`steps` has what was seen.

    Parameters
    ----------
    app:
        Of a Flask-shaped app it is known which function is a handler; of any other all are hooks.
    """

    def __init__(self, app: Any) -> None:
        self._handlers = _handlers_of(app)
        self._begin = self._end = 0.0
        # By frame: an async handler is left and entered again many times.
        self._seen: dict[FrameType, list[Any]] = {}
        self._before: Any = None
        self._before_in_threads: Any = None

    def __enter__(self) -> Tracer:
        self._before, self._before_in_threads = sys.getprofile(), threading.getprofile()
        # An async handler runs in a thread that begins after this.
        threading.setprofile(self._note)
        self._begin = perf_counter()
        sys.setprofile(self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.setprofile(self._before)
        self._end = perf_counter()
        threading.setprofile(self._before_in_threads)

    def steps(self, rules: Mapping[str, str]) -> tuple[TraceStep, ...]:
        """The steps in order, times in seconds from the begin.

        What stands before the first of the app's own functions is called ``match``, what follows the last one
        ``finish``. ``rules`` gives the rule of an endpoint, for the label of the match.
        """
        seen = sorted((start, end, kind, label) for kind, label, start, end in self._seen.values() if end is not None)
        steps = [TraceStep(kind, label, start - self._begin, end - start) for start, end, kind, label in seen]
        if not steps:
            return ()
        last = max(step.start + step.duration for step in steps)
        total = self._end - self._begin
        matched = next((step.label for step in steps if step.kind == "handler"), None)
        route = f"{rules[matched]} → {matched}" if matched is not None and matched in rules else ""
        first = TraceStep("match", route, 0.0, steps[0].start)
        return (first, *steps, TraceStep("finish", "", last, max(total - last, 0.0)))

    def _note(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            if frame not in self._seen and len(self._seen) < STEP_LIMIT:
                known = self._kind(frame)
                if known is not None:
                    self._seen[frame] = [*known, perf_counter(), None]
        elif event == "return" and frame in self._seen:
            self._seen[frame][3] = perf_counter()

    def _kind(self, frame: FrameType) -> tuple[str, str] | None:
        """What a call is: a template's, or one from a framework into the user's code; None for every other."""
        code = frame.f_code
        if code is _RENDER:
            return "template", str(getattr(frame.f_locals.get("self"), "name", None) or "a string")
        if code.co_name == "<module>" or ("blocks" in frame.f_globals and "debug_info" in frame.f_globals):
            # A module that is imported, and the code that Jinja made of a template.
            return None
        if not is_users(code.co_filename) or frame.f_back is None or is_users(frame.f_back.f_code.co_filename):
            return None
        endpoint = self._handlers.get(code)
        return ("hook", code.co_name) if endpoint is None else ("handler", endpoint)


def _handlers_of(app: Any) -> dict[CodeType, str]:
    views = getattr(app, "view_functions", None)
    found: dict[CodeType, str] = {}
    for endpoint, function in views.items() if isinstance(views, Mapping) else ():
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        if isinstance(code, CodeType):
            found[code] = str(endpoint)
    return found
