"""The one door to the notebook: the only module, with the magics, that speaks to IPython."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from types import FrameType, TracebackType
from typing import Any, Protocol

from nbmicro.client.last_failure import debugging, on_let_go
from nbmicro.notebook.kernel import keyboard
from nbmicro.notebook.kernel.cell import Cell, first_line, info_of_running_cell, is_of_file
from nbmicro.notebook.kernel.cell_edges import CellEdges, EdgeListener
from nbmicro.notebook.kernel.cell_texts import is_typed, texts_of
from nbmicro.notebook.kernel.error_help import users_trace
from nbmicro.notebook.kernel.kept_values import KeptValues
from nbmicro.web.owners import Owner


class Listener(EdgeListener, Protocol):
    """What the host calls when something happens in the notebook."""

    greeting: str

    def takes_display(self, bundle: Mapping[str, Any]) -> bool: ...

    def transform(self, source: str) -> str: ...

    def prepare_error(self, error: BaseException) -> None: ...

    def exchanges_in(self, value: object) -> int: ...

    def complete(self, source: str, cursor: int) -> tuple[str, list[tuple[str, str]]] | None: ...


class Host:
    """IPython, as the rest of nbmicro sees it.

    Parameters
    ----------
    shell:
        The running ``InteractiveShell``.
    listener:
        Told of cells that begin and end.
    """

    def __init__(self, shell: Any, listener: Listener) -> None:
        self.shell = shell
        self.listener = listener
        self._names: dict[str, Any] = {}
        self._magics: dict[str, tuple[str, Any]] = {}
        self._files: dict[str, Cell] = {}
        self._texts = texts_of(shell)
        self._values = KeptValues(shell)
        #: What was overridden: an object, the name of its method, what stands there, and its own attribute of before.
        self._overridden: list[tuple[Any, str, Any, Any]] = []
        self._publish: Any = None
        self._complete: Any = None
        self._show_error: Any = None
        self._show_lines: Any = None
        self._leave: Any = None
        self._debug: Any = None
        self._run_async: Any = None
        self._transform = _transformer(listener)
        self._matcher = _matcher(listener)
        self.edges = CellEdges(shell, listener, self._cell_of, self._ran)

    # -- life ----------------------------------------------------------------------------------------------------

    def install(self) -> None:
        """Put the hooks in place."""
        self.edges.install()
        self.shell.input_transformers_cleanup.insert(0, self._transform)
        if self._matcher is not None and self.shell.Completer is not None:
            self.shell.Completer.custom_matchers.insert(0, self._matcher)
        elif self.shell.Completer is not None:
            self._complete = self._override(self.shell.Completer, "completions", self._completed)
        self._publish = self._override(self.shell.display_pub, "publish", self._published)
        self._show_error = self._override(self.shell, "showtraceback", self._showed_error)
        self._show_lines = self._override(self.shell, "_showtraceback", self._showed_lines)
        self._leave = self._override(self.shell, "ask_exit", self._left)
        self._debug = self._override(self.shell, "debugger", self._debugged)
        self._load = self._override(self.shell.extension_manager, "load_extension", self._load_again)
        on_let_go.append(self._let_go)
        if sys.platform == "emscripten":
            self._run_async = self._override(self.shell, "run_cell_async", self._ran_async)
        if not self.has_kernel:
            self._hold_output_prompt()
        for owner, name, method in keyboard.overrides(self.shell, self.listener.is_answering):
            self._override(owner, name, method)

    def uninstall(self) -> None:
        """Take away every hook, magic and name that is still nbmicro's."""
        self.edges.uninstall()
        if self._let_go in on_let_go:
            on_let_go.remove(self._let_go)
        if self._transform in self.shell.input_transformers_cleanup:
            self.shell.input_transformers_cleanup.remove(self._transform)
        matchers = self.shell.Completer.custom_matchers if self.shell.Completer is not None else []
        if self._matcher in matchers:
            matchers.remove(self._matcher)
        for owner, name, method, before in self._overridden:
            if vars(owner).get(name) == method:
                delattr(owner, name)
                if before is not None:
                    setattr(owner, name, before)
        self._remove_magics()
        for name, value in self._names.items():
            if self.namespace.get(name) is value:
                del self.namespace[name]
            self.shell.user_ns_hidden.pop(name, None)
        self._names.clear()

    def _override(self, owner: Any, name: str, method: Callable[..., Any]) -> Any:
        """Put a method in the place of one of IPython's, until the end; that one, or None where there is none."""
        before = getattr(owner, name, None)
        self._overridden.append((owner, name, method, vars(owner).get(name)))
        setattr(owner, name, method)
        return before

    def _load_again(self, name: str) -> Any:
        """Greet where nbmicro is loaded already: a notebook that is run twice is saved as one that is run once."""
        if name == "nbmicro" and name in self.shell.extension_manager.loaded:
            return print(self.listener.greeting)
        return self._load(name)

    # -- cells ---------------------------------------------------------------------------------------------------

    def begin_loading_cell(self) -> None:
        """Let the cell that runs now, if one does, begin: it is the one that loads nbmicro."""
        info = info_of_running_cell(self.shell)
        if info is not None:
            self.edges.begin(info)

    def _ran(self, result: Any) -> None:
        self._values.add(result.execution_count, self.listener.exchanges_in(result.result))

    async def _ran_async(self, *args: Any, **kwargs: Any) -> Any:
        # JupyterLite's kernel tells nobody that a cell with an `await` has ended, as IPython and ipykernel do.
        result = await self._run_async(*args, **kwargs)
        self.edges.cell_ran(result)
        return result

    def _cell_of(self, info: Any) -> Cell:
        meta = getattr(info, "cell_meta", None) or self.cell_metadata()
        cell_id = getattr(info, "cell_id", None) or meta.get("cellId")
        deleted = meta.get("deletedCells")
        source = str(info.raw_cell)
        key = ("cell", cell_id) if cell_id else self._texts.key(source, is_typed=is_typed(self.shell))
        ids = frozenset(map(str, deleted)) if isinstance(deleted, Iterable) else frozenset()
        cell = Cell(Owner(key, first_line(source), "cell"), source, ids)
        self._remember_file(info, cell)
        return cell

    def declared_something(self, cell: Cell) -> None:
        """Note a cell that has declared something: where cells have no ids, its text is to be known again."""
        self._texts.declared_something(cell.owner.key, cell.source)

    @property
    def has_kernel(self) -> bool:
        """Whether the shell belongs to a kernel; a terminal's does not."""
        return getattr(self.shell, "kernel", None) is not None

    def cell_metadata(self) -> Mapping[str, Any]:
        """What the front end sent with the cell that runs, where IPython does not hand it on."""
        kernel = getattr(self.shell, "kernel", None)
        parent = kernel.get_parent() if kernel is not None and hasattr(kernel, "get_parent") else {}
        metadata = parent.get("metadata") if isinstance(parent, Mapping) else None
        return metadata if isinstance(metadata, Mapping) else {}

    def _remember_file(self, info: Any, cell: Cell) -> None:
        """Note the file name that the cell's code will have, so that a traceback can name the cell instead."""
        transformed = getattr(info, "transformed_cell", None)
        compiler = self.shell.compile
        for source in {cell.source, transformed} - {None}:
            if hasattr(compiler, "get_code_name"):
                # IPython itself (9.12) has counted the cell before it tells of it; ipykernel counts it when it ends.
                for number in (self.shell.execution_count, self.shell.execution_count - 1):
                    self._files[compiler.get_code_name(source, source, number)] = cell

    def cell_of_file(self, filename: str) -> Cell | None:
        """The cell whose code has this file name, or None."""
        known = self._files.get(filename)
        if known is not None:
            return known
        source = "".join(sys.modules["linecache"].getlines(filename)) if "linecache" in sys.modules else ""
        return next((cell for cell in self._files.values() if cell.source.strip() == source.strip()), None)

    # -- output --------------------------------------------------------------------------------------------------

    def display(self, bundle: Mapping[str, Any]) -> None:
        """Show a MIME bundle under the running cell."""
        self.shell.display_pub.publish(data=dict(bundle), metadata={})

    def display_again(self, bundle: Mapping[str, Any], name: str, *, first: bool) -> None:
        """Show a bundle in place of the one that was shown under this name; ``first`` makes the place."""
        self.shell.display_pub.publish(data=dict(bundle), metadata={}, transient={"display_id": name}, update=not first)

    @property
    def is_looked_at(self) -> bool:
        """Whether somebody sees the cell run: a front end that names its cells, which nbval and nbclient do not."""
        return "cellId" in self.cell_metadata()

    def _published(self, data: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        if self.listener.takes_display(data):
            return None
        return self._publish(data, *args, **kwargs)

    def _completed(self, text: str, offset: int) -> Iterable[Any]:
        """What Tab offers, where there is no matcher to give it."""
        from IPython.core.completer import Completion

        found = self.listener.complete(text, offset)
        if found is None:
            yield from self._complete(text, offset)
            return
        fragment, offers = found
        for word, kind in offers:
            yield Completion(start=offset - len(fragment), end=offset, text=word, type=kind)

    def _showed_error(self, exc_tuple: Any = None, *args: Any, **kwargs: Any) -> Any:
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if isinstance(error, BaseException):
            self.listener.prepare_error(error)
        if is_of_file():
            self.edges.fails_with_part()
        return self._show_error(exc_tuple, *args, **kwargs)

    def _showed_lines(self, kind: Any, error: Any, lines: Any) -> Any:
        # IPython shows no notes of an exception before 9.
        shown = "\n".join(lines)
        missing = [note for note in getattr(error, "__notes__", ()) if note not in shown]
        return self._show_lines(kind, error, [*lines, *missing])

    def _left(self) -> Any:
        # IPython's `exit()` ends the kernel; in a handler it is the mistake that it would be in any server.
        if self.listener.is_answering():
            raise SystemExit
        return self._leave() if self._leave is not None else None

    def _hold_output_prompt(self) -> None:
        """Let a terminal write ``Out[3]:`` with the output; an exchange was shown already, and has none."""
        hook = self.shell.displayhook

        def written(*args: Any, **kwargs: Any) -> Any:
            write_prompt()
            return write_data(*args, **kwargs)

        write_prompt = self._override(hook, "write_output_prompt", lambda: None)
        write_data = self._override(hook, "write_format_data", written)

    def show_type(self, kind: type | str, show: Callable[[Any], None]) -> None:
        """Call ``show`` for a cell's value of this type instead of displaying it; None undoes it."""
        formatter = self.shell.display_formatter.ipython_display_formatter
        formatter.enabled = True  # which it is not in the terminal of IPython 7
        formatter.for_type(kind, show)

    def forget_type(self, kind: type | str) -> None:
        """Display values of this type as any other again."""
        formatter = self.shell.display_formatter.ipython_display_formatter
        if kind in formatter:
            formatter.pop(kind)

    def set_last_error(self, error: BaseException) -> None:
        """Let ``%debug`` and ``%tb`` open the user's own frames of ``error``."""
        trace = users_trace(error.__traceback__)
        if trace is not None:
            # IPython leaves out the frame in which it runs a cell, and before 9 whatever stands there.
            here: FrameType | None = sys._getframe()
            while here is not None and not str(here.f_globals.get("__name__", "")).startswith("IPython."):
                here = here.f_back
            trace = TracebackType(trace, here or trace.tb_frame, 0, (here or trace.tb_frame).f_lineno or 0)
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
        if sys.version_info >= (3, 12):
            sys.last_exc = error
        if getattr(self.shell, "InteractiveTB", None) is not None:
            self.shell.InteractiveTB.tb = trace

    def _debugged(self, *args: Any, **kwargs: Any) -> Any:
        error, shown = getattr(sys, "last_value", None), getattr(sys, "last_traceback", None)
        whole = getattr(error, "__traceback__", None)
        with debugging():
            try:
                # IPython opens the frames of the exception, not those that it was told to show.
                if error is not None and shown is not None:
                    error.__traceback__ = shown
                return self._debug(*args, **kwargs)
            finally:
                if error is not None and whole is not None and error.__traceback__ is shown:
                    error.__traceback__ = whole

    def _let_go(self, error: BaseException) -> None:
        """Leave nothing of an exception to ``%debug`` and ``%tb``, whose frames were let go; any thread may call it."""
        if getattr(sys, "last_value", None) is not error:
            return
        for name in ("last_type", "last_value", "last_traceback", "last_exc"):
            vars(sys).pop(name, None)
        shown = getattr(self.shell, "InteractiveTB", None)
        if shown is not None:
            shown.tb = None
            # The debugger that was open keeps the frame that it was in.
            shown.pdb = None

    # -- names and magics ----------------------------------------------------------------------------------------

    @property
    def namespace(self) -> dict[str, Any]:
        """The notebook's variables."""
        space: dict[str, Any] = self.shell.user_ns
        return space

    @property
    def users_names(self) -> dict[str, Any]:
        """The variables that the user made: those that ``%who`` shows."""
        hidden = self.shell.user_ns_hidden
        return {
            name: value
            for name, value in list(self.namespace.items())
            if not name.startswith("_") and not (name in hidden and hidden[name] is value)
        }

    def give_names(self, names: Mapping[str, Any]) -> None:
        """Put names into the notebook, each only where it has none of that name; they are hidden from ``%who``."""
        for name, value in names.items():
            if name not in self.namespace:
                self._names[name] = value
                self.shell.user_ns_hidden[name] = value
                self.namespace[name] = value

    def is_nbmicros(self, name: str) -> bool:
        """Whether the notebook's ``name`` is still nbmicro's."""
        return name in self._names and self.namespace.get(name) is self._names[name]

    def add_magic(self, name: str, function: Callable[..., Any], kind: str) -> str | None:
        """Register a magic (``line``, ``cell`` or ``line_cell``); return the module of one that it replaces."""
        manager = self.shell.magics_manager
        tables = ("line", "cell") if kind == "line_cell" else (kind,)
        replaced = None
        for table in tables:
            before = manager.magics[table].get(name)
            if before is not None and not _is_nbmicros(before):
                replaced = _module_of(before)
            self._magics[f"{table} {name}"] = (name, before)
        manager.register_function(function, magic_kind=kind, magic_name=name)
        return replaced

    def helps(self) -> dict[str, str]:
        """The help of each of nbmicro's magics, by its name."""
        manager = self.shell.magics_manager
        magics = ((name, manager.magics[key.partition(" ")[0]].get(name)) for key, (name, _) in self._magics.items())
        return {name: magic.getdoc() if _is_nbmicros(magic) else "" for name, magic in magics}

    def magic_names(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """The names of nbmicro's magics and of all, by ``line`` and ``cell``."""
        manager = self.shell.magics_manager
        tables = [key.split(" ") for key in self._magics]
        nbmicros = {kind: {name for table, name in tables if table == kind} for kind in ("line", "cell")}
        lazy = getattr(manager, "lazy_magics", ())  # IPython 8.0 has none
        return nbmicros, {kind: {*manager.magics[kind], *lazy} for kind in ("line", "cell")}

    def is_command(self, line: str) -> bool:
        """Whether IPython takes a cell of this one line as a command of its own: a magic without its `%`, say."""
        from IPython.core.splitinput import LineInfo

        manager = self.shell.prefilter_manager
        return manager.find_handler(LineInfo(line)) is not manager.get_handler_by_name("normal")

    def taken_magics(self) -> dict[str, str]:
        """The names of nbmicro's magics that something else has registered since, each with its module."""
        manager = self.shell.magics_manager
        now = ((name, manager.magics[key.partition(" ")[0]].get(name)) for key, (name, _) in self._magics.items())
        return {
            name: _module_of(magic) if magic is not None else "nobody" for name, magic in now if not _is_nbmicros(magic)
        }

    def replaced_magics(self) -> dict[str, str]:
        """The names of other extensions' magics that nbmicro's replace, each with its module."""
        return {
            name: _module_of(before)
            for name, before in self._magics.values()
            if before is not None and not _is_nbmicros(before)
        }

    def _remove_magics(self) -> None:
        manager = self.shell.magics_manager
        for key, (name, before) in self._magics.items():
            table = key.partition(" ")[0]
            now = manager.magics[table].get(name)
            if now is not None and not _is_nbmicros(now):
                continue  # someone else has taken it since; it is theirs
            if before is None or _is_nbmicros(before):
                manager.magics[table].pop(name, None)
            else:
                manager.magics[table][name] = before
        self._magics.clear()


def _transformer(listener: Listener) -> Callable[[list[str]], list[str]]:
    def transform(lines: list[str]) -> list[str]:
        return listener.transform("".join(lines)).splitlines(keepends=True)

    # It may raise an error of nbmicro's, which only a cell that runs should show: IPython then leaves it out elsewhere.
    transform.has_side_effects = True  # type: ignore[attr-defined]
    return transform


def _matcher(listener: Listener) -> Callable[[Any], dict[str, Any]] | None:
    """The matcher of nbmicro, or None where IPython (7, and 8 up to 8.5) asks no matcher for more than words."""
    try:
        from IPython.core.completer import SimpleCompletion
    except ImportError:
        return None

    def nbmicro_matcher(context: Any) -> dict[str, Any]:
        lines = context.full_text.split("\n")
        cursor = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        completed = listener.complete(context.full_text, cursor)
        if completed is None:
            return {"completions": [], "suppress": False}
        fragment, offers = completed
        return {
            "completions": [SimpleCompletion(text=text, type=kind) for text, kind in offers],
            "matched_fragment": fragment,
            "ordered": True,
            "suppress": True,
        }

    # IPython's matchers of the second version; the highest priority, so that no other one works for nothing.
    nbmicro_matcher.matcher_api_version = 2  # type: ignore[attr-defined]
    nbmicro_matcher.matcher_priority = 1000  # type: ignore[attr-defined]
    nbmicro_matcher.matcher_identifier = "nbmicro"  # type: ignore[attr-defined]
    return nbmicro_matcher


def _module_of(magic: Any) -> str:
    return str(getattr(magic, "__module__", "") or type(magic).__module__)


def _is_nbmicros(magic: Any) -> bool:
    return _module_of(magic).partition(".")[0] == "nbmicro"
