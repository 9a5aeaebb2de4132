"""Python text with some of its names written otherwise: ``json["id"]`` as ``response.json["id"]``."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from nbmicro.scopes import names_of


class Unwritable(Exception):
    """Something of a request that has no place in a test; its message says what."""


def read_in(text: str) -> set[str]:
    """The names that an expression or statements read and do not bind themselves."""
    return {node.id for node in names_of(ast.parse(text.strip("\n")).body).free}


def bound_in(text: str) -> set[str]:
    """The names that statements bind at their top level."""
    return set(names_of(ast.parse(text).body).binds)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A text in which each free name of ``names`` stands as its value.

    Raises
    ------
    Unwritable
        One of them stands where it cannot be replaced.
    """
    lines = [line.encode() for line in text.split("\n")]
    for node in reversed(names_of(ast.parse(text).body).free):
        if not isinstance(node.ctx, ast.Load) or names.get(node.id, node.id) == node.id:
            continue
        line, start = lines[node.lineno - 1], node.col_offset
        end = start + len(node.id.encode())
        if line[start:end].decode(errors="replace") != node.id:
            # Before Python 3.12 nobody knows where in an f-string a name stands.
            raise Unwritable(f"`{node.id}` stands in an f-string")
        lines[node.lineno - 1] = line[:start] + names[node.id].encode() + line[end:]
    return b"\n".join(lines).decode()
