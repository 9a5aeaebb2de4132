"""An IPython shell in this process, with nbmicro in it: cells run in it as in a notebook, in a few milliseconds."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection
from typing import Any

from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell
from werkzeug.test import Client, TestResponse

from nbmicro.web import owners
from nbmicro.web.ledger import Ledger


class _NoHistory(HistoryManager):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        self.enabled = False
        super().__init__(*args, **options)


class _Shell(InteractiveShell):  # type: ignore[misc]
    def init_history(self) -> None:
        self.history_manager = _NoHistory(shell=self, parent=self)

    def init_sys_modules(self) -> None:
        """Leave ``__main__`` to the program that runs the tests."""


class NotebookShell:
    """A notebook: cells that run, by their ids or without them, and the ``app`` that answers.

    Parameters
    ----------
    ids:
        Whether the front end gives cells ids, as JupyterLab does, and nbclient does not.
    """

    def __init__(self, *, ids: bool = True) -> None:
        self.ids = ids
        self.output = ""

    def __enter__(self) -> NotebookShell:
        owners._made.clear()  # what a shell before this one has made
        self.shell = _Shell(xmode="Plain")
        return self

    def __exit__(self, *_: object) -> None:
        self.run("end", "%unload_ext nbmicro")
        for ledger in list(Ledger.every):
            ledger.withdraw(lambda _, owner: owner.kind == "cell")

    def run(self, cell: str, source: str, *, deleted: Collection[str] = ()) -> bool:
        """Run a cell; whether it came to its end. What it printed is in ``output``."""
        meta = {"cellId": cell, "deletedCells": [*deleted]} if self.ids else None
        written = io.StringIO()
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            result = self.shell.run_cell(source, store_history=True, cell_id=cell if self.ids else None, cell_meta=meta)
        self.output = written.getvalue()
        return bool(result.success)

    def check(self, cell: str, source: str, *, deleted: Collection[str] = ()) -> str:
        """Run a cell that must come to its end; what it printed."""
        assert self.run(cell, source, deleted=deleted), self.output
        return self.output

    def ask(self, path: str, method: str = "GET", **options: Any) -> TestResponse:
        """What a visitor of ``app`` gets."""
        return Client(self.shell.user_ns["app"]).open(path, method=method, **options)

    def text(self, path: str) -> str:
        """The text of a page, or the status of a response that is no 200."""
        answered = self.ask(path)
        return answered.text if answered.status_code == 200 else str(answered.status_code)
