"""What a function's body does in its own scope: which `yield`, `await`, `return` and `raise` are its own."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)


@dataclass(frozen=True)
class OwnScope:
    """The nodes of a body that belong to the function itself and not to one nested in it.

    A list, set or dict comprehension counts as its own where it awaits, since only an async function may hold it; a
    generator expression counts with its first iterable alone, which is evaluated at once.
    """

    yields: tuple[ast.Yield | ast.YieldFrom, ...]
    awaits: tuple[ast.AST, ...]
    returns: tuple[ast.Return, ...]
    raises: tuple[ast.Raise, ...]
    nonlocals: tuple[ast.Nonlocal, ...]
    imports: tuple[ast.ImportFrom, ...]

    @property
    def value_returns(self) -> tuple[ast.Return, ...]:
        """The `return` statements that give a value; `return None` gives none."""
        return tuple(node for node in self.returns if not _is_none(node.value))


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def own_scope(body: Iterable[ast.stmt]) -> OwnScope:
    """Collect what `body` does in its own scope."""
    nodes = [node for statement in body for node in _own_nodes(statement)]
    return OwnScope(
        yields=tuple(node for node in nodes if isinstance(node, ast.Yield | ast.YieldFrom)),
        awaits=tuple(node for node in nodes if _awaits(node)),
        returns=tuple(node for node in nodes if isinstance(node, ast.Return)),
        raises=tuple(node for node in nodes if isinstance(node, ast.Raise)),
        nonlocals=tuple(node for node in nodes if isinstance(node, ast.Nonlocal)),
        imports=tuple(node for node in nodes if isinstance(node, ast.ImportFrom)),
    )


def _awaits(node: ast.AST) -> bool:
    if isinstance(node, _COMPREHENSIONS):
        return any(generator.is_async for generator in node.generators)
    return isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)


def _own_nodes(root: ast.AST) -> Iterator[ast.AST]:
    """`root` and what is below it, in the order it is written; without recursion, for trees of any depth."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(_own_children(node))))


def _own_children(node: ast.AST) -> Iterator[ast.AST]:
    """The children that are evaluated in the scope of `node`, not in one that it opens."""
    if isinstance(node, _FUNCTIONS):
        yield from node.decorator_list
        yield from _defaults(node.args)
    elif isinstance(node, ast.Lambda):
        yield from _defaults(node.args)
    elif isinstance(node, ast.ClassDef):
        yield from node.decorator_list
        yield from node.bases
        yield from (argument.value for argument in node.keywords)
    elif isinstance(node, ast.GeneratorExp):
        yield node.generators[0].iter
    elif type(node).__name__ != "TypeAlias":
        yield from ast.iter_child_nodes(node)


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)
