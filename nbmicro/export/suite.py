"""The tests that a notebook's requests are: a function for each cell that asks, in the notebook's order."""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbmicro.cells.notebook_cell import NotebookCell
from nbmicro.errors import NbmicroError
from nbmicro.export.cell_text import Cut, Unwritable, bound_in, cut, free_name, indented, read_in, renamed
from nbmicro.export.imports import Imported, imported_names, written
from nbmicro.export.literals import quoted, text_value
from nbmicro.export.request_cells import RequestCell, RequestLine, client_calls, request_cells
from nbmicro.export.request_text import RequestText, SentFiles
from nbmicro.export.routes import planned
from nbmicro.export.survey import Survey
from nbmicro.http.body import NotTextError, text_of_file
from nbmicro.language.parser import parse_file
from nbmicro.language.syntax import Script
from nbmicro.language.template import Template
from nbmicro.loading.selection import Selection
from nbmicro.runner.fill import APP_NAMES
from nbmicro.scopes import names_of

# What the text of a request itself may need.
_OWN = frozenset({"client", "Client", "quote"})
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)


@dataclass
class _Test:
    """A test function on its way."""

    name: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def has_code(self) -> bool:
        """Whether it is a function; of comments alone there is none."""
        return any(not line.startswith("#") for line in self.lines)


class Suite:
    """The tests of a module.

    Parameters
    ----------
    cells, selection, survey:
        The notebook.
    module:
        The name of the module it is exported to.
    origin:
        The notebook's file.
    """

    def __init__(
        self, cells: list[NotebookCell], selection: Selection, survey: Survey, *, module: str, origin: Path
    ) -> None:
        self.notes: list[str] = []
        self._cells = list(request_cells(cells, selection))
        self._survey = survey
        if survey.is_foreign:
            # There is no module of the notebook's; what its cells make is made in the tests.
            self._cells = [replace(cell, kept=frozenset()) for cell in self._cells]
        self._module = module
        self._alias = module if module.isidentifier() else re.sub(r"\W+", "_", module).strip("_").lstrip("0123456789_")
        self._alias = self._alias or "module"
        self._origin = origin.name
        self._files = SentFiles(origin.resolve().parent)
        self._tests: list[_Test] = []
        self._routes = planned(survey)
        self._names = _Names(survey, self._alias, self._cells)
        self._app = "app" if survey.is_foreign else f"{self._alias}.{survey.target}"
        self._request = RequestText(self._app, self._names.written, self._files)

    @property
    def files(self) -> dict[str, bytes]:
        """The files that the tests send, by their path from the tests' folder."""
        return self._files.copied

    def written(self) -> str | None:
        """The text of the tests; None where the notebook asks for nothing."""
        for cell in self._cells:
            target = self._survey.target_in(cell.number)
            if target != self._survey.target:
                self.notes += [f"Requests to {target} are not among the tests."]
            elif cell.script is not None:
                self._write_script(cell, cell.script)
            elif cell.lines:
                self._write_lines(cell)
            elif cell.python and (not cell.is_marked or client_calls(ast.parse(cell.python))):
                self._write_looks(cell)
        self.notes = list(dict.fromkeys(self.notes))
        return self._assembled() if any(test.has_code for test in self._tests) else None

    # -- cells ---------------------------------------------------------------------------------------------------

    def _begin(self, cell: RequestCell, method: str, url: str, named: str | None = None) -> _Test:
        url = re.sub(r"^\{\{.*?\}\}(?=/)", "", url)
        path = re.sub(r"\{\{\s*(.*?)\s*\}\}", r"\1", url).partition("?")[0]
        words = re.sub(r"[\W_]+", "_", named or f"{method.lower()}_{path}", flags=re.ASCII).strip("_")
        words = words if named else words.lower()
        words = words if len(words) <= 60 else words[:60].rstrip("_")
        name = f"test_{words}" if words != method.lower() else f"test_{words}_index"
        test = _Test(free_name(name, {test.name for test in self._tests}.__contains__))
        self._tests.append(test)
        return test

    def _leave_out(self, cell: RequestCell, test: _Test, what: str, error: Unwritable) -> None:
        test.lines.append("# " + textwrap.shorten(f"Left out: {what}; {error}.", 110, placeholder=" …"))
        self.notes.append(f"cell {cell.number}: {what} is not among the tests; {error}.")

    def _write_script(self, cell: RequestCell, script: Script) -> None:
        if not script.requests:
            return
        first = script.requests[0]
        test = self._begin(cell, first.method, first.url.source, first.name)
        if script.options.reset:
            test.lines.append("client.reset()")
        for number, request in enumerate(script.requests):
            for variable in script.variables:
                if variable.before == number:
                    text = variable.value.source
                    if not re.fullmatch(r"-?[1-9]\d*|0", text):
                        text = self._template(cell, test, variable.value)
                    test.lines.append(f"{variable.name} = {text}")
                    self._names.bound.add(variable.name)
            answer = request.name or "response"
            if number:
                test.lines.append("")
            try:
                test.lines += self._request_lines(cell, script, number, answer, number, len(script.requests))
            except Unwritable as error:
                self._leave_out(cell, test, request.label, error)
        self._drop_origins(test, script)

    def _request_lines(
        self, cell: RequestCell, script: Script, number: int, response: str, shown: int, count: int
    ) -> list[str]:
        """The call of a script's request and its checks; where it has none, the status of the ``shown``-th of ``count``
        outputs. Unwritable where it has no place in the tests."""
        request = script.requests[number]
        self._reject_replaced(cell, request.method, request.url)
        call = self._request.call(request, script.options, len(response) + 7)
        self._names.bound |= {response, *(one.name for one in request.captures)}
        expected = self._request.expectations(request, response)
        if script.options.expect is not None:
            expected.insert(0, f"assert {response}.status == {script.options.expect}")
        if not any(line.startswith("assert") for line in expected):
            expected.insert(0, _status(response, cell.statuses, shown, count))
        return [f"{response} = {call}", *expected]

    def _drop_origins(self, test: _Test, script: Script) -> None:
        """Take out variables such as ``@host = http://localhost:5000``, for no URL of the test has them."""
        for variable in script.variables:
            line = f"{variable.name} = {quoted(variable.value.source)}"
            if variable.name in APP_NAMES and line in test.lines and variable.name not in read_in(test.text):
                test.lines.remove(line)
                self._names.bound.discard(variable.name)

    def _reject_replaced(self, cell: RequestCell, method: str, url: Template) -> None:
        """Unwritable for a request to a route that a cell below replaces: the module has only the one that stays."""
        self._reject_replaced_path(cell, method, "".join(one if isinstance(one, str) else "1" for one in url.parts))

    def _reject_replaced_path(self, cell: RequestCell, method: str, url: str) -> None:
        path = url.partition("?")[0]
        if any(route.answered_before(cell.number, method, path) for route in self._routes):
            raise Unwritable("a cell below it replaces the route")

    def _template(self, cell: RequestCell, test: _Test, value: Template) -> str:
        try:
            return str(text_value(value, self._request.expression))
        except Unwritable as error:
            self._leave_out(cell, test, "a variable of the cell", error)
            return quoted("")

    def _write_file(self, cell: RequestCell, file: str) -> None:
        """The requests of ``%http --file API.http``; what they send is looked for beside that file."""
        before = self._files.folder
        try:
            place, content = self._files.read(file)
            script = parse_file(text_of_file(content), place.name)
            self._files.folder = place.parent
            line = cell.lines[0].script or script
            self._write_script(cell, replace(script, options=line.options))
        except (Unwritable, NbmicroError, NotTextError) as error:
            reason = "it cannot be read" if not isinstance(error, Unwritable) else str(error)
            self._leave_out(cell, self._begin(cell, "file", file), f"%http --file {file}", Unwritable(reason))
        finally:
            self._files.folder = before

    def _write_lines(self, cell: RequestCell) -> None:
        files = [line.script.options.file for line in cell.lines if line.script and line.script.options.file]
        if files and len(cell.lines) == 1 and not cell.lines[0].is_nested:
            self._write_file(cell, files[0])
            return
        first = next((line.script for line in cell.lines if line.script and line.script.requests), None)
        if first is None:
            return
        test = self._begin(cell, first.requests[0].method, first.requests[0].url.source)
        if not cell.python:
            self._write_request(cell, test, first, "response", 0)
            return
        lines = {line.number: (number, line) for number, line in enumerate(cell.lines)}
        for one in cut(cell.python, ast.parse(cell.python).body):
            node = one.node
            if one.place in cell.kept:
                continue
            inner = {line: found for line, found in lines.items() if node.lineno <= line <= (node.end_lineno or 0)}
            if node.lineno in inner and not inner[node.lineno][1].is_nested:
                number, line = inner[node.lineno]
                answer = line.target if line.target and line.target.isidentifier() else "response"
                if line.script is not None:
                    self._write_request(cell, test, line.script, answer, number)
            elif inner and not isinstance(node, ast.Try):
                self._write_nested(cell, test, one, [found for _, found in inner.values()])
            elif not inner:
                self._write_statement(cell, test, one)

    def _write_request(self, cell: RequestCell, test: _Test, script: Script, response: str, number: int) -> None:
        if script.options.reset:
            test.lines.append("client.reset()")
        if not script.requests and not script.options.file:
            return
        try:
            _check_line(script)
            lines = self._request_lines(cell, script, 0, response, number, len(cell.lines))
        except Unwritable as error:
            self._leave_out(cell, test, script.requests[0].label if script.requests else "GET", error)
            return
        if test.lines and not test.lines[-1].startswith("client.reset"):
            test.lines.append("")
        test.lines += lines

    def _write_nested(self, cell: RequestCell, test: _Test, one: Cut, found: list[RequestLine]) -> None:
        """A loop or a branch with requests in it."""
        lines = one.text.split("\n")
        try:
            self._names.bound |= bound_in(one.text)
            for line in found:
                if line.script is None:
                    raise Unwritable("its request cannot be read")
                _check_line(line.script)
                place = line.number - one.node.lineno
                indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
                call = self._request.call(line.script.requests[0], line.script.options, -1000)
                lines[place] = indent + (f"{line.target} = {call}" if line.target else call)
            text = "\n".join(lines)
            test.lines.append(renamed(text, self._names.written(read_in(text) - {self._alias})))
        except Unwritable as error:
            self._leave_out(cell, test, f"`{lines[0]}`", error)

    def _write_looks(self, cell: RequestCell) -> None:
        """A cell of plain Python: a test if it asks; if it only looks, its checks belong to the test before."""
        statements = [one for one in cut(cell.python, ast.parse(cell.python).body) if one.place not in cell.kept]
        calls = [call for one in statements for call in client_calls(one.node)]
        checks = any(isinstance(node, ast.Assert) for one in statements for node in ast.walk(one.node))
        if calls:
            test = self._begin(cell, calls[0].method, calls[0].url or "requests")
        elif self._tests and checks:
            test = self._tests[-1]
        else:
            return
        for one in statements:
            self._write_statement(cell, test, one)
            match one.node:
                case ast.Assign(targets=[ast.Name(id=answer)], value=value) if not checks and answer in test.text:
                    if any(value is call.node for call in calls):
                        test.lines.append(_status(answer, cell.statuses, 0, 1))

    def _write_statement(self, cell: RequestCell, test: _Test, one: Cut) -> None:
        node, text = one.node, one.text
        calls = client_calls(node)
        checks = any(isinstance(inner, ast.Assert) for inner in ast.walk(node))
        if not checks and not calls and not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            return
        first = text.partition("\n")[0]
        try:
            for call in calls:
                self._reject_replaced_path(cell, call.method, call.url or "")
            if isinstance(node, ast.Expr) and calls:
                if len(calls) > 1:
                    raise Unwritable("it sends more than one request; give each a line of its own")
                # Only the request is of use to a test, not what was shown of its answer.
                asking = ast.get_source_segment(cell.python, calls[0].node) or ""
                text = f"response = {asking}\n{_status('response', cell.statuses, 0, 1)}"
            # What it binds, and what is bound already, is the tests' own.
            test.lines.append(renamed(text, self._names.written(read_in(text))))
        except Unwritable as error:
            self._leave_out(cell, test, f"`{first}`", error)
        self._names.bound |= bound_in(text)

    # -- the text ------------------------------------------------------------------------------------------------

    def _assembled(self) -> str:
        shared = self._shared()
        functions: list[str] = []
        for test in self._tests:
            if not test.has_code:
                functions += ["\n".join(test.lines)] if test.lines else []
                continue
            own = sorted(shared & bound_in(test.text))
            body = "\n".join([*([f"global {', '.join(own)}\n"] if own else []), *test.lines])
            functions.append(f"def {test.name}():\n{indented(body)}")
        head = self._head(shared, "\n".join([*functions, *self._names.helpers.values()]))
        return "\n\n\n".join([head, *[text for text in self._names.helpers.values() if text], *functions]) + "\n"

    def _shared(self) -> set[str]:
        """The names that one test binds and a later one reads."""
        shared: set[str] = set()
        bound: set[str] = set()
        for test in self._tests:
            names = names_of(ast.parse(test.text).body)
            shared |= bound & names.reads
            bound |= names.binds
        return shared - {"response"}

    def _head(self, shared: set[str], code: str) -> str:
        imports = [*self._names.imports, Imported("nbmicro", "Client")]
        known = {"quote": Imported("urllib.parse", "quote")}
        known |= {"Path": Imported("pathlib", "Path")}
        known |= {name: Imported(name) for name in ("uuid", "time", "random")}
        imports += [one for name, one in known.items() if re.search(rf"(?<![\w.]){name}[(.]", code)]
        if shared:
            imports.append(Imported("typing", "Any"))
        own = self._module if self._module.isidentifier() and not self._survey.is_foreign else None
        imports += [Imported(own) if own else Imported("importlib")] if not self._survey.is_foreign else []
        imports += [Imported("nbmicro", "load")] if self._survey.is_foreign else []
        tested = self._survey.target if self._survey.is_foreign else f"{self._module}.py"
        lines = [
            f'"""Tests of {tested}, made of the requests in {self._origin}.\n',
            'They run in the notebook\'s order and share one client, which keeps cookies.\n"""\n',
            written(imports, {own or ""}) + "\n",
        ]
        if self._survey.is_foreign:
            lines.append(f"app = load({quoted(self._survey.target)})")
        elif own is None:
            lines.append(f"{self._alias} = importlib.import_module({quoted(self._module)})")
        if {"session", "flash"} & self._survey.given and not self._survey.is_foreign:
            lines.append(f'{self._app}.secret_key = {self._app}.secret_key or "only for these tests"')
        lines.append(f"client = Client({self._app})")
        if self._survey.headers:
            lines.append(f"client.default_headers = lambda: {list(self._survey.headers)!r}")
        if shared:
            lines.append("\n# What one test leaves to the next.")
            lines += [f"{name}: Any" for name in sorted(shared)]
        return "\n".join(lines)


def _check_line(script: Script) -> None:
    """Unwritable for a ``%http`` line whose request is in a file."""
    if not script.requests or script.requests[0].body is not None:
        raise Unwritable("its request is not written in the notebook")


def _status(response: str, statuses: list[int], number: int, count: int) -> str:
    """The check of a request that has none: the status that the notebook shows for it."""
    if len(statuses) == count:
        return f"assert {response}.status == {statuses[number]}"
    return f"assert {response}.status < 500"


class _Names:
    """The names of a module's tests.

    Parameters
    ----------
    survey:
        What the module binds.
    module:
        What the tests call the module.
    cells:
        The cells that send requests, whose names may be needed.

    Attributes
    ----------
    bound:
        What the tests themselves have bound so far.
    imports:
        What they import besides.
    helpers:
        The text of the functions and values that only skipped cells define, by name.
    """

    def __init__(self, survey: Survey, module: str, cells: Sequence[RequestCell]) -> None:
        self.bound: set[str] = set()
        self.imports: list[Imported] = []
        self.helpers: dict[str, str] = {}
        self._survey = survey
        self._module = module
        self._importable = {one.binds: one for found in survey.imports.values() for one in found}
        self._texts: dict[str, str] = {}
        for cell in cells:
            if cell.python:
                self._collect(cell)

    def _collect(self, cell: RequestCell) -> None:
        for one in cut(cell.python, ast.parse(cell.python).body):
            if isinstance(one.node, ast.Import | ast.ImportFrom):
                for imported in imported_names(one.node):
                    self._importable.setdefault(imported.binds, imported)
            elif isinstance(one.node, _DEFINES) and one.place not in cell.kept:
                self._texts.update(dict.fromkeys(bound_in(one.text) if not cell.lines else (), one.commented()))

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
        if name in survey.bound and name not in self._importable and not survey.is_foreign:
            return f"{self._module}.{name}"
        if name in ("app", "url_for") and survey.is_foreign:
            return "app" if name == "app" else "app.url_for"
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
