"""A handler that would take a name of nbmicro's own, such as `request`, from every handler: `global request`."""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterator, Mapping
from types import CodeType

from nbmicro.errors import CellError


def refuse_taking(tree: ast.Module, code: CodeType, namespace: Mapping[str, object], *, where: str) -> None:
    """Refuse a handler that assigns by `global` what the core gives to all of them.

    Parameters
    ----------
    tree, code:
        The cell's Python, and the same compiled.
    namespace:
        The notebook's names: what it has given another meaning itself is its own to change.
    where:
        What an error calls the cell.

    Raises
    ------
    CellError
        At the `global` line, with what to do instead.
    """
    from nbmicro.web.names import HANDLER_NAMES

    assigned = set(_rebound(code))
    written = [(node.lineno, name) for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names]
    for line, name in sorted(written):
        if name in assigned and name in HANDLER_NAMES and namespace.get(name) is HANDLER_NAMES[name]:
            raise CellError(
                f"`global {name}`: to assign nbmicro's `{name}` takes it from every handler, this one included.",
                hint=f"Leave the line out, and use another name, such as `my_{name}`.",
                where=where,
                line=line,
            )


def _rebound(code: CodeType) -> Iterator[str]:
    for found in dis.get_instructions(code):
        if found.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            yield found.argval
    for nested in code.co_consts:
        if isinstance(nested, CodeType):
            yield from _rebound(nested)
