"""``%load_ext nbmicro`` and ``%unload_ext nbmicro``."""

from __future__ import annotations

from functools import partial
from typing import Any
from weakref import ref

from nbmicro.errors import NbmicroError
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.magics import MAGICS
from nbmicro.notebook.magics.serve import start
from nbmicro.threads.interrupts import AllOrNothing
from nbmicro.web.app import App
from nbmicro.web.figures import keep_figures_apart, stop_waiting
from nbmicro.web.hosting import hosting

GONE = "The routes of before are gone: run their cells again (Run > Run All Cells)."

_sessions: list[Session] = []
# Apps whose routes went with the session before.
_left: list[ref[App]] = []


def load(shell: Any) -> None:
    """Begin the session of ``shell``: magics, names, hooks. A session that is there already ends first.

    Where it fails or is interrupted, nothing is left of it.
    """
    unload(shell)
    with AllOrNothing() as changes:
        session = Session(shell)
        changes.on_failure(partial(_end, session))
        _sessions.append(session)
        session.begin()
        keep_figures_apart()
        hosting.run_app = lambda app, host, port: start(session, host=host, port=port, app=app)
        for name, magic in MAGICS.items():
            replaced = session.host.add_magic(name, magic.of(session), magic.kind)
            if replaced is not None:
                print(f"%{name} was {replaced}'s until now; %unload_ext nbmicro gives it back.")
    print(session.greeting)
    if any(app() is not session.target.peek() for app in _left):
        print(GONE)
    _left.clear()


def unload(shell: Any) -> None:
    """End the session and leave nothing of it behind, also where that is interrupted."""
    while _sessions:
        session = _sessions[-1]
        with AllOrNothing() as changes:
            # IPython takes it for loaded still, and would not load it again.
            changes.on_failure(partial(shell.extension_manager.loaded.discard, "nbmicro"))
            changes.on_failure(partial(_end, session))
            app = session.target.peek()
            if app is not None and any(route.owner.kind == "cell" for route in app.routes()):
                _left[:] = [ref(app)]
            _end(session)


def _end(session: Session) -> None:
    session.end()
    stop_waiting()
    if session in _sessions:
        _sessions.remove(session)


def call(magic: str, *words: str) -> Any:
    """Do in plain Python what a magic does with these words of its line.

    Raises nbmicro.errors.NbmicroError where no notebook has loaded nbmicro.
    """
    if not _sessions:
        raise NbmicroError(
            f"nbmicro.{magic}() shows something below a cell, and here is no notebook that has loaded nbmicro.",
            hint="In a notebook:  %load_ext nbmicro",
        )
    return MAGICS[magic].function(_sessions[-1], *words)


def session() -> Session | None:
    """The session of this kernel, or None."""
    return _sessions[-1] if _sessions else None
