"""What a notebook is in words of Flask alone: the names it imports, what falls away, and what Flask cannot do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from nbmicro.errors import LoadError
from nbmicro.export.declared import Declared
from nbmicro.export.imports import Imported, root_of
from nbmicro.export.survey import Survey, Unit
from nbmicro.scopes import root_name
from nbmicro.web.names import HANDLER_NAMES

FLASKS = frozenset(HANDLER_NAMES) | frozenset(
    """Config Flask Request copy_current_request_context get_template_attribute has_app_context has_request_context json
    signals stream_template stream_template_string appcontext_popped appcontext_pushed appcontext_tearing_down
    before_render_template got_request_exception message_flashed request_finished request_started request_tearing_down
    template_rendered""".split()  # noqa: SIM905
)
"""The names that nbmicro and Flask have in common."""

MODULES = {
    "nbmicro.web.json.provider": "flask.json.provider",
    "nbmicro.web.json.tag": "flask.json.tag",
    "nbmicro.web.sessions": "flask.sessions",
    "nbmicro.web.signals": "flask.signals",
    "nbmicro.web.views": "flask.views",
}
"""By nbmicro's module, Flask's with the same names."""

ONLY_HERE = frozenset(
    """add_static_file add_template adds_rules_plainly declare effects every has_cli_group inner ledger newest
    open_session openapi opens_sessions_early plan plan_of_misses retract routes scoped tables""".split()  # noqa: SIM905
)
"""What an app or a blueprint of nbmicro has, and Flask's has not."""

_MARKUP = frozenset({"Markup", "escape"})
# They prepare nbmicro for extensions, which have Flask itself now.
_DROPPED = frozenset({"install_as_flask", "forget"})
# What these make is shown in a notebook, and nbmicro answers with what would be shown.
_RICH = frozenset(
    """IPython PIL altair bokeh folium geopandas graphviz great_tables holoviews matplotlib pandas plotly polars seaborn
    sympy""".split()  # noqa: SIM905
)


def flasks_import(one: Imported) -> Imported | None:
    """An import as Flask's own; None for one that falls away.

    Parameters
    ----------
    one:
        The import of the notebook; :func:`reject_for_flask` has seen it.
    """
    if root_of(one.module) != "nbmicro":
        return one
    if one.name is None or one.name in _DROPPED:
        return None
    if one.name in _MARKUP:
        return replace(one, module="markupsafe")
    if one.name == "App":
        return replace(one, module="flask", name="Flask", alias=one.alias or "App")
    return replace(one, module=MODULES.get(one.module, "flask"))


def falls_away(node: ast.AST) -> bool:
    """Whether a statement only puts nbmicro into Flask's place: ``nbmicro.install_as_flask()``."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name in _DROPPED
    return False


def reject_for_flask(survey: Survey) -> None:
    """Reject what Flask cannot do.

    Raises
    ------
    LoadError
        Names the cell, the line and the way out.
    """
    declared = Declared(survey)
    closed: dict[object, Unit] = {mount.blueprint: mount.unit for mount in reversed(list(declared.mounts()))}
    for unit in survey.units:
        tree: ast.AST | None = unit.step.route.tree if unit.step.route is not None else None
        if isinstance(unit.what, ast.stmt):
            tree = unit.what
        if tree is None or falls_away(tree):
            continue
        for node in ast.walk(tree):
            _reject_name(node, unit, survey)
        _reject_handler(tree, unit, survey)
        if isinstance(unit.what, ast.stmt):
            _reject_late(unit, declared, closed, survey)
            if unit.needs_context and any(_reads(node, "url_for") for node in ast.walk(unit.what)):
                raise _rejected(
                    unit, unit.what, "`url_for` outside a request needs SERVER_NAME in Flask", "Call it in a handler."
                )


def _rejected(unit: Unit, node: ast.AST, what: str, hint: str) -> LoadError:
    line = getattr(node, "lineno", None)
    return LoadError(f"{what}.", hint=hint, where=unit.cell.where, line=line)


def _reject_name(node: ast.AST, unit: Unit, survey: Survey) -> None:
    match node:
        case ast.ImportFrom(module=str(module)) if root_of(module) == "nbmicro":
            for one in node.names:
                known = FLASKS | _MARKUP | {"App"} if module == "nbmicro" else frozenset({one.name})
                is_known = module == "nbmicro" or module in MODULES or one.name in _DROPPED
                # An import that nothing here reads falls away.
                if (one.asname or one.name) not in survey.used:
                    continue
                if one.name not in known | _DROPPED or not is_known:
                    raise _rejected(
                        unit,
                        node,
                        f"`{module}.{one.name}` is nbmicro's, and Flask has no such name",
                        "Do without it, or export without --flask.",
                    )
        case ast.Attribute(value=ast.Name(id="nbmicro"), attr=name) if "nbmicro" in survey.imports:
            raise _rejected(
                unit,
                node,
                f"`nbmicro.{name}` cannot become Flask's",
                f"Import the name itself:  from nbmicro import {name}",
            )
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if attribute in ONLY_HERE:
            if name in {"app", "current_app", unit.target, survey.target}:
                cells = {"add_template": "a %%template cell", "add_static_file": "a %%static cell"}
                way = f"Make it {cells[attribute]}." if attribute in cells else "Do without it."
                raise _rejected(unit, node, f"`{name}.{attribute}` is nbmicro's, and Flask has no such thing", way)


def _reads(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _reject_late(unit: Unit, declared: Declared, closed: dict[object, Unit], survey: Survey) -> None:
    """LoadError for what is declared on a blueprint below its registration."""
    node = unit.what
    calls: list[ast.expr] = []
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        calls = node.decorator_list
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        calls = [node.value.func]
    for call in calls:
        name = root_name(call)
        registered = closed.get(declared.receiver(name, unit))
        if registered is not None and survey.units.index(registered) < survey.units.index(unit):
            raise _rejected(
                unit,
                call,
                f"cell {registered.cell.number} has registered `{name}` by now, and Flask closes a blueprint then",
                f"Move the cell with `register_blueprint({name})` below this one.",
            )


def _reject_handler(tree: ast.AST, unit: Unit, survey: Survey) -> None:
    route = unit.step.route
    functions = [tree] if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef) else []
    if route is not None and route.form == "function":
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)][:1]
    is_handler = route is not None or any(True for function in functions for _ in function.decorator_list)
    if not is_handler:
        return
    if (route is not None and route.is_async) or any(isinstance(one, ast.AsyncFunctionDef) for one in functions):
        raise _rejected(
            unit,
            functions[0] if functions else tree,
            "an async handler needs more than Flask alone: it runs by way of asgiref",
            "Write it without async and await, or export without --flask.",
        )
    rich = {node.name for node in _statements(survey) if isinstance(node, ast.ClassDef) and _shows_itself(node)}
    rich |= {name for name, found in survey.imports.items() if any(root_of(one.module) in _RICH for one in found)}
    for node in [*_statements(survey), *ast.walk(tree)]:
        if isinstance(node, ast.Assign) and _is_rich(node.value, rich):
            rich |= {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None]
    if route is not None and route.form == "body" and isinstance(tree, ast.Module) and tree.body:
        last = tree.body[-1]
        returned += [last.value] if isinstance(last, ast.Expr) else []
    for value in returned:
        if _is_rich(value, rich):
            raise _rejected(
                unit,
                value,
                f"`{ast.unparse(value)}` is returned as what a notebook would show of it, and Flask knows text, bytes, "
                "dicts, lists and responses",
                "Return its text or bytes:  table.to_html()   or a Response with the bytes of a picture.",
            )


def _statements(survey: Survey) -> Iterator[ast.stmt]:
    for unit in survey.units:
        if isinstance(unit.what, ast.stmt):
            yield unit.what


def _shows_itself(node: ast.ClassDef) -> bool:
    return any(isinstance(one, ast.FunctionDef) and one.name.startswith("_repr_") for one in node.body)


def _is_rich(value: ast.expr, rich: set[str]) -> bool:
    match value:
        case ast.Call(func=ast.Attribute(attr=name)) if name.startswith("to_") or name == "item":
            return False
        case ast.Call() | ast.Attribute() | ast.Subscript() | ast.Name():
            return root_name(value) in rich
    return False
