"""pyplot's figures kept apart: those that a handler makes are its request's alone.

pyplot numbers figures, and keeps a current one, for the whole process. Two requests that plot at once would be given
one figure, and what a handler leaves open would show below the cell that ends next.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from nbmicro.web.contexts import current_request_context

_MODULE = "matplotlib._pylab_helpers"


def _request() -> Any:
    context = current_request_context()
    return None if context is None or context.made_up else context


#: Each gives the object whose figures are made in this context, or None; the first one counts.
figure_owners: list[Callable[[], Any]] = [_request]


class _Figures:
    """pyplot's table of figures: that of the request at work, or the one of the process outside of requests.

    Parameters
    ----------
    shared:
        The one of the process.
    """

    def __init__(self, shared: OrderedDict[Any, Any]) -> None:
        self._shared = shared

    def _here(self) -> OrderedDict[Any, Any]:
        for owner_here in figure_owners:
            owner = owner_here()
            if owner is not None:
                own: OrderedDict[Any, Any] = owner.__dict__.setdefault("_figures", OrderedDict())
                return own
        return self._shared

    def __getitem__(self, number: Any) -> Any:
        return self._here()[number]

    def __setitem__(self, number: Any, manager: Any) -> None:
        figures = self._here()
        figures[number] = manager
        if figures is not self._shared:
            _keep_from_cells(manager.canvas.figure)

    def __delitem__(self, number: Any) -> None:
        del self._here()[number]

    def __contains__(self, number: Any) -> bool:
        return number in self._here()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._here())

    def __reversed__(self) -> Iterator[Any]:
        yield from reversed(self._here())

    def __len__(self) -> int:
        return len(self._here())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._here(), name)


def _keep_from_cells(figure: Any) -> None:
    """Take a figure from those that the notebook's backend would show at the end of a cell, and hold until then."""
    backend = sys.modules.get("matplotlib_inline.backend_inline")
    waiting: list[Any] = getattr(getattr(backend, "show", None), "_to_draw", [])
    if figure in waiting:
        waiting.remove(figure)


class _Finder:
    """Meets pyplot's table when it is first imported, be it in a handler."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != _MODULE:
            return None
        sys.meta_path.remove(_Finder)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_part(module: ModuleType) -> None:
                execute(module)
                _part(module)

            spec.loader.exec_module = execute_and_part  # type: ignore[method-assign]
        return spec


def _part(module: ModuleType) -> None:
    if not isinstance(module.Gcf.figs, _Figures):
        module.Gcf.figs = _Figures(module.Gcf.figs)


def keep_figures_apart() -> None:
    """Do so from now on, or as soon as matplotlib is imported."""
    if _MODULE in sys.modules:
        _part(sys.modules[_MODULE])
    elif _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


def stop_waiting() -> None:
    """Wait for matplotlib no longer; the next app that is made does so again."""
    if _Finder in sys.meta_path:
        sys.meta_path.remove(_Finder)
