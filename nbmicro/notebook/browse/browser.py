"""A browser in a cell: its front end as a widget, its requests, and the app that it stays with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from nbmicro.client.browser_session import BrowserSession
from nbmicro.client.client import Client
from nbmicro.notebook.browse.transport import BrowserRequests
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.kernel.target import Target

_FRONT = Path(__file__).parent / "front"
_INJECTED = ("port.js", "guard.js", "requests.js", "navigation.js", "storage.js", "assets.js")
_PARTS = ("sandbox.js", "sheets.js", "lexer.js", "rewriter.js", "transport.js", "page.js", "toolbar.js", "browser.js")


class Browser:
    """A browser in a cell, opened on the app that the magics speak to.

    It stays with that app while ``%app`` lets the magics speak to another.

    Parameters
    ----------
    session:
        The session, as it is when the browser is opened.
    path:
        The path that it begins with; the app has been asked for it when the browser is made.
    """

    def __init__(self, session: Session, path: str) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._headers = session.client.default_headers
        self._target = session.target
        self._left: list[Target] = []
        client = Client(
            self._app,
            history=session.history,
            frame_labels=session.label_of_file,
            secret_names=session.client.secret_names,
        )
        client.default_headers = self._default_headers
        self.browser_session = BrowserSession(client)
        self.requests = BrowserRequests(
            self.browser_session, lambda message, pieces: self._widget.send(message, pieces)
        )
        #: The exchange of the page that it begins with.
        self.first = self.requests.open(path)
        self._widget = _Widget(path, self.requests.take)

    @property
    def model_id(self) -> str:
        """The model of its front end."""
        return str(self._widget.model_id)

    @property
    def targets(self) -> list[Target]:
        """Its app, and as targets that it has left those at which a request of it may still be."""
        return [self._target, *self._left]

    def cell_ended(self) -> None:
        """Nothing: it hears of each declaration that its pages used."""

    def close(self) -> None:
        """End its requests and its front end; its app ends where nobody else asks it."""
        self.requests.close()
        self._widget.close()
        targets, self._left = self.targets, []
        for target in targets:
            self._session.release(target)

    def _app(self) -> Any:
        """The app as it is now. Threads may call it, also at once."""
        with self._lock:
            current = self._session.target
            if current is not self._target and current.name == self._target.name:
                # `%app` has come back to it, perhaps with other options.
                self._left.append(self._target)
                self._target = current
                if self.requests.running <= 1:
                    # Another request might still be at what this one has just left.
                    targets, self._left = self._left, []
                    for target in targets:
                        self._session.release(target)
            return self._target.app()

    def _default_headers(self) -> Iterable[tuple[str, str]]:
        """Those of ``%app -H``, when the magics spoke to its app last."""
        if self._session.target is self._target:
            self._headers = self._session.client.default_headers
        return self._headers() if self._headers is not None else ()


@cache
def _file(name: str) -> str:
    return (_FRONT / name).read_text("utf-8")


@cache
def _injected_script() -> str:
    body = "\n".join(_file(f"injected/{name}") for name in _INJECTED)
    return f"(config => {{\n'use strict';\n{body}\n}})"


class _Widget(anywidget.AnyWidget):
    """The front end's model.

    Parameters
    ----------
    path:
        What it shows first; the front end writes back where it is, so that another view of it begins there.
    take:
        Called with each message and its buffers, in whatever thread it came.
    """

    _esm = "\n".join(_file(name) for name in _PARTS)
    _css = _file("browser.css")
    path = traitlets.Unicode("/").tag(sync=True)
    auto = traitlets.Bool(True).tag(sync=True)
    page_script = traitlets.Unicode("").tag(sync=True)

    def __init__(self, path: str, take: Callable[[Any, list[Any]], None]) -> None:
        super().__init__(path=path, page_script=_injected_script())
        self.on_msg(lambda _, content, buffers: take(content, buffers))

    def close(self) -> None:
        """Close it with the layout that ipywidgets made for it, which would stay."""
        layout = self.layout
        super().close()
        layout.close()
