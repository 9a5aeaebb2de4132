"""The ledger of an app or a blueprint: who declared what, committed or still pending."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Hashable
from itertools import count
from typing import Any, ClassVar
from weakref import WeakSet

from nbmicro.web.batches import Batch, Change
from nbmicro.web.declarations import Declaration, Entry
from nbmicro.web.owners import (
    NOBODY,
    ByName,
    CellOfText,
    Declarer,
    Owner,
    Run,
    current_owner,
    enter_run,
    last_run,
    places,
)

LOG = 16
"""Changes that a ledger remembers, for tables that are a little behind."""

_runs = count(1)


class Ledger:
    """Everything that owners declared in one app or blueprint.

    All ledgers share one lock, since a commit may change several of them at once.
    """

    lock = threading.RLock()
    every: ClassVar[WeakSet[Ledger]] = WeakSet()

    def __init__(self) -> None:
        self.every.add(self)
        self._batches: dict[Hashable, Batch] = {}
        self._pending: dict[Run, dict[Hashable, Batch]] = {}
        self._listeners: WeakSet[Any] = WeakSet()
        self.version = 0
        self._log: dict[int, list[Change] | None] = {}

    # -- declaring -----------------------------------------------------------------------------------------------

    def declare(self, declaration: Declaration, who: Declarer | None = None, *, instead: bool = False) -> None:
        """Add a declaration for whoever is declaring now: to what is pending of the open run, else at once.

        With ``instead`` it replaces the owner's declaration of that kind and key.
        """
        who = who or current_owner()
        with self.lock:
            if who.run is None:
                self._add(self._batches, declaration, who, instead)
                self.changed()
                return
            # Before, so that the run knows of all that is pending of it, wherever an interrupt comes.
            self._touch(who.run)
            self._add(self._pending.setdefault(who.run, {}), declaration, who, instead)

    def _add(
        self, batches: dict[Hashable, Batch], declaration: Declaration, who: Declarer, instead: bool = False
    ) -> None:
        owner = who.owner
        if owner.key is None and owner.kind == "cell":
            key = ByName(_what(declaration)) if instead else _identity(declaration, batches)
            owner = Owner(key, owner.label, "cell")
        batch = batches.get(owner.key)
        if batch is None or (batch.generation is not who.generation and owner.kind == "module"):
            before = self._batches.get(owner.key) or self._of_text(owner.key)
            place = who.run.place if who.run is not None and owner.kind == "cell" else next(places)
            position = before.position if before is not None else place
            batch = batches[owner.key] = Batch(owner, position, next(_runs), who.generation)
        if instead:
            identity = _what(declaration)
            batch.declarations = [one for one in batch.declarations if _what(one) != identity]
        batch.add(declaration)

    def _of_text(self, key: Hashable) -> Batch | None:
        """What the cell declared, when it was known by its text, one declaration of which is known by its name now."""
        if not isinstance(key, ByName):
            return None
        for other, batch in self._batches.items():
            if isinstance(other, CellOfText) and any(_what(one) == key[:3] for one in batch.declarations):
                return batch
        return None

    def _with_edited(self, pending: dict[Hashable, Batch]) -> dict[Hashable, Batch]:
        """What is pending, with what takes the place of batches that are other versions of the same: where cells have
        no ids, what an edited cell declares is known by its name, and its text of before may run again."""
        if not any(isinstance(key, CellOfText) for key in (*self._batches, *pending)):
            return pending
        names: dict[type, set[Hashable]] = {ByName: set(), CellOfText: set()}
        for key, batch in pending.items():
            if type(key) in names:
                names[type(key)].update(map(_what, batch.declarations))
        result = dict(pending)
        for key, batch in self._batches.items():
            replaced = names[CellOfText if isinstance(key, ByName) else ByName]
            if replaced and key not in pending and isinstance(key, (ByName, CellOfText)):
                kept = [one for one in batch.declarations if _what(one) not in replaced]
                if len(kept) < len(batch.declarations):
                    result[key] = batch.copy(kept)
        return result

    def claimed(self, claim: str, who: Declarer) -> Any:
        """What ``claim`` already means for whoever is declaring: in this run, or among modules and nobody; else
        None."""
        with self.lock:
            pending = self._pending.get(who.run, {}).values() if who.run is not None else ()
            batches = [one for one in pending if one.owner.key != who.owner.key or one.generation is who.generation]
            if who.owner.kind != "cell":
                batches += [one for one in self._batches.values() if self._lasts(one, who)]
            return next((batch.claims[claim] for batch in batches if claim in batch.claims), None)

    @staticmethod
    def _lasts(batch: Batch, who: Declarer) -> bool:
        """Whether a committed batch is neither a cell's nor about to be replaced by this module's reload."""
        same = batch.owner.key == who.owner.key
        return batch.owner.kind != "cell" and not (same and batch.generation is not who.generation)

    def withdraw(self, remove: Callable[[Declaration, Owner], bool]) -> list[Declaration]:
        """Take away every committed declaration for which ``remove(declaration, owner)`` is true; return them."""
        gone: list[Declaration] = []
        changes: list[Change] = []
        with self.lock:
            for key, batch in list(self._batches.items()):
                kept = [one for one in batch.declarations if not remove(one, batch.owner)]
                if len(kept) != len(batch.declarations):
                    gone += [one for one in batch.declarations if one not in kept]
                    after = batch.copy(kept) if kept else None
                    if after is not None:
                        self._batches[key] = after
                    else:
                        del self._batches[key]
                    changes.append((batch, after))
            if gone:
                self.changed(changes)
        return gone

    def drop(self, declaration: Declaration, who: Declarer) -> bool:
        """Take away a declaration of whoever is declaring now; False where it is another owner's, or another
        ledger's."""
        with self.lock:
            batches = self._batches if who.run is None else self._pending.get(who.run, {})
            for key, batch in batches.items():
                if declaration not in batch.declarations:
                    continue
                nameless = who.owner.key is None and batch.owner.kind == "cell"
                if who.run is not None and batch.owner != who.owner and not nameless:
                    return False
                batches[key] = batch.copy([one for one in batch.declarations if one is not declaration])
                self.noticed(who)
                return True
        return False

    def claim(self, declaration: Declaration, who: Declarer) -> None:
        """Note what is declared elsewhere for this ledger, and claims something of whoever is declaring now."""
        with self.lock:
            batches = self._batches if who.run is None else self._pending.get(who.run, {})
            if who.owner.key in batches:
                batches[who.owner.key].claim(declaration)
            self.noticed(who)

    def noticed(self, who: Declarer) -> None:
        """Note that what is pending of the open run is another now, or what is committed."""
        if who.run is None:
            self.changed()
        else:
            self._touch(who.run)

    def drop_owners(self, keys: set[Hashable]) -> bool:
        """Forget all that these owners declared (their cells were deleted). True if there was something."""
        return bool(self.withdraw(lambda _, owner: owner.kind == "cell" and owner.key in keys))

    # -- runs ----------------------------------------------------------------------------------------------------

    def start_over(self, run: Run, *, goes_on: bool = False) -> None:
        """Note that the owner of ``run`` runs again: with success, what it declared before and does not now is gone;
        unless it ``goes_on`` with what it has declared."""
        with self.lock:
            before = self._batches.get(run.owner.key) if run.owner.key is not None else None
            if before is not None:
                self._touch(run)
                again = before.copy() if goes_on else Batch(run.owner, before.position, next(_runs))
                self._pending.setdefault(run, {})[run.owner.key] = again

    def commit_run(self, run: Run) -> None:
        """Let what is pending of ``run`` replace what its owner declared before; drop it if the run failed.

        A module that was imported by a failing cell stays imported, so what it declared stays too; one that failed half
        way declares nothing, whether or not the cell went on. An interrupt may stop this anywhere: what is pending
        stays so until all is done, and doing it again completes it.
        """
        with self.lock:
            pending = self._pending.get(run, {})
            if run.success:
                pending = self._with_edited(pending)
            changes: list[Change] = []
            for key, batch in pending.items():
                if batch.owner.kind == "module":
                    if not (run.has_run(batch.generation) and (run.success or _imported(batch))):
                        continue
                elif not run.success:
                    continue
                after = batch.copy() if batch.declarations else None
                changes.append((self._batches.get(key), after))
                if after is not None:
                    self._batches[key] = after
                else:
                    self._batches.pop(key, None)
            if changes:
                # What the first time has changed of it is not known.
                self.changed(None if run.is_again else changes)
            if not run.open:
                self._pending.pop(run, None)

    def _touch(self, run: Run) -> None:
        for ledger in self._outward():
            run.touch(ledger)

    def _outward(self) -> list[Ledger]:
        """This ledger and those that it is part of: a blueprint's, and its apps'. Blueprints that were turned round are
        in one another, since whoever listened once goes on listening."""
        found = [self]
        for ledger in found:
            found += [one for one in list(ledger._listeners) if isinstance(one, Ledger) and one not in found]
        return found

    def changed(self, changes: list[Change] | None = None) -> None:
        """Note a committed change, here and wherever this ledger is part of.

        ``changes`` are the batches before and after, where that is all; None where more, or something else, changed.
        """
        for ledger in self._outward():
            ledger.version += 1
            ledger._log[ledger.version] = changes if ledger is self else None
            ledger._log.pop(ledger.version - LOG, None)
            for listener in list(ledger._listeners):
                if not isinstance(listener, Ledger):
                    listener.changed()

    def forget(self, run: Run) -> None:
        """Let the tables that show what was pending of ``run`` go with it, whoever keeps the run."""
        for listener in list(self._listeners):
            if not isinstance(listener, Ledger):
                listener.forget(run)

    def changes_of(self, version: int) -> list[Change] | None:
        """The batches that the change to ``version`` replaced, or None if they are not known."""
        return self._log.get(version)

    def changes_in(self, run: Run) -> list[Change] | None:
        """The batches that ``run`` would replace; None where what it declared in another ledger counts here too."""
        with self.lock:
            if any(one is not self and run in one._pending and self in one._outward() for one in list(Ledger.every)):
                return None
            pending = self._with_edited(self._pending.get(run, {}))
            return [(self._batches.get(key), batch) for key, batch in pending.items()]

    def listen(self, listener: Any) -> None:
        """Tell ``listener.changed()`` of every committed change, and ``forget(run)`` of each run that ended. It is held
        weakly."""
        self._listeners.add(listener)

    # -- reading -------------------------------------------------------------------------------------------------

    def entries(self, run: Run | None = None) -> list[Entry]:
        """All entries in effect, in the order of their owners' first appearance; with ``run``, as that run sees
        them."""
        with self.lock:
            batches = dict(self._batches)
            if run is not None:
                batches.update(self._with_edited(self._pending.get(run, {})))
            ordered = sorted(batches.values(), key=lambda one: one.position)
            return [
                Entry(one, batch.owner, batch.position, batch.run) for batch in ordered for one in batch.declarations
            ]

    def replaced_by(self, run: Run) -> dict[str, tuple[str, Any]]:
        """For cells without ids: the routes that ``run`` declares again, with label and handler of those before."""
        with self.lock:
            return {
                str(declaration.key): (before.owner.label, earlier.value.handler)
                for key, batch in self._pending.get(run, {}).items()
                # A module that is loaded again takes over from itself.
                if run.owner.key is None and batch.owner.kind != "module"
                if (before := self._batches.get(key) or self._of_text(key)) is not None
                for declaration in batch.declarations
                if declaration.kind == "route"
                for earlier in before.declarations
                if _what(earlier) == _what(declaration)
            }

    def saved(self, run: Run) -> dict[Hashable, Batch]:
        """What is pending of ``run`` now, to be given to :meth:`restore`."""
        with self.lock:
            return {key: batch.copy() for key, batch in self._pending.get(run, {}).items()}

    def restore(self, run: Run, saved: dict[Hashable, Batch]) -> None:
        """Let what is pending of ``run`` be what it was, modules excepted: those are imported."""
        with self.lock:
            now = self._pending.get(run, {})
            modules = {key: batch for key, batch in now.items() if batch.owner.kind == "module"}
            self._pending[run] = {**saved, **modules}
            self._touch(run)

    def owner_of(self, declaration: Declaration) -> Owner:
        """Who has declared something here, or is about to."""
        with self.lock:
            batches = [
                *self._batches.values(),
                *(one for pending in self._pending.values() for one in pending.values()),
            ]
            return next((batch.owner for batch in batches if declaration in batch.declarations), NOBODY)

    def everything(self) -> list[Declaration]:
        """What is committed, and all that is pending."""
        with self.lock:
            batches = [
                *self._batches.values(),
                *(one for pending in self._pending.values() for one in pending.values()),
            ]
            return [one for batch in batches for one in batch.declarations]

    def pending(self, run: Run) -> list[Declaration]:
        """What ``run`` has declared here so far."""
        with self.lock:
            return [one for batch in self._pending.get(run, {}).values() for one in batch.declarations]


def start_run(owner: Owner, namespace: dict[str, Any] | None = None, place: int | None = None) -> Run:
    """Open a run of ``owner`` as the current one of this context; what the owner declared before is to be replaced
    by it. Where the run before has ended within the same cell, as ``%reload_ext nbmicro`` ends it, it goes on."""
    run = Run(owner, namespace, place)
    open_run(run)
    return run


def open_run(run: Run) -> None:
    """Open a run that was made for this; where an interrupt stopped it, it goes on when it is called again."""
    before = last_run()
    if before is run:
        return
    goes_on = before is not None and before.cut_short and before.owner == run.owner
    if before is not None and goes_on:
        run.made = before.made
    for ledger in list(Ledger.every):
        ledger.start_over(run, goes_on=goes_on)
    enter_run(run)


def look_again() -> None:
    """Let each table be built anew: an interrupt came, perhaps between a change and its notice."""
    for ledger in list(Ledger.every):
        ledger.changed()


def _identity(declaration: Declaration, batches: dict[Hashable, Batch]) -> Hashable:
    """What a declaration is known by where cells have no id; the second of a name in one cell is another one."""
    what = _what(declaration)
    key, number = ByName(what), 1
    while key in batches:
        number += 1
        key = ByName((*what, number))
    return key


def _what(declaration: Declaration) -> tuple[Hashable, ...]:
    """What a declaration is about: a later one of its owner may stand in its place."""
    return (declaration.kind, declaration.key, declaration.scope)


def _imported(batch: Batch) -> bool:
    """Whether the batch belongs to a module whose import came to its end."""
    module = sys.modules.get(batch.owner.label)
    return module is not None and getattr(module, "__spec__", None) is batch.generation
