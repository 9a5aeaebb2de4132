"""Requests that a cell sends in plain Python: ``client.get("/users").json``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from nbmicro.http.methods import CLIENT_METHODS


@dataclass(frozen=True)
class ClientCall:
    """A request of a statement.

    Parameters
    ----------
    node:
        The call.
    method:
        Its HTTP method.
    url:
        What it asks for; None where that is known only when it runs.
    """

    node: ast.Call
    method: str
    url: str | None


def client_calls(statement: ast.AST) -> list[ClientCall]:
    """The requests that a statement sends itself, in the order of its text; those of a function it defines are none."""
    found = [
        ClientCall(node, node.func.attr.upper(), _url_of(node))
        for node in _run_at_once(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in map(str.lower, CLIENT_METHODS)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "client"
    ]
    return sorted(found, key=lambda call: (call.node.lineno, call.node.col_offset))


def _url_of(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _run_at_once(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _run_at_once(child)
