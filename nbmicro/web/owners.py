"""Who declares: cells, modules, or nobody, and the run during which a cell does it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from dis import opname
from itertools import count
from types import FrameType
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from nbmicro.web.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Owner:
    """Who made a declaration. Declarations live and die with their owner.

    Parameters
    ----------
    key:
        What makes the owner the same one when it runs again: a cell id, a module name.
    label:
        How a person knows it: the first line of the cell, the module's name.
    kind:
        ``"cell"``, ``"module"`` or ``"nobody"``.
    """

    key: Hashable
    label: str = ""
    kind: str = "cell"


@dataclass(frozen=True, slots=True)
class CellOfText:
    """The key of a cell without an id, which is known by its text."""

    number: int


class ByName(tuple[Hashable, ...]):
    """The key of one declaration where nothing tells cells apart: it is known by its kind and name."""

    __slots__ = ()


places = count(1)

NOBODY = Owner(None, "", "nobody")


class Run:
    """One execution of a cell, with everything that it declares, in whichever app.

    Requests sent under the run see these pending declarations; everyone else sees what is committed.

    Parameters
    ----------
    owner:
        The cell. Its ``key`` is None when the front end gives cells no id: then every declaration is known by what it
        declares (method and rule, or kind and name).
    namespace:
        The globals in which the cell's code runs; frames with these globals belong to the run.
    place:
        Where the cell stands among all that declare: where it ran first. By default it does so now.
    """

    def __init__(self, owner: Owner, namespace: dict[str, Any] | None = None, place: int | None = None) -> None:
        self.owner = owner
        self.namespace = namespace
        self.place = next(places) if place is None else place
        self.open = True
        self.success = True
        # Whether it was ended before its cell was.
        self.cut_short = False
        self.version = 0
        # A frame in which the cell is run: what is being imported outside of it declares nothing here.
        self.floor: FrameType | None = None
        self.ledgers: dict[int, Ledger] = {}
        self.made: dict[Hashable, int] = {}
        # What takes back, should the run fail, what it changed beside its declarations; in the order of the changes.
        self.undo: list[Callable[[], None]] = []
        # The frame of each module that declared something, by its generation: it tells how the module ended.
        self.modules: dict[int, FrameType] = {}
        # Whether a commit has begun and not come to its end: what is half done is done to its end, never undone.
        self.committing = False
        # Whether a commit is made once more, since an interrupt stopped it.
        self.is_again = False

    def touch(self, ledger: Ledger) -> None:
        """Note that ``ledger`` holds pending declarations of this run."""
        self.ledgers[id(ledger)] = ledger
        self.version += 1

    def part(self) -> Callable[[], None]:
        """What drops all that the run declares from now on, should a part of its cell fail that begins now."""
        saved = {id(ledger): ledger.saved(self) for ledger in self.ledgers.values()}
        before = len(self.undo)

        def drop() -> None:
            while len(self.undo) > before:
                self.undo.pop()()
            for key, ledger in list(self.ledgers.items()):
                ledger.restore(self, saved.get(key, {}))

        return drop

    def commit(self) -> None:
        """Make what was declared so far take effect, all of it at once. The run stays open."""
        self.is_again, self.committing = self.committing, True
        self._commit()
        self.committing = False

    def finish(self, *, success: bool) -> None:
        """End the run: commit on success, else drop what is pending, so that what the cell declared before goes on
        serving.

        Again is nothing; where an interrupt stopped it, it goes on, with the outcome that it had the first time.
        """
        self.is_again = not self.open
        if self.open:
            if self.committing:
                self.commit()
            self.success = success
            self.open = False
        ledgers = list(self.ledgers.values())
        try:
            while self.undo and not self.success:
                self.undo[-1]()
                self.undo.pop()
        finally:
            self._commit()
            for ledger in ledgers:
                ledger.forget(self)
            self.ledgers.clear()
            self.undo.clear()
            self.modules.clear()

    def _commit(self) -> None:
        ledgers = list(self.ledgers.values())
        with ledgers[0].lock if ledgers else nullcontext():
            for ledger in ledgers:
                ledger.commit_run(self)
        self.version += 1

    def has_run(self, generation: Any) -> bool:
        """Whether a module's code has come to its end, or is still at work."""
        frame = self.modules.get(id(generation))
        return frame is None or _is_at_work(frame) or _returned(frame)


_current: ContextVar[Run | None] = ContextVar("nbmicro.run", default=None)


def current_run() -> Run | None:
    """The run that is open in this context, or None."""
    run = _current.get()
    return run if run is not None and run.open else None


def last_run() -> Run | None:
    """The run that was opened last in this context, whether or not it is open still."""
    return _current.get()


def enter_run(run: Run | None) -> None:
    """Make ``run`` the current one of this context, and of the tasks and copied contexts made from it."""
    _current.set(run)


@dataclass(frozen=True, slots=True)
class Declarer:
    """Who is declaring now, and under which run and module generation."""

    owner: Owner
    run: Run | None
    generation: Any = None


def current_owner() -> Declarer:
    """Who is declaring now: the module being imported, else the running cell, else nobody.

    The place where a helper function was defined does not count; only code that is running at a module's top level
    does.
    """
    run = current_run()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        space = frame.f_globals
        if run is not None and (space is run.namespace or frame is run.floor):
            break
        if frame.f_code.co_name == "<module>" and space.get("__name__") != "__main__":
            spec = space.get("__spec__")
            if spec is not None:
                if run is not None:
                    run.modules[id(spec)] = frame
                return Declarer(Owner(("module", spec.name), spec.name, "module"), run, spec)
        frame = frame.f_back
    return Declarer(run.owner, run) if run is not None else Declarer(NOBODY, None)


def _returned(frame: FrameType) -> bool:
    """Whether a frame that is no longer at work ended by itself, and not by an exception."""
    return opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN_")


def _is_at_work(frame: FrameType) -> bool:
    here: FrameType | None = sys._getframe(1)
    while here is not None and here is not frame:
        here = here.f_back
    return here is not None


_made: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()


def predecessor(kind: str, name: str, successor: Any) -> Any | None:
    """The object that the same owner made before in this place, which ``successor`` now replaces.

    Only cells have one, and modules that a cell imports or reloads: a script that makes two apps means two apps.
    Objects differ by kind, name and how many of them this run has made already.
    """
    who = current_owner()
    if who.run is None:
        return None
    made = (who.owner.key, id(who.generation), kind, name)
    number = who.run.made.get(made, 0)
    who.run.made[made] = number + 1
    key = (who.owner.key, kind, name, number)
    before = _made.get(key)
    _made[key] = successor
    if isinstance(who.owner.key, CellOfText):
        # A text that is not known may be this cell, edited.
        _made[None, kind, name, number] = successor
    return before
