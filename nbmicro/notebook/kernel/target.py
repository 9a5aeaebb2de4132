"""Which app the magics speak to: a name of the notebook, a module's app, or a project's."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbmicro.cells.app_line import AppLine
from nbmicro.errors import LoadError, NbmicroError, OptionError
from nbmicro.web.app import App
from nbmicro.web.names import HANDLER_NAMES

if TYPE_CHECKING:
    from nbmicro.foreign.app import ForeignApp
    from nbmicro.loading.user_modules import FreshTarget
    from nbmicro.threads.workers import Worker
    from nbmicro.web.declarations import Route


class Target:
    """The app that the magics speak to.

    Parameters
    ----------
    namespace:
        The notebook's variables.
    line:
        What ``%app`` said; the notebook's ``app`` without it.
    """

    def __init__(self, namespace: Mapping[str, Any], line: AppLine | None = None) -> None:
        self.line = line or AppLine("app")
        self.name = self.line.target or "app"
        self._namespace = namespace
        self._foreign: ForeignApp | None = None
        self._worker: Worker | None = None
        self._loaded: Any = None
        self._fresh: FreshTarget | None = None
        self._notes: list[str] = []
        self._failure: list[str] = []
        if self.line.reload and (self.line.is_name or self.name.endswith(".ipynb")):
            raise OptionError(
                f"--reload imports changed modules anew, and {self.name} is no module's app.",
                hint="As in  %app shop:app --reload   What a cell made is made anew by running the cell.",
            )

    # -- the app -------------------------------------------------------------------------------------------------

    def app(self) -> App | ForeignApp:
        """The app as it is now: an nbmicro App, or another framework's behind one interface.

        Raises nbmicro.errors.OptionError where the notebook has no such app, LoadError where a module has none.
        """
        app = self._named() if self.line.is_name else self._of_module()
        if isinstance(app, App):
            self.close()
            return app
        if self._foreign is None or self._foreign.app is not app:
            from nbmicro.foreign.app import ForeignApp

            self._close_foreign()
            # It answers in the thread that it was loaded in: what a module opened there, it may use there.
            self._foreign, self._worker = ForeignApp(app, self._worker), None
        return self._foreign

    def nbmicro_app(self) -> App:
        """The nbmicro app that cells declare on; OptionError, which says where to declare, for any other."""
        app = self.app()
        if isinstance(app, App):
            return app
        name = self.name if self.line.is_name else "app"
        declared = (app.kind.adapter.declaration or "").format(name=name)
        back = "%app app" if self.name != "app" else "from nbmicro import App; app = App(__name__)"
        raise OptionError(
            f"The magics speak to {self.name}, {app.kind.spoken}, and its pages are declared as that framework does it"
            f"{f': {declared}' if declared else ''}.",
            hint=f"For %%route, go back to an nbmicro app:  {back}",
        )

    def peek(self) -> App | None:
        """The nbmicro app, if it is one; nothing is loaded or looked for."""
        app = self._namespace.get(self.name) if self.line.is_name else self._loaded
        return app if isinstance(app, App) else None

    def elsewhere_note(self, declared: Iterable[Route]) -> str:
        """The note on routes that were just declared on another app than the one ``%app`` named; else empty."""
        if self.name == "app":
            return ""
        app = self.peek()
        reached = {id(route.handler) for route in app.routes()} if app is not None else set()
        if all(id(route.handler) in reached for route in declared) or (app is None and self._may_wrap()):
            return ""
        return f"Requests go to {self.name} now, which has none of that. Back:  %app app"

    def _may_wrap(self) -> bool:
        """Whether it is a middleware of the notebook's, which may well ask an app of the notebook's."""
        from nbmicro.foreign.known import core_of, kind_of

        app = self._namespace.get(self.name) if self.line.is_name else None
        kind = kind_of(app)
        return kind is not None and (core_of(app) is not app or not kind.adapter.name)

    def start(self) -> None:
        """Load the app, and let it start up where it has a startup."""
        app = self.app()
        if isinstance(app, App):
            return
        try:
            app.start()
        except NbmicroError:
            raise
        except Exception as error:
            from nbmicro.loading.python_target import failed

            raise failed(error, self.name, "the app's startup failed: ") from error
        if self._fresh is not None:
            # Django imports its urls and views when they are first asked for.
            app.routes()
            self._fresh.settle()

    @property
    def package(self) -> str:
        """The top module of a target that is a module's app; empty for a variable of the notebook, and for a file."""
        module = self.name.partition(":")[0]
        return "" if self.line.is_name or module.endswith((".py", ".ipynb")) else module.partition(".")[0]

    def close(self) -> None:
        """Let the app shut down and end its threads; a request begins them again."""
        self._close_foreign()
        self._end_worker()

    def description(self) -> str:
        """``shop:create_app() (Flask, 23 routes)``."""
        from nbmicro.notebook.route_table import shown_routes

        app = self.app()
        framework = "nbmicro" if isinstance(app, App) else app.kind.framework
        count = len(shown_routes(app))
        if not count and not isinstance(app, App):
            return f"{self.name} ({app.kind.spoken})"
        return f"{self.name} ({framework}, {count} {'route' if count == 1 else 'routes'})"

    def take_notes(self) -> list[str]:
        """The notes on modules that changed, once."""
        notes, self._notes = self._notes, []
        if self._fresh is not None:
            self._fresh.settle()
        return notes

    # -- finding it ----------------------------------------------------------------------------------------------

    def _named(self) -> Any:
        value = self._namespace.get(self.name)
        if isinstance(value, App):
            return value
        from nbmicro.foreign.known import kind_of

        if value is not None and kind_of(value) is not None:
            return value
        if self.name == "app":
            what = "there is none" if value is None else f"it is {value!r}"
            raise OptionError(
                f"The requests of this notebook go to its variable `app`, and {what}.",
                hint="Make one:  from nbmicro import App; app = App(__name__)",
            )
        if value is not None:
            is_factory = inspect.isfunction(value) and not inspect.signature(value).parameters
            hint = self._given_a_name(f"{self.name}()") if is_factory else self._others()
            raise OptionError(f"`{self.name}` is no app: it is of type {type(value).__name__}.", hint=hint)
        spec = importlib.util.find_spec(self.name)
        hint = f"An app in the module {self.name}:  %app {self.name}:app" if spec is not None else self._others()
        raise OptionError(f"The notebook has no `{self.name}`.", hint=hint)

    def _others(self) -> str:
        from nbmicro.foreign.known import kind_of

        names = [
            name
            for name, value in self._namespace.items()
            if not name.startswith("_")
            and name not in HANDLER_NAMES
            and (kind := kind_of(value)) is not None
            and (isinstance(value, App) or kind.adapter.name)
        ]
        there = f"There is:  {'   '.join(f'%app {name}' for name in names)}   " if names else ""
        return f"{there}A module's app:  %app shop:app"

    def _given_a_name(self, expression: str) -> str:
        last = re.split(r"\W+", expression.partition("(")[0])[-1]
        name = "my_app" if last in self._namespace or last in HANDLER_NAMES or "(" in expression else last
        return f"Give the app a name of its own:  {name} = {expression}   and then  %app {name}"

    def _of_module(self) -> Any:
        if self._loaded is None:
            self._loaded = self._load(None)
            if self.line.reload:
                from nbmicro.loading.user_modules import FreshTarget

                self._fresh = FreshTarget(self._folder())
        elif self._fresh is not None:
            self._refresh(self._fresh)
        return self._loaded

    def _load(self, fresh: FreshTarget | None) -> Any:
        """Load the target where its code will run: in a thread without an event loop."""
        from nbmicro.loading.loader import load_target
        from nbmicro.loading.python_target import MissingModule
        from nbmicro.threads.workers import Worker, loop_is_running

        def load() -> Any:
            try:
                return load_target(self.name).app
            except MissingModule as error:
                if error.fix is not None:
                    error.hint = f"Did you mean  %app {error.fix}"
                    raise
                module = self.name.partition(":")[0]
                error.hint = (
                    f"It would be a file {module.replace('.', '/')}.py beside the notebook, or a package:  "
                    f"%pip install {module.partition('.')[0]}\n"
                    "An app of the notebook itself goes by its name:  %app app"
                )
                raise

        def work() -> Any:
            return load() if fresh is None else fresh.load_again(load)

        first = re.match(r"\w*", self.name)[0]  # type: ignore[index]  # it always matches
        if first in self._namespace and re.fullmatch(r"\w+[.(\[][^:]*", self.name) and not Path(self.name).exists():
            raise OptionError(
                f"`{first}` is a name of this notebook, and `{self.name}` no app that %app can look for.",
                hint=self._given_a_name(self.name),
            )
        if not loop_is_running():
            return work()
        self._end_worker()
        self._worker = Worker()
        try:
            return self._worker.run(work)
        except BaseException:
            self._end_worker()
            raise

    def _refresh(self, fresh: FreshTarget) -> None:
        """Import what has changed anew; where that fails, the app from before goes on, and a note says why."""
        changed, kept = fresh.changed(), fresh.kept()
        if not changed:
            self._notes += [note for note in self._failure if note not in self._notes]
            return
        self._failure = []
        names = ", ".join(sorted(changed))
        try:
            self._loaded = self._load(fresh)
        except LoadError as error:
            place = f"{error.place}: " if error.place else ""
            self._failure = [
                f"{names} changed, but cannot be imported; the app from before answers. {place}{error.message}"
            ]
            self._notes += self._failure
            return
        fresh.note()
        anew = sorted(set(changed) - set(kept))
        self._notes += [f"{', '.join(anew)} changed; imported anew."] if anew else []
        if kept:
            self._notes.append(
                f"{', '.join(sorted(kept))} changed, but {', '.join(dict.fromkeys(kept.values()))}: restart the kernel."
            )

    def _folder(self) -> str:
        """Where the target's own modules are."""
        file = self.name.rpartition(":")[0] if self.name.count(":") and ".py:" in self.name else self.name
        if file.endswith(".py"):
            return str(Path(file).resolve().parent)
        top = sys.modules.get(self.name.partition(":")[0].partition(".")[0])
        place = Path(getattr(top, "__file__", None) or next(iter(getattr(top, "__path__", [])), os.getcwd())).resolve()
        folder = place.parent if place.suffix == ".py" else place
        return str(folder.parent if hasattr(top, "__path__") else folder)

    def _close_foreign(self) -> None:
        foreign, self._foreign = self._foreign, None
        if foreign is not None:
            foreign.close()

    def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()


def header_values(headers: tuple[tuple[str, str], ...], namespace: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The headers of ``-H`` with their ``{{ }}`` filled in as the notebook's names are now.

    Raises nbmicro.errors.RequestError for a placeholder without a value.
    """
    from nbmicro.language.template import parse_template, place_at
    from nbmicro.runner.fill import Scope

    scope = Scope(namespace, folder=Path.cwd())
    return [(name, scope.text(parse_template(value, place_at(value, 1, 1)))) for name, value in headers]


def stop_listening() -> None:
    """Hear no more what other frameworks' apps tell of their requests."""
    foreign = sys.modules.get("nbmicro.foreign.app")
    if foreign is not None:
        foreign.stop_listening()
