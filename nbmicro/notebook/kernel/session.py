"""What nbmicro knows while a notebook runs: its app, its client, its server, and what the running cell has done."""

from __future__ import annotations

import os
import re
import sys
import types
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from nbmicro.client.capture import current_capture, entered, leave_captures
from nbmicro.client.client import Client
from nbmicro.client.last_failure import last_failures, let_go_of_failures
from nbmicro.diagnosis.user_code import count_as_library
from nbmicro.exchange.exchange import Exchange, History
from nbmicro.exchange.records import ErrorRecord
from nbmicro.http.body import Body
from nbmicro.http.content_coding import decoded_body
from nbmicro.http.cookies import CookieJar
from nbmicro.http.headers import HeaderFields
from nbmicro.http.messages import RequestRecord, ResponseRecord
from nbmicro.notebook.kernel import error_help
from nbmicro.notebook.kernel.cell import Cell
from nbmicro.notebook.kernel.cell_notes import CellNotes
from nbmicro.notebook.kernel.deleted_cells import DeletedCells
from nbmicro.notebook.kernel.host import Host
from nbmicro.notebook.kernel.live_widgets import LiveWidgets
from nbmicro.notebook.kernel.target import Target, header_values, stop_listening
from nbmicro.threads.deadline import forget_deadlines, release
from nbmicro.threads.interrupts import AllOrNothing
from nbmicro.threads.workers import shielded
from nbmicro.web.app import App
from nbmicro.web.contexts import AppContext, current_context, enter_context
from nbmicro.web.hosting import hosting
from nbmicro.web.ledger import look_again, open_run
from nbmicro.web.names import HANDLER_NAMES, default_app
from nbmicro.web.owners import Run, current_run

if TYPE_CHECKING:
    from nbmicro.cells.app_line import AppLine
    from nbmicro.server.server import BackgroundServer


class Exchanges(list[Exchange]):
    """The exchanges of a cell with several requests. They were shown when they were sent."""


class Session:
    """nbmicro in one notebook.

    Parameters
    ----------
    shell:
        The running IPython shell.
    """

    greeting = "nbmicro is ready: %%route adds a page, %http asks for it, %nbmicro helps."

    def __init__(self, shell: Any) -> None:
        self.host = Host(shell, self)
        self.default_app = default_app(os.getcwd())
        self.history = History()
        #: What the magics speak to: the notebook's ``app``, unless ``%app`` named another.
        self.target = Target(self.host.namespace)
        self.client = Client(
            lambda: self.target.app(),
            on_exchange=self.show,
            history=self.history,
            frame_labels=self.label_of_file,
        )
        #: The servers that were begun and not ended, one of them most of the time.
        self._servers: list[BackgroundServer] = []
        #: Targets that were left and may have to be closed yet.
        self._left: list[Target] = []
        self._default_contexts: WeakKeyDictionary[App, AppContext] = WeakKeyDictionary()
        # A loop in a cell may send any number of them.
        self._shown: WeakKeyDictionary[Run, WeakSet[Exchange]] = WeakKeyDictionary()
        # In the cell that loads nbmicro, which began without it.
        self._shown_loading: WeakSet[Exchange] = WeakSet()
        self._pushed: list[tuple[Run, AppContext]] = []
        self._notes = CellNotes(self.host.namespace, in_notebook=self.host.has_kernel)
        self.captured_by: dict[str, str] = {}
        self._deleted = DeletedCells()
        self.widgets = LiveWidgets(self.host)
        self._jars: dict[str, CookieJar] = {}
        #: Where each cell stands among those that declare.
        self._places: dict[Hashable, int] = {}

    # -- life ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Make the names, hook into the notebook, and let the cell that loads us count as begun."""
        hosting.ephemeral_keys = True
        hosting.auto_reload = True
        hosting.explain_none = lambda handler: error_help.explain_none(handler, self._is_cell)
        hosting.users_trace = error_help.users_trace
        hosting.decorator_made = self._notes.decorator_made
        hosting.context_pushed = self._context_pushed
        hosting.context_popped = self._context_popped
        hosting.return_lines = lambda handler: error_help.return_lines(handler, self._is_cell)
        self.host.install()
        self.host.begin_loading_cell()
        self.host.give_names({"app": self.default_app, "client": self.client, **HANDLER_NAMES})
        self.host.show_type(Exchange, self._show_value)
        self.host.show_type(Exchanges, self._show_values)
        self.host.show_type(ErrorRecord, self._show_error)
        self.host.show_type("werkzeug.test.TestResponse", self._show_response)
        self._enter_default_context()

    def end(self) -> None:
        """Leave nothing behind: no hook, name, context, thread or port. Again is nothing, and what an interrupt
        stopped goes on."""
        self.stop_server()
        self._close_left()
        self.widgets.close()
        self.target.close()
        count_as_library(self.target.package)
        stop_listening()
        release()
        from nbmicro.cells.notebook_cell import forget_sources

        forget_sources()
        context = current_context()
        if context is not None and context.is_default:
            enter_context(None)
        run = current_run()
        if run is not None:
            run.cut_short = True
            run.finish(success=True)
        self.host.uninstall()
        for kind in (Exchange, Exchanges, ErrorRecord, "werkzeug.test.TestResponse"):
            self.host.forget_type(kind)
        hosting.reset()

    # -- the app -------------------------------------------------------------------------------------------------

    @property
    def app(self) -> App:
        """The nbmicro app that cells declare on; OptionError when the magics speak to something else."""
        return self.target.nbmicro_app()

    def change_target(self, line: AppLine) -> None:
        """Let the magics speak to another app, each with its own cookies; where that cannot be had, nothing changes.

        Raises nbmicro.errors.OptionError or LoadError for a target that is no app.
        """
        wanted = Target(self.host.namespace, line)
        before = self.target
        if line.target == before.name:
            before.close()
        headers = partial(header_values, line.headers, self.host.namespace) if line.headers else None
        with AllOrNothing() as changes:
            changes.on_failure(partial(self.release, wanted))
            wanted.start()
            self._jars[before.name] = self.client.cookies
            self._left.append(before)
            changes.change(self.client, "cookies", self._jars.setdefault(wanted.name, CookieJar()))
            changes.change(self.client, "default_headers", headers)
            changes.change(self, "target", wanted)
        self._close_left()
        self._enter_default_context()

    def _close_left(self) -> None:
        """Close the targets that were left, those too of which an interrupt kept it."""
        while self._left:
            if self._left[-1] is not self.target:
                self._left[-1].close()
            self.release(self._left[-1])
            self._left.pop()

    def release(self, target: Target) -> None:
        """Close a target that nobody asks any more, and count its package as a library again if it was the last of it.

        Any thread may call it.
        """
        asked = [self.target, *(other for widget in self.widgets for other in widget.targets)]
        if all(other is not target for other in asked):
            target.close()
        if all(other.package != target.package for other in asked):
            count_as_library(target.package)

    # -- the server ----------------------------------------------------------------------------------------------

    @property
    def server(self) -> BackgroundServer | None:
        """The background server that answers; None without one."""
        return next((server for server in reversed(self._servers) if server.running), None)

    def serve(self, server: BackgroundServer) -> None:
        """Start a server in place of the one that runs. An interrupt here ends it again.

        Raises nbmicro.errors.ServeError where it cannot be started.
        """
        before = list(self._servers)
        # Known before it listens, so that it can be stopped whatever comes in between.
        self._servers.append(server)
        shielded(server.start, partial(self._end_server, server))
        for other in before:
            self._end_server(other)

    def stop_server(self) -> bool:
        """Stop the background server if there is one; False where a handler of it has not come to its end."""
        ended = [shielded(partial(self._end_server, server), list) for server in reversed(self._servers)]
        return all(ended)

    def _end_server(self, server: BackgroundServer) -> bool:
        ended = server.stop()
        if server in self._servers:
            self._servers.remove(server)
        return ended

    # -- cells ---------------------------------------------------------------------------------------------------

    def cell_begins(self, cell: Cell) -> None:
        """Open a run for the cell, and forget what deleted cells declared."""
        if cell.deleted:
            keys = {("cell", cell_id) for cell_id in cell.deleted}
            self._deleted.drop(set(keys))
            for key in keys:
                self._places.pop(key, None)
        self._nothing_is_answered()
        if cell.state is None:
            cell.state = Run(cell.owner, self.host.namespace, self._places.get(cell.owner.key))
        open_run(cell.state)
        if cell.owner.key is not None:
            self._places[cell.owner.key] = cell.state.place
        self._notes.cell_begins(cell.state, cell.source)
        self._enter_default_context()
        if self._pushed:
            # A context that another cell pushed lasts until it is popped, whichever kind of cell did it.
            enter_context(self._pushed[-1][1])

    def _context_pushed(self, context: AppContext) -> None:
        run = current_run()
        if run is not None:
            self._pushed.append((run, context))

    def _context_popped(self, context: AppContext) -> None:
        last = next((index for index, one in reversed(list(enumerate(self._pushed))) if one[1] is context), None)
        if last is not None:
            del self._pushed[last]

    def cell_ends(self, cell: Cell, *, success: bool) -> None:
        """Commit what the cell declared, or drop it and say so."""
        self._nothing_is_answered()
        self._close_left()
        run: Run | None = cell.state
        if run is None:
            return  # it has ended, or an interrupt came while it began
        if run.ledgers or run.made:
            self.host.declared_something(cell)
        declared = []
        try:
            if run.open:
                declared = self._notes.declared(run)
        finally:
            run.finish(success=success)
        cell.state = None  # the cell is kept for its text, and a run keeps what it declared and showed
        if not success:
            self._pushed = [pushed for pushed in self._pushed if pushed[0] is not run]
        self._notes.cell_ended(run, cell.source, declared, self.target, success=success)
        self.widgets.cell_ended()

    def mend(self) -> None:
        """Put right what an interrupt may have stopped half way, where it had not been noticed yet."""
        look_again()

    @staticmethod
    def _nothing_is_answered() -> None:
        """Leave what an interrupt kept a request of this thread from leaving. At the edge of a cell none is at work,
        but in a browser's Python, where requests take turns in one thread."""
        if sys.platform == "emscripten":
            return
        if entered or current_capture.get() is not None:
            leave_captures()
        forget_deadlines()
        if (trace := sys.modules.get("nbmicro.client.trace")) is not None:
            trace.leave_traces()

    def announce(self, handler: Callable[..., Any]) -> None:
        """Say in one line what the cell has just declared with ``handler``, and not again when it ends."""
        self._notes.announce(handler, self.app)

    def takes_display(self, bundle: Mapping[str, Any]) -> bool:
        """Whether a display belongs to a request that is being answered, not to the cell."""
        captured = current_capture.get()
        if captured is None or not captured.open:
            return False
        captured.display(bundle)
        return True

    def is_answering(self) -> bool:
        """Whether a request is being answered in this context."""
        captured = current_capture.get()
        return captured is not None and captured.open

    def exchanges_in(self, value: object) -> int:
        """How many exchanges a cell's value is."""
        return len(value) if isinstance(value, Exchanges) else isinstance(value, Exchange)

    def prepare_error(self, error: BaseException) -> None:
        """Make an exception of a cell ready to be shown: without nbmicro's frames, and with a hint."""
        error_help.prepare(error)
        # The debugger opens this one from now on. A failed request in its handler may be why.
        if all(error is not failure for failure in last_failures):
            let_go_of_failures()

    def transform(self, source: str) -> str:
        """A cell with its comments and blank lines in their place (an input transformer)."""
        from nbmicro.cells.input_transformer import reject_misspelt, reject_pasted, transform_cell

        reject_pasted(source, self.host.is_command)
        if "%" not in source:
            return source
        reject_misspelt(source, *self.host.magic_names())
        return transform_cell(source)

    def complete(self, source: str, cursor: int) -> tuple[str, list[tuple[str, str]]] | None:
        """What stands before the cursor and what could stand there, each with its kind; None where others may say."""
        from nbmicro.notebook.completion.cells import complete
        from nbmicro.notebook.completion.known import Known

        known = Known(lambda: self.target.app(), self.host.users_names, self.history, self.host.helps())
        try:
            completed = complete(source, cursor, known)
        except Exception:
            # Whatever a handler's app or a file system has against it: at Tab nobody wants to read that.
            return None
        return (
            None
            if completed is None
            else (completed.fragment, [(offer.text, offer.kind) for offer in completed.offers])
        )

    def _enter_default_context(self) -> None:
        app = self.target.peek()
        if app is None:
            enter_context(None)
            return
        newest = app.newest()
        context = self._default_contexts.get(newest)
        if context is None:
            context = self._default_contexts[newest] = AppContext(newest, is_default=True)
        enter_context(context)

    # -- exchanges -----------------------------------------------------------------------------------------------

    def show(self, exchange: Exchange, parts: Any = None) -> None:
        """Show an exchange under the running cell, and let ``%debug`` open what failed in it."""
        self.hide(exchange)
        if exchange.exception is not None and exchange.error is not None:
            self.host.set_last_error(exchange.exception)
        self._display(exchange.with_notes(*self.target.take_notes()), parts)

    def _display(self, exchange: Exchange, parts: Any = None) -> None:
        from nbmicro.render.summary import RenderOptions

        options = None if parts is None else RenderOptions.parse(parts)
        self.host.display(
            exchange.with_notes(*self._rebound(exchange), *self._deleted.notes(exchange)).mime_bundle(options)
        )

    def _rebound(self, exchange: Exchange) -> list[str]:
        """A note for each name of nbmicro's on the line that failed which the notebook has given another meaning."""
        if exchange.error is None or not exchange.error.frames:
            return []
        words = set(re.findall(r"\w+", exchange.error.frames[-1].source))
        space = self.host.namespace
        return [
            f"`{name}` is the notebook's own here ({_kind(space, name)}), not nbmicro's. To have that one again: "
            f"from nbmicro import {name}"
            for name in sorted(words & HANDLER_NAMES.keys())
            if space.get(name) is not HANDLER_NAMES[name] and f"import {name}" not in (exchange.error.hint or "")
        ]

    def hide(self, exchange: Exchange) -> None:
        """Count an exchange as shown without showing it (``-q``)."""
        run = current_run()
        if run is not None:
            self._shown.setdefault(run, WeakSet()).add(exchange)
        else:
            self._shown_loading.add(exchange)

    def protects(self, name: str, value: object) -> bool:
        """Whether a request must not overwrite a name: a module, function, class or app, or one of ours."""
        kinds = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type, App)
        return isinstance(value, kinds) or self.host.is_nbmicros(name)

    def _show_value(self, exchange: Exchange) -> None:
        run = current_run()
        shown = self._shown_loading if run is None else self._shown.get(run, ())
        if exchange not in shown:
            self._display(exchange)

    def _show_error(self, error: ErrorRecord) -> None:
        from nbmicro.render.summary import error_text

        self.host.display({"text/plain": error_text(error)})

    def _show_response(self, response: Any) -> None:
        """Show a response of Werkzeug's test client (an app's ``test_client()``) as an exchange, as far as it tells."""
        request = response.request
        sent = RequestRecord(request.method, request.full_path.removesuffix("?"), HeaderFields(list(request.headers)))
        reason = response.status.partition(" ")[2]
        fields = HeaderFields(list(response.headers))
        body = decoded_body(Body(response.get_data()), ",".join(fields.getlist("Content-Encoding")))
        answered = ResponseRecord(response.status_code, reason, fields, body)
        notes = (body.note,) if body.note else ()
        self._display(Exchange(sent, answered, notes=notes, secret_names=self.client.secret_names))

    def _show_values(self, exchanges: Exchanges) -> None:
        for exchange in exchanges:
            self._show_value(exchange)

    def label_of_file(self, filename: str) -> str | None:
        """What a cell's code is called in a traceback: the one route that it declares, else its first line."""
        if filename.startswith("<") and not filename.startswith("<ipython-input"):
            return None  # a %%route cell, whose file name says what it declares
        cell = self.host.cell_of_file(filename)
        if cell is None:
            return None
        codes = ((getattr(route.handler, "__code__", None), route) for app in list(App.every) for route in app.routes())
        labels = {str(route.label) for code, route in codes if code is not None and code.co_filename == filename}
        return labels.pop() if len(labels) == 1 else f'cell "{cell.owner.label}"'

    def _is_cell(self, filename: str) -> bool:
        return filename.startswith("<") or self.host.cell_of_file(filename) is not None


def _kind(space: dict[str, Any], name: str) -> str:
    return f"of type {type(space[name]).__name__}" if name in space else "it was deleted"
