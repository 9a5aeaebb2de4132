"""Settings that are made for a try and weaken an app that is served: which of them a notebook's code leaves on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from nbmicro.cells.notebook_cell import NotebookCell

TRIALS: dict[str, tuple[bool, str]] = {
    "DEBUG": (True, "errors show their details to everyone"),
    "PROPAGATE_EXCEPTIONS": (True, "an error reaches the server instead of the app's own page"),
    "TESTING": (True, "an error reaches the server instead of the app's own page"),
    "WTF_CSRF_CHECK_DEFAULT": (False, "another site's form is taken for one of the app's"),
    "WTF_CSRF_ENABLED": (False, "another site's form is taken for one of the app's"),
}
"""By the setting, the value that is for a try, and what comes of it."""

_UPDATES = frozenset({"update", "from_mapping", "setdefault"})


def notes_on(statements: Iterable[tuple[NotebookCell, ast.stmt]]) -> list[str]:
    """A note for each setting that these statements, in their order, leave as it is for a try."""
    left: dict[str, tuple[NotebookCell, int, object]] = {}
    for cell, statement in statements:
        for node in ast.walk(statement):
            for name, value in _set_by(node):
                left[name] = cell, getattr(node, "lineno", 1), value
    notes: list[str] = []
    for name, (cell, line, value) in left.items():
        trial, effect = TRIALS[name]
        if value is trial:
            notes.append(
                f"cell {cell.number}, line {line}: {name} = {value} is for a try: where the app is served, {effect}. "
                "A cell that begins `# nbmicro: skip` sets it in the notebook alone."
            )
    return notes


def _set_by(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The settings that a node sets, each with its value; None where the value is known only when it runs."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                match target:
                    case ast.Subscript(value=config, slice=ast.Constant(value=str(name))) if _is_config(config):
                        yield from _known(name, value)
                    case ast.Attribute(value=ast.Name(id=owner), attr="debug" | "testing" as name) if owner != "self":
                        yield from _known(name.upper(), value)
        case ast.Call(func=ast.Attribute(value=config, attr=method)) if method in _UPDATES and _is_config(config):
            for keyword in node.keywords:
                yield from _known(keyword.arg or "", keyword.value)
            for argument in node.args:
                if isinstance(argument, ast.Dict):
                    for key, value in zip(argument.keys, argument.values, strict=True):
                        if isinstance(key, ast.Constant):
                            yield from _known(str(key.value), value)


def _known(name: str, value: ast.expr) -> Iterator[tuple[str, object]]:
    if name in TRIALS:
        yield name, value.value if isinstance(value, ast.Constant) else None


def _is_config(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "config"
