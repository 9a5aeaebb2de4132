"""Whether a Python expression is true, and which values decided it.

What lives here: taking comparisons apart, each side evaluated once, and values as messages show them. What must not:
the names an expression may use (``checks.py``).
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from nbmicro.exchange.interpolate import short

__all__ = ["ValueOf", "Verdict", "judge", "shown", "without_addresses"]

ValueOf = Callable[[ast.expr], Any]
"""Evaluates a part of an expression."""
Verdict = tuple[bool, str | None, str | None]
"""Whether it is true; if not, what was expected and what came."""

_OPERATORS: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], object]]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Is: ("is", operator.is_),
    ast.IsNot: ("is not", operator.is_not),
    ast.In: ("in", lambda left, right: left in right),
    ast.NotIn: ("not in", lambda left, right: left not in right),
}
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


def without_addresses(text: str) -> str:
    """A text without memory addresses, which differ from run to run."""
    return _ADDRESS.sub("", text)


def shown(value: object) -> str:
    """A value as a message shows it: its repr, cut, without memory addresses."""
    try:
        text = repr(value)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return short(without_addresses(text))


def judge(node: ast.expr, value_of: ValueOf) -> Verdict:
    """Whether an expression is true, and what was expected and came of the part that decided it."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        verdict: Verdict = (True, None, None)
        for part in node.values:
            verdict = judge(part, value_of)
            if not verdict[0]:
                break
        return verdict
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        value = value_of(node.operand)
        return (True, None, None) if not value else (False, "something false", shown(value))
    if isinstance(node, ast.Compare):
        return _compare(node, value_of)
    value = value_of(node)
    return (True, None, None) if value else (False, "something true", shown(value))


def _compare(node: ast.Compare, value_of: ValueOf) -> Verdict:
    left_node, left = node.left, value_of(node.left)
    for kind, right_node in zip(node.ops, node.comparators, strict=True):
        right = value_of(right_node)
        sign, compare = _OPERATORS[type(kind)]
        ok = bool(compare(left, right))
        if not ok:
            return False, *_sides(sign, left_node, left, right_node, right)
        left_node, left = right_node, right
    return True, None, None


def _sides(sign: str, left_node: ast.expr, left: object, right_node: ast.expr, right: object) -> tuple[str, str]:
    """What was expected and what came: the side that is written out is the expected one."""
    if sign in {"in", "not in"}:
        if _is_written_out(right_node):
            one_of = "one of" if sign == "in" else "none of"
            return f"{one_of} {shown(right)}", shown(left)
        return f"{shown(left)} {sign} it", shown(right)
    if _is_written_out(left_node) and not _is_written_out(right_node):
        left, right = right, left
        sign = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign)
    return (shown(right) if sign in {"==", "is"} else f"{sign} {shown(right)}"), shown(left)


def _is_written_out(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
