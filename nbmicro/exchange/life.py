"""The records of one request's life: its steps, the lines of a handler that ran, the rules that were tried.

What lives here: frozen data. What must not: watching (``trace``) or drawing (``trace_picture``).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LineRun", "TraceStep", "TriedRule"]


@dataclass(frozen=True, slots=True)
class LineRun:
    """One line of a function: its number in its file or cell, its text, how often it ran and for how many seconds.

    ``failed`` is the class of the exception that left the function from this line.
    """

    number: int
    text: str
    count: int = 0
    duration: float = 0.0
    failed: str = ""


@dataclass(frozen=True, slots=True)
class TriedRule:
    """A rule beside the path of a request: its methods, the rule, and why it answers, or why not."""

    methods: str
    rule: str
    verdict: str
    answers: bool = False


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of a request's life.

    Parameters
    ----------
    kind:
        ``match context session before handler template after reply teardown`` …; ``hook`` for a function of the user's
        of which no more is known.
    label:
        The function, template or rule.
    start, duration:
        Seconds from the begin of the request, and length in seconds.
    place:
        Where the function stands: ``a cell, line 3``.
    note:
        What came of it, in a few words.
    failed:
        The class of the exception that left it; empty when none did.
    lines:
        The lines of the function, if it is the user's own.
    tried:
        Of the match: the rules, nearest first.
    """

    kind: str
    label: str
    start: float = 0.0
    duration: float = 0.0
    place: str = ""
    note: str = ""
    failed: str = ""
    lines: tuple[LineRun, ...] = ()
    tried: tuple[TriedRule, ...] = ()
