"""The module that a person would have written in place of the notebook, as text."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from nbmicro.cells.notebook_cell import NotebookCell
from nbmicro.cells.resource_cell import StaticCell, TemplateCell
from nbmicro.export.cell_text import Cut, cut, free_name, indented
from nbmicro.export.for_flask import falls_away, flasks_import
from nbmicro.export.imports import Imported, imported_names, is_local, root_of, written
from nbmicro.export.literals import quoted
from nbmicro.export.routes import PlannedRoute, function_of, planned
from nbmicro.export.survey import Survey, Unit
from nbmicro.loading.selection import Action
from nbmicro.scopes import first_line, root_name

_LATE = "  # noqa: E402"
_UNUSED = "  # noqa: F401"
_DISPLAY = """def display(*values: object, **options: object) -> None:
    \"\"\"Show nothing: only a notebook has somebody who looks.\"\"\""""


@dataclass
class _Block:
    text: str
    gap: int
    is_definition: bool = False


class ModuleText:
    """A notebook as the text of a module.

    Parameters
    ----------
    survey:
        What runs.
    headings:
        For each cell's number, the titles above it.
    title:
        The first line of the module's docstring.
    origin:
        The notebook's file name.
    local:
        The names of modules beside the notebook.
    looked_at:
        The words of all that does not run; an import that only they need is left out.
    inline:
        Whether templates and static files stand in the module.
    flask:
        Whether it is written for Flask alone.
    """

    def __init__(
        self,
        survey: Survey,
        *,
        headings: dict[int, tuple[str, ...]],
        title: str,
        origin: str,
        local: Collection[str],
        looked_at: Collection[str],
        inline: bool,
        flask: bool = False,
    ) -> None:
        self.survey = survey
        self.routes: list[PlannedRoute] = planned(survey)
        self._headings = headings
        self._title = title
        self._origin = origin
        self._local = local
        self._inline = inline
        self._flask = flask
        self.imports = _Imports(survey, local, looked_at, flask=flask)
        self._blocks: list[_Block] = []
        self._cell: NotebookCell | None = None
        self._has_app = False
        self._cells: set[int] = set()

    def written(self) -> str:
        """The module's text."""
        for number, unit in enumerate(self.survey.units):
            self._set_up(unit, number)
            self._write(unit, number)
        imports = written(self.imports.at_top(), self._local)
        blocks = [_Block(imports, 1)] if imports else []
        if "display" in self.survey.used - self.survey.bound:
            blocks.append(_Block(_DISPLAY, 2, is_definition=True))
        return _joined([_Block(self._docstring(), 0), *blocks, *self._blocks])

    def _docstring(self) -> str:
        title = self._title.replace("\\", "\\\\").replace('"""', "'''").rstrip('"')
        title = title if title.endswith((".", "!", "?")) else f"{title}."
        return f'"""{title}\n\nExported from the notebook {self._origin}.\n"""'

    # -- units ---------------------------------------------------------------------------------------------------

    def _set_up(self, unit: Unit, number: int) -> None:
        """Make the app where ``%load_ext nbmicro`` stands, or what first needs it."""
        needs = unit.what is None or (isinstance(unit.what, Action) and unit.what.name != "app")
        if not needs or self._has_app:
            return
        self._has_app = True
        if self.survey.makes_app_at(number):
            self._add("app = Flask(__name__)" if self._flask else "app = App(__name__)", unit.cell)
            self.imports.add(Imported("nbmicro", "Flask" if self._flask else "App"))

    def _write(self, unit: Unit, number: int) -> None:
        if unit.step.route is not None:
            route = next(one for one in self.routes if one.unit is unit)
            if route.is_shadowed and (unit.step.route.form == "body" or route.function not in self.survey.used):
                return
            imports, function = function_of(route, unit.step.route)
            self._import([one.node for one in imports], number, unit)
            self._add(function, unit.cell, is_definition=True)
        elif unit.step.resource is not None:
            if self._inline or unit.target != self.survey.target:
                self._add(_inline(unit.target, unit.step.resource), unit.cell)
        elif isinstance(unit.what, ast.stmt) and id(unit.step) not in self._cells:
            self._cells.add(id(unit.step))
            self._write_cell(number)

    def _write_cell(self, number: int) -> None:
        """All statements of a plain cell, in order; those that await together in a function."""
        first = self.survey.units[number]
        source = first.step.source
        if source is None:
            return
        units: dict[tuple[int, int], tuple[int, Unit]] = {}
        for place, unit in enumerate(self.survey.units[number:], number):
            if unit.step is not first.step:
                break
            if isinstance(unit.what, ast.stmt):
                units[unit.what.lineno, unit.what.col_offset] = place, unit
        waiting: list[tuple[Cut, Unit]] = []
        together: list[tuple[Cut, Unit]] = []
        carried = ""
        here: list[Imported] = []
        for one in cut(source.text, source.statements):
            place, found = units.get(one.place, (0, None))
            if found is None or not isinstance(found.what, ast.stmt) or (self._flask and falls_away(one.node)):
                continue
            if isinstance(found.what, ast.Import | ast.ImportFrom):
                carried = "\n\n".join(text for text in (carried, one.comments) if text)
                here += self.imports.take(found.what, place)
                continue
            if here:
                self._write_together(together)
                self._add(written(here, self._local), found.cell)
                here = []
            if found.awaits:
                self._write_together(together)
                waiting.append((one, found))
                continue
            self._write_awaiting(waiting)
            waiting = []
            comments = f"{carried}\n\n{one.comments}".strip("\n") if carried else one.comments
            carried = ""
            whole = Cut(one.node, one.text, comments, one.gap)
            if found.needs_context or (together and _may_stand_in_context(one.node)):
                together.append((whole, found))
                continue
            self._write_together(together)
            self._write_statement(whole, found)
        self._write_together(together)
        self._write_awaiting(waiting)
        if here:
            self._add(written(here, self._local), first.cell)

    def _write_together(self, together: list[tuple[Cut, Unit]]) -> None:
        """Statements that share an app context, as a database's session does that is added to and committed."""
        last = max((number for number, (_, unit) in enumerate(together) if unit.needs_context), default=-1)
        inside, behind = together[: last + 1], together[last + 1 :]
        together.clear()
        if inside:
            first, unit = inside[0]
            lines = [self._statement_text(first, unit)]
            for one, other in inside[1:]:
                lines += [""] * min(one.gap, 1) + ([one.comments] if one.comments else [])
                lines.append(self._statement_text(one, other))
            self._add(first.commented(self._in_context("\n".join(lines))), unit.cell, gap=first.gap)
        for one, other in behind:
            self._write_statement(one, other)

    def _write_statement(self, one: Cut, unit: Unit) -> None:
        text = self._statement_text(one, unit)
        if not text:
            return
        if _runs_app(one.node):
            # In a notebook it starts a server beside the cells; a module that is imported starts none.
            text = f'if __name__ == "__main__":\n{indented(text)}'
        definition = isinstance(one.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        self._add(one.commented(text), unit.cell, gap=one.gap, is_definition=definition)

    def _in_context(self, text: str) -> str:
        return f"with {self.survey.target}.app_context():\n{indented(text)}"

    def _statement_text(self, one: Cut, unit: Unit) -> str:
        text = self._with_routes(one, unit)
        node = unit.what
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == "display":
            # The loader's own word for `from IPython.display import display as show`.
            text = " = ".join([*(ast.unparse(target) for target in node.targets), "display"])
        return text

    def _with_routes(self, one: Cut, unit: Unit) -> str:
        """A statement's text with its rules as one module has them; empty where it only declares what is shadowed."""
        lines = one.text.split("\n")
        start = first_line(one.node)
        mine = [(route, route.written) for route in self.routes if route.unit is unit and route.written is not None]
        for route, written_as in sorted(mine, key=lambda pair: -pair[1].call.lineno):
            call, given = written_as.call, written_as.given
            first, last = call.lineno - start, (call.end_lineno or call.lineno) - start
            if route.is_shadowed and isinstance(one.node, ast.Expr):
                return ""
            if route.is_shadowed:
                del lines[first : last + 1]
            elif route.endpoint != route.wanted:
                before, between = (call.end_col_offset or 1) - 1, ", endpoint="
                after = before
                if given is not None:
                    last = (given.end_lineno or given.lineno) - start
                    before, after, between = given.col_offset, given.end_col_offset or 0, ""
                # A statement that shares its line with another one begins where it was cut.
                shift = one.node.col_offset if last == 0 and isinstance(one.node, ast.Expr) else 0
                line = lines[last].encode()
                before, after = before - shift, after - shift
                lines[last] = f"{line[:before].decode()}{between}{quoted(route.endpoint)}{line[after:].decode()}"
        return "\n".join(lines)

    def _write_awaiting(self, waiting: list[tuple[Cut, Unit]]) -> None:
        if not waiting:
            return
        name = free_name("prepare", self.survey.taken.__contains__)
        self.survey.bound.add(name)
        binds = sorted({name for _, unit in waiting for name in unit.bound})
        body = "\n".join(one.commented() for one, _ in waiting)
        shared = f"global {', '.join(binds)}\n\n" if binds else ""
        self.imports.add(Imported("asyncio"))
        cell = waiting[0][1].cell
        self._add(f"async def {name}() -> None:\n{indented(shared + body)}", cell, is_definition=True)
        run = f"asyncio.run({name}())"
        if any(unit.needs_context for _, unit in waiting):
            run = self._in_context(run)
        self._add(run, cell, gap=2)

    def _import(self, nodes: Iterable[ast.stmt], number: int, unit: Unit) -> None:
        here: list[Imported] = []
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                here += self.imports.take(node, number)
        if here:
            self._add(written(here, self._local), unit.cell)

    # -- blocks --------------------------------------------------------------------------------------------------

    def _add(self, text: str, cell: NotebookCell, *, gap: int | None = None, is_definition: bool = False) -> None:
        """Add a part of a cell, below the cell's title if it is its first."""
        heading = self._heading(cell)
        if heading:
            self._blocks.append(_Block(heading, 2))
            gap = 1
        elif gap is None or self._cell is not cell:
            gap = 1
        self._cell = cell
        self._blocks.append(_Block(text, gap, is_definition))

    def _heading(self, cell: NotebookCell) -> str:
        """The last title above a cell that is not yet written."""
        above = [number for number in sorted(self._headings) if number <= cell.number]
        titles = [title for number in above for title in self._headings.pop(number)]
        return f"# --- {titles[-1]} ---" if titles else ""


def _may_stand_in_context(node: ast.stmt) -> bool:
    """Whether a statement between two that need a context may stand in it with them."""
    return isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr) and not _runs_app(node)


def _runs_app(node: ast.stmt) -> bool:
    """Whether a statement is ``app.run(…)``."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(), attr="run"))):
            return True
    return False


def _joined(blocks: list[_Block]) -> str:
    text = ""
    before: _Block | None = None
    for block in blocks:
        if before is not None:
            gap = max(block.gap, 2) if block.is_definition or before.is_definition else block.gap
            if before.text.startswith(("import ", "from ")) and not block.is_definition:
                gap = 1
            text += "\n" + "\n" * min(gap, 2)
        text += block.text
        before = block
    return text + "\n"


# -- resources -------------------------------------------------------------------------------------------------------


def _inline(app: str, resource: TemplateCell | StaticCell) -> str:
    """The call that declares a template or a static file."""
    if isinstance(resource, TemplateCell):
        method, arguments = "add_template", [quoted(resource.name), _text_block(resource.source)]
    else:
        text = _text_block(resource.content.decode())
        content = f"b{text}" if resource.content.isascii() else f"{text}.encode()"
        method, arguments = "add_static_file", [quoted(resource.path), content, quoted(resource.mimetype)]
    return f"{app}.{method}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


def _text_block(text: str) -> str:
    if '"""' in text or "\\" in text or "\r" in text or (not text.isprintable() and "\n" not in text):
        return repr(text)
    end = "\\\n" if not text.endswith("\n") else ""
    return f'"""\\\n{text}{end}"""'


# -- imports ---------------------------------------------------------------------------------------------------------


class _Imports:
    """The imports of a module, as its text grows.

    Parameters
    ----------
    survey:
        What the code reads and binds.
    local:
        The names of modules beside the notebook.
    looked_at:
        The words of what does not run.
    flask:
        Whether what nbmicro gives is imported from Flask.
    """

    def __init__(
        self, survey: Survey, local: Collection[str], looked_at: Collection[str], *, flask: bool = False
    ) -> None:
        self._survey = survey
        self._flask = flask
        self._local = local
        self._looked_at = looked_at
        self._top: list[Imported] = []
        self._wall = _first_wall(survey, flask=flask)
        self.add(*(Imported("nbmicro", name) for name in sorted(survey.given)))

    def add(self, *imports: Imported) -> None:
        """Import something at the top."""
        self._top += [one for one in map(self._here, imports) if one is not None]

    def _here(self, one: Imported) -> Imported | None:
        return flasks_import(one) if self._flask else one

    def at_top(self) -> list[Imported]:
        """What is imported at the top, by now."""
        return list(self._top)

    def take(self, node: ast.Import | ast.ImportFrom, number: int) -> list[Imported]:
        """Take over an import statement of the unit ``number``; return what must be imported where it stands."""
        here: list[Imported] = []
        for one in imported_names(node):
            wanted = self._if_needed(one)
            wanted = self._here(wanted) if wanted is not None else None
            if wanted is None:
                continue
            if self._may_rise(one, number):
                self._top.append(wanted)
            else:
                here.append(replace(wanted, remark=wanted.remark or _LATE))
        return here

    def _if_needed(self, one: Imported) -> Imported | None:
        if one.module == "__future__" or one.name == "*" or one.binds in self._survey.used:
            return one
        if is_local(one.module, self._local):
            # It may declare something, as a module with models does.
            return replace(one, remark=_UNUSED)
        if root_of(one.module) in {*sys.stdlib_module_names, "IPython", "nbmicro"} or one.binds in self._looked_at:
            return None
        return replace(one, remark=_UNUSED)

    def _may_rise(self, one: Imported, number: int) -> bool:
        """Whether an import means the same at the top of the module."""
        if one.module == "__future__":
            return True
        others = [other for other in self._survey.imports.get(one.binds, []) if other != one]
        bound = any(
            one.binds in unit.bound and not isinstance(unit.what, ast.Import | ast.ImportFrom)
            for unit in self._survey.units[:number]
        )
        if others or bound or one.name == "*":
            return number <= self._wall and not others and not bound
        if root_of(one.module) in sys.stdlib_module_names or root_of(one.module) == "nbmicro":
            return True
        return number <= self._wall


def _first_wall(survey: Survey, *, flask: bool) -> int:
    """The first unit that may change what an import below it gives: ``install_as_flask()``, ``os.environ[…] = …``."""
    imported: set[str] = set()
    for number, unit in enumerate(survey.units):
        node = unit.what
        if flask and node is not None and not isinstance(node, Action) and falls_away(node):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported.update(one.binds for one in imported_names(node))
        elif isinstance(node, ast.Expr) and any(
            isinstance(inner, ast.Call) and root_name(inner.func) in imported for inner in ast.walk(node)
        ):
            return number
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(not isinstance(target, ast.Name) and root_name(target) in imported for target in targets):
                return number
    return len(survey.units)
