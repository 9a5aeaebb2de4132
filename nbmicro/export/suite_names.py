"""What a name of the notebook's requests is called in the tests: one of the module, an import, a helper, a local."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping, Sequence

from nbmicro.export.asked_cells import AskedCell
from nbmicro.export.cell_text import cut
from nbmicro.export.imports import Imported, imported_names
from nbmicro.export.renaming import Unwritable, bound_in, read_in, renamed
from nbmicro.export.survey import Survey

# What the text of a request itself may need.
_OWN = frozenset({"client", "Client", "quote"})
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)


class SuiteNames:
    """The names of a module's tests.

    Parameters
    ----------
    survey:
        What the module binds.
    module:
        What the tests call the module.
    asked:
        The cells that ask, whose names may be needed.

    Attributes
    ----------
    bound:
        What the tests themselves have bound so far.
    imports:
        What they import besides.
    helpers:
        The text of the functions and values that only cells passed over define, by name.
    """

    def __init__(self, survey: Survey, module: str, asked: Sequence[AskedCell]) -> None:
        self.bound: set[str] = set()
        self.imports: list[Imported] = []
        self.helpers: dict[str, str] = {}
        self._survey = survey
        self._module = module
        self._importable = {one.binds: one for found in survey.imports.values() for one in found}
        self._texts: dict[str, str] = {}
        for cell in asked:
            if cell.python:
                self._collect(cell)

    def _collect(self, asked: AskedCell) -> None:
        for one in cut(asked.python, ast.parse(asked.python).body):
            if isinstance(one.node, ast.Import | ast.ImportFrom):
                for imported in imported_names(one.node):
                    self._importable.setdefault(imported.binds, imported)
            elif isinstance(one.node, _DEFINES) and (one.node.lineno, one.node.col_offset) not in asked.kept:
                text = f"{one.comments}\n{one.text}" if one.comments else one.text
                self._texts.update(dict.fromkeys(bound_in(one.text) if not asked.lines else (), text))

    def written(self, names: Iterable[str]) -> Mapping[str, str]:
        """How each name is written in a test.

        Raises
        ------
        Unwritable
            Nobody has one of them.
        """
        return {name: self._written(name) for name in sorted(names)}

    def _written(self, name: str) -> str:
        survey = self._survey
        if name in self.bound or name in self.helpers or name in _OWN:
            return name
        if name in survey.bound and name not in self._importable:
            return f"{self._module}.{name}"
        if name in ("app", "url_for"):
            return f"{self._module}.{survey.target}" + (".url_for" if name == "url_for" else "")
        if name in self._importable:
            self.imports.append(self._importable[name])
            return name
        if name in self._texts:
            text = self._texts[name]
            # It may call itself.
            self.helpers[name] = ""
            text = renamed(text, self.written(read_in(text) - {name}))
            # What it needs stands above it.
            del self.helpers[name]
            self.helpers[name] = text
            return name
        if hasattr(builtins, name):
            return name
        raise Unwritable(f"nothing that is exported gives `{name}`")
