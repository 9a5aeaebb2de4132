"""A ``%%route`` cell as a function with a decorator."""

from __future__ import annotations

import ast
import re

from nbmicro.cells.route_cell import RouteCell
from nbmicro.export.cell_text import Cut, cut, indented
from nbmicro.export.routing import PlannedRoute
from nbmicro.http.methods import COMMON_METHODS


def quoted(text: str) -> str:
    """A text as a literal in double quotes, where that needs no more backslashes."""
    literal = repr(text)
    if literal.startswith("'") and '"' not in text:
        return '"' + literal[1:-1].replace("\\'", "'") + '"'
    return literal


def decorator_of(route: PlannedRoute) -> str:
    """The line above the function: ``@app.get("/users")``."""
    endpoint = "" if route.endpoint == route.function else f", endpoint={quoted(route.endpoint)}"
    if len(route.methods) == 1 and route.methods[0] in COMMON_METHODS:
        return f"@{route.unit.target}.{route.methods[0].lower()}({quoted(route.rule)}{endpoint})"
    methods = ", ".join(quoted(method) for method in route.methods)
    return f"@{route.unit.target}.route({quoted(route.rule)}, methods=[{methods}]{endpoint})"


def function_of(route: PlannedRoute, cell: RouteCell) -> tuple[list[Cut], str]:
    """The imports that stand in the cell outside a function, and its function with the decorator."""
    text = "\n".join(["", *cell.source.split("\n")[1:]])
    if cell.form == "body":
        return [], _body(route, cell, text)
    parts = list(cut(text, cell.tree.body))
    imports = [one for one in parts if isinstance(one.node, ast.Import | ast.ImportFrom)]
    decorator = "" if route.is_covered else f"{decorator_of(route)}\n"
    function = "\n\n\n".join(
        (f"{one.comments}\n" if one.comments else "") + decorator + one.text
        for one in parts
        if isinstance(one.node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return imports, function


def _body(route: PlannedRoute, cell: RouteCell, text: str) -> str:
    parts = list(cut(text, cell.tree.body))
    lines: list[str] = []
    last = parts[-1]
    if isinstance(last.node, ast.Expr) and not cell.is_generator:
        parts[-1:] = [Cut(last.node, f"return {last.text}", last.comments, last.gap)]
        parts = _folded(parts)
    for one in parts:
        if lines:
            lines += [""] * one.gap
        if one.comments:
            lines.append(one.comments)
        lines.append(one.text)
    body = indented("\n".join(lines), docstring=cell.doc is not None)
    word = "async def" if cell.is_async else "def"
    return f"{decorator_of(route)}\n{word} {route.function}({', '.join(cell.line.parameters)}):\n{body}"


def _folded(parts: list[Cut]) -> list[Cut]:
    """``total = a + b`` above ``return total`` as ``return a + b``, which is how a function says it."""
    if len(parts) < 2:
        return parts
    above, last = parts[-2], parts[-1]
    match above.node, last.node:
        case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Name(id=returned)) if name == returned:
            pass
        case _:
            return parts
    shared = {name for one in parts if isinstance(one.node, ast.Global) for name in one.node.names}
    if last.comments or "#" in last.text or name in shared or any(_closes_over(one.node, name) for one in parts):
        return parts
    value = re.sub(rf"^{name}\s*=\s*", "return ", above.text)
    return [*parts[:-2], Cut(above.node, value, above.comments, above.gap)]


def _closes_over(node: ast.stmt, name: str) -> bool:
    """Whether a function nested in a statement reads a name of the handler."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)
    nested = [inner for inner in ast.walk(node) if isinstance(inner, functions)]
    return any(isinstance(one, ast.Name) and one.id == name for inner in nested for one in ast.walk(inner))
