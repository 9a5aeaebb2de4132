"""What the explorer does: it lists the routes, shows the form of one, sends it, and keeps what was sent before.

A widget's handler may run in another thread while a cell runs. So every handler holds the panel's lock, and a
request is sent in a thread of its own, without it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup, escape

from nbmicro.errors import NbmicroError
from nbmicro.exchange.exchange import Exchange
from nbmicro.exchange.secrets import Redaction, redacted, redacted_fields
from nbmicro.http.headers import MASK
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.http.methods import BODY_METHODS
from nbmicro.notebook.explore.choices import RouteChoice, choices_of, form_for
from nbmicro.notebook.explore.form import FilledForm, RequestForm, checked_json, request_from
from nbmicro.notebook.explore.panel import FieldBox, Panel, Pressed, close, number_of, put, show
from nbmicro.notebook.kernel.session import Session
from nbmicro.notebook.route_table import METHOD_EDGES
from nbmicro.render.markup import MONO, joined
from nbmicro.render.summary import RenderOptions
from nbmicro.threads.workers import work_beside

#: Requests of one panel that can be gone back to.
HISTORY = 30
_NBSP = "\N{NO-BREAK SPACE}"
_MASKED = f"Secrets are not written here: put each in the place of its {MASK}."
_COPIED = {"copied": "Copied. Paste it into a new cell, or a terminal.", "selected": "It is selected: copy it."}


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request that was sent, the form that made it, and what is shown of its exchange."""

    choice: RouteChoice
    filled: FilledForm
    request: RequestRecord
    target: str
    status: int
    bundle: dict[str, str]


class Explorer:
    """An explorer of the app that the magics speak to.

    Parameters
    ----------
    session:
        Knows the app, and sends.
    """

    targets = ()

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.RLock()
        self._closed = self._busy = self._looking = False
        #: The thread in which the explorer itself changes widgets, which is nobody's choice.
        self._quiet: int | None = None
        self._choices: tuple[RouteChoice, ...] = ()
        self._shown: list[RouteChoice] = []
        self._chosen: RouteChoice | None = None
        self._form: RequestForm | None = None
        self._fields: FieldBox | None = None
        self._left: dict[tuple[str, str], FilledForm] = {}
        self._sent: list[_Sent] = []
        self._panel = Panel(self._take_key)
        self._listen()
        self._take_routes()

    # -- the widgets ---------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        self._on(self._panel.search, self._filter)
        self._on(self._panel.list, self._choose_listed)
        self._on(self._panel.kind, self._show_body)
        self._on(self._panel.body, self._check_body)
        self._on(self._panel.more, self._show_more)
        self._on(self._panel.history, self._go_back)
        self._panel.send.on_click(self._handler(self._send_form))
        self._panel.as_cell.on_click(self._handler(self._write_cell))
        self._panel.as_curl.on_click(self._handler(self._write_curl))
        self._panel.replay.on_click(self._handler(self._send_again))

    def _on(self, widget: Any, act: Callable[[], None]) -> None:
        handler = self._handler(act)
        widget.observe(lambda _: None if self._quiet == threading.get_ident() else handler(), "value")

    def _handler(self, act: Callable[[], None]) -> Callable[..., None]:
        """What a widget calls: never two at once, and an error is shown in the panel."""

        def handle(*_: Any) -> None:
            with self._lock:
                if self._closed:
                    return
                try:
                    act()
                except NbmicroError as error:
                    # What is wrong with JSON is shown where the JSON is.
                    is_shown = self._error_html(str(error)) == self._panel.body_error.value
                    self._say(error="" if is_shown else str(error))
                except Exception as error:  # of an app that cannot be read: nobody would see it in a widget's thread
                    self._say(error=f"{type(error).__name__}: {error}")

        return handle

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        before, self._quiet = self._quiet, threading.get_ident()
        try:
            yield
        finally:
            self._quiet = before

    @property
    def model_id(self) -> str:
        """The model of the panel."""
        return str(self._panel.root.model_id)

    def close(self) -> None:
        """End it: its widgets are closed, a request that is on its way is shown nowhere."""
        with self._lock:
            self._closed = True
            self._panel.close()

    # -- routes --------------------------------------------------------------------------------------------------

    def cell_ended(self) -> None:
        """A cell has ended: take over what it changed of the routes. It returns at once; any thread may call it."""
        with self._lock:
            if self._closed or self._looking:
                return
            self._looking = True
        work_beside("explore", self._look())

    def _look(self) -> Iterator[float]:
        # From now on another cell's end is news again.
        self._looking = False
        self._handler(self._take_routes)()
        yield 0.0

    def _take_routes(self) -> None:
        choices = choices_of(self._session.target.app(), self._session.label_of_file)
        if choices == self._choices and self._chosen is not None:
            return
        known = {choice.key for choice in self._choices}
        self._choices = choices
        if choices and not known & {choice.key for choice in choices}:
            # It is another app: what was chosen and searched for was the last one's.
            self._chosen = None
            with self._quietly():
                self._panel.search.value = ""
        before = self._chosen
        self._filter()
        if before is None:
            return
        same = next((choice for choice in choices if choice.key == before.key), None)
        if same is None:
            self._draw_head(gone=True)
        elif form_for(self._session.target.app(), same) != self._form:
            self._choose(same)
        else:
            self._chosen = same
            self._draw_head()

    def _filter(self) -> None:
        words = self._panel.search.value.lower().split()
        self._shown = [choice for choice in self._choices if all(word in choice.text for word in words)]
        keys = [choice.key for choice in self._shown]
        with self._quietly():
            self._panel.list.options = [(choice.label, at) for at, choice in enumerate(self._shown)]
            self._panel.list.value = keys.index(self._chosen.key) if self._chosen and self._chosen.key in keys else None
        total = len(self._choices)
        count = f"{len(self._shown)} of {total}" if words else str(total)
        self._panel.count.value = (
            f"<small>{count} {'route' if total == 1 else 'routes'}</small>"
            if total
            else "There are no routes yet. Add one in a cell:  <code>%%route /</code>"
        )
        if self._chosen is None and self._shown:
            first = next((at for at, choice in enumerate(self._shown) if choice.endpoint != "static"), 0)
            with self._quietly():
                self._panel.list.value = first
            self._choose(self._shown[first])

    def _find(self, text: str) -> None:
        """Choose the first route that a search finds, unless the chosen one is among them."""
        with self._quietly():
            self._panel.search.value = text
        self._filter()
        if self._panel.list.value is None and self._shown:
            self._panel.list.value = 0

    def _choose_listed(self) -> None:
        if self._panel.list.value is not None:
            self._choose(self._shown[self._panel.list.value])

    def _choose(self, choice: RouteChoice, filled: FilledForm | None = None) -> None:
        """Show the form of a route, with what stood in it when it was left."""
        if self._chosen is not None:
            self._left[self._chosen.key] = self._filled()
        form = form_for(self._session.target.app(), choice)
        filled = filled or self._left.get(choice.key)
        before = self._fields
        self._chosen, self._form = choice, form
        self._fields = FieldBox(form, dict(filled.values) if filled else {})
        titles = [*self._panel.path.children, *self._panel.form_fields.children]
        with self._quietly():
            self._panel.path.children = self._fields.rows("path", "query", "header")
            self._panel.form_fields.children = self._fields.rows("form", "file")
            self._panel.kind.value = filled.body_kind if filled else form.body
            self._panel.body.value = filled.body if filled else form.sample
            self._panel.query.value, self._panel.headers.value = (filled.query, filled.headers) if filled else ("", "")
            self._panel.more_fields.value = filled.fields if filled else ""
            self._panel.more.value = bool(self._panel.query.value or self._panel.headers.value)
        for widget in titles:
            close(widget)
        if before is not None:
            before.close()
        self._draw_head()
        self._show_body()
        self._show_more()
        self._say()
        show(self._panel.code_box, False)

    def _draw_head(self, *, gone: bool = False) -> None:
        choice, form = self._chosen, self._form
        if choice is None or form is None:
            return
        notes = [note for note in (choice.endpoint, form.summary, choice.where) if note]
        if gone:
            notes = ["This route is gone: the app has it no more."]
        self._panel.head.value = str(
            Markup(
                '<div><b style="border-left:4px solid {};padding:0 .6em 0 .45em">{}</b><b style="{}">{}</b></div>{}'
            ).format(
                METHOD_EDGES.get(choice.method, "#888"),
                choice.method,
                MONO,
                choice.rule,
                joined(Markup('<small style="opacity:.8;padding-right:1em">{}</small>').format(note) for note in notes),
            )
        )

    # -- the form ------------------------------------------------------------------------------------------------

    def _filled(self) -> FilledForm:
        fields = self._fields
        return FilledForm(
            fields.values() if fields else {},
            fields.files() if fields else {},
            self._panel.query.value,
            self._panel.headers.value,
            self._panel.more_fields.value,
            self._panel.kind.value,
            self._panel.body.value,
        )

    def _show_body(self) -> None:
        kind = self._panel.kind.value
        form = self._form
        takes = form is not None and (form.method in BODY_METHODS or form.body != "none")
        show(self._panel.body_box, takes or self._panel.more.value or kind != "none")
        show(self._panel.body, kind in {"json", "text"})
        self._panel.body.placeholder = '{"name": "Ada"}' if kind == "json" else ""
        self._panel.body.description = "JSON" if kind == "json" else "Text"
        show(self._panel.form_fields, kind == "form" and bool(self._panel.form_fields.children))
        show(self._panel.more_fields, kind == "form")
        self._check_body()

    def _check_body(self) -> None:
        message = ""
        if self._panel.kind.value == "json" and self._panel.body.value.strip():
            try:
                checked_json(self._panel.body.value)
            except NbmicroError as error:
                message = str(error)
        self._panel.body_error.value = self._error_html(message)
        show(self._panel.body_error, bool(message))

    def _show_more(self) -> None:
        show(self._panel.more_box, self._panel.more.value)
        if self._form is not None:
            self._show_body()

    def _request(self) -> RequestRecord:
        assert self._form is not None
        return request_from(self._form, self._filled())

    def _unsent(self) -> Exchange:
        return Exchange(self._request(), ResponseRecord(200, "OK"), secret_names=self._session.client.secret_names)

    def _write_cell(self) -> None:
        if self._form is not None:
            self._write(f"%%http\n{self._unsent().as_http()}\n")

    def _write_curl(self) -> None:
        if self._form is not None:
            server = self._session.server
            text = self._unsent().as_curl(base_url=server.url if server is not None else None)
            self._write(text, "" if server is not None else "The app must be served:  %serve")

    def _write(self, text: str, note: str = "") -> None:
        self._panel.code.value = text
        self._panel.code.rows = min(max(3, text.count("\n") + 1), 16)
        show(self._panel.code_box, True)
        self._say(_MASKED if MASK in text else note)

    # -- sending -------------------------------------------------------------------------------------------------

    def _take_key(self, pressed: Pressed) -> None:
        acts: dict[str, Callable[[], None]] = {
            "send": self._send_form,
            "cell": self._write_cell,
            "curl": self._write_curl,
            "search": lambda: self._find(pressed.text),
        }
        act = acts.get(pressed.what)

        def take() -> None:
            if act is None:
                self._say(_COPIED.get(pressed.what, ""))
                return
            if pressed.what != "search":
                self._take_fields(pressed)
            act()

        self._handler(take)()

    def _take_fields(self, pressed: Pressed) -> None:
        """Put into the widgets what the front end says stands in them."""
        at = pressed.route
        if 0 <= at < len(self._shown) and self._shown[at].label == pressed.label.replace(_NBSP, " "):
            self._panel.list.index = at
        for widget in [*self._panel.written, *(self._fields.all() if self._fields else ())]:
            put(widget, pressed.fields.get(number_of(widget)))

    def _send_form(self) -> None:
        if self._chosen is not None:
            self._begin(self._chosen, self._filled(), self._request())

    def _send_again(self) -> None:
        at = self._panel.history.value
        if at is not None:
            sent = self._sent[at]
            self._begin(sent.choice, sent.filled, sent.request)

    def _begin(self, choice: RouteChoice, filled: FilledForm, request: RequestRecord) -> None:
        if self._busy:
            self._say("One request is on its way; this one was not sent.")
            return
        self._busy = True
        self._panel.send.disabled = self._panel.replay.disabled = True
        self._say("Sending …")

        def answer() -> Iterator[float]:
            # Where there are no threads, the word that it is on its way is seen before the app has the turn.
            yield 0.0
            try:
                sent: _Sent | Exception = self._send(choice, filled, request)
            except Exception as error:
                sent = error
            with self._lock:
                self._busy = False
                if not self._closed:
                    self._handler(lambda: self._end(sent))()

        work_beside("explore", answer())

    def _send(self, choice: RouteChoice, filled: FilledForm, request: RequestRecord) -> _Sent:
        """Send a request as the notebook's client, with its cookies; the exchange has the origin ``widget``."""
        exchange = self._session.client.send(request, origin="widget", announce=False)
        exchange = exchange.with_notes(*self._session.target.take_notes())
        bundle = exchange.mime_bundle(RenderOptions.parse("body checks time"))
        return _Sent(choice, filled, request, redacted(exchange).request.target, exchange.status, bundle)

    def _end(self, sent: _Sent | Exception) -> None:
        self._panel.send.disabled = self._panel.replay.disabled = False
        self._say()
        if isinstance(sent, Exception):
            raise sent
        self._sent = [*self._sent, sent][-HISTORY:]
        with self._quietly():
            self._panel.history.options = [
                (f"{at + 1}  {one.choice.method} {one.target} → {one.status}", at)
                for at, one in reversed(list(enumerate(self._sent)))
            ]
            self._panel.history.value = len(self._sent) - 1
        self._panel.show_answer(sent.bundle)

    def _go_back(self) -> None:
        """Show an earlier request again: its form as it was filled, and its answer."""
        at = self._panel.history.value
        if at is None:
            return
        sent = self._sent[at]
        now = next((choice for choice in self._choices if choice.key == sent.choice.key), sent.choice)
        self._choose(now, sent.filled)
        self._panel.search.value = ""
        self._filter()
        self._panel.show_answer(sent.bundle)

    def _error_html(self, text: str) -> str:
        """An error as HTML, without the secrets of the form, which it may quote."""
        if not text:
            return ""
        names = self._session.client.secret_names
        fields = urlencode([(name, value) for (_, name), value in self._filled().values.items()])
        hide = Redaction(names, RequestRecord("GET", f"/?{fields}"))
        return str(escape(redacted_fields(hide(text), names)))

    def _say(self, text: str = "", *, error: str = "") -> None:
        self._panel.message.value, self._panel.error.value = str(escape(text)), self._error_html(error)
        show(self._panel.message, bool(text))
        show(self._panel.error, bool(error))
