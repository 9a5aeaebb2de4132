"""Python text with some of its names written otherwise: ``json["id"]`` as ``response.json["id"]``."""

from __future__ import annotations

import ast
from collections.abc import Mapping


class Unwritable(Exception):
    """Something of a request that has no place in a test; its message says what."""


def read_in(text: str) -> set[str]:
    """The names that an expression or statements read and do not bind themselves."""
    tree = ast.parse(text.strip("\n"))
    return {node.id for node in _free(tree)} | _augmented(tree)


def bound_in(text: str) -> set[str]:
    """The names that statements bind at their top level."""
    tree = ast.parse(text)
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        else:
            names |= {
                one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            } - _inner(node)
    return names


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A text in which each free name of ``names`` stands as its value.

    Raises
    ------
    Unwritable
        One of them stands where it cannot be replaced.
    """
    tree = ast.parse(text)
    lines = [line.encode() for line in text.split("\n")]
    for node in sorted(_free(tree), key=lambda node: (node.lineno, node.col_offset), reverse=True):
        if node.id not in names or names[node.id] == node.id:
            continue
        line, start = lines[node.lineno - 1], node.col_offset
        end = start + len(node.id.encode())
        if line[start:end].decode(errors="replace") != node.id:
            # Before Python 3.12 nobody knows where in an f-string a name stands.
            raise Unwritable(f"`{node.id}` stands in an f-string")
        lines[node.lineno - 1] = line[:start] + names[node.id].encode() + line[end:]
    return b"\n".join(lines).decode()


def _free(tree: ast.Module) -> list[ast.Name]:
    """The names that are read and bound nowhere in the text."""
    bound: set[str] = set()
    read: list[ast.Name] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                read.append(node)
            else:
                bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler):
            bound.add(node.name or "")
    return [node for node in read if node.id not in bound]


def _augmented(tree: ast.Module) -> set[str]:
    return {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }


def _inner(node: ast.AST) -> set[str]:
    """The loop variables of comprehensions, which are bound in them alone."""
    return {
        name.id
        for one in ast.walk(node)
        if isinstance(one, ast.comprehension)
        for name in ast.walk(one.target)
        if isinstance(name, ast.Name)
    }
